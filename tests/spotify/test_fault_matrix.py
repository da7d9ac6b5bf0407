from typing import get_args

import pytest

from shuffify.sandbox.faults import Kind
from tests.spotify.fault_matrix import FAULTS, ONCE, SCENARIOS, Matrix


@pytest.fixture
def matrix(sandbox):
    return Matrix(sandbox)


def test_every_fault_that_can_be_planned_is_in_the_matrix():
    planned = {kind for kind, _ in FAULTS.values()}
    # The one strikes at the accounts service, which no call of a write reaches; the other waits.
    assert {*get_args(Kind)} - planned == {"invalid_grant", "slow"}


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.method)
@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_fault_at_any_call_the_list_is_old_or_new_and_the_answer_says_which(
    matrix, scenario, fault
):
    cases = list(matrix.cases(scenario, fault, ONCE))
    assert len(cases) > 6
    assert [case for case in cases if case.stands == "other" or not case.is_right] == []


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["rate limit, long", "500, not applied", "502, applied"])
def test_where_nothing_helps_the_answer_says_what_stands(matrix, fault):
    for count in (2, None):
        cases = list(matrix.cases(SCENARIOS[0], fault, count))
        assert [case for case in cases if not case.is_right] == []
