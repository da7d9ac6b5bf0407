"""A declaration that cannot work is refused at once, with the model and the remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, configure_mappers, mapped_column, relationship
from sqlalchemy.orm import sessionmaker

from shuffify.audit import Audited, AuditTrail, NotAudited, PolicyError, WatchError
from tests.audit.stage import LogColumns, UserColumns

WRONG: dict[str, tuple[Callable[[], Any], str, str]] = {
    "ignore": (lambda: Audited(ignore={"tittle"}), "ignore names 'tittle'", "Use one of id, "),
    "secret": (lambda: Audited(secret={"tittle"}), "secret names 'tittle'", "Use one of id, "),
    "shown": (lambda: Audited(shown="tittle"), "shown names 'tittle'", "Use one of id, "),
    "label": (lambda: Audited(label="tittle"), "label names 'tittle'", "Use one of"),
    "owner": (lambda: Audited(owner="tittle"), "owner names 'tittle'", "Use one of"),
    "playlist": (lambda: Audited(playlist=("id", "tittle")), "playlist names 'tittle'", "Use"),
    "no pair": (lambda: Audited(playlist=("id",)),  # type: ignore[arg-type]
                "playlist is no pair", "Give (id column, name column)"),
    "extra": (lambda: Audited(extra=("title", "tittle")), "extra names 'tittle'", "Use one of"),
    "extra mapping": (lambda: Audited(extra={"x": "tittle"}), "extra names 'tittle'", "Use one"),
    "extra of the trail's": (lambda: Audited(extra={"actor": "title"}), "extra gives actor, which",
                             "Use other keys: extra={'its_reason': 'reason'}"),
    "path column": (lambda: Audited(owner="shelf.tittle"), "last part is no column", "Use one of"),
    "path hop": (lambda: Audited(owner="shelve.user_id"), "'shelve' is no many-to-one", "Name"),
    "path to many": (lambda: Audited(owner="pages.id"), "'pages' is no many-to-one", "Name"),
    "path in column": (lambda: Audited(owner="title.x"), "'title' is no many-to-one", "Name"),
    "long type": (lambda: Audited(types={"create": "t" * 51}), "51 characters", "Shorten it"),
    "long entity": (lambda: Audited(entity="e" * 44), "51 characters", "shorter entity"),
    "type of a number": (lambda: Audited(types={"create": 5}), "is 5", "Give a string"),
    "operation": (lambda: Audited(types={"insert": "x"}), "types names insert", "Use create"),
    "type without a change": (lambda: Audited(types={"update": lambda: "x"}),
                              "types['update'] cannot be called", "one argument, the change"),
    "type of two": (lambda: Audited(types={"update": lambda a, b: "x"}), "types['update']",
                    "Give a function"),
    "describe": (lambda: Audited(describe=lambda: "x"),  # type: ignore[arg-type, misc]
                 "describe cannot be called", "Give a function"),
    "describe text": (lambda: Audited(describe="text"),  # type: ignore[arg-type]
                      "describe is 'text'", "Give a function"),
    "extra function": (lambda: Audited(extra=lambda: {}), "extra cannot be called", "Give"),
    "no policy": (lambda: {"ignore": ()}, "is {'ignore': ()}", "Use Audited(...) or NotAudited"),
    "no reason": (lambda: NotAudited(" "), "is NotAudited(reason=' ')", "Say why"),
    "no text": (lambda: NotAudited(None), "is NotAudited(reason=None)",  # type: ignore[arg-type]
                "Say why"),
    "a column for its name": (lambda: Audited(label=mapped_column()),  # type: ignore[arg-type]
                              "label has <", "Give names as strings"),
    "a number for a name": (lambda: Audited(secret={5}),  # type: ignore[arg-type]
                            "secret has 5, which is no name", "Give names as strings"),
    "a number for an owner": (lambda: Audited(owner=5),  # type: ignore[arg-type]
                              "owner has 5", "Give names as strings"),
    "a number for an extra": (lambda: Audited(extra=[5]), "extra has 5", "Give names as strings"),
    "a number for an operation": (lambda: Audited(types={5: "x"}),  # type: ignore[dict-item]
                                  "types has 5", "Use create"),
    "numbers for a playlist": (lambda: Audited(playlist=(1, 2)),  # type: ignore[arg-type]
                               "playlist has 1", "Give names as strings"),
    "a list to delete by": (lambda: Audited(soft_delete=["x"]),  # type: ignore[arg-type]
                            "soft_delete has ['x']", "Give names as strings"),
    "shared entity": (lambda: Audited(entity="shelf"), "entity 'shelf' is that of",
                      "Audited(entity=...)"),
    "shared type": (lambda: Audited(types={"create": "shelf_create"}),
                    "type 'shelf_create' is declared by Shelf too", "types of its own"),
}


def _models(policy: Any) -> tuple[Any, Any]:
    class Base(DeclarativeBase):
        pass

    class User(UserColumns, Base):
        pass

    class Log(LogColumns, Base):
        pass

    class Shelf(Base):
        __tablename__ = "shelves"
        id: Mapped[int] = mapped_column(primary_key=True)
        user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))

    class Page(Base):
        __tablename__ = "pages"
        id: Mapped[int] = mapped_column(primary_key=True)
        book_id: Mapped[int] = mapped_column(ForeignKey("books.id"))

    def map_book() -> Any:
        class Book(Base):
            __tablename__ = "books"
            __audit__ = policy
            id: Mapped[int] = mapped_column(primary_key=True)
            shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))
            title: Mapped[str] = mapped_column(String(20))
            shelf: Mapped[Any] = relationship(Shelf)
            pages = relationship(Page)

        return Book, Shelf, Page, User  # A registry alone does not keep its classes alive.

    Base.map_book = map_book  # type: ignore[attr-defined]
    return Base, Log


def _demand(error: PolicyError, problem: str, remedy: str) -> None:
    assert str(error).startswith("Book.__audit__: ")
    assert (error.model, problem in error.problem) == ("Book", True), error.problem
    assert remedy in error.remedy
    assert error.remedy in str(error)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_declaration_stops_watch_when_its_class_is_mapped_already(name: str) -> None:
    policy, problem, remedy = WRONG[name]
    _demand(_refused_by_watch(policy()), problem, remedy)


def _refused_by_watch(policy: Audited) -> PolicyError:
    base, log = _models(policy)
    classes = base.map_book()
    configure_mappers()
    trail = AuditTrail(log=log)
    with pytest.raises(PolicyError) as caught:
        trail.watch(sessionmaker(), base=base)
    trail.unwatch()
    assert len(classes) == 4
    return caught.value


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_declaration_stops_the_mapping_when_the_base_is_watched_already(name: str) -> None:
    policy, problem, remedy = WRONG[name]
    base, log = _models(policy())
    trail = AuditTrail(log=log)
    trail.watch(sessionmaker(), base=base)
    classes = base.map_book()
    try:
        with pytest.raises(PolicyError) as caught:
            base.registry.configure()
    finally:
        trail.unwatch()
        base.registry.dispose()

    assert len(classes) == 4
    _demand(caught.value, problem, remedy)


def test_what_cannot_be_watched_is_refused_with_what_can() -> None:
    base, log = _models(Audited())
    trail = AuditTrail(log=log)
    for target in (None, object(), "session", sessionmaker()()):
        with pytest.raises(WatchError, match="a scoped_session, a sessionmaker or a Session"):
            trail.watch(target, base=base)
    for wrong in (None, object, int):
        with pytest.raises(WatchError, match="a declarative base"):
            trail.watch(sessionmaker(), base=wrong)  # type: ignore[arg-type]


def test_whatever_a_declaration_raises_names_its_model_and_is_logged(
    caplog: pytest.LogCaptureFixture
) -> None:
    class Odd(str):
        def __len__(self) -> int:
            raise RuntimeError("-".join(("the", "words")))

    error = _refused_by_watch(Audited(types={"create": Odd("book_made")}))
    _demand(error, "cannot be used (RuntimeError", "docstring of Audited")
    assert "the declaration of Book cannot be used: RuntimeError" in caplog.text
    assert "the-words" not in caplog.text + str(error)
