"""What the workshop's page shows before its rows are there."""

from typing import Any

from shuffify.services import PlaylistService, UserSettingsService
from shuffify.web.dashboard import algorithm_menu, interrupted


def contents(user_id: int, playlist_id: str) -> dict[str, Any]:
    """Return the page's values; raises what `PlaylistService.get_card` raises."""
    playlist = PlaylistService.get_card(user_id, playlist_id).to_dict()
    settings = UserSettingsService.get_or_create(user_id)
    return {
        "playlist": playlist,
        "auto_snapshots": settings.auto_snapshot_enabled,
        "interrupted": [
            write for write in interrupted(user_id) if write["playlist_id"] == playlist_id
        ],
        **algorithm_menu(user_id),
    }
