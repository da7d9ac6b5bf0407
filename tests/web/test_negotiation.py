"""JSON or a page."""

from flask import Flask
import pytest

from shuffify.web.negotiation import counted, success, wants_json

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    "path, headers, expected",
    [
        ("/api/anything", {"Accept": BROWSER}, True),
        ("/", {"Content-Type": "application/json"}, True),
        ("/", {"X-Requested-With": "XMLHttpRequest"}, True),
        ("/", {"Accept": "application/json"}, True),
        ("/", {"Accept": "application/json, text/plain, */*"}, True),
        ("/", {"Accept": "application/x-ndjson"}, True),
        ("/", {"Accept": BROWSER}, False),
        ("/", {"Accept": "*/*"}, False),
        ("/", {"Accept": "text/html, application/json"}, False),
        ("/", {"Accept": "text/html;q=0.5, application/json"}, True),
        ("/", {"Accept": "image/png"}, False),
        ("/", {}, False),
    ],
)
def test_json_is_answered_to_those_who_prefer_it(
    path: str, headers: dict[str, str], expected: bool
) -> None:
    with Flask(__name__).test_request_context(path, headers=headers):
        assert wants_json() is expected


def test_a_success_says_what_happened_beside_its_fields() -> None:
    assert success("Done.", status=201, row={"id": 1}) == (
        {"success": True, "message": "Done.", "category": "success", "row": {"id": 1}}, 201,
    )


@pytest.mark.parametrize(
    "number, words", [(0, "0 tracks"), (1, "1 track"), (2, "2 tracks"), (1200, "1,200 tracks")]
)
def test_numbers_stand_with_their_noun(number: int, words: str) -> None:
    assert counted(number, "track") == words
