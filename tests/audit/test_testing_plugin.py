"""The plugin: a test whose code writes past the trail fails, and says what and where."""

from __future__ import annotations

import pytest

WORLD = '''
from datetime import datetime

import pytest
from sqlalchemy import JSON, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool

from shuffify.audit import AuditTrail, bind, suspended


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)


class Log(Base):
    __tablename__ = "log"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None]
    description: Mapped[str]


class Watched(Session):
    pass


@pytest.fixture
def engine():
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    trail = AuditTrail(log=Log)
    trail.guard(engine)
    trail.watch(Watched, base=Base)
    yield engine
    trail.unwatch()
    engine.dispose()


def bypass(engine):
    with engine.begin() as connection:
        connection.execute(Note.__table__.insert(), [{}])


@pytest.fixture
def seeded(engine):
    bypass(engine)
    return engine


@pytest.fixture
def untidy(engine):
    yield engine
    bypass(engine)
'''


def run(pytester: pytest.Pytester, tests: str) -> pytest.RunResult:
    pytester.makepyfile(WORLD + tests)
    return pytester.runpytest_inprocess(
        "-p", "shuffify.audit.testing", "-p", "no:randomly", "-p", "no:cacheprovider",
        "--strict-markers",
    )


@pytest.mark.report(9)
def test_a_test_that_bypasses_the_trail_fails_and_says_where(pytester: pytest.Pytester) -> None:
    result = run(pytester, '''
def test_first(engine):
    for _ in range(12):
        bypass(engine)


def test_next_is_another_matter(engine):
    with bind(user_id=7), Watched(engine) as session:
        session.add(Note())
        session.commit()
''')
    result.assert_outcomes(passed=1, failed=1)
    code = [text.strip() for text in WORLD.strip().splitlines()]
    line = code.index("connection.execute(Note.__table__.insert(), [{}])") + 1
    result.stdout.fnmatch_lines([
        "12 statements bypassed the audit trail:",
        f"  insert of notes by a Core statement at *test_*.py:{line}",
        "    INSERT INTO notes DEFAULT VALUES",
        "  and 2 more",
        'Write through a watched session, or allow it: @pytest.mark.audit_bypass("why").',
    ])


def test_fixtures_are_held_to_the_same(pytester: pytest.Pytester) -> None:
    result = run(pytester, '''
def test_setup(seeded):
    pass


def test_teardown(untidy):
    pass


def test_after(engine):
    pass
''')
    result.assert_outcomes(passed=2, errors=2)


def test_a_reason_allows_it_for_a_test_or_a_block(pytester: pytest.Pytester) -> None:
    result = run(pytester, '''
@pytest.mark.audit_bypass("an old table is filled")
def test_marked(seeded, untidy):
    bypass(seeded)


def test_block(engine, audit_bypass):
    with audit_bypass("an old table is filled"):
        bypass(engine)


def test_suspended(engine):
    with suspended("an old table is filled"):
        bypass(engine)


def test_after_block(engine, audit_bypass):
    with audit_bypass("an old table is filled"):
        bypass(engine)
    bypass(engine)
''')
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["1 statement bypassed the audit trail:"])


def test_without_a_reason_nothing_is_allowed(pytester: pytest.Pytester) -> None:
    result = run(pytester, '''
@pytest.mark.audit_bypass
def test_marked(engine):
    pass


def test_block(engine, audit_bypass):
    with audit_bypass("  "):
        bypass(engine)
''')
    result.assert_outcomes(errors=2, failed=1)
    result.stdout.fnmatch_lines(["audit_bypass(None): say why, as in *"])


def test_an_error_of_the_tests_own_comes_first(pytester: pytest.Pytester) -> None:
    result = run(pytester, '''
def test_own(engine):
    bypass(engine)
    raise KeyError("own")
''')
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*KeyError: 'own'"])
    result.stdout.no_fnmatch_line("*bypassed the audit trail*")
