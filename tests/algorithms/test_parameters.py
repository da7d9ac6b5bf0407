import pytest

from shuffify.algorithms import ParametersError, get


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("BasicShuffle", {"keep_first": -1}, "must be between 0 and 10,000"),
        ("BasicShuffle", {"keep_first": 10_001}, "must be between 0 and 10,000"),
        ("BasicShuffle", {"keep_first": 1.0}, "must be a whole number"),
        ("BasicShuffle", {"keep_first": "1"}, "must be a whole number"),
        ("BasicShuffle", {"keep_first": True}, "must be a whole number"),
        ("BasicShuffle", {"keep_first": None}, "must be a whole number"),
        ("BasicShuffle", {"keep_first": [1]}, "must be a whole number"),
        ("BasicShuffle", {"keep_last": 1}, "is not a parameter of Basic"),
        ("PercentageShuffle", {"shuffle_percentage": 100.5}, "must be between 0 and 100"),
        ("PercentageShuffle", {"shuffle_percentage": float("nan")}, "must be a number"),
        ("PercentageShuffle", {"shuffle_percentage": float("inf")}, "must be a number"),
        ("PercentageShuffle", {"shuffle_percentage": "half"}, "must be a number"),
        ("PercentageShuffle", {"shuffle_location": "middle"}, "must be 'front' or 'back'"),
        ("PercentageShuffle", {"shuffle_location": 0}, "must be 'front' or 'back'"),
        ("PercentageShuffle", {"shuffle_location": ["front"]}, "must be 'front' or 'back'"),
        ("BalancedShuffle", {"section_count": 0}, "must be between 1 and 100"),
        ("StratifiedShuffle", {"section_count": 101}, "must be between 1 and 100"),
        ("ArtistSpacingShuffle", {"min_spacing": 11}, "must be between 1 and 10"),
        ("AlbumSequenceShuffle", {"shuffle_within_albums": True}, "must be 'no' or 'yes'"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_it_must_be(name, params, message):
    with pytest.raises(ParametersError) as raised:
        get(name).validate(params)
    assert raised.value.errors == ((*params, message),)


def test_all_mistakes_are_reported_at_once():
    with pytest.raises(ParametersError) as raised:
        get("BalancedShuffle").validate({"keep_first": -1, "section_count": 0, "mood": "calm"})
    assert {name for name, _ in raised.value.errors} == {"keep_first", "section_count", "mood"}


@pytest.mark.parametrize("value", [0, 100, 33.3])
def test_a_number_may_be_whole_or_not(value):
    assert get("PercentageShuffle").validate({"shuffle_percentage": value}) == {
        "shuffle_percentage": value,
        "shuffle_location": "front",
    }


def test_a_huge_whole_number_is_out_of_range_and_no_crash():
    with pytest.raises(ParametersError, match="between 0 and 100"):
        get("PercentageShuffle").validate({"shuffle_percentage": 10**400})
