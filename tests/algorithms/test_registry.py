import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuffify.algorithms import ALGORITHMS, Algorithm, UnknownAlgorithmError, get, new_seed
from tests.algorithms.songs import Song, numbered, playlists, seeds

algorithms = pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=lambda a: a.name)


def drawn_params(algorithm: Algorithm) -> st.SearchStrategy[dict[str, object]]:
    """Any parameters that the metadata allows, present or not."""
    values: dict[str, st.SearchStrategy[object]] = {}
    for parameter in algorithm.parameters:
        if parameter.kind == "choice":
            values[parameter.name] = st.sampled_from(parameter.options)
        elif parameter.kind == "integer":
            values[parameter.name] = st.integers(parameter.min, parameter.max)
        else:
            values[parameter.name] = st.floats(parameter.min, parameter.max)
    return st.fixed_dictionaries({}, optional=values)


def test_the_menu_has_six_algorithms_in_the_order_of_the_design():
    assert list(ALGORITHMS) == [
        "BasicShuffle",
        "PercentageShuffle",
        "BalancedShuffle",
        "StratifiedShuffle",
        "ArtistSpacingShuffle",
        "AlbumSequenceShuffle",
    ]


@algorithms
@given(data=st.data(), tracks=playlists, seed=seeds)
def test_every_algorithm_returns_the_very_tracks_it_was_given(algorithm, data, tracks, seed):
    params = data.draw(drawn_params(algorithm))
    shuffled = algorithm.shuffle(tracks, seed=seed, params=params)
    assert sorted(map(id, shuffled)) == sorted(map(id, tracks))


@algorithms
@given(data=st.data(), tracks=playlists, seed=seeds)
def test_the_same_seed_gives_the_same_order(algorithm, data, tracks, seed):
    params = data.draw(drawn_params(algorithm))
    first = algorithm.shuffle(tracks, seed=seed, params=params)
    assert algorithm.shuffle(tuple(tracks), seed=seed, params=params) == first


@algorithms
@given(data=st.data(), tracks=playlists, seed=seeds)
def test_no_algorithm_touches_the_list_it_was_given(algorithm, data, tracks, seed):
    before = list(tracks)
    algorithm.shuffle(tracks, seed=seed, params=data.draw(drawn_params(algorithm)))
    assert tracks == before


@algorithms
@pytest.mark.parametrize("count", [0, 1])
def test_lists_without_a_second_track_stay_as_they_are(algorithm, count):
    assert algorithm.shuffle(numbered(count), seed=1) == numbered(count)


@algorithms
def test_different_seeds_give_different_orders(algorithm):
    tracks = [Song(f"{n}", first_artist=f"{n}", album_name=f"{n}") for n in range(60)]
    orders = {tuple(algorithm.shuffle(tracks, seed=seed)) for seed in range(20)}
    assert len(orders) == 20


@algorithms
def test_metadata_can_draw_a_form(algorithm):
    form = algorithm.to_dict()
    assert form["name"] == algorithm.name and form["label"] and form["description"]
    for parameter in form["parameters"]:
        assert parameter["label"] and parameter["help"]
        assert parameter["options"] or parameter["min"] < parameter["max"]


@algorithms
def test_defaults_are_valid(algorithm):
    assert algorithm.validate({}) == {p.name: p.default for p in algorithm.parameters}


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(UnknownAlgorithmError, match="no algorithm 'Bogo'.*BasicShuffle"):
        get("Bogo")


def test_a_known_name_finds_its_algorithm():
    assert get("BalancedShuffle").label == "Balanced"


def test_new_seeds_fit_into_javascript():
    assert all(0 <= new_seed() < 2**53 for _ in range(100))
