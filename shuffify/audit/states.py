"""What an object's state tells by itself, and which of its values can be trusted."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import InstanceState
from sqlalchemy.sql import ClauseElement

State = InstanceState[Any]

IMMUTABLE: Final = frozenset(
    {type(None), bool, int, float, str, bytes, Decimal, datetime, date, time, timedelta, UUID}
)
"""Old values of these types can be trusted as they are. Any other may have been altered in place
since it was loaded, or is SQLAlchemy's mark for "never loaded": the database is asked."""


def is_frozen(value: Any) -> bool:
    """Tell values that cannot be altered in place, though their class is none of the usual."""
    return isinstance(value, (Enum, str, int, float, bytes, date, tuple, frozenset))


def is_expression(value: Any) -> bool:
    """Tell values that only the database can work out."""
    return isinstance(value, ClauseElement) or hasattr(value, "__clause_element__")


def by_key(state: State) -> Any:
    """Sort as the unit of work does; keys that cannot be compared keep their order."""
    assert state.key is not None
    key = state.key[1]
    return tuple([part if isinstance(part, (int, float)) else 0 for part in key]), str(key)


def is_left_alone(state: State, name: str, before: Any, after: Any) -> bool:
    """Tell whether the unit of work saw no change: what was edited in place equals itself.

    JSON that is edited and assigned back is not saved, though the database has another value.
    """
    return state.manager[name].impl.is_equal(after, before) is True
