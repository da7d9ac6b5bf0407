import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.db import UpstreamSource
from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    PlaylistAccessError,
    PlaylistNotFoundError,
    SchedulerService,
    SourceInUseError,
    UpstreamSourceLimitError,
    UpstreamSourceNotFoundError,
    UpstreamSourceService,
    UpstreamSourceValidationError,
)
from shuffify.spotify.errors import SpotifyTimeoutError, UnavailableError
from tests.services.conftest import Trail

TARGET = library.PLAYLISTS["twelve"]
TARGET_NAME = library.PLAYLIST_NAMES["twelve"]
SOURCE = library.PLAYLISTS["hundred_twenty"]
SOURCE_NAME = library.PLAYLIST_NAMES["hundred_twenty"]


def add(user_id: int, source: str = SOURCE, target: str = TARGET) -> UpstreamSource:
    added, _ = UpstreamSourceService.add_source(user_id, target, source_playlist_id=source)
    return added


def stored(outside: Session) -> list[UpstreamSource]:
    outside.rollback()
    return list(outside.scalars(select(UpstreamSource).order_by(UpstreamSource.id)))


def test_added_source_has_its_name_and_type_from_spotify(
    mira: int, outside: Session, trail: Trail
) -> None:
    source, created = UpstreamSourceService.add_source(mira, TARGET, source_playlist_id=SOURCE)

    assert created
    row = stored(outside)[0]
    assert (row.target_playlist_id, row.target_playlist_name) == (TARGET, TARGET_NAME)
    assert (row.source_playlist_id, row.source_name) == (SOURCE, SOURCE_NAME)
    assert (row.source_type, row.source_url) == ("own", source.source_url)
    assert trail.sentences == [
        ("upstream_source_add", f"Added upstream source '{SOURCE_NAME}' to '{TARGET_NAME}'")
    ]
    entry = trail.last
    assert (entry.user_id, entry.playlist_id, entry.playlist_name) == (mira, TARGET, TARGET_NAME)
    assert entry.metadata_json is not None
    assert entry.metadata_json["source_id"] == source.id
    assert entry.metadata_json["source_type"] == "own"


@pytest.mark.parametrize(
    "link",
    [
        "https://open.spotify.com/playlist/{}?si=abc",
        "open.spotify.com/intl-de/playlist/{}",
        "spotify:playlist:{}",
        "  {} ",
    ],
)
def test_source_can_be_given_as_a_link(mira: int, outside: Session, link: str) -> None:
    UpstreamSourceService.add_source(mira, TARGET, source_url=link.format(SOURCE))

    assert stored(outside)[0].source_playlist_id == SOURCE


def test_list_of_somebody_else_is_external(mira: int, outside: Session) -> None:
    add(mira, library.PLAYLISTS["shared"])

    assert stored(outside)[0].source_type == "external"


def test_known_source_comes_back_without_a_row(
    mira: int, outside: Session, trail: Trail
) -> None:
    first = add(mira).id
    again, created = UpstreamSourceService.add_source(mira, TARGET, source_playlist_id=SOURCE)

    assert (again.id, created) == (first, False)
    assert len(stored(outside)) == len(trail.rows) == 1


@pytest.mark.parametrize(
    ("source_id", "source_url", "field"),
    [
        (None, None, "source_url"),
        (SOURCE, SOURCE, "source_playlist_id"),
        ("short", None, "source_playlist_id"),
        (None, "https://example.org/playlist/" + SOURCE, "source_url"),
        (None, "", "source_url"),
        (TARGET, None, "source_playlist_id"),
        (None, f"spotify:playlist:{TARGET}", "source_url"),
    ],
)
def test_what_is_no_other_playlist_is_refused_without_a_call(
    mira: int,
    sandbox: Sandbox,
    outside: Session,
    source_id: str | None,
    source_url: str | None,
    field: str,
) -> None:
    with pytest.raises(UpstreamSourceValidationError) as refusal:
        UpstreamSourceService.add_source(
            mira, TARGET, source_playlist_id=source_id, source_url=source_url
        )

    assert [name for name, _ in refusal.value.errors] == [field]
    assert sandbox.requests("/v1/*") == []
    assert stored(outside) == []


def test_target_must_be_editable(mira: int, outside: Session) -> None:
    with pytest.raises(PlaylistAccessError) as refusal:
        add(mira, target=library.PLAYLISTS["foreign_public"])

    assert refusal.value.code == "not_editable"
    assert stored(outside) == []


def test_source_must_be_readable(mira: int, outside: Session, trail: Trail) -> None:
    with pytest.raises(PlaylistAccessError) as refusal:
        add(mira, library.PLAYLISTS["foreign_public"])

    assert refusal.value.code == "not_readable"
    assert stored(outside) == []
    assert trail.rows == []


def test_foreign_list_that_spotify_shows_can_be_a_source(
    mira: int, sandbox: Sandbox, outside: Session
) -> None:
    sandbox.set_profile("extended")

    add(mira, library.PLAYLISTS["foreign_public"])

    assert stored(outside)[0].source_type == "external"


def test_unknown_source_is_not_found(mira: int, outside: Session) -> None:
    with pytest.raises(PlaylistNotFoundError):
        add(mira, "0" * 22)
    assert stored(outside) == []


def test_failure_of_spotify_stores_nothing(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    sandbox.fault("error_before", path=f"/v1/playlists/{SOURCE}", count=None)
    with pytest.raises(UnavailableError) as failure:
        add(mira)

    assert not isinstance(failure.value, SpotifyTimeoutError)
    assert stored(outside) == []
    assert trail.rows == []


def test_eleventh_source_of_a_target_is_refused(mira: int, outside: Session) -> None:
    for number in range(1, 11):
        add(mira, library.PLAYLISTS[f"shelf_{number:02}"])

    with pytest.raises(UpstreamSourceLimitError, match="10 upstream sources"):
        add(mira)

    assert len(stored(outside)) == 10
    known, created = UpstreamSourceService.add_source(
        mira, TARGET, source_playlist_id=library.PLAYLISTS["shelf_01"]
    )
    assert (known.source_name, created) == (library.PLAYLIST_NAMES["shelf_01"], False)


def test_sources_are_listed_newest_first(mira: int) -> None:
    ids = [add(mira, library.PLAYLISTS[role]).id for role in ("one", "four_thirty")]
    add(mira, target=library.PLAYLISTS["one"])

    listed = UpstreamSourceService.list(mira, TARGET)
    assert [source.id for source in listed] == ids[::-1]


def test_deleted_source_is_gone_and_named_in_the_trail(
    mira: int, outside: Session, trail: Trail
) -> None:
    source_id = add(mira).id

    UpstreamSourceService.delete_source(mira, source_id)

    assert stored(outside) == []
    assert trail.sentences[1:] == [
        (
            "upstream_source_delete",
            f"Removed upstream source '{SOURCE_NAME}' from '{TARGET_NAME}'",
        )
    ]
    with pytest.raises(UpstreamSourceNotFoundError):
        UpstreamSourceService.delete_source(mira, source_id)


def test_source_that_a_schedule_names_stays(mira: int, outside: Session, trail: Trail) -> None:
    used, unused = add(mira).id, add(mira, library.PLAYLISTS["one"]).id
    SchedulerService.create_schedule(
        mira, job_type="raid", target_playlist_id=TARGET, source_playlist_ids=[SOURCE]
    )

    with pytest.raises(SourceInUseError, match=f"raid schedule for '{TARGET_NAME}'"):
        UpstreamSourceService.delete_source(mira, used)
    UpstreamSourceService.delete_source(mira, unused)

    assert [source.id for source in stored(outside)] == [used]
    assert [kind for kind, _ in trail.sentences].count("upstream_source_delete") == 1


def test_sources_of_others_are_not_found(mira: int, jonas: int, outside: Session) -> None:
    shared = library.PLAYLISTS["shared"]
    source_id = add(jonas, library.PLAYLISTS["jonas_private"], shared).id

    with pytest.raises(UpstreamSourceNotFoundError):
        UpstreamSourceService.get(mira, source_id)
    with pytest.raises(UpstreamSourceNotFoundError):
        UpstreamSourceService.delete_source(mira, source_id)
    assert UpstreamSourceService.list(mira, shared) == []
    assert len(stored(outside)) == 1


def test_names_are_those_of_the_users_own_sources(mira: int, jonas: int) -> None:
    add(mira)
    add(mira, library.PLAYLISTS["one"], target=library.PLAYLISTS["four_thirty"])
    assert UpstreamSourceService.names(mira) == {
        SOURCE: SOURCE_NAME, library.PLAYLISTS["one"]: library.PLAYLIST_NAMES["one"],
    }
    assert UpstreamSourceService.names(jonas) == {}


def test_of_a_source_that_was_renamed_the_newest_name_counts(mira: int, sandbox: Sandbox) -> None:
    add(mira)
    sandbox.edit(SOURCE, "details", name="Evening run")
    add(mira, target=library.PLAYLISTS["four_thirty"])
    assert UpstreamSourceService.names(mira) == {SOURCE: "Evening run"}
