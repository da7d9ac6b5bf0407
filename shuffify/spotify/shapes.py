"""The only reader of Spotify's raw objects; it knows both generations of their field names."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeAlias

from shuffify.spotify.references import LOCAL
from shuffify.spotify.tracks import Artist, Playlist, PlaylistSummary, Profile, Track

Json: TypeAlias = Mapping[str, Any]

COVER_WIDTH = 300
THUMBNAIL_WIDTH = 64

SUMMARY_FIELDS = (
    "id,name,description,owner(id,display_name),collaborative,public,snapshot_id,"
    "images,external_urls,items(total),tracks(total)"
)
"""Everything that `summary_from` reads, so that a playlist can be asked for without its rows."""


def profile_from(raw: Json) -> Profile:
    """Read `GET /me`."""
    return Profile(
        id=raw["id"],
        account_id=raw.get("account_id"),
        display_name=_text(raw.get("display_name")) or None,
        image_url=_image_url(raw.get("images"), COVER_WIDTH),
        uri=raw.get("uri"),
    )


def summary_from(raw: Json) -> PlaylistSummary:
    """Read a playlist's own fields."""
    owner = raw.get("owner") or {}
    return PlaylistSummary(
        id=raw["id"],
        name=_text(raw.get("name")),
        description=_text(raw.get("description")),
        owner_id=owner.get("id") or "",
        owner_name=_text(owner.get("display_name")) or owner.get("id") or "",
        collaborative=bool(raw.get("collaborative")),
        public=raw.get("public"),
        snapshot_id=raw.get("snapshot_id") or "",
        track_count=_total(raw),
        image_url=_image_url(raw.get("images"), COVER_WIDTH),
        url=_url(raw),
    )


def playlist_from(summary: PlaylistSummary, tracks: Sequence[Track]) -> Playlist:
    """Put a summary and its rows together."""
    known = {field.name: getattr(summary, field.name) for field in fields(PlaylistSummary)}
    return Playlist(**{**known, "track_count": len(tracks)}, tracks=tuple(tracks))


def row_from(row: Json | None) -> Track:
    """Read one row of a playlist; a row without content keeps its place."""
    raw = row or {}
    content = raw.get("item") or raw.get("track") or {}
    added_by = (raw.get("added_by") or {}).get("id") or None
    return track_from(content, added_at=_utc(raw.get("added_at")), added_by=added_by)


def track_from(
    raw: Json, *, added_at: str | None = None, added_by: str | None = None
) -> Track:
    """Read a track or an episode; a relinked track keeps its original address."""
    source = raw.get("linked_from") or raw
    uri = source.get("uri") or raw.get("uri")
    if not uri:
        return Track(
            uri=None,
            name=_text(raw.get("name")) or "Unavailable",
            type="unavailable",
            added_at=added_at,
            added_by=added_by,
            is_playable=False,
        )
    album = raw.get("album") or raw.get("show") or {}
    images = album.get("images") or raw.get("images")
    episode = raw.get("type") == "episode" or uri.startswith("spotify:episode:")
    return Track(
        uri=uri,
        id=source.get("id") or raw.get("id"),
        name=_text(raw.get("name")),
        type="episode" if episode else "track",
        artists=tuple(
            Artist(_text(artist["name"]), _url(artist))
            for artist in raw.get("artists") or ()
            if artist and artist.get("name")
        ),
        album_name=_text(album.get("name")) or None,
        album_image_url=_image_url(images, THUMBNAIL_WIDTH),
        duration_ms=raw.get("duration_ms"),
        explicit=bool(raw.get("explicit")),
        added_at=added_at,
        added_by=added_by,
        is_local=bool(raw.get("is_local")) or uri.startswith(LOCAL),
        is_playable=raw.get("is_playable") is not False and not raw.get("restrictions"),
        url=_url(source) or _url(raw),
    )


def _text(raw: str | None) -> str:
    """Read what people wrote; half a character, which no answer can carry, becomes U+FFFD."""
    text = raw or ""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _total(raw: Json) -> int | None:
    paging = raw.get("items") or raw.get("tracks") or {}
    return paging.get("total")


def _url(raw: Json) -> str | None:
    return (raw.get("external_urls") or {}).get("spotify")


def _image_url(images: Sequence[Json] | None, width: int) -> str | None:
    """Choose the smallest image that is wide enough; widths may be missing."""
    known = [image for image in images or () if image and image.get("url")]
    wide = [image for image in known if (image.get("width") or 0) >= width]
    best = min(wide, key=lambda image: int(image["width"])) if wide else next(iter(known), None)
    return str(best["url"]) if best else None


def _utc(time: str | None) -> str | None:
    return f"{time[:-1]}+00:00" if time and time.endswith("Z") else time
