"""The server as a piece of machinery: starting, stopping, threads, concurrency."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests
from freezegun import freeze_time

from shuffify.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox, library

from .client import Api, message


def test_start_and_stop_leave_no_thread_and_no_listener() -> None:
    before = set(threading.enumerate())
    with Sandbox() as sandbox:
        address = urlsplit(sandbox.url)
        assert requests.get(sandbox.url + "/v1/me", timeout=10).status_code == 401
    assert set(threading.enumerate()) <= before
    with pytest.raises(ConnectionRefusedError), socket.socket() as probe:
        probe.connect((address.hostname, address.port))


def test_it_starts_quickly_and_resets_cheaply(sandbox: Sandbox) -> None:
    began = time.process_time()
    with Sandbox():
        assert time.process_time() - began < 0.3
    began = time.process_time()
    sandbox.reset()
    assert time.process_time() - began < 0.05


def test_it_stops_at_once_while_a_client_says_nothing_and_another_waits_for_a_silent_answer(
) -> None:
    before = set(threading.enumerate())
    sandbox = Sandbox().start()
    sandbox.fault("timeout", path="/v1/me", seconds=60)
    where = urlsplit(sandbox.url)
    with socket.create_connection((where.hostname, where.port)) as mute, \
            socket.create_connection((where.hostname, where.port)) as waiting:
        waiting.sendall(b"GET /v1/me HTTP/1.1\r\nHost: sandbox\r\n\r\n")
        while not sandbox.requests():
            threading.Event().wait(0.01)
        began = time.perf_counter()
        sandbox.stop()
        assert time.perf_counter() - began < 10
        assert waiting.recv(10) == b""
        mute.close()
    assert set(threading.enumerate()) <= before


def test_it_follows_a_clock_that_a_test_has_stopped(
        sandbox: Sandbox, http: requests.Session) -> None:
    with freeze_time("2030-01-01 12:00:00") as clock:
        api = Api.sign_in(sandbox, http, "mira")
        sandbox.fault("slow", seconds=0.05)
        assert api.call("GET", "me").status_code == 200
        clock.tick(3601)
        assert message(api.call("GET", "me")) == (401, "The access token expired")


def test_it_can_be_started_again_and_refuses_to_start_twice() -> None:
    sandbox = Sandbox()
    with pytest.raises(RuntimeError, match="start"):
        sandbox.url
    for _ in range(2):
        with sandbox:
            assert requests.get(sandbox.url + "/v1/me", timeout=10).status_code == 401
            with pytest.raises(RuntimeError, match="already"):
                sandbox.start()
    sandbox.stop()


def test_a_taken_port_is_an_error_and_not_the_end_of_the_process(sandbox: Sandbox) -> None:
    with pytest.raises(OSError, match="in use"):
        Sandbox(port=urlsplit(sandbox.url).port or 0).start()


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="dev2026, extended"):
        Sandbox(profile="1999")


def test_the_credentials_cannot_pass_for_real_ones() -> None:
    for text in (CLIENT_ID, CLIENT_SECRET):
        assert len(text) != 32
        assert not set(text) <= set("0123456789abcdefABCDEF")


def test_parallel_writes_are_applied_one_after_the_other(sandbox: Sandbox, mira: Api) -> None:
    playlist_id = library.PLAYLISTS["empty"]
    uris = sandbox.uris(library.PLAYLISTS["twelve_hundred"])[:40]

    def add(uri: str | None) -> str:
        with requests.Session() as http:
            api = Api(mira.base, mira.token, http)
            answer = api.call("POST", f"playlists/{playlist_id}/items", {"uris": [uri]})
            return str(answer.json()["snapshot_id"])

    with ThreadPoolExecutor(8) as pool:
        snapshots = list(pool.map(add, uris))
    assert len(set(snapshots)) == 40
    assert sorted(map(str, sandbox.uris(playlist_id))) == sorted(map(str, uris))


def test_an_unknown_path_and_a_wrong_method_answer_in_the_nested_form(mira: Api) -> None:
    assert message(mira.call("GET", "nothing/here")) == (404, "Resource not found")
    assert message(mira.call("PATCH", "me")) == (405, "Method Not Allowed")
