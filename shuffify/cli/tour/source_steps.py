"""Upstream sources: P10 and P11 of the trail."""

from typing import Any

from shuffify.cli.tour.acts import send
from shuffify.cli.tour.rows import Known, KnownKey, Moment, Row
from shuffify.cli.tour.walk import Step
from shuffify.sandbox import library

BREAKFAST = "twelve"
NAMES = library.PLAYLIST_NAMES


def _row(kind: str, sentence: str, source: str, source_type: str, changes: dict[str, Any]) -> Row:
    return Row(
        f"upstream_source_{kind}",
        sentence,
        {
            "source_playlist_id": library.PLAYLISTS[source],
            "source_type": source_type,
            "source_name": NAMES[source],
            "source_id": Known(f"{source} source"),
            "changes": changes,
        },
        playlist=BREAKFAST,
        entity=("upstream_source", KnownKey(f"{source} source")),
    )


def _columns(source: str, source_type: str) -> dict[str, Any]:
    return {
        "target_playlist_id": library.PLAYLISTS[BREAKFAST],
        "target_playlist_name": NAMES[BREAKFAST],
        "source_playlist_id": library.PLAYLISTS[source],
        "source_name": NAMES[source],
        "source_type": source_type,
        "source_url": Known(f"{source} url"),
        "created_at": Moment(),
    }


def _added(source: str, source_type: str) -> Row:
    sentence = f"Added upstream source '{NAMES[source]}' to '{NAMES[BREAKFAST]}'"
    columns = _columns(source, source_type)
    changes = {name: [None, value] for name, value in columns.items()}
    return _row("add", sentence, source, source_type, changes)


def _removed(source: str, source_type: str) -> Row:
    sentence = f"Removed upstream source '{NAMES[source]}' from '{NAMES[BREAKFAST]}'"
    columns = _columns(source, source_type)
    changes = {name: [value, None] for name, value in columns.items()}
    return _row("delete", sentence, source, source_type, changes)


def _learns(source: str) -> dict[str, str]:
    return {f"{source} source": "source.id", f"{source} url": "source.source_url"}


_ADD = "/playlist/{twelve}/upstream-sources"
_ADD_SHARED = send("POST", _ADD, source_playlist_id=library.PLAYLISTS["shared"])

SOURCES_ADDED = (
    Step(
        "add a playlist of Jonas as a source",
        _ADD_SHARED,
        [_added("shared", "external")],
        status=201,
        learns=_learns("shared"),
    ),
    Step("add that source again", _ADD_SHARED),
    Step(
        "add an own playlist by its link",
        send("POST", _ADD, source_url=f"https://open.spotify.com/playlist/"
             f"{library.PLAYLISTS['arabic']}?si=1"),
        [_added("arabic", "own")],
        status=201,
        learns=_learns("arabic"),
    ),
    Step(
        "add the playlist itself",
        send("POST", _ADD, source_playlist_id=library.PLAYLISTS[BREAKFAST]),
        status=400,
    ),
)

SOURCES_DELETED = (
    Step(
        "delete a source",
        send("DELETE", "/upstream-sources/{shared source}"),
        [_removed("shared", "external")],
    ),
    Step(
        "delete the source again",
        send("DELETE", "/upstream-sources/{shared source}"),
        status=404,
    ),
    Step(
        "delete the other source",
        send("DELETE", "/upstream-sources/{arabic source}"),
        [_removed("arabic", "own")],
    ),
)
