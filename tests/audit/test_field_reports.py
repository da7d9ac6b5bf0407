"""Each of the eighty field reports has an answer, and the page says which."""

from __future__ import annotations

from tests.audit.field_reports import CANNOT, NOT_YET, PAGE, REPORTS, answers, page


def test_every_report_has_exactly_one_kind_of_answer() -> None:
    kinds = [set(answers()), set(CANNOT), set(NOT_YET)]
    counts = {number: sum(number in kind for kind in kinds) for number in REPORTS}

    assert sorted(REPORTS) == list(range(1, 81))
    assert {number: count for number, count in counts.items() if count != 1} == {}
    assert set().union(*kinds) == set(REPORTS)


def test_the_page_is_what_the_marks_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.audit.field_reports"
