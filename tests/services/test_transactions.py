"""What holds for every use case: one commit or nothing, and none open while Spotify is asked."""

from collections.abc import Callable, Iterator
from typing import Any

from flask_sqlalchemy import SQLAlchemy
import pytest
import requests
from sqlalchemy import event, inspect, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shuffify.errors import ServiceError
from shuffify.models.db import ActivityLog
from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    LoginHistoryError,
    LoginHistoryService,
    PlaylistError,
    PlaylistService,
    PlaylistSnapshotError,
    PlaylistSnapshotService,
    ScheduleError,
    SchedulerService,
    ShuffleService,
    TokenError,
    TokenService,
    UpstreamSourceError,
    UpstreamSourceService,
    UserService,
    UserServiceError,
    UserSettingsError,
    UserSettingsService,
    WorkshopSessionError,
    WorkshopSessionService,
)
from tests.services.conftest import grant_of

PLAYLIST = library.PLAYLISTS["twelve"]
SOURCE = library.PLAYLISTS["one"]
OTHER = library.PLAYLISTS["four_thirty"]
URIS = ["spotify:track:" + "a" * 22]
SCHEDULE: dict[str, Any] = {
    "job_type": "shuffle", "target_playlist_id": PLAYLIST, "algorithm_name": "BasicShuffle",
}


class Made:
    """One row of each kind, for the use cases that change or delete one."""

    def __init__(self, user_id: int, sandbox: Sandbox) -> None:
        self.user_id = user_id
        self.grant = grant_of(sandbox, library.MIRA)
        LoginHistoryService.record_login(user_id, "sid")
        ShuffleService.shuffle(user_id, PLAYLIST, seed=1)
        self.session = WorkshopSessionService.save_session(user_id, PLAYLIST, "Draft", URIS).id
        added, _ = UpstreamSourceService.add_source(user_id, PLAYLIST, source_playlist_id=SOURCE)
        self.source = added.id
        self.schedule = SchedulerService.create_schedule(user_id, **SCHEDULE).id
        self.snapshot = PlaylistSnapshotService.create_snapshot(user_id, PLAYLIST).id
        self.version = sandbox.snapshot_id(PLAYLIST)


@pytest.fixture
def made(mira: int, sandbox: Sandbox) -> Made:
    return Made(mira, sandbox)


Act = Callable[[Made], object]

ACTS: dict[str, tuple[Act, type[ServiceError]]] = {
    "sign up": (lambda m: UserService.upsert_from_spotify({"id": "new"}), UserServiceError),
    "profile": (lambda m: UserService.upsert_from_spotify({"id": "mira"}), UserServiceError),
    "disable": (lambda m: UserService.disable(m.user_id), UserServiceError),
    "erase": (lambda m: UserService.erase(m.user_id), UserServiceError),
    "login": (lambda m: LoginHistoryService.record_login(m.user_id, "new"), LoginHistoryError),
    "logout": (lambda m: LoginHistoryService.record_logout(m.user_id, "sid"), LoginHistoryError),
    "everywhere": (
        lambda m: LoginHistoryService.sign_out_everywhere(m.user_id), LoginHistoryError,
    ),
    "consent": (lambda m: TokenService.store_grant(m.user_id, m.grant), TokenError),
    "settings": (
        lambda m: UserSettingsService.update(m.user_id, theme="dark"), UserSettingsError,
    ),
    "save session": (
        lambda m: WorkshopSessionService.save_session(
            m.user_id, PLAYLIST, "New", URIS, playlist_name="P"
        ),
        WorkshopSessionError,
    ),
    "update session": (
        lambda m: WorkshopSessionService.update_session(
            m.user_id, m.session, session_name="Renamed"
        ),
        WorkshopSessionError,
    ),
    "delete session": (
        lambda m: WorkshopSessionService.delete_session(m.user_id, m.session),
        WorkshopSessionError,
    ),
    "add source": (
        lambda m: UpstreamSourceService.add_source(m.user_id, PLAYLIST, source_playlist_id=OTHER),
        UpstreamSourceError,
    ),
    "delete source": (
        lambda m: UpstreamSourceService.delete_source(m.user_id, m.source), UpstreamSourceError,
    ),
    "create schedule": (
        lambda m: SchedulerService.create_schedule(m.user_id, **SCHEDULE), ScheduleError,
    ),
    "update schedule": (
        lambda m: SchedulerService.update_schedule(
            m.user_id, m.schedule, {"schedule_value": "weekly"}
        ),
        ScheduleError,
    ),
    "toggle schedule": (
        lambda m: SchedulerService.toggle_schedule(m.user_id, m.schedule), ScheduleError,
    ),
    "delete schedule": (
        lambda m: SchedulerService.delete_schedule(m.user_id, m.schedule), ScheduleError,
    ),
    "take snapshot": (
        lambda m: PlaylistSnapshotService.create_snapshot(m.user_id, PLAYLIST),
        PlaylistSnapshotError,
    ),
    "delete snapshot": (
        lambda m: PlaylistSnapshotService.delete_snapshot(m.user_id, m.snapshot),
        PlaylistSnapshotError,
    ),
    "shuffle": (lambda m: ShuffleService.shuffle(m.user_id, PLAYLIST, seed=2), PlaylistError),
    "undo": (lambda m: PlaylistSnapshotService.undo(m.user_id, PLAYLIST), PlaylistError),
    "commit": (
        lambda m: PlaylistService.commit(m.user_id, PLAYLIST, URIS[:0], m.version), PlaylistError,
    ),
}

ASKING = {
    "add source", "create schedule", "update schedule", "take snapshot", "shuffle", "undo",
    "commit",
}
"""The use cases that call Spotify."""


def dump(session: Session) -> dict[str, list[Any]]:
    """Return everything that is committed."""
    session.rollback()
    tables = inspect(session.connection()).get_table_names()
    base = ActivityLog.metadata.tables
    return {
        name: [tuple(row) for row in session.execute(select(base[name]).order_by("id"))]
        for name in tables
        if name in base
    }


@pytest.fixture
def refusing(db: SQLAlchemy) -> Iterator[Callable[[], None]]:
    """Return a function from whose call on the database refuses each commit of a change."""
    engine = db.engine
    armed: list[bool] = []

    def notice(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if armed and statement.startswith(("INSERT", "UPDATE", "DELETE")):
            connection.info["writes"] = True

    def refuse(connection: Any) -> None:
        if connection.info.pop("writes", False):
            raise OperationalError("COMMIT", {}, Exception("the disk is full"))

    event.listen(engine, "before_cursor_execute", notice)
    event.listen(engine, "commit", refuse)
    yield lambda: armed.append(True)
    event.remove(engine, "before_cursor_execute", notice)
    event.remove(engine, "commit", refuse)


@pytest.mark.parametrize("name", ACTS)
def test_refused_commit_is_the_services_own_error_and_nothing_stays(
    made: Made,
    sandbox: Sandbox,
    db: SQLAlchemy,
    outside: Session,
    refusing: Callable[[], None],
    name: str,
) -> None:
    act, error = ACTS[name]
    before, uris = dump(outside), sandbox.uris(PLAYLIST)

    refusing()
    with pytest.raises(error) as failure:
        act(made)

    assert isinstance(failure.value.__cause__, OperationalError)
    assert "disk" not in str(failure.value)
    assert not (db.session.new or db.session.dirty or db.session.deleted)
    assert dump(outside) == before
    assert sandbox.uris(PLAYLIST) == uris


@pytest.mark.parametrize("name", ACTS)
def test_no_transaction_is_open_while_spotify_is_asked_nor_afterwards(
    made: Made, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    calls: list[bool] = []
    send = requests.Session.send

    def watched(self: requests.Session, *arguments: Any, **named: Any) -> requests.Response:
        calls.append(db.session().in_transaction())
        return send(self, *arguments, **named)

    monkeypatch.setattr(requests.Session, "send", watched)
    ACTS[name][0](made)

    assert not any(calls)
    assert bool(calls) == (name in ASKING)
    assert not db.session().in_transaction()
    assert not (db.session.new or db.session.dirty or db.session.deleted)
