"""A pytest plugin: a test whose code writes past the trail fails, with statements and places.

    pytest -p shuffify.audit.testing        or, in conftest.py,
    pytest_plugins = ["shuffify.audit.testing"]

`@pytest.mark.audit_bypass("why")` allows it for a test, a class or a module;
the fixture for a block: `with audit_bypass("why"): ...`. Code under test that has a reason says so
itself: `execution_options(audit="why")`, `suspended("why")`. Setup and teardown are held to the
same; what a thread writes counts for the test that is running. An engine that no watched session
has used yet is looked at once `trail.guard(engine)` was called. The only module that needs pytest.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

import pytest

from .bypass import Bypass, observers

NAME: Final = "audit_bypass"
MOST_TOLD: Final = 10
"""Bypasses that a failure names one by one."""

_WATCH: Final = pytest.StashKey["Watch"]()


class Watch:
    """Collects what one run of pytest detects, and fails the test at the end of its phase."""

    def __init__(self) -> None:
        self.found: list[Bypass] = []
        self._note = self.found.append
        observers.append(self._note)

    def close(self) -> None:
        observers.remove(self._note)

    def check(self, item: pytest.Item) -> None:
        """Fail unless everything that was found since the last check is allowed."""
        found = list(self.found)
        self.found.clear()
        reasons = [_reason(*mark.args, **mark.kwargs) for mark in item.iter_markers(NAME)]
        if found and not reasons:
            pytest.fail(_told(found), pytrace=False)

    @contextmanager
    def allowed(self, reason: str) -> Iterator[None]:
        _reason(reason)
        before = len(self.found)
        try:
            yield
        finally:
            del self.found[before:]


def _reason(reason: object = None) -> str:
    if not isinstance(reason, str) or not reason.strip():
        pytest.fail(f'{NAME}({reason!r}): say why, as in {NAME}("fills the old table").',
                    pytrace=False)
    return reason


def _told(found: list[Bypass]) -> str:
    lines = [f"{len(found)} statement{'s' * (len(found) > 1)} bypassed the audit trail:"]
    for one in found[:MOST_TOLD]:
        lines += [f"  {one}", f"    {' '.join(one.statement.split())[:200]}"]
    if len(found) > MOST_TOLD:
        lines.append(f"  and {len(found) - MOST_TOLD} more")
    lines.append(f'Write through a watched session, or allow it: @pytest.mark.{NAME}("why").')
    return "\n".join(lines)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{NAME}(reason): let a test write past the audit trail")
    config.stash[_WATCH] = Watch()


def pytest_unconfigure(config: pytest.Config) -> None:
    watch = config.stash.get(_WATCH, None)
    if watch is not None:
        watch.close()
        del config.stash[_WATCH]


def _checked(item: pytest.Item) -> Generator[None, object, object]:
    watch = item.config.stash[_WATCH]
    try:
        result = yield
    except BaseException:
        watch.found.clear()  # The test's own exception tells more.
        raise
    watch.check(item)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    item.config.stash[_WATCH].found.clear()
    return (yield from _checked(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from _checked(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from _checked(item))


@pytest.fixture
def audit_bypass(request: pytest.FixtureRequest
                 ) -> Callable[[str], AbstractContextManager[None]]:
    """Allow writes past the audit trail in a block, with a reason: `with audit_bypass("why"):`."""
    return request.config.stash[_WATCH].allowed
