"""Where rate limits count."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from freezegun import freeze_time

from shuffify.web import counters
from shuffify.web.counters import Counters


def test_a_window_counts_until_its_end() -> None:
    with freeze_time("2026-11-23 12:00:00") as clock:
        kept = Counters()
        assert [kept.incr("a", 60) for _ in range(3)] == [1, 2, 3]
        end = kept.get_expiry("a")
        clock.tick(timedelta(seconds=59))
        assert (kept.get("a"), kept.incr("a", 60), kept.get_expiry("a")) == (3, 4, end)
        clock.tick(timedelta(seconds=2))
        assert (kept.get("a"), kept.incr("a", 60)) == (0, 1)
        assert kept.get_expiry("a") > end


def test_keys_are_apart_and_can_be_cleared() -> None:
    kept = Counters()
    kept.incr("a", 60)
    kept.incr("b", 60, 5)
    kept.clear("a")
    assert (kept.get("a"), kept.get("b")) == (0, 5)
    assert kept.reset() == 1
    assert kept.get("b") == 0


def test_old_windows_are_forgotten() -> None:
    with freeze_time("2026-11-23 12:00:00") as clock:
        kept = Counters()
        for number in range(counters.FORGET_ABOVE):
            kept.incr(f"user:{number}", 60)
        clock.tick(timedelta(minutes=2))
        kept.incr("last", 60)
        assert kept.reset() == 1


def test_no_count_is_lost_among_threads() -> None:
    kept = Counters()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: kept.incr("a", 60), range(800)))
    assert kept.get("a") == 800


def test_a_store_that_is_down_is_left_alone_for_a_while() -> None:
    kept = Counters(behind="redis://127.0.0.1:1/0")
    assert [kept.incr("a", 60) for _ in range(3)] == [1, 2, 3]
    assert kept.get("a") == 3
