"""One refresh among eight browser threads and the scheduler; and what a refused one leads to."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.cli.demo_world import Demo
from shuffify.cli.tour.browser import Browser, Outcome
from shuffify.extensions import db
from shuffify.jobs import runner
from shuffify.models.base import utcnow
from shuffify.models.db import ActivityLog, JobExecution, Schedule, User
from shuffify.models.sqlite import write_transactions
from shuffify.sandbox import library
from shuffify.services import TokenService

THREADS = 8
LIST = library.PLAYLISTS["twelve"]
NAME = library.PLAYLIST_NAMES["twelve"]
LOST = "Spotify no longer accepts this connection. Reconnect Spotify to go on."


class Crowd:
    """Eight browsers of Mira, and a schedule of hers that is due."""

    def __init__(self, world: Demo, browsers: list[Browser]) -> None:
        self.world = world
        self.browsers = browsers
        assert all(browser.log_in(library.MIRA).status == 302 for browser in browsers)
        with world.app.app_context():
            engine = db.engine.execution_options(audit="behind the app's back")
            self.session = Session(engine)
        due = utcnow() - timedelta(minutes=1)
        with write_transactions():  # The scheduler writes meanwhile.
            schedule = Schedule(
                user_id=self.mira.id, job_type="shuffle", target_playlist_id=LIST,
                target_playlist_name=NAME, algorithm_name="BasicShuffle", anchor_at=due,
                next_run_at=due,
            )
            self.session.add(schedule)
            self.session.commit()
        self.schedule_id = schedule.id

    @property
    def mira(self) -> User:
        self.session.rollback()
        return self.session.scalars(select(User)).one()

    @property
    def schedule(self) -> Schedule:
        self.session.rollback()
        return self.session.get_one(Schedule, self.schedule_id)

    @property
    def runs(self) -> list[JobExecution]:
        self.session.rollback()
        return [*self.session.scalars(select(JobExecution).order_by(JobExecution.id))]

    @property
    def run_rows(self) -> list[str]:
        """Return the sentences of the trail about runs."""
        self.session.rollback()
        rows = select(ActivityLog.description).where(ActivityLog.activity_type == "schedule_run")
        return [*self.session.scalars(rows.order_by(ActivityLog.id))]

    def refresh_token(self) -> str:
        stored = self.mira.encrypted_refresh_token
        with self.world.app.app_context():
            return TokenService.decrypt(self.mira.id, stored or "")

    def forget_time(self) -> None:
        """Make the stored access token look like one that has run out."""
        with write_transactions():
            self.mira.access_token_expires_at = utcnow() - timedelta(minutes=1)
            self.session.commit()

    def be_due(self) -> None:
        with write_transactions():
            self.schedule.next_run_at = utcnow() - timedelta(seconds=1)
            self.session.commit()

    def refreshes(self) -> int:
        entries = self.world.sandbox.requests("/api/token", "POST")
        return sum(entry["body"]["grant_type"] == "refresh_token" for entry in entries)

    def rush(self) -> list[Outcome]:
        """Let all ask Spotify for something at once, the scheduler too."""
        together = Barrier(THREADS + 1)

        def read(browser: Browser) -> Outcome:
            together.wait()
            return browser.fetch(f"/playlist/{LIST}")

        def run() -> None:
            together.wait()
            runner.run_due(self.world.app, self.schedule_id)

        with ThreadPoolExecutor(THREADS + 1) as pool:
            reads = [pool.submit(read, browser) for browser in self.browsers]
            pool.submit(run).result()
            return [task.result() for task in reads]


@pytest.fixture
def crowd(world: Demo) -> Iterator[Crowd]:
    with ExitStack() as stack:
        browsers = [stack.enter_context(closing(Browser(world.url))) for _ in range(THREADS)]
        crowd = Crowd(world, browsers)
        stack.callback(crowd.session.close)
        yield crowd


@pytest.mark.parametrize("rotates", [True, False], ids=["rotated", "kept"])
@pytest.mark.parametrize("known", [True, False], ids=["by the clock", "by a refusal"])
def test_many_threads_and_the_scheduler_make_one_refresh(
    crowd: Crowd, known: bool, rotates: bool
) -> None:
    sandbox = crowd.world.sandbox
    before = crowd.refresh_token()
    sandbox.assume(rotate_confidential=rotates)
    # A slow answer makes sure that all others ask meanwhile.
    sandbox.fault("slow", path="/api/token", seconds=0.3)
    sandbox.expire_access_tokens(library.MIRA)
    if known:
        crowd.forget_time()

    outcomes = crowd.rush()

    assert [outcome.status for outcome in outcomes] == [200] * THREADS
    assert [run.status for run in crowd.runs] == ["success"]
    assert crowd.refreshes() == 1
    assert (crowd.refresh_token() != before) == rotates

    crowd.forget_time()
    assert crowd.browsers[0].fetch(f"/playlist/{LIST}").status == 200
    assert crowd.refreshes() == 2
    assert not crowd.mira.needs_reconnect


def test_refused_refresh_is_asked_for_once_and_pauses_schedules(crowd: Crowd) -> None:
    sandbox = crowd.world.sandbox
    before = crowd.refresh_token()
    sandbox.fault("slow", path="/api/token", seconds=0.3)
    sandbox.revoke(library.MIRA)
    sandbox.expire_access_tokens(library.MIRA)
    crowd.forget_time()

    outcomes = crowd.rush()

    assert {(outcome.status, outcome.body["code"]) for outcome in outcomes} == {
        (401, "reconnect_required")
    }
    assert {outcome.body["message"] for outcome in outcomes} == {LOST}
    assert all(outcome.body["login_url"] for outcome in outcomes)
    assert crowd.refreshes() == 1
    assert crowd.mira.needs_reconnect
    assert crowd.refresh_token() == before
    # Who met it first is not settled: a run that did is recorded, one that came later is not.
    met = [f"Scheduled shuffle on '{NAME}' failed: {LOST}"]
    assert crowd.run_rows in ([], met)
    assert crowd.run_rows == met[:len(crowd.runs)]


def test_schedules_stand_still_until_the_account_is_connected_again(crowd: Crowd) -> None:
    sandbox = crowd.world.sandbox
    order = sandbox.uris(LIST)
    sandbox.revoke(library.MIRA)
    sandbox.expire_access_tokens(library.MIRA)
    browser = crowd.browsers[0]

    runner.run_due(crowd.world.app, crowd.schedule_id)
    rows = [f"Scheduled shuffle on '{NAME}' failed: {LOST}"]
    assert crowd.run_rows == rows
    [shown] = browser.fetch("/schedules").body["schedules"]
    assert (shown["last_status"], shown["last_error"]) == ("failed", LOST)
    assert crowd.mira.needs_reconnect

    crowd.be_due()
    runner.run_due(crowd.world.app, crowd.schedule_id)
    by_hand = browser.send("POST", f"/schedules/{crowd.schedule_id}/run")
    assert (by_hand.status, by_hand.body["code"]) == (401, "reconnect_required")
    assert by_hand.body["message"] == LOST
    assert (crowd.run_rows, len(crowd.runs)) == (rows, 1)
    assert (crowd.schedule.next_run_at or utcnow()) > utcnow()
    assert sandbox.uris(LIST) == order
    assert crowd.refreshes() == 1

    assert browser.log_in(library.MIRA).status == 302
    crowd.be_due()
    runner.run_due(crowd.world.app, crowd.schedule_id)
    assert [run.status for run in crowd.runs] == ["failed", "success"]
    assert not crowd.mira.needs_reconnect
