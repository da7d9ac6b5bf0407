from collections import Counter
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from shuffify.spotify.sequences import (
    Diff,
    diff,
    keep_null_rows,
    left_over,
    longest_increasing,
    rows_added,
    target_digest,
)

letters = st.text(alphabet="ABCD", max_size=9)


@given(st.permutations(range(8)))
def test_no_longer_increasing_run_exists(values):
    run = [values[index] for index in longest_increasing(values)]
    assert run == sorted(run)
    longer = combinations(values, len(run) + 1)
    assert not any(list(choice) == sorted(choice) for choice in longer)


@given(letters, letters)
def test_a_difference_counts_what_came_and_went(before, after):
    found = diff(before, after)
    assert found.added == (Counter(after) - Counter(before)).total()
    assert found.removed == (Counter(before) - Counter(after)).total()
    assert 0 <= found.moved <= len(before) - found.removed


def test_a_difference_counts_rows_that_were_picked_up():
    assert diff("ABCD", "ABCD") == Diff(added=0, removed=0, moved=0)
    assert diff("ABCD", "DABC") == Diff(added=0, removed=0, moved=1)
    assert diff("AABC", "CAX") == Diff(added=1, removed=2, moved=1)
    assert diff([None, "A", None], ["A", None, None]).moved == 1


def test_null_rows_return_to_their_index():
    assert keep_null_rows(["A", None, "B", None], ["B", "A"]) == ("B", None, "A", None)
    assert keep_null_rows([None, "A"], []) == (None,)
    assert keep_null_rows(["A", "B", "C", None], ["C"]) == ("C", None)
    assert keep_null_rows(["A"], ["B", "A"]) == ("B", "A")


@given(st.lists(st.sampled_from(["A", "B", None]), max_size=9), st.randoms())
def test_reordering_around_null_rows_keeps_each_where_it_was(before, rng):
    wanted = [uri for uri in before if uri]
    rng.shuffle(wanted)
    after = keep_null_rows(before, wanted)
    assert [uri is None for uri in after] == [uri is None for uri in before]
    assert [uri for uri in after if uri] == wanted


@given(letters, st.lists(st.tuples(st.integers(0, 9), st.sampled_from("ABCDXY")), max_size=4))
def test_rows_in_between_are_told_from_the_target(target, additions):
    found = list(target)
    for position, row in additions:
        found.insert(position, row)
    extra = left_over(found, target)
    assert extra is not None
    assert Counter(extra) == Counter(row for _, row in additions)


def test_a_list_that_lacks_a_row_is_not_the_target():
    assert left_over("AC", "ABC") is None
    assert left_over("BA", "AB") is None
    assert left_over("", "") == []


def test_only_rows_beyond_both_lists_count_as_added():
    assert rows_added("ABBX", "AB", "BA") == Counter("BX")
    assert rows_added("AB", "ABC", "A") == Counter()


def test_a_digest_tells_orders_and_null_rows_apart():
    lists = [[], [None], ["A"], ["A", "B"], ["B", "A"], ["A,B"], ["null"]]
    assert len({target_digest(rows) for rows in lists}) == len(lists)
    assert all(len(target_digest(rows)) == 64 for rows in lists)
    assert target_digest(("A", None)) == target_digest(["A", None])
