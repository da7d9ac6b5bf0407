"""Tables that refer to themselves, or by several columns: the database cascades, we count (A7)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from sqlalchemy import Engine, ForeignKey, ForeignKeyConstraint, String, delete, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shuffify.audit import bind
from tests.audit.stage import Stage, log_of, staged


class Base(DeclarativeBase):
    """The watched base."""


ActivityLog = log_of(Base)


class Letter(Base):
    """Two ways lead to it from one branch."""

    __tablename__ = "letters"

    id: Mapped[int] = mapped_column(primary_key=True)
    sender_id: Mapped[int] = mapped_column(ForeignKey("branches.id", ondelete="CASCADE"))
    reader_id: Mapped[int] = mapped_column(ForeignKey("branches.id", ondelete="CASCADE"))


class Branch(Base):
    """A tree in one table, with leaves beside it."""

    __tablename__ = "branches"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("branches.id", ondelete="CASCADE"))


class Task(Base):
    """What others wait for: its deletion sets them free. Some wait for one of another kind."""

    __tablename__ = "tasks"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "task"}

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), default="task")
    after_id: Mapped[int | None] = mapped_column(ForeignKey("tasks.id", ondelete="SET NULL"))


class Review(Task):
    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    __mapper_args__ = {"polymorphic_identity": "review", "inherit_condition": id == Task.id}
    of_id: Mapped[int | None] = mapped_column(ForeignKey("tasks.id", ondelete="SET NULL"))


class Step(Base):
    """It goes with the one above it, and forgets the one before it."""

    __tablename__ = "steps"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("steps.id", ondelete="CASCADE"))
    before_id: Mapped[int | None] = mapped_column(ForeignKey("steps.id", ondelete="SET NULL"))


class Leaf(Base):
    __tablename__ = "leaves"

    id: Mapped[int] = mapped_column(primary_key=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branches.id", ondelete="CASCADE"))


class Cell(Base):
    """Two columns make its key."""

    __tablename__ = "cells"

    row: Mapped[int] = mapped_column(primary_key=True)
    column: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))


class Mark(Base):
    __tablename__ = "marks"
    __table_args__ = (
        ForeignKeyConstraint(["at_column", "at_row"], ["cells.column", "cells.row"],
                             ondelete="CASCADE"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at_row: Mapped[int]
    at_column: Mapped[int]


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage:
        yield stage


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_tree_in_one_table_is_counted_to_its_tips(stage: Stage, depth: int) -> None:
    with stage.unwatched() as session:
        session.add_all([
            Branch(id=1, user_id=8),
            *(Branch(id=number, user_id=8, parent_id=number - 1)
              for number in range(2, depth + 2)),
            Branch(id=50, user_id=8), Branch(id=51, user_id=8, parent_id=50),
        ])
        session.flush()
        session.add_all([Leaf(id=number, branch_id=number) for number in (1, depth + 1, 51)])
        session.commit()
    with bind(user_id=7), stage.session() as session:
        session.delete(session.get_one(Branch, 1))
        session.commit()
        assert session.query(Branch).count() == 2

    (row,) = stage.rows()
    assert row.metadata_json["cascaded"] == {"branch": depth, "leaf": 2}


def test_a_row_that_is_reached_by_two_ways_counts_once(stage: Stage) -> None:
    with stage.unwatched() as session:
        session.add_all([Branch(id=number, user_id=8) for number in (1, 2)])
        session.flush()
        session.add_all([
            Letter(id=1, sender_id=1, reader_id=1), Letter(id=2, sender_id=1, reader_id=2),
            Letter(id=3, sender_id=2, reader_id=1), Letter(id=4, sender_id=2, reader_id=2),
        ])
        session.commit()
    with bind(user_id=7), stage.session() as session:
        session.delete(session.get_one(Branch, 1))
        session.commit()

    assert stage.last().metadata_json["cascaded"] == {"letter": 3}


def test_a_ring_in_one_table_ends(stage: Stage) -> None:
    with stage.unwatched() as session:
        session.add_all([Branch(id=1, user_id=8), Branch(id=2, user_id=8)])
        session.flush()
        session.get_one(Branch, 1).parent_id = 2
        session.get_one(Branch, 2).parent_id = 1
        session.commit()
    with bind(user_id=7), stage.session() as session:
        session.delete(session.get_one(Branch, 1))
        session.commit()

    (row,) = stage.rows()
    assert row.metadata_json["cascaded"] == {"branch": 1}


def test_cascades_from_a_key_of_two_columns_are_counted(stage: Stage) -> None:
    with stage.unwatched() as session:
        session.add_all([Cell(row=1, column=2, user_id=8), Cell(row=2, column=1, user_id=8)])
        session.flush()
        session.add_all([Mark(id=1, at_row=1, at_column=2), Mark(id=2, at_row=2, at_column=1),
                         Mark(id=3, at_row=1, at_column=2)])
        session.commit()
    with bind(user_id=7), stage.session() as session:
        for cell in session.query(Cell):
            session.delete(cell)
        session.commit()

    assert {row.entity_id: row.metadata_json["cascaded"]["mark"] for row in stage.rows()} == {
        "1:2": 2, "2:1": 1
    }


@pytest.mark.parametrize("in_bulk", [False, True], ids=["flush", "bulk"])
def test_references_of_a_table_to_itself_that_are_cleared_are_counted(
    stage: Stage, in_bulk: bool
) -> None:
    with bind(user_id=7), stage.session() as session:
        session.add_all([Task(id=1), Task(id=2, after_id=1), Task(id=3, after_id=1),
                         Task(id=4, after_id=2), Review(id=5, of_id=1), Review(id=6, of_id=3)])
        session.commit()
    stage.turn_page()
    with bind(user_id=7), stage.session() as session:
        if in_bulk:
            session.execute(delete(Task).where(Task.id.in_([1, 2])))
        else:
            for task in [session.get_one(Task, key) for key in (1, 2)]:
                session.delete(task)
        session.commit()

    told = {row.entity_id: row.metadata_json.get("cascaded") for row in stage.rows()}
    assert told == {"1": {"task.after_id": 1, "review.of_id": 1}, "2": {"task.after_id": 1}}
    assert list(stage.trail.reconcile().run(stage.engine)) == []


def test_a_reference_of_what_goes_itself_is_not_cleared(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        session.add_all([Task(id=1), Review(id=5), Review(id=6, of_id=5, after_id=5)])
        session.commit()
        for review in session.scalars(select(Review)).all():
            session.delete(review)
        session.commit()

    assert not any("cascaded" in row.metadata_json for row in stage.rows())


def test_a_table_may_both_follow_itself_and_forget_itself(stage: Stage) -> None:
    with stage.unwatched() as session:
        session.add_all([Step(id=1), Step(id=2, parent_id=1), Step(id=3, before_id=1),
                         Step(id=4, before_id=2)])
        session.commit()
    with bind(user_id=7), stage.session() as session:
        session.delete(session.get_one(Step, 1))
        session.commit()

    assert stage.last().metadata_json["cascaded"] == {"step": 1, "step.before_id": 2}


@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
def test_what_goes_with_a_row_that_is_made_again_and_deleted_is_counted(
    stage: Stage, nested: bool
) -> None:
    with stage.unwatched() as session:
        session.add(Branch(id=1, user_id=8))
        session.flush()
        session.add(Leaf(id=1, branch_id=1))
        session.commit()
    with bind(user_id=7), stage.session() as session:
        session.delete(session.get_one(Branch, 1))
        session.flush()
        with session.begin_nested() if nested else nullcontext():
            again = Branch(id=1, user_id=8)
            session.add(again)
            session.flush()
            session.add_all([Leaf(id=2, branch_id=1), Leaf(id=3, branch_id=1)])
            session.flush()
            session.delete(again)
            session.flush()
        session.commit()

    first, *others = stage.rows()
    assert (first.activity_type, first.metadata_json["cascaded"]) == ("branch_delete", {"leaf": 3})
    assert [row.activity_type for row in others] == ["leaf_create", "leaf_create"]
