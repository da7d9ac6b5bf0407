"""The workshop: trying orders, writing lists, finding more, and saved sessions."""

from typing import Any

from flask import Blueprint, Response

from shuffify.models.db import WorkshopSession
from shuffify.services import (
    CommitResult,
    ExternalList,
    PlaylistService,
    ShuffleService,
    UserSettingsService,
    WorkshopSessionService,
)
from shuffify.spotify.tracks import Track
from shuffify.web import limits, pages, progress
from shuffify.web.guards import login_required, login_required_page, user_id
from shuffify.web.meanwhile import said_of
from shuffify.web.negotiation import Answer, counted, success
from shuffify.web.schemas.search import ExternalLoad, PlaylistSearch, TrackSearch
from shuffify.web.schemas.workshop import Commit, SessionCreate, SessionUpdate, ShufflePreview
from shuffify.web.workshop import contents

bp = Blueprint("workshop", __name__, url_prefix="/workshop")


@bp.get("/<playlist:playlist_id>")
@login_required_page
def workshop(playlist_id: str) -> str:
    """Show the workshop of a playlist; the page itself fetches the rows."""
    return pages.render("workshop.html", **contents(user_id(), playlist_id))


@bp.post("/<playlist:playlist_id>/preview-shuffle")
@login_required
def preview_shuffle(playlist_id: str) -> Answer:
    """Give rows that only the client has another order."""
    wanted = ShufflePreview.from_request()
    recipe = wanted.model_dump(exclude_unset=True, exclude={"tracks"})
    # An empty name is none that a client may send: it stands for an absent field.
    name = wanted.algorithm_name or UserSettingsService.get_or_create(user_id()).default_algorithm
    preview = ShuffleService.preview(
        [Track.draft(**track.model_dump()) for track in wanted.tracks],
        **recipe | {"algorithm_name": name},
    )
    rows = counted(len(preview.shuffled_uris), "track")
    return success(
        f"A new order for {rows}, seed {preview.seed}. Nothing was written.",
        shuffled_uris=preview.shuffled_uris,
        algorithm_name=preview.algorithm_name,
        seed=preview.seed,
    )


@bp.post("/<playlist:playlist_id>/commit")
@login_required
@limits.playlist_write
def commit(playlist_id: str) -> Answer | Response:
    """Make the workshop's list the playlist's."""
    wanted = Commit.from_request()
    user = user_id()
    return progress.respond(
        lambda report: _committed(
            PlaylistService.commit(user, playlist_id, **wanted.sent(), progress=report)
        )
    )


@bp.post("/search")
@login_required
@limits.search
def search_tracks() -> Answer:
    """Search Spotify for tracks."""
    wanted = TrackSearch.from_request()
    tracks = PlaylistService.search(user_id(), **wanted.model_dump())
    return success(
        f"{counted(len(tracks), 'track')} found.",
        tracks=[track.to_dict() for track in tracks],
        **wanted.model_dump(),
    )


@bp.post("/search-playlists")
@login_required
@limits.search
def search_playlists() -> Answer:
    """Search Spotify for playlists."""
    wanted = PlaylistSearch.from_request()
    found = PlaylistService.search_playlists(user_id(), wanted.query)
    message = f"{counted(len(found), 'playlist')} found."
    return success(message, playlists=[playlist.to_dict() for playlist in found])


@bp.post("/load-external-playlist")
@login_required
@limits.search
def load_external_playlist() -> Answer:
    """Open the playlist of a link, or search for one."""
    wanted = ExternalLoad.from_request()
    return _loaded(PlaylistService.load_external(user_id(), **wanted.sent()))


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


def _loaded(found: ExternalList) -> Answer:
    if found.playlist is not None:
        playlist = found.playlist.to_dict()
        tracks = playlist.pop("tracks")
        message = f"{counted(len(found.playlist.playlist.tracks), 'track')} read."
        return success(message, mode=found.mode, playlist=playlist, tracks=tracks)
    if found.mode == "restricted":
        return success(
            found.reason or "Spotify does not show the tracks of this playlist.",
            category="info",
            mode=found.mode,
            reason=found.reason,
        )
    message = f"{counted(len(found.playlists), 'playlist')} found."
    playlists = [playlist.to_dict() for playlist in found.playlists]
    return success(message, mode=found.mode, playlists=playlists)


def _committed(outcome: CommitResult) -> Answer:
    difference = {
        "added": outcome.diff.added,
        "removed": outcome.diff.removed,
        "moved": outcome.diff.moved,
    }
    change = ", ".join(f"{number:,} {verb}" for verb, number in difference.items() if number)
    said = f"The playlist was saved: {change}." if outcome.changed else "Nothing had to change."
    return success(
        said + said_of(outcome.kept_added, outcome.playlist),
        category="success" if outcome.changed else "info",
        playlist=outcome.playlist.to_dict(),
        diff=difference,
        undo_steps=outcome.undo_steps,
        undoable=outcome.undoable,
        kept_added=len(outcome.kept_added),
    )
