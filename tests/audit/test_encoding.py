"""From rows to what databases take: JSON text, and the log's parameters."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, TypeDecorator, Uuid
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from shuffify.audit import canonical
from shuffify.audit.canonical import Secret, encode
from shuffify.audit.insertion import Statement

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner)
)


@given(VALUES)
def test_values_are_encoded_as_the_standard_library_does(value: Any) -> None:
    assert encode(value) == json.dumps(value, separators=(",", ":"))


def test_what_json_does_not_know_is_reduced_and_secrets_are_masked() -> None:
    assert encode({"key": Secret("hush"), "at": datetime(2026, 11, 27)}) == (
        '{"key":"[secret]","at":"2026-11-27T00:00:00+00:00"}'
    )


@pytest.mark.parametrize("value", [object(), [object()], {"a": {"b": object()}}])
def test_an_objects_place_in_memory_is_no_content(value: Any) -> None:
    assert "0x" not in encode(value)
    assert canonical.digest(value) is canonical.UNKNOWN
    assert canonical.digest([" at 0x", value]) is canonical.UNKNOWN
    assert set(canonical.digest([" at 0x"])) == {"count", "bytes", "sha256"}


def test_a_circle_is_an_error_and_ends() -> None:
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(RecursionError):
        encode(circle)


def test_a_key_that_json_does_not_know_is_an_error_and_not_left_out() -> None:
    with pytest.raises(TypeError):
        encode({(1, 2): 3})


def test_a_python_without_the_c_encoder_encodes_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    assert canonical._encoder()({"a": [1, Secret("hush")]}) == '{"a":[1,"[secret]"]}'


class Counting(TypeDecorator[str]):
    """Counts how often a value is converted."""

    impl = String
    cache_ok = True
    converted: list[str] = []

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        self.converted.append(str(value))
        return str(value).upper()


def test_each_row_has_its_own_parameters_and_what_is_the_same_is_converted_once() -> None:
    table = Table(
        "log", MetaData(), Column("id", Integer, primary_key=True), Column("source", Counting),
        Column("created_at", DateTime), Column("event_id", Uuid),
    )
    statement = Statement(table, SQLiteDialect_pysqlite())
    first, second = datetime(2026, 11, 27), datetime(2026, 11, 27) + timedelta(seconds=1)
    ids = [f"00000000-0000-7000-8000-00000000000{n}" for n in range(5)]
    rows = [
        {"source": source, "created_at": at, "event_id": id_}
        for source, at, id_ in zip(
            [None, "web", "web", "cli", None], [first, first, second, first, first], ids,
            strict=True,
        )
    ]
    Counting.converted.clear()
    made = [dict(zip(statement._names, one, strict=True)) for one in statement.parameters(rows)]
    assert [one["source"] for one in made] == ["NONE", "WEB", "WEB", "CLI", "NONE"]
    assert [one["created_at"][-9:] for one in made] == [
        "00.000000", "00.000000", "01.000000", "00.000000", "00.000000"
    ]
    assert [one["event_id"] for one in made] == [id_.replace("-", "") for id_ in ids]
    assert Counting.converted == ["None", "web", "cli", "None"]
