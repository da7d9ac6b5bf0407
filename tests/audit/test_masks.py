"""What stands in a secret's place, and texts that read like it (A10)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from shuffify.audit.canonical import UNKNOWN, Secret, encode
from shuffify.audit.masks import is_spelt, masked, may_hold, spelt, unspelt

SPELT = {"text": "[secret]"}


def test_secrets_are_masked_by_name_and_by_type_at_any_depth() -> None:
    assert masked({"a": [{"password": "x", "api_key": None}], 1: (Secret("s"), 2)}) == {
        "a": [{"password": "[secret]", "api_key": None}], "1": ["[secret]", 2]
    }


def test_what_is_no_text_keeps_its_form() -> None:
    given = MappingProxyType({"a": (1, None), "b": MappingProxyType({"c": True})})
    assert masked(given) == {"a": [1, None], "b": {"c": True}}


@pytest.mark.parametrize("value, is_one", [
    ({"a": "[secret]"}, True), ({"a": repr(UNKNOWN)}, True), ({"[secret]": 1}, True),
    ({"a": "[other]"}, False), ({"a": "a [secret]"}, False), ({"a": ["x"]}, False), ({}, False),
])
def test_json_that_may_hold_a_mask_is_known_by_its_text(value: Any, is_one: bool) -> None:
    assert may_hold(encode(value)) is is_one


@pytest.mark.parametrize("value, told", [
    ("[secret]", SPELT), ("[unknown]", {"text": "[unknown]"}), ("secret", "secret"), (None, None),
    (Secret("[secret]"), Secret("[secret]")),
    (["[secret]", 1], [SPELT, 1]), ({"a": ["[secret]"]}, {"a": [SPELT]}),
    (SPELT, {"text": SPELT}),
])
def test_a_text_like_a_mask_is_spelt_out_and_read_again(value: Any, told: Any) -> None:
    assert spelt(value) == told
    assert unspelt(told) == value


@pytest.mark.parametrize("value, is_one", [
    (SPELT, True), ({"text": "[unknown]"}, True), ({"text": "plain"}, False),
    ({"text": ["[secret]"]}, False), ({"text": "[secret]", "a": 1}, False),
    ({"word": "[secret]"}, False), ("[secret]", False), (["[secret]"], False), (None, False),
])
def test_only_a_text_that_was_spelt_out_is_taken_for_one(value: Any, is_one: bool) -> None:
    assert is_spelt(value) is is_one
