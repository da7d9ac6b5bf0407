"""`shuffify audit list`: filters, pages, formats and exit codes."""

from datetime import timedelta
import json
from pathlib import Path
import time
from typing import Any

from click.testing import Result
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shuffify.cli.audit import audit as group
from shuffify.models.db import User, db
from tests import databases
from tests.cli.conftest import START, Audit, Record
from tests.visitor import on_sqlite

RUN = {"playlist_id": "pQoevgc7VqjS5mlTDcPk68", "playlist_name": "Morning run"}
CAUSE = "97ad8129-f095-4c91-9d19-fec1fd758883"


def numbers(result: Result) -> list[int]:
    assert result.exit_code == 0, result.output
    return [row["id"] for row in json.loads(result.stdout)]


def test_rows_come_newest_first_as_to_dict_gives_them(audit: Audit, record: Record) -> None:
    rows = [record(f"Logged out {number}") for number in range(3)]
    result = audit("list", "--json")
    assert json.loads(result.stdout) == [row.to_dict() for row in reversed(rows)]
    assert result.stderr == ""


FILTERS: list[tuple[list[str], list[int]]] = [
    ([], [5, 4, 3, 2, 1]),
    (["--type", "login"], [1]),
    (["--type", "schedule_*"], [4, 3]),
    (["--type", "*_toggle", "--type", "login"], [4, 1]),
    (["--playlist", RUN["playlist_id"]], [3, 2]),
    (["--playlist", "Morning run"], [3, 2]),
    (["--playlist", f"https://open.spotify.com/playlist/{RUN['playlist_id']}?si=1"], [3, 2]),
    (["--entity", "schedule"], [4, 3]),
    (["--entity", "schedule:7"], [3]),
    (["--source", "scheduler"], [2]),
    (["--request", CAUSE], [5]),
    (["--request", CAUSE[:8].upper()], [5]),
    (["--since", "2026-11-23T14:03"], [5, 4]),
    (["--since", "2026-11-23T15:03+01:00"], [5, 4]),
    (["--until", "2026-11-23T14:01"], [1]),
    (["--until", "2026-11-23"], [5, 4, 3, 2, 1]),
    (["--until", "2026-11-22"], []),
    (["--user", "mira"], [5, 4, 3, 2, 1]),
    (["--user", "1"], [5, 4, 3, 2, 1]),
    (["--user", "4711"], []),
    (["--type", "schedule_*", "--playlist", "Morning run"], [3]),
    (["--limit", "2"], [5, 4]),
]


def test_filters_choose_rows_and_narrow_each_other_down(
    audit: Audit, record: Record, session: Session
) -> None:
    session.add(User(spotify_id="4711"))
    session.commit()
    record("Logged in", activity_type="login")
    record("Shuffled", activity_type="shuffle", source="scheduler", **RUN)
    record("Created", activity_type="schedule_create", entity_type="schedule", entity_id="7",
           **RUN)
    record("Toggled", activity_type="schedule_toggle", entity_type="schedule", entity_id="8")
    record("Logged out", request_id=CAUSE)
    found = [(options, numbers(audit("list", "--json", *options))) for options, _ in FILTERS]
    assert found == FILTERS


def test_recent_rows_are_found_by_how_long_ago_they_were(audit: Audit, record: Record) -> None:
    record("Logged in long ago", created_at=START - timedelta(days=900))
    assert numbers(audit("list", "--json", "--until", "52w")) == [1]
    assert numbers(audit("list", "--json", "--since", "100d")) == []


def test_an_underscore_in_a_pattern_is_an_underscore(audit: Audit, record: Record) -> None:
    record(activity_type="scheduleXrun")
    record(activity_type="schedule_run")
    assert numbers(audit("list", "--json", "--type", "schedule_*")) == [2]


def test_types_that_only_the_trail_knows_are_no_mistake(audit: Audit, record: Record) -> None:
    record(activity_type="track_lock_create")
    assert numbers(audit("list", "--json", "--type", "track_lock_create")) == [1]
    assert numbers(audit("list", "--json", "--type", "track_*")) == [1]


def test_kinds_that_only_the_trail_knows_are_no_mistake(audit: Audit, record: Record) -> None:
    record(entity_type="track_lock", entity_id="5")
    assert numbers(audit("list", "--json", "--entity", "track_lock:5")) == [1]


def test_pages_follow_their_cursors_back_and_forth_without_gap_or_repetition(
    audit: Audit, record: Record
) -> None:
    # Three rows of one moment: the number decides between them.
    rows = [record(str(number), created_at=START + timedelta(minutes=number // 3))
            for number in range(7)]
    everything = [row.id for row in reversed(rows)]

    seen, cursor = [], []
    while True:
        page = audit("list", "--limit", "3", *cursor)
        seen.append(numbers(audit("list", "--json", "--limit", "3", *cursor)))
        older = [line for line in page.stdout.splitlines() if line.startswith("Older rows: ")]
        if not older:
            break
        cursor = older[0].removeprefix("Older rows: ").split(" ", 1)
        record_in_between = record("a newcomer")
        assert record_in_between.id not in sum(seen, [])
    assert sum(seen, []) == everything

    newer = page.stdout.splitlines()[-1].removeprefix("Newer rows: ").split(" ", 1)
    assert numbers(audit("list", "--json", "--limit", "3", *newer)) == everything[3:6]


def test_two_cursors_cut_out_what_is_between(audit: Audit, record: Record) -> None:
    rows = [record(str(number)) for number in range(5)]
    first, last = (f"{row.to_dict()['created_at']},{row.id}" for row in (rows[0], rows[-1]))
    result = audit("list", "--json", "--after", first, "--before", last)
    assert numbers(result) == [4, 3, 2]
    assert numbers(audit("list", "--json", "--after", last)) == []


@on_sqlite
def test_the_table_fits_80_columns_and_says_who_what_when_and_why(
    audit: Audit, record: Record
) -> None:
    record("Saved 'Morning run' before shuffle", activity_type="snapshot_create",
           request_id=CAUSE, **RUN)
    record("Deleted workshop session '" + "very " * 60 + "long'",
           activity_type="workshop_session_delete", source="retention", playlist_name="雨" * 100)
    lines = audit("list").stdout.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert lines[:2] == [
        "  ID  TIME (UTC)           TYPE                     SOURCE     CAUSE",
        "USER  SENTENCE                                     PLAYLIST",
    ]
    assert lines[-2:] == [
        "   1  2026-11-23 14:00:00  snapshot_create          web        97ad8129",
        "   1  Saved 'Morning run' before shuffle           Morning run",
    ]


@on_sqlite
def test_a_wide_terminal_gets_one_line_for_each_row(audit: Audit, record: Record) -> None:
    record("Shuffled 'Morning run' using Basic", activity_type="shuffle", **RUN)
    lines = audit("list", COLUMNS="150").stdout.splitlines()
    assert len(lines) == 2
    assert "Shuffled 'Morning run' using Basic" in lines[1]
    assert "Morning run  " in lines[1]


def test_hostile_names_cannot_steer_the_terminal(audit: Audit, record: Record) -> None:
    name = "\x1b[31mred\x1b[0m \u202eevil\r\nfake row"
    record(f"Shuffled '{name}'", playlist_name=name, source="web")
    shown = audit("list").stdout
    assert not {"\x1b", "\u202e", "\r"} & set(shown)
    assert r"\x1b[31mred" in shown
    as_json = audit("list", "--json").stdout
    assert as_json.isascii() and "\x1b" not in as_json
    assert json.loads(as_json)[0]["playlist_name"] == name


@on_sqlite
@pytest.mark.parametrize(
    ("options", "named", "allowed"),
    [
        (["--since", "yesterday"], "--since", "2026-11-23T14:05"),
        (["--until", "2026-13-01"], "--until", "7d"),
        (["--since", "999999w"], "--since", "12h"),
        (["--since", "0001-01-01T00:00+14:00"], "--since", "12h"),
        (["--since", "2026-11-23", "--until", "2026-11-01"], "--until", "2026-11-23T00:00:00"),
        (["--type", "shufle"], "--type", "shuffle, snapshot_create"),
        (["--type", "no_such_*"], "--type", "schedule_create"),
        (["--type", "DROP TABLE"], "--type", "pattern"),
        (["--user", "nobody"], "--user", "Spotify id"),
        (["--user", "99999999999999999999"], "--user", "Spotify id"),
        (["--playlist", "\udcff"], "--playlist", "its link"),
        (["--entity", "Schedule 7"], "--entity", "schedule:7"),
        (["--entity", "shedule"], "--entity", "playlist_snapshot, schedule"),
        (["--entity", "shedule:7"], "--entity", "playlist_snapshot, schedule"),
        (["--source", "email"], "--source", "'scheduler'"),
        (["--request", "xyz"], "--request", "X-Request-ID"),
        (["--limit", "0"], "--limit", "1<=x<=1000"),
        (["--before", "17"], "--before", "created_at and id"),
        (["--after", "2026-11-23T14:00,1e9"], "--after", "created_at and id"),
        (["--after", f"2026-11-23T14:00,{'9' * 40}"], "--after", "created_at and id"),
        (["--format", "xml"], "--format", "No such option"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_which_and_what_is_allowed(
    audit: Audit, record: Record, options: list[str], named: str, allowed: str
) -> None:
    record()
    result = audit("list", *options)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert named in result.stderr and allowed in result.stderr


def test_the_last_day_of_all_ends_with_it(audit: Audit, record: Record) -> None:
    record()
    for day in ("9999-12-31", "9999-W52-5"):
        assert numbers(audit("list", "--json", "--until", day)) == [1]


def test_a_pattern_of_many_stars_is_soon_refused(audit: Audit, record: Record) -> None:
    record(activity_type="a" * 50)
    begun = time.process_time()
    assert audit("list", "--type", "*" * 25 + "z").exit_code == 2
    assert audit("list", "--type", "*a" * 12 + "*z").exit_code == 2
    assert audit("list", "--type", "*" * 25 + "a").exit_code == 0
    assert time.process_time() - begun < 4


def test_nothing_found_is_no_failure(audit: Audit, mira: User) -> None:
    result = audit("list", "--type", "shuffle")
    assert (result.exit_code, result.stdout) == (0, "No activity fits.\n")
    assert audit("list", "--json").stdout == "[]\n"


READING = [
    ("list",), ("list", "--json"), ("show", "1"), ("stats",), ("check",), ("verify",),
    ("reconcile",), ("report", "--out", "page.html"),
    *(("export", "--format", form) for form in ("ndjson", "csv", "cloudevents", "ecs")),
]


def everything(session: Session) -> dict[str, list[Any]]:
    """Return the rows of every table, and let go of the database."""
    tables = db.metadata.sorted_tables
    found = {table.name: list(session.execute(table.select()).all()) for table in tables}
    session.rollback()
    return found


def test_reading_writes_nothing_and_keeps_nobody_from_writing(
    audit: Audit, record: Record, session: Session, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # The report's page goes there.
    record()
    assert audit("seal").exit_code == 0
    record()
    before = everything(session)
    session.execute(text("UPDATE users SET login_count = 5"))  # a writer in the middle of it
    answers = {" ".join(command): audit(*command).exit_code for command in READING}
    session.rollback()
    assert answers == dict.fromkeys(answers, 0) | {"reconcile": answers["reconcile"]}
    assert everything(session) == before


def test_every_command_of_the_group_is_known_to_read_or_to_write() -> None:
    assert set(group.commands) == {command[0] for command in READING} | {
        "prune", "replay", "seal"
    }


@on_sqlite
def test_a_database_without_tables_is_left_without_tables(tmp_path: Path, audit: Audit) -> None:
    path = tmp_path / "empty.sqlite"
    missing = audit("list", DATABASE_URL=f"sqlite:///{path}")
    assert missing.exit_code == 3
    assert f"There is no database at {path}" in missing.stderr
    assert not path.exists()

    path.touch()
    empty = audit("list", DATABASE_URL=f"sqlite:///{path}")
    assert empty.exit_code == 78
    assert "Run `shuffify db upgrade`" in empty.stderr
    engine = databases.connect(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar() == 0
    engine.dispose()


@on_sqlite
def test_a_file_that_is_no_database_and_a_server_that_is_away_end_with_3(
    tmp_path: Path, audit: Audit
) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear auditor, " * 100)
    for url in (f"sqlite:///{path}", "postgresql://nobody:geheim@127.0.0.1:9/none"):
        result = audit("list", DATABASE_URL=url)
        assert result.exit_code == 3, result.output
        assert "geheim" not in result.output


@on_sqlite
def test_configuration_mistakes_end_with_78(audit: Audit) -> None:
    result = audit("list", AUDIT_BULK_LIMIT="many")
    assert result.exit_code == 78
    assert "AUDIT_BULK_LIMIT" in result.stderr
