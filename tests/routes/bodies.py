"""What every route with a body takes: its schema, a valid body, and fields that do not fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shuffify.sandbox import library
from shuffify.web.schemas.base import NoFields, Schema
from shuffify.web.schemas.schedules import ScheduleCreate, ScheduleUpdate
from shuffify.web.schemas.search import ExternalLoad, PlaylistSearch, TrackSearch
from shuffify.web.schemas.settings import SettingsUpdate
from shuffify.web.schemas.shuffle import ShuffleRequest
from shuffify.web.schemas.snapshots import SnapshotCreate, SnapshotRestore
from shuffify.web.schemas.upstream_sources import SourceCreate
from shuffify.web.schemas.workshop import Commit, SessionCreate, SessionUpdate, ShufflePreview

TWELVE = library.PLAYLISTS["twelve"]
SOURCE = library.PLAYLISTS["hundred_twenty"]
TRACK = "spotify:track:" + "a1" * 11
RECIPE = {"algorithm_name": "BalancedShuffle", "algorithm_params": {"section_count": 3}}
PLAN = {
    **RECIPE, "job_type": "raid_and_shuffle", "target_playlist_id": TWELVE,
    "source_playlist_ids": [SOURCE], "schedule_type": "interval", "schedule_value": "daily",
    "is_enabled": True,
}


@dataclass(frozen=True)
class Body:
    """What one route takes: its schema and a valid body that names every field."""

    route: str
    schema: type[Schema]
    valid: Mapping[str, Any]
    alone: bool = False
    """Exactly one of the fields may be sent."""


BODIES = {
    "playlists.refresh_playlists": Body("POST /refresh-playlists", NoFields, {}),
    "shuffle.shuffle": Body(f"POST /shuffle/{TWELVE}", ShuffleRequest, {**RECIPE, "seed": 1}),
    "snapshots.undo": Body(f"POST /undo/{TWELVE}", NoFields, {}),
    "snapshots.create_snapshot": Body(
        f"POST /playlist/{TWELVE}/snapshots", SnapshotCreate, {"trigger_description": "x"}
    ),
    "snapshots.restore_snapshot": Body(
        "POST /snapshots/1/restore", SnapshotRestore,
        {"accept_local_loss": False, "accept_unknown_loss": False},
    ),
    "workshop.preview_shuffle": Body(
        f"POST /workshop/{TWELVE}/preview-shuffle",
        ShufflePreview,
        {
            **RECIPE,
            "seed": 1,
            "tracks": [{"uri": TRACK, "name": "x", "artists": ["y"], "album_name": "z"}],
        },
    ),
    "workshop.commit": Body(
        f"POST /workshop/{TWELVE}/commit",
        Commit,
        {"track_uris": [TRACK], "base_snapshot_id": "abc"},
    ),
    "workshop.search_tracks": Body(
        "POST /workshop/search", TrackSearch, {"query": "x", "limit": 1, "offset": 0}
    ),
    "workshop.search_playlists": Body(
        "POST /workshop/search-playlists", PlaylistSearch, {"query": "x"}
    ),
    "workshop.load_external_playlist": Body(
        "POST /workshop/load-external-playlist",
        ExternalLoad,
        {"url": TWELVE, "query": "x"},
        alone=True,
    ),
    "workshop.save_session": Body(
        f"POST /workshop/{TWELVE}/sessions",
        SessionCreate,
        {"session_name": "x", "track_uris": [TRACK]},
    ),
    "workshop.update_session": Body(
        "PUT /workshop/sessions/1",
        SessionUpdate,
        {"session_name": "x", "track_uris": [TRACK]},
    ),
    "upstream_sources.add_source": Body(
        f"POST /playlist/{TWELVE}/upstream-sources",
        SourceCreate,
        {"source_playlist_id": SOURCE, "source_url": SOURCE},
        alone=True,
    ),
    "schedules.create_schedule": Body(
        "POST /schedules/create", ScheduleCreate, {**PLAN, "dry_run": False}
    ),
    "schedules.update_schedule": Body(
        "PUT /schedules/1", ScheduleUpdate, {**PLAN, "dry_run": False}
    ),
    "schedules.toggle_schedule": Body("POST /schedules/1/toggle", NoFields, {}),
    "schedules.run_schedule": Body("POST /schedules/1/run", NoFields, {}),
    "settings.update_settings": Body(
        "POST /settings",
        SettingsUpdate,
        {
            "default_algorithm": "BasicShuffle", "theme": "dark", "auto_snapshot_enabled": False,
            "max_snapshots_per_playlist": 5, "timezone": "Europe/Berlin",
        },
    ),
}
"""By endpoint: every route that reads a body."""

TOGETHER: list[tuple[str, dict[str, Any], set[str]]] = [
    ("workshop.load_external_playlist", {}, {"url", "query"}),
    ("workshop.load_external_playlist", {"url": TWELVE, "query": "x"}, {"url", "query"}),
    ("upstream_sources.add_source", {}, {"source_playlist_id", "source_url"}),
    (
        "upstream_sources.add_source",
        {"source_playlist_id": SOURCE, "source_url": SOURCE},
        {"source_playlist_id", "source_url"},
    ),
    ("upstream_sources.add_source", {"source_playlist_id": TWELVE}, {"source_playlist_id"}),
    ("workshop.update_session", {}, {"body"}),
    ("schedules.create_schedule", PLAN | {"source_playlist_ids": []}, {"source_playlist_ids"}),
    (
        "schedules.create_schedule",
        PLAN | {"source_playlist_ids": [SOURCE, SOURCE]},
        {"source_playlist_ids"},
    ),
    (
        "schedules.create_schedule",
        PLAN | {"schedule_type": "cron", "schedule_value": "*/5 * * * *"},
        {"schedule_value"},
    ),
    ("schedules.update_schedule", {"schedule_type": "cron"}, {"schedule_value"}),
]
"""Fields that are wrong together, or for what stands in other rows."""
