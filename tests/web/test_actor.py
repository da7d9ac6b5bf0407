"""Who acts: bound around each request, and gone after it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
import re

from flask import Flask, Response
from flask.testing import FlaskClient
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.audit import AuditContext, bind, current
from shuffify.audit.context import Actor
from shuffify.models.db import ActivityLog, User
from shuffify.models.sqlite import _writing
from shuffify.sandbox import library
from shuffify.web.actor import truncated
from tests.visitor import STYLE_SHEET, Visitor, on_postgresql, on_sqlite

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NOBODY = AuditContext()


def facts() -> dict[str, object]:
    context = current()
    return {
        "kind": context.actor.kind,
        "user_id": context.user_id,
        "source": context.source,
        "request_id": context.request_id,
        "remote_addr": context.remote_addr,
        "user_agent": context.user_agent,
        "writing": _writing.get(),
    }


@pytest.fixture
def app(app: Flask) -> Flask:
    """Give the app two probes: one tells who acts, one fails."""

    def fail() -> None:
        raise RuntimeError("on purpose")

    def stream() -> Response:
        context = copy_context()

        def lines() -> Iterator[str]:
            yield str(context.run(current).user_id)

        return Response(lines())

    app.add_url_rule("/probe", "probe", facts, methods=["GET", "POST"])
    app.add_url_rule("/fail", "fail", fail)
    app.add_url_rule("/stream", "stream", stream)
    return app


def test_every_answer_names_its_request(visitor: Visitor) -> None:
    seen = set()
    for path in ("/", "/nowhere", "/livez", "/fail", STYLE_SHEET, "/api/user-playlists"):
        with visitor.client.get(path, headers={"X-Request-ID": "mine"}) as answer:
            assert UUID.fullmatch(answer.headers["X-Request-ID"]), path
            seen.add(answer.headers["X-Request-ID"])
    assert len(seen) == 6


def test_strangers_act_anonymously(visitor: Visitor) -> None:
    answer = visitor.get("/probe")
    assert answer.json == {
        "kind": "anonymous",
        "user_id": None,
        "source": "web",
        "request_id": answer.headers["X-Request-ID"],
        "remote_addr": None,
        "user_agent": None,
        "writing": False,
    }


@pytest.mark.report(30)
def test_users_act_as_themselves(mira: Visitor, outside: Session) -> None:
    user_id = outside.scalars(select(User.id)).one()
    answer = mira.post("/probe")
    assert (answer.json["kind"], answer.json["user_id"]) == ("user", user_id)
    assert (answer.json["source"], answer.json["writing"]) == ("web", True)


def test_address_and_browser_are_kept_when_the_operator_asks(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(AUDIT_CLIENT_INFO="on")
    app.add_url_rule("/probe", "probe", facts)
    answer = Visitor(app).client.get(
        "/probe",
        headers={"User-Agent": "Browser " + "x" * 600},
        environ_base={"REMOTE_ADDR": "203.0.113.77"},
    )
    assert answer.json["remote_addr"] == "203.0.113.0"
    assert len(answer.json["user_agent"]) == 512


@pytest.mark.report(78)
@pytest.mark.parametrize(
    "address, kept",
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("", None),
        (None, None),
        ("unix:", None),
    ],
)
def test_addresses_are_truncated(address: str | None, kept: str | None) -> None:
    assert truncated(address) == kept


@pytest.mark.report(36)
@on_sqlite
@pytest.mark.parametrize("path", ["/probe", "/fail", "/nowhere", "/stream", STYLE_SHEET])
def test_nothing_stays_behind_on_the_thread(mira: Visitor, path: str) -> None:
    with mira.client.get(path) as answer:
        answer.get_data()
    assert current() == NOBODY
    assert _writing.get() is False


@on_sqlite
def test_nothing_stays_bound_while_a_test_keeps_the_request(mira: Visitor) -> None:
    with mira.client:
        mira.client.get("/probe")
        assert current() == NOBODY


@on_sqlite
def test_an_actor_bound_outside_comes_back(mira: Visitor) -> None:
    with bind(user_id=77, source="test"):
        assert mira.get("/probe").json["user_id"] != 77
        assert current().actor == Actor("user", 77, "user:77")
    assert current() == NOBODY


def test_a_copy_of_the_views_context_outlives_the_request(
    mira: Visitor, outside: Session
) -> None:
    user_id = outside.scalars(select(User.id)).one()
    assert mira.client.get("/stream").text == str(user_id)
    assert current() == NOBODY


@pytest.mark.report(29, 33, 40)
@pytest.mark.unshadowed("unlocked writers race: a row's before is what its request has read")
@pytest.mark.slow
@on_postgresql  # Where they write side by side.
def test_sixteen_threads_of_200_requests_never_mix_their_users(
    app: Flask, visit: Callable[[], Visitor], outside: Session
) -> None:
    crowd = [Crowd(app, visit().log_in(name)) for name in (library.MIRA, library.JONAS)]

    def work(number: int) -> list[object]:
        wrong: list[object] = []
        for turn in range(200):
            person = crowd[(number + turn) % 2]
            if turn % 21 == number:
                person.rename(f"{person.user_id}-{number}-{turn}")
            elif person.seen() != person.user_id:
                wrong.append((person.user_id, turn))
            if current() != NOBODY or _writing.get():
                wrong.append(current())
        return wrong

    with ThreadPoolExecutor(16) as pool:
        assert [entry for wrong in pool.map(work, range(16)) for entry in wrong] == []
    renamed = ActivityLog.description.like("Renamed%")
    rows = outside.scalars(select(ActivityLog).where(renamed)).all()
    assert len(rows) == 11 * 10 + 5 * 9 == len({row.request_id for row in rows})
    for row in rows:
        # each name begins with the id of whoever gave it
        assert f"to '{row.user_id}-" in row.description
    assert {row.user_id for row in rows} == {person.user_id for person in crowd}


class Crowd:
    """One user's login, used from many threads, each request by a client of its own."""

    def __init__(self, app: Flask, visitor: Visitor) -> None:
        path = f"/workshop/{library.PLAYLISTS['twelve']}/sessions"
        saved = visitor.post(path, {"session_name": "start", "track_uris": []})
        self.path = f"/workshop/sessions/{saved.json['session']['id']}"
        self.headers = {"X-CSRFToken": visitor.token(), "Accept": "application/json"}
        self.app = app
        cookie = visitor.client.get_cookie("shuffify")
        assert cookie is not None
        self.cookie = cookie.value
        self.user_id = self.seen()

    def client(self) -> FlaskClient:
        client = self.app.test_client()
        client.set_cookie("shuffify", self.cookie)
        return client

    def seen(self) -> object:
        return self.client().get("/probe").json["user_id"]

    def rename(self, name: str) -> None:
        body = {"session_name": name}
        answer = self.client().put(self.path, json=body, headers=self.headers)
        assert answer.status_code == 200, answer.text
