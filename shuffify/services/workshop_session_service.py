"""Workshop sessions: orders of a playlist that a user set aside unfinished."""

import builtins
from collections.abc import Sequence

from sqlalchemy import func, select

from shuffify.extensions import db
from shuffify.models.workshop_session import WorkshopSession
from shuffify.services.errors import (
    WorkshopSessionError,
    WorkshopSessionLimitError,
    WorkshopSessionNotFoundError,
    WorkshopSessionValidationError,
)
from shuffify.services.fields import FieldErrors, storable, text_problem, uris_problem
from shuffify.services.spotify_access import spotify_access
from shuffify.services.transaction import lock_user, one_commit, reading

LIMIT = 10
"""Sessions of one user for one playlist."""

_UNREADABLE = "The workshop sessions could not be read."


class WorkshopSessionService:
    """Saves, lists, changes and deletes workshop sessions."""

    @staticmethod
    def save_session(
        user_id: int,
        playlist_id: str,
        session_name: str,
        track_uris: Sequence[str],
        *,
        playlist_name: str | None = None,
    ) -> WorkshopSession:
        """Save a list under a name; Spotify tells the playlist's name if it is not given. Commits.

        Raises WorkshopSessionValidationError, WorkshopSessionLimitError, and without a
        `playlist_name` PlaylistNotFoundError, ReconnectRequired and Spotify's errors.
        """
        name = _checked(session_name, track_uris)
        if playlist_name is None:
            with spotify_access(user_id) as access:
                playlist_name = access.gateway.summary(playlist_id).name
        with one_commit(WorkshopSessionError, "The workshop session could not be saved."):
            lock_user(user_id)
            if _count(user_id, playlist_id) >= LIMIT:
                raise WorkshopSessionLimitError(LIMIT)
            session = WorkshopSession(
                user_id=user_id,
                playlist_id=playlist_id,
                playlist_name=storable(playlist_name),
                session_name=name,
                track_uris=[*track_uris],
            )
            db.session.add(session)
        return session

    @staticmethod
    def list(user_id: int, playlist_id: str) -> builtins.list[WorkshopSession]:
        """Return the user's sessions for a playlist, last updated first."""
        with reading(WorkshopSessionError, _UNREADABLE):
            return [
                *db.session.scalars(
                    select(WorkshopSession)
                    .where(
                        WorkshopSession.user_id == user_id,
                        WorkshopSession.playlist_id == playlist_id,
                    )
                    .order_by(WorkshopSession.updated_at.desc(), WorkshopSession.id.desc())
                )
            ]

    @staticmethod
    def get(user_id: int, session_id: int) -> WorkshopSession:
        """Return a session; raise WorkshopSessionNotFoundError."""
        with reading(WorkshopSessionError, _UNREADABLE):
            return _owned(user_id, session_id)

    @staticmethod
    def update_session(
        user_id: int,
        session_id: int,
        *,
        session_name: str | None = None,
        track_uris: Sequence[str] | None = None,
    ) -> tuple[WorkshopSession, bool]:
        """Rename a session or replace its list, and say whether anything changed. Commits.

        Raises WorkshopSessionNotFoundError, WorkshopSessionValidationError.
        """
        with one_commit(WorkshopSessionError, "The workshop session could not be saved."):
            session = _owned(user_id, session_id)
            new_uris = session.track_uris if track_uris is None else [*track_uris]
            name = _checked(
                session.session_name if session_name is None else session_name, new_uris
            )
            changed = (name, new_uris) != (session.session_name, session.track_uris)
            if changed:
                session.session_name = name
                session.track_uris = new_uris
        return session, changed

    @staticmethod
    def delete_session(user_id: int, session_id: int) -> None:
        """Delete a session; raise WorkshopSessionNotFoundError. Commits."""
        with one_commit(WorkshopSessionError, "The workshop session could not be deleted."):
            db.session.delete(_owned(user_id, session_id))


def _owned(user_id: int, session_id: int) -> WorkshopSession:
    session = db.session.get(WorkshopSession, session_id)
    if session is None or session.user_id != user_id:
        raise WorkshopSessionNotFoundError
    return session


def _count(user_id: int, playlist_id: str) -> int:
    query = select(func.count()).where(
        WorkshopSession.user_id == user_id, WorkshopSession.playlist_id == playlist_id
    )
    return db.session.scalar(query) or 0


def _checked(session_name: str, track_uris: Sequence[str]) -> str:
    name = session_name.strip()
    errors: FieldErrors = []
    if problem := text_problem(name, 255):
        errors.append(("session_name", problem))
    if problem := uris_problem(track_uris):
        errors.append(("track_uris", problem))
    if errors:
        raise WorkshopSessionValidationError(errors)
    return name
