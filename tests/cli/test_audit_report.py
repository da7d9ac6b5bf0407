"""`shuffify audit report`: one page, for auditors."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
import re

from click.testing import Result
import pytest

from shuffify.cli.audit_report import CHART_HEIGHT, CHART_WIDTH, axis_labels, bars
from shuffify.services.activity_report import MOST_ENTRIES, in_steps, with_the_rest
from tests.cli.conftest import START, Audit, Record
from tests.visitor import on_sqlite

RUN = {"activity_type": "schedule_run", "playlist_id": "p1", "playlist_name": "Morning run"}


@pytest.fixture
def page(audit: Audit, tmp_path: Path) -> Callable[..., str]:
    """Return a function that makes a report and returns its text, tags taken out."""

    def make(*args: str) -> str:
        out = tmp_path / "report.html"
        result: Result = audit("report", "--out", str(out), *args)
        assert result.exit_code == 0, result.output
        return " ".join(re.sub(r"<[^>]*>", " ", out.read_text()).split())

    return make


def test_the_page_tells_what_happened(
    page: Callable[..., str], record: Record, spool: Path
) -> None:
    record(activity_type="shuffle", playlist_id="p1", playlist_name="Old name")
    for outcome in ("success", "success", "skipped", "failed"):
        record(f"Run: {outcome}", metadata_json={"schedule_id": 7, "outcome": outcome}, **RUN)
    record("Interrupted", activity_type="shuffle", metadata_json={"outcome": "interrupted"},
           source="cli")
    spool.write_text('{"event_id": "x"}\n')
    text = page()
    assert "6 things happened Between 2026-11-23 14:00 UTC and 2026-11-23 14:05 UTC" in text
    assert "By type Type Rows schedule_run 4 shuffle 2" in text
    # Renamed: the newest name, with the rows of both.
    assert "By playlist Playlist Rows Morning run 5" in text
    assert "By source Source Rows web 5 cli 1" in text
    assert "7 Morning run 4 2 1 1" in text
    failures = text[text.index("Failures Time"):]
    assert failures.index("Interrupted") < failures.index("Run: failed")
    assert "Run: success" not in failures
    assert "1 row waits in the spool" in text
    assert "Nothing is sealed yet" in text


def test_the_page_says_how_far_the_trail_is_sealed(
    page: Callable[..., str], record: Record, audit: Audit
) -> None:
    record()
    assert audit("seal").exit_code == 0
    record()
    text = page("--until", "2026-01-01")
    assert "1 seal, the newest of 20" in text and "1 row is not sealed yet." in text


def test_filters_choose_what_is_told_and_are_named(
    page: Callable[..., str], record: Record
) -> None:
    record(activity_type="shuffle")
    record(activity_type="login")
    text = page("--type", "login", "--since", "2026-11-23")
    assert "1 thing happened" in text
    assert "Only type login Only since 2026-11-23 00:00 UTC" in text
    assert "shuffle 1" not in text


def test_an_empty_trail_has_a_page_too(page: Callable[..., str], record: Record) -> None:
    record()
    text = page("--until", "2026-01-01")
    assert "0 things happened No row of activity_log" in text
    assert "No schedule ran." in text and "None: no run failed" in text


@on_sqlite
def test_names_are_text_and_nothing_is_loaded_or_run(
    audit: Audit, record: Record, tmp_path: Path
) -> None:
    record("<script>alert(1)</script>", metadata_json={"outcome": "failed", "schedule_id": 1},
           **{**RUN, "playlist_name": "<img src=x onerror=alert(1)>"})
    out = tmp_path / "report.html"
    audit("report", "--out", str(out))
    text = out.read_text()
    assert "<script" not in text and "<img" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert not re.search(r"""(src|href)=["']""", text)
    assert "default-src 'none'" in text
    assert out.stat().st_mode & 0o777 == 0o600


@on_sqlite
def test_a_report_needs_a_file(audit: Audit, record: Record) -> None:
    result = audit("report")
    assert result.exit_code == 2 and "--out" in result.stderr


@pytest.mark.parametrize(("days", "step", "series"), [
    ({}, "day", []),
    ({"2026-11-23": 2}, "day", [("2026-11-23", 2)]),
    ({"2026-02-27": 1, "2026-03-02": 2}, "day",
     [("2026-02-27", 1), ("2026-02-28", 0), ("2026-03-01", 0), ("2026-03-02", 2)]),
])
def test_days_without_rows_are_not_skipped(
    days: dict[str, int], step: str, series: list[tuple[str, int]]
) -> None:
    assert in_steps(days) == (step, series)


def test_long_times_come_in_weeks_and_very_long_ones_in_months() -> None:
    first = START.date()
    step, series = in_steps({str(first): 1, str(first + timedelta(days=200)): 5})
    assert step == "week" and series[0] == ("2026-11-23", 1) and series[-1][1] == 5
    assert len(series) == 29 and all(count == 0 for _, count in series[1:-1])
    step, series = in_steps({"2020-12-31": 1, "2024-01-31": 2, "2024-02-01": 4})
    assert step == "month"
    assert series[0] == ("2020-12-01", 1) and series[-2:] == [("2024-01-01", 2), ("2024-02-01", 4)]
    assert len(series) == 39


def test_many_entries_end_with_the_others() -> None:
    counts = [(str(number), 100 - number) for number in range(MOST_ENTRIES + 3)]
    assert with_the_rest(counts[:MOST_ENTRIES]) == counts[:MOST_ENTRIES]
    assert with_the_rest(counts)[-1] == ("3 others", 85 + 84 + 83)
    assert sum(count for _, count in with_the_rest(counts)) == sum(n for _, n in counts)


def test_columns_stand_on_the_ground_within_the_chart() -> None:
    drawn = bars([("a", 1), ("b", 0), ("c", 1000)])
    assert all(bar.y + bar.height == pytest.approx(CHART_HEIGHT) for bar in drawn)
    assert [bar.height for bar in drawn] == [1.5, 0, CHART_HEIGHT]
    assert drawn[-1].x + drawn[-1].width <= CHART_WIDTH
    assert bars([]) == [] and axis_labels([]) == []
    assert axis_labels([("a", 1)]) == ["a"]
    assert axis_labels([(name, 1) for name in "abcde"]) == ["a", "c", "e"]


@on_sqlite
def test_no_name_brings_control_characters_into_the_page(
    audit: Audit, record: Record, tmp_path: Path
) -> None:
    record(playlist_id="p1", playlist_name="\x1b[2J\u202eevil")
    page = tmp_path / "report.html"
    assert audit("report", "--out", str(page)).exit_code == 0
    text = page.read_text()
    assert r"\x1b[2J\u202eevil" in text
    assert not {"\x1b", "\u202e"} & set(text)
