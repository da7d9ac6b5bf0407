"""Models that hold secrets in every way there is, and what plants them (A10)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, String, Text, TypeDecorator
from sqlalchemy import delete, func, insert, text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shuffify.audit import Audited, Change
from tests.audit.stage import Json, Stage, log_of


class Base(DeclarativeBase):
    """The watched base."""


ActivityLog = log_of(Base)


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


def live(stage: Stage, one: str, two: str) -> None:
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


def live_in_bulk(stage: Stage, one: str, two: str) -> None:
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
