"""What events are called, and which of them took a key that another seems to have still."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import inspect

from shuffify.audit import Audited, Change
from shuffify.audit.change import replace
from shuffify.audit.event_ids import heirs, new_event_ids
from shuffify.audit.plan import Plan
from tests.audit.changes import create, delete, update
from tests.audit.world import ActivityLog, Note


@pytest.mark.parametrize("microsecond", [999_999, 123_000])
def test_event_ids_are_uuids_of_version_7_in_order(microsecond: int) -> None:
    at = datetime(2026, 11, 26, 12, 30, 15, microsecond)
    random = bytes(range(0x10, 0x20)) + bytes([0xf0]) * 8
    ids = new_event_ids(3, at, random)
    since = at - datetime(1970, 1, 1)
    assert [UUID(one).int >> 80 for one in ids] == [since // timedelta(milliseconds=1)] * 3
    assert [one[14:] for one in ids] == [
        "7000-9011-121314151617", "7001-9819-1a1b1c1d1e1f", "7002-b0f0-f0f0f0f0f0f0"
    ]


@pytest.mark.parametrize("changes, expected", [
    ([update(2, former=1), update(1, former=2)], {1: 0}),
    ([update(8, former=2), update(2, former=1)], {}),
    ([create(2), update(8, former=2)], {1: 0}),
    ([update(2, name=("a", "b")), update(8, former=2)], {}),
    ([delete(2), update(8, former=2)], {}),
    ([update(3, former=1), update(1, former=2), update(2, former=3)], {2: 0}),
    ([create(2), create(3)], {}),
])
def test_who_took_a_key_before_it_seems_given_up_is_its_heir(
    changes: list[Change], expected: dict[int, int]
) -> None:
    ids = [f"e-{number}" for number in range(len(changes))]
    assert heirs(changes, ids) == {ids[one]: ids[heir] for one, heir in expected.items()}


def test_each_change_has_an_event() -> None:
    with pytest.raises(ValueError, match="shorter"):
        heirs([create(1), create(2)], ["e-1"])


def test_only_an_object_of_the_same_kind_is_an_heir() -> None:
    other = Plan(inspect(Note), Audited(), ActivityLog.__table__)  # type: ignore[arg-type]
    assert heirs([replace(create(2), plan=other), update(8, former=2)], ["a", "b"]) == {}
