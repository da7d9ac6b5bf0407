"""kill -9 in the middle of a write, at any moment of it; then recovery."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
import random
from threading import Event
from time import monotonic

import pytest
import requests
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.cli.demo_world import Demo
from shuffify.cli.tour.browser import Browser, Outcome
from shuffify.extensions import db
from shuffify.models.base import utcnow
from shuffify.models.db import ActivityLog, PlaylistSnapshot
from shuffify.sandbox import library
from shuffify.services import PlaylistSnapshotService
from shuffify.spotify.sequences import target_digest
from tests.e2e.serving import PATIENCE, serving_process

KILLS = {"sqlite": 4, "postgresql": 30}
LENGTH = 250
"""Rows; three calls replace them."""

SLOW = 0.1
"""Seconds that each of these calls takes: most moments of a write are to be between them."""


class Scene:
    """A long playlist of Mira's, and processes that shuffle it until they are killed."""

    def __init__(
        self, world: Demo, url: str, variables: dict[str, str], folder: Path, browser: Browser
    ) -> None:
        self.sandbox = world.sandbox
        self.browser = browser
        self._world, self._database, self._folder = world, url, folder
        self._variables = {**variables, "PUBLIC_URL": world.url}
        rows = self.sandbox.uris(library.PLAYLISTS["four_thirty"])[:LENGTH]
        self.playlist = self.sandbox.create(library.MIRA, "Long way home", rows)
        assert browser.log_in(library.MIRA).status == 302
        with world.app.app_context():
            self._engine = db.engine

    @property
    def uris(self) -> list[str | None]:
        return self.sandbox.uris(self.playlist)

    def shuffle(self, kill_after: float | None = None) -> float:
        """Shuffle through a new process, killed so many seconds later; return how long it took."""
        with (
            serving_process(self._database, self._folder, self._variables) as (process, url),
            ThreadPoolExecutor(1) as pool,
        ):
            self.browser.url = url
            # A process is slow at first, and the moments are to be those of the write.
            assert self.browser.fetch(f"/playlist/{self.playlist}").status == 200
            for method in ("PUT", "POST"):
                self.sandbox.fault(
                    "slow", path=f"/v1/playlists/{self.playlist}/items", method=method,
                    count=None, seconds=SLOW,
                )
            start = monotonic()
            answer = pool.submit(self.browser.send, "POST", f"/shuffle/{self.playlist}")
            if kill_after is None:
                assert answer.result().status == 200
                self.sandbox.clear_faults()
                return monotonic() - start
            process.join(kill_after)
            process.kill()
            process.join(PATIENCE)
            assert process.exitcode == -9
            self._settled(answer)
            return kill_after

    def _settled(self, answer: "Future[Outcome]") -> None:
        """Wait until all that the dead process had sent has arrived."""
        try:
            assert answer.result().status == 200
        except requests.ConnectionError:
            pass
        # A request that is on its way is applied after its sender's death.
        handled = -1
        while handled != len(self.sandbox.requests()):
            handled = len(self.sandbox.requests())
            Event().wait(2 * SLOW)
        self.sandbox.clear_faults()

    def recover(self) -> None:
        """Recover as the scheduler does, two minutes later."""
        end = monotonic() + PATIENCE
        while self.pending and monotonic() < end:
            # PostgreSQL needs a moment to notice that the holder of the lock is dead.
            with self._world.app.app_context():
                PlaylistSnapshotService.recover(utcnow() + timedelta(minutes=3))

    @property
    def pending(self) -> list[int]:
        query = select(PlaylistSnapshot.id).where(PlaylistSnapshot.write_state == "pending")
        with Session(self._engine) as session:
            return [*session.scalars(query)]

    def snapshots(self) -> list[PlaylistSnapshot]:
        with Session(self._engine) as session:
            return [*session.scalars(select(PlaylistSnapshot).order_by(PlaylistSnapshot.id))]

    def rows(self) -> list[ActivityLog]:
        with Session(self._engine) as session:
            return [*session.scalars(select(ActivityLog).order_by(ActivityLog.id))]


@pytest.fixture
def scene(
    world: Demo, app_database_url: str, app_variables: dict[str, str], tmp_path: Path
) -> Iterator[Scene]:
    with closing(Browser(world.url)) as browser:
        yield Scene(world, app_database_url, app_variables, tmp_path, browser)


def outcome(scene: Scene, before: list[str | None], rows: int, snapshots: int) -> str:
    """Return what became of a write, having checked that all agree about it."""
    left = scene.rows()[rows:]
    kinds = [row.activity_type for row in left]
    assert {row.playlist_name for row in left} <= {"Long way home"}
    assert {row.user_id for row in left} <= {scene.rows()[0].user_id}
    taken = scene.snapshots()
    if taken[-1:] == [] or taken[-1].id <= snapshots:
        assert (scene.uris, kinds) == (before, [])
        return "not begun"
    snapshot = taken[-1]
    assert snapshot.track_uris == before
    if snapshot.write_state == "applied":
        assert target_digest(scene.uris) == snapshot.write_target
        assert [kind for kind in kinds if kind != "snapshot_delete"] == [
            "snapshot_create", "shuffle",
        ]
        facts = left[1].metadata_json or {}
        assert (facts["outcome"], facts["snapshot_id"]) == ("applied", snapshot.id)
        assert {*facts} >= {"algorithm", "params", "seed", "moved", "method", "track_count"}
        return "recorded late" if facts.get("reason") == "recovery" else "applied"
    assert (snapshot.write_state, scene.uris) == ("void", before)
    if snapshot.restored_at is None:
        assert kinds == ["snapshot_create"]
        return "void"
    assert kinds == ["snapshot_create", "snapshot_restore"]
    facts = left[1].metadata_json or {}
    assert (facts["reason"], left[1].source) == ("recovery", "scheduler")
    return "put back"


def test_killed_server_leaves_what_recovery_can_settle(
    scene: Scene, request: pytest.FixtureRequest
) -> None:
    whole = scene.shuffle()
    found = []
    for _ in range(KILLS[request.node.callspec.params["app_database_url"]]):
        before, rows = scene.uris, len(scene.rows())
        newest = scene.snapshots()[-1].id
        moment = random.uniform(0, whole)

        scene.shuffle(kill_after=moment)
        scene.recover()

        assert scene.pending == []
        found.append(outcome(scene, before, rows, newest))
        settled = len(scene.rows())
        scene.recover()
        assert len(scene.rows()) == settled
    # All alike would mean that the moments were not those of a write.
    assert len(found) < KILLS["postgresql"] or len({*found}) > 1, found
