from typing import Any

from flask_sqlalchemy import SQLAlchemy
from freezegun import freeze_time
import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shuffify.models.db import Schedule, UserSettings
from shuffify.sandbox import library
from shuffify.services import (
    SchedulerService,
    UserNotFoundError,
    UserSettingsService,
    UserSettingsValidationError,
)
from tests.services.conftest import Trail
from tests.visitor import on_sqlite


def stored(outside: Session) -> UserSettings:
    outside.rollback()
    return outside.scalars(select(UserSettings)).one()


def test_everybody_has_the_defaults(mira: int) -> None:
    settings = UserSettingsService.get_or_create(mira)

    assert settings.default_algorithm is None
    assert (settings.theme, settings.timezone) == ("system", "UTC")
    assert (settings.auto_snapshot_enabled, settings.max_snapshots_per_playlist) == (True, 10)


def test_missing_settings_are_made_once_and_without_a_row(
    mira: int, outside: Session, trail: Trail
) -> None:
    outside.execute(delete(UserSettings))
    outside.commit()

    made = UserSettingsService.get_or_create(mira)
    assert UserSettingsService.get_or_create(mira).id == made.id
    assert trail.rows == []


def test_settings_of_an_unknown_account_are_not_made(db: SQLAlchemy) -> None:
    with pytest.raises(UserNotFoundError):
        UserSettingsService.get_or_create(7)


def test_change_names_what_really_changed(mira: int, outside: Session, trail: Trail) -> None:
    settings, changed = UserSettingsService.update(
        mira, theme="dark", auto_snapshot_enabled=True, timezone="Europe/Berlin"
    )

    assert set(changed) == {"theme", "timezone"}
    assert settings.theme == stored(outside).theme == "dark"
    assert trail.sentences == [("settings_change", "Changed settings (theme, timezone)")]
    row = trail.last
    assert row.user_id == mira
    assert row.request_id == "request-1"
    assert row.metadata_json is not None
    assert row.metadata_json["changes"] == {
        "theme": ["system", "dark"],
        "timezone": ["UTC", "Europe/Berlin"],
    }


def test_change_that_changes_nothing_leaves_no_row(mira: int, trail: Trail) -> None:
    _, changed = UserSettingsService.update(mira, theme="system", timezone="UTC")

    assert changed == ()
    assert trail.rows == []


def test_first_change_of_missing_settings_is_in_the_trail(
    mira: int, outside: Session, trail: Trail
) -> None:
    outside.execute(delete(UserSettings))
    outside.commit()

    UserSettingsService.update(mira, theme="light")

    assert trail.sentences == [("settings_change", "Changed settings (theme)")]


def test_default_algorithm_can_be_set_and_cleared(mira: int, outside: Session) -> None:
    UserSettingsService.update(mira, default_algorithm="BasicShuffle")
    assert stored(outside).default_algorithm == "BasicShuffle"
    UserSettingsService.update(mira, default_algorithm=None)
    assert stored(outside).default_algorithm is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("default_algorithm", "QuickSort"),
        ("default_algorithm", ["BasicShuffle"]),
        ("theme", "sepia"),
        ("theme", None),
        ("auto_snapshot_enabled", "yes"),
        ("max_snapshots_per_playlist", 0),
        ("max_snapshots_per_playlist", 51),
        ("max_snapshots_per_playlist", True),
        ("max_snapshots_per_playlist", "10"),
        ("timezone", "Europe/Atlantis"),
        ("timezone", ""),
        ("timezone", None),
        ("id", 2),
        ("colour", "red"),
    ],
)
def test_values_that_do_not_exist_are_refused(
    mira: int, outside: Session, trail: Trail, name: str, value: Any
) -> None:
    with pytest.raises(UserSettingsValidationError) as refusal:
        UserSettingsService.update(mira, **{name: value})

    assert [field for field, _ in refusal.value.errors] == [name]
    assert stored(outside).user_id == mira
    assert trail.rows == []


def test_all_refused_values_are_named_and_nothing_is_half_done(
    mira: int, outside: Session
) -> None:
    with pytest.raises(UserSettingsValidationError) as refusal:
        UserSettingsService.update(
            mira, theme="sepia", timezone="Nowhere", auto_snapshot_enabled=False
        )

    assert {field for field, _ in refusal.value.errors} == {"theme", "timezone"}
    assert stored(outside).auto_snapshot_enabled


def test_new_time_zone_plans_the_schedules_anew(
    mira: int, outside: Session, trail: Trail
) -> None:
    target = library.PLAYLISTS["twelve"]
    with freeze_time("2026-06-01 12:00:00"):
        schedule = SchedulerService.create_schedule(
            mira,
            job_type="shuffle",
            target_playlist_id=target,
            algorithm_name="BasicShuffle",
            schedule_type="cron",
            schedule_value="0 9 * * *",
        )
        schedule_id, before = schedule.id, schedule.next_run_at
        UserSettingsService.update(mira, timezone="America/New_York")

    after = outside.get_one(Schedule, schedule_id).next_run_at
    assert (str(before), str(after)) == ("2026-06-02 09:00:00", "2026-06-01 13:00:00")
    assert [kind for kind, _ in trail.sentences] == ["schedule_create", "settings_change"]


@on_sqlite
def test_reading_settings_waits_for_no_writer(mira: int, outside: Session) -> None:
    UserSettingsService.get_or_create(mira)
    outside.connection().exec_driver_sql("UPDATE users SET login_count = login_count + 1")
    # Had it asked to write, SQLite would let it wait 15 seconds and then refuse.
    assert UserSettingsService.get_or_create(mira).theme == "system"
    outside.rollback()
