"""A change as a row: sentence, metadata, who acted; everything without a database."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import JSON, Column, DateTime, Integer, MetaData, String, Table, inspect

from shuffify.audit import Actor, AuditContext, Audited, Change
from shuffify.audit.change import replace
from shuffify.audit.keys import Untold
from shuffify.audit.links import Difference
from shuffify.audit.plan import Plan
from shuffify.audit.render import (
    METADATA_BYTES, Renderer, acting, bounded, differences, sentence_for, text,
)
from tests.audit.changes import create, delete, update
from tests.audit.world import ActivityLog, Playlist

MIRA = AuditContext(Actor("user", 7, "user:7"), "web", "r-1")
JOB = AuditContext(Actor("job", None, "job:prune"), "scheduler", reason="cleaning", on_behalf_of=7,
                   remote_addr="1.2.3.0", user_agent="curl")


class Degraded(list[tuple[str, Change, Exception]]):
    """What the renderer says it could not do."""

    def __call__(self, cell: str, change: Change, error: Exception) -> None:
        self.append((cell, change, error))


def renderer(*columns: Any, degraded: Any = None) -> Renderer:
    """Return a renderer for the tests' log, or for one with these columns."""
    log: Any = Table("log", MetaData(), *columns) if columns else ActivityLog.__table__
    return Renderer(log, degraded if degraded is not None else Degraded())


def policy(**cells: Any) -> Plan:
    """Return what a policy comes to for the tests' playlists."""
    mapper: Any = inspect(Playlist)
    log: Any = ActivityLog.__table__
    return Plan(mapper, Audited(**cells), log)


def told(row: Any) -> dict[str, Any]:
    return json.loads(row["metadata_json"])  # type: ignore[no-any-return]


def _fail(change: Change) -> Any:
    raise ValueError("no")


def test_a_row_holds_every_field() -> None:
    change, degraded = update(1, MIRA, name=("a", "b")), Degraded()
    row = renderer(degraded=degraded).row(change, "e-1")
    assert row is not None and not degraded
    assert {name: value for name, value in row.items() if name != "metadata_json"} == {
        "user_id": 7, "activity_type": "playlist_update",
        "description": "Updated playlist 'b' (name)",
        "playlist_id": None, "playlist_name": None, "created_at": change.at, "event_id": "e-1",
        "entity_type": "playlist", "entity_id": "1", "source": "web", "request_id": "r-1",
        "remote_addr": None, "user_agent": None,
    }
    assert told(row) == {"changes": {"name": ["a", "b"]}}


def test_who_acts_for_another_and_why_is_told_in_the_metadata() -> None:
    row = renderer().row(create(1, JOB, name="a", user_id=8), "e-1")
    assert row is not None and row["user_id"] == 8
    assert told(row) == {
        "changes": {"name": [None, "a"]}, "reason": "cleaning", "on_behalf_of": 7,
        "actor": {"kind": "job", "id": None, "label": "job:prune"},
        "client": {"remote_addr": "1.2.3.0", "user_agent": "curl"},
    }
    assert (row["remote_addr"], row["user_agent"]) == ("1.2.3.0", "curl")


@pytest.mark.parametrize("address, browser, kept", [
    ("1.2.3.0", None, True), (None, "curl", True), (None, None, False),
])
def test_a_client_goes_into_the_metadata_where_the_log_has_no_columns(
    address: str | None, browser: str | None, kept: bool
) -> None:
    change = create(1, AuditContext(remote_addr=address, user_agent=browser), name="a")
    for names, expected in ((["remote_addr"], kept), (["remote_addr", "user_agent"], False)):
        columns = [Column(name, String(20)) for name in names]
        row = renderer(*columns).row(change, "e-1")
        assert row is not None and ("client" in told(row)) == expected


@pytest.mark.parametrize("actor, user_id, is_told", [
    (Actor("user", 7, "user:7"), 7, False), (Actor("user", None), 8, True),
    (Actor("cli", 7, "cli:ops"), 7, True), (Actor("job"), 8, True),
])
def test_the_user_is_the_actor_or_else_the_owner(
    actor: Actor, user_id: int, is_told: bool
) -> None:
    found, told = acting(AuditContext(actor), create(1, name="a", user_id=8))
    assert found == user_id
    assert told == ({"kind": actor.kind, "id": actor.user_id, "label": actor.label}
                    if is_told else None)


@pytest.mark.parametrize("change, sentence", [
    (create(1, name="a"), "Created playlist 'a'"),
    (delete(1, name="a"), "Deleted playlist 'a'"),
    (update(1, name=("a", "b"), position=(0, 1)), "Updated playlist 'b' (name, position)"),
    (replace(update(1, name=("a", "b")), links={"tags": Difference({}, {1: "x"})}),
     "Updated playlist 'b' (name, tags)"),
    (replace(update(1), values={"name": "a"}, cascaded={"note": 1}), "Updated playlist 'a'"),
    (replace(delete(1), summary={"count": 3}), "Deleted playlist in bulk: 3 rows"),
    (replace(delete(1), summary={"count": 1}), "Deleted playlist in bulk: 1 row"),
    (replace(update(1, name=("a", "b")), summary={"count": None}),
     "Updated playlist in bulk: rows (name)"),
])
def test_the_default_words(change: Change, sentence: str) -> None:
    assert sentence_for(change) == sentence


def test_an_entity_of_two_words_is_said_as_two() -> None:
    plan = policy(entity="hit_list")
    assert sentence_for(replace(create(1, name="a"), plan=plan)) == "Created hit list 'a'"


def test_a_soft_delete_has_the_type_of_a_delete() -> None:
    change = replace(update(1, comment=(None, "gone")), plan=policy(soft_delete="comment"))
    row = renderer().row(change, "e-1")
    assert row is not None and row["activity_type"] == "playlist_delete"


def test_columns_may_be_told_as_metadata_and_another_bind_is() -> None:
    plan = policy(extra={"place": "position"})
    row = renderer().row(replace(create(1, name="a", position=3), plan=plan), "e-1", True)
    assert row is not None
    assert (told(row)["place"], told(row)["other_bind"]) == (3, True)


def test_long_metadata_keep_their_names() -> None:
    given = {"user_id": 7, "activity_type": "x", "event_id": "e-1",
             "metadata_json": {"a": "x" * METADATA_BYTES, "b": 1}}
    row = renderer().explicit(MIRA, datetime(2026, 11, 26), given)
    assert told(row) == {"truncated": True, "changes": ["a", "b"]}
    name = "n" * METADATA_BYTES
    row = renderer().row(update(1, MIRA, name=("a", name)), "e-1")
    assert row is not None and told(row) == {"truncated": True, "changes": ["name"]}


def test_where_even_the_parts_are_too_long_only_that_is_said() -> None:
    parts = dict.fromkeys(("actor", "reason", "on_behalf_of", "cascaded", "bulk"), "ä" * 1000)
    assert json.loads(bounded({**parts, "a": "x" * METADATA_BYTES}, ["a"])) == {"truncated": True}


def test_up_to_which_row_was_pruned_survives_every_cut() -> None:
    much = {"up_to_id": 6, "a": "x" * METADATA_BYTES}
    for up_to_id, kept in ((6, 6), (2**63 - 1, 2**63 - 1), (2**63, None)):
        told = json.loads(bounded({**much, "up_to_id": up_to_id}, ["a"]))
        assert told.get("up_to_id") == kept, "the greatest id of a database is 2**63 - 1"
    parts = dict.fromkeys(("actor", "reason", "on_behalf_of", "cascaded", "bulk"), "ä" * 1000)
    assert json.loads(bounded({**parts, **much}, ["a"])) == {"truncated": True, "up_to_id": 6}
    assert json.loads(bounded({**parts, **much, "up_to_id": "x" * 900}, ["a"])) == {
        "truncated": True
    }


@pytest.mark.parametrize("given, kept", [
    ("5", "5"), ("f" * 64, "f" * 64), ("f" * 65, None), (5, None), ("\ud800", "\ufffd"),
])
def test_the_id_before_survives_every_cut(given: Any, kept: str | None) -> None:
    parts = dict.fromkeys(("actor", "reason", "on_behalf_of", "cascaded", "bulk"), "ä" * 1000)
    for more in ({}, parts):
        for name in ("former_id", "heir"):
            told = json.loads(bounded({**more, name: given, "a": "x" * METADATA_BYTES}, ["a"]))
            assert told.get(name) == kept


@pytest.mark.parametrize("key, id_", [(Untold(), None), ("", ""), (5, "5")])
def test_an_object_that_nobody_named_has_no_id(key: Any, id_: str | None) -> None:
    row = renderer().row(replace(create(1, MIRA), key=(key,)), "e-1")
    assert row is not None and row["entity_id"] == id_


def test_a_changed_key_is_told_with_the_id_before() -> None:
    row = renderer().row(update(3, MIRA, former=2), "e-1")
    assert row is not None
    assert (row["entity_id"], told(row)["former_id"]) == ("3", "2")
    assert "heir" not in told(row)
    row = renderer().row(update(3, MIRA, former=2), "e-2", heir="e-1")
    assert told(row)["heir"] == "e-1"
    row = renderer().row(update(3, MIRA, name=("a", "b")), "e-1")
    assert row is not None and "former_id" not in told(row)


@pytest.mark.parametrize("change, pairs", [
    (create(1, name="a", position=0), {"name": [None, "a"], "position": [None, 0]}),
    (delete(1, name="a", position=0), {"name": ["a", None], "position": [0, None]}),
    (update(1, name=("a", None)), {"name": ["a", None]}),
    (replace(delete(1), links={"tags": Difference({1: "x"}, {})}), {"tags": [["x"], None]}),
    (replace(create(1), links={"tags": Difference({1: "x"}, {})}), {}),
])
def test_differences_are_before_and_after(change: Change, pairs: Any) -> None:
    assert differences(change) == pairs


def test_a_policy_says_type_sentence_and_more() -> None:
    plan = policy(types={"create": lambda change: f"made_{change.entity_id}", "delete": None},
                  describe=lambda change: "Hello", extra=lambda change: {"more": change.label})
    row = renderer().row(replace(create(1, MIRA, name="a"), plan=plan), "e-1")
    assert row is not None
    assert (row["activity_type"], row["description"]) == ("made_1", "Hello")
    assert told(row)["more"] == "a"
    assert renderer().row(replace(delete(1, name="a"), plan=plan), "e-1") is None


def test_a_policy_that_fails_costs_its_own_cells_only() -> None:
    plan = policy(types={"create": _fail}, describe=_fail, extra=_fail)
    change, degraded = replace(create(1, MIRA, name="a"), plan=plan), Degraded()
    row = renderer(degraded=degraded).row(change, "e-1")
    assert row is not None
    assert row["activity_type"] == "playlist_create"
    assert row["description"] == "Created playlist 'a'"
    assert told(row) == {"changes": {"name": [None, "a"]}}
    assert [(cell, one) for cell, one, _ in degraded] == [
        (cell, change) for cell in ("types", "description", "extra")
    ]
    assert {str(error) for _, _, error in degraded} == {"no"}


def test_what_a_function_gives_under_a_key_of_the_trails_own_is_left_out_and_counted() -> None:
    plan = policy(extra=lambda change: {"more": 1, "truncated": True, "actor": "somebody else"})
    change, degraded = replace(create(1, MIRA, name="a"), plan=plan), Degraded()
    row = renderer(degraded=degraded).row(change, "e-1")
    assert row is not None
    assert told(row) == {"more": 1, "changes": {"name": [None, "a"]}}
    ((cell, one, error),) = degraded
    assert (cell, one) == ("extra", change)
    assert str(error).startswith("Playlist.__audit__: extra gives actor, truncated, which")


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_sentence_gives_way_to_the_default(empty: str | None) -> None:
    plan = policy(describe=lambda change: empty)
    row = renderer().row(replace(create(1, name="a"), plan=plan), "e-1")
    assert row is not None and row["description"] == "Created playlist 'a'"


def test_a_summary_tells_of_the_statement_and_asks_no_policy() -> None:
    plan = policy(describe=_fail, extra=_fail)
    change = replace(delete(1), plan=plan, summary={"count": 3}, cascaded={"note": 2})
    degraded = Degraded()
    row = renderer(degraded=degraded).row(change, "e-1")
    assert row is not None and row["description"] == "Deleted playlist in bulk: 3 rows"
    assert not degraded
    assert told(row)["bulk"] == {"count": 3}
    assert told(row)["cascaded"] == {"note": 2}


def test_an_explicit_row_keeps_what_was_given() -> None:
    at = datetime(2026, 11, 26)
    context = AuditContext(Actor("user", 7), "web", "r-1", remote_addr="1.2.3.0",
                           user_agent="curl")
    given = {"user_id": 7, "activity_type": "login", "description": "In", "event_id": "e-1",
             "metadata_json": {"token": "hush", "way": ["x"]}}
    row = renderer().explicit(context, at, dict(given))
    assert told(row) == {"token": "[secret]", "way": ["x"]}
    assert {name: value for name, value in row.items() if name != "metadata_json"} == {
        "user_id": 7, "activity_type": "login", "description": "In", "event_id": "e-1",
        "entity_type": None, "entity_id": None, "created_at": at, "source": "web",
        "playlist_id": None, "playlist_name": None,
        "request_id": "r-1", "remote_addr": "1.2.3.0", "user_agent": "curl",
    }
    bare = renderer().explicit(context, at, {**given, "event_id": None, "metadata_json": None,
                                             "entity_type": "list"})
    assert (bare["metadata_json"], bare["entity_type"]) == (None, "list")
    assert len(bare["event_id"]) == 36 and bare["event_id"][14] == "7"


def test_limits_are_the_columns_own_or_else_the_designs() -> None:
    limits = renderer(Column("description", String(10)), Column("source", String),
                      Column("created_at", DateTime), Column("entity_id", Integer),
                      Column("metadata_json", JSON)).limits
    assert limits == {"description": 10, "source": 20, "entity_id": 64}


@pytest.mark.parametrize("value, kept", [
    ("abc", "abc"), ("abcd", "abc"), ("ä", "ä"), ("a\0b", "ab"), ("\ud83c\udfb5", "\U0001f3b5"),
    ("\ud83c", "\ufffd"), (12345, "123"), (None, None),
])
def test_texts_are_made_to_fit(value: Any, kept: Any) -> None:
    row = renderer(Column("description", String(3))).fit({"description": value, "other": value})
    assert row == {"description": kept, "other": value}


def test_text_that_is_long_and_clean_is_only_cut() -> None:
    assert (text("abc", 2), text("\0a\0b", 2)) == ("ab", "ab")


def test_metadata_is_bounded_to_the_byte() -> None:
    space = METADATA_BYTES - len('{"a":""}')
    assert len(bounded({"a": "x" * space}, ["a"])) == METADATA_BYTES
    assert json.loads(bounded({"a": "x" * (space + 1)}, ["a"])) == {
        "truncated": True, "changes": ["a"]
    }


@pytest.mark.parametrize("part", ["actor", "reason", "on_behalf_of", "cascaded", "bulk"])
def test_what_is_short_survives_truncation_and_the_rest_is_cut(part: str) -> None:
    much = {"changes": "x" * METADATA_BYTES}
    whole, longer = "y" * 1022, "y" * 1023
    assert json.loads(bounded({**much, part: whole}, ["a"]))[part] == whole
    assert json.loads(bounded({**much, part: longer}, ["a"]))[part] == "y" * 500
    assert json.loads(bounded({**much, part: {"a\0": ["b\0", 1]}}, ["a"]))[part] == {"a": ["b", 1]}


def test_names_without_end_are_halved_until_they_fit() -> None:
    names = [f"{number:03}" + "n" * 97 for number in range(200)]
    short = json.loads(bounded({"a": "x" * METADATA_BYTES}, names))
    assert short == {"truncated": True, "changes": names[:50]}
    assert json.loads(bounded({"a": "x" * METADATA_BYTES}, ["n" * METADATA_BYTES])) == {
        "truncated": True, "changes": []
    }


def test_names_that_fit_to_the_byte_are_kept() -> None:
    space = METADATA_BYTES - len('{"truncated":true,"changes":[""]}')
    much = {"a": "x" * METADATA_BYTES}
    assert len(bounded(much, ["n" * space])) == METADATA_BYTES


@pytest.mark.parametrize("value, kept", [
    ("a\0", "a"), ("\ud83c", "\ufffd"), (float("nan"), "nan"), (float("inf"), "inf"),
    ({"k\0": ("\0", 1)}, {"k": ["", 1]}),
])
def test_metadata_is_plain_json(value: Any, kept: Any) -> None:
    assert json.loads(bounded({"a": value}, [])) == {"a": kept}


def test_a_text_that_reads_like_a_mask_is_spelt_out_and_a_links_name_is_not() -> None:
    links = {"labels": Difference({}, {1: "[secret]"})}
    change = replace(update(1, MIRA, name=("a", "[secret]")), links=links)
    row = renderer().row(change, "e-1")
    assert told(row)["changes"] == {
        "name": ["a", {"text": "[secret]"}], "labels": [[], ["[secret]"]]
    }


def test_what_does_not_fit_once_it_is_spelt_out_is_told_by_its_names() -> None:
    def shown(length: int) -> Any:
        row = renderer().row(create(1, MIRA, name="[secret]", position="x" * length), "e-1")
        assert row is not None and len(row["metadata_json"]) <= METADATA_BYTES
        return told(row)

    spelt = {"name": [None, {"text": "[secret]"}], "position": [None, ""]}
    room = METADATA_BYTES - len(json.dumps({"changes": spelt}, separators=(",", ":")))
    assert shown(room)["changes"] == {**spelt, "position": [None, "x" * room]}
    assert shown(room + 1) == {"truncated": True, "changes": ["name", "position"]}
