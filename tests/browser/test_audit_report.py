"""The auditors' page in a browser: light, dark, small, printed."""

from datetime import datetime
from pathlib import Path
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from playwright.sync_api import Browser, expect
import pytest

from shuffify.cli import audit_report
from shuffify.services.activity_query import ActivityFilter
from shuffify.services.activity_report import read_report
from tests.browser import proofs
from tests.browser.complaints import Complaints
from tests.cli.conftest import Record, mira, record

__all__ = ["mira", "record"]


@pytest.fixture
def session(db: SQLAlchemy) -> Any:
    """Put `record`'s rows where the report reads them."""
    return db.session


def test_the_report_reads_well_everywhere(
    browser: Browser, record: Record, complaints: Complaints, tmp_path: Path
) -> None:
    for number in range(40):
        record(
            "Scheduled shuffle on 'أغاني الطريق الطويل' failed: Spotify did not answer",
            activity_type="schedule_run", playlist_id=str(number), playlist_name="x" * 255,
            metadata_json={"outcome": "failed", "schedule_id": number % 4},
        )
    file = tmp_path / "report.html"
    now = datetime(2026, 11, 26)
    file.write_text(audit_report.render(
        read_report(ActivityFilter()), ActivityFilter(), 3, now
    ))
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
        complaints.listen_to(context)
        page = context.new_page()
        page.goto(file.as_uri())
        for width in (1280, 390, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert proofs.axe(page) == [] and proofs.sideways(page) == []
        page.get_by_text("The numbers").click()
        expect(page.get_by_role("rowheader", name="2026-11-23")).to_be_visible()
        context.close()
    page = browser.new_page()
    page.goto(file.as_uri())
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "light"
    assert len(page.pdf()) > 10_000
    page.close()
