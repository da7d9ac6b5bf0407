"""The documentation as its readers use it: links to follow, code to run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]

PAGES: Final = sorted([
    *ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "shuffify/audit/README.md",
])

_FENCE: Final = re.compile(r"^```(\S*) *(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
_SPAN: Final = re.compile(r"`[^`\n]+`")
_LINK: Final = re.compile(r"\[([^\]\n]*)\]\(([^)\s]+)(?:\s+\"([^\"]*)\")?\)")
_HEADING: Final = re.compile(r"^#+ +(.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of code; `word` is what follows the language."""

    language: str
    word: str
    code: str
    line: int


class Link(NamedTuple):
    """A link or an image."""

    text: str
    target: str
    title: str
    line: int


def name_of(page: Path) -> str:
    """Return a page's path as readers know it."""
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[Block]:
    """Return a page's blocks of code in one language, in order."""
    text = page.read_text()
    found = (
        Block(match[1], match[2], match[3], text.count("\n", 0, match.start(3)) + 1)
        for match in _FENCE.finditer(text)
    )
    return [block for block in found if block.language == language]


def links(page: Path) -> Iterator[Link]:
    """Yield the links outside of code."""
    text = _without_code(page.read_text())
    for match in _LINK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Link(match[1], match[2], match[3] or "", line)


def anchors(page: Path) -> set[str]:
    """Return the names by which a page's headings are linked to."""
    headings = _HEADING.findall(_without_blocks(page.read_text()))
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def paths(page: Path) -> set[str]:
    """Return what is written as code and looks like a path of this repository."""
    spans = _SPAN.findall(_without_blocks(page.read_text()))
    return {
        span.strip("`") for span in spans
        if re.fullmatch(r"`[\w.-]+(/[\w.-]+)*/([\w.-]+\.(py|md|js|sql|cfg|html))`", span)
    }


def _without_blocks(text: str) -> str:
    return _FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)


def _without_code(text: str) -> str:
    return _SPAN.sub("``", _without_blocks(text))
