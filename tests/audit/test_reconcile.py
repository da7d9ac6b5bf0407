"""The trail against the live tables (A16): what somebody did with the database's own shell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import CHAR, Engine, Enum, ForeignKey, Numeric, String, Text, text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from shuffify.audit import Audited, NotAudited, bind
from shuffify.audit.excuses import CASCADED, SUMMARISED
from shuffify.audit.reading import KEYS_A_SELECT
from shuffify.audit.reconcile import NO_CREATION, NO_TABLE, PRUNED, Reconciler
from tests import databases
from tests.audit.stage import Json, LogColumns, Stage, UserColumns, staged


class Base(DeclarativeBase):
    pass


class User(UserColumns, Base):
    pass


class ActivityLog(LogColumns, Base):
    __audit__ = NotAudited("it is the trail")


class Form(StrEnum):
    PAPER = "paper"


class Book(Base):
    __tablename__ = "books"
    __audit__ = Audited(ignore={"position"}, shown={"tags"})

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(50))
    price: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    bought_at: Mapped[datetime | None]
    tags: Mapped[list[str] | None] = mapped_column(Json)
    body: Mapped[str | None] = mapped_column(Text)
    password: Mapped[str | None] = mapped_column(String(50))
    position: Mapped[int] = mapped_column(default=0)
    form: Mapped[Form | None] = mapped_column(Enum(Form, native_enum=False, length=20))
    pages: Mapped[list[Page]] = relationship(passive_deletes=True)


class Page(Base):
    __tablename__ = "pages"

    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("books.id", ondelete="CASCADE"))
    number: Mapped[int]


class Run(Base):
    """Recorded when it is over, like a job's."""

    __tablename__ = "runs"
    __audit__ = Audited(types={
        "create": lambda change: "run" if change.value("status") != "running" else None,
        "update": lambda change: "run" if "status" in change.changed else None,
        "delete": None,
    })

    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(20))
    note: Mapped[str | None] = mapped_column(String(20))


class Loan(Base):
    """What is left of it when its book goes; it may follow another."""

    __tablename__ = "loans"

    id: Mapped[int] = mapped_column(primary_key=True)
    to: Mapped[str | None] = mapped_column(String(20))
    book_id: Mapped[int | None] = mapped_column(ForeignKey("books.id", ondelete="SET NULL"))
    page_id: Mapped[int | None] = mapped_column(ForeignKey("pages.id"))


class Code(Base):
    """Named by a secret: the log has its digest."""

    __tablename__ = "codes"

    token: Mapped[str] = mapped_column(String(50), primary_key=True)
    uses: Mapped[int] = mapped_column(default=0)


class Animal(Base):
    __tablename__ = "animals"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(20))


class Dog(Animal):
    __tablename__ = "dogs"
    __mapper_args__ = {"polymorphic_identity": "dog"}

    id: Mapped[int] = mapped_column(ForeignKey("animals.id"), primary_key=True)
    tricks: Mapped[int] = mapped_column(default=0)


class Cat(Animal):
    """In its parent's table."""

    __mapper_args__ = {"polymorphic_identity": "cat"}

    claws: Mapped[int | None]


class Label(Base):
    """Of types that a database stores otherwise than they were given."""

    __tablename__ = "labels"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(CHAR(5))
    price: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    weight: Mapped[Decimal | None] = mapped_column(Numeric(8, 0))


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage, bind(user_id=7):
        yield stage


@pytest.fixture
def books(stage: Stage) -> None:
    put_books(stage)


@pytest.fixture
def sqlite_stage(tmp_path: Path) -> Iterator[Stage]:
    """Stage the books where anything may stand in a column: PostgreSQL knows types."""
    engine = databases.connect(f"sqlite:///{tmp_path / 'a.sqlite'}")
    with staged(engine, Base, ActivityLog) as stage, bind(user_id=7):
        put_books(stage)
        yield stage
    engine.dispose()


def put_books(stage: Stage) -> None:
    with stage.session() as session:
        session.add_all([
            Book(id=1, title="One", price=Decimal("9.999"), tags=["a"], body="la",
                 bought_at=datetime(2026, 1, 2), password="p", pages=[Page(id=1, number=1)]),
            Book(id=2, title="Two"),
            Code(token="abc"),
            Dog(id=5, name="Rex", tricks=2), Animal(id=6, name="Tom"),
        ])
        session.commit()


DAMAGE = "UPDATE activity_log SET {} WHERE entity_type = 'book' AND entity_id = '1'"


def found(stage: Stage) -> tuple[list[tuple[Any, ...]], Reconciler]:
    reconciler = stage.trail.reconcile()
    findings = list(reconciler.run(stage.engine))
    return [(one.kind, one.entity, one.entity_id, one.columns) for one in findings], reconciler


def by_hand(stage: Stage, *statements: str) -> None:
    """Do something past every session, as the database's shell would."""
    with stage.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def covered(reconciler: Reconciler) -> dict[tuple[str, str, str], int]:
    return dict(reconciler.result.not_covered)


def test_what_the_sessions_did_is_explained(stage: Stage, books: None) -> None:
    with stage.session() as session:
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
    findings, reconciler = found(stage)
    assert findings == []
    assert reconciler.result.objects == 7 and reconciler.result.events == len(stage.rows())
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
    stage: Stage, books: None, statement: str, finding: tuple[Any, ...]
) -> None:
    by_hand(stage, statement)
    (kind, entity, id_, columns), = found(stage)[0]
    assert (kind, entity, columns) == (finding[0], finding[1], finding[3])
    assert id_ == finding[2] or (finding[2] is None and len(id_) == 64)


@pytest.mark.parametrize("mask", ["[secret]", "[unknown]"])
def test_a_text_that_reads_like_a_mask_hides_no_finding(stage: Stage, mask: str) -> None:
    with stage.session() as session:
        session.add(Book(id=1, title=mask, tags=["a", mask], password="p"))
        session.add(Book(id=2, title="Two", password="p"))
        session.commit()
        session.get_one(Book, 2).title = mask
        session.commit()
    findings, reconciler = found(stage)
    assert (findings, covered(reconciler)) == ([], {("book", "password", "secret"): 2})
    by_hand(stage, "UPDATE books SET title = 'by hand', tags = '[\"a\", \"b\"]' WHERE id = 1",
            "UPDATE books SET title = 'by hand' WHERE id = 2")

    assert found(stage)[0] == [
        ("altered", "book", "1", ("title", "tags")), ("altered", "book", "2", ("title",)),
    ]


def test_what_no_row_of_the_log_can_hold_is_not_altered(sqlite_stage: Stage) -> None:
    with sqlite_stage.session() as session:
        session.add(Book(id=3, title="a\x00b", tags=["a\x00b"]))
        session.commit()
    assert found(sqlite_stage)[0] == []
    by_hand(sqlite_stage, "UPDATE books SET title = 'ac' WHERE id = 3")

    assert found(sqlite_stage)[0] == [("altered", "book", "3", ("title",))]


@pytest.mark.parametrize("price", ["0.125", "0.135", "-0.125", "1.005", "2", "2.50"])
def test_what_the_database_rounds_and_pads_is_explained(stage: Stage, price: str) -> None:
    with stage.session() as session:
        label = Label(id=1)
        session.add(label)
        session.commit()
        label.price, label.weight, label.code = Decimal(price), Decimal(price) + 2, "ab"
        session.commit()
        assert found(stage)[0] == []
        by_hand(stage, "UPDATE labels SET code = ' ab', price = 7, weight = 0")
        assert found(stage)[0] == [("altered", "label", "1", ("code", "price", "weight"))]


def test_what_the_database_rounded_and_padded_was_not_changed_since(stage: Stage) -> None:
    with stage.session() as session:
        label = Label(id=1)
        session.add(label)
        session.commit()
        label.price, label.weight, label.code = Decimal("0.125"), Decimal("2.5"), "ab"
        session.commit()
        stage.trail.revert(list(stage.trail.history(label))[-1], session=session)
        assert (label.price, label.weight, label.code) == (None, None, None)


def test_a_finding_says_since_when(stage: Stage, books: None) -> None:
    with stage.session() as session:
        session.get_one(Book, 1).title = "Second"
        session.commit()
    by_hand(stage, "UPDATE books SET title = 'X'", "INSERT INTO runs (id, status) "
                                                   "VALUES (1, 'failed')")
    since = {one.entity_id: one.since for one in stage.trail.reconcile().run(stage.engine)
             if one.kind == "altered"}
    rows = {row.entity_id: row.created_at for row in stage.rows() if row.entity_type == "book"}
    assert since == {"1": rows["1"], "2": rows["2"]}
    appeared, = (one for one in stage.trail.reconcile().run(stage.engine)
                 if one.kind == "appeared")
    assert (appeared.entity, appeared.since) == ("run", None)


def test_what_policy_does_not_record_is_not_covered(stage: Stage) -> None:
    by_hand(
        stage,
        "INSERT INTO runs (id, status) VALUES (1, 'running')",
        "INSERT INTO runs (id, status) VALUES (2, 'running')",
    )
    with stage.session() as session:
        session.get_one(Run, 2).status = "failed"
        session.add(Run(id=3, status="failed"))
        session.commit()
    by_hand(stage, "UPDATE runs SET note = 'x' WHERE id = 3", "DELETE FROM runs WHERE id = 2")
    findings, reconciler = found(stage)
    assert findings == []
    assert covered(reconciler) == {
        ("run", "", "policy does not record this create"): 1,
        ("run", "", "policy does not record this delete"): 1,
        ("run", "note", "policy does not record this update"): 1,
    }


def test_an_object_older_than_the_trail_is_judged_by_what_is_told_of_it(stage: Stage) -> None:
    by_hand(stage, "INSERT INTO books (id, title, position) VALUES (1, 'Old', 0)")
    with stage.session() as session:
        session.get_one(Book, 1).price = Decimal(1)
        session.commit()
    by_hand(stage, "UPDATE books SET title = 'Other'")
    findings, reconciler = found(stage)
    assert findings == [] and covered(reconciler)["book", "", NO_CREATION] == 1
    by_hand(stage, "UPDATE books SET price = 2")
    assert found(stage)[0] == [("altered", "book", "1", ("price",))]


def test_what_a_databases_cascade_took_is_not_covered(stage: Stage, books: None) -> None:
    with stage.session() as session:
        session.delete(session.get_one(Book, 1))
        session.commit()
    findings, reconciler = found(stage)
    assert findings == [] and covered(reconciler) == {("page", "", CASCADED): 1}
    # One that was there afterwards was not taken by it.
    with stage.session() as session:
        session.add(Page(id=9, book_id=2, number=1))
        session.commit()
    by_hand(stage, "DELETE FROM pages")
    assert found(stage)[0] == [("vanished", "page", "9", ())]


def test_what_on_delete_cleared_is_not_covered_and_nothing_else_is(
    stage: Stage, books: None
) -> None:
    with stage.session() as session:
        session.add_all([Loan(id=1, book_id=1, page_id=1, to="Ana"), Loan(id=2, book_id=2)])
        session.add(Page(id=2, book_id=2, number=2))
        session.commit()
        session.get_one(Loan, 1).page_id = 2
        session.delete(session.get_one(Book, 1))
        session.commit()
        session.get_one(Loan, 1).to = "Eva"
        session.commit()
    findings, reconciler = found(stage)
    assert findings == []
    assert covered(reconciler) == {("loan", "book_id", CASCADED): 1, ("page", "", CASCADED): 1}
    by_hand(stage, "UPDATE loans SET page_id = NULL, book_id = 2 WHERE id = 1")
    assert found(stage)[0] == [("altered", "loan", "1", ("book_id", "page_id"))]
    # One that was set afterwards was not cleared by it.
    with stage.session() as session:
        session.get_one(Loan, 1).page_id, session.get_one(Loan, 2).to = 2, "Ida"
        session.get_one(Loan, 2).book_id = None
        session.commit()
        session.get_one(Loan, 2).book_id = 2
        session.commit()
    by_hand(stage, "UPDATE loans SET book_id = NULL")
    assert ("altered", "loan", "2", ("book_id",)) in found(stage)[0]


def test_a_column_that_a_statement_for_many_changed_stays_so_when_another_is_told(
    stage: Stage, books: None
) -> None:
    stage.trail.bulk_limit = 1
    with stage.session() as session:
        session.execute(update(Book).values(title="All"))
        session.commit()
        session.get_one(Book, 1).price = Decimal(3)
        session.add(Book(id=3, title="Three"))
        session.commit()
    findings, reconciler = found(stage)
    assert findings == [] and covered(reconciler)["book", "title", SUMMARISED] == 2
    # What was made afterwards was not changed by it, not even where nothing is told.
    by_hand(stage, "UPDATE books SET price = 5, title = 'New' WHERE id = 3")
    assert found(stage)[0] == [("altered", "book", "3", ("title", "price"))]


def test_an_object_of_another_class_is_judged_by_what_the_former_tells(
    stage: Stage, books: None
) -> None:
    with stage.session() as session:
        session.add_all([Cat(id=7, name="Tim"), Animal(id=8, name="Zoe"), Animal(id=9, name="")])
        session.commit()
        session.delete(session.get_one(Animal, 9))
        session.execute(update(Animal).where(Animal.id.in_([6, 8])).values(kind="cat"))
        session.commit()
    assert found(stage)[0] == []
    by_hand(stage, "UPDATE animals SET name = 'Tam' WHERE id = 6",
            "UPDATE animals SET claws = 9 WHERE id = 8",
            "UPDATE animals SET kind = 'animal' WHERE id = 7",
            "INSERT INTO animals (id, kind, name) VALUES (9, 'cat', 'Zed')")
    assert found(stage)[0] == [
        ("altered", "animal", "7", ("kind",)), ("altered", "cat", "6", ("name",)),
        ("appeared", "cat", "9", ()),
    ]


def test_rows_that_tell_of_many_and_pruned_rows_are_not_covered(
    stage: Stage, books: None
) -> None:
    by_hand(stage, "UPDATE books SET title = 'All'")
    assert len(found(stage)[0]) == 2
    with stage.unwatched() as session:
        session.add(ActivityLog(
            user_id=7, activity_type="book_update", description="Updated 600 books",
            metadata_json={"count": 600}, created_at=datetime(2100, 1, 1), event_id="s",
            entity_type="book",
        ))
        session.commit()
    findings, reconciler = found(stage)
    assert findings == [] and covered(reconciler)["book", "title", SUMMARISED] == 2

    by_hand(stage, "INSERT INTO codes (token, uses) VALUES ('old', 1)")
    assert [one[:2] for one in found(stage)[0]] == [("appeared", "code")]
    with stage.unwatched() as session:
        session.add(ActivityLog(
            user_id=7, activity_type="audit_prune", description="Pruned", event_id="p",
            created_at=datetime(2100, 1, 1),
        ))
        session.commit()
    findings, reconciler = found(stage)
    assert findings == [] and covered(reconciler)["code", "", PRUNED] == 1


def test_cut_metadata_is_not_covered(stage: Stage, books: None) -> None:
    with stage.session() as session:
        session.get_one(Book, 2).tags = ["x" * 9000]
        session.commit()
    findings, reconciler = found(stage)
    assert findings == []
    assert covered(reconciler)["book", "tags", "the row's metadata was cut"] == 1


def test_a_key_that_was_given_up_and_taken_again_is_watched_again(stage: Stage) -> None:
    with stage.session() as session:
        first = Book(id=1, title="One")
        session.add(first)
        session.commit()
        first.id = 10
        session.commit()
        assert found(stage)[0] == []
        session.add(Book(id=1, title="New"))
        session.commit()
    by_hand(stage, "DELETE FROM books WHERE id = 1")
    assert found(stage)[0] == [("vanished", "book", "1", ())]
    by_hand(stage, "UPDATE books SET title = 'X' WHERE id = 10")
    assert found(stage)[0] == [
        ("altered", "book", "10", ("title",)), ("vanished", "book", "1", ())
    ]


def test_a_model_whose_table_is_not_made_yet_is_not_covered(stage: Stage, books: None) -> None:
    by_hand(stage, "DROP TABLE codes", "UPDATE books SET title = 'X' WHERE id = 1")
    findings, reconciler = found(stage)
    assert findings == [("altered", "book", "1", ("title",))]
    assert covered(reconciler)["code", "", NO_TABLE] == 1


def test_what_has_vanished_is_told_before_all_of_the_log_is_read(stage: Stage) -> None:
    with stage.session() as session:
        session.add_all(Book(title=f"Book {number}") for number in range(KEYS_A_SELECT + 1))
        session.commit()
    by_hand(stage, "DELETE FROM books")
    reconciler = stage.trail.reconcile()
    findings = reconciler.run(stage.engine)
    assert next(findings).kind == "vanished" and reconciler.result.events == KEYS_A_SELECT
    assert sum(1 for _ in findings) == KEYS_A_SELECT
    assert reconciler.result.events == reconciler.result.unexplained == KEYS_A_SELECT + 1


def test_it_reads_one_snapshot_and_writes_nothing(stage: Stage, books: None) -> None:
    findings = stage.trail.reconcile().run(stage.engine)
    with stage.session() as session:
        # Begun, and then somebody changes what is still to be read.
        session.get_one(Book, 1).title = "Meanwhile"
        first = next(findings, None)
        assert first is None
        session.commit()
    before = stage.rows()
    assert found(stage)[0] == [] and stage.rows() == before


@pytest.mark.parametrize("damage", [
    "metadata_json = '[1]'", "metadata_json = '{\"changes\": 3}'",
    "metadata_json = '{\"changes\": {\"title\": 1}}'",
    "metadata_json = '{\"truncated\": true, \"changes\": [\"title\", \"price\", \"bought_at\","
    " \"tags\", \"body\", \"password\"], \"cascaded\": 3}'",
])
def test_a_row_of_the_log_in_no_form_of_ours_hides_no_finding(
    stage: Stage, books: None, damage: str
) -> None:
    by_hand(stage, DAMAGE.format(damage), "UPDATE books SET title = 'other' WHERE id = 2")
    findings, reconciler = found(stage)

    assert findings == [("altered", "book", "2", ("title",))]
    assert covered(reconciler)["book", "title", "the row's metadata was cut"] == 1


@pytest.mark.parametrize("damage", [
    "metadata_json = '{'", "created_at = 'garbage'", "description = CAST(x'ff' AS TEXT)",
])
def test_a_row_of_the_log_that_cannot_be_read_hides_no_finding(
    sqlite_stage: Stage, damage: str
) -> None:
    by_hand(sqlite_stage, DAMAGE.format(damage), "UPDATE books SET title = 'other' WHERE id = 2")
    assert found(sqlite_stage)[0] == [("altered", "book", "2", ("title",))]


def test_a_live_text_that_is_no_utf_8_is_found(sqlite_stage: Stage) -> None:
    damage = "title = CAST(x'ff' AS TEXT), body = CAST(x'ff' AS TEXT)"
    by_hand(sqlite_stage, f"UPDATE books SET {damage} WHERE id = 1")
    (_, _, id_, columns), = found(sqlite_stage)[0]
    assert (id_, set(columns)) == ("1", {"title", "body"})
