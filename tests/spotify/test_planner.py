import random
from collections import Counter
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuffify.spotify.calls import Add, Move, Remove, Replace
from shuffify.spotify.errors import TooManyRowsError, UnwritableRowsError
from shuffify.spotify.losses import Loss, can_return
from shuffify.spotify.planner import plan
from shuffify.spotify.sequences import longest_increasing, paired
from tests.spotify.playback import played

EVER = 10**6


def track(number: int) -> str:
    return f"spotify:track:{number:022d}"


def tracks(*numbers: int) -> tuple[str, ...]:
    return tuple(track(number) for number in numbers)


LOCAL = "spotify:local:Ana:Casa:Mar:187"

songs = st.integers(0, 7).map(track)
writable_lists = st.lists(songs, max_size=14)
unwritable = st.sampled_from([LOCAL, "spotify:local:B:B:B:1", None])
mixed_lists = st.lists(songs | unwritable, max_size=14)
lengths = st.sampled_from([0, 1, 5, 99, 100, 101, 199, 200, 201, 350])


def reordering(rows):
    return st.permutations(rows)


@st.composite
def edits(draw):
    """Two lists with the same unwritable rows, in any order."""
    before = draw(mixed_lists)
    stuck = [uri for uri in before if not can_return(uri)]
    target = draw(st.permutations([*stuck, *draw(writable_lists)]))
    return before, target


@given(edits())
def test_every_plan_leads_to_its_target(lists):
    before, target = lists
    planned = plan(before, target, call_limit=EVER)
    assert planned.target == tuple(target)
    assert played(before, planned.calls) == list(target)


@given(edits())
def test_unwritable_rows_stand_in_the_list_after_every_single_call(lists):
    before, target = lists
    stuck = Counter(uri for uri in before if not can_return(uri))
    rows = list(before)
    for call in plan(before, target, call_limit=EVER).calls:
        rows = played(rows, [call])
        assert Counter(uri for uri in rows if not can_return(uri)) == stuck


@given(edits())
def test_no_plan_takes_more_calls_than_the_best_single_strategy(lists):
    before, target = lists
    costs = []
    if all(map(can_return, target)):
        costs.append(max(1, ceil(len(target) / 100)))
    if target[:len(before)] == before:
        costs.append(ceil((len(target) - len(before)) / 100))
    if Counter(before) == Counter(target):
        costs.append(len(before) - len(longest_increasing(paired(before, target))))
    kept = len([place for place in paired(before, target) if place is not None])
    costs.append(2 * (len(before) + len(target)) - kept)
    cost = plan(before, target, call_limit=EVER).cost
    assert cost <= (min(costs) if before != target else 0)


@given(writable_lists.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_moves_never_cost_more_than_rows_that_have_to_move(lists):
    before, target = [LOCAL, *lists[0]], [LOCAL, *lists[1]]
    planned = plan(before, target, call_limit=EVER)
    assert all(isinstance(call, Move) for call in planned.calls)
    moved = len(before) - len(longest_increasing(paired(before, target)))
    assert planned.cost <= moved


@given(before=writable_lists, count=lengths)
def test_long_lists_arrive_in_batches_of_a_hundred(before, count):
    target = [track(number) for number in range(1000, 1000 + count)]
    planned = plan(before, target, call_limit=EVER)
    assert played(before, planned.calls) == target
    assert all(len(c.uris) <= 100 for c in planned.calls if isinstance(c, Add | Replace | Remove))


@given(seed=st.integers(0, 999), count=st.integers(0, 3), new=st.integers(0, 3))
def test_long_edited_lists_arrive_too(seed, count, new):
    rng = random.Random(seed)
    before = [*map(track, range(260)), LOCAL, None]
    target = rng.sample(before[:260], 260 - count * 50) + [LOCAL, None]
    target += map(track, range(500, 500 + new * 70))
    rng.shuffle(target)
    planned = plan(before, target, call_limit=EVER)
    assert played(before, planned.calls) == target


@pytest.mark.parametrize(
    ("before", "target", "method", "calls"),
    [
        (tracks(1, 2), tracks(1, 2), "none", ()),
        ((), (), "none", ()),
        (tracks(1, 2), (), "replace", (Replace(()),)),
        ((), tracks(1), "append", (Add(tracks(1)),)),
        (tracks(1, 2), tracks(2, 1), "replace", (Replace(tracks(2, 1)),)),
        (tracks(1), tracks(1, 2, 3), "append", (Add(tracks(2, 3)),)),
        ((LOCAL,), (LOCAL, track(1)), "append", (Add(tracks(1)),)),
        ((LOCAL, track(1)), (track(1), LOCAL), "moves", (Move(0, 2, 1),)),
        ((LOCAL, track(1)), (LOCAL,), "edit", (Remove(tracks(1)),)),
        ((LOCAL,), (track(1), LOCAL), "edit", (Add(tracks(1), 0),)),
        (
            (LOCAL, *tracks(1, 1, 2)),
            (LOCAL, *tracks(2, 1)),
            "edit",
            (Remove(tracks(1)), Add(tracks(1), 2)),
        ),
        (
            tracks(*range(250)),
            tracks(*range(200, 250), *range(200)),
            "moves",
            (Move(0, 250, 200),),
        ),
        (
            tracks(*range(250)),
            tracks(*range(100), 900, *range(100, 250)),
            "edit",
            (Add(tracks(900), 100),),
        ),
    ],
)
def test_the_way_is_the_expected_one(before, target, method, calls):
    planned = plan(before, target, call_limit=EVER)
    assert (planned.method, planned.calls) == (method, calls)


def test_a_full_shuffle_of_a_long_list_is_a_replacement():
    before = tracks(*range(1200))
    target = random.Random(1).sample(before, 1200)
    planned = plan(before, target, call_limit=200)
    assert (planned.method, planned.cost) == ("replace", 12)


@pytest.mark.parametrize("limit", [200, 1000])
def test_a_way_row_by_row_beyond_the_limit_is_refused_with_numbers(limit):
    rows = [LOCAL, None, *tracks(*range(1500))]
    target = random.Random(1).sample(rows, len(rows))
    with pytest.raises(UnwritableRowsError) as raised:
        plan(rows, target, call_limit=limit)
    error = raised.value
    assert (error.local_files, error.null_rows, error.limit) == (1, 1, limit)
    assert limit < error.calls < 1500
    assert "1 local file and 1 removed track" in str(error)
    assert "Keep more of the first tracks" in str(error)


@pytest.mark.parametrize(
    ("before", "target", "local_files", "null_rows"),
    [
        ((LOCAL, track(1)), tracks(1), 1, 0),
        ((None, None, track(1)), (track(1), None), 0, 1),
        (tracks(1), (track(1), LOCAL), 1, 0),
        ((LOCAL,), (LOCAL, LOCAL, None), 1, 1),
    ],
)
def test_unwritable_rows_neither_leave_nor_come(before, target, local_files, null_rows):
    with pytest.raises(UnwritableRowsError) as raised:
        plan(before, target, call_limit=EVER)
    error = raised.value
    assert (error.local_files, error.null_rows) == (local_files, null_rows)
    assert error.missing + error.leaving + error.staying == local_files + null_rows
    assert error.calls is None


@pytest.mark.parametrize(
    ("before", "target", "outcome"),
    [
        ((LOCAL, track(1)), tracks(1), tracks(1)),
        ((LOCAL, track(1)), (track(1), None), tracks(1)),
        (tracks(1), (track(2), LOCAL, track(1)), tracks(2, 1)),
        ((LOCAL, track(1)), (track(2), LOCAL, None), (track(2), LOCAL)),
        ((None, None, track(1)), (track(1), None), (track(1), None, None)),
        ((LOCAL, None, track(1)), (track(2), LOCAL), (track(2), LOCAL, None)),
    ],
)
def test_an_accepted_loss_leaves_out_what_cannot_be_and_no_more(before, target, outcome):
    planned = plan(before, target, call_limit=EVER, accept_loss=True)
    assert planned.target == outcome
    assert tuple(played(before, planned.calls)) == outcome


@given(before=mixed_lists, target=mixed_lists)
def test_no_row_leaves_for_good_that_need_not(before, target):
    planned = plan(before, target, call_limit=EVER, accept_loss=True)
    rows = played(before, planned.calls)
    assert tuple(rows) == planned.target
    stood, wanted, stands = (
        Counter(uri for uri in uris if not can_return(uri)) for uris in (before, target, rows)
    )
    # all that stood, or none of it where none is wanted: no call takes out single ones
    assert stands == (stood if stood & wanted else Counter())
    loss = Loss.between(before, target)
    assert len(loss.leaving) == (stood - stands).total()
    assert len(loss.staying) == (stands - wanted).total()
    assert len(loss.missing) == (wanted - stood).total()
    assert [uri for uri in rows if can_return(uri)] == [uri for uri in target if can_return(uri)]


def test_a_list_longer_than_a_playlist_can_be_is_refused():
    with pytest.raises(TooManyRowsError, match="10,000 tracks at most, this would be 10,001"):
        plan((), tracks(*range(10_001)), call_limit=EVER)


def test_the_longest_possible_list_is_planned():
    before = tracks(*range(10_000))
    target = random.Random(1).sample(before, 10_000)
    planned = plan(before, target, call_limit=200)
    assert planned.cost == 100
    assert tuple(played(before, planned.calls)) == tuple(target)
