"""Text that a terminal shows: harmless, and as wide as it was measured."""

from hypothesis import given, strategies as st
import pytest

from shuffify.cli import terminal
from shuffify.cli.terminal import Column


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2J\x1b]0;owned\x07", r"\x1b[2J\x1b]0;owned\x07"),
        ("one\ntwo\ttab\r", r"one\ntwo\ttab\r"),
        ("\x9b31m", r"\x9b31m"),
        ("a\u202ecod.exe\u202c", r"a\u202ecod.exe\u202c"),
        ("\u2066isolated\u2069\u200f", r"\u2066isolated\u2069\u200f"),
        ("\u2028line\u2029", r"\u2028line\u2029"),
        ("half \ud83d", r"half \ud83d"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_steers_a_terminal_is_spelt_out(hostile: str, shown: str) -> None:
    assert terminal.harmless(hostile) == shown


@pytest.mark.parametrize("text", ["Morning run", "雨の日", "👩‍🚀 späte Nacht", "Ñandú", "C:\\x1b"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert terminal.harmless(text) == text


def test_right_to_left_words_do_not_move_what_follows() -> None:
    assert terminal.harmless("أغاني") == "\u200eأغاني\u200e"


@pytest.mark.parametrize(
    ("text", "width"),
    [("abc", 3), ("雨の日", 6), ("e\u0301", 1), ("🌊", 2), ("\u200eأغاني\u200e", 5), ("", 0)],
)
def test_cells_are_counted_as_terminals_do(text: str, width: int) -> None:
    assert terminal.cells(text) == width


def test_lines_break_at_spaces_and_inside_words_that_are_too_long() -> None:
    assert terminal.wrapped("Saved 'Morning run' before shuffle", 14) == [
        "Saved 'Morning", "run' before", "shuffle",
    ]
    assert terminal.wrapped("Unbreakable", 4) == ["Unbr", "eaka", "ble"]
    assert terminal.wrapped("雨の日のプレイ", 5) == ["雨の", "日の", "プレ", "イ"]
    assert terminal.wrapped("", 5) == [""]


@given(st.text(), st.integers(2, 40))
def test_no_line_is_wider_than_asked_and_no_character_is_lost(text: str, width: int) -> None:
    lines = terminal.wrapped(terminal.harmless(text), width)
    assert all(terminal.cells(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == terminal.harmless(text).replace(" ", "")


def test_a_table_stacks_the_lines_of_a_record_and_its_wrapped_cells() -> None:
    layout = (
        (Column("ID", 4, right=True), Column("TYPE", 6)),
        (Column("", 4), Column("SENTENCE", 8)),
    )
    records = [{"ID": "7", "TYPE": "login", "SENTENCE": "Logged in again"}]
    assert list(terminal.table(layout, records)) == [
        "  ID  TYPE",
        "      SENTENCE",
        "   7  login",
        "      Logged",
        "      in again",
    ]
