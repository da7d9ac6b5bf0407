"""The rules of the house that an import contract cannot express; each names file and line."""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
import re

import pytest

from shuffify import errors

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "shuffify"
TEMPLATES = sorted(
    path for path in PACKAGE.rglob("templates/**/*.html")
    # The report is a file by itself: it has to carry its style.
    if not path.name.startswith("audit_report")
)
MODULES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = sorted((PACKAGE / "static" / "js").rglob("*.js"))

SESSION_USERS = ("__init__.py", "services/", "jobs/runner.py", "cli/")
"""Who may touch `db.session`; the factory only hands it to the trail."""

CATCH_ALL = ("audit/", "services/activity_log_service.py", "jobs/runner.py", "web/errors.py")
"""Where everything may be caught: the audit guard, the job boundary, the last handler."""

INLINE = {
    "a script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", re.I),
    "a style": re.compile(r"<style\b|\sstyle\s*=", re.I),
    "a handler": re.compile(r"\son[a-z]+\s*=", re.I),
    "unescaped text": re.compile(r"\|\s*safe\b|autoescape\s+false", re.I),
    "a javascript link": re.compile(r"javascript:", re.I),
}
UNSAFE_SCRIPT = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
)
MAX_LINES = 300
"""About 250 is the aim; here is where a module has to be split by noun."""


def name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def offences(forbidden: Callable[[ast.AST], bool], allowed: tuple[str, ...]) -> list[str]:
    """Return file and line of all nodes that are forbidden outside of the allowed places."""
    return [
        f"{name(path)}:{getattr(node, 'lineno', 0)}"
        for path in MODULES
        if not name(path).startswith(allowed)
        for node in nodes(path)
        if forbidden(node)
    ]


def is_attribute_of(node: ast.AST, owner: str, *names: str) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr in names
        and getattr(node.value, "id", "") == owner
    )


def swallows_everything(node: ast.AST) -> bool:
    if not isinstance(node, ast.ExceptHandler) or isinstance(node.body[-1], ast.Raise):
        return False
    return node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException")


def texts(paths: list[Path]) -> Iterator[tuple[Path, str]]:
    assert paths
    return ((path, path.read_text(encoding="utf-8")) for path in paths)


def test_the_session_is_touched_by_services_jobs_and_commands_only() -> None:
    found = offences(lambda node: is_attribute_of(node, "db", "session"), SESSION_USERS)
    assert found == []


def test_everything_is_swallowed_at_the_named_places_only() -> None:
    assert offences(swallows_everything, CATCH_ALL) == []


def test_only_the_configuration_reads_the_environment() -> None:
    def reads(node: ast.AST) -> bool:
        return is_attribute_of(node, "os", "environ", "environb", "getenv")

    assert offences(reads, ("config.py",)) == []


def test_modules_fit_on_a_few_screens() -> None:
    long = {name(path): text.count("\n") for path, text in texts(MODULES)}
    assert {path: lines for path, lines in long.items() if lines > MAX_LINES} == {}


def test_modules_say_what_they_are_for() -> None:
    silent = [name(p) for p, text in texts(MODULES) if not ast.get_docstring(ast.parse(text))]
    assert silent == []


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "manager"])
def test_every_module_has_a_noun_of_its_own(word: str) -> None:
    assert [name(path) for path in MODULES if word in path.stem] == []


@pytest.mark.parametrize("kind", INLINE)
def test_templates_hold_no_inline_code(kind: str) -> None:
    assert [name(path) for path, text in texts(TEMPLATES) if INLINE[kind].search(text)] == []


def test_templates_stay_short() -> None:
    long = [
        name(path)
        for path, text in texts(TEMPLATES)
        if text.count("\n") > (60 if "partials" in path.parts else 200)
    ]
    assert long == []


def test_scripts_build_no_html_and_fetch_in_one_place() -> None:
    for path, text in texts(SCRIPTS):
        assert not UNSAFE_SCRIPT.search(text), name(path)
        fetches = re.search(r"\bfetch\(|XMLHttpRequest", text)
        assert not fetches or name(path) == "static/js/lib/api.js", name(path)
        assert text.count("\n") <= 100, name(path)


def test_every_behaviour_is_asked_for_and_every_one_asked_for_exists() -> None:
    pages = "".join(text for _, text in texts(TEMPLATES))
    asked = set(" ".join(re.findall(r'data-behaviour="([^"]+)"', pages)).split())
    assert asked == {path.stem for path in SCRIPTS if path.parent.name == "behaviours"}


def test_the_tree_of_errors_in_the_docstring_is_the_real_one() -> None:
    lines = {line.split()[0]: line for line in (errors.__doc__ or "").splitlines() if line.strip()}
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, errors.ShuffifyError):
            line = lines[error.__name__]
            depth = (len(line) - len(line.lstrip()) - 4) // 2
            assert depth == error.__mro__.index(errors.ShuffifyError), error.__name__


def test_what_is_installed_is_what_the_constraints_say() -> None:
    pins = [line.split("==") for line in (ROOT / "constraints.txt").read_text().split()]
    assert {package: pin for package, pin in pins if version(package) != pin} == {}
