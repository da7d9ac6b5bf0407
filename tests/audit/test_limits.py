"""Every value fits its column before the database sees it (A11)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, ForeignKey, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shuffify.audit import Audited, Change, bind
from shuffify.audit.canonical import plain
from shuffify.audit.render import LIMITS, METADATA_BYTES, bounded, text
from tests.audit.stage import Json, Stage, log_of, staged
from tests.databases import connect, new_database


class Base(DeclarativeBase):
    """The watched base."""


ActivityLog = log_of(Base)


class Hostile:
    """What the policy says; a test puts its own words in."""

    words: dict[str, Any] = {}


def _extra(change: Change) -> dict[str, Any]:
    return Hostile.words["extra"]  # type: ignore[no-any-return]


class Song(Base):
    __tablename__ = "songs"
    __audit__ = Audited(
        shown={"facts"}, playlist=("list_id", "list_name"), extra=_extra,
        types={"create": lambda change: Hostile.words["type"]},
        describe=lambda change: Hostile.words["sentence"],
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    list_id: Mapped[str | None] = mapped_column(Text)
    list_name: Mapped[str | None] = mapped_column(Text)
    facts: Mapped[Any] = mapped_column(Json, nullable=True)


class Wide(Base):
    """Many columns, long keys."""

    __tablename__ = "wide"

    key: Mapped[str] = mapped_column(String(300), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    a: Mapped[str] = mapped_column(String(1000))
    b: Mapped[str] = mapped_column(String(1000))
    c: Mapped[str] = mapped_column(String(1000))
    d: Mapped[str] = mapped_column(String(1000))
    e: Mapped[str] = mapped_column(String(1000))


@pytest.fixture
def stage(engine: Engine, tmp_path: Path) -> Iterator[Stage]:
    Hostile.words = {"type": "song_create", "sentence": "Sang", "extra": {}}
    with staged(engine, Base, ActivityLog, tmp_path / "spool.jsonl") as stage:
        yield stage


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Stage]]:
    """Return one stage on each kind of database, for many examples."""
    folder = tmp_path_factory.mktemp("limits")
    with new_database() as url:
        engines = [connect(f"sqlite:///{folder / 'test.sqlite'}"), connect(url)]
        stages = [Stage(engine, Base, ActivityLog, folder / "spool.jsonl") for engine in engines]
        trail = stages[1].trail  # It took the place of the first, on the same log.
        trail.watch(stages[0].Session, base=Base)
        stages[0].trail = trail
        yield stages
        trail.unwatch()
        for engine in engines:
            engine.dispose()


def _sing(stage: Stage, **values: Any) -> Any:
    with bind(user_id=7), stage.session() as session:
        song = Song(user_id=7, **values)
        session.add(song)
        session.commit()
    assert len(stage.trail.spool) == 0
    return stage.last()


@pytest.mark.parametrize(("length", "kept"), [(499, 499), (500, 500), (501, 500), (600, 500)])
def test_a_description_is_cut_to_500(stage: Stage, length: int, kept: int) -> None:
    Hostile.words["sentence"] = "x" * (length - 1) + "\N{PILE OF POO}"
    row = _sing(stage)

    assert row.description == Hostile.words["sentence"][:kept]


def test_playlists_are_cut_to_255(stage: Stage) -> None:
    row = _sing(stage, list_id="i" * 300, list_name="ñ" * 254 + "\N{PILE OF POO}" * 46)

    assert row.playlist_id == "i" * 255
    assert row.playlist_name == "ñ" * 254 + "\N{PILE OF POO}"


def test_types_sources_and_requests_are_cut(stage: Stage) -> None:
    Hostile.words["type"] = "t" * 51
    with bind(source="s" * 21, request_id="r" * 40):
        row = _sing(stage)

    assert row.activity_type == "t" * 50
    assert (row.source, row.request_id) == ("s" * 20, "r" * 36)


def test_what_is_no_text_becomes_text(stage: Stage) -> None:
    Hostile.words["type"] = 5
    Hostile.words["sentence"] = 7.5
    with bind(source=8, request_id=9):  # type: ignore[arg-type]
        row = _sing(stage)

    assert (row.activity_type, row.description, row.source, row.request_id) == (
        "5", "7.5", "8", "9"
    )


def test_nul_is_removed_and_halves_of_a_pair_are_mended(stage: Stage) -> None:
    Hostile.words["sentence"] = "a\0b \ud83d\udca9 \ud83d. \udca9"
    Hostile.words["extra"] = {"k\0ey \ud800": "v\0al \udfff", "nan": float("nan")}
    row = _sing(stage)

    assert row.description == "ab \N{PILE OF POO} \N{REPLACEMENT CHARACTER}. " \
        "\N{REPLACEMENT CHARACTER}"
    assert row.metadata_json["key \N{REPLACEMENT CHARACTER}"] == "val \N{REPLACEMENT CHARACTER}"
    assert row.metadata_json["nan"] == "nan"


def test_metadata_above_8_kib_keeps_the_names_of_what_changed(stage: Stage) -> None:
    long = {name: "x" * 1000 for name in "abcd"}
    with bind(user_id=7, reason="tidy"), stage.session() as session:
        wide = Wide(key="k", name="n", e="e", **long)
        session.add(wide)
        session.commit()
        for name in "abcde":
            setattr(wide, name, "ä" * 1000)
        session.commit()

    fits, cut = [row.metadata_json for row in stage.rows()]
    assert set(fits["changes"]) == {"name", *"abcde"}
    assert cut == {"truncated": True, "changes": [*"abcde"], "reason": "tidy"}


def test_a_reason_without_end_does_not_cost_the_names_of_what_changed(stage: Stage) -> None:
    with bind(reason="because " * 3000, on_behalf_of="somebody " * 3000):
        row = _sing(stage, list_id="i")

    assert row.metadata_json["truncated"] is True
    assert row.metadata_json["changes"] == ["list_id"]
    assert row.metadata_json["reason"].startswith("because because")
    assert row.metadata_json["on_behalf_of"].startswith("somebody somebody")


def test_an_entity_id_above_64_characters_is_a_digest(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        session.add_all([
            Wide(key=key, name="n", a="", b="", c="", d="", e="") for key in ("k" * 64, "k" * 65)
        ])
        session.commit()

    short, long = [row.entity_id for row in stage.rows()]
    assert short == "k" * 64
    assert len(long) == 64 and set(long) <= set("0123456789abcdef")


def test_a_name_without_bounds_is_quoted_not_copied(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        session.add(Wide(key="k", name="secret diary " * 100, a="", b="", c="", d="", e=""))
        session.commit()

    assert len(stage.last().description) < 130
    assert stage.changes()["name"][1]["count"] == 1300


hostile = st.text(st.characters(), max_size=700) | st.sampled_from(
    ["\0", "\ud83d", "\udca9\ud83d", "\u2028", "\ufffe", "'; DROP TABLE users; --", "%s %(a)s :a",
     "\\u0000", "\\", '"', "\x1b[31m", "a\u0300" * 400, "{}", "null", "\x7f\x80", ""]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | hostile | st.binary(max_size=20)
    | st.dates() | st.datetimes() | st.decimals() | st.uuids() | st.frozensets(st.integers()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        hostile | st.integers() | st.none() | st.tuples(st.integers()), inner, max_size=4
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(word=hostile, type_=hostile, extra=st.dictionaries(hostile, values, max_size=4),
       source=hostile, list_id=hostile, reason=hostile, on_behalf_of=values)
@example(word="\0", type_="", extra={}, source="\ud800", list_id="\udfff", reason="\0",
         on_behalf_of={(1,): {1, 2}})
def test_whatever_is_said_both_databases_take_the_row(
    stages: list[Stage], word: str, type_: str, extra: dict[str, Any], source: str, list_id: str,
    reason: str, on_behalf_of: Any,
) -> None:
    Hostile.words = {"type": type_, "sentence": word, "extra": extra}
    told = []
    for stage in stages:
        before = stage.count("rows")
        plain = list_id.encode("utf-8", "replace").decode().replace("\0", "")
        with bind(user_id=7, source=source, request_id=source, reason=reason,
                  on_behalf_of=on_behalf_of):
            row = _sing(stage, list_id=plain, list_name=plain)
        assert stage.count("rows") == before + 1
        assert stage.trail.counters().keys() >= {"rows"} and stage.count("retried") == 0
        assert {name for name in stage.trail.counters() if name.startswith("degraded")} == set()
        told.append([
            row.activity_type, row.description, row.playlist_id, row.playlist_name, row.source,
            row.request_id, sorted(row.metadata_json),
        ])
    assert told[0] == told[1]


@pytest.mark.report(68)
@given(values, st.lists(hostile, max_size=30))
def test_encoded_metadata_is_bounded_plain_json(value: Any, changed: list[str]) -> None:
    encoded = bounded({"value": plain(value), "changes": {name: [None, name] for name in changed}},
                      changed)

    assert len(encoded.encode()) <= METADATA_BYTES
    assert "\\u0000" not in encoded.replace("\\\\", "")

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(encoded, parse_constant=refuse)["changes" if changed else "value"]


@given(hostile, st.integers(0, 800))
def test_text_is_cut_whole_and_clean(value: str, limit: int) -> None:
    cut = text(value, limit)

    assert len(cut) <= limit
    assert "\0" not in cut
    cut.encode()
    if value.isascii() and "\0" not in value:
        assert cut == value[:limit]


def test_the_limits_are_the_designs() -> None:
    assert {name: LIMITS[name] for name in (
        "activity_type", "description", "playlist_id", "playlist_name", "entity_type",
        "entity_id", "source", "request_id", "event_id",
    )} == {
        "activity_type": 50, "description": 500, "playlist_id": 255, "playlist_name": 255,
        "entity_type": 50, "entity_id": 64, "source": 20, "request_id": 36, "event_id": 36,
    }
    assert METADATA_BYTES == 8192
