"""The dashboard, as the server renders it."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shuffify.models.base import utcnow
from shuffify.models.db import ActivityLog, PlaylistSnapshot, User
from shuffify.sandbox import Sandbox, library
from tests.visitor import Visitor


def card(page: str, playlist_id: str) -> str:
    return page.split(f'<li class="card" data-playlist="{playlist_id}"')[1].split("</li>")[0]


def test_the_dashboard_shows_the_playlists(mira: Visitor) -> None:
    page = mira.client.get("/")
    assert page.status_code == 200
    for role in ("twelve", "arabic", "japanese", "emoji", "long_name", "no_cover", "shared"):
        name = library.PLAYLIST_NAMES[role]
        assert f'<h2 class="card-name" dir="auto" data-slot="name">{name}</h2>' in page.text, role
    assert library.PLAYLIST_NAMES["foreign_public"] not in page.text
    assert "BalancedShuffle" in page.text


def test_a_card_offers_undo_where_there_is_something_to_undo(mira: Visitor) -> None:
    twelve = library.PLAYLISTS["twelve"]
    for seed in (1, 2):
        mira.post(f"/shuffle/{twelve}", {"seed": seed})
    page = mira.client.get("/").text
    assert 'data-do="undo"><span>Undo (<span data-slot="steps">2</span>)' in card(page, twelve)
    assert 'data-do="undo" hidden>' in card(page, library.PLAYLISTS["shared"])


@pytest.mark.parametrize(
    ("age_days", "said"),
    [
        (100, None),
        (160, "ends in 2"),
        (200, "ends today"),
    ],
)
def test_the_dashboard_counts_down_the_half_year_of_a_consent(
    mira: Visitor, outside: Session, age_days: int, said: str | None
) -> None:
    user = outside.scalars(select(User)).one()
    user.consented_at = utcnow() - timedelta(days=age_days)
    outside.commit()
    page = mira.client.get("/").text
    assert ("Your connection to Spotify" in page) is (said is not None)
    assert said is None or said in page


def test_a_consent_that_spotify_refuses_is_not_counted_down(
    mira: Visitor, outside: Session
) -> None:
    user = outside.scalars(select(User)).one()
    user.consented_at, user.needs_reconnect = utcnow() - timedelta(days=170), True
    outside.commit()
    page = mira.client.get("/").text
    assert "Reconnect Spotify" in page and "Your connection to Spotify" not in page


def test_writes_that_ended_half_way_are_offered_until_they_are_restored(
    mira: Visitor, outside: Session
) -> None:
    twelve = library.PLAYLISTS["twelve"]
    kept = mira.post(f"/playlist/{twelve}/snapshots").json["snapshot"]["id"]
    mira.post(f"/playlist/{twelve}/snapshots")
    snapshot = outside.get_one(PlaylistSnapshot, kept)
    snapshot.write_state = "interrupted"
    outside.commit()
    assert f'data-snapshot="{kept}"' in mira.client.get("/").text
    (told,) = mira.post("/refresh-playlists").json["interrupted"]
    assert (told["snapshot_id"], told["playlist_id"]) == (kept, twelve)
    assert (told["playlist_name"], told["track_count"]) == (library.PLAYLIST_NAMES["twelve"], 12)
    # A later write works on what the interrupted one left: it settles nothing.
    mira.post(f"/shuffle/{twelve}")
    assert len(mira.post("/refresh-playlists").json["interrupted"]) == 1
    mira.post(f"/snapshots/{kept}/restore")
    assert mira.post("/refresh-playlists").json["interrupted"] == []
    assert f'data-snapshot="{kept}"' not in mira.client.get("/").text


def test_a_restore_that_finds_the_list_standing_settles_an_interrupted_write(
    mira: Visitor, outside: Session
) -> None:
    twelve = library.PLAYLISTS["twelve"]
    kept = mira.post(f"/playlist/{twelve}/snapshots").json["snapshot"]["id"]
    outside.get_one(PlaylistSnapshot, kept).write_state = "interrupted"
    outside.commit()
    rows = outside.scalar(select(func.count()).select_from(ActivityLog))
    outside.rollback()
    assert mira.post(f"/snapshots/{kept}/restore").json["category"] == "info"
    assert mira.post("/refresh-playlists").json["interrupted"] == []
    snapshot = outside.get_one(PlaylistSnapshot, kept)
    assert (snapshot.write_state, snapshot.restored_at) == ("void", None)
    assert outside.scalar(select(func.count()).select_from(ActivityLog)) == rows


def test_interrupted_writes_of_others_are_their_own_matter(
    mira: Visitor, jonas: Visitor, outside: Session
) -> None:
    shared = library.PLAYLISTS["shared"]
    kept = mira.post(f"/playlist/{shared}/snapshots").json["snapshot"]["id"]
    outside.get_one(PlaylistSnapshot, kept).write_state = "interrupted"
    outside.commit()
    assert jonas.post("/refresh-playlists").json["interrupted"] == []


def test_a_fault_at_spotify_shows_an_error_state_and_signs_nobody_out(
    mira: Visitor, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.fault("error_before", path="/v1/me/playlists", count=None)
    page = mira.client.get("/")
    assert page.status_code == 200
    assert [entry.levelname for entry in caplog.records] == ["ERROR"]
    assert "cannot be shown right now" in page.text
    assert mira.is_logged_in()


def test_a_revoked_consent_offers_to_reconnect_and_signs_nobody_out(
    mira: Visitor, sandbox: Sandbox
) -> None:
    sandbox.revoke(library.MIRA)
    sandbox.expire_access_tokens(library.MIRA)
    page = mira.client.get("/")
    assert page.status_code == 200
    assert "Reconnect Spotify" in page.text
    assert mira.is_logged_in()


def test_hostile_names_stay_text(mira: Visitor, sandbox: Sandbox) -> None:
    name = "<script>alert(1)</script>\"'&\u202e"
    sandbox.edit(library.PLAYLISTS["twelve"], "details", name=name)
    page = mira.client.get("/")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
