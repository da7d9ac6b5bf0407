"""The rules of templates, scripts and styles, read from the files."""

from pathlib import Path
import re

import pytest

import shuffify

PACKAGE = Path(shuffify.__file__).parent
TEMPLATES = sorted((PACKAGE / "templates").rglob("*.html"))
SCRIPTS = sorted((PACKAGE / "static" / "js").rglob("*.js"))
STYLES = sorted((PACKAGE / "static" / "css").rglob("*.css"))
BEHAVIOURS = PACKAGE / "static" / "js" / "behaviours"

INLINE = {
    "a handler": re.compile(r"""\son[a-z]+\s*=\s*["']""", re.I),
    "a style": re.compile(r"\sstyle\s*=|<style", re.I),
    "a script body": re.compile(r"<script(?![^>]*\ssrc=)", re.I),
    "a javascript: link": re.compile(r"javascript:", re.I),
    "text taken for markup": re.compile(r"\|\s*safe\b|autoescape\s+false"),
    "something from elsewhere": re.compile(r"""(src|href)=["'](https?:)?//"""),
}


def named(files: list[Path]) -> list[object]:
    return [pytest.param(file, id=str(file.relative_to(PACKAGE))) for file in files]


@pytest.mark.parametrize("file", named(TEMPLATES))
def test_templates_are_short(file: Path) -> None:
    limit = 60 if file.parent.name == "partials" else 200
    assert len(file.read_text().splitlines()) <= limit


@pytest.mark.parametrize("file", named(TEMPLATES))
def test_templates_hold_nothing_inline(file: Path) -> None:
    text = file.read_text()
    assert [what for what, pattern in INLINE.items() if pattern.search(text)] == []


@pytest.mark.parametrize("file", named(SCRIPTS))
def test_scripts_are_short_modules_that_never_write_markup(file: Path) -> None:
    text = file.read_text()
    assert len(text.splitlines()) <= 100
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text)
    assert text.startswith("// "), "say in one line what it is for"


@pytest.mark.parametrize("file", named(SCRIPTS))
def test_fetch_stands_in_one_module(file: Path) -> None:
    if file.name != "api.js":
        assert not re.search(r"\bfetch\(|XMLHttpRequest", file.read_text())


def test_every_behaviour_has_its_module_and_every_module_its_use() -> None:
    used = {
        name
        for file in TEMPLATES
        for name in re.findall(r'data-behaviour="([^"]+)"', file.read_text())
    }
    assert used == {file.stem for file in BEHAVIOURS.glob("*.js")}
    for file in BEHAVIOURS.glob("*.js"):
        assert "export function attach(" in file.read_text(), file.name


@pytest.mark.parametrize("file", named(SCRIPTS))
def test_imports_lead_to_files(file: Path) -> None:
    for target in re.findall(r'from "([^"]+)"', file.read_text()):
        found = (file.parent / target).resolve()
        assert found.is_file() and found.is_relative_to(PACKAGE / "static"), target


@pytest.mark.parametrize("file", named(STYLES))
def test_styles_take_colours_from_tokens_alone(file: Path) -> None:
    text = file.read_text()
    rules = re.sub(r"unicode-range:[^;]*;", "", text.split("}", 1)[1])
    assert not re.search(r"#[0-9a-f]{3,8}\b(?!\s*\{)", rules, re.I)
    assert "@import" not in text
    for address in re.findall(r"url\(([^)]*)\)", text):
        assert (file.parent / address.strip('"')).resolve().is_file(), address


def test_text_from_spotify_knows_its_own_direction() -> None:
    name = re.compile(r"\{\{ ((playlist|viewer|schedule)\.|schedule\.target_playlist_)name \}\}")
    for file in TEMPLATES:
        for line in file.read_text().splitlines():
            # The title of a page has no elements: browsers find its direction themselves.
            if name.search(line) and "block title" not in line:
                assert 'dir="auto"' in line or "<bdi" in line, f"{file.name}: {line.strip()}"
