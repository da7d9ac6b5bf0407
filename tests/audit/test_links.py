"""What collections lost and gained is netted as sets."""

from __future__ import annotations

import pytest

from shuffify.audit.links import Difference, net_links, told


def links(removed: str = "", added: str = "", name: str = "tags") -> dict[str, Difference]:
    """Return one collection's difference; each letter is a link, and its label in capitals."""
    return {name: Difference({one: one.upper() for one in removed},
                             {one: one.upper() for one in added})}


@pytest.mark.parametrize("first, second, net", [
    (links(added="a"), links(added="b"), links(added="ab")),
    (links(added="a"), links(removed="a"), {}),
    (links(removed="a"), links(added="a"), {}),
    (links(removed="a"), links(removed="b"), links(removed="ab")),
    (links(removed="a", added="b"), links(removed="b", added="c"), links(removed="a", added="c")),
    (links(removed="ab", added="c"), links(removed="c", added="a"), links(removed="b")),
    (links(added="a"), {}, links(added="a")),
    ({}, links(removed="a"), links(removed="a")),
    (links(added="a"), links(removed="a", name="friends"),
     {**links(removed="a", name="friends"), **links(added="a")}),
])
def test_two_changes_come_to_their_net(
    first: dict[str, Difference], second: dict[str, Difference], net: dict[str, Difference]
) -> None:
    assert net_links(first, second) == net


@pytest.mark.parametrize("difference, operation, shown", [
    (links(removed="a", added="bc"), "update", [["A"], ["B", "C"]]),
    (links(added="b"), "update", [[], ["B"]]),
    (links(removed="a"), "create", None),
    (links(added="a"), "create", [None, ["A"]]),
    (links(removed="a"), "delete", [["A"], None]),
    (links(added="a"), "delete", None),
])
def test_a_difference_shows_names_before_and_after(
    difference: dict[str, Difference], operation: str, shown: object
) -> None:
    assert told(difference["tags"], operation) == shown
