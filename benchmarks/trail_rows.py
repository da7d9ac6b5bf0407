"""A trail as a busy year leaves it: rows by the million, filled in as fast as the driver can."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
import json
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, UniqueConstraint, insert, text
from sqlalchemy.schema import AddConstraint, DropConstraint

from shuffify.models.db import ActivityLog, User

START = datetime(2025, 11, 1)
YEAR = timedelta(days=365)
USERS = 200
PLAYLISTS_OF_EACH = 12
SNAPSHOTS_KEPT = 1_000
"""For a new one the oldest goes: the trail tells of more objects that are gone than live."""

COLUMNS = tuple(name for name in ActivityLog.__table__.columns.keys() if name != "id")

KINDS = (
    # type, share, entity, source
    ("schedule_run", 46, "job_execution", "scheduler"),
    ("snapshot_create", 22, "playlist_snapshot", "scheduler"),
    ("shuffle", 14, None, "web"),
    ("login", 6, None, "web"),
    ("logout", 4, None, "web"),
    ("workshop_commit", 3, None, "web"),
    ("schedule_toggle", 3, "schedule", "web"),
    ("settings_change", 1, "user_settings", "web"),
    ("upstream_source_add", 1, "upstream_source", "web"),
)
RARE = "schedule_delete"
"""One row in ten thousand."""


MOST_COPIED = 1_000_000
"""Above that, PostgreSQL repeats what it was sent: Python would need minutes for each million."""


def trail_rows(number: int, step: timedelta, seed: int = 2026) -> Iterator[dict[str, Any]]:
    """Yield rows in the order of time; few users do much, as it is in life."""
    random = Random(seed)
    kinds = random.choices(KINDS, [kind[1] for kind in KINDS], k=number)
    snapshots: deque[int] = deque()
    for index, (kind, _, entity, source) in enumerate(kinds):
        of = index
        if index % 10_000 == 5_000:
            kind, entity, source = RARE, "schedule", "web"
        elif kind == "snapshot_create" and len(snapshots) >= SNAPSHOTS_KEPT:
            kind, of = "snapshot_delete", snapshots.popleft()
        elif kind == "snapshot_create":
            snapshots.append(of)
        user = 1 + int(USERS * random.random() ** 2)
        playlist = f"{user:04d}{int(PLAYLISTS_OF_EACH * random.random() ** 2):018d}"
        name = f"Playlist {playlist[-2:]} of {user}"
        yield {
            "user_id": user,
            "activity_type": kind,
            "description": f"{kind.replace('_', ' ').capitalize()}: '{name}'",
            "playlist_id": None if kind in ("login", "logout", "settings_change") else playlist,
            "playlist_name": None if kind in ("login", "logout", "settings_change") else name,
            "metadata_json": _metadata(kind, of, random),
            "created_at": START + index * step,
            "event_id": str(UUID(int=random.getrandbits(128), version=4)),
            "entity_type": entity,
            "entity_id": None if entity is None else str(
                1 + index // 50 if entity == "schedule" else of
            ),
            "source": source,
            "request_id": str(UUID(int=random.getrandbits(128), version=4)),
        }


def _metadata(kind: str, index: int, random: Random) -> dict[str, Any] | None:
    if kind in ("login", "logout"):
        return None
    total = random.randrange(20, 2_000)
    if kind in ("snapshot_create", "snapshot_delete"):
        digest = {"count": total, "bytes": 40 * total, "sha256": f"{random.getrandbits(256):064x}"}
        values = {"track_uris": digest, "track_count": total}
        return {"snapshot_id": index, "snapshot_type": "scheduled_pre_execution",
                "track_count": total, "automatic": True, "changes": {
                    name: [None, value] if kind == "snapshot_create" else [value, None]
                    for name, value in values.items()
                }}
    if kind == "schedule_run":
        outcome = random.choices(["success", "skipped", "failed"], [95, 4, 1])[0]
        return {"schedule_id": index % 400, "execution_id": index, "triggered_by": "scheduler",
                "outcome": outcome, "tracks_added": 0, "tracks_total": total,
                "changes": {"status": ["running", outcome], "tracks_total": [None, total]},
                "actor": {"kind": "job", "id": None, "label": f"job:schedule:{index % 400}"}}
    if kind == "schedule_toggle":
        return {"schedule_id": 1 + index // 50, "is_enabled": False,
                "changes": {"is_enabled": [True, False]}}
    return {"algorithm": "BalancedShuffle", "track_count": total, "seed": random.getrandbits(31),
            "moved": total // 2, "method": "reorder", "outcome": "success"}


def fill(engine: Engine, number: int) -> None:
    """Put a trail into empty tables, past the triggers, which let rows in, and take statistics."""
    step = YEAR / number
    with engine.begin() as connection:
        connection.execute(insert(User.__table__), [
            {"spotify_id": f"user-{index}", "is_active": True} for index in range(USERS + 1)
        ])
    with _without_indexes(engine):
        if engine.dialect.name == "postgresql":
            _copy(engine, trail_rows(min(number, MOST_COPIED), step))
            _repeat(engine, number, step)
        else:
            _insert(engine, trail_rows(number, step))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if engine.dialect.name == "postgresql"
                                else "ANALYZE"))
    engine.dispose()


@contextmanager
def _without_indexes(engine: Engine) -> Iterator[None]:
    """Make the indexes after a block, which takes a fraction of the time."""
    table = ActivityLog.__table__
    # SQLite's tables keep the constraints that they were made with.
    unique = [one for one in table.constraints if isinstance(one, UniqueConstraint)
              and engine.dialect.name == "postgresql"]
    with engine.begin() as connection:
        for index in table.indexes:
            index.drop(connection)
        for constraint in unique:
            connection.execute(DropConstraint(constraint))
    yield
    with engine.begin() as connection:
        for index in table.indexes:
            index.create(connection)
        for constraint in unique:
            # The table is the app's: it must not forget its constraint.
            connection.execute(AddConstraint(constraint, isolate_from_table=False))


def _copy(engine: Engine, rows: Iterator[dict[str, Any]]) -> None:
    statement = f"COPY activity_log ({', '.join(COLUMNS)}) FROM STDIN"
    with engine.begin() as connection:
        cursor = connection.connection.cursor()
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row([
                    _as_text(row[name]) if name == "metadata_json"
                    else f"{row[name]}+00" if name == "created_at" else row[name]
                    for name in COLUMNS
                ])


def _repeat(engine: Engine, number: int, step: timedelta) -> None:
    """Fill up with the same things happening to others, later."""
    changed = {
        "created_at": "created_at + :later", "event_id": "gen_random_uuid()",
        "request_id": "gen_random_uuid()", "entity_id": "CAST(entity_id AS bigint) + :there",
    }
    statement = text(
        f"INSERT INTO activity_log ({', '.join(COLUMNS)})"
        f" SELECT {', '.join(changed.get(name, name) for name in COLUMNS)}"
        " FROM activity_log WHERE id <= :most ORDER BY id"
    )
    for there in range(MOST_COPIED, number, MOST_COPIED):
        most = min(MOST_COPIED, number - there)
        with engine.begin() as connection:
            connection.execute(statement, {"later": there * step, "there": there, "most": most})


def _insert(engine: Engine, rows: Iterator[dict[str, Any]]) -> None:
    places = ", ".join("?" * len(COLUMNS))
    statement = f"INSERT INTO activity_log ({', '.join(COLUMNS)}) VALUES ({places})"
    with engine.begin() as connection:
        # The unique index is written anywhere, and must not be written to the disk each time.
        connection.exec_driver_sql("PRAGMA cache_size = -400000")
        connection.connection.cursor().executemany(statement, (
            tuple(
                _as_text(row[name]) if name == "metadata_json"
                # As SQLAlchemy writes it: always with microseconds.
                else row[name].strftime("%Y-%m-%d %H:%M:%S.%f") if name == "created_at"
                else row[name]
                for name in COLUMNS
            )
            for row in rows
        ))


def _as_text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, separators=(",", ":"))
