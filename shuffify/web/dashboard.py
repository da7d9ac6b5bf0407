"""What the dashboard shows, also while Spotify is away."""

from typing import Any

from shuffify.errors import ShuffifyError
from shuffify.extensions import app_settings
from shuffify.services import PlaylistService, ShuffleService, UserSettingsService
from shuffify.web.errors import Problem, log_failure, problem_of


def is_configured() -> bool:
    """Tell whether this server has what Spotify gives to apps."""
    settings = app_settings()
    return bool(settings.spotify_client_id and settings.spotify_client_secret)


def contents(user_id: int) -> dict[str, Any]:
    """Return the page's values; a fault of Spotify's becomes `problem`, not an error page."""
    problem: Problem | None = None
    playlists: list[dict[str, Any]] = []
    try:
        playlists = [card.to_dict() for card in PlaylistService.list_playlists(user_id)]
    except ShuffifyError as error:
        problem = problem_of(error)
        if problem.code in ("database_unavailable", "internal_error"):
            raise
        log_failure("The dashboard is shown without playlists", error, problem)
    return {
        "playlists": playlists,
        "problem": problem,
        "algorithms": ShuffleService.list_algorithms(),
        "default_algorithm": UserSettingsService.get_or_create(user_id).default_algorithm,
    }
