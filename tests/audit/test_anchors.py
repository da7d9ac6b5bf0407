"""Anchors that are kept outside show what no seal can (A15)."""

from __future__ import annotations

from pathlib import Path

import pytest

from shuffify.audit.anchor import Anchor, add_anchor, anchor_of, read_anchors
from shuffify.audit.errors import AnchorError
from shuffify.audit.sealer import as_seal
from tests.audit.sealed import Archive


def test_an_anchor_shows_a_tail_that_is_cut_with_its_seals(
    sealed: Archive, tmp_path: Path
) -> None:
    path = tmp_path / "anchors"
    assert read_anchors(path) == []
    for size in (0, 3):
        sealed.seal(size)
        head = sealed.verify().head
        assert head is not None
        add_anchor(path, anchor_of(head))
    anchors = read_anchors(path)
    assert [anchor.last_id for anchor in anchors] == [102, 105]
    sealed.seal(2)
    assert sealed.found(anchors) == []

    sealed.tamper(
        "DELETE FROM activity_log WHERE id > 8", "DELETE FROM activity_seals WHERE first_id > 8"
    )
    assert sealed.found() == [], "nothing inside the database can show it"
    saw = sealed.verify(anchors)
    assert [(one.kind, one.row_id) for one in saw.findings] == [
        ("truncated", 102), ("truncated", 105)
    ]
    assert saw.findings[0].told.startswith("the trail was anchored up to row 102, sealed at 20")
    assert saw.findings[0].told.endswith("; its seals end at row 8")


def test_an_anchor_shows_seals_that_were_all_made_anew(sealed: Archive) -> None:
    with sealed.engine.connect() as connection:
        seals = connection.execute(sealed.trail.custody.sealer().every_seal()).all()
    anchors = [anchor_of(as_seal(row)) for row in seals]
    sealed.tamper(
        "UPDATE activity_log SET user_id = 8 WHERE id = 2", "DELETE FROM activity_seals"
    )
    sealed.seal()

    assert sealed.found() == []
    expected = [("rewritten", 1), ("rewritten", 4), ("rewritten", 8)]
    assert sealed.found(anchors) == expected

    # Nor does an anchor that was added afterwards hide the one before it.
    with sealed.engine.connect() as connection:
        seals = connection.execute(sealed.trail.custody.sealer().every_seal()).all()
    assert sealed.found([*anchors, *(anchor_of(as_seal(row)) for row in seals)]) == expected


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"last_id": 1}', '{"last_id": "1", "digest": "x", "sealed_at": ""}',
                "\xff", ""]
)
def test_a_file_that_holds_no_anchors_is_refused_with_its_line(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "anchors"
    add_anchor(path, Anchor(1, "digest", "then"))
    path.write_bytes(path.read_bytes() + content.encode("latin-1") + b"\n")
    with pytest.raises(AnchorError, match="anchors, line 2 is no anchor"):
        read_anchors(path)


def test_an_anchor_gets_a_line_of_its_own_where_the_last_has_no_end(tmp_path: Path) -> None:
    path = tmp_path / "anchors"
    first, second = Anchor(1, "one", "then"), Anchor(2, "two", "now", "key")
    add_anchor(path, first)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    add_anchor(path, second)
    add_anchor(path, first)

    assert read_anchors(path) == [first, second, first]
    assert len(path.read_bytes().splitlines()) == 3
