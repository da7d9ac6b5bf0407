"""What every table shares: naming convention, time, JSON, checked text, serialisation."""

from collections.abc import Collection
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Any
import unicodedata

from sqlalchemy import JSON, CheckConstraint, DateTime, Dialect, MetaData, String, event, inspect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, QueryableAttribute, object_mapper, registry
from sqlalchemy.types import TypeDecorator, TypeEngine

from shuffify.errors import FieldTooLongError

NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}
"""Constraints need names that both databases agree on: a migration can then drop them."""

NEVER_REUSE_IDS = {"sqlite_autoincrement": True}
"""Without it SQLite gives a deleted row's id to the next one, and two rows share a history."""

_JOINERS = "\u200d\ufe0e\ufe0f"


def utcnow() -> datetime:
    """Return the present as naive UTC: the one clock of the app, which tests may set."""
    return datetime.now(UTC).replace(tzinfo=None)


def to_utc(moment: datetime) -> datetime:
    """Return a moment as naive UTC; a naive one is taken to be UTC already."""
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)


def iso_utc(moment: datetime) -> str:
    """Return a naive UTC moment as ISO 8601 with its offset."""
    return to_utc(moment).replace(tzinfo=UTC).isoformat()


def cut_text(text: str, limit: int) -> str:
    """Cut a text to a number of characters, never between a character and its marks."""
    if len(text) <= limit:
        return text
    end = limit
    while end > 0 and _continues(text, end):
        end -= 1
    return text[: end or limit]


def _continues(text: str, index: int) -> bool:
    char, before = text[index], text[index - 1]
    return bool(unicodedata.combining(char)) or char in _JOINERS or before == "\u200d"


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: naive UTC in Python, timestamptz on PostgreSQL.

    UTC is attached when binding, so that the connection's time zone never matters.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = to_utc(value)
        return moment.replace(tzinfo=UTC) if dialect.name == "postgresql" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else to_utc(value)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""JSON whose None is the database's NULL. Replace values, never edit them in place."""


def one_of(column: str, vocabulary: type[StrEnum]) -> CheckConstraint:
    """Limit a column to the values of an enum."""
    values = ", ".join(f"'{member.value}'" for member in vocabulary)
    return CheckConstraint(f"{column} IN ({values})", name=f"{column}_known")


def at_least(column: str, low: int) -> CheckConstraint:
    """Limit a column to numbers from `low` on."""
    return CheckConstraint(f"{column} >= {low}", name=f"{column}_range")


def between(column: str, low: int, high: int) -> CheckConstraint:
    """Limit a column to a range of numbers, both ends included."""
    return CheckConstraint(f"{column} >= {low} AND {column} <= {high}", name=f"{column}_range")


class Row:
    """What the instances of all tables can do."""

    __hidden__: frozenset[str] = frozenset()
    """Columns that never leave through to_dict: secrets and digests of secrets."""

    def to_dict(self, without: Collection[str] = ()) -> dict[str, Any]:
        """Return the columns as JSON-ready values, without secrets and the named ones."""
        skip = self.__hidden__.union(without)
        keys = (column.key for column in object_mapper(self).column_attrs)
        return {key: _plain(getattr(self, key)) for key in keys if key not in skip}


class Base(Row, DeclarativeBase):
    """The declarative base; Flask-SQLAlchemy makes `db.Model` of its body and its bases."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING_CONVENTION),
        type_annotation_map={datetime: UtcDateTime()},
    )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {known_id(self)}>"


def known_id(row: object) -> int | None:
    """Return a stored row's id without loading the row, which may be expired; else None."""
    identity = inspect(row).identity
    return None if identity is None else identity[0]


def _plain(value: Any) -> Any:
    return iso_utc(value) if isinstance(value, datetime) else value


@event.listens_for(Row, "attribute_instrument", propagate=True)
def _check_on_set(cls: type[Row], key: str, attribute: QueryableAttribute[Any]) -> None:
    columns = getattr(attribute.property, "columns", None)
    if not columns:
        return
    kind = columns[0].type
    if isinstance(kind, UtcDateTime):
        event.listen(attribute, "set", _normalise_moment, retval=True)
    elif isinstance(kind, String):
        event.listen(attribute, "set", _text_check(key, kind.length), retval=True)


def _normalise_moment(target: Row, value: Any, *_: Any) -> Any:
    # An aware moment would turn naive at the next load: comparisons between must not fail.
    return to_utc(value) if isinstance(value, datetime) else value


def _text_check(key: str, limit: int | None) -> Any:
    def check(target: Row, value: Any, *_: Any) -> Any:
        if isinstance(value, Enum):
            value = value.value
        if limit is not None and isinstance(value, str) and len(value) > limit:
            raise FieldTooLongError(key, limit, len(value))
        return value

    return check
