"""Names that Spotify lets people choose, on every path that stores or shows one."""

import pytest

from shuffify.sandbox import Sandbox, library
from tests.visitor import Visitor

TWELVE = library.PLAYLISTS["twelve"]
OTHER = library.PLAYLISTS["hundred_twenty"]
LISTS = f"/playlist/{TWELVE}"

HOSTILE = {
    "strange": "<script>alert(1)</script>\"'& \u202eevil \u05e9\u05dc\u05d5 NUL \0 half \ud83d",
    "long": "\U0001f469\u200d\U0001f680" * 100,
}
"""Everything that no answer or no database can carry at once; and emoji of three characters."""

PATHS = [
    ("POST", f"/shuffle/{TWELVE}", {}),
    ("POST", f"{LISTS}/snapshots", {}),
    ("POST", f"/workshop/{TWELVE}/sessions", {"session_name": "x", "track_uris": []}),
    ("POST", f"/playlist/{OTHER}/upstream-sources", {"source_playlist_id": TWELVE}),
    ("POST", f"/playlist/{TWELVE}/upstream-sources", {"source_playlist_id": OTHER}),
    ("POST", "/schedules/create", {
        "job_type": "shuffle", "target_playlist_id": TWELVE, "algorithm_name": "BasicShuffle",
    }),
    ("PUT", "/schedules/1", {"target_playlist_id": TWELVE, "schedule_value": "weekly"}),
    ("POST", "/schedules/1/run", {}),
    ("POST", f"/undo/{TWELVE}", {}),
    ("POST", "/snapshots/1/restore", {}),
    ("POST", "/refresh-playlists", {}),
    ("GET", LISTS, {}),
    ("GET", "/schedules", {}),
    ("GET", f"{LISTS}/snapshots", {}),
]


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_name_breaks_no_path(mira: Visitor, sandbox: Sandbox, name: str) -> None:
    sandbox.edit(TWELVE, "details", name=name)
    for method, path, body in PATHS:
        answer = mira.send(method, path, body)
        assert answer.status_code in (200, 201), f"{method} {path}: {answer.text[:300]}"
    page = mira.client.get("/", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "<script>alert" not in page.text
