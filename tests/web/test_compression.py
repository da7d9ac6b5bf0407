"""Long texts travel in gzip; everything else, and everybody else, gets the bytes as they are."""

import gzip

from flask import Flask, Response
import pytest

from shuffify.web.compression import LEAST_BYTES
from tests.visitor import STYLE_SHEET, Visitor, on_sqlite

pytestmark = on_sqlite

TAKES = {"Accept-Encoding": "br, gzip"}
LONG = "länger " * 400


@pytest.fixture
def app(app: Flask) -> Flask:
    answers = {
        "long": lambda: Response(LONG, mimetype="text/html"),
        "short": lambda: Response("x" * (LEAST_BYTES - 1), mimetype="text/html"),
        "enough": lambda: Response("x" * LEAST_BYTES, mimetype="text/html"),
        "picture": lambda: Response(LONG, mimetype="image/png"),
        "stream": lambda: Response(iter([LONG]), mimetype="application/x-ndjson"),
        "packed": lambda: Response(
            LONG, mimetype="text/html", headers={"Content-Encoding": "br"}
        ),
    }
    for name, view in answers.items():
        app.add_url_rule(f"/{name}", name, view)
    return app


def test_long_texts_come_in_gzip_and_mean_the_same(visitor: Visitor) -> None:
    answer = visitor.client.get("/long", headers=TAKES)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.content_length == len(answer.data) < len(LONG) / 10
    assert gzip.decompress(answer.data).decode() == LONG


@pytest.mark.parametrize("path", ["/short", "/picture", "/stream"])
def test_other_answers_stay_as_they_are(visitor: Visitor, path: str) -> None:
    answer = visitor.client.get(path, headers=TAKES)
    assert "Content-Encoding" not in answer.headers
    assert answer.text in (LONG, "x" * (LEAST_BYTES - 1))


def test_what_is_packed_already_is_not_packed_again(visitor: Visitor) -> None:
    assert visitor.client.get("/packed", headers=TAKES).headers["Content-Encoding"] == "br"


def test_the_least_length_is_compressed(visitor: Visitor) -> None:
    assert visitor.client.get("/enough", headers=TAKES).headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("taken", ["", "br", "gzip;q=0, br"])
def test_whoever_does_not_take_gzip_gets_none_and_caches_know(
    visitor: Visitor, taken: str
) -> None:
    answer = visitor.client.get("/long", headers={"Accept-Encoding": taken})
    assert answer.text == LONG
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_files_are_compressed_and_still_known_by_their_etag(visitor: Visitor) -> None:
    with visitor.client.get(STYLE_SHEET) as plain, \
            visitor.client.get(STYLE_SHEET, headers=TAKES) as packed:
        assert gzip.decompress(packed.data) == plain.data
        assert packed.headers["ETag"] == f"W/{plain.headers['ETag']}"
        known = {**TAKES, "If-None-Match": packed.headers["ETag"]}
    with visitor.client.get(STYLE_SHEET, headers=known) as again:
        assert (again.status_code, again.data) == (304, b"")


def test_parts_of_a_file_are_not_compressed(visitor: Visitor) -> None:
    asked = {**TAKES, "Range": "bytes=0-2047"}
    with visitor.client.get(STYLE_SHEET, headers=asked) as part:
        assert (part.status_code, len(part.data)) == (206, 2048)
        assert "Content-Encoding" not in part.headers


def test_a_head_request_tells_nothing_wrong(visitor: Visitor) -> None:
    answer = visitor.client.head("/long", headers=TAKES)
    assert "Content-Encoding" not in answer.headers
    assert answer.content_length == len(LONG.encode())
