"""What each algorithm promises about the order."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuffify.algorithms import get
from tests.algorithms.songs import Song, numbered, playlists, seeds

BASIC, PERCENTAGE = get("BasicShuffle"), get("PercentageShuffle")
BALANCED, STRATIFIED = get("BalancedShuffle"), get("StratifiedShuffle")
ALBUMS = get("AlbumSequenceShuffle")

keeps = st.integers(0, 50)


def sizes(total: int, count: int) -> list[int]:
    """Section sizes as the design has them: differing by one at most, larger first."""
    count = min(count, total)
    return [total // count + (index < total % count) for index in range(count)]


@pytest.mark.parametrize("algorithm", [BASIC, BALANCED, STRATIFIED], ids=lambda a: a.name)
@given(tracks=playlists, seed=seeds, keep=keeps)
def test_the_first_tracks_stay_when_asked_to(algorithm, tracks, seed, keep):
    shuffled = algorithm.shuffle(tracks, seed=seed, params={"keep_first": keep})
    assert shuffled[:keep] == tracks[:keep]


def test_basic_gives_every_order_about_equally_often():
    counts = Counter(
        tuple(song.uri for song in BASIC.shuffle(numbered(3), seed=seed)) for seed in range(6000)
    )
    assert len(counts) == 6
    assert all(850 < count < 1150 for count in counts.values())


@given(
    tracks=playlists,
    seed=seeds,
    per_mille=st.integers(0, 1000),
    front=st.booleans(),
)
def test_percentage_leaves_the_other_end_alone(tracks, seed, per_mille, front):
    params = {
        "shuffle_percentage": per_mille / 10,
        "shuffle_location": "front" if front else "back",
    }
    shuffled = PERCENTAGE.shuffle(tracks, seed=seed, params=params)
    stays = len(tracks) - len(tracks) * per_mille // 1000
    untouched = slice(len(tracks) - stays, None) if front else slice(stays)
    assert shuffled[untouched] == tracks[untouched]


@pytest.mark.parametrize(
    ("count", "percentage", "shuffled"),
    [(10_000, 0.07, 7), (1000, 1.1, 11), (3, 33.3, 0), (3, 34, 1), (430, 100, 430), (7, 0, 0)],
)
def test_percentage_counts_exactly(count, percentage, shuffled):
    tracks = numbered(count)
    untouched = set(tracks)
    for seed in range(30):
        order = PERCENTAGE.shuffle(tracks, seed=seed, params={"shuffle_percentage": percentage})
        assert order[shuffled:] == tracks[shuffled:]
        untouched -= {a for a, b in zip(order, tracks, strict=True) if a != b}
    assert len(untouched) == count - (shuffled if shuffled > 1 else 0)


@given(count=st.integers(1, 60), seed=seeds, sections=st.integers(1, 100))
def test_stratified_keeps_every_track_in_its_section(count, seed, sections):
    tracks = numbered(count)
    order = STRATIFIED.shuffle(tracks, seed=seed, params={"section_count": sections})
    start = 0
    for size in sizes(count, sections):
        assert set(order[start:start + size]) == set(tracks[start:start + size])
        start += size
    assert start == count


@given(count=st.integers(1, 60), seed=seeds, sections=st.integers(1, 100))
def test_balanced_takes_one_track_of_each_section_in_turn(count, seed, sections):
    tracks = numbered(count)
    section_of = {}
    start = 0
    for number, size in enumerate(sizes(count, sections)):
        section_of |= dict.fromkeys(tracks[start:start + size], number)
        start += size
    order = BALANCED.shuffle(tracks, seed=seed, params={"section_count": sections})
    dealt = [section_of[track] for track in order]
    rounds = min(sections, count)
    expected = [n for turn in range(count) for n, size in enumerate(sizes(count, rounds))
                if turn < size]
    assert dealt == expected


@given(tracks=playlists, seed=seeds, within=st.sampled_from(["no", "yes"]))
def test_albums_are_heard_whole(tracks, seed, within):
    order = ALBUMS.shuffle(tracks, seed=seed, params={"shuffle_within_albums": within})
    albums = [song.album_name or None for song in order]
    changes = sum(before != after for before, after in pairwise(albums))
    assert changes == max(len(set(albums)) - 1, 0)


@given(tracks=playlists, seed=seeds)
def test_albums_keep_their_inner_order_unless_told_otherwise(tracks, seed):
    order = ALBUMS.shuffle(tracks, seed=seed)
    for album in {song.album_name or None for song in tracks}:
        assert [s for s in order if (s.album_name or None) == album] == [
            s for s in tracks if (s.album_name or None) == album
        ]


def test_yes_shuffles_inside_the_album_too():
    tracks = [Song(f"{n}", album_name="Homogenic") for n in range(12)]
    assert ALBUMS.shuffle(tracks, seed=1) == tracks
    assert ALBUMS.shuffle(tracks, seed=1, params={"shuffle_within_albums": "yes"}) != tracks
