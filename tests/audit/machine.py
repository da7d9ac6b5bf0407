"""A state machine that does to a session what callers do, in any order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import delete, event, insert, inspect, select, update
from sqlalchemy.exc import SAWarning, SQLAlchemyError
from sqlalchemy.orm import Session, SessionTransaction, make_transient
from sqlalchemy.orm.attributes import flag_modified

from shuffify.audit import bind
from tests.audit.shelves import MODELS, Book, Desk, Page, Shelf, Slip, Speck, Stamp

picks = st.integers(min_value=0, max_value=11)
words = st.sampled_from(["", "a", "b", "ä"])
keys = st.tuples(st.sampled_from(["de", "fr"]), st.integers(min_value=1, max_value=2))
columns = st.one_of(
    st.tuples(st.just("name"), words),
    st.tuples(st.just("position"), st.integers(min_value=0, max_value=2)),
    st.tuples(st.just("due"), st.sampled_from([None, datetime(2026, 1, 2, 3, 4, 5, 6)])),
    st.tuples(st.just("tags"), st.sampled_from([None, [], ["x"], ["x", "y"]]).map(
        lambda tags: tags and list(tags)
    )),
    st.tuples(st.just("comment"), st.sampled_from([None, "", "long", "longer"])),
)


GONE = "list.remove(x): x not in list"
"""What SQLAlchemy raises for a link to a collection that is put there, forgotten by an expiry,
and taken away again before the collection is read."""

HALFWAY = "is not persisted"
"""What SQLAlchemy raises where its rollback fails at an object that was deleted twice: others have
their former keys by then, and not yet the values by which an UPDATE finds their rows."""


class Sessions(RuleBasedStateMachine):
    """Does what callers do to a session; some of it fails, as it does for callers."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.objects: list[Any] = []
        self.detached: list[Any] = []
        self.savepoints: list[SessionTransaction] = []
        self.actor = 7
        self.stale = False
        """Whether a statement has left objects as they were, and its transaction goes on."""

    @initialize(expired=st.booleans(), listening=st.booleans())
    def begin(self, expired: bool, listening: bool) -> None:
        self.desk.clear()
        self.session: Session = self.desk.Session(expire_on_commit=expired)
        if listening:
            # Another listener that comes later: the trail waits for the COMMIT itself.
            event.listen(self.session, "before_commit", lambda session: None)
        for name in ("one", "two"):
            self.add_a_whole_shelf(name)
        for number in (1, 2):
            self.add_stamp(("de", number), "stamp", None)
        self.end(self.session.commit)

    def teardown(self) -> None:
        if not hasattr(self, "session"):
            return
        try:
            self.end(self.session.commit)
        finally:
            self.session.close()
        self.desk.check()
        counters = self.desk.trail.counters()
        troubles = {name: number for name, number in counters.items() if name not in (
            "rows", "unknown_actor", "bypasses.allowed"
        )}
        assert not any(troubles.values()), troubles

    # -- what the rules are made of --------------------------------------------------------------

    def attempt(self, action: Callable[..., Any], *arguments: Any) -> None:
        """Do something under a user; where it fails, roll back what the failure has undone."""
        try:
            with bind(user_id=self.actor):
                action(*arguments)
            self.desk.diary.append("done")
        except (AssertionError, ValueError) as error:
            if isinstance(error, ValueError) and str(error) != GONE:
                raise
            self.desk.diary.append(repr(error))
            # The unit of work's own: "Failed to add object to the flush context!"
            self.undo(self.session.rollback)
        except (SQLAlchemyError, SAWarning) as error:
            self.desk.diary.append(type(error).__name__)
            self.undo(self.session.close if HALFWAY in str(error) else self.roll_back_inactive)
        self.savepoints = [one for one in self.savepoints if one.is_active]

    def undo(self, action: Callable[[], None]) -> None:
        """Roll back; where a row is gone that an object stood for, SQLAlchemy may fail at that."""
        try:
            action()
        except (SQLAlchemyError, SAWarning):
            self.session.close()
        if not self.session.in_transaction():
            self.desk.check()

    def roll_back_inactive(self) -> None:
        """Roll back what a failure has made inactive."""
        while self.session.in_transaction() and not self.session.is_active:
            inner = self.session.get_nested_transaction()
            if inner is not None:
                inner.rollback()
            else:
                self.session.rollback()

    def of(self, model: type, pick: int) -> list[Any]:
        """Return one object of a model that is in the session, or none."""
        found = [one for one in self.objects if isinstance(one, model) and one in self.session]
        return found[pick % len(found):][:1] if found else []

    def add(self, instance: Any) -> None:
        self.objects.append(instance)
        self.attempt(self.session.add, instance)

    def end(self, action: Callable[[], Any]) -> None:
        """End the root transaction: now the tables and the trail have to agree."""
        self.attempt(action)
        if not self.session.in_transaction():
            self.savepoints.clear()
            self.desk.check()
            if self.stale:
                # Who does not synchronize has to: a later UPDATE would tell the old value.
                self.session.expire_all()
                self.stale = False

    # -- new objects -----------------------------------------------------------------------------

    @rule(name=words, user=st.sampled_from([None, 7]), tags=st.sampled_from([None, ["x"]]))
    def add_shelf(self, name: str, user: int | None, tags: list[str] | None) -> None:
        self.add(Shelf(name=name, user_id=user, tags=tags and list(tags)))

    @rule(name=words)
    def add_a_whole_shelf(self, name: str) -> None:
        book = Book(title=name, pages=[Page(number=1), Page(number=2)])
        shelf = Shelf(name=name, comment="long", books=[book, Book(title="b")])
        self.objects += [book, *book.pages, *shelf.books]
        self.add(shelf)

    @rule(pick=picks, title=words)
    def add_book(self, pick: int, title: str) -> None:
        for shelf in self.of(Shelf, pick):
            self.add(Book(shelf=shelf, title=title))

    @rule(pick=picks, number=st.integers(min_value=1, max_value=3))
    def add_page(self, pick: int, number: int) -> None:
        for book in self.of(Book, pick):
            self.add(Page(book=book, number=number))

    @rule(key=keys, label=words, amount=st.sampled_from([None, {}, {"amount": 5}]))
    def add_stamp(self, key: tuple[str, int], label: str, amount: dict[str, int] | None) -> None:
        country, number = key
        more = {"amount": None} if amount is None else amount
        self.add(Stamp(country=country, number=number, label=label, **more))

    @rule(pick=picks)
    def add_again(self, pick: int) -> None:
        """An object that a rollback or a delete has put out of the session."""
        gone = [one for one in self.objects if not isinstance(one, (Slip, Speck))
                and (inspect(one).transient or inspect(one).detached)]
        for one in gone[pick % len(gone):][:1] if gone else []:
            if inspect(one).detached:
                make_transient(one)
            self.attempt(self.session.add, one)

    # -- changes ---------------------------------------------------------------------------------

    @rule(pick=picks, column=columns)
    def change_shelf(self, pick: int, column: tuple[str, Any]) -> None:
        for shelf in self.of(Shelf, pick):
            self.attempt(setattr, shelf, *column)

    @rule(pick=picks)
    def count_up_in_the_database(self, pick: int) -> None:
        for shelf in self.of(Shelf, pick):
            self.attempt(setattr, shelf, "position", Shelf.position + 1)

    @rule(pick=picks, told=st.booleans())
    def edit_tags_in_place(self, pick: int, told: bool) -> None:
        def edit(shelf: Shelf) -> None:
            if shelf.tags is not None:
                shelf.tags.append("z")
                if told:
                    flag_modified(shelf, "tags")

        for shelf in self.of(Shelf, pick):
            self.attempt(edit, shelf)

    @rule(pick=picks, title=words)
    def change_book(self, pick: int, title: str) -> None:
        for book in self.of(Book, pick):
            self.attempt(setattr, book, "title", title)

    @rule(pick=picks, label=words)
    def change_stamp(self, pick: int, label: str) -> None:
        for stamp in self.of(Stamp, pick):
            self.attempt(setattr, stamp, "label", label)

    @rule(pick=picks, key=keys)
    def change_key(self, pick: int, key: tuple[str, int]) -> None:
        for stamp in self.of(Stamp, pick):
            self.attempt(setattr, stamp, "country", key[0])
            self.attempt(setattr, stamp, "number", key[1])

    @rule(pick=picks, other=picks)
    def exchange_keys(self, pick: int, other: int) -> None:
        def exchange(one: Stamp, two: Stamp) -> None:
            first, second = one.number, two.number
            for stamp, number in ((one, 99), (two, first), (one, second)):
                stamp.number = number
                self.session.flush()

        for one in self.of(Stamp, pick):
            for two in self.of(Stamp, other):
                if one is not two:
                    self.attempt(exchange, one, two)

    @rule(pick=picks, to=picks)
    def move_book(self, pick: int, to: int) -> None:
        for book in self.of(Book, pick):
            for shelf in self.of(Shelf, to):
                self.attempt(setattr, book, "shelf", shelf)

    # -- deletes ---------------------------------------------------------------------------------

    @rule(pick=picks, model=st.sampled_from(MODELS))
    def delete(self, pick: int, model: type) -> None:
        for one in self.of(model, pick):
            self.attempt(self.session.delete, one)

    @rule(pick=picks, all_of_them=st.booleans())
    def orphan(self, pick: int, all_of_them: bool) -> None:
        def orphan(shelf: Shelf) -> None:
            del shelf.books[0 if all_of_them else -1:]

        for shelf in self.of(Shelf, pick):
            self.attempt(orphan, shelf)

    # -- bulk statements -------------------------------------------------------------------------

    @rule(low=st.integers(min_value=0, max_value=2), name=words,
          how=st.sampled_from(["auto", "fetch", False]))
    def update_shelves(self, low: int, name: str, how: Any) -> None:
        self.stale = self.stale or how is False
        self.attempt(self.session.execute, update(Shelf).where(Shelf.position >= low).values(
            name=name, position=Shelf.position + 1
        ).execution_options(synchronize_session=how))

    @rule(pick=picks, title=words)
    def update_by_key(self, pick: int, title: str) -> None:
        for book in self.of(Book, pick):
            key = inspect(book).identity
            if key is not None:
                self.attempt(self.session.execute, update(Book), [{"id": key[0], "title": title}])

    @rule(number=st.integers(min_value=1, max_value=3), back=st.booleans())
    def delete_pages(self, number: int, back: bool) -> None:
        statement: Any = delete(Page).where(Page.number == number)
        self.attempt(lambda: self.session.execute(
            statement.returning(Page.id) if back else statement
        ).close())

    @rule(name=words, back=st.booleans())
    def insert_shelves(self, name: str, back: bool) -> None:
        statement: Any = insert(Shelf)
        self.attempt(lambda: self.session.execute(
            statement.returning(Shelf.id) if back else statement, [{"name": name}, {"name": "b"}]
        ).close())

    # -- the session -----------------------------------------------------------------------------

    @rule()
    def flush(self) -> None:
        self.attempt(self.session.flush)

    @precondition(lambda self: len(self.savepoints) < 3)
    @rule()
    def open_savepoint(self) -> None:
        self.attempt(lambda: self.savepoints.append(self.session.begin_nested()))

    @precondition(lambda self: self.savepoints)
    @rule(pick=picks)
    def release(self, pick: int) -> None:
        savepoint = self.savepoints[-1 - pick % 2:][0]
        self.attempt(savepoint.commit)

    @precondition(lambda self: self.savepoints)
    @rule(pick=picks)
    def roll_back_to(self, pick: int) -> None:
        savepoint = self.savepoints[-1 - pick % 2:][0]
        self.attempt(savepoint.rollback)

    @rule()
    def commit(self) -> None:
        self.end(self.session.commit)

    @precondition(lambda self: self.savepoints)
    @rule()
    def commit_the_root(self) -> None:
        root = self.session.get_transaction()
        while root is not None and root.parent is not None:
            root = root.parent
        if root is not None:
            self.end(root.commit)

    @rule(pick=picks)
    def roll_back(self, pick: int) -> None:
        if pick > 6:
            self.end(self.session.rollback)

    @rule(pick=picks, model=st.sampled_from(MODELS))
    def expire(self, pick: int, model: type) -> None:
        for one in self.of(model, pick):
            self.attempt(self.session.expire, one)

    @rule()
    def expire_all(self) -> None:
        self.attempt(self.session.expire_all)

    @rule(model=st.sampled_from(MODELS))
    def load(self, model: type) -> None:
        def load() -> None:
            for one in self.session.scalars(select(model)):
                if not any(one is known for known in self.objects):
                    self.objects.append(one)

        self.attempt(load)

    @rule(pick=picks)
    def close(self, pick: int) -> None:
        if pick < 7:
            return
        self.detached += [one for one in self.objects if one in self.session]
        self.objects.clear()
        self.end(self.session.close)

    @rule(pick=picks, word=words)
    def merge(self, pick: int, word: str) -> None:
        def merge(one: Any) -> None:
            if isinstance(one, (Slip, Speck)):
                self.session.flush()
                if self.session.get(type(one), inspect(one).identity) is None:
                    return  # It would come back under its key, which may have been taken unseen.
            name = {Shelf: "name", Book: "title", Stamp: "label"}.get(type(one))
            if name is not None:
                setattr(one, name, word)
            self.objects.append(self.session.merge(one))

        for one in self.detached[pick % len(self.detached):][:1] if self.detached else []:
            self.attempt(merge, one)
