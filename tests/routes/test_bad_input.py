"""Every field of every body, wrong in every way: 400, all fields named, nothing changed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
import json
from pathlib import Path
import re
from typing import Any

from flask import Flask
import pytest
from sqlalchemy import Connection, select

from shuffify import create_app
from shuffify.models.db import db
from shuffify.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox
from shuffify.web.schemas.base import NoFields
from tests import apps
from tests.routes.bodies import BODIES, PLAN, SOURCE, TOGETHER, TRACK, TWELVE
from tests.routes.wrong_values import Wrong, wrong_values
from tests.visitor import Visitor
from tests.web.test_schemas import every_schema


ROUTE = re.compile("(POST|PUT) /")
"""How the docstring of a route's own schema begins."""


def one_by_one() -> Iterator[Any]:
    for endpoint, body in BODIES.items():
        for wrong in wrong_values(body.schema, body.valid):
            yield pytest.param(endpoint, wrong, id=f"{endpoint} {wrong.field} {wrong.label}")


@dataclass(frozen=True)
class World:
    """Mira at her browser, with a session, a schedule and a snapshot of her own."""

    app: Flask
    mira: Visitor
    sandbox: Sandbox
    token: str

    def send(self, route: str, text: str) -> Any:
        method, path = route.split()
        headers = {"Accept": "application/json", "X-CSRFToken": self.token}
        return self.mira.client.open(
            path, method=method, data=text, content_type="application/json", headers=headers
        )

    def state(self) -> dict[str, Any]:
        """Return everything that is stored, here and at Spotify."""
        with self.app.app_context(), db.engine.connect() as connection:
            stored = contents(connection)
        writes = [call for call in self.sandbox.requests("/v1/*") if call["method"] != "GET"]
        return {**stored, "writes": writes}

    def refused(self, route: str, body: object, fields: set[str]) -> None:
        before = self.state()
        answer = self.send(route, json.dumps(body))
        assert answer.status_code == 400, answer.text
        assert answer.json["code"] == "invalid_request"
        assert {error["field"] for error in answer.json["errors"]} == fields
        assert all(error["message"] for error in answer.json["errors"])
        assert self.state() == before


def contents(connection: Connection) -> dict[str, Any]:
    return {
        table.name: connection.execute(select(table)).all()
        for table in db.metadata.sorted_tables
    }


def settled(app: Flask, sandbox: Sandbox) -> World:
    mira = Visitor(app).log_in()
    mira.post(f"/workshop/{TWELVE}/sessions", {"session_name": "Mine", "track_uris": [TRACK]})
    mira.post(f"/playlist/{TWELVE}/upstream-sources", {"source_playlist_id": SOURCE})
    assert mira.post("/schedules/create", PLAN).status_code == 201
    assert mira.post(f"/playlist/{TWELVE}/snapshots").status_code == 201
    assert mira.post(f"/shuffle/{TWELVE}").status_code == 200
    return World(app, mira, sandbox, mira.token())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return one app for the whole matrix: a request that changes nothing leaves nothing."""
    folder: Path = tmp_path_factory.mktemp("world")
    with Sandbox() as sandbox, apps.database_with_tables("sqlite", folder) as url:
        variables = {
            "SPOTIFY_CLIENT_ID": CLIENT_ID,
            "SPOTIFY_CLIENT_SECRET": CLIENT_SECRET,
            "SPOTIFY_ACCOUNTS_URL": sandbox.url,
            "SPOTIFY_API_URL": sandbox.url,
        }
        app = apps.make_app(url, folder, "testing", variables)
        yield settled(app, sandbox)
        apps.close_app(app)


def test_every_body_is_in_the_table() -> None:
    rules = create_app("testing", {}).url_map.iter_rules()
    reading = {rule.endpoint for rule in rules if (rule.methods or set()) & {"POST", "PUT"}}
    assert reading - {"core.logout"} == set(BODIES)
    named = {body.schema for body in BODIES.values()}
    of_routes = {kind for kind in every_schema() if ROUTE.match(kind.__doc__ or "")}
    assert named - {NoFields} == of_routes


@pytest.mark.parametrize("endpoint, wrong", [*one_by_one()])
def test_one_wrong_field_is_named_and_changes_nothing(
    world: World, endpoint: str, wrong: Wrong
) -> None:
    body = BODIES[endpoint]
    valid = {k: v for k, v in body.valid.items() if not body.alone or k == wrong.path[0]}
    if body.alone and wrong.path[0] not in body.valid:
        valid = dict([*body.valid.items()][:1])
    world.refused(body.route, wrong.put_into(valid), {wrong.field})


@pytest.mark.parametrize("endpoint", BODIES)
def test_every_field_that_is_absent_is_named(world: World, endpoint: str) -> None:
    body = BODIES[endpoint]
    required = set(body.schema.model_json_schema().get("required", ()))
    for name in required:
        rest = {key: value for key, value in body.valid.items() if key != name}
        world.refused(body.route, rest, {name})
    if required:
        world.refused(body.route, {}, required)


@pytest.mark.parametrize("endpoint, body, wrong", TOGETHER)
def test_fields_that_do_not_fit_together_are_named(
    world: World, endpoint: str, body: dict[str, Any], wrong: set[str]
) -> None:
    world.refused(BODIES[endpoint].route, body, wrong)


@pytest.mark.parametrize("endpoint", BODIES)
@pytest.mark.parametrize(
    "text",
    ["[]", '"x"', "7", "null", "true", "{", '{"a": 1,}', "NaN", '{"a": "\\ud800"}', "[" * 9_000,
     "'a'", "\ufeff{}", "{}{}"],
)
def test_bodies_that_are_no_object_change_nothing(
    world: World, endpoint: str, text: str
) -> None:
    before = world.state()
    answer = world.send(BODIES[endpoint].route, text)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert answer.json["errors"][0]["field"] == "body"
    assert world.state() == before


@pytest.mark.parametrize("route", ["/schedules/1/history", f"/playlist/{TWELVE}/snapshots"])
@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "x", "", "%00", "1e1", "9" * 5_000])
def test_arguments_that_do_not_fit_are_named(world: World, route: str, limit: str) -> None:
    answer = world.mira.get(f"{route}?limit={limit}")
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert [error["field"] for error in answer.json["errors"]] == ["limit"]


def test_all_wrong_fields_are_named_at_once_on_both_databases(
    app: Flask, sandbox: Sandbox, visit: Callable[[], Visitor]
) -> None:
    world = settled(app, sandbox)
    for body in BODIES.values():
        wrong = {name: 0.5 for name in body.valid} | {"stranger": 1}
        world.refused(body.route, wrong, set(wrong))
