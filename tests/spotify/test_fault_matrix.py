from pathlib import Path
from typing import get_args

import pytest

from shuffify.sandbox.faults import Kind
from tests.spotify.fault_matrix import FAULTS, LINES, NAME, OUTCOMES, SCENARIOS, Matrix, Strikes

PAGE = Path(__file__).parents[2] / "docs" / "fault-matrix.md"


@pytest.fixture
def matrix(sandbox):
    return Matrix(sandbox)


def test_every_fault_that_can_be_planned_is_in_the_matrix():
    planned = {kind for kind, _ in FAULTS.values()}
    # The one strikes at the accounts service, which no call of a write reaches; the other waits.
    assert {*get_args(Kind)} - planned == {"invalid_grant", "slow"}


def test_the_printed_table_has_these_lines_and_nothing_in_it_is_wrong():
    table = PAGE.read_text().split("```")[1].splitlines()[1:]
    lines, legend = table[2:table.index("")], table[table.index("") + 1:]
    assert table[0].split() == [scenario.method for scenario in SCENARIOS]
    assert [line[:NAME].rstrip() for line in lines] == [
        f"{fault}, {often.value}" for fault, often in LINES
    ]
    assert {*"".join(line[NAME:] for line in lines)} <= {*OUTCOMES, " "} - {"!"}
    assert [line[9:] for line in legend] == [*OUTCOMES.values()]


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.method)
@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_fault_at_any_call_the_list_is_old_or_new_and_the_answer_says_which(
    matrix, scenario, fault
):
    cases = list(matrix.cases(scenario, fault, Strikes.ONCE))
    assert len(cases) > 6
    assert [case for case in cases if case.stands == "other" or case.outcome == "!"] == []


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["rate limit, long", "500, not applied", "502, applied"])
def test_where_nothing_helps_the_answer_says_what_stands(matrix, fault):
    for often in (Strikes.TWICE, Strikes.FOR_EVER, Strikes.WRITES):
        cases = list(matrix.cases(SCENARIOS[0], fault, often))
        assert [case for case in cases if case.outcome == "!"] == []
