"""Writes that are still open in our books, and what can be told about how they ended.

What the list is now                                  means
the target, or the snapshot's rows in another order   APPLIED
the snapshot                                          VOID
rows of the snapshot alone, and fewer                 CUT_SHORT
anything else                                         INTERRUPTED
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy import select

from shuffify.enums import WriteState
from shuffify.extensions import db
from shuffify.models.playlist_snapshot import PlaylistSnapshot
from shuffify.spotify.sequences import target_digest
from shuffify.spotify.tracks import Uri

PATIENCE = timedelta(minutes=2)
"""A write that has been open for less may still be under way."""


class Verdict(Enum):
    """What became of a write."""

    APPLIED = auto()
    VOID = auto()
    CUT_SHORT = auto()
    INTERRUPTED = auto()


@dataclass(frozen=True, slots=True)
class PendingWrite:
    """What our database knows about a write whose outcome it does not know."""

    snapshot_id: int
    user_id: int
    playlist_id: str
    before: Sequence[Uri]
    target: str | None
    after: Sequence[Uri] | None
    """The list as the next snapshot of the playlist found it; None where there is none."""

    @classmethod
    def read(cls, snapshot_id: int) -> "PendingWrite | None":
        """Look at a snapshot again; None when its write has been settled meanwhile."""
        snapshot = db.session.get(PlaylistSnapshot, snapshot_id, populate_existing=True)
        if snapshot is None or snapshot.write_state != WriteState.PENDING:
            return None
        return cls(
            snapshot_id=snapshot.id,
            user_id=snapshot.user_id,
            playlist_id=snapshot.playlist_id,
            before=snapshot.track_uris,
            target=snapshot.write_target,
            after=_next_order(snapshot),
        )

    def verdict(self, found: Sequence[Uri]) -> Verdict:
        """Judge by the list as it was found after the write."""
        if target_digest(found) == self.target:
            return Verdict.APPLIED
        if list(found) == list(self.before):
            return Verdict.VOID
        if Counter(found) == Counter(self.before):
            return Verdict.APPLIED
        # What came before a later write of ours is history: it must not be written back.
        if Counter(found) < Counter(self.before) and self.after is None:
            return Verdict.CUT_SHORT
        return Verdict.INTERRUPTED


def find_pending(now: datetime, playlist_id: str | None = None) -> list[tuple[int, str]]:
    """Return snapshot and playlist of the writes that can hardly be under way any more."""
    query = (
        select(PlaylistSnapshot.id, PlaylistSnapshot.playlist_id)
        .where(
            PlaylistSnapshot.write_state == WriteState.PENDING,
            PlaylistSnapshot.created_at <= now - PATIENCE,
        )
        .order_by(PlaylistSnapshot.id)
    )
    if playlist_id is not None:
        query = query.where(PlaylistSnapshot.playlist_id == playlist_id)
    return [(row.id, row.playlist_id) for row in db.session.execute(query)]


def _next_order(snapshot: PlaylistSnapshot) -> Sequence[Uri] | None:
    return db.session.scalar(
        select(PlaylistSnapshot.track_uris)
        .where(
            PlaylistSnapshot.playlist_id == snapshot.playlist_id,
            PlaylistSnapshot.id > snapshot.id,
        )
        .order_by(PlaylistSnapshot.id)
        .limit(1)
    )
