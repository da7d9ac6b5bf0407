"""No secret is in a row, a log line, a spool line or a counter, whatever goes wrong (A10)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, ForeignKey, String, Text, TypeDecorator
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shuffify.audit import Audited, Change, bind, capture, delivery, listeners, notes, render
from shuffify.audit import spool
from tests.audit.stage import Json, LogColumns, Stage, UserColumns, staged


class Base(DeclarativeBase):
    """The watched base."""


class User(UserColumns, Base):
    pass


class ActivityLog(LogColumns, Base):
    pass


class EncryptedText(TypeDecorator[str]):
    """Looks like a library's type for encrypted columns; complains with the value."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        if value is None:
            return None
        if dialect.name == "default":
            raise ValueError(f"no key to encrypt {value!r}")
        return value[::-1]

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        return value if value is None else value[::-1]


class Fussy(TypeDecorator[str]):
    """Cannot be bound outside a real database, and says so with the value."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        if dialect.name == "default":
            raise ValueError(f"cannot bind {value!r}")
        return None if value is None else str(value.text)

    def process_result_value(self, value: str | None, dialect: Any) -> Any:
        return value


class Wrapped:
    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Wrapped({self.text!r})"


def _careless(change: Change) -> str:
    raise ValueError(f"{change.value('note')} {change.values} {vars(change.plan)}")


def _chatty(change: Change) -> str:
    return f"{change.value('access_token')} {change.before('pin')} {change.values['sealed']}"


def _extra(change: Change) -> dict[str, Any]:
    return {"Password": "p" * 3, "now": change.value("access_token"), **change.values}


class Vault(Base):
    """Its policy does all that a policy should not."""

    __tablename__ = "vaults"
    __audit__ = Audited(
        secret={"pin"}, shown={"options"}, describe=_chatty, extra=({"x": "pin"}, _extra),
        label="pin",
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    access_token: Mapped[str | None] = mapped_column(String(200))
    pin: Mapped[str | None] = mapped_column(String(200))
    sealed: Mapped[str | None] = mapped_column(EncryptedText(200))
    api_key: Mapped[Any] = mapped_column(Json, nullable=True)
    options: Mapped[Any] = mapped_column(Json, nullable=True)
    note: Mapped[str | None] = mapped_column(Text)
    tracks: Mapped[Any] = mapped_column(Json, nullable=True)
    title: Mapped[str | None] = mapped_column("db_password", String(200))


class Till(Base):
    """Every function of its policy fails and quotes what it saw."""

    __tablename__ = "tills"
    __audit__ = Audited(describe=_careless, extra=_careless, types={"update": _careless})

    id: Mapped[int] = mapped_column(primary_key=True)
    client_secret: Mapped[str | None] = mapped_column(String(200))
    note: Mapped[str | None] = mapped_column(Text)
    fussy_token: Mapped[Any] = mapped_column(Fussy(200), nullable=True)


class Login(Base):
    """A secret is its key."""

    __tablename__ = "logins"

    token: Mapped[str] = mapped_column(String(100), primary_key=True)
    place: Mapped[str | None] = mapped_column(String(80))


class Odd(Base):
    __tablename__ = "odd"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_count: Mapped[int]


class Visit(Base):
    """Refers to a secret by another name."""

    __tablename__ = "visits"

    id: Mapped[int] = mapped_column(primary_key=True)
    login_id: Mapped[str] = mapped_column(ForeignKey("logins.token"))


@pytest.fixture
def stage(engine: Engine, tmp_path: Path) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog, tmp_path / "spool.jsonl") as stage:
        yield stage


secrets = st.text("abcdefghijkXYZ0123456789-_", min_size=9, max_size=40)


def _everything_said(stage: Stage, caplog: pytest.LogCaptureFixture) -> str:
    formatter = logging.Formatter()
    spool = stage.trail.spool.path
    assert spool is not None
    return "\n".join((
        *(repr(row) for row in stage.rows()),
        *(formatter.format(record) for record in caplog.records if "shuffify" in record.name),
        spool.read_text() if spool.exists() else "",
        repr(stage.trail.counters()),
    ))


def _live(stage: Stage, one: str, two: str) -> None:
    """Plant secrets by insert, update of loaded and of expired, and delete."""
    for model, names in (
        (Vault, ("access_token", "pin", "sealed", "title", "note")),
        (Till, ("client_secret", "note")),
    ):
        with stage.session() as session:
            thing = model(**dict.fromkeys(names, one))
            if model is Vault:
                thing.options = {"deep": [{"apiKey": one, "b": {"token": {"x": one}}}]}
                thing.api_key, thing.tracks = {"a": one}, [one]
            else:
                thing.fussy_token = Wrapped(one)
            session.add(thing)
            session.commit()
            for name in names:
                setattr(thing, name, two)
            if model is Vault:
                thing.options = {"deep": [{"apiKey": two, "b": {"token": {"x": two}}}]}
                thing.api_key, thing.tracks = {"a": two}, [two]
            else:
                thing.fussy_token = Wrapped(two)
            session.commit()
            session.delete(thing)
            session.commit()
    with stage.session() as session:
        login = Login(token=one, place="here")
        session.add(login)
        session.commit()
        login.place = "there"
        session.commit()
        login.token = two
        session.commit()
        session.delete(login)
        session.commit()


def _live_in_bulk(stage: Stage, one: str, two: str) -> None:
    """Plant them by statements, as values and in what their WHERE spells out."""
    deep = {"deep": [{"apiKey": one, "b": {"token": {"x": one}}}]}
    made = {"access_token": one, "pin": one, "title": one, "note": one, "options": deep,
            "api_key": {"a": one}, "tracks": [one]}
    with stage.session() as session:
        session.execute(insert(Vault).values(sealed=one), [made, made])
        session.execute(insert(Login), [{"token": one, "place": "here"}])
        session.execute(update(Vault).where(
            Vault.pin == one, text(f"pin = '{one}' /* {two} */"), Vault.note.in_([one, two]),
        ).values(pin=two, access_token=two, note=func.upper(two), api_key={"a": two}))
        session.execute(update(Login).where(Login.token == one).values(token=two))
        session.execute(update(Login), [{"token": two, "place": "there"}])
        allowed = text("UPDATE vaults SET pin = :pin").execution_options(audit="a test of logs")
        session.execute(allowed, {"pin": one})
        session.execute(delete(Vault).where(Vault.access_token == two))
        session.execute(delete(Login).where(Login.token.like(f"{two}%")))
        session.commit()


@pytest.mark.report(73)
@settings(max_examples=10, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=secrets, two=secrets)
@pytest.mark.parametrize("user_id", [7, 404], ids=["rows", "spool"])
def test_no_secret_is_told_anywhere(
    stage: Stage, caplog: pytest.LogCaptureFixture, user_id: int, one: str, two: str
) -> None:
    caplog.set_level(logging.DEBUG, "shuffify")
    caplog.clear()
    one, two = f"Zq{one}", f"Zr{two}"
    with bind(user_id=user_id):
        _live(stage, one, two)
        for stage.trail.bulk_limit in (1, 500):
            _live_in_bulk(stage, one, two)

    told = _everything_said(stage, caplog)
    assert "vault" in told and "till" in told and "login" in told
    for secret in (one, two):
        assert secret not in told and secret.upper() not in told
        assert secret[::-1] not in told


def test_a_secret_is_recorded_as_changed_and_told_apart_without_its_value(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        vault = Vault(pin="1", access_token="a", sealed="s", api_key={"a": 1, "bb": 2})
        session.add(vault)
        session.commit()
        vault.pin, vault.access_token = "2", "a"
        vault.api_key = {"bb": 2, "a": 1}
        session.commit()
        vault.api_key = {"bb": 2, "a": 3}
        session.commit()
        vault.pin = None
        session.commit()

    first, second, third, fourth = [row.metadata_json["changes"] for row in stage.rows()]
    assert first == {
        name: [None, "[secret]"] for name in ("access_token", "pin", "sealed", "api_key")
    }
    assert second == {"pin": ["[secret]", "[secret]"]}
    assert third == {"api_key": ["[secret]", "[secret]"]}
    assert fourth == {"pin": ["[secret]", None]}


def test_minus_one_and_minus_two_are_two_secrets(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        odd = Odd(token_count=-1)
        session.add(odd)
        session.commit()
        odd.token_count = -2
        session.commit()

    assert stage.said() == ["odd_create", "odd_update"]


def test_a_secret_key_is_told_as_a_digest_that_joins_its_rows(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        session.add(Login(token="the-very-token", place="here"))
        session.commit()
        session.add(Visit(login_id="the-very-token"))
        session.commit()
        session.scalars(select(Login)).one().place = "there"
        session.commit()

    first, _, second = stage.rows()
    assert first.entity_id == second.entity_id
    assert len(first.entity_id) == 64
    assert first.description == f"Created login '#{first.entity_id}'"
    assert "the-very-token" not in repr(stage.rows())


def test_shown_content_hides_what_its_own_keys_call_secret(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        session.add(Vault(options={"size": 3, "refreshToken": "r", "inner": [{"PassWord": "p"}],
                                   "credential": None}))
        session.commit()

    assert stage.changes()["options"] == [None, {
        "size": 3, "refreshToken": "[secret]", "inner": [{"PassWord": "[secret]"}],
        "credential": None,
    }]


@pytest.mark.parametrize(("owner", "name"), [
    (capture.Capture, "changes"), (capture.Capture, "_creation"), (capture.Capture, "_update"),
    (render.Renderer, "row"), (delivery.Delivery, "write"), (delivery.Delivery, "settle"),
    (listeners, "look_before_update"), (listeners, "is_last"), (spool.Spool, "append"),
    (notes, "rows_by_key"),
])
def test_an_error_inside_the_engine_is_told_without_its_words(
    stage: Stage, owner: Any, name: str, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = "-".join(("the", "very", "secret"))  # A traceback quotes the line that raises.

    def quote(*_: Any, **__: Any) -> None:
        raise ValueError(words)

    monkeypatch.setattr(owner, name, quote)
    with bind(user_id=404 if owner is spool.Spool else 7):
        _live(stage, "one", "two")

    assert "ValueError" in caplog.text
    assert words not in _everything_said(stage, caplog)


def test_explicit_metadata_is_masked_by_its_keys(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        row = stage.trail.row(user_id=7, activity_type="login", description="Signed in",
                              metadata={"a": [{"access_token": "hush"}], "secret": None})
        stage.trail.insert(session, row)
        session.commit()

    assert stage.last().metadata_json == {"a": [{"access_token": "[secret]"}], "secret": None}
