"""How bodies are read."""

from collections.abc import Iterator
import importlib
import json
import pkgutil

import pytest

from shuffify.web import schemas
from shuffify.web.refusals import InvalidRequest
from shuffify.web.schemas.base import Schema
from shuffify.web.schemas.schedules import ScheduleCreate
from shuffify.web.schemas.shuffle import ShuffleRequest
from shuffify.web.schemas.workshop import SessionCreate


def every_schema() -> Iterator[type[Schema]]:
    for module in pkgutil.iter_modules(schemas.__path__, f"{schemas.__name__}."):
        importlib.import_module(module.name)
    waiting = [Schema]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind is not Schema:
            yield kind


SCHEMAS = sorted(every_schema(), key=lambda kind: kind.__name__)


def mistakes(kind: type[Schema], body: bytes) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        kind.from_body(body)
    return dict(caught.value.errors)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_schema_is_strict_and_refuses_strangers(kind: type[Schema]) -> None:
    assert kind.model_config["strict"] is True
    assert kind.model_config["extra"] == "forbid"
    assert mistakes(kind, b'{"stranger": 1}')["stranger"] == "There is no field of this name."


@pytest.mark.parametrize("kind", SCHEMAS)
@pytest.mark.parametrize("body", [b"[]", b"7", b'"x"', b"null", b"{", b"", b"\xff\xfe"])
def test_every_schema_refuses_what_is_no_object(kind: type[Schema], body: bytes) -> None:
    assert list(mistakes(kind, body)) == ["body"]


@pytest.mark.parametrize("kind", [kind for kind in SCHEMAS if kind.model_fields])
def test_every_field_refuses_the_wrong_type_in_one_answer(kind: type[Schema]) -> None:
    body = "{" + ", ".join(f'"{name}": 0.5' for name in kind.model_fields) + "}"
    assert set(mistakes(kind, body.encode())) >= set(kind.model_fields)


def test_absent_fields_are_told_from_those_that_were_sent() -> None:
    assert ShuffleRequest.from_body(b"{}").sent() == {}
    assert ShuffleRequest.from_body(b'{"seed": 0}').sent() == {"seed": 0}


def test_a_message_with_braces_stays_as_it_is() -> None:
    found = mistakes(ShuffleRequest, b'{"algorithm_name": "{name} {0} {{"}')
    assert "{name} {0} {{" in found["algorithm_name"]


def test_not_a_number_is_refused_in_free_parameters() -> None:
    body = b"""{"algorithm_name": "PercentageShuffle",
                "algorithm_params": {"shuffle_percentage": %s}}"""
    for number in (b"NaN", b"Infinity", b"-Infinity", b"1e999"):
        assert set(mistakes(ShuffleRequest, body % number)) == {
            "algorithm_params.shuffle_percentage"
        }


def test_names_are_trimmed_before_they_are_measured() -> None:
    name = "x" * 255
    body = '{"session_name": "\u2003 %s \\n", "track_uris": []}' % name
    assert SessionCreate.from_body(body.encode()).session_name == name


def test_errors_of_fields_and_of_their_values_come_together() -> None:
    body = b"""{"job_type": "nap", "target_playlist_id": "x", "schedule_type": "cron",
                "schedule_value": "61 * * * *", "algorithm_name": "BalancedShuffle",
                "algorithm_params": {"section_count": 0}, "extra": 1}"""
    assert set(mistakes(ScheduleCreate, body)) == {
        "job_type", "target_playlist_id", "schedule_value",
        "algorithm_params.section_count", "extra",
    }


def test_what_does_not_fit_the_job_comes_with_what_is_wrong_alone() -> None:
    target = "A" * 22
    body = {
        "job_type": "raid", "target_playlist_id": target, "algorithm_name": "BalancedShuffle",
        "source_playlist_ids": [target, target], "schedule_type": "cron",
        "schedule_value": "61 * * * *",
    }
    with pytest.raises(InvalidRequest) as caught:
        ScheduleCreate.from_body(json.dumps(body).encode())
    assert sorted(caught.value.errors) == [
        ("algorithm_name", "must be empty: this job does not shuffle"),
        ("schedule_value",
         "The minute field of the cron expression: '61' is not between 0 and 59."),
        ("source_playlist_ids", "must name each playlist once"),
        ("source_playlist_ids", "must not name the target"),
    ]


def test_a_refusal_with_many_fields_names_some_and_counts_the_rest() -> None:
    refusal = InvalidRequest([(f"track_uris.{n}", "Wrong.") for n in range(10_000)])
    assert str(refusal).endswith("and 9997 more.")
    assert len(str(refusal)) < 200
