"""The one write path against a real sandbox: what it writes, and what it will not."""

import random
from contextlib import contextmanager

import pytest

from shuffify.spotify.errors import (
    NotEditableError,
    NotFoundError,
    PlaylistBusyError,
    TooManyRowsError,
    UnwritableRowsError,
)
from shuffify.spotify.sequences import keep_null_rows, target_digest
from tests.spotify.diary import Diary
from tests.spotify.writes import LISTS, LONG, MIXED, SHORT, backwards, writes_of


@contextmanager
def busy():
    raise PlaylistBusyError(SHORT)
    yield


def shuffled(playlist):
    wanted = [uri for uri in playlist.uris if uri]
    random.Random(5).shuffle(wanted)
    return keep_null_rows(playlist.uris, wanted)


@pytest.mark.parametrize("role", ["twelve", "four_thirty", "twelve_hundred", "duplicates",
                                  "episodes", "unplayable", "relinked", "shared"])
def test_a_shuffle_arrives_and_is_written_down(sandbox, write, role):
    before, diary = sandbox.uris(LISTS[role]), Diary()
    result = write(LISTS[role], shuffled, diary)
    assert sorted(before) == sorted(sandbox.uris(LISTS[role]))
    assert sandbox.uris(LISTS[role]) == list(result.target) == list(result.playlist.uris)
    assert diary.entries == ["pending", "applied"]
    assert (result.method, result.calls) == ("replace", -(-len(before) // 100))
    assert len(writes_of(sandbox)) == result.calls
    assert list(result.before.uris) == before
    assert result.playlist.snapshot_id == sandbox.snapshot_id(LISTS[role])
    assert result.diff.added == result.diff.removed == 0 < result.diff.moved
    assert diary.snapshot.digest == target_digest(sandbox.uris(LISTS[role]))


@pytest.mark.parametrize("role", ["local_files", "null_rows", "mixed"])
def test_local_files_and_null_rows_survive_a_shuffle(sandbox, write, role):
    before, diary = sandbox.uris(LISTS[role]), Diary()
    result = write(LISTS[role], shuffled, diary)
    after = sandbox.uris(LISTS[role])
    assert sorted(before, key=str) == sorted(after, key=str)
    assert after == list(result.target) != before
    assert result.method == "moves"
    assert [uri is None for uri in after] == [uri is None for uri in before]


def test_an_equal_target_writes_nothing_and_is_no_news(sandbox, write):
    diary = Diary()
    result = write(SHORT, lambda playlist: playlist.uris, diary)
    assert not result.changed and diary.entries == [] and not writes_of(sandbox)


def test_a_list_is_cleared_and_filled_again(sandbox, write):
    before = sandbox.uris(LONG)
    assert write(LONG, lambda playlist: (), Diary()).diff.removed == 430
    assert sandbox.uris(LONG) == []
    assert write(LONG, lambda playlist: before, Diary()).method == "append"
    assert sandbox.uris(LONG) == before


def test_an_edit_changes_what_it_must_and_leaves_local_files(sandbox, write, elsewhere):
    before = sandbox.uris(MIXED)
    gone = next(uri for uri in before if uri and uri.startswith("spotify:track:"))
    target = [elsewhere, *(uri for uri in before if uri != gone)]
    result = write(MIXED, lambda playlist: target, Diary())
    assert sandbox.uris(MIXED) == target
    assert (result.method, result.diff.added) == ("edit", 1)
    assert result.diff.removed == before.count(gone)


@pytest.mark.parametrize("profile", ["dev2026", "extended"])
def test_both_generations_of_spotify_are_written_alike(sandbox, make_gateway, write, profile):
    sandbox.reset(profile=profile)
    target = sandbox.uris(LONG)[::-1]
    write(LONG, backwards, Diary(), through=make_gateway())
    assert sandbox.uris(LONG) == target


def test_a_list_with_local_files_is_not_written_row_by_row_for_ever(sandbox, write):
    sandbox.edit(LONG, "add", uris=["spotify:local:Ana:Casa:Mar:187", None])
    before, diary = sandbox.uris(LONG), Diary()
    with pytest.raises(UnwritableRowsError) as raised:
        write(LONG, shuffled, diary)
    assert (raised.value.local_files, raised.value.null_rows) == (1, 1)
    assert raised.value.calls > raised.value.limit == 200
    assert sandbox.uris(LONG) == before and diary.entries == []
    assert write(LONG, shuffled, diary, call_limit=1000).method == "moves"
    assert sandbox.uris(LONG) != before


def test_a_local_file_is_not_lost_unless_its_loss_is_accepted(sandbox, write):
    target = [uri for uri in sandbox.uris(MIXED) if uri and "local" not in uri]
    with pytest.raises(UnwritableRowsError):
        write(MIXED, lambda playlist: target, Diary())
    write(MIXED, lambda playlist: target, Diary(), accept_loss=True)
    assert sandbox.uris(MIXED) == target


def test_ten_thousand_rows_are_the_limit(sandbox, write, elsewhere):
    with pytest.raises(TooManyRowsError):
        write(SHORT, lambda playlist: [elsewhere] * 10_001, Diary())
    assert not writes_of(sandbox)


@pytest.mark.parametrize("role", ["foreign_public", "jonas_private"])
def test_other_peoples_lists_are_not_written(sandbox, write, role):
    diary = Diary()
    with pytest.raises((NotEditableError, NotFoundError)):
        write(LISTS[role], backwards, diary)
    assert diary.entries == [] and not writes_of(sandbox)


def test_a_readable_list_of_somebody_else_is_not_editable(sandbox, make_gateway, write):
    sandbox.reset(profile="extended")
    with pytest.raises(NotEditableError):
        write(LISTS["foreign_public"], backwards, Diary(), through=make_gateway())


def test_a_busy_playlist_is_not_even_read(sandbox, write):
    with pytest.raises(PlaylistBusyError):
        write(SHORT, backwards, Diary(), lock=busy())
    assert not sandbox.requests()


def test_progress_is_told_in_steps(write):
    told = []
    write(LONG, backwards, Diary(), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]
