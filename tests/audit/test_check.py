"""Policies against what was accepted: what needs a decision, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

from shuffify.audit import OWN_TYPES, Audited, AuditTrail, PolicyError, choosing, describe, drift
from shuffify.audit.registry import Registry
from shuffify.audit.retention import ERASED, PRUNED
from shuffify.audit.suspension import SUSPENDED
from tests.audit.stage import log_of


@choosing("note_up", "note_down")
def moved(change: Any) -> str:
    return "note_up"


def registry_of(policy: Audited = Audited(), **columns: Any) -> Registry:  # noqa: B008
    """Return the registry of a trail that audits one model, with these columns besides."""

    class Base(DeclarativeBase):
        pass

    Log = log_of(Base)

    body = {
        "__tablename__": "notes", "__audit__": policy,
        "id": mapped_column(primary_key=True),
        "user_id": mapped_column(ForeignKey("users.id")),
        "title": mapped_column(String(80)),
        **columns,
    }
    hints = {"id": Mapped[int], "user_id": Mapped[int]}
    note = type("Note", (Base,), {**body, "__annotations__": hints})
    Base.metadata.info["kept"] = note  # Or nobody holds the class, and it may be gone by now.
    trail = AuditTrail(log=Log)
    Base.registry.configure()
    trail.watch(sessionmaker(), base=Base)
    trail.unwatch()
    trail.registry.add(Base)
    return trail.registry


def test_a_description_tells_each_column_and_type() -> None:
    registry = registry_of(
        Audited(types={"update": moved, "delete": None}, ignore={"draft"}),
        draft=mapped_column(String(80)), body=mapped_column(Text),
        api_token=mapped_column(String(9)),
    )
    assert describe(registry) == {"note": {
        "model": "Note",
        "types": {"create": ["note_create"], "update": ["note_down", "note_up"], "delete": []},
        "columns": {"id": "key", "user_id": "owner", "title": "recorded", "draft": "ignored",
                    "body": "digest", "api_token": "secret"},
    }}
    assert registry.known_types() == {
        kind: {"note"} for kind in ("note_create", "note_up", "note_down")
    }


@pytest.mark.parametrize("name", ["session_id", "recoveryKey", "api_token"])
def test_a_key_that_looks_secret_is_asked_about(name: str) -> None:
    def registry(policy: Audited) -> Registry:
        return registry_of(policy, **{name: mapped_column(String(60), primary_key=True)})

    line, = drift(registry(Audited()), {})
    assert line.startswith(f"Note.{name}: looks secret and nobody has decided; the default is ")
    secret = registry(Audited(secret={name}))
    assert list(drift(secret, {})) == []
    shown = registry(Audited(shown={name}))
    assert list(drift(shown, describe(secret))) \
        == [f"Note.{name}: is key now and was secret. Accept it, or declare it otherwise."]


def test_a_new_model_needs_no_decision_as_long_as_it_is_plain() -> None:
    assert list(drift(registry_of(rating=mapped_column(String(512))), {})) == []


@pytest.mark.parametrize(("name", "column", "looks"), [
    ("api_token", String(80), "secret"),
    ("recovery_key", String(80), "secret"),
    ("totp_seed", String(80), "secret"),
    ("cookie", String(80), "secret"),
    ("recoveryKey", String(80), "secret"),
    ("sessionId", String(80), "secret"),
    ("pincode", String(8), "secret"),
    ("pin_code", String(8), "secret"),
    ("authorization", String(80), "secret"),
    ("recovery_codes", String(80), "secret"),
    ("sentry_dsn", String(80), "secret"),
    ("webhook_url", String(80), "secret"),
    ("connection_string", String(80), "secret"),
    ("database_url", String(80), "secret"),
    ("card_number", String(20), "secret"),
    ("pass", String(80), "secret"),
    ("passwd", String(80), "secret"),
    ("passcode", String(80), "secret"),
    ("jwt", String(80), "secret"),
    ("bearer", String(80), "secret"),
    ("body", Text(), "large"),
    ("payload", JSON(), "large"),
    ("image", LargeBinary(), "large"),
    ("essay", String(513), "large"),
    ("anything", String(), "large"),
])
def test_a_column_that_looks_secret_or_large_is_reported_until_somebody_decides(
    name: str, column: Any, looks: str
) -> None:
    told, = drift(registry_of(**{name: mapped_column(column)}), {})
    assert told.startswith(f"Note.{name}: looks {looks} and nobody has decided")
    for decision in ("secret", "shown", "ignore"):
        decided = Audited(**{decision: {name}})  # type: ignore[arg-type]
        assert list(drift(registry_of(decided, **{name: mapped_column(column)}), {})) == []
    same = registry_of(**{name: mapped_column(column)})
    assert list(drift(same, describe(same))) == []


def test_ordinary_names_that_contain_a_suspicious_word_are_let_alone() -> None:
    names = ("monkey", "shipping", "author", "authority", "spinning", "hashtag", "seeded",
             "passed", "season_pass", "code_name", "card_colour", "connection_count", "url",
             "session_count")
    columns = {name: mapped_column(String(80)) for name in names}
    assert list(drift(registry_of(**columns), {})) == []


@pytest.mark.parametrize(("before", "after", "told"), [
    ("shown", None, "is digest now and was recorded"),
    ("shown", "secret", "is secret now and was recorded"),
    (None, "ignore", "is ignored now and was digest"),
    ("secret", "ignore", "is ignored now and was secret"),
    ("secret", None, "is digest now and was secret: it shows. Accept it, or declare it secret"),
    ("secret", "shown", "is recorded now and was secret: it shows"),
    (None, "shown", None),
    ("ignore", None, "looks large and nobody has decided"),
    ("ignore", "shown", None),
])
def test_telling_less_than_before_or_showing_what_was_hidden_is_reported(
    before: str | None, after: str | None, told: str | None
) -> None:
    def registry(decision: str | None) -> Registry:
        declared = Audited(**{decision: {"body"}} if decision else {})  # type: ignore[arg-type]
        return registry_of(declared, body=mapped_column(Text))

    found = list(drift(registry(after), describe(registry(before))))
    assert [told in line for line in found] == ([True] if told else [])  # type: ignore[operator]


@pytest.mark.parametrize(("policy", "now", "was"), [
    (Audited(owner="title"), "owner", "recorded"),
    (Audited(owner="title"), "owner", "digest"),
    (Audited(owner="title"), "owner", "secret"),
    (Audited(owner="title"), "owner", "ignored"),
    (Audited(), "key", "recorded"),
    (Audited(), "key", "owner"),
])
def test_a_column_that_names_whose_or_which_tells_less_of_its_changes(
    policy: Audited, now: str, was: str
) -> None:
    registry = registry_of(policy)
    accepted = describe(registry)
    name, = (name for name, how in accepted["note"]["columns"].items() if how == now)
    accepted["note"]["columns"][name] = was
    told = f"Note.{name}: is {now} now and was {was}. Accept it, or declare it otherwise."
    assert list(drift(registry, accepted)) == ([told] if was in ("recorded", "digest", "secret")
                                               else [])


def test_content_that_shows_for_its_column_became_short_is_reported() -> None:
    accepted = describe(registry_of(body=mapped_column(Text)))
    told, = drift(registry_of(body=mapped_column(String(80))), accepted)
    assert told.startswith("Note.body: is recorded now and was digest: it shows.")


def test_a_model_or_a_type_that_is_gone_is_reported() -> None:
    accepted = describe(registry_of(Audited(types={"update": moved})))
    assert list(drift(registry_of(), accepted)) == [
        "note: no change leaves 'note_down' any more. Accept it, or bring it back.",
        "note: no change leaves 'note_up' any more. Accept it, or bring it back.",
    ]
    gone, *_ = drift(registry_of(Audited(entity="memo")), accepted)
    assert gone == "note: was audited and is not any more. Accept it, or audit it again."


def test_a_chosen_type_too_long_for_the_log_is_refused() -> None:
    rule = choosing("x" * 51)(lambda change: None)
    with pytest.raises(PolicyError, match="51 characters, the log's column 50"):
        registry_of(Audited(types={"update": rule}))


def test_the_engines_own_types_are_listed() -> None:
    assert set(OWN_TYPES) == {"audit_gap", ERASED, PRUNED, SUSPENDED}
