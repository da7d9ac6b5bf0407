"""How heavy the dashboard is, and how long the server works on pages, against the goals.

    python -m benchmarks.pages [--rounds 100]

Times are those of the app alone: it is called in this process, on SQLite in a file. The sandbox
is excluded, as the playlists are cached and a toggle asks nobody. The weight is that of a first
visit in Chromium: every answer with its headers, without covers. Exits with 1 when a goal is
missed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import gc
from pathlib import Path
from statistics import median
import sys
import tempfile
from time import perf_counter

from playwright.sync_api import Browser, Request
from werkzeug.test import TestResponse

from shuffify.cli.demo_world import Demo
from tests.browser.stage import log_in, open_page, running_browser, set_up, until_ready
from tests.visitor import Visitor

GOALS = {
    "dashboard, weight": (150.0, "KiB"),
    "dashboard, server": (60.0, "ms"),
    "toggle a schedule, server": (25.0, "ms"),
}


def weight(browser: Browser, demo: Demo) -> float:
    """Return the KiB of a first visit to the dashboard, by somebody who is logged in."""
    page = open_page(browser, demo.url)
    log_in(page)
    visit = browser.new_context(
        base_url=demo.url, storage_state=page.context.storage_state()
    ).new_page()
    loaded: list[Request] = []
    visit.on("requestfinished", lambda request: loaded.append(request))
    visit.goto("/")
    until_ready(visit)
    visit.wait_for_load_state("networkidle")
    sizes = [request.sizes() for request in loaded if request.url.startswith(demo.url)]
    for context in (visit.context, page.context):
        context.close()
    return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) / 1024


def milliseconds(act: Callable[[], TestResponse], rounds: int) -> float:
    """Return the median time of one request, the first ones left out."""
    samples = []
    gc.collect()
    for number in range(-3, rounds):
        begin = perf_counter()
        answer = act()
        if number >= 0:
            samples.append(perf_counter() - begin)
        assert answer.status_code == 200, answer.text
    return median(samples) * 1e3


def measured(rounds: int) -> dict[str, float]:
    """Run a demo and measure it; the names are those of the goals."""
    with tempfile.TemporaryDirectory() as folder, running_browser() as browser, \
            set_up(Path(folder), browser) as stage:
        # A user may toggle sixty times a minute, which is less than is measured.
        stage.demo.app.config["RATE_LIMITS"] = False
        mira = Visitor(stage.demo.app).log_in()
        headers = {"Accept": "application/json", "X-CSRFToken": mira.token()}
        return {
            "dashboard, weight": weight(browser, stage.demo),
            "dashboard, server": milliseconds(lambda: mira.client.get("/"), rounds),
            "toggle a schedule, server": milliseconds(
                lambda: mira.client.post("/schedules/1/toggle", json={}, headers=headers), rounds
            ),
        }


def main() -> int:
    """Print one line a goal; return 1 when one is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    found = measured(parser.parse_args().rounds)
    print(f"{'':28}{'found':>9}{'goal':>9}")
    for name, (goal, unit) in GOALS.items():
        verdict = "" if found[name] < goal else "  missed"
        print(f"{name:28}{found[name]:>9.1f}{goal:>9.0f} {unit}{verdict}")
    return int(any(found[name] >= goal for name, (goal, _) in GOALS.items()))


if __name__ == "__main__":
    sys.exit(main())
