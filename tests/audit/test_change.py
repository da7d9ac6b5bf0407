"""One change: what it tells, and what two of them come to (A4, A5, A10)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuffify.audit import Actor, AuditContext, Audited, Change
from shuffify.audit.canonical import NamedDigest, Secret, digest
from shuffify.audit.change import combine, label_in, replace
from shuffify.audit.keys import Untold
from shuffify.audit.links import Difference
from shuffify.audit.plan import Plan
from tests.audit.changes import PLAN, create, delete, told, update
from tests.audit.world import ActivityLog

LOG: Any = ActivityLog.__table__

CASES: dict[str, tuple[Change, Change, Any]] = {
    "create then update is one create with final values": (
        create(1, name="a", position=0),
        update(1, position=(0, 2)),
        ("create", (1,), {"name": "a", "position": 2}),
    ),
    "create then delete is nothing": (create(1, name="a"), delete(1, name="a"), None),
    "create then a new key is one create of the new key": (
        create(1, name="a"), update(2, former=1), ("create", (2,), {"name": "a"}),
    ),
    "change and change back is nothing": (
        update(1, name=("a", "b")), update(1, name=("b", "a")), None,
    ),
    "two updates are one from first before to last after": (
        update(1, name=("a", "b")),
        update(1, name=("b", "c"), position=(0, 1)),
        ("update", None, (1,), {"name": ("a", "c"), "position": (0, 1)}),
    ),
    "of two updates only what stays changed is told": (
        update(1, name=("a", "b"), position=(0, 1)),
        update(1, position=(1, 0)),
        ("update", None, (1,), {"name": ("a", "b")}),
    ),
    "update then delete is one delete with the values before the update": (
        update(1, name=("a", "b")),
        delete(1, name="b", position=3),
        ("delete", (1,), {"name": "a", "position": 3}),
    ),
    "delete and re-add of the same key is an update": (
        delete(1, name="a", position=3),
        create(1, name="b", position=3),
        ("update", None, (1,), {"name": ("a", "b")}),
    ),
    "delete and re-add of the same row is nothing": (
        delete(1, name="a"), create(1, name="a"), None,
    ),
    "a new key and another is one from the first to the last": (
        update(2, former=1),
        update(3, former=2),
        ("update", (1,), (3,), {"id": (1, 3)}),
    ),
    "a new key and back is nothing": (update(2, former=1), update(1, former=2), None),
    "a new key and back leaves what else changed": (
        update(2, former=1, name=("a", "b")),
        update(1, former=2),
        ("update", None, (1,), {"name": ("a", "b")}),
    ),
    "a new key then a delete is a delete of the old key": (
        update(2, former=1, name=("a", "b")),
        delete(2, name="b"),
        ("delete", (1,), {"name": "a"}),
    ),
    "a null that was set and unset again is nothing": (
        update(1, tags=(None, digest(["x"]))), update(1, tags=(digest(["x"]), None)), None,
    ),
    "equal digests are equal content": (
        update(1, tags=(digest(["x"]), digest(["y"]))),
        update(1, tags=(digest(["y"]), digest(["x"]))),
        None,
    ),
    "equal secrets are no change": (
        update(1, name=(Secret("a"), Secret("b"))), update(1, name=(Secret("b"), Secret("a"))),
        None,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_net_of(case: str) -> None:
    first, second, expected = CASES[case]
    assert told(combine(first, second)) == expected


def test_two_secrets_that_differ_stay_a_change_that_shows_neither() -> None:
    net = combine(
        update(1, name=(Secret("first"), Secret("second"))),
        update(1, name=(Secret("second"), Secret("third"))),
    )
    assert net is not None
    assert net.changed == {"name"}
    assert (net.before("name"), net.after("name"), net.label) == ("[secret]",) * 3
    assert repr(net.old["name"]) == "[secret]"


@pytest.mark.parametrize("second", [
    update(1, AuditContext(Actor("user", 8)), name=("b", "c")),
    delete(1, AuditContext(Actor("user", 8)), name="b"),
])
def test_the_net_takes_time_and_actor_of_the_first(second: Change) -> None:
    first = update(1, AuditContext(Actor("user", 7)), name=("a", "b"))
    net = combine(first, second)
    assert net is not None
    assert (net.context.user_id, net.at) == (7, first.at)


@pytest.mark.parametrize("first, second, is_when_it_moved", [
    (update(1, name=("a", "b")), update(2, former=1), True),
    (create(1), update(2, former=1), True),
    (update(2, former=1), update(3, former=2), True),
    (update(2, former=1), update(2, name=("a", "b")), False),
    (create(1), update(1, name=(None, "b")), False),
])
def test_an_object_that_moved_is_told_when_it_took_its_last_key(
    first: Change, second: Change, is_when_it_moved: bool
) -> None:
    net = combine(first, second)
    assert net is not None
    assert net.at == (second if is_when_it_moved else first).at
    assert net.context is first.context


def test_a_key_is_known_if_it_is_an_empty_text() -> None:
    assert replace(create(1), key=("",)).is_named
    assert not replace(create(1), key=(Untold(),)).is_named


def test_what_was_given_is_left_as_it_was() -> None:
    first, second = create(1, name="a"), update(1, name=("a", "b"))
    before = [told(first), told(second)]
    combine(first, second)
    assert [told(first), told(second)] == before


def test_a_change_reads_the_same_whatever_the_operation() -> None:
    made, altered, gone = create(1, name="a"), update(1, name=("a", "b")), delete(1, name="b")
    assert [made.before("name"), made.after("name"), made.value("name")] == [None, "a", "a"]
    assert [altered.before("name"), altered.after("name")] == ["a", "b"]
    assert [gone.before("name"), gone.after("name"), gone.value("name")] == ["b", None, "b"]
    assert [made.changed, altered.changed, gone.changed] == [{"name"}, {"name"}, frozenset()]
    assert [made.label, altered.label, gone.label] == ["a", "b", "b"]


@pytest.mark.parametrize("name", ["", None])
def test_an_object_without_a_name_goes_by_its_key(name: str | None) -> None:
    assert create(12, name=name).label == "#12"


def linked(change: Change, removed: str = "", added: str = "") -> Change:
    """Return a change with links, too; each letter is one, and its name in capitals."""
    gone, came = ({one: one.upper() for one in letters} for letters in (removed, added))
    return replace(change, links={"friends": Difference(gone, came)})


@pytest.mark.parametrize("change, value, before, after", [
    (linked(create(1), added="a"), ["A"], None, ["A"]),
    (linked(update(1), removed="a", added="b"), ["B"], ["A"], ["B"]),
    (linked(delete(1), removed="a"), ["A"], ["A"], None),
    (linked(delete(1), added="a"), None, None, None),
])
def test_links_read_like_a_column(change: Change, value: Any, before: Any, after: Any) -> None:
    read = (change.value("friends"), change.before("friends"), change.after("friends"))
    assert read == (value, before, after)
    assert ("friends" in change.changed) == (change.operation == "update")


@pytest.mark.parametrize("first, second, removed, added", [
    (linked(create(1), added="a"), linked(update(1), added="b"), "", "ab"),
    (update(1, name=("a", "b")), linked(update(1), added="b"), "", "b"),
    (linked(update(1), added="a"), update(1, name=("a", "b")), "", "a"),
    (linked(update(1), removed="a"), linked(delete(1), removed="b"), "ab", ""),
    (linked(update(1), removed="a"), linked(create(1), added="b"), "a", "b"),
    (linked(delete(1), removed="a"), linked(create(1), added="b"), "a", "b"),
])
def test_links_are_netted_with_their_object(
    first: Change, second: Change, removed: str, added: str
) -> None:
    net = combine(first, second)
    assert net is not None
    found = net.links["friends"]
    assert (set(found.removed), set(found.added)) == (set(removed), set(added))


def test_a_link_that_came_and_went_with_nothing_else_leaves_nothing() -> None:
    assert combine(linked(update(1), added="a"), linked(update(1), removed="a")) is None


def test_an_update_then_a_create_keeps_the_update_and_learns_the_values() -> None:
    first = update(1, name=("a", "b"))
    net = combine(first, create(1, position=3))
    assert net is not None
    assert (net.operation, net.at, net.value("position")) == ("update", first.at, 3)


@pytest.mark.parametrize("changes, counted", [
    ([delete(1, name="a"), create(1, name="b")], {"note": 2}),
    ([delete(1, name="a"), create(1, name="a")], {"note": 2}),
    ([delete(1, name="a"), create(1, name="b"), delete(1, name="b")], {"note": 4}),
    ([delete(1, name="a"), create(1, name="b"), update(1, name=("b", "a"))], {"note": 2}),
    ([update(1, name=("a", "b")), delete(1, name="b")], {"note": 2}),
])
def test_what_went_with_a_row_stays_counted(changes: list[Change], counted: Any) -> None:
    """Also where the row is made again: what ON DELETE took is gone all the same."""
    net: Change | None = None
    for change in changes:
        if change.operation == "delete":
            change = replace(change, cascaded={"note": 2})
        net = change if net is None else combine(net, change)
    assert net is not None and net.cascaded == counted


def test_what_went_in_either_of_two_updates_is_counted() -> None:
    counted = replace(update(1, name=("b", "a")), cascaded={"note": 2})
    for changes in ((update(1, name=("a", "b")), counted), (counted, update(1, name=("a", "b")))):
        net = combine(*changes)
        assert net is not None and net.cascaded == {"note": 2}


def test_what_was_made_again_is_told_as_its_new_self() -> None:
    made = replace(create(1, name="b", position=3), plan=Plan(PLAN.mapper, Audited(), LOG))
    net = combine(delete(1, name="a"), made)
    assert net is not None and (net.plan, net.values) == (made.plan, made.values)


@pytest.mark.parametrize("first", [create(1, name="b"), update(1, name=("a", "b"))])
def test_what_an_object_did_not_hear_of_is_not_told_by_it(first: Change) -> None:
    """A statement without `synchronize_session` leaves the old name in the object."""
    stale = update(1, position=(0, 1))
    stale = replace(stale, values={**stale.values, "name": "a", "user_id": 8})
    net = combine(first, stale)
    assert net is not None
    assert (net.value("name"), net.label, net.value("position")) == ("b", "b", 1)
    assert net.owner == 8


def test_what_a_creation_could_not_tell_an_update_may() -> None:
    """A capture that failed knows the key alone."""
    made = replace(create(1), values={"id": 1})
    net = combine(made, replace(update(1, position=(0, 2)), values={"name": "b", "position": 2}))
    assert net is not None and net.values == {"id": 1, "name": "b", "position": 2}


@pytest.mark.parametrize("pair, action", [
    ((None, "today"), "delete"), (("today", None), "restore"), (("today", "now"), "update"),
    ((False, True), "delete"), ((True, False), "restore"), ((None, False), "update"),
])
def test_a_soft_delete_is_a_column_that_is_set(pair: tuple[Any, Any], action: str) -> None:
    plan = Plan(PLAN.mapper, Audited(soft_delete="comment"), LOG)
    assert replace(update(1, comment=pair), plan=plan).action == action
    assert replace(update(1, name=("a", "b")), plan=plan).action == "update"
    assert replace(create(1, comment="today"), plan=plan).action == "create"


def test_the_first_name_that_is_not_empty_names_an_object() -> None:
    plan = Plan(PLAN.mapper, Audited(), LOG)
    plan.label = ("name", "comment")
    assert label_in(plan, {"name": "", "comment": "x"}) == "x"


def test_the_net_of_two_updates_knows_all_values() -> None:
    first = replace(update(1, name=("a", "b")), values={"comment": "x", "position": 1})
    net = combine(first, replace(update(1, name=("b", "c")), values={"position": 2}))
    assert net is not None
    assert net.values == {"comment": "x", "position": 2, "name": "c"}


def test_an_object_goes_by_its_name_though_only_the_digest_is_recorded() -> None:
    assert create(1, name=NamedDigest("Intro")).label == "Intro"


# -- associativity ------------------------------------------------------------------------------

rows = st.fixed_dictionaries({
    "name": st.sampled_from("ab"), "position": st.sampled_from([None, 1]),
})
lives = st.lists(st.none() | rows, min_size=4, max_size=4)
moves = st.lists(st.tuples(st.integers(1, 3), rows), min_size=4, max_size=4)


def step(before: Any, after: Any) -> Change | None:
    """Return the change from one state of an object to another; a state is (key, row)."""
    if before == after or (before[1] is None and after[1] is None):
        return None
    (old_key, old), (key, new) = before, after
    if old is None:
        return create(key, **new)
    if new is None:
        return delete(key, **old)
    pairs = {name: (old[name], new[name]) for name in new if old[name] != new[name]}
    return update(key, former=old_key if old_key != key else None, **pairs)


def net(first: Change | None, second: Change | None) -> Change | None:
    """Combine, where nothing combined with a change is that change."""
    return (combine(first, second) if first and second else None) or (
        first if second is None else second if first is None else None
    )


@given(st.one_of(lives.map(lambda life: [(1, row) for row in life]), moves))
def test_it_does_not_matter_which_two_of_three_are_netted_first(life: list[Any]) -> None:
    one, two, three = (step(before, after) for before, after in zip(life, life[1:]))
    left, right = net(net(one, two), three), net(one, net(two, three))
    assert told(left) == told(right) == told(step(life[0], life[-1]))


@pytest.mark.parametrize("former, told_former", [
    (None, None), (("b ",), ("b",)), (("a   ",), None),
])
def test_a_key_is_told_as_it_is_read_back(former: Any, told_former: Any) -> None:
    plan = Plan(PLAN.mapper, Audited(), LOG)
    plan.key_form = lambda key: tuple([part.rstrip() for part in key])
    change = replace(update(1, name=("a", "b")), plan=plan, key=("a  ",), former_key=former)
    assert (change.key, change.former_key) == (("a",), told_former)
