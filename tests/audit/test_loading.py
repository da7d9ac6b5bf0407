"""The same operation leaves the same row, whatever happened to be loaded (A6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import JSON, Engine, ForeignKey, String, Text, event, func, select
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, load_only, mapped_column
from sqlalchemy.orm import relationship
from sqlalchemy.orm.attributes import flag_modified

from shuffify.audit import Audited, Change
from tests.audit.stage import Json, Stage, log_of, staged

pytestmark = pytest.mark.usefixtures("mira")


class Base(DeclarativeBase):
    """The watched base."""


ActivityLog = log_of(Base)


class Shelf(Base):
    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(80))


def _describe(change: Change) -> str:
    values = [change.value(name) for name in ("name", "number", "settings", "shelf.name")]
    return f"{change.operation} {values}"


class Book(Base):
    """Its policy reads columns that no operation need load."""

    __tablename__ = "books"
    __audit__ = Audited(
        owner="shelf.user_id", playlist=("shelf_id", "shelf.name"), shown={"settings"},
        extra={"pages": "number", "shelf": "shelf.name"}, describe=_describe,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))
    name: Mapped[str] = mapped_column(String(80))
    number: Mapped[int] = mapped_column(default=1)
    level: Mapped[int] = mapped_column(server_default="4")
    settings: Mapped[Any] = mapped_column(
        MutableDict.as_mutable(JSON(none_as_null=True)), nullable=True
    )
    plain: Mapped[Any] = mapped_column(Json, nullable=True)
    story: Mapped[str | None] = mapped_column(Text, deferred=True)
    shelf: Mapped[Shelf] = relationship()


class Counted(Base):
    """The database fills in a column that the flush does not ask for."""

    __tablename__ = "counted"
    __mapper_args__ = {"eager_defaults": False}

    id: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(server_default="4")
    name: Mapped[str] = mapped_column(String(20))


class Band(Base):
    """It and its members refer to each other: SQLAlchemy sets the leader by a second UPDATE."""

    __tablename__ = "bands"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    leader_id: Mapped[int | None] = mapped_column(
        ForeignKey("members.id", name="fk_leader", use_alter=True)
    )
    leader: Mapped[Member | None] = relationship(foreign_keys=leader_id, post_update=True)


class Member(Base):
    __tablename__ = "members"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    band_id: Mapped[int] = mapped_column(ForeignKey("bands.id"))
    band: Mapped[Band] = relationship(foreign_keys=band_id)


Load = Callable[[Session], Book]


def _loaded(session: Session) -> Book:
    book = session.scalars(select(Book)).one()
    assert book.story and book.shelf.name
    return book


def _expired(session: Session) -> Book:
    book = _loaded(session)
    session.expire_all()
    return book


def _partly(session: Session) -> Book:
    return session.scalars(select(Book).options(load_only(Book.id))).one()


def _merged(session: Session) -> Book:
    with Session(session.get_bind()) as other:
        book = other.get(Book, 1)
    return session.merge(book)


def _attached(session: Session) -> Book:
    with Session(session.get_bind()) as other:
        book = other.scalars(select(Book).options(load_only(Book.id))).one()
    session.add(book)
    return book


def _committed(session: Session) -> Book:
    book = _loaded(session)
    session.commit()
    return book


LOADS: dict[str, Load] = {
    "expired": _expired, "partly": _partly, "merged": _merged, "attached": _attached,
    "committed": _committed,
}


def _assign(**values: Any) -> Callable[[Session, Book], None]:
    def operate(session: Session, book: Book) -> None:
        for name, value in values.items():
            setattr(book, name, value)
    return operate


def _in_place(session: Session, book: Book) -> None:
    session.refresh(book)
    book.settings["b"] = 2


def _flagged(session: Session, book: Book) -> None:
    session.refresh(book)
    book.plain["deep"].append(3)
    flag_modified(book, "plain")


def _twice(session: Session, book: Book) -> None:
    book.number = Book.number + 1
    session.flush()
    book.number = Book.number + 1


def _savepoint(session: Session, book: Book) -> None:
    with session.begin_nested():
        book.name = "In"
    book.number = 9


def _delete(session: Session, book: Book) -> None:
    session.delete(book)


def _change_and_delete(session: Session, book: Book) -> None:
    book.name = "Gone"
    session.flush()
    session.delete(book)


OPERATIONS: dict[str, tuple[Callable[[Session, Book], None], Any]] = {
    "scalar": (_assign(name="B"), {"name": ["A", "B"]}),
    "two": (_assign(name="B", number=2), {"name": ["A", "B"], "number": [1, 2]}),
    "no-op": (_assign(name="A", number=1, settings={"a": 1}), None),
    "to null": (_assign(settings=None), {"settings": [{"a": 1}, None]}),
    "json": (_assign(settings={"a": 2}), {"settings": [{"a": 1}, {"a": 2}]}),
    "in place": (_in_place, {"settings": [{"a": 1}, {"a": 1, "b": 2}]}),
    "flagged": (_flagged, {"plain"}),
    "deferred": (_assign(story="long"), {"story"}),
    "expression": (_assign(number=Book.number + 1), {"number": [1, 2]}),
    "expression twice": (_twice, {"number": [1, 3]}),
    "no-op expression": (_assign(number=Book.number + 0), None),
    "function": (_assign(name=func.lower("LOUD")), {"name": ["A", "loud"]}),
    "server default": (_assign(level=5), {"level": [4, 5]}),
    "savepoint": (_savepoint, {"name": ["A", "In"], "number": [1, 9]}),
    "key": (_assign(id=41), {"id": [1, 41]}),
    "key and column": (_assign(id=41, name="B"), {"id": [1, 41], "name": ["A", "B"]}),
    "delete": (_delete, {"shelf_id", "name", "number", "level", "settings", "plain", "story"}),
    "change and delete": (
        _change_and_delete,
        {"shelf_id", "name", "number", "level", "settings", "plain", "story"},
    ),
}


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage:
        yield stage


def _row(stage: Stage, load: Load, operate: Callable[[Session, Book], None]) -> Any:
    """Do one operation on a fresh book; return what the trail says of it, but for its time."""
    with stage.unwatched() as session:
        session.query(Book).delete()
        session.query(Shelf).delete()
        session.add(Shelf(id=1, user_id=8, name="Top"))
        session.flush()
        session.add(Book(id=1, shelf_id=1, name="A", settings={"a": 1}, story="short",
                         plain={"deep": [1, 2]}))
        session.commit()
    before = len(stage.rows())
    with stage.session() as session:
        operate(session, load(session))
        session.commit()
    rows = stage.rows()[before:]
    return [
        (row.activity_type, row.description, row.playlist_id, row.playlist_name, row.entity_id,
         row.metadata_json) for row in rows
    ]


@pytest.mark.report(67)
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_leaves_one_row_and_the_same_whatever_is_loaded(
    stage: Stage, name: str, subtests: pytest.Subtests
) -> None:
    operate, changes = OPERATIONS[name]
    expected = _row(stage, _loaded, operate)

    if changes is None:
        assert expected == []
    else:
        ((_, description, playlist_id, playlist_name, _, metadata),) = expected
        recorded = metadata["changes"]
        assert (set(recorded) if isinstance(changes, set) else recorded) == changes
        assert (playlist_id, playlist_name, metadata["shelf"]) == ("1", "Top", "Top")
        assert "None" not in description.replace("None, 'Top'", "")
    for other, load in LOADS.items():
        with subtests.test(other):
            assert _row(stage, load, operate) == expected


def test_all_paths_over_one_relationship_cost_one_read(stage: Stage) -> None:
    with stage.session() as session:
        session.add(Shelf(id=1, user_id=8, name="Top"))
        session.commit()
        session.add_all([Book(shelf_id=1, name=name) for name in "AB"])
        statements: list[str] = []

        def note(_: Any, __: Any, statement: str, *___: Any) -> None:
            statements.append(statement)

        event.listen(stage.engine, "before_cursor_execute", note)
        session.commit()
        event.remove(stage.engine, "before_cursor_execute", note)

    assert len([one for one in statements if "FROM shelves" in one]) == 1
    assert [row.playlist_name for row in stage.rows()] == [None, "Top", "Top"]


def test_a_create_tells_what_the_database_filled_in(stage: Stage) -> None:
    with stage.session() as session:
        session.add_all([Counted(name=func.upper("a")), Counted(name="b", level=7)])
        session.commit()

    first, second = stage.rows()
    assert first.metadata_json["changes"] == {"level": [None, 4], "name": [None, "A"]}
    assert second.metadata_json["changes"] == {"level": [None, 7], "name": [None, "b"]}
    assert first.description == "Created counted 'A'"


@pytest.mark.parametrize("loaded", ["all", "expired", "only the key"])
@pytest.mark.parametrize("name", [None, "Duo"])
def test_what_a_second_update_sets_has_its_true_value_before(
    stage: Stage, loaded: str, name: str | None
) -> None:
    with stage.session() as session:
        band = Band(id=1, name="Trio")
        first, second = (Member(id=number, name=f"{number}", band=band) for number in (1, 2))
        session.add_all([band, first, second])
        session.flush()
        band.leader = first
        session.commit()
    with stage.session() as session:
        options = [load_only(Band.id)] if loaded == "only the key" else []
        band = session.scalars(select(Band).options(*options)).one()
        if loaded == "expired":
            session.expire(band)
        band.name = name or band.name
        for leader in (session.get_one(Member, 2), None):
            band.leader = leader
            session.commit()
            before = 1 if leader else 2
            assert stage.changes()["leader_id"] == [before, leader and 2]
    assert stage.said()[-2:] == ["band_update", "band_update"]
