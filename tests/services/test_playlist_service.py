import pytest
from sqlalchemy.orm import Session

from shuffify.models.db import User
from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    PlaylistAccessError,
    PlaylistNotFoundError,
    PlaylistService,
    ReconnectRequired,
    ShuffleService,
)
from shuffify.spotify.errors import RateLimitedError, SignInNeededError, UnavailableError
from tests.services.conftest import Trail

TWELVE = library.PLAYLISTS["twelve"]


def test_all_owned_and_collaborative_playlists_are_listed(mira: int) -> None:
    cards = {card.summary.id: card for card in PlaylistService.list_playlists(mira)}

    assert len(cards) > 50
    own, shared = cards[TWELVE], cards[library.PLAYLISTS["shared"]]
    assert (own.is_owner, own.summary.collaborative, own.summary.track_count) == (True, False, 12)
    assert (shared.is_owner, shared.summary.collaborative) == (False, True)
    assert library.PLAYLISTS["foreign_public"] not in cards


def test_card_serialises_with_exactly_these_keys(mira: int) -> None:
    card = PlaylistService.list_playlists(mira)[0].to_dict()

    assert set(card) == {
        "id", "name", "track_count", "image_url", "url", "editable", "collaborative",
        "is_owner", "undo_steps",
    }


def test_steps_of_undo_stand_on_the_card(mira: int) -> None:
    for seed in (1, 2):
        ShuffleService.shuffle(mira, TWELVE, seed=seed)

    steps = {card.summary.id: card.undo_steps for card in PlaylistService.list_playlists(mira)}
    assert steps.pop(TWELVE) == 2
    assert set(steps.values()) == {0}


def test_one_card_is_read_freshly_with_its_steps(mira: int, sandbox: Sandbox) -> None:
    ShuffleService.shuffle(mira, TWELVE, seed=1)
    sandbox.edit(TWELVE, "details", name="Renamed")
    card = PlaylistService.get_card(mira, TWELVE)

    assert (card.summary.name, card.is_owner, card.undo_steps) == ("Renamed", True, 1)
    with pytest.raises(PlaylistAccessError):
        PlaylistService.get_card(mira, library.PLAYLISTS["foreign_public"])


def test_list_is_a_minute_old_at_most_unless_asked_freshly(mira: int, sandbox: Sandbox) -> None:
    def name(fresh: bool) -> str:
        cards = PlaylistService.list_playlists(mira, fresh=fresh)
        return next(card.summary.name for card in cards if card.summary.id == TWELVE)

    before = name(fresh=False)
    sandbox.edit(TWELVE, "details", name="Renamed")
    assert (name(fresh=False), name(fresh=True)) == (before, "Renamed")


@pytest.mark.parametrize("role", ["mixed", "null_rows", "empty", "twelve_hundred"])
def test_playlist_comes_with_every_row(mira: int, sandbox: Sandbox, role: str) -> None:
    playlist_id = library.PLAYLISTS[role]

    view = PlaylistService.get_playlist(mira, playlist_id)

    assert [*view.playlist.uris] == sandbox.uris(playlist_id)
    answer = view.to_dict()
    assert answer["track_count"] == len(sandbox.uris(playlist_id))
    assert answer["snapshot_id"] == sandbox.snapshot_id(playlist_id)
    assert (answer["editable"], answer["is_owner"]) == (True, True)


def test_list_of_somebody_else_is_not_readable(mira: int) -> None:
    with pytest.raises(PlaylistAccessError) as refusal:
        PlaylistService.get_playlist(mira, library.PLAYLISTS["foreign_public"])

    assert refusal.value.code == "not_readable"


def test_readable_list_of_somebody_else_is_not_editable(mira: int, sandbox: Sandbox) -> None:
    sandbox.set_profile("extended")

    view = PlaylistService.get_playlist(mira, library.PLAYLISTS["foreign_public"])
    assert not view.editable


@pytest.mark.parametrize("playlist_id", ["0" * 22, library.PLAYLISTS["algorithmic"], "short", ""])
def test_unknown_playlist_is_not_found(mira: int, playlist_id: str) -> None:
    with pytest.raises(PlaylistNotFoundError):
        PlaylistService.get_playlist(mira, playlist_id)


def test_revoked_consent_asks_for_a_reconnect(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    sandbox.revoke("mira")
    sandbox.expire_access_tokens("mira")

    with pytest.raises(ReconnectRequired):
        PlaylistService.get_playlist(mira, TWELVE)

    assert outside.get_one(User, mira).needs_reconnect
    assert trail.rows == []


def test_outages_are_told_as_what_they_are(mira: int, sandbox: Sandbox) -> None:
    sandbox.fault("rate_limit", retry_after=3600)
    with pytest.raises(RateLimitedError):
        PlaylistService.get_playlist(mira, TWELVE)
    sandbox.fault("error_before", count=None)
    with pytest.raises(UnavailableError):
        PlaylistService.get_playlist(mira, TWELVE)


def test_token_that_stays_refused_ends_in_a_new_login(mira: int, sandbox: Sandbox) -> None:
    sandbox.fault("spurious_401", path="/v1/*", count=None)

    with pytest.raises(SignInNeededError):
        PlaylistService.get_playlist(mira, TWELVE)
