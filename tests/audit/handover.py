"""More that callers do: links, rows that the database cascades to, two who take turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from sqlalchemy import delete, event, insert
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from tests.audit.machine import Sessions, picks, words
from tests.audit.shelves import Desk, Ribbon, Shelf, Slip, Speck

colours = st.sampled_from(["red", "blue", ""])


class Handovers(Sessions):
    """Two actors, whose flushes alternate; the witness hears whenever one takes over."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.marks: list[tuple[SessionTransaction, int]] = []
        self.desk.witness.actor = self.actor

    @initialize(expired=st.booleans(), listening=st.booleans())
    def begin(self, expired: bool, listening: bool) -> None:
        super().begin(expired, listening)
        event.listen(self.session, "after_flush", self._count)
        event.listen(self.session, "do_orm_execute", self._count_writes)
        event.listen(self.session, "after_soft_rollback", self._undo)
        self.add_slips(0, "a")
        self.add_ribbon(0, "red")
        self.end(self.session.commit)

    def _count(self, *_: Any) -> None:
        self.desk.witness.steps += 1

    def _count_writes(self, execution: ORMExecuteState) -> None:
        if not execution.is_select:
            self.desk.witness.steps += 1

    def _undo(self, session: Session, transaction: SessionTransaction) -> None:
        for number, (savepoint, length) in enumerate(self.marks):
            if savepoint is transaction:
                del self.desk.witness.stints[length:], self.marks[number:]
                return

    def end(self, action: Callable[[], Any]) -> None:
        super().end(action)
        if not self.session.in_transaction():
            self.marks.clear()

    # -- two actors ------------------------------------------------------------------------------

    @rule()
    def hand_over(self) -> None:
        """Flush, so that what was done is the first actor's; then the other goes on."""
        if self._note():
            self.actor = self.desk.witness.actor = 15 - self.actor

    @rule(pick=picks, word=words, last=st.sampled_from(["change", "link", "delete"]))
    def take_turns(self, pick: int, word: str, last: str) -> None:
        """Both change one shelf, or the second deletes what the first has changed."""
        for shelf in self.of(Shelf, pick):
            self.attempt(setattr, shelf, "position", 5)
            self.hand_over()
            if last == "change":
                self.attempt(setattr, shelf, "name", word)
            elif last == "delete":
                self.attempt(self.session.delete, shelf)
            else:
                self.set_links(pick, pick, False)

    def _note(self, nested: bool = False) -> bool:
        def note() -> None:
            self.session.flush()
            self.desk.witness.hand_over(self.session.connection(), nested)
            noted.append(True)

        noted: list[bool] = []
        self.attempt(note)
        return bool(noted)

    @precondition(lambda self: len(self.savepoints) < 3)
    @rule()
    def open_savepoint(self) -> None:
        # What stood before the savepoint is the present actor's, whoever undoes it.
        if self._note(nested=True):
            super().open_savepoint()
            savepoint = self.session.get_nested_transaction()
            if savepoint is not None:
                self.marks.append((savepoint, len(self.desk.witness.stints)))

    # -- links -----------------------------------------------------------------------------------

    @rule(pick=picks, name=colours)
    def add_ribbon(self, pick: int, name: str) -> None:
        for shelf in self.of(Shelf, pick):
            self.add(Ribbon(name=name, shelves=[shelf] if name else []))

    @rule(pick=picks, other=picks, back=st.booleans())
    def link(self, pick: int, other: int, back: bool) -> None:
        def link(shelf: Shelf, ribbon: Ribbon) -> None:
            if back and shelf not in ribbon.shelves:
                ribbon.shelves.append(shelf)
            elif not back and ribbon not in shelf.ribbons:
                shelf.ribbons.append(ribbon)

        for shelf in self.of(Shelf, pick):
            for ribbon in self.of(Ribbon, other):
                self.attempt(link, shelf, ribbon)

    @rule(pick=picks, back=st.booleans())
    def unlink(self, pick: int, back: bool) -> None:
        def unlink(one: Any, name: str) -> None:
            del getattr(one, name)[-1:]

        model, name = (Ribbon, "shelves") if back else (Shelf, "ribbons")
        for one in self.of(model, pick):
            self.attempt(unlink, one, name)

    @rule(pick=picks, other=picks, none=st.booleans())
    def set_links(self, pick: int, other: int, none: bool) -> None:
        for shelf in self.of(Shelf, pick):
            self.attempt(setattr, shelf, "ribbons", [] if none else self.of(Ribbon, other))

    # -- what the database cascades to -----------------------------------------------------------

    @rule(pick=picks, word=words)
    def add_slips(self, pick: int, word: str) -> None:
        for shelf in self.of(Shelf, pick):
            slip = Slip(shelf=shelf, word=word)
            self.add(slip)
            if word:
                self.add(Speck(slip=slip, word=word))
                self.add(Slip(shelf=shelf, word="b"))

    @rule(pick=picks, word=words)
    def change_slip(self, pick: int, word: str) -> None:
        for slip in self.of(Slip, pick):
            self.attempt(setattr, slip, "word", word)

    @rule(pick=picks)
    def delete_slips(self, pick: int) -> None:
        """In bulk, and their specks with them."""
        self.attempt(self.session.execute, delete(Slip).where(Slip.id % 3 == pick % 3))

    @rule(pick=picks, again=st.booleans())
    def delete_plain_shelf(self, pick: int, again: bool) -> None:
        """A shelf that only slips hang on, as books and links would hold it; perhaps remade."""
        def clear(shelf: Shelf) -> None:
            shelf.ribbons.clear()
            shelf.books.clear()
            self.session.flush()
            key = shelf.id
            self.session.execute(delete(Shelf).where(Shelf.id == key))
            if again:
                self.session.execute(insert(Shelf), [{"id": key, "name": "a"}])

        for shelf in self.of(Shelf, pick):
            self.attempt(clear, shelf)
