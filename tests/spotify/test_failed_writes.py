"""Writes whose calls fail, arrive unnoticed or cannot be read back."""

import pytest

from shuffify.spotify.errors import RateLimitedError, UnavailableError, WriteFailedError
from tests.spotify.diary import Diary
from tests.spotify.writes import ITEMS, LONG, SHORT, backwards, writes_of


def test_a_lagging_read_is_read_again(sandbox, write, naps):
    diary = Diary(pending=lambda: sandbox.fault("lagging_read", path=ITEMS, method="GET"))
    write(SHORT, backwards, diary)
    assert diary.entries == ["pending", "applied"] and naps == [0.5]


def test_a_refusal_of_the_first_call_changes_nothing_and_keeps_its_name(sandbox, write):
    before, diary = sandbox.uris(LONG), Diary()
    sandbox.fault("rate_limit", path=ITEMS, method="PUT", retry_after=100)
    with pytest.raises(RateLimitedError):
        write(LONG, backwards, diary)
    assert sandbox.uris(LONG) == before and diary.entries == ["pending", "void"]


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
