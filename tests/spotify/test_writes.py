"""The one write path against a real sandbox, with foreign clients in between."""

import random
from collections import Counter
from contextlib import contextmanager, nullcontext

import pytest

from shuffify.sandbox import library
from shuffify.spotify.errors import (
    NotEditableError,
    NotFoundError,
    PlaylistBusyError,
    PlaylistChangedError,
    RateLimitedError,
    RequestRefusedError,
    TooManyRowsError,
    UnavailableError,
    UnknownItemsError,
    UnwritableRowsError,
    WriteFailedError,
)
from shuffify.spotify.sequences import keep_null_rows, target_digest
from shuffify.spotify.writes import write_playlist
from tests.spotify.diary import Diary

LISTS = library.PLAYLISTS
SHORT, LONG, EMPTY = LISTS["twelve"], LISTS["four_thirty"], LISTS["empty"]
MIXED, SHARED = LISTS["mixed"], LISTS["shared"]
ITEMS = "/v1/playlists/*/items"


@contextmanager
def busy():
    raise PlaylistBusyError(SHORT)
    yield


@pytest.fixture
def write(sandbox, gateway, naps):
    """Return a function that writes as Mira: `write(playlist_id, compute, diary)`."""

    def write(playlist_id, compute, diary, *, user_id="mira", through=gateway, **options):
        return write_playlist(
            through,
            playlist_id,
            user_id=user_id,
            compute=compute,
            journal=diary,
            lock=options.pop("lock", nullcontext()),
            sleep=naps.append,
            **options,
        )

    return write


@pytest.fixture
def elsewhere(sandbox):
    """Return a track that the lists of these tests do not hold."""
    held = {uri for playlist_id in (SHORT, LONG, MIXED) for uri in sandbox.uris(playlist_id)}
    return next(uri for uri in sandbox.uris(LISTS["twelve_hundred"]) if uri not in held)


def backwards(playlist):
    return playlist.uris[::-1]


def shuffled(playlist):
    wanted = [uri for uri in playlist.uris if uri]
    random.Random(5).shuffle(wanted)
    return keep_null_rows(playlist.uris, wanted)


def writes_of(sandbox):
    return [entry for entry in sandbox.requests() if entry["method"] != "GET"]


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


def test_a_commit_on_an_old_version_is_refused_with_the_new_one(sandbox, write, elsewhere):
    seen, diary = sandbox.snapshot_id(SHORT), Diary()
    sandbox.edit(SHORT, "add", uris=[elsewhere], by="jonas")
    with pytest.raises(PlaylistChangedError) as raised:
        write(SHORT, backwards, diary, base_snapshot_id=seen)
    assert raised.value.snapshot_id == sandbox.snapshot_id(SHORT)
    assert diary.entries == [] and not writes_of(sandbox)


def test_a_commit_that_is_overtaken_after_its_snapshot_is_refused(sandbox, write, elsewhere):
    diary = Diary(pending=lambda: sandbox.edit(SHORT, "add", uris=[elsewhere]))
    with pytest.raises(PlaylistChangedError):
        write(SHORT, backwards, diary, base_snapshot_id=sandbox.snapshot_id(SHORT))
    assert diary.entries == ["pending", "void"] and not writes_of(sandbox)


def test_a_shuffle_that_is_overtaken_starts_over_from_the_new_list(sandbox, write, elsewhere):
    diary = Diary(pending=lambda: sandbox.edit(SHORT, "add", uris=[elsewhere]))
    result = write(SHORT, backwards, diary)
    assert diary.entries == ["pending", "refreshed", "applied"]
    assert sandbox.uris(SHORT)[0] == elsewhere
    assert result.before.uris[-1] == elsewhere == diary.snapshot.before.uris[-1]


def test_a_list_that_keeps_moving_is_left_alone(sandbox, write, elsewhere):
    def move():
        sandbox.edit(SHORT, "add", uris=[elsewhere])

    diary = Diary(pending=move, refreshed=move)
    with pytest.raises(PlaylistChangedError) as raised:
        write(SHORT, backwards, diary)
    assert raised.value.snapshot_id == sandbox.snapshot_id(SHORT)
    assert diary.entries == ["pending", "refreshed", "void"] and not writes_of(sandbox)


def test_a_list_that_becomes_the_target_by_itself_needs_no_write(sandbox, write):
    target = sandbox.uris(SHORT)[::-1]
    diary = Diary(pending=lambda: sandbox.edit(SHORT, "replace", uris=target))
    result = write(SHORT, lambda playlist: target, diary)
    assert not result.changed and diary.entries == ["pending", "void"]
    assert not writes_of(sandbox)


@pytest.mark.parametrize("position", [None, 0, 7])
def test_rows_that_others_add_meanwhile_stay_and_are_named(sandbox, write, elsewhere, position):
    where = {} if position is None else {"position": position}

    def interfere(done, total):
        if done == 2:
            sandbox.edit(LONG, "add", uris=[elsewhere], by="jonas", **where)

    diary = Diary()
    result = write(LONG, backwards, diary, progress=interfere)
    assert result.kept_added == (elsewhere,)
    assert diary.entries == ["pending", "applied"]
    after = sandbox.uris(LONG)
    assert after.count(elsewhere) == 1
    assert [uri for uri in after if uri != elsewhere] == list(result.target)


def test_a_row_that_others_add_again_is_theirs_too(sandbox, write):
    known = sandbox.uris(LONG)[0]

    def interfere(done, total):
        if done == total:
            sandbox.edit(LONG, "add", uris=[known], by="jonas")

    assert write(LONG, backwards, Diary(), progress=interfere).kept_added == (known,)


def test_rows_that_others_reorder_meanwhile_lead_back(sandbox, write, elsewhere, naps):
    before = sandbox.uris(LONG)

    def interfere(done, total):
        if done == total == 5:
            sandbox.edit(LONG, "move", range_start=0, insert_before=9)
            sandbox.edit(LONG, "add", uris=[elsewhere], by="jonas")

    diary = Diary()
    with pytest.raises(WriteFailedError) as raised:
        write(LONG, backwards, diary, progress=interfere)
    assert raised.value.restored and "nothing was lost" in str(raised.value)
    assert sandbox.uris(LONG) == [*before, elsewhere]
    assert diary.entries == ["pending", "void"]
    assert naps.count(0.5) == 2


def test_a_lagging_read_is_read_again(sandbox, write, naps):
    diary = Diary(pending=lambda: sandbox.fault("lagging_read", path=ITEMS, method="GET"))
    write(SHORT, backwards, diary)
    assert diary.entries == ["pending", "applied"] and naps == [0.5]


def test_progress_is_told_in_steps(write):
    told = []
    write(LONG, backwards, Diary(), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


def test_a_refusal_of_the_first_call_changes_nothing_and_keeps_its_name(sandbox, write):
    before, diary = sandbox.uris(LONG), Diary()
    sandbox.fault("rate_limit", path=ITEMS, method="PUT", retry_after=100)
    with pytest.raises(RateLimitedError):
        write(LONG, backwards, diary)
    assert sandbox.uris(LONG) == before and diary.entries == ["pending", "void"]


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


def test_an_addition_of_unknown_outcome_is_not_doubled(sandbox, write):
    sandbox.fault("error_after", path=ITEMS, method="POST", count=2)
    target = sandbox.uris(LONG)[::-1]
    diary = Diary()
    write(LONG, backwards, diary)
    assert sandbox.uris(LONG) == target and diary.entries == ["pending", "applied"]


def test_an_addition_that_arrived_in_part_is_completed(sandbox, write):
    sandbox.fault("partial", path=ITEMS, method="POST", applied=40)
    target = sandbox.uris(LONG)[::-1]
    write(LONG, backwards, Diary())
    assert sandbox.uris(LONG) == target


def test_an_addition_hidden_by_two_lagging_reads_is_found_out(sandbox, write):
    def hide():
        sandbox.fault("error_after", path=ITEMS, method="POST")
        sandbox.fault("lagging_read", path="/v1/playlists/*", method="GET", count=9)

    before, diary = sandbox.uris(LONG), Diary(pending=hide)
    with pytest.raises(WriteFailedError) as raised:
        write(LONG, backwards, diary)
    assert raised.value.restored
    assert sandbox.uris(LONG) == before and diary.entries == ["pending", "void"]


def test_when_nothing_helps_the_error_says_what_stands(sandbox, write):
    def fail(done, total):
        if done == 2:
            sandbox.fault("error_before", path=ITEMS, method="POST", count=None)
            sandbox.fault("error_before", path=ITEMS, method="PUT", count=None)

    before, diary = sandbox.uris(LONG), Diary()
    with pytest.raises(WriteFailedError) as raised:
        write(LONG, backwards, diary, progress=fail)
    failure = raised.value
    assert diary.entries == ["pending", "interrupted"] and diary.failure is failure
    assert not failure.restored and isinstance(failure.cause, UnavailableError)
    assert list(failure.found.uris) == sandbox.uris(LONG) == before[::-1][:200]
    assert (failure.calls_done, failure.calls_total) == (2, 5)
    assert "after 2 of 5 steps" in str(failure)
    assert "It had 430 rows, now it has 200." in str(failure)
    assert list(diary.snapshot.before.uris) == before


def test_a_list_that_could_not_be_put_back_is_not_called_restored(sandbox, write):
    # the rows that the write itself added must not pass for rows that somebody else added
    def fail(done, total):
        for method in ("PUT", "POST", "DELETE"):
            sandbox.fault("not_registered", path=ITEMS, method=method, count=None)

    before, diary = sandbox.uris(SHORT), Diary()
    with pytest.raises(WriteFailedError) as raised:
        write(SHORT, lambda playlist: [*playlist.uris] * 11, diary, progress=fail)
    assert not raised.value.restored and diary.entries == ["pending", "interrupted"]
    assert list(raised.value.found.uris) == sandbox.uris(SHORT) == (before * 10)[:112]


def test_a_write_whose_reading_back_is_refused_once_is_done(sandbox, write):
    def refuse(done, total):
        if done == total:
            sandbox.fault("not_registered", path="/v1/*", method="GET")

    target, diary = sandbox.uris(LONG)[::-1], Diary()
    write(LONG, backwards, diary, progress=refuse)
    assert sandbox.uris(LONG) == target and diary.entries == ["pending", "applied"]


def test_a_write_that_cannot_be_read_back_is_not_called_done(sandbox, write):
    def silence(done, total):
        if done == total:
            sandbox.fault("rate_limit", path="/v1/*", retry_after=900, count=None)

    target, diary = sandbox.uris(LONG)[::-1], Diary()
    with pytest.raises(WriteFailedError) as raised:
        write(LONG, backwards, diary, progress=silence)
    assert sandbox.uris(LONG) == target and diary.entries == ["pending", "interrupted"]
    assert raised.value.found is None
    assert "after 5 of 5 steps" in str(raised.value)
    assert "It had 430 rows, what stands now could not be read." in str(raised.value)


def test_an_error_of_the_journal_before_the_write_stops_it(sandbox, write):
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write(SHORT, backwards, Diary(pending=fail))
    assert not writes_of(sandbox)
