"""The trail against the live tables (A16): what somebody did with the database's own shell."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from shuffify.audit.reading import KEYS_A_SELECT
from tests.audit.bookcase import Animal, Book, Cat, Dog, Label, by_hand, covered, found
from tests.audit.stage import Stage


def test_what_the_sessions_did_is_explained(bookcase: Stage, books: None) -> None:
    with bookcase.session() as session:
        book = session.get_one(Book, 1)
        book.title, book.tags, book.body, book.position = "First", ["b"], "lala", 9
        session.commit()
        session.add(Book(id=3, title="Three"))
        session.commit()
        session.get_one(Book, 3).id = 11
        session.delete(session.get_one(Book, 2))
        session.get_one(Dog, 5).tricks = 3
        session.commit()
        session.add(Book(id=2, title="Again"))
        session.commit()
    findings, reconciler = found(bookcase)
    assert findings == []
    assert reconciler.result.objects == 7 and reconciler.result.events == len(bookcase.rows())
    assert covered(reconciler) == {("book", "password", "secret"): 1}


@pytest.mark.parametrize(("statement", "finding"), [
    ("UPDATE books SET title = 'X' WHERE id = 1", ("altered", "book", "1", ("title",))),
    ("UPDATE books SET price = 1, tags = NULL WHERE id = 1",
     ("altered", "book", "1", ("price", "tags"))),
    ("UPDATE books SET body = 'ha' WHERE id = 1", ("altered", "book", "1", ("body",))),
    ("UPDATE books SET body = 'new' WHERE id = 2", ("altered", "book", "2", ("body",))),
    ("UPDATE books SET form = 'nonsense' WHERE id = 2", ("altered", "book", "2", ("form",))),
    ("DELETE FROM books WHERE id = 2", ("vanished", "book", "2", ())),
    ("INSERT INTO books (id, title, position) VALUES (3, 'Three', 0)",
     ("appeared", "book", "3", ())),
    ("UPDATE dogs SET tricks = 9", ("altered", "dog", "5", ("tricks",))),
    ("UPDATE animals SET name = 'Max' WHERE id = 5", ("altered", "dog", "5", ("name",))),
    ("DELETE FROM animals WHERE id = 6", ("vanished", "animal", "6", ())),
    ("UPDATE codes SET uses = 3", ("altered", "code", None, ("uses",))),
    ("DELETE FROM codes", ("vanished", "code", None, ())),
])
def test_a_change_by_hand_is_found(
    bookcase: Stage, books: None, statement: str, finding: tuple[Any, ...]
) -> None:
    by_hand(bookcase, statement)
    (kind, entity, id_, columns), = found(bookcase)[0]
    assert (kind, entity, columns) == (finding[0], finding[1], finding[3])
    assert id_ == finding[2] or (finding[2] is None and len(id_) == 64)


@pytest.mark.parametrize("mask", ["[secret]", "[unknown]"])
def test_a_text_that_reads_like_a_mask_hides_no_finding(bookcase: Stage, mask: str) -> None:
    with bookcase.session() as session:
        session.add(Book(id=1, title=mask, tags=["a", mask], password="p"))
        session.add(Book(id=2, title="Two", password="p"))
        session.commit()
        session.get_one(Book, 2).title = mask
        session.commit()
    findings, reconciler = found(bookcase)
    assert (findings, covered(reconciler)) == ([], {("book", "password", "secret"): 2})
    by_hand(bookcase, "UPDATE books SET title = 'by hand', tags = '[\"a\", \"b\"]' WHERE id = 1",
            "UPDATE books SET title = 'by hand' WHERE id = 2")

    assert found(bookcase)[0] == [
        ("altered", "book", "1", ("title", "tags")), ("altered", "book", "2", ("title",)),
    ]


def test_what_no_row_of_the_log_can_hold_is_not_altered(sqlite_bookcase: Stage) -> None:
    with sqlite_bookcase.session() as session:
        session.add(Book(id=3, title="a\x00b", tags=["a\x00b"]))
        session.commit()
    assert found(sqlite_bookcase)[0] == []
    by_hand(sqlite_bookcase, "UPDATE books SET title = 'ac' WHERE id = 3")

    assert found(sqlite_bookcase)[0] == [("altered", "book", "3", ("title",))]


@pytest.mark.parametrize("price", ["0.125", "0.135", "-0.125", "1.005", "2", "2.50"])
def test_what_the_database_rounds_and_pads_is_explained(bookcase: Stage, price: str) -> None:
    with bookcase.session() as session:
        label = Label(id=1)
        session.add(label)
        session.commit()
        label.price, label.weight, label.code = Decimal(price), Decimal(price) + 2, "ab"
        session.commit()
        assert found(bookcase)[0] == []
        by_hand(bookcase, "UPDATE labels SET code = ' ab', price = 7, weight = 0")
        assert found(bookcase)[0] == [("altered", "label", "1", ("code", "price", "weight"))]


def test_what_the_database_rounded_and_padded_was_not_changed_since(bookcase: Stage) -> None:
    with bookcase.session() as session:
        label = Label(id=1)
        session.add(label)
        session.commit()
        label.price, label.weight, label.code = Decimal("0.125"), Decimal("2.5"), "ab"
        session.commit()
        bookcase.trail.revert(list(bookcase.trail.history(label))[-1], session=session)
        assert (label.price, label.weight, label.code) == (None, None, None)


def test_a_finding_says_since_when(bookcase: Stage, books: None) -> None:
    with bookcase.session() as session:
        session.get_one(Book, 1).title = "Second"
        session.commit()
    by_hand(
        bookcase, "UPDATE books SET title = 'X'",
        "INSERT INTO runs (id, status) VALUES (1, 'failed')",
    )
    since = {one.entity_id: one.since for one in bookcase.trail.reconcile().run(bookcase.engine)
             if one.kind == "altered"}
    rows = {row.entity_id: row.created_at for row in bookcase.rows() if row.entity_type == "book"}
    assert since == {"1": rows["1"], "2": rows["2"]}
    appeared, = (one for one in bookcase.trail.reconcile().run(bookcase.engine)
                 if one.kind == "appeared")
    assert (appeared.entity, appeared.since) == ("run", None)


def test_an_object_of_another_class_is_judged_by_what_the_former_tells(
    bookcase: Stage, books: None
) -> None:
    with bookcase.session() as session:
        session.add_all([Cat(id=7, name="Tim"), Animal(id=8, name="Zoe"), Animal(id=9, name="")])
        session.commit()
        session.delete(session.get_one(Animal, 9))
        session.execute(update(Animal).where(Animal.id.in_([6, 8])).values(kind="cat"))
        session.commit()
    assert found(bookcase)[0] == []
    by_hand(bookcase, "UPDATE animals SET name = 'Tam' WHERE id = 6",
            "UPDATE animals SET claws = 9 WHERE id = 8",
            "UPDATE animals SET kind = 'animal' WHERE id = 7",
            "INSERT INTO animals (id, kind, name) VALUES (9, 'cat', 'Zed')")
    assert found(bookcase)[0] == [
        ("altered", "animal", "7", ("kind",)), ("altered", "cat", "6", ("name",)),
        ("appeared", "cat", "9", ()),
    ]


def test_a_key_that_was_given_up_and_taken_again_is_watched_again(bookcase: Stage) -> None:
    with bookcase.session() as session:
        first = Book(id=1, title="One")
        session.add(first)
        session.commit()
        first.id = 10
        session.commit()
        assert found(bookcase)[0] == []
        session.add(Book(id=1, title="New"))
        session.commit()
    by_hand(bookcase, "DELETE FROM books WHERE id = 1")
    assert found(bookcase)[0] == [("vanished", "book", "1", ())]
    by_hand(bookcase, "UPDATE books SET title = 'X' WHERE id = 10")
    assert found(bookcase)[0] == [
        ("altered", "book", "10", ("title",)), ("vanished", "book", "1", ())
    ]


def test_what_has_vanished_is_told_before_all_of_the_log_is_read(bookcase: Stage) -> None:
    with bookcase.session() as session:
        session.add_all(Book(title=f"Book {number}") for number in range(KEYS_A_SELECT + 1))
        session.commit()
    by_hand(bookcase, "DELETE FROM books")
    reconciler = bookcase.trail.reconcile()
    findings = reconciler.run(bookcase.engine)
    assert next(findings).kind == "vanished" and reconciler.result.events == KEYS_A_SELECT
    assert sum(1 for _ in findings) == KEYS_A_SELECT
    assert reconciler.result.events == reconciler.result.unexplained == KEYS_A_SELECT + 1


def test_it_reads_one_snapshot_and_writes_nothing(bookcase: Stage, books: None) -> None:
    findings = bookcase.trail.reconcile().run(bookcase.engine)
    with bookcase.session() as session:
        # Begun, and then somebody changes what is still to be read.
        session.get_one(Book, 1).title = "Meanwhile"
        first = next(findings, None)
        assert first is None
        session.commit()
    before = bookcase.rows()
    assert found(bookcase)[0] == [] and bookcase.rows() == before


def test_a_live_text_that_is_no_utf_8_is_found(sqlite_bookcase: Stage) -> None:
    damage = "title = CAST(x'ff' AS TEXT), body = CAST(x'ff' AS TEXT)"
    by_hand(sqlite_bookcase, f"UPDATE books SET {damage} WHERE id = 1")
    (_, _, id_, columns), = found(sqlite_bookcase)[0]
    assert (id_, set(columns)) == ("1", {"title", "body"})
