"""An app that talks to a sandbox over HTTP, an account with access, and its trail."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask_sqlalchemy import SQLAlchemy
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.audit import bind
from shuffify.models.db import ActivityLog
from shuffify.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox, library
from shuffify.services import SchedulerService, TokenService, UserService
from shuffify.spotify.listing import LISTINGS
from shuffify.spotify.oauth import TokenGrant
from tests.services.schedules import SHUFFLE, Create


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    running_sandbox.reset("dev2026")
    for user in (library.MIRA, library.JONAS):
        LISTINGS.drop(running_sandbox.url, user)
    return running_sandbox


@pytest.fixture
def app_variables(sandbox: Sandbox) -> dict[str, str]:
    return {
        "SPOTIFY_CLIENT_ID": CLIENT_ID,
        "SPOTIFY_CLIENT_SECRET": CLIENT_SECRET,
        "SPOTIFY_ACCOUNTS_URL": sandbox.url,
        "SPOTIFY_API_URL": sandbox.url,
    }


def grant_of(sandbox: Sandbox, spotify_id: str) -> TokenGrant:
    """Consent at the sandbox."""
    answer = sandbox.grant(spotify_id)
    return TokenGrant(
        access_token=answer["access_token"],
        refresh_token=answer["refresh_token"],
        expires_in=answer["expires_in"],
        scope=answer["scope"],
    )


@pytest.fixture
def sign_up(db: SQLAlchemy, sandbox: Sandbox) -> Callable[[str], int]:
    """Return a function that makes an account with access to Spotify and returns its id."""

    def make(spotify_id: str) -> int:
        user = UserService.upsert_from_spotify(
            {"id": spotify_id, "display_name": spotify_id.title()}
        )
        TokenService.store_grant(user.id, grant_of(sandbox, spotify_id))
        return user.id

    return make


@pytest.fixture
def mira(sign_up: Callable[[str], int]) -> Iterator[int]:
    """Return Mira's id; she is the one who acts during the test."""
    user_id = sign_up(library.MIRA)
    with bind(user_id=user_id, source="test", request_id="request-1"):
        yield user_id


@pytest.fixture
def jonas(sign_up: Callable[[str], int]) -> int:
    return sign_up(library.JONAS)


@dataclass(frozen=True)
class Trail:
    """The activity rows that are committed, oldest first."""

    session: Session

    @property
    def rows(self) -> list[ActivityLog]:
        self.session.rollback()
        return list(self.session.scalars(select(ActivityLog).order_by(ActivityLog.id)))

    @property
    def sentences(self) -> list[tuple[str, str]]:
        return [(row.activity_type, row.description) for row in self.rows]

    @property
    def last(self) -> ActivityLog:
        return self.rows[-1]


@pytest.fixture
def trail(outside: Session) -> Trail:
    return Trail(outside)


@pytest.fixture
def create(mira: int) -> Create:
    """Return a function that makes a shuffle schedule of Mira's and returns its id."""

    def make(**fields: Any) -> int:
        return SchedulerService.create_schedule(mira, **{**SHUFFLE, **fields}).id

    return make
