"""Upstream sources: playlists that another playlist may be raided from."""

import builtins

from sqlalchemy import func, select

from shuffify.enums import SourceType
from shuffify.extensions import db
from shuffify.models.schedule import Schedule
from shuffify.models.upstream_source import UpstreamSource
from shuffify.services.errors import (
    SourceInUseError,
    UpstreamSourceError,
    UpstreamSourceLimitError,
    UpstreamSourceNotFoundError,
    UpstreamSourceValidationError,
)
from shuffify.services.fields import storable
from shuffify.services.spotify_access import spotify_access
from shuffify.services.transaction import lock_user, one_commit, reading
from shuffify.spotify.references import playlist_id_from

LIMIT = 10
"""Sources of one target."""

_UNREADABLE = "The upstream sources could not be read."


class UpstreamSourceService:
    """Adds, lists and deletes upstream sources."""

    @staticmethod
    def add_source(
        user_id: int,
        target_playlist_id: str,
        *,
        source_playlist_id: str | None = None,
        source_url: str | None = None,
    ) -> tuple[UpstreamSource, bool]:
        """Register a readable playlist as a source of an editable one. Commits.

        Exactly one of id and link is given. A source that is known already comes back with
        False. Raises UpstreamSourceValidationError, UpstreamSourceLimitError,
        PlaylistNotFoundError, PlaylistAccessError, ReconnectRequired, Spotify's errors.
        """
        source_id = _source_id(target_playlist_id, source_playlist_id, source_url)
        with spotify_access(user_id) as access:
            target = access.editable(target_playlist_id)
            source = access.readable(source_id)
            own = source.owned_by(access.spotify_id)
        with one_commit(UpstreamSourceError, "The upstream source could not be saved."):
            lock_user(user_id)
            known = _known(user_id, target.id, source.id)
            if known is not None:
                return known, False
            if _count(user_id, target.id) >= LIMIT:
                raise UpstreamSourceLimitError(LIMIT)
            added = UpstreamSource(
                user_id=user_id,
                target_playlist_id=target.id,
                target_playlist_name=storable(target.name),
                source_playlist_id=source.id,
                source_name=storable(source.name),
                source_type=SourceType.OWN if own else SourceType.EXTERNAL,
                source_url=source.url,
            )
            db.session.add(added)
        return added, True

    @staticmethod
    def list(user_id: int, target_playlist_id: str) -> builtins.list[UpstreamSource]:
        """Return the sources of a playlist, newest first."""
        with reading(UpstreamSourceError, _UNREADABLE):
            return [
                *db.session.scalars(
                    select(UpstreamSource)
                    .where(
                        UpstreamSource.user_id == user_id,
                        UpstreamSource.target_playlist_id == target_playlist_id,
                    )
                    .order_by(UpstreamSource.created_at.desc(), UpstreamSource.id.desc())
                )
            ]

    @staticmethod
    def names(user_id: int) -> dict[str, str]:
        """Return the names of all playlists that are sources of the user's, by their ids."""
        columns = (UpstreamSource.source_playlist_id, UpstreamSource.source_name)
        # Of a list that was renamed meanwhile the newest name comes last, and stays.
        query = (
            select(*columns).where(UpstreamSource.user_id == user_id).order_by(UpstreamSource.id)
        )
        with reading(UpstreamSourceError, _UNREADABLE):
            return {found: name for found, name in db.session.execute(query)}

    @staticmethod
    def get(user_id: int, source_id: int) -> UpstreamSource:
        """Return a source; raise UpstreamSourceNotFoundError."""
        with reading(UpstreamSourceError, _UNREADABLE):
            return _owned(user_id, source_id)

    @staticmethod
    def delete_source(user_id: int, source_id: int) -> None:
        """Delete a source that no schedule names. Commits.

        Raises UpstreamSourceNotFoundError, SourceInUseError.
        """
        with one_commit(UpstreamSourceError, "The upstream source could not be deleted."):
            lock_user(user_id)
            source = _owned(user_id, source_id)
            users = _schedules_naming(source)
            if users:
                raise SourceInUseError(source.source_name, users)
            db.session.delete(source)


def _source_id(target_id: str, source_id: str | None, source_url: str | None) -> str:
    field = "source_url" if source_id is None else "source_playlist_id"
    if (source_id is None) == (source_url is None):
        message = "give exactly one of source_playlist_id and source_url"
        raise UpstreamSourceValidationError([(field, message)])
    found = playlist_id_from(source_id or source_url or "")
    if found is None:
        raise UpstreamSourceValidationError([(field, "is no link or id of a playlist")])
    if found == target_id:
        raise UpstreamSourceValidationError([(field, "must be another playlist than the target")])
    return found


def _owned(user_id: int, source_id: int) -> UpstreamSource:
    source = db.session.get(UpstreamSource, source_id)
    if source is None or source.user_id != user_id:
        raise UpstreamSourceNotFoundError
    return source


def _known(user_id: int, target_id: str, source_id: str) -> UpstreamSource | None:
    return db.session.scalar(
        select(UpstreamSource).where(
            UpstreamSource.user_id == user_id,
            UpstreamSource.target_playlist_id == target_id,
            UpstreamSource.source_playlist_id == source_id,
        )
    )


def _count(user_id: int, target_id: str) -> int:
    query = select(func.count()).where(
        UpstreamSource.user_id == user_id, UpstreamSource.target_playlist_id == target_id
    )
    return db.session.scalar(query) or 0


def _schedules_naming(source: UpstreamSource) -> builtins.list[str]:
    schedules = db.session.scalars(
        select(Schedule).where(
            Schedule.user_id == source.user_id,
            Schedule.target_playlist_id == source.target_playlist_id,
        )
    )
    return [
        f"{schedule.job_type.replace('_', ' ')} schedule for '{schedule.target_playlist_name}'"
        for schedule in schedules
        if source.source_playlist_id in schedule.source_playlist_ids
    ]
