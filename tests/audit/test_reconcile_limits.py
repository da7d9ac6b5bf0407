"""What `reconcile` cannot judge (A16): it says so, and still finds everything else."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from sqlalchemy import update

from shuffify.audit.excuses import CASCADED, SUMMARISED
from shuffify.audit.reconcile import NO_CREATION, NO_TABLE, PRUNED
from tests.audit.bookcase import ActivityLog, Book, Loan, Page, Run, by_hand, covered, found
from tests.audit.stage import Stage

DAMAGE = "UPDATE activity_log SET {} WHERE entity_type = 'book' AND entity_id = '1'"


def test_what_policy_does_not_record_is_not_covered(bookcase: Stage) -> None:
    by_hand(
        bookcase,
        "INSERT INTO runs (id, status) VALUES (1, 'running')",
        "INSERT INTO runs (id, status) VALUES (2, 'running')",
    )
    with bookcase.session() as session:
        session.get_one(Run, 2).status = "failed"
        session.add(Run(id=3, status="failed"))
        session.commit()
    by_hand(bookcase, "UPDATE runs SET note = 'x' WHERE id = 3", "DELETE FROM runs WHERE id = 2")
    findings, reconciler = found(bookcase)
    assert findings == []
    assert covered(reconciler) == {
        ("run", "", "policy does not record this create"): 1,
        ("run", "", "policy does not record this delete"): 1,
        ("run", "note", "policy does not record this update"): 1,
    }


def test_an_object_older_than_the_trail_is_judged_by_what_is_told_of_it(bookcase: Stage) -> None:
    by_hand(bookcase, "INSERT INTO books (id, title, position) VALUES (1, 'Old', 0)")
    with bookcase.session() as session:
        session.get_one(Book, 1).price = Decimal(1)
        session.commit()
    by_hand(bookcase, "UPDATE books SET title = 'Other'")
    findings, reconciler = found(bookcase)
    assert findings == [] and covered(reconciler)["book", "", NO_CREATION] == 1
    by_hand(bookcase, "UPDATE books SET price = 2")
    assert found(bookcase)[0] == [("altered", "book", "1", ("price",))]


def test_what_a_databases_cascade_took_is_not_covered(bookcase: Stage, books: None) -> None:
    with bookcase.session() as session:
        session.delete(session.get_one(Book, 1))
        session.commit()
    findings, reconciler = found(bookcase)
    assert findings == [] and covered(reconciler) == {("page", "", CASCADED): 1}
    # One that was there afterwards was not taken by it.
    with bookcase.session() as session:
        session.add(Page(id=9, book_id=2, number=1))
        session.commit()
    by_hand(bookcase, "DELETE FROM pages")
    assert found(bookcase)[0] == [("vanished", "page", "9", ())]


def test_what_on_delete_cleared_is_not_covered_and_nothing_else_is(
    bookcase: Stage, books: None
) -> None:
    with bookcase.session() as session:
        session.add_all([Loan(id=1, book_id=1, page_id=1, to="Ana"), Loan(id=2, book_id=2)])
        session.add(Page(id=2, book_id=2, number=2))
        session.commit()
        session.get_one(Loan, 1).page_id = 2
        session.delete(session.get_one(Book, 1))
        session.commit()
        session.get_one(Loan, 1).to = "Eva"
        session.commit()
    findings, reconciler = found(bookcase)
    assert findings == []
    assert covered(reconciler) == {("loan", "book_id", CASCADED): 1, ("page", "", CASCADED): 1}
    by_hand(bookcase, "UPDATE loans SET page_id = NULL, book_id = 2 WHERE id = 1")
    assert found(bookcase)[0] == [("altered", "loan", "1", ("book_id", "page_id"))]
    # One that was set afterwards was not cleared by it.
    with bookcase.session() as session:
        session.get_one(Loan, 1).page_id, session.get_one(Loan, 2).to = 2, "Ida"
        session.get_one(Loan, 2).book_id = None
        session.commit()
        session.get_one(Loan, 2).book_id = 2
        session.commit()
    by_hand(bookcase, "UPDATE loans SET book_id = NULL")
    assert ("altered", "loan", "2", ("book_id",)) in found(bookcase)[0]


def test_a_column_that_a_statement_for_many_changed_stays_so_when_another_is_told(
    bookcase: Stage, books: None
) -> None:
    bookcase.trail.bulk_limit = 1
    with bookcase.session() as session:
        session.execute(update(Book).values(title="All"))
        session.commit()
        session.get_one(Book, 1).price = Decimal(3)
        session.add(Book(id=3, title="Three"))
        session.commit()
    findings, reconciler = found(bookcase)
    assert findings == [] and covered(reconciler)["book", "title", SUMMARISED] == 2
    # What was made afterwards was not changed by it, not even where nothing is told.
    by_hand(bookcase, "UPDATE books SET price = 5, title = 'New' WHERE id = 3")
    assert found(bookcase)[0] == [("altered", "book", "3", ("title", "price"))]


def test_rows_that_tell_of_many_and_pruned_rows_are_not_covered(
    bookcase: Stage, books: None
) -> None:
    by_hand(bookcase, "UPDATE books SET title = 'All'")
    assert len(found(bookcase)[0]) == 2
    with bookcase.unwatched() as session:
        session.add(ActivityLog(
            user_id=7, activity_type="book_update", description="Updated 600 books",
            metadata_json={"count": 600}, created_at=datetime(2100, 1, 1), event_id="s",
            entity_type="book",
        ))
        session.commit()
    findings, reconciler = found(bookcase)
    assert findings == [] and covered(reconciler)["book", "title", SUMMARISED] == 2

    by_hand(bookcase, "INSERT INTO codes (token, uses) VALUES ('old', 1)")
    assert [one[:2] for one in found(bookcase)[0]] == [("appeared", "code")]
    with bookcase.unwatched() as session:
        session.add(ActivityLog(
            user_id=7, activity_type="audit_prune", description="Pruned", event_id="p",
            created_at=datetime(2100, 1, 1),
        ))
        session.commit()
    findings, reconciler = found(bookcase)
    assert findings == [] and covered(reconciler)["code", "", PRUNED] == 1


def test_cut_metadata_is_not_covered(bookcase: Stage, books: None) -> None:
    with bookcase.session() as session:
        session.get_one(Book, 2).tags = ["x" * 9000]
        session.commit()
    findings, reconciler = found(bookcase)
    assert findings == []
    assert covered(reconciler)["book", "tags", "the row's metadata was cut"] == 1


def test_a_model_whose_table_is_not_made_yet_is_not_covered(bookcase: Stage, books: None) -> None:
    by_hand(bookcase, "DROP TABLE codes", "UPDATE books SET title = 'X' WHERE id = 1")
    findings, reconciler = found(bookcase)
    assert findings == [("altered", "book", "1", ("title",))]
    assert covered(reconciler)["code", "", NO_TABLE] == 1


@pytest.mark.parametrize("damage", [
    "metadata_json = '[1]'", "metadata_json = '{\"changes\": 3}'",
    "metadata_json = '{\"changes\": {\"title\": 1}}'",
    "metadata_json = '{\"truncated\": true, \"changes\": [\"title\", \"price\", \"bought_at\","
    " \"tags\", \"body\", \"password\"], \"cascaded\": 3}'",
])
def test_a_row_of_the_log_in_no_form_of_ours_hides_no_finding(
    bookcase: Stage, books: None, damage: str
) -> None:
    by_hand(bookcase, DAMAGE.format(damage), "UPDATE books SET title = 'other' WHERE id = 2")
    findings, reconciler = found(bookcase)

    assert findings == [("altered", "book", "2", ("title",))]
    assert covered(reconciler)["book", "title", "the row's metadata was cut"] == 1


@pytest.mark.parametrize("damage", [
    "metadata_json = '{'", "created_at = 'garbage'", "description = CAST(x'ff' AS TEXT)",
])
def test_a_row_of_the_log_that_cannot_be_read_hides_no_finding(
    sqlite_bookcase: Stage, damage: str
) -> None:
    statement = "UPDATE books SET title = 'other' WHERE id = 2"
    by_hand(sqlite_bookcase, DAMAGE.format(damage), statement)
    assert found(sqlite_bookcase)[0] == [("altered", "book", "2", ("title",))]
