"""Going back to a snapshot: the orders that undo and restore write, and what they cannot do."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from shuffify.services.playlist_view import PlaylistView
from shuffify.spotify.losses import Loss
from shuffify.spotify.sequences import diff, keep_null_rows
from shuffify.spotify.tracks import Track, Uri


@dataclass(frozen=True, slots=True)
class UndoOrder:
    """A list that follows an older one, with nothing lost that came since."""

    target: tuple[Uri, ...]
    kept_added: int
    not_restored: int


@dataclass(frozen=True, slots=True)
class UndoResult:
    """What an undo did; not `changed` means that the order stood already, as `reason` says.

    `snapshot_id` is the snapshot for an exact restore.
    """

    playlist: PlaylistView
    changed: bool
    reason: str | None
    kept_added: int
    not_restored: int
    snapshot_id: int
    undo_steps: int


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """What a restore did; not `changed` means that the list stood that way already.

    `left_out` holds the rows that Spotify does not know any more, `loss` what no app can do,
    `kept_added` the rows that others added while it was written.
    """

    playlist: PlaylistView
    changed: bool
    undo_steps: int
    undoable: bool
    left_out: tuple[Uri, ...]
    loss: Loss
    kept_added: tuple[Uri, ...]


@dataclass(frozen=True, slots=True)
class SnapshotDiff:
    """What a restore would do to the list as it stands.

    `unwritable` counts the rows that would vanish for good, cannot come back, or stay because
    no app can take them out; `standing` holds the list that was compared with, where somebody
    has to see it.
    """

    added: int
    removed: int
    moved: int
    unwritable: int
    standing: tuple[Track, ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def between(
        cls,
        fresh: Sequence[Uri],
        snapshot: Sequence[Uri],
        *,
        standing: tuple[Track, ...] = (),
    ) -> "SnapshotDiff":
        """Compare a list with a snapshot of it."""
        change = diff(fresh, snapshot)
        concerned = Loss.between(fresh, snapshot).counted
        unwritable = concerned.local_files + concerned.null_rows
        return cls(change.added, change.removed, change.moved, unwritable, standing)

    def to_dict(self) -> dict[str, int]:
        """Serialise for JSON answers."""
        return {
            "added": self.added,
            "removed": self.removed,
            "moved": self.moved,
            "unwritable": self.unwritable,
        }


def undo_order(fresh: Sequence[Uri], older: Sequence[Uri]) -> UndoOrder:
    """Follow the older order with what still stands; what came since goes to the end.

    Null rows stay where they are in the fresh list: they have no address to be told apart by.
    """
    standing = Counter(uri for uri in fresh if uri is not None)
    wanted = Counter(uri for uri in older if uri is not None)
    both = standing & wanted
    followed = _claim([uri for uri in older if uri is not None], both)[0]
    added = _claim([uri for uri in fresh if uri is not None], both)[1]
    return UndoOrder(
        target=keep_null_rows(fresh, [*followed, *added]),
        kept_added=len(added),
        not_restored=(wanted - standing).total(),
    )


def _claim(uris: Sequence[str], claims: Counter[str]) -> tuple[list[str], list[str]]:
    """Part a list into the rows that the claims cover, the first ones, and the others."""
    left = claims.copy()
    covered: list[str] = []
    others: list[str] = []
    for uri in uris:
        (covered if left[uri] > 0 else others).append(uri)
        left[uri] -= 1
    return covered, others
