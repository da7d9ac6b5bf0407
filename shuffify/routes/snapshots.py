"""Undo, and the snapshots that a playlist can be brought back to."""

from typing import Any

from flask import Blueprint, Response

from shuffify.models.db import PlaylistSnapshot
from shuffify.services import (
    PlaylistSnapshotService,
    RestoreResult,
    UndoResult,
    UserSettingsService,
)
from shuffify.web import progress
from shuffify.web.guards import login_required, user_id
from shuffify.web.meanwhile import said_of
from shuffify.web.negotiation import Answer, counted, success
from shuffify.web.schemas.base import NoFields
from shuffify.web.schemas.snapshots import SnapshotCreate, SnapshotQuery, SnapshotRestore

bp = Blueprint("snapshots", __name__)


@bp.post("/undo/<playlist:playlist_id>")
@login_required
def undo(playlist_id: str) -> Answer | Response:
    """Take back the last change of a playlist."""
    NoFields.from_request()
    user = user_id()
    return progress.respond(
        lambda report: _undone(PlaylistSnapshotService.undo(user, playlist_id, progress=report))
    )


@bp.get("/playlist/<playlist:playlist_id>/snapshots")
@login_required
def list_snapshots(playlist_id: str) -> Answer:
    """Return the latest snapshots of a playlist, without their tracks."""
    wanted = SnapshotQuery.from_request()
    snapshots = PlaylistSnapshotService.list(user_id(), playlist_id, limit=wanted.limit)
    found = counted(len(snapshots), "snapshot")
    return success(f"{found} found.", snapshots=[_summary(snapshot) for snapshot in snapshots])


@bp.post("/playlist/<playlist:playlist_id>/snapshots")
@login_required
def create_snapshot(playlist_id: str) -> Answer:
    """Take a snapshot of the list as Spotify has it now."""
    wanted = SnapshotCreate.from_request()
    snapshot = PlaylistSnapshotService.create_snapshot(user_id(), playlist_id, **wanted.sent())
    message = f"Saved '{snapshot.playlist_name}' with {counted(snapshot.track_count, 'track')}."
    return success(message, status=201, snapshot=_summary(snapshot))


@bp.get("/snapshots/<row:snapshot_id>")
@login_required
def get_snapshot(snapshot_id: int) -> Answer:
    """Return a snapshot, what a restore would do to the list, and the list as it stands.

    The list is what tells the names of most of the snapshot's rows, and those that would leave.
    `undoable` tells whether a restore could be taken back however short it is.
    """
    snapshot = PlaylistSnapshotService.get(user_id(), snapshot_id).to_dict()
    difference = PlaylistSnapshotService.diff(user_id(), snapshot_id)
    return success(
        f"Snapshot with {counted(snapshot['track_count'], 'track')} read.",
        snapshot=snapshot,
        diff=None if difference is None else difference.to_dict(),
        standing=None if difference is None else [row.to_dict() for row in difference.standing],
        undoable=UserSettingsService.get_or_create(user_id()).auto_snapshot_enabled,
    )


@bp.post("/snapshots/<row:snapshot_id>/restore")
@login_required
def restore_snapshot(snapshot_id: int) -> Answer | Response:
    """Bring a playlist back to exactly what a snapshot holds."""
    wanted = SnapshotRestore.from_request()
    user = user_id()

    def restore(report: progress.Report) -> Answer:
        outcome = PlaylistSnapshotService.restore(
            user, snapshot_id, **wanted.sent(), progress=report
        )
        return _restored(outcome, PlaylistSnapshotService.get(user, snapshot_id))

    return progress.respond(restore)


@bp.delete("/snapshots/<row:snapshot_id>")
@login_required
def delete_snapshot(snapshot_id: int) -> Answer:
    """Delete a snapshot."""
    user = user_id()
    playlist_id = PlaylistSnapshotService.get(user, snapshot_id).playlist_id
    PlaylistSnapshotService.delete_snapshot(user, snapshot_id)
    steps = PlaylistSnapshotService.undo_steps(user, playlist_id)
    return success("The snapshot was deleted.", undo_steps=steps)


def _summary(snapshot: PlaylistSnapshot) -> dict[str, Any]:
    return snapshot.to_dict(without={"track_uris"})


def _undone(outcome: UndoResult) -> Answer:
    said = [outcome.reason or "The last change was undone.", *_left(outcome)]
    return success(
        " ".join(said),
        category="success" if outcome.changed else "info",
        playlist=outcome.playlist.to_dict(),
        kept_added=outcome.kept_added,
        not_restored=outcome.not_restored,
        snapshot_id=outcome.snapshot_id,
        undo_steps=outcome.undo_steps,
    )


def _left(outcome: UndoResult) -> list[str]:
    """Say what undo never does, and what does it: the answer names the snapshot."""
    left = []
    if outcome.kept_added:
        left.append(f"{counted(outcome.kept_added, 'track')} added since stayed, at the end.")
    if outcome.not_restored:
        left.append(
            f"{counted(outcome.not_restored, 'removed track')} did not come back, for undo brings "
            "back the order only."
        )
    if left:
        left.append("Restore the snapshot to have the playlist exactly as it was.")
    return left


def _restored(outcome: RestoreResult, snapshot: PlaylistSnapshot) -> Answer:
    said = f"'{snapshot.playlist_name}' stands as in the snapshot"
    if not outcome.changed:
        said += " already"
    loss = outcome.loss
    differences = [
        f"{counted(len(rows), 'row')} {what}"
        for rows, what in (
            (loss.missing, "that cannot come back"),
            (loss.staying, "that no app can take out"),
            (outcome.left_out, "that Spotify no longer knows"),
        )
        if rows
    ]
    if differences:
        said += f", save {' and '.join(differences)}"
    return success(
        f"{said}.{said_of(outcome.kept_added, outcome.playlist)}",
        category="success" if outcome.changed else "info",
        playlist=outcome.playlist.to_dict(),
        snapshot=_summary(snapshot),
        left_out=[*outcome.left_out],
        undo_steps=outcome.undo_steps,
        undoable=outcome.undoable,
        kept_added=len(outcome.kept_added),
    )
