from collections import Counter
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuffify.algorithms import get
from tests.algorithms.songs import Song, seeds, songs_by

SPACING = get("ArtistSpacingShuffle")

line_ups = st.text(alphabet="ABCDE", max_size=12)


def keeps_distance(artists: tuple[str, ...], spacing: int) -> bool:
    return all(
        artist not in artists[max(0, index - spacing):index]
        for index, artist in enumerate(artists)
    )


def some_order_keeps_distance(artists: str, spacing: int) -> bool:
    """Try every order, remembering dead ends."""

    @lru_cache(maxsize=None)
    def possible(left: tuple[tuple[str, int], ...], recent: tuple[str, ...]) -> bool:
        counts = dict(left)
        if not counts:
            return True
        for artist in counts:
            if artist in recent:
                continue
            rest = {**counts, artist: counts[artist] - 1}
            remaining = tuple(sorted((a, n) for a, n in rest.items() if n))
            if possible(remaining, (*recent, artist)[-spacing:]):
                return True
        return False

    return possible(tuple(sorted(Counter(artists).items())), ())


@given(artists=line_ups, spacing=st.integers(1, 4), seed=seeds)
def test_the_distance_is_kept_whenever_any_order_can_keep_it(artists, spacing, seed):
    order = SPACING.shuffle(songs_by(artists), seed=seed, params={"min_spacing": spacing})
    kept = keeps_distance(tuple(song.first_artist for song in order), spacing)
    assert kept == some_order_keeps_distance(artists, spacing)


@pytest.mark.parametrize(
    ("artists", "spacing"), [("AAABBBCC", 2), ("AAAB", 1), ("AABBCCDD", 3), ("AAAABBC", 1)]
)
def test_small_lists_are_spaced_under_every_seed(artists, spacing):
    possible = some_order_keeps_distance(artists, spacing)
    for seed in range(300):
        order = SPACING.shuffle(songs_by(artists), seed=seed, params={"min_spacing": spacing})
        line_up = tuple(song.first_artist for song in order)
        assert keeps_distance(line_up, spacing) == possible


def test_an_artist_with_too_many_songs_still_comes_first_and_last():
    order = SPACING.shuffle(songs_by("AAAAAB"), seed=3)
    assert [song.first_artist for song in order] == ["A", "B", "A", "A", "A", "A"]


def test_songs_without_an_artist_are_kept_apart_from_each_other():
    songs = [Song("1"), Song("2"), Song("3", ""), *songs_by("AB")]
    order = SPACING.shuffle(songs, seed=5)
    assert [bool(song.first_artist) for song in order] == [False, True, False, True, False]


def test_ties_are_broken_at_random():
    firsts = {SPACING.shuffle(songs_by("ABCD"), seed=seed)[0].first_artist for seed in range(60)}
    assert firsts == set("ABCD")


def test_songs_of_an_artist_are_shuffled():
    orders = {
        tuple(s.uri for s in SPACING.shuffle(songs_by("AABB"), seed=seed)) for seed in range(200)
    }
    assert len(orders) == 8
