"""Whatever a client sends, the answer is a refusal in form or a success, never a crash."""

from typing import Any

import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from shuffify.sandbox import Sandbox, library

from .client import Api

PLAYLIST = f"playlists/{library.PLAYLISTS['mixed']}"
KEYS = ["uris", "position", "range_start", "insert_before", "range_length", "snapshot_id", "items",
        "tracks", "name", "public", "collaborative", "description", "uri", "positions"]
URIS = [library.LOCAL_FILES[0].uri, "spotify:track:x", "spotify:", "", f"spotify:track:{'0' * 22}"]

values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 30) | st.sampled_from(URIS) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3), max_leaves=6)
bodies = st.dictionaries(st.sampled_from(KEYS), values, max_size=4) | values
calls = st.sampled_from([
    ("PUT", f"{PLAYLIST}/items"), ("POST", f"{PLAYLIST}/items"), ("DELETE", f"{PLAYLIST}/items"),
    ("PUT", PLAYLIST), ("POST", "me/playlists"), ("PUT", f"{PLAYLIST}/images")])
queries = st.dictionaries(
    st.sampled_from(["limit", "offset", "fields", "market", "additional_types", "q", "type",
                     "uris", "ids", "before", "after", "position"]),
    st.text(max_size=12) | st.sampled_from(["0", "1", "((", "items(", "track", "!a,b(c", "-1"]),
    max_size=4)
reads = st.sampled_from([
    PLAYLIST, f"{PLAYLIST}/items", "me/playlists", "me/tracks", "me/library/contains", "search",
    "me/player/recently-played", "me/top/artists", "tracks"])


@settings(max_examples=150, deadline=None)
@given(call=calls, body=bodies)
def test_no_body_makes_the_sandbox_fail(running_sandbox: Sandbox, call: tuple[str, str],
                                        body: Any) -> None:
    with requests.Session() as http:
        answer = Api.sign_in(running_sandbox, http, "mira").call(*call, body)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.json()["error"]["message"]


@settings(max_examples=150, deadline=None)
@given(path=reads, query=queries)
def test_no_query_makes_the_sandbox_fail(running_sandbox: Sandbox, path: str,
                                         query: dict[str, str]) -> None:
    with requests.Session() as http:
        api = Api.sign_in(running_sandbox, http, "mira")
        answer = http.get(f"{api.base}/v1/{path}", params=query, timeout=10,
                          headers={"Authorization": f"Bearer {api.token}"})
    assert answer.status_code < 500, answer.text
