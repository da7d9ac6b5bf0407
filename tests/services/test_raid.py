"""What a raid takes, as pure functions of the lists."""

from shuffify.services.raid import Loot
from shuffify.spotify.planner import ROW_LIMIT
from shuffify.spotify.tracks import Playlist, Track


def tracks(first: int, count: int) -> tuple[Track, ...]:
    return tuple(
        Track.draft(f"spotify:track:{number:022}") for number in range(first, first + count)
    )


def playlist(rows: tuple[Track, ...]) -> Playlist:
    return Playlist(
        id="t" * 22,
        name="Target",
        description="",
        owner_id="mira",
        owner_name="Mira",
        collaborative=False,
        public=True,
        snapshot_id="1",
        track_count=len(rows),
        image_url=None,
        url=None,
        tracks=rows,
    )


def test_only_what_the_target_lacks_is_taken_in_order() -> None:
    loot = Loot(tracks(0, 4))
    target = playlist((*tracks(1, 2), *tracks(9, 1)))
    assert loot.missing_from(target) == (*tracks(0, 1), *tracks(3, 1))
    assert loot.notes_on(target) == ()


def test_what_does_not_fit_is_left_out_and_said() -> None:
    loot = Loot(tracks(20_000, 1_503), notes=("'S' was passed over.",))
    target = playlist(tracks(0, ROW_LIMIT - 3))
    assert loot.missing_from(target) == tracks(20_000, 3)
    assert loot.notes_on(target) == (
        "'S' was passed over.",
        "1,500 tracks were left out: a playlist holds 10,000 at most.",
    )


def test_full_target_takes_nothing() -> None:
    loot = Loot(tracks(20_000, 1))
    target = playlist(tracks(0, ROW_LIMIT))
    assert loot.missing_from(target) == ()
    assert loot.notes_on(target) == (
        "1 track was left out: a playlist holds 10,000 at most.",
    )
