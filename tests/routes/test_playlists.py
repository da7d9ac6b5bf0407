"""Playlists as Spotify shows them."""

import time

from sqlalchemy import update
from sqlalchemy.orm import Session

from shuffify.models.db import User
from shuffify.sandbox import Sandbox, library
from tests.visitor import Visitor

FIELDS = {
    "id", "name", "track_count", "image_url", "url",
    "editable", "collaborative", "is_owner", "undo_steps",
}


def test_user_playlists_are_the_owned_and_the_collaborative_ones(mira: Visitor) -> None:
    answer = mira.get("/api/user-playlists")
    assert (answer.status_code, answer.json["category"]) == (200, "success")
    by_id = {playlist["id"]: playlist for playlist in answer.json["playlists"]}
    assert all(set(playlist) == FIELDS for playlist in by_id.values())
    assert len(by_id) > 50
    assert by_id[library.PLAYLISTS["twelve"]]["track_count"] == 12
    assert by_id[library.PLAYLISTS["shared"]]["is_owner"] is False
    assert library.PLAYLISTS["foreign_public"] not in by_id


def test_refresh_reads_past_the_cache(mira: Visitor, sandbox: Sandbox) -> None:
    playlist_id = library.PLAYLISTS["twelve"]

    def name_in(playlists: list[dict[str, object]]) -> object:
        return next(p["name"] for p in playlists if p["id"] == playlist_id)

    mira.get("/api/user-playlists")
    sandbox.edit(playlist_id, "details", name="Renamed elsewhere")
    assert name_in(mira.get("/api/user-playlists").json["playlists"]) != "Renamed elsewhere"
    assert name_in(mira.post("/refresh-playlists").json["playlists"]) == "Renamed elsewhere"


def test_a_list_that_proved_gone_or_closed_is_not_shown_again(
    mira: Visitor, sandbox: Sandbox
) -> None:
    def shown() -> set[str]:
        return {each["id"] for each in mira.get("/api/user-playlists").json["playlists"]}

    gone, closed = library.PLAYLISTS["twelve"], library.PLAYLISTS["shared"]
    assert {gone, closed} <= shown()
    sandbox.edit(gone, "delete")
    assert mira.post(f"/shuffle/{gone}").status_code == 404
    assert gone not in shown()
    sandbox.edit(closed, "details", collaborative=False)
    assert closed in shown(), "nobody has told"
    assert mira.post(f"/shuffle/{closed}").status_code == 403
    assert closed not in shown()


def test_a_playlist_comes_with_its_tracks(mira: Visitor, sandbox: Sandbox) -> None:
    playlist_id = library.PLAYLISTS["mixed"]
    playlist = mira.get(f"/playlist/{playlist_id}").json["playlist"]
    assert [track["uri"] for track in playlist["tracks"]] == sandbox.uris(playlist_id)
    assert playlist["snapshot_id"] == sandbox.snapshot_id(playlist_id)
    assert (playlist["editable"], playlist["track_count"]) == (True, len(playlist["tracks"]))


def test_reading_does_not_wait_for_who_is_writing(mira: Visitor, outside: Session) -> None:
    outside.execute(update(User).values(display_name="Under way"))
    begun = time.monotonic()
    for path in ("/api/user-playlists", f"/playlist/{library.PLAYLISTS['twelve']}"):
        assert mira.get(path).status_code == 200
    assert time.monotonic() - begun < 5


def test_lists_that_spotify_withholds_are_403(mira: Visitor) -> None:
    answer = mira.get(f"/playlist/{library.PLAYLISTS['foreign_public']}")
    assert (answer.status_code, answer.json["code"]) == (403, "not_readable")


def test_unknown_playlists_are_404(mira: Visitor) -> None:
    for playlist_id in (library.PLAYLISTS["algorithmic"], "A" * 22, "too-short", "A" * 23):
        answer = mira.get(f"/playlist/{playlist_id}")
        assert (answer.status_code, answer.json["code"]) == (404, "not_found"), playlist_id


def test_spotify_faults_have_codes_of_their_own(mira: Visitor, sandbox: Sandbox) -> None:
    sandbox.fault("error_before", path="/v1/me/playlists", count=None)
    answer = mira.post("/refresh-playlists")
    assert (answer.status_code, answer.json["code"]) == (502, "spotify_error")
    assert mira.is_logged_in()


def test_spotifys_rate_limit_reaches_the_user(mira: Visitor, sandbox: Sandbox) -> None:
    sandbox.fault("rate_limit", path="/v1/me/playlists", count=None, retry_after=120)
    answer = mira.post("/refresh-playlists")
    assert (answer.status_code, answer.json["code"]) == (429, "rate_limited")
    assert answer.json["retry_after"] == int(answer.headers["Retry-After"]) == 120


def test_a_revoked_consent_asks_to_reconnect(mira: Visitor, sandbox: Sandbox) -> None:
    sandbox.revoke(library.MIRA)
    sandbox.expire_access_tokens(library.MIRA)
    answer = mira.post("/refresh-playlists")
    assert (answer.status_code, answer.json["code"]) == (401, "reconnect_required")
    assert answer.json["login_url"].startswith("/login?legal_consent=")
    assert mira.is_logged_in()


def test_the_page_of_a_revoked_consent_asks_to_reconnect_not_to_log_in(
    mira: Visitor, sandbox: Sandbox
) -> None:
    sandbox.revoke(library.MIRA)
    sandbox.expire_access_tokens(library.MIRA)
    answer = mira.client.get(f"/workshop/{library.PLAYLISTS['twelve']}")
    assert (answer.status_code, answer.mimetype) == (401, "text/html")
    assert "<h1>Reconnect Spotify</h1>" in answer.text
    assert 'href="/login?legal_consent=kept">Reconnect Spotify</a>' in answer.text
    assert "Log in" not in answer.text.split("<main")[1].split("</main")[0]
