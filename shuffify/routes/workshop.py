"""The workshop's saved sessions."""

from typing import Any

from flask import Blueprint

from shuffify.models.db import WorkshopSession
from shuffify.services import WorkshopSessionService
from shuffify.web.guards import login_required, user_id
from shuffify.web.negotiation import Answer, counted, success
from shuffify.web.schemas.workshop import SessionCreate, SessionUpdate

bp = Blueprint("workshop", __name__, url_prefix="/workshop")


@bp.get("/<playlist:playlist_id>/sessions")
@login_required
def list_sessions(playlist_id: str) -> Answer:
    """Return the saved sessions of a playlist, without their tracks."""
    sessions = WorkshopSessionService.list(user_id(), playlist_id)
    found = counted(len(sessions), "workshop session")
    return success(f"{found} found.", sessions=[_summary(saved) for saved in sessions])


@bp.post("/<playlist:playlist_id>/sessions")
@login_required
def save_session(playlist_id: str) -> Answer:
    """Save a list of tracks under a name."""
    wanted = SessionCreate.from_request()
    saved = WorkshopSessionService.save_session(user_id(), playlist_id, **wanted.sent())
    return success(f"Saved '{saved.session_name}'.", status=201, session=saved.to_dict())


@bp.get("/sessions/<row:session_id>")
@login_required
def get_session(session_id: int) -> Answer:
    """Return a saved session with its tracks."""
    saved = WorkshopSessionService.get(user_id(), session_id)
    return success(f"'{saved.session_name}' read.", session=saved.to_dict())


@bp.put("/sessions/<row:session_id>")
@login_required
def update_session(session_id: int) -> Answer:
    """Change the name or the tracks of a saved session."""
    wanted = SessionUpdate.from_request()
    saved, changed = WorkshopSessionService.update_session(
        user_id(), session_id, **wanted.sent()
    )
    if not changed:
        return success("Nothing had to change.", category="info", session=saved.to_dict())
    return success(f"Updated '{saved.session_name}'.", session=saved.to_dict())


@bp.delete("/sessions/<row:session_id>")
@login_required
def delete_session(session_id: int) -> Answer:
    """Delete a saved session."""
    WorkshopSessionService.delete_session(user_id(), session_id)
    return success("The workshop session was deleted.")


def _summary(saved: WorkshopSession) -> dict[str, Any]:
    return saved.to_dict(without={"track_uris"}) | {"track_count": len(saved.track_uris)}
