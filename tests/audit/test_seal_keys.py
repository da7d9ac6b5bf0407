"""Who has no key makes no seal that fits (A15)."""

from __future__ import annotations

from typing import Any

import pytest

from shuffify.audit.anchor import anchor_of
from shuffify.audit.errors import SealKeyError
from shuffify.audit.seal import SealKeys
from tests.audit.sealed import Archive


def test_keyed_seals_need_their_key(sealed: Archive) -> None:
    sealed.trail.custody.seal_with(["first key"])
    sealed.seal(2)
    sealed.trail.custody.seal_with(["second key", "first key"])
    sealed.seal(2)
    saw = sealed.verify()
    assert (saw.findings, saw.seals, saw.unkeyed) == ([], 5, 3)

    sealed.trail.custody.seal_with([])
    with pytest.raises(SealKeyError, match="sealed with the key [0-9a-f]{16}; no key was given"):
        sealed.verify()
    sealed.trail.custody.seal_with(["second key", "wrong key"])
    with pytest.raises(SealKeyError, match="the given keys are [0-9a-f]{16}, [0-9a-f]{16}"):
        sealed.verify()


@pytest.mark.parametrize("keys", ["one text", "", [""], ["key", " "]])
def test_what_is_no_list_of_keys_is_refused(sealed: Archive, keys: Any) -> None:
    with pytest.raises(ValueError, match=r"none of them empty: seal_with\(\[key\]\)"):
        sealed.trail.custody.seal_with(keys)
    sealed.seal(2)
    assert sealed.verify().unkeyed == 4, "sealed as before"


def test_a_key_that_is_missing_hides_no_finding(sealed: Archive) -> None:
    sealed.tamper(
        "UPDATE activity_seals SET key_id = 'x' WHERE first_id = 5",
        "UPDATE activity_log SET description = 'N' WHERE id IN (2, 6, 10)",
    )
    with pytest.raises(SealKeyError, match="with the key x; no key was given") as caught:
        sealed.verify()
    saw = caught.value.saw
    assert [(one.kind, one.row_id) for one in saw.findings] == [
        ("altered", 2), ("altered", 6), ("seal_altered", 9), ("altered", 10)
    ], "the seal after it has lost its key, as it seems"


def test_a_chain_that_loses_its_key_is_named(sealed: Archive) -> None:
    sealed.trail.custody.seal_with(["first key"])
    sealed.seal(2)
    sealed.trail.custody.seal_with([])
    sealed.seal(2)
    sealed.trail.custody.seal_with(["first key"])

    (finding,) = sealed.verify().findings
    assert (finding.kind, finding.row_id) == ("seal_altered", 105)
    assert finding.told == "the seal of rows 105 to 106 has no key, the one before it had one"


def test_without_the_key_nobody_makes_a_seal_that_fits(sealed: Archive) -> None:
    sealed.trail.custody.seal_with(["first key"])
    sealed.seal(2)
    sealed.tamper("DELETE FROM activity_seals WHERE first_id = 103",
                  "UPDATE activity_log SET user_id = 8 WHERE id = 103")
    sealed.trail.custody.seal_with(["guess"])
    sealed.seal()
    sealed.tamper(f"UPDATE activity_seals SET key_id = '{SealKeys(['first key']).current}'"
                  " WHERE first_id = 103")
    sealed.trail.custody.seal_with(["first key"])

    assert sealed.found() == [("seal_altered", 103)]


def test_a_key_alone_does_not_show_seals_that_were_deleted_and_made_anew(
    archive: Archive,
) -> None:
    archive.trail.custody.seal_with(["first key"])
    archive.fill()
    head = archive.verify().head
    assert head is not None
    archive.tamper("DELETE FROM activity_seals WHERE first_id > 1",
                   "UPDATE activity_log SET user_id = 8 WHERE id = 6")
    archive.seal()

    assert archive.found() == [], "the app itself has sealed the altered row, with the key"
    assert [kind for kind, _ in archive.found([anchor_of(head)])] == ["rewritten"]
