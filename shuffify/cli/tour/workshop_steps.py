"""The workshop: P6 to P9 and S4 of the trail."""

from typing import Any

from shuffify.cli.tour.account_steps import JONAS
from shuffify.cli.tour.acts import becoming, fetch, send, spare
from shuffify.cli.tour.rows import Digest, Known, KnownKey, Moment, Row
from shuffify.cli.tour.snapshot_rows import saved
from shuffify.cli.tour.walk import Step
from shuffify.sandbox import library

BREAKFAST = "twelve"
NIGHT = "emoji"


def _row(kind: str, sentence: str, name: str, count: int, **metadata: Any) -> Row:
    known = {"session_name": name, "track_count": count, "session_id": Known("session")}
    return Row(
        f"workshop_session_{kind}",
        sentence,
        known | metadata,
        playlist=BREAKFAST,
        entity=("workshop_session", KnownKey("session")),
    )


def _columns(name: str, count: int) -> dict[str, Any]:
    return {
        "playlist_id": library.PLAYLISTS[BREAKFAST],
        "session_name": name,
        "track_uris": Digest(count),
        "created_at": Moment(),
    }


WORKSHOP_SESSIONS = (
    Step(
        "read a playlist",
        fetch("/playlist/{twelve}"),
        learns={"twelve uris": "playlist.tracks.*.uri"},
    ),
    Step(
        "read another playlist",
        fetch("/playlist/{one}"),
        learns={"one uri": "playlist.tracks.*.uri"},
    ),
    Step(
        "save a workshop session",
        send(
            "POST", "/workshop/{twelve}/sessions",
            session_name="Draft", track_uris=Known("twelve uris"),
        ),
        [
            _row(
                "save", "Saved workshop session 'Draft'", "Draft", 12, operation="create",
                changes={name: [None, value] for name, value in _columns("Draft", 12).items()},
            )
        ],
        status=201,
        learns={"session": "session.id"},
    ),
    Step(
        "give the session another list",
        send("PUT", "/workshop/sessions/{session}", track_uris=Known("one uri")),
        [
            _row(
                "save", "Updated workshop session 'Draft'", "Draft", 1, operation="update",
                changes={"track_uris": [Digest(12), Digest(1)]},
            )
        ],
    ),
    Step(
        "rename the session",
        send("PUT", "/workshop/sessions/{session}", session_name="For Sunday"),
        [
            _row(
                "save", "Renamed workshop session 'Draft' to 'For Sunday'", "For Sunday", 1,
                operation="update", changes={"session_name": ["Draft", "For Sunday"]},
            )
        ],
    ),
    Step(
        "save the session unchanged",
        send(
            "PUT", "/workshop/sessions/{session}",
            session_name="For Sunday", track_uris=Known("one uri"),
        ),
    ),
    Step(
        "let Jonas delete the session",
        send("DELETE", "/workshop/sessions/{session}", JONAS),
        status=404,
    ),
    Step(
        "delete the session",
        send("DELETE", "/workshop/sessions/{session}"),
        [
            _row(
                "delete", "Deleted workshop session 'For Sunday'", "For Sunday", 1,
                changes={name: [value, None] for name, value in _columns("For Sunday", 1).items()},
            )
        ],
    ),
)

_COMMIT = send(
    "POST", "/workshop/{emoji}/commit",
    track_uris=Known("twelve uris"), base_snapshot_id=Known("night version"),
)

COMMITS = (
    Step(
        "open a playlist in the workshop",
        fetch("/playlist/{emoji}"),
        learns={"night version": "playlist.snapshot_id"},
    ),
    Step(
        "commit another list",
        becoming(NIGHT, "twelve uris", _COMMIT),
        [
            saved(NIGHT, 18, "commit", "auto_pre_commit"),
            Row(
                "workshop_commit",
                f"Committed workshop changes to '{library.PLAYLIST_NAMES[NIGHT]}'",
                {
                    "track_count": 12,
                    "added": Known("added"),
                    "removed": Known("removed"),
                    "moved": Known("moved"),
                    "method": "replace",
                    "snapshot_id": Known("commit number"),
                    "outcome": "applied",
                },
                playlist=NIGHT,
            ),
        ],
        learns={"added": "diff.added", "removed": "diff.removed", "moved": "diff.moved"},
    ),
    Step("commit what is out of date by now", spare(NIGHT, _COMMIT), status=409),
)
