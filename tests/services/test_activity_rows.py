"""What an explicit call's values are in the row that it leaves."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Session

from shuffify.audit_trail import trail
from shuffify.services import ActivityLogService
from tests.services.activity import SHUFFLE, mira, stored

__all__ = ["mira"]


def test_long_and_hostile_values_fit_their_columns(mira: int, outside: Session) -> None:
    row = ActivityLogService.log(
        mira, SHUFFLE, "d" * 600 + "\0", "p\0" + "1" * 300, "\ud83c" + "ن" * 300,
        {"name": "a\0b\ud800", "nan": float("nan")},
    )

    assert row is not None
    (found,) = stored(outside)
    assert found.description == "d" * 500
    assert found.playlist_id == "p" + "1" * 254
    assert found.playlist_name == "\ufffd" + "ن" * 254
    assert found.metadata_json == {"name": "ab\ufffd", "nan": "nan"}


def test_times_and_other_values_become_json(mira: int, outside: Session) -> None:
    when = datetime(2026, 11, 23, 14, 2, tzinfo=timezone(timedelta(hours=1)))

    ActivityLogService.log(mira, SHUFFLE, "Shuffled 'P'", metadata={"at": when, "set": {2, 1}})

    assert stored(outside)[0].metadata_json == {
        "at": "2026-11-23T13:02:00+00:00", "set": [1, 2]
    }


def test_secrets_are_masked_at_every_depth(mira: int, outside: Session) -> None:
    ActivityLogService.log(mira, SHUFFLE, "d", metadata={
        "refresh_token": "hush", "nested": [{"password": "hush"}], "seed": 3, "api_key": None,
    })

    assert stored(outside)[0].metadata_json == {
        "refresh_token": "[secret]", "nested": [{"password": "[secret]"}], "seed": 3,
        "api_key": None,
    }


def test_metadata_above_8_kib_keeps_its_keys(mira: int, outside: Session) -> None:
    ActivityLogService.log(mira, SHUFFLE, "d", metadata={"list": ["x" * 90] * 100, "seed": 1})

    assert stored(outside)[0].metadata_json == {"truncated": True, "changes": ["list", "seed"]}


def test_metadata_that_is_no_mapping_is_refused_without_a_sound(mira: int) -> None:
    assert ActivityLogService.log(mira, SHUFFLE, "d", metadata=object()) is None  # type: ignore


def test_handing_over_and_replaying_meet_in_one_row(
    db: SQLAlchemy, mira: int, outside: Session
) -> None:
    given: dict[str, Any] = {
        "user_id": mira, "activity_type": SHUFFLE, "description": "Shuffled 'P'",
        "event_id": "6fa459ea-ee8a-3ca4-894e-db77e160355e",
    }
    ActivityLogService.hand_over(**given, error=RuntimeError("commit failed"))
    ActivityLogService.hand_over(**given, error=RuntimeError("commit failed"))

    first = trail.replay(db.engine)
    second = trail.replay(db.engine)

    assert (first["inserted"], first["present"], second) == (
        1, 1, {"inserted": 0, "present": 0, "kept": 0}
    )
    assert len(stored(outside)) == 1
