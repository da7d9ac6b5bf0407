"""Each function of the engine may break inside: the caller never learns it, the counters do (A2).

The parts are asked of the package itself: a new one is broken as well, or it is named here, with
the reason why it need not be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final
from weakref import ref

import pytest
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from shuffify.audit import AuditTrail
from shuffify.audit.counters import Counters
from shuffify.audit.fate import Waiting
from tests.audit.errands import LIMIT, Open, errands
from tests.audit.faults import ActivityLog, Base, beginning, clear, failing, story
from tests.audit.parts import Part, breaking, forget_what_was_worked_out, parts
from tests.audit.stage import Stage, staged

pytestmark = [
    pytest.mark.usefixtures("mira"), pytest.mark.audit_bypass("bypasses belong to the stories"),
]

AT_ONCE: Final = 32
"""Parts that break in one telling; what one of them hides from another breaks in the next."""

ELSEWHERE: Final = {
    "who keeps or reads the log asked for it and hears of its errors": (
        "anchor.*", "check.*", "custody.*", "event.*", "excuses.*", "export.*", "history.*",
        "horizon.*", "keys.*given_*", "keys._python_type", "keys._read", "keys.parsed_key",
        "ledger.*.former_key", "ledger.*.recorded_key", "masks.is_spelt", "masks.unspelt",
        "past.*", "permanence.*", "recall.*",
        "reconcile.*", "registry.*.*ed_under", "registry.*.parents_of", "replay.*",
        "retention.*", "revert.*", "seal.*", "sealer.*", "tolerance.*", "verification.*",
        "counters.*.as_dict", "delivery.*.replay", "spool.Spool.__len__", "spool.Spool.replay",
        "spool.Spool._*", "spool.decode_line", "spool._lines", "writer.*.put",
    ),
    "the application itself calls it and hears of its errors": (
        "context.bind", "context._*", "context.*.user_id", "suspension.suspended",
        "suspension.Suspension.__init__", "targets.*", "trail.*",
    ),
    "ActivityLogService has the guard around it": (
        "delivery.*.hold", "listeners.*.log_connection", "ownership.*", "unit.*.is_joined",
        "writer.*.insert",
    ),
    "it runs when a trail is made or a class is mapped, and stops the start if it has to": (
        "canonical._encoder", "columns._decorated", "columns._digester", "columns._integer",
        "columns._native_to", "columns._pickling", "columns._secretive", "columns._stored_enum",
        "columns._tolerant", "columns.column_canon", "columns.is_digest",
        "counters.Counters.__init__", "cursors.release", "declaration.*", "decorators._*",
        "decorators.converts", "decorators.settling", "decorators.undecorated",
        "delivery.Delivery.__init__", "detector.*.__init__", "detector.*.guard",
        "detector.*.release", "executions.*.__init__", "guard.guarded", "keys._form_of",
        "keys._plain", "keys._reading", "keys.key_form", "keys.key_texts", "listeners.*.__init__",
        "listeners.*.mapper_configured", "listeners.*.of_*", "plan.Plan.__init__",
        "plan.Plan._cells", "plan.Plan.known_types", "policy.*", "recorder.*.__init__",
        "registry.*.__init__", "registry.*._check", "registry.*._make", "registry.*.broken",
        "registry.*._refuse_shared_names", "registry.*._unsettled", "registry.*.add",
        "registry.*.configured", "registry.*.known_types", "registry._*", "registry.mappers_of",
        "render.Renderer.__init__", "secrecy.*is_settled", "secrecy._attributes_of",
        "spool.Spool.__init__", "tokens._pattern", "writer.Writer.__init__",
    ),
    "it is a guard, or goes on where the caller's own work has to": (
        "cursors._Post.*", "detector.*.executed", "detector.*.passes",
        "executions.*.do_orm_execute", "executions.*._run", "executions.*._run_untold",
        "fate._Fates._commit*", "fate._Fates._prepare", "fate._Fates._rollback*",
        "fate.Waiting._call", "fate.Waiting.committ*", "fate.Waiting.undone", "guard.report",
        "listeners.*.before_commit", "listeners.*._flush_all", "listeners.*._is_time_to_drain",
    ),
    "it describes what a guard has caught": (
        "errors.*", "*.__repr__", "*.__str__",
    ),
    "it has no body": (
        "*.Judge.*", "*.Meter.*", "look.Look._look", "look.Look.changes",
    ),
    "it is a plugin for tests": (
        "testing.*",
    ),
    "only rare tables or statements lead there; each is called by parts that are broken here": (
        "canonical.Unknown.__eq__", "compare.altered_unseen", "decorators.bound",
        "decorators.read*", "detector.*._in_text", "dml._after_word", "inserts._is_whole",
        "insertion.as_uuid", "insertion.*._with_defaults", "inserts.*._untold", "keys._decimal",
        "keys._member", "keys._moment", "keys._own_text", "keys._uuid",
    ),
}
"""What need not break, and why."""

OF_ANOTHER: Final = {
    "sqlite": ("inserts.Insert._name", "savepoint.guarded"),
    "postgresql": ("inserts.Insert._replaced", "unit.total_changes"),
}
"""What only the other database leads to."""

BAIT: Final = (
    "capture.Capture._update", "detector.Detector._look", "listeners.Listeners._capture",
    "render.Renderer.row",
)
"""What breaks so that what follows a failure is there to break, too."""


def _is_one_of(part: Part, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(part.name, pattern) for pattern in patterns)


PARTS: Final = [
    part for part in parts()
    if not any(_is_one_of(part, patterns) for patterns in ELSEWHERE.values())
]


class Broken(Exception):
    """A mistake of the engine's own."""


class Telling:
    """Both stories, told to an engine of which parts are broken."""

    def __init__(self, stage: Stage, elsewhere: Engine) -> None:
        self.stage = stage
        self._elsewhere = elsewhere
        with stage.Session() as session:
            self.parts = [
                part for part in PARTS
                if not _is_one_of(part, OF_ANOTHER[session.get_bind().dialect.name])
            ]
        self._expected, rows = self._tell(stage.unwatched)
        assert not rows
        self._rows = self._anew()._tell(stage.Session)[1]

    def without(self, broken: Iterable[Part], once: bool, refused: bool = False) -> set[Part]:
        """Check that the caller sees the same as ever; return which parts did break."""
        broken = set(broken) | {part for part in self.parts if refused and part.name in BAIT}
        self._anew()
        with ExitStack() as stack:
            if refused:
                ours = beginning("INSERT INTO activity_log", "RELEASE")
                stack.enter_context(failing(self.stage.engine, ours, "before", Broken))
            raised = stack.enter_context(breaking(broken, Broken, once))
            seen, rows = self._tell(self.stage.Session)
        names = sorted(part.name for part in raised)
        assert seen == self._expected, names
        assert rows == self._rows or self._has_counted(), names
        return raised

    def _tell(self, opened: Open) -> tuple[list[Any], Counter[str]]:
        """Return what the caller sees, and the rows by type."""
        labels = Base.metadata.tables["labels"]
        try:
            with opened() as session:
                seen = story(session)
            clear(self.stage, and_turn_page=False)
            seen += errands(self.stage.engine, self._elsewhere, opened)
            with self._elsewhere.connect() as connection:
                seen.append(connection.execute(labels.select()).all())
            return seen, Counter(self.stage.said())
        finally:
            clear(self.stage)
            with self._elsewhere.begin() as connection:
                connection.execute(labels.delete())

    def _anew(self) -> Telling:
        """Let a new trail watch, which has worked out and counted nothing yet."""
        stage = self.stage
        stage.trail = AuditTrail(log=stage.log, spool=stage.trail.spool.path)
        stage.trail.watch(stage.Session, base=stage.base)
        stage.trail.bulk_limit = LIMIT
        forget_what_was_worked_out()
        return self

    def _has_counted(self) -> bool:
        return any(
            number and (name == "retried" or name.startswith(("losses.", "degraded.")))
            for name, number in self.stage.trail.counters().items()
        )


@pytest.fixture
def stage(engine: Engine, tmp_path: Path) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog, tmp_path / "spool.jsonl") as stage:
        yield stage


@pytest.fixture
def telling(stage: Stage, caplog: pytest.LogCaptureFixture) -> Iterator[Telling]:
    caplog.set_level("CRITICAL", logger="shuffify.audit")
    elsewhere = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.tables["labels"].create(elsewhere)
    yield Telling(stage, elsewhere)
    elsewhere.dispose()


def test_a_part_that_breaks_changes_nothing_for_the_caller(
    telling: Telling, subtests: pytest.Subtests
) -> None:
    whole = set(telling.parts)
    for refused in (False, False, True, True, True):
        left = [part for part in telling.parts if part in whole]
        rounds = -(-len(left) // AT_ONCE)
        for number in range(rounds):
            with subtests.test(f"{number + 1} of {rounds}, refused={refused}"):
                whole -= telling.without(left[number::rounds], once=True, refused=refused)

    assert {part.name for part in whole} == set()


def test_parts_that_break_for_good_change_nothing_for_the_caller(
    telling: Telling, subtests: pytest.Subtests
) -> None:
    # Where nothing is counted for good, no counter can tell.
    lasting = [part for part in telling.parts if not part.name.startswith("counters.")]
    for first in range(0, len(lasting), AT_ONCE):
        some = lasting[first:first + AT_ONCE]
        with subtests.test(f"{some[0].name} to {some[-1].name}"):
            assert telling.without(some, once=False)


def test_what_need_not_break_is_there() -> None:
    names = [part.name for part in parts()]
    patterns = [one for some in (*ELSEWHERE.values(), *OF_ANOTHER.values()) for one in some]

    assert [one for one in patterns if not any(fnmatchcase(name, one) for name in names)] == []


def test_every_listener_has_a_guard_or_is_known_to_need_none(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []
    fresh = create_engine("sqlite://")
    monkeypatch.setattr(event, "listen", lambda _, __, listener, **___: heard.append(listener))
    trail = AuditTrail(log=ActivityLog)
    trail.watch(type("Own", (Session,), {}), base=Base)
    trail.guard(fresh)
    with stage.engine.connect() as connection:
        Waiting(connection, ref(stage), Counters())

    bare = {one.__qualname__ for one in heard if not hasattr(one, "__wrapped__")}
    assert len(heard) > len(bare) > 0
    assert bare == {
        # The caller's own flush or statement runs inside; what is ours there has a guard.
        "Listeners.before_commit", "Executions.do_orm_execute",
        # A declaration that cannot work stops the start.
        "Listeners.mapper_configured",
        # The judges and those who wait have guards of their own.
        "_Post.do_execute", "_Post.do_executemany", "_Post.do_execute_no_params",
        "_Fates._commit", "_Fates._prepare", "_Fates._commit_prepared", "_Fates._rollback",
        "_Fates._rollback_to",
    }
