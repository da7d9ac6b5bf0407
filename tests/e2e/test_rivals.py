"""Two browsers and a schedule that want the same playlist at once: one write after the other."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shuffify.cli.demo_world import Demo
from shuffify.cli.tour.browser import Browser, Outcome
from shuffify.extensions import db
from shuffify.models.base import utcnow
from shuffify.models.db import ActivityLog, PlaylistSnapshot, Schedule, User
from shuffify.models.sqlite import write_transactions
from shuffify.sandbox import library
from shuffify.services import JobExecutorService
from shuffify.spotify.sequences import target_digest

LIST = library.PLAYLISTS["hundred_twenty"]
NAME = library.PLAYLIST_NAMES["hundred_twenty"]
WRITES = ("shuffle", "workshop_commit", "snapshot_restore", "schedule_run")
ROUNDS = {"sqlite": 8, "postgresql": 42}
"""Fifty in all."""


class Rivals:
    """Two browsers of Mira and a schedule of hers, before one playlist."""

    def __init__(self, world: Demo, first: Browser, second: Browser) -> None:
        self.world = world
        self.first, self.second = first, second
        for browser in (first, second):
            assert browser.log_in(library.MIRA).status == 302
        taken = first.send("POST", f"/playlist/{LIST}/snapshots")
        self.snapshot = taken.body["snapshot"]["id"]
        self.start = world.sandbox.uris(LIST)
        with world.app.app_context():
            self._engine = db.engine.execution_options(audit="behind the app's back")
        # The scheduler writes meanwhile.
        with write_transactions(), Session(self._engine) as session:
            schedule = Schedule(
                user_id=session.scalars(select(User.id)).one(), job_type="shuffle",
                target_playlist_id=LIST, target_playlist_name=NAME,
                algorithm_name="BasicShuffle",
            )
            session.add(schedule)
            session.commit()
            self.schedule = schedule.id

    def shuffle(self, browser: Browser) -> Outcome:
        return browser.send("POST", f"/shuffle/{LIST}")

    def restore(self, browser: Browser) -> Outcome:
        return browser.send("POST", f"/snapshots/{self.snapshot}/restore")

    def commit(self, browser: Browser, base: str) -> Outcome:
        """Commit the list backwards, as it was at this version."""
        body = {"track_uris": self.start[::-1], "base_snapshot_id": base}
        return browser.send("POST", f"/workshop/{LIST}/commit", body)

    def run(self) -> str:
        """Run the schedule as the scheduler does; return how the run ended."""
        with self.world.app.app_context():
            run = JobExecutorService.execute(self.schedule, utcnow())
            assert run is not None
            return run.status

    def newest(self) -> tuple[int, int]:
        """Return how far snapshots and trail have come."""
        with Session(self._engine) as session:
            return (
                session.scalar(select(func.max(PlaylistSnapshot.id))) or 0,
                session.scalar(select(func.max(ActivityLog.id))) or 0,
            )

    def snapshots(self, after: int) -> list[PlaylistSnapshot]:
        newer = select(PlaylistSnapshot).where(PlaylistSnapshot.id > after)
        with Session(self._engine) as session:
            return [*session.scalars(newer.order_by(PlaylistSnapshot.id))]

    def writes(self, after: int) -> Counter[str]:
        """Count the rows of writes in the trail, by their type."""
        newer = select(ActivityLog.activity_type).where(
            ActivityLog.id > after, ActivityLog.activity_type.in_(WRITES)
        )
        with Session(self._engine) as session:
            return Counter(session.scalars(newer))


@pytest.fixture
def rivals(world: Demo) -> Iterator[Rivals]:
    with ExitStack() as stack:
        browsers = [stack.enter_context(closing(Browser(world.url))) for _ in range(2)]
        yield Rivals(world, *browsers)


def meet(rivals: Rivals) -> None:
    """Let all want the playlist at once, and look at all that each found and left."""
    sandbox = rivals.world.sandbox
    base, before = sandbox.snapshot_id(LIST), sandbox.uris(LIST)
    snapshots, rows = rivals.newest()
    together = Barrier(3)

    def first() -> list[tuple[str, Outcome]]:
        together.wait()
        return [
            ("shuffle", rivals.shuffle(rivals.first)),
            ("snapshot_restore", rivals.restore(rivals.first)),
        ]

    def second() -> list[tuple[str, Outcome]]:
        together.wait()
        return [
            ("workshop_commit", rivals.commit(rivals.second, base)),
            ("shuffle", rivals.shuffle(rivals.second)),
        ]

    def scheduler() -> str:
        together.wait()
        return rivals.run()

    with ThreadPoolExecutor(3) as pool:
        browsers = [pool.submit(first), pool.submit(second)]
        run = pool.submit(scheduler)
        outcomes = [outcome for browser in browsers for outcome in browser.result()]
        assert run.result() == "success"

    done = Counter(["schedule_run"])
    for what, outcome in outcomes:
        if outcome.status == 200:
            done[what] += outcome.body["category"] == "success"
        else:
            assert (outcome.status, outcome.body["code"]) in (
                (409, "playlist_changed"), (409, "playlist_busy"),
            )
            assert outcome.body["message"]
    assert rivals.writes(rows) == +done
    chained(rivals.snapshots(snapshots), before, sandbox.uris(LIST))
    assert Counter(sandbox.uris(LIST)) == Counter(rivals.start)


def chained(
    taken: list[PlaylistSnapshot], before: list[str | None], after: list[str | None]
) -> None:
    """Check that each write found exactly what the one before it had meant to leave."""
    assert {snapshot.write_state for snapshot in taken} == {"applied"}
    found = [before, *(snapshot.track_uris for snapshot in taken[1:]), after]
    assert taken[0].track_uris == before
    assert [snapshot.write_target for snapshot in taken] == [
        target_digest(uris) for uris in found[1:]
    ]


def test_rivals_lose_no_track_and_never_interleave(
    rivals: Rivals, request: pytest.FixtureRequest
) -> None:
    for _ in range(ROUNDS[request.node.callspec.params["app_database_url"]]):
        meet(rivals)


@pytest.mark.parametrize("app_database_url", ["postgresql"], indirect=True)
def test_browser_that_waited_in_vain_is_told_so_and_the_schedule_waits_on(
    rivals: Rivals,
) -> None:
    sandbox = rivals.world.sandbox
    before, (snapshots, rows) = sandbox.uris(LIST), rivals.newest()
    sandbox.fault("slow", path=f"/v1/playlists/{LIST}/items", method="PUT", seconds=6)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(rivals.shuffle, rivals.first)
        while not rivals.snapshots(snapshots):
            # Its snapshot is committed when it holds the lock and before it writes.
            pass
        run = pool.submit(rivals.run)
        loser = rivals.shuffle(rivals.second)
        assert slow.result().status == 200
        assert run.result() == "success"

    assert (loser.status, loser.body["code"]) == (409, "playlist_busy")
    assert loser.body["message"]
    assert rivals.writes(rows) == Counter(["shuffle", "schedule_run"])
    chained(rivals.snapshots(snapshots), before, sandbox.uris(LIST))
