"""What a write tells whoever keeps book about it."""

from dataclasses import dataclass
from typing import Protocol

from shuffify.spotify.errors import WriteFailedError
from shuffify.spotify.planner import Method, Plan
from shuffify.spotify.sequences import Diff, diff, target_digest
from shuffify.spotify.tracks import Playlist, Rows


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is about to be written."""

    before: Playlist
    plan: Plan

    @property
    def target(self) -> Rows:
        return self.plan.target

    @property
    def digest(self) -> str:
        """Digest the target, so that a dead process's write can be recognised."""
        return target_digest(self.plan.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResult:
    """What was written, counted on the list as it was read afterwards."""

    before: Playlist
    playlist: Playlist
    target: Rows
    method: Method
    calls: int = 0
    kept_added: Rows = ()
    """Rows that others added while the write was under way."""
    left_out: Rows = ()
    """Rows that Spotify does not know, where the caller lets them be left out."""

    @property
    def changed(self) -> bool:
        """Say whether there was anything to write."""
        return self.method != "none"

    @property
    def diff(self) -> Diff:
        return diff(self.before.uris, self.target)


class WriteJournal(Protocol):
    """The database's side of a write; none of these may leave a transaction open."""

    def pending(self, attempt: Attempt) -> None:
        """Commit the automatic snapshot; nothing has been written yet."""

    def refreshed(self, attempt: Attempt) -> None:
        """Rewrite that snapshot: the list moved before the first call."""

    def applied(self, result: WriteResult) -> None:
        """Commit what the verified write owes."""

    def void(self) -> None:
        """Take note that the list is as it was."""

    def interrupted(self, failure: WriteFailedError) -> None:
        """Take note that the list is neither as it was nor as it should be."""
