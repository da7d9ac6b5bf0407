"""`shuffify audit check`: what CI stops at."""

import json
from pathlib import Path

from click.testing import CliRunner, Result
import pytest

from shuffify.audit_trail import trail
from shuffify.cli import audit_check, cli
from shuffify.enums import EXPLICIT_TYPES, ActivityType
from shuffify.models.db import Schedule
from shuffify.services.activity_query import known_types


def check(*args: str) -> Result:
    return CliRunner().invoke(cli, ["audit", "check", *args], env={"APP_CONFIG": "nonsense"})


def test_everything_is_decided_and_no_database_is_needed() -> None:
    result = check()
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith(" types: all decided.\n")


def test_what_was_accepted_is_what_the_policies_come_to() -> None:
    told = json.loads(check("--json").stdout)
    # Other tests map models of their own on the app's base, and nothing unmaps them.
    foreign = {plan.entity for plan in trail.registry.plans()
               if not plan.mapper.class_.__module__.startswith("shuffify.")}
    entities = {name: how for name, how in told["entities"].items() if name not in foreign}
    assert told["problems"] == []
    assert entities == json.loads(audit_check.ACCEPTED.read_text())


def test_an_undecided_column_ends_with_1_until_it_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = json.loads(audit_check.ACCEPTED.read_text())
    del accepted["playlist_snapshot"]["columns"]["track_uris"]
    copy = tmp_path / "accepted.json"
    copy.write_text(json.dumps(accepted))
    monkeypatch.setattr(audit_check, "ACCEPTED", copy)
    result = check()
    assert result.exit_code == 1
    assert result.stdout.startswith("PlaylistSnapshot.track_uris: looks large")
    assert check("--accept").exit_code == 0 and check().exit_code == 0


def test_a_type_that_nothing_leaves_or_that_is_logged_twice_ends_with_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audit_check, "EXPLICIT_TYPES", {ActivityType.SCHEDULE_RUN})
    problems = check().stdout.splitlines()
    assert problems[0].startswith("shuffle: is an ActivityType, and no change leaves it.")
    assert "schedule_run: is logged by a service, and changes of job_execution" in str(problems)


def test_all_types_are_derived_or_explicit_and_known_to_the_filters() -> None:
    assert len(ActivityType) == 17 and len(EXPLICIT_TYPES) == 4
    assert {*ActivityType, "user_update", "audit_prune", "audit_gap"} <= set(known_types())
    assert Schedule.__audit__.types["update"].__audit_types__ == (
        "schedule_toggle", "schedule_update"
    )
