"""Every route that changes something is recorded, or is known not to be."""

from flask import Flask
import pytest

from shuffify import create_app

RECORDED = {
    "GET /callback": "P1 login, P3 account created",
    "POST /logout": "P2 logout",
    "POST /shuffle/<playlist:playlist_id>": "P4 shuffle",
    "POST /undo/<playlist:playlist_id>": "P5 undo",
    "POST /workshop/<playlist:playlist_id>/commit": "P6 commit",
    "POST /workshop/<playlist:playlist_id>/sessions": "P7 save workshop session",
    "PUT /workshop/sessions/<row:session_id>": "P8 update or rename it",
    "DELETE /workshop/sessions/<row:session_id>": "P9 delete it",
    "POST /playlist/<playlist:playlist_id>/upstream-sources": "P10 add source",
    "DELETE /upstream-sources/<row:source_id>": "P11 delete source",
    "POST /schedules/create": "P12 create schedule",
    "PUT /schedules/<row:schedule_id>": "P13 update schedule, P15 where only is_enabled changes",
    "DELETE /schedules/<row:schedule_id>": "P14 delete schedule",
    "POST /schedules/<row:schedule_id>/toggle": "P15 toggle",
    "POST /schedules/<row:schedule_id>/run": "P16, P17 manual run",
    "POST /playlist/<playlist:playlist_id>/snapshots": "P18 manual snapshot",
    "POST /snapshots/<row:snapshot_id>/restore": "P19 restore",
    "DELETE /snapshots/<row:snapshot_id>": "P20 delete snapshot",
    "POST /settings": "P21 change settings",
}
"""Routes and the paths of the trail that they are."""

NOT_RECORDED = {
    "POST /refresh-playlists": "reads the list of playlists anew",
    "POST /workshop/<playlist:playlist_id>/preview-shuffle": "a preview",
    "POST /workshop/search": "a search",
    "POST /workshop/search-playlists": "a search",
    "POST /workshop/load-external-playlist": "a load",
}
"""Routes that change nothing for all their verb, and why."""

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


def changing_routes(app: Flask) -> set[str]:
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & CHANGING
    }


@pytest.fixture(scope="module")
def routes() -> set[str]:
    return changing_routes(create_app("testing", {}))


def test_every_changing_route_is_a_path_of_the_trail_or_known_not_to_be(routes: set[str]) -> None:
    assert routes - RECORDED.keys() - NOT_RECORDED.keys() == set()


def test_every_path_that_a_user_can_start_has_its_route(routes: set[str]) -> None:
    assert RECORDED.keys() - routes == {"GET /callback"}
    assert NOT_RECORDED.keys() <= routes
    assert not RECORDED.keys() & NOT_RECORDED.keys()
    told = " ".join(RECORDED.values())
    assert [n for n in range(1, 22) if f"P{n} " not in f"{told} ".replace(",", " ")] == []
