"""The row edits: documented examples, and properties over random lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuffify.sandbox import edits, library
from shuffify.sandbox.edits import OutOfBoundsError, Rows
from shuffify.sandbox.library import Row


def rows(text: str) -> Rows:
    """Make a list of rows, told apart by their dates."""
    return tuple(Row(None, letter, None) for letter in text)


def text(moved: Rows) -> str:
    return "".join(row.added_at for row in moved)


@pytest.mark.parametrize(("start", "before", "length", "expected"), [
    (0, 10, 1, "bcdefghija"),       # documented: first to the last position
    (9, 0, 1, "jabcdefghi"),        # documented: last to the front
    (8, 0, 2, "ijabcdefgh"),
    (0, 10, 3, "defghijabc"),
    (2, 5, 2, "abecdfghij"),
    (5, 2, 2, "abfgcdehij"),
    (3, 3, 1, "abcdefghij"),
    (3, 4, 1, "abcdefghij"),
    (2, 4, 4, "abcdefghij"),        # into itself
    (0, 0, 10, "abcdefghij"),
])
def test_a_range_moves_before_the_row_that_was_there(start: int, before: int, length: int,
                                                     expected: str) -> None:
    assert text(edits.reorder(rows("abcdefghij"), start, before, length)) == expected


@pytest.mark.parametrize(("start", "before", "length"), [
    (-1, 0, 1), (3, 0, 1), (0, 4, 1), (0, -1, 1), (0, 0, 0), (2, 0, 2)])
def test_a_range_outside_the_list_is_refused(start: int, before: int, length: int) -> None:
    with pytest.raises(OutOfBoundsError):
        edits.reorder(rows("abc"), start, before, length)


@st.composite
def moves(draw: st.DrawFn) -> tuple[Rows, int, int, int]:
    size = draw(st.integers(1, 30))
    start = draw(st.integers(0, size - 1))
    length = draw(st.integers(1, size - start))
    return rows("".join(map(chr, range(97, 97 + size)))), start, draw(st.integers(0, size)), length


@given(moves())
def test_moving_loses_nothing_and_keeps_the_order_of_both_parts(
        move: tuple[Rows, int, int, int]) -> None:
    before, start, target, length = move
    after = edits.reorder(*move)
    segment = before[start:start + length]
    assert sorted(text(after)) == sorted(text(before))
    assert [row for row in after if row not in segment] == [
        row for row in before if row not in segment]
    at = after.index(segment[0])
    assert after[at:at + length] == segment


@given(moves())
def test_a_row_outside_the_range_follows_the_segment_directly(
        move: tuple[Rows, int, int, int]) -> None:
    before, start, target, length = move
    after = edits.reorder(*move)
    if start <= target <= start + length:
        assert after == before
    elif target < len(before):
        assert after.index(before[target]) == after.index(before[start]) + length
    else:
        assert after[-length:] == before[start:start + length]


@given(moves())
def test_a_move_from_the_current_version_equals_the_plain_move(
        move: tuple[Rows, int, int, int]) -> None:
    before, start, target, length = move
    assert edits.reorder_from(before, before, start, target, length) == edits.reorder(*move)


def test_a_move_for_an_older_version_follows_the_rows_and_keeps_newcomers() -> None:
    base = rows("abcde")
    newcomer = rows("X")
    current = newcomer + base[:3] + base[4:]
    assert text(edits.reorder_from(base, current, 0, 5, 2)) == "Xceab"
    assert text(edits.reorder_from(base, current, 4, 1, 1)) == "Xaebc"
    assert text(edits.reorder_from(base, current, 3, 0, 1)) == "Xabce"


def test_replacing_keeps_the_dates_of_rows_that_were_there_on_demand() -> None:
    old = rows("ab")
    assert text(edits.replace(old, [None, None, None], now="n", by=None, keep_dates=True)) == "abn"
    assert text(edits.replace(old, [None], now="n", by=None, keep_dates=False)) == "n"


def test_removal_that_names_a_version_spares_rows_that_came_later() -> None:
    song = library.LOCAL_FILES[0]
    base = (Row(song, "a", None), Row(None, "b", None))
    current = (*base, Row(song, "c", None))
    assert text(edits.remove(current, {song.uri}, base)) == "bc"
    assert text(edits.remove(current, {song.uri})) == "b"


def test_blanking_keeps_the_place_and_the_date() -> None:
    assert text(edits.blank(rows("abc"), {1})) == "abc"
    with pytest.raises(OutOfBoundsError):
        edits.blank(rows("abc"), {3})
