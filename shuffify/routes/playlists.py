"""Playlists as Spotify shows them."""

from flask import Blueprint

from shuffify.services import PlaylistService
from shuffify.web import dashboard
from shuffify.web.guards import login_required, user_id
from shuffify.web.negotiation import Answer, counted, success
from shuffify.web.schemas.base import NoFields

bp = Blueprint("playlists", __name__)


@bp.get("/api/user-playlists")
@login_required
def list_playlists() -> Answer:
    """Return the playlists that the user owns or may edit."""
    playlists = PlaylistService.list_playlists(user_id())
    found = counted(len(playlists), "playlist")
    return success(f"{found} found.", playlists=[card.to_dict() for card in playlists])


@bp.post("/refresh-playlists")
@login_required
def refresh_playlists() -> Answer:
    """Read the playlists anew, past the cache."""
    NoFields.from_request()
    playlists = PlaylistService.list_playlists(user_id(), fresh=True)
    found = counted(len(playlists), "playlist")
    return success(
        f"{found} read anew.",
        playlists=[card.to_dict() for card in playlists],
        interrupted=dashboard.interrupted(user_id()),
    )


@bp.get("/playlist/<playlist:playlist_id>")
@login_required
def get_playlist(playlist_id: str) -> Answer:
    """Return one playlist with its tracks."""
    view = PlaylistService.get_playlist(user_id(), playlist_id)
    tracks = counted(len(view.playlist.tracks), "track")
    return success(f"{tracks} read.", playlist=view.to_dict())
