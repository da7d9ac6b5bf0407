"""The control endpoint over HTTP, and foreign edits."""

from typing import Any

import pytest
import requests

from shuffify.sandbox import ControlError, Sandbox, library

from .client import Api, playable

TWELVE = library.PLAYLISTS["twelve"]
LOCAL = library.LOCAL_FILES[0].uri


class Control:
    def __init__(self, sandbox: Sandbox, http: requests.Session) -> None:
        self.url, self.http = f"{sandbox.url}/__sandbox", http

    def call(self, method: str, place: str, json: Any = None, status: int = 200,
             **params: str) -> Any:
        response = self.http.request(method, f"{self.url}/{place}", json=json, params=params,
                                     timeout=10)
        assert response.status_code == status, response.text
        return response.json()


@pytest.fixture
def control(sandbox: Sandbox, http: requests.Session) -> Control:
    return Control(sandbox, http)


def test_the_state_of_one_and_of_all_playlists_can_be_read(control: Control) -> None:
    state = control.call("GET", "state")
    assert state["users"] == ["mira", "jonas"]
    assert len(state["playlists"]) == 64
    one = control.call("GET", "state", playlist=TWELVE)["playlists"][TWELVE]
    assert one == state["playlists"][TWELVE]
    assert len(one["uris"]) == 12


def edits(old: list[Any], new: list[str]) -> list[tuple[dict[str, Any], list[Any]]]:
    return [
        ({"op": "add", "uris": [new[0], LOCAL, None]}, [*old, new[0], LOCAL, None]),
        ({"op": "add", "uris": new, "position": 0, "by": "jonas"}, [*new, *old]),
        ({"op": "remove", "uris": [old[0]]}, old[1:]),
        ({"op": "remove_at", "positions": [0, 11]}, old[1:11]),
        ({"op": "move", "range_start": 0, "insert_before": 12}, [*old[1:], old[0]]),
        ({"op": "replace", "uris": new}, new),
        ({"op": "null", "positions": [3]}, [*old[:3], None, *old[4:]]),
    ]


@pytest.mark.parametrize("number", range(7))
def test_a_foreign_edit_changes_the_list_and_its_snapshot_id(
        sandbox: Sandbox, control: Control, number: int) -> None:
    before = sandbox.snapshot_id(TWELVE)
    edit, expected = edits(sandbox.uris(TWELVE), playable(sandbox, 2, 1000))[number]
    answer = control.call("POST", "state", {"playlist": TWELVE, **edit})
    assert sandbox.uris(TWELVE) == expected
    assert answer["snapshot_id"] == sandbox.snapshot_id(TWELVE) != before


def test_a_foreign_client_renames_deletes_and_creates(
        sandbox: Sandbox, control: Control, mira: Api) -> None:
    control.call("POST", "state", {"playlist": TWELVE, "op": "details", "name": "Theirs"})
    assert mira.get(f"playlists/{TWELVE}")["name"] == "Theirs"
    gone = control.call("POST", "state", {"playlist": TWELVE, "op": "delete"})
    assert gone == {"snapshot_id": None}
    assert mira.call("GET", f"playlists/{TWELVE}").status_code == 404
    assert mira.get("me/playlists")["total"] == 62
    made = control.call("POST", "state", {
        "op": "create", "owner": "mira", "name": "Made", "uris": [LOCAL, None]})
    assert sandbox.uris(made["id"]) == [LOCAL, None]
    assert mira.get("me/playlists", limit=1)["items"][0]["id"] == made["id"]


@pytest.mark.parametrize("body", [
    [], {"op": "add"}, {"playlist": "x", "op": "add", "uris": []}, {"playlist": TWELVE},
    {"playlist": TWELVE, "op": "explode"}, {"playlist": TWELVE, "op": "add"},
    {"playlist": TWELVE, "op": "add", "uris": ["spotify:track:x"]},
    {"playlist": TWELVE, "op": "remove_at", "positions": [99]},
    {"playlist": TWELVE, "op": "details", "size": 3},
    {"op": "create", "owner": "nobody", "name": "x", "uris": []}, {"op": "create"},
])
def test_an_edit_that_makes_no_sense_is_explained(control: Control, body: Any) -> None:
    assert control.call("POST", "state", body, status=400)["error"]


def test_reset_restores_everything_and_forgets_tokens(
        sandbox: Sandbox, control: Control, mira: Api) -> None:
    before = sandbox.describe()["playlists"]
    sandbox.edit(TWELVE, "delete")
    sandbox.fault("empty", count=None)
    sandbox.advance(100)
    sandbox.assume(account_id=False)
    control.call("POST", "reset", {"profile": "extended"})
    assert sandbox.assumptions.account_id
    assert sandbox.describe()["playlists"] == before
    assert (sandbox.profile, sandbox.requests(), sandbox.pending_faults()) == ("extended", [], [])
    assert mira.call("GET", "me").status_code == 401


def test_reset_can_keep_the_tokens(control: Control, mira: Api) -> None:
    control.call("POST", "reset", {"keep_tokens": True})
    assert mira.call("GET", "me").status_code == 200


def test_profile_and_assumptions_can_be_changed(sandbox: Sandbox, control: Control) -> None:
    assert control.call("GET", "profile")["profile"] == "dev2026"
    changed = control.call("POST", "profile", {
        "profile": "extended", "assumptions": {"tracks_null": True}})
    assert changed["profile"] == "extended"
    assert changed["assumptions"]["tracks_null"] is True
    for body in ({"profile": "1999"}, {"assumptions": {"gravity": 1}}):
        assert control.call("POST", "profile", body, status=400)["error"]


def test_the_clock_ages_and_ends_tokens(control: Control, mira: Api, sandbox: Sandbox) -> None:
    before = control.call("GET", "clock")["now"]
    assert control.call("POST", "clock", {"advance": 50})["now"] >= before + 50
    control.call("POST", "clock", {"expire": "access", "user": "jonas"})
    assert mira.call("GET", "me").status_code == 200
    control.call("POST", "clock", {"expire": "access"})
    assert mira.call("GET", "me").status_code == 401
    control.call("POST", "clock", {"expire": "refresh"})
    control.call("POST", "clock", {"revoke": True})
    assert control.call("POST", "clock", {"expire": "milk"}, status=400)["error"]


def test_faults_are_planned_listed_and_cleared(control: Control, mira: Api) -> None:
    planned = control.call("POST", "faults", [
        {"kind": "rate_limit", "path": "/v1/me", "retry_after": 9},
        {"kind": "empty", "count": None}])
    assert [fault["kind"] for fault in planned] == ["rate_limit", "empty"]
    assert mira.call("GET", "me").headers["Retry-After"] == "9"
    assert len(control.call("GET", "faults")) == 1
    assert control.call("DELETE", "faults") == []
    for body in ([3], {"kind": "earthquake"}, {"path": "*"}):
        assert control.call("POST", "faults", body, status=400)["error"]


def test_the_journal_lists_calls_in_order_without_the_control_plane(
        sandbox: Sandbox, control: Control, mira: Api) -> None:
    mira.get("me")
    mira.call("PUT", f"playlists/{TWELVE}/items", {"uris": []}, market="DE")
    control.call("GET", "state")
    first, second = control.call("GET", "requests")
    assert (first["number"], first["method"], first["path"]) == (1, "GET", "/v1/me")
    assert second == {
        "number": 2, "method": "PUT", "path": f"/v1/playlists/{TWELVE}/items",
        "query": {"market": "DE"}, "body": {"uris": []}, "status": 200, "user": "mira",
        "fault": None, "flags": []}
    assert control.call("GET", "requests", path="/v1/me") == [first]
    assert control.call("DELETE", "requests") == []
    assert sandbox.requests() == []


def test_the_journal_holds_no_token(sandbox: Sandbox, mira: Api) -> None:
    mira.get("me")
    assert "sandbox-access" not in str(sandbox.requests())


def test_direct_calls_explain_themselves_too(sandbox: Sandbox) -> None:
    with pytest.raises(ControlError, match="no playlist"):
        sandbox.uris("x")
    with pytest.raises(ControlError, match="gravity"):
        sandbox.assume(gravity=1)


@pytest.mark.parametrize("path", ["/", "/open/track/abc"])
def test_a_person_who_lands_on_the_sandbox_is_told_what_it_is(
        sandbox: Sandbox, http: requests.Session, path: str) -> None:
    page = http.get(sandbox.url + path, timeout=10)
    assert page.status_code == 200
    assert "not Spotify" in page.text
