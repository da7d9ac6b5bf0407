"""What the dashboard shows, also while Spotify is away."""

from typing import Any

from shuffify.errors import ShuffifyError
from shuffify.extensions import app_settings
from shuffify.models.base import iso_utc, utcnow
from shuffify.services import (
    PlaylistService,
    PlaylistSnapshotService,
    ShuffleService,
    UserService,
    UserSettingsService,
)
from shuffify.services.consent import consent_ending
from shuffify.web.errors import Problem, log_failure, problem_of


def welcome() -> dict[str, Any]:
    """Return the landing page's values: above all whether this server can reach Spotify."""
    settings = app_settings()
    return {
        "is_configured": bool(settings.spotify_client_id and settings.spotify_client_secret),
        "redirect_uri": settings.spotify_redirect_uri,
    }


def playlists(user_id: int) -> tuple[list[dict[str, Any]], Problem | None]:
    """Return the playlists that a page shows, or the fault that it has to be shown without."""
    try:
        return [card.to_dict() for card in PlaylistService.list_playlists(user_id)], None
    except ShuffifyError as error:
        problem = problem_of(error)
        if problem.code in ("database_unavailable", "internal_error"):
            raise
        log_failure("A page is shown without playlists", error, problem)
        return [], problem


def contents(user_id: int) -> dict[str, Any]:
    """Return the page's values; a fault of Spotify's becomes `problem`, not an error page."""
    found, problem = playlists(user_id)
    return {
        "playlists": found,
        "problem": problem,
        "interrupted": interrupted(user_id),
        "consent": consent_ending(UserService.get(user_id).consented_at, utcnow()),
        **algorithm_menu(user_id),
    }


def algorithm_menu(user_id: int) -> dict[str, Any]:
    """Return the values of `partials/algorithm_menu.html`."""
    return {
        "algorithms": ShuffleService.list_algorithms(),
        "default_algorithm": UserSettingsService.get_or_create(user_id).default_algorithm,
    }


def interrupted(user_id: int) -> list[dict[str, Any]]:
    """Return the writes that ended half-way, each with the snapshot to go back to."""
    return [
        {
            "snapshot_id": snapshot.id,
            "playlist_id": snapshot.playlist_id,
            "playlist_name": snapshot.playlist_name,
            "track_count": snapshot.track_count,
            "created_at": iso_utc(snapshot.created_at),
        }
        for snapshot in PlaylistSnapshotService.list_interrupted(user_id)
    ]
