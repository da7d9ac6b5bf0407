"""What the documentation points at is there: pages, headings, files and the tests it names."""

from __future__ import annotations

from pathlib import Path
import re

import pytest

from tests.docs import pages
from tests.docs.pages import PAGES, ROOT, Link

HOMES = ("", "shuffify/", "tests/")
"""Where paths may begin that pages quote without linking to them."""


def problem(page: Path, link: Link) -> str | None:
    """Say what is wrong with a link within the repository, or None."""
    path, _, anchor = link.target.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return "no such file"
    if anchor and (target.suffix != ".md" or anchor not in pages.anchors(target)):
        return "no such heading"
    if target.suffix == ".py" and target.name.startswith("test_"):
        return wrong_test(target, link)
    return None


def wrong_test(module: Path, link: Link) -> str | None:
    """A link to a test says the test's name: as its text, in words, or as its title."""
    if link.text == "``":
        return None  # A path that is quoted as such.
    name = link.title or f"test_{link.text.replace(' ', '_')}"
    is_there = re.search(rf"^(async )?def {re.escape(name)}\(", module.read_text(), re.MULTILINE)
    return None if is_there else f"no test {name}"


@pytest.mark.parametrize("page", PAGES, ids=pages.name_of)
def test_links_lead_to_files_headings_and_tests_that_exist(page: Path) -> None:
    wrong = {
        f"{pages.name_of(page)}:{link.line} {link.target}": found
        for link in pages.links(page)
        if not re.match(r"[a-z]+:", link.target) and (found := problem(page, link))
    }
    assert wrong == {}


@pytest.mark.parametrize("page", PAGES, ids=pages.name_of)
def test_paths_that_are_quoted_exist(page: Path) -> None:
    if page.name == "CHANGELOG.md":
        return  # It tells of what was.
    homes = [page.parent, *(ROOT / home for home in HOMES)]
    assert {
        path for path in pages.paths(page) if not any((home / path).exists() for home in homes)
    } == set()


def test_every_page_is_found_from_the_readme() -> None:
    found, queue = {ROOT / "README.md"}, [ROOT / "README.md"]
    while queue:
        page = queue.pop()
        for link in pages.links(page):
            target = (page.parent / link.target.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.exists() and target not in found:
                found.add(target)
                queue.append(target)
    assert {pages.name_of(page) for page in set(PAGES) - found} <= {"CHANGELOG.md"}
