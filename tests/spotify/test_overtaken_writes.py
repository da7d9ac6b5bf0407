"""Writes of lists that foreign clients change before, during or after them."""

import pytest

from shuffify.spotify.errors import PlaylistChangedError, WriteFailedError
from tests.spotify.diary import Diary
from tests.spotify.writes import LONG, SHORT, backwards, writes_of


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
