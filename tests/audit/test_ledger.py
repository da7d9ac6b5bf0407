"""The ledger: frames open, join and vanish as savepoints do; the net is exact (A1, A4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import CHAR, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shuffify.audit import Actor, AuditContext, Audited, Change
from shuffify.audit.change import replace
from shuffify.audit.ledger import Frame, Ledger, Refused
from shuffify.audit.plan import Plan
from shuffify.audit.suspension import Suspension
from tests.audit.changes import PLAN, create, delete, told, update
from tests.audit.world import ActivityLog

Table = dict[int, dict[str, Any]]

FLAT: dict[str, tuple[list[Change], list[Any]]] = {
    "one object, many changes": (
        [create(1, name="a"), update(1, name=("a", "b")), update(1, name=("b", "c"))],
        [("create", (1,), {"name": "c"})],
    ),
    "many objects, in the order of their first change": (
        [update(2, name=("a", "b")), update(1, name=("a", "b")), update(2, name=("b", "c"))],
        [("update", None, (2,), {"name": ("a", "c")}),
         ("update", None, (1,), {"name": ("a", "b")})],
    ),
    "what came to nothing begins anew": (
        [create(1, name="a"), delete(1, name="a"), create(1, name="b")],
        [("create", (1,), {"name": "b"})],
    ),
    "deleted, made again, deleted again": (
        [delete(1, name="a"), create(1, name="b"), delete(1, name="b")],
        [("delete", (1,), {"name": "a"})],
    ),
    "a key taken over from what was deleted": (
        [delete(1, name="a"), update(1, former=2)],
        [("delete", (1,), {"name": "a"}), ("update", (2,), (1,), {"id": (2, 1)})],
    ),
    "a key taken over, given back, taken by something new": (
        [delete(1, name="a"), update(1, former=2), update(2, former=1), create(1, name="b")],
        [("update", None, (1,), {"name": ("a", "b")})],
    ),
    "keys exchanged": (
        [update(9, former=1), update(1, former=2), update(2, former=9)],
        [("update", (2,), (1,), {"id": (2, 1)}), ("update", (1,), (2,), {"id": (1, 2)})],
    ),
    "keys exchanged, then one deleted": (
        [update(9, former=1), update(1, former=2), update(2, former=9), delete(1, name="b")],
        [("update", (1,), (2,), {"id": (1, 2)}), ("delete", (2,), {"name": "b"})],
    ),
    "something new on a key that was left, then the one that left is deleted": (
        [update(2, former=1), create(1, name="b"), delete(2, name="a")],
        [("update", None, (1,), {"name": ("a", "b")})],
    ),
    "something new on a key that was left, equal to the one that left and is deleted": (
        [update(2, former=1), create(1, name="a"), delete(2, name="a")],
        [],
    ),
    "something new takes over a key that was deleted elsewhere": (
        [delete(1, name="a"), create(2, name="b"), update(1, former=2)],
        [("update", None, (1,), {"name": ("a", "b")})],
    ),
}


@pytest.mark.parametrize("case", FLAT)
def test_the_net_of(case: str) -> None:
    changes, expected = FLAT[case]
    frame = Frame()
    for change in changes:
        frame.record(change)
    assert sorted(map(told, frame), key=str) == sorted(expected, key=str)


def test_the_net_is_in_the_order_of_each_objects_first_change() -> None:
    frame = Frame()
    for change in (update(2, name=("a", "b")), delete(1, name="a"), create(3, name="a"),
                   update(4, former=5), update(2, name=("b", "c"))):
        frame.record(change)
    assert [change.key for change in frame] == [(2,), (1,), (3,), (4,)]


def test_of_one_time_what_gives_up_a_key_comes_before_what_takes_it() -> None:
    frame = Frame()
    kept, touched = update(9, name=("a", "b")), update(1, name=("a", "b"))
    gone, moved = delete(2, name="a"), update(2, former=1)
    for change in (kept, touched, gone, moved):
        frame.record(replace(change, at=kept.at))
    assert [(one.operation, one.key) for one in frame.take()] \
        == [("delete", (2,)), ("update", (9,)), ("update", (2,))]


def test_an_object_is_recorded_under_the_key_that_it_had_before_the_transaction() -> None:
    ledger = Ledger()
    ledger.root.record(update(2, former=1))
    ledger.root.record(update(8, name=("a", "b")))
    ledger.frame("one").record(update(3, former=2))
    assert ledger.recorded_key(PLAN, (3,)) == (1,)
    assert ledger.recorded_key(PLAN, (8,)) == (8,)
    assert ledger.recorded_key(PLAN, (4,)) == (4,)
    ledger.discard("one")
    assert ledger.recorded_key(PLAN, (2,)) == (1,)


def test_an_object_is_found_however_its_key_was_given() -> None:
    class Coded(DeclarativeBase):
        pass

    class Code(Coded):
        __tablename__ = "codes"
        code: Mapped[str] = mapped_column(CHAR(5), primary_key=True)

    plan = Plan(inspect(Code), Audited(), ActivityLog.__table__)  # type: ignore[arg-type]
    ledger, change = Ledger(), update(2, former=1)
    ledger.root.record(replace(change, plan=plan, key=("b",), former_key=("a",)))
    assert ledger.recorded_key(plan, ("b    ",)) == ("a",)


def test_the_order_is_that_of_recording_also_when_the_clock_is_put_back() -> None:
    frame, second, first = Frame(), create(2), create(1)
    for _ in range(2):
        frame.record(first)
        frame.record(second)
        assert second.at < first.at and frame.take() == [first, second]


def test_what_one_flush_made_keeps_its_order_when_a_savepoint_changes_the_first() -> None:
    ledger, parent = Ledger(), create(1)
    for change in (parent, replace(create(2), at=parent.at)):
        ledger.root.record(change)
    ledger.frame("one").record(update(1, name=("a", "b")))
    ledger.release("one", None)
    assert [change.key for change in ledger.root.take()] == [(1,), (2,)]


def test_a_discarded_frame_leaves_what_is_around_it() -> None:
    ledger = Ledger()
    ledger.root.record(update(1, name=("a", "b")))
    ledger.frame("outer").record(update(1, name=("b", "c")))
    ledger.frame("inner").record(delete(1, name="c"))
    ledger.release("inner", "outer")
    ledger.discard("outer")
    assert [told(change) for change in ledger.root.take()] == [
        ("update", None, (1,), {"name": ("a", "b")})
    ]


def test_what_a_savepoint_changed_that_nobody_released_is_doubted() -> None:
    ledger = Ledger()
    for name, key in (("released", 1), ("undone", 2), ("undone", 3), ("undone", 4)):
        ledger.frame(name).record(update(key, name=("a", "b")))
    ledger.frame("undone").record(update(3, name=("b", "a")))
    ledger.frame("undone").record(delete(4, name="b"))
    ledger.release("released", None)
    for name in ("released", "undone", "undone"):
        ledger.discard(name)
    assert {key for _, key in ledger.doubted} == {(2,), (4,)}
    assert [change.key for change in ledger.collapse().take()] == [(1,)]
    ledger.clear()
    assert not ledger.doubted


def test_what_is_undone_around_all_savepoints_is_forgotten_and_doubted() -> None:
    ledger = Ledger()
    for name, key in ((None, 1), ("one", 2), ("two", 3)):
        ledger.frame(name).record(update(key, name=("a", "b")))
    ledger.discard_all()
    assert {key for _, key in ledger.doubted} == {(1,), (2,), (3,)}
    assert ledger.collapse().take() == []


def test_a_released_frame_leaves_the_deletes_around_it() -> None:
    ledger = Ledger()
    ledger.root.record(delete(1, name="a"))
    ledger.frame("inner").record(create(2, name="b"))
    ledger.release("inner", None)
    assert [change.key for change in ledger.root.take()] == [(1,), (2,)]


def test_a_released_frame_joins_its_parent_and_no_other() -> None:
    ledger = Ledger()
    ledger.frame("inner").record(create(1, name="a"))
    ledger.release("inner", "outer")
    assert ledger.root.take() == []
    ledger.release("outer", None)
    assert len(ledger.root.take()) == 1
    assert ledger.root.take() == []


def test_a_savepoint_that_did_nothing_may_end_either_way() -> None:
    ledger = Ledger()
    ledger.release("inner", "outer")
    ledger.discard("outer")
    assert ledger.root.take() == []


def test_rows_and_refusals_share_the_fate_of_their_savepoint() -> None:
    ledger = Ledger()
    for name in ("kept", "lost"):
        ledger.frame(name).wrote(iter(["x", "y", "x"]))
        ledger.frame(name).refused.append(Refused({"event_id": name}, "insert", "", True))
    ledger.release("kept", None)
    ledger.discard("lost")
    ledger.root.wrote(["y"])
    assert ledger.root.rows == {"x": 2, "y": 2}
    assert [one.row["event_id"] for one in ledger.root.refused] == ["kept"]


def test_refusals_of_two_savepoints_are_both_kept() -> None:
    ledger = Ledger()
    for name in ("one", "two"):
        ledger.frame(name).rows["x"] = 1
        ledger.frame(name).refused.append(Refused({"event_id": name}, "insert", "", True))
        ledger.release(name, None)
    assert [one.row["event_id"] for one in ledger.root.refused] == ["one", "two"]
    assert ledger.root.rows == {"x": 2}


@pytest.mark.parametrize("savepoint", [None, "one"])
def test_a_ledger_knows_what_stands_and_what_is_gone_in_any_frame(savepoint: Any) -> None:
    ledger = Ledger()
    ledger.frame("other").record(create(5))
    for change in (create(1), delete(2), update(3, former=4)):
        ledger.frame(savepoint).record(change)
    known = [ledger.knows(update(key)) for key in range(1, 7)]
    assert known == [True, True, True, False, True, False]
    assert ledger.knows(update(6, former=1)) and not ledger.knows(update(1, former=6))


def test_keys_that_a_statement_exchanged_in_a_savepoint_stay_exchanged() -> None:
    ledger = Ledger()
    for key, names in ((1, ("a", "b")), (2, ("c", "d"))):
        ledger.root.record(update(key, name=names))
    ledger.frame("one").record_together([update(2, former=1), update(1, former=2)], True)
    ledger.release("one", None)
    net = ledger.root.take()
    assert sorted(told(change)[1:3] for change in net) == [((1,), (2,)), ((2,), (1,))]


@pytest.mark.parametrize("last, counted", [
    ([], {"note": 5}),
    ([create(1, name="c")], {"note": 5}),
    ([create(1, name="c"), delete(1, name="c")], {"note": 7}),
])
@pytest.mark.parametrize("released_into", ["outer", None])
def test_what_went_with_a_row_that_a_savepoint_made_again_and_deleted_is_counted(
    released_into: Any, last: list[Change], counted: Any
) -> None:
    """As it is where no savepoint stood: `test_what_went_with_a_row_stays_counted`."""
    ledger = Ledger()
    ledger.root.record(replace(delete(1, name="a"), cascaded={"note": 2}))
    for change in (create(1, name="b"), replace(delete(1, name="b"), cascaded={"note": 3})):
        ledger.frame("inner").record(change)
    ledger.release("inner", released_into)
    for change in last:
        if change.operation == "delete":
            change = replace(change, cascaded={"note": 2})
        ledger.frame(released_into).record(change)
    net, = ledger.collapse().take()
    assert net.key == (1,) and net.cascaded == counted


def test_what_went_with_a_row_that_came_to_nothing_is_counted_once_and_of_no_other() -> None:
    ledger = Ledger()
    for savepoint, cascaded in (("one", {"note": 3}), ("two", {"note": 1, "clip": 1}),
                                ("three", None)):
        ledger.frame(savepoint).record(create(1, name="b"))
        ledger.frame(savepoint).record(replace(delete(1, name="b"), cascaded=cascaded))
    ledger.release("two", "one")
    ledger.discard("three")
    for key in (1, 2):
        ledger.root.record(replace(delete(key, name="a"), cascaded={"note": 2}))
    ledger.release("one", None)
    assert [change.cascaded for change in ledger.root.take()] == [
        {"note": 6, "clip": 1}, {"note": 2}
    ]
    for savepoint in ("four", "five"):
        ledger.frame(savepoint)
        ledger.release(savepoint, None)
    ledger.root.record(replace(delete(1, name="a"), cascaded={"note": 2}))
    assert [change.cascaded for change in ledger.root.take()] == [{"note": 2}]


@pytest.mark.parametrize("end", ["take", "forget"])
def test_what_went_with_a_row_is_forgotten_with_the_frame(end: str) -> None:
    ledger = Ledger()
    for change in (create(1, name="b"), replace(delete(1, name="b"), cascaded={"note": 3})):
        ledger.frame("outer").record(change)
    getattr(ledger.frame("outer"), end)()
    ledger.root.record(delete(1, name="a"))
    ledger.release("outer", None)
    assert [change.cascaded for change in ledger.root.take()] == [None]


def test_at_the_commit_open_savepoints_join_the_root() -> None:
    ledger = Ledger()
    for key, name in enumerate((None, "one", "two")):
        ledger.frame(name).record(create(key))
    assert [change.key for change in ledger.collapse()] == [(0,), (1,), (2,)]
    assert ledger.root.take() and not ledger.frame("one").take()


def test_what_a_suspension_let_pass_joins_with_its_first_actor_and_time() -> None:
    ledger, pause = Ledger(), Suspension("import")
    contexts = [AuditContext(Actor("user", number)) for number in (7, 8)]
    for number, context in enumerate(contexts, 1):
        at = datetime(2026, 11, 26, number)
        ledger.frame(number).let_pass(pause, context, at, number)
        ledger.frame(number).let_pass(Suspension("other"), context, at, 0)
        ledger.release(number, None)
    ((found, passed),) = ledger.root.passed.items()
    assert found is pause
    assert (passed.context, passed.number) == (contexts[0], 3)
    assert passed.at == datetime(2026, 11, 26, 1)


def test_a_cleared_ledger_knows_nothing() -> None:
    ledger = Ledger()
    ledger.root.record(create(1, name="a"))
    ledger.frame("inner").record(create(2, name="a"))
    ledger.root.rows["x"] = 3
    ledger.discard("inner")
    assert ledger.doubted == {(PLAN.root, (2,))}
    ledger.clear()
    assert not ledger.doubted
    ledger.release("inner", None)
    assert (ledger.root.take(), ledger.root.rows) == ([], {})


# -- against a table ------------------------------------------------------------------------------

keys = st.integers(1, 4)
names = st.sampled_from("abc")
steps = st.one_of(
    st.tuples(st.just("put"), keys, names),
    st.tuples(st.just("put"), keys, names),
    st.tuples(st.just("move"), keys, keys),
    st.tuples(st.just("swap"), keys, keys),
    st.tuples(st.just("delete"), keys, keys),
    st.tuples(st.sampled_from(["open", "release", "undo"]), keys, keys),
)


def done(table: Table, step: tuple[str, Any, Any]) -> Iterable[Change]:
    """Do one step to a table as a session would; yield its changes."""
    what, key, value = step
    if what == "put" and key in table:
        before = table[key]["name"]
        table[key] = {"name": value}
        if before != value:
            yield update(key, name=(before, value))
    elif what == "put":
        table[key] = {"name": value}
        yield create(key, name=value)
    elif what == "delete" and key in table:
        yield delete(key, **table.pop(key))
    elif what == "move" and key in table and value not in table:
        table[value] = table.pop(key)
        yield update(value, former=key)
    elif what == "swap" and key != value and key in table and value in table:
        for old, new in ((key, 9), (value, key), (9, value)):
            yield from done(table, ("move", old, new))


def explain(changes: Iterable[Change], before: Table, after: Table) -> None:
    """Demand that the changes are exactly the difference of the tables."""
    left, came, gone, made = dict(before), dict(after), set(), set()
    for change in changes:
        (key,) = change.key
        (former,) = change.former_key or change.key
        if change.operation == "create":
            made.add(key)
            assert {"name": change.values["name"]} == came.pop(key)
        elif change.operation == "delete":
            gone.add(key)
            assert {"name": change.values["name"]} == left.pop(key)
        else:
            old, new = left.pop(former)["name"], came.pop(key)["name"]
            pairs = {"name": (old, new)} if old != new else {}
            pairs |= {"id": (former, key)} if former != key else {}
            assert pairs and told(change)[3] == pairs
    assert left == came
    assert not gone & made


@settings(max_examples=1000, deadline=None)
@given(before=st.dictionaries(keys, names, max_size=4), steps=st.lists(steps, max_size=25))
@example(before={1: "a", 2: "b"}, steps=[
    ("put", 1, "c"), ("put", 2, "c"), ("open", 1, 1), ("swap", 1, 2), ("release", 1, 1),
])
@example(before={1: "a"}, steps=[
    ("delete", 1, 1), ("put", 2, "b"), ("put", 1, "b"),
])
@example(before={}, steps=[
    ("put", 1, "a"), ("open", 1, 1), ("put", 3, "a"), ("swap", 1, 3), ("release", 1, 1),
])
@example(before={3: "a"}, steps=[
    ("put", 1, "b"), ("open", 1, 1), ("delete", 1, 1), ("move", 3, 1), ("release", 1, 1),
])
def test_the_net_is_the_difference_of_the_tables(
    before: dict[int, str], steps: list[tuple[str, Any, Any]]
) -> None:
    start: Table = {key: {"name": name} for key, name in before.items()}
    table, ledger, frames = dict(start), Ledger(), [(None, start)]
    for number, step in enumerate(steps):
        if step[0] == "open":
            frames.append((str(number), dict(table)))
        elif step[0] == "release" and len(frames) > 1:
            ledger.release(frames.pop()[0], frames[-1][0])
        elif step[0] == "undo" and len(frames) > 1:
            name, table = frames.pop()
            ledger.discard(name)
        else:
            for change in done(table, step):
                ledger.frame(frames[-1][0]).record(change)
    while len(frames) > 1:
        ledger.release(frames.pop()[0], frames[-1][0])
    net = ledger.root.take()
    explain(net, start, table)
    assert [change.at for change in net] == sorted(change.at for change in net)
    assert all(change.plan is PLAN for change in net)
