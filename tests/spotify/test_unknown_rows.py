"""Targets with rows that Spotify does not know: named, or left out."""

from collections import Counter

import pytest

from shuffify.spotify.errors import RequestRefusedError, UnknownItemsError, WriteFailedError
from tests.spotify.diary import Diary
from tests.spotify.writes import ITEMS, LONG, MIXED, SHORT, backwards

B, C = (f"spotify:track:{letter * 22}" for letter in "bc")


@pytest.mark.parametrize(("words", "suspects"), [
    (f"Invalid track uri: {B}", [B]),
    ("Payload contains a non-existing ID", [B, C]),
])
def test_rows_that_spotify_does_not_know_are_named(
    gateway, write, monkeypatch, words, suspects
):
    def refuse(playlist_id, uris):
        raise RequestRefusedError(400, words)

    monkeypatch.setattr(gateway, "replace", refuse)
    diary = Diary()
    with pytest.raises(UnknownItemsError) as refusal:
        write(SHORT, lambda playlist: [*playlist.uris[::-1], B, C, B], diary)
    assert [*refusal.value.uris] == suspects
    assert diary.entries == ["pending", "void"]


@pytest.mark.parametrize(("playlist_id", "method"), [(LONG, "replace"), (MIXED, "edit")])
def test_unknown_rows_are_left_out_and_no_others(
    sandbox, write, elsewhere, playlist_id, method
):
    rows = sandbox.uris(playlist_id)[::-1]
    wanted = [B, *rows[:3], C, elsewhere, B, *rows[3:8], elsewhere, *rows[8:], B, elsewhere, C]
    diary = Diary()
    result = write(playlist_id, lambda playlist: wanted, diary, leave_out_unknown=True)
    assert sandbox.uris(playlist_id) == [row for row in wanted if row not in (B, C)]
    assert Counter(result.left_out) == Counter(row for row in wanted if row in (B, C))
    assert result.method == method and list(result.target) == sandbox.uris(playlist_id)
    assert diary.entries == ["pending", "applied"]


def test_unknown_rows_are_left_out_also_when_the_call_before_is_of_unknown_outcome(
    sandbox, write
):
    sandbox.fault("error_after", path=ITEMS, method="POST")
    wanted = [B, *sandbox.uris(LONG)[::-1], C]
    write(LONG, lambda playlist: wanted, Diary(), leave_out_unknown=True)
    assert sandbox.uris(LONG) == wanted[1:-1]


def test_too_many_unknown_rows_lead_back(sandbox, write):
    before, diary = sandbox.uris(SHORT), Diary()
    unknown = [f"spotify:track:{number:022}" for number in range(101)]
    with pytest.raises(WriteFailedError) as raised:
        write(SHORT, lambda playlist: [*before[::-1], *unknown], diary, leave_out_unknown=True)
    assert raised.value.restored and isinstance(raised.value.cause, UnknownItemsError)
    assert sandbox.uris(SHORT) == before and diary.entries == ["pending", "void"]


def test_where_every_row_is_unknown_the_list_is_cleared(sandbox, write):
    result = write(SHORT, lambda playlist: [B, C], Diary(), leave_out_unknown=True)
    assert sandbox.uris(SHORT) == [] and result.left_out == (B, C)


def test_any_other_refusal_keeps_its_words(gateway, write, monkeypatch):
    def refuse(playlist_id, uris):
        raise RequestRefusedError(400, "Error parsing JSON.")

    monkeypatch.setattr(gateway, "replace", refuse)
    with pytest.raises(RequestRefusedError, match="parsing"):
        write(SHORT, backwards, Diary())
