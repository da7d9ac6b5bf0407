"""Files that browsers may keep for good, because another content has another address."""

from pathlib import Path
import re

import pytest

from shuffify.web.static_files import base_url
from tests.visitor import STYLE_SHEET, Visitor, on_sqlite


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"js/main.js": "main", "js/lib/api.js": "api", "css/app.css": "css"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_address_is_that_of_the_content(folder: Path) -> None:
    before = base_url(folder)
    assert re.fullmatch(r"/static/[0-9a-f]{12}", before)
    (folder / "js/main.js").touch()
    assert base_url(folder) == before


def test_any_change_of_any_file_changes_the_address_of_all(folder: Path) -> None:
    seen = [base_url(folder)]
    (folder / "js/lib/api.js").write_text("ap")
    seen.append(base_url(folder))
    (folder / "js/lib/api.js").rename(folder / "js/lib/new.js")
    seen.append(base_url(folder))
    (folder / "empty.js").touch()
    seen.append(base_url(folder))
    (folder / "empty.js").unlink()
    # What moves from the end of one file to the start of the next is a change as well.
    (folder / "css/app.css").write_text("c")
    (folder / "js/lib/new.js").write_text("ssap")
    seen.append(base_url(folder))
    assert len(set(seen)) == len(seen)


@on_sqlite
def test_files_are_kept_for_a_year_and_asked_for_by_etag_after(mira: Visitor) -> None:
    with mira.client.get(STYLE_SHEET) as answer:
        assert answer.status_code == 200
        kept = answer.headers["Cache-Control"]
        etag = answer.headers["ETag"]
        assert {"public", "immutable", "max-age=31536000"} == set(kept.split(", "))
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    with mira.client.get(STYLE_SHEET, headers={"If-None-Match": etag}) as again:
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["Cache-Control"] == kept


@on_sqlite
@pytest.mark.parametrize(
    "path",
    [
        "/static/css/app.css",
        "/static/000000000000/css/app.css",
        STYLE_SHEET.replace("app.css", "nothing.css"),
        STYLE_SHEET.replace("app.css", "../../config.py"),
        STYLE_SHEET.replace("app.css", "..%2f..%2fconfig.py"),
    ],
)
def test_what_is_not_there_is_404_and_not_kept(visitor: Visitor, path: str) -> None:
    with visitor.client.get(path) as answer:
        assert answer.status_code == 404
        assert answer.headers["Cache-Control"] == "no-store"


@on_sqlite
def test_pages_name_no_other_address(visitor: Visitor) -> None:
    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', visitor.client.get("/").text)
    assert STYLE_SHEET in named
    for address in named:
        with visitor.client.get(address) as answer:
            assert answer.status_code == 200, address


@on_sqlite
def test_only_files_that_are_documents_carry_a_policy(visitor: Visitor) -> None:
    root = STYLE_SHEET.removesuffix("css/app.css")
    found = {}
    for name in ("css/app.css", "js/main.js", "img/icon.svg", "nothing.css"):
        with visitor.client.get(root + name) as answer:
            found[name] = "Content-Security-Policy" in answer.headers
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert found == {
        "css/app.css": False, "js/main.js": False, "img/icon.svg": True, "nothing.css": True,
    }
