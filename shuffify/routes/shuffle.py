"""Shuffling a playlist."""

from flask import Blueprint, Response

from shuffify.services import ShuffleResult, ShuffleService
from shuffify.web import limits, progress
from shuffify.web.guards import login_required, user_id
from shuffify.web.meanwhile import said_of
from shuffify.web.negotiation import Answer, counted, success
from shuffify.web.schemas.shuffle import ShuffleRequest

bp = Blueprint("shuffle", __name__)


@bp.post("/shuffle/<playlist:playlist_id>")
@login_required
@limits.playlist_write
def shuffle(playlist_id: str) -> Answer | Response:
    """Give a playlist another order."""
    wanted = ShuffleRequest.from_request()
    user = user_id()
    return progress.respond(
        lambda report: _shuffled(
            ShuffleService.shuffle(user, playlist_id, **wanted.sent(), progress=report)
        )
    )


def _shuffled(outcome: ShuffleResult) -> Answer:
    return success(
        _said(outcome) + said_of(outcome.kept_added, outcome.playlist),
        category="success" if outcome.changed else "info",
        playlist=outcome.playlist.to_dict(),
        result=outcome.result,
        undo_steps=outcome.undo_steps,
        undoable=outcome.undoable,
        kept_added=len(outcome.kept_added),
    )


def _said(outcome: ShuffleResult) -> str:
    if not outcome.changed:
        return "The new order is the old one: nothing had to change."
    total = counted(len(outcome.playlist.playlist.tracks), "track")
    return f"{outcome.result['moved']:,} of {total} moved, seed {outcome.result['seed']}."
