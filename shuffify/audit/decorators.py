"""What a type decorator makes of a value: on its way into the database, and back.

Two values are one to the trail if the model reads the same back of them: an address that is bound
in small letters, cents that are read as euros. A function of a decorator's that fails, or that
only its own database could serve, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.types import TypeDecorator

from .guard import asked

_ANY_DIALECT: Final = DefaultDialect()


def converts(kind: Any) -> bool:
    """Tell whether a type has functions of its own that alter values."""
    if not isinstance(kind, TypeDecorator):
        return False
    return _binds(kind) or _reads(kind) or converts(kind.impl_instance)


def undecorated(kind: Any) -> Any:
    """Return the type below all decorators that convert."""
    while converts(kind):
        kind = kind.impl_instance
    return kind


def read_back(kind: Any, value: Any) -> Any:
    """Return what the model reads once a value has been stored; raises what the type raises."""
    bound = kind.process_bind_param(value, _ANY_DIALECT) if _binds(kind) else value
    if converts(kind.impl_instance):
        bound = read_back(kind.impl_instance, bound)
    return kind.process_result_value(bound, _ANY_DIALECT) if _reads(kind) else bound


def read(kind: Any, stored: Any) -> Any:
    """Return what the model reads of a stored value; raises what the type raises."""
    if converts(kind.impl_instance):
        stored = read(kind.impl_instance, stored)
    return kind.process_result_value(stored, _ANY_DIALECT) if _reads(kind) else stored


def settling(kind: Any) -> Callable[[Any], Any]:
    """Return what gives the value that the model reads once one has been stored.

    The value itself where that cannot be told: the database may still take it, or refuse it;
    either is not for us to decide.
    """
    bind = kind.process_bind_param if _binds(kind) else None
    result = kind.process_result_value if _reads(kind) else None
    inner = read_back if converts(kind.impl_instance) else None

    def settle(value: Any) -> Any:
        held = value if bind is None else bind(value, _ANY_DIALECT)
        if inner is not None:
            held = inner(kind.impl_instance, held)
        return held if result is None else result(held, _ANY_DIALECT)

    return lambda value: asked(kind, value, settle, value)


def bound(kind: Any, value: Any) -> Any:
    """Return what a decorator hands to the database; the value itself if that cannot be told."""
    if not _binds(kind):
        return value
    return asked(kind, value, kind.process_bind_param, value, _ANY_DIALECT)


def _binds(kind: TypeDecorator[Any]) -> bool:
    return type(kind).process_bind_param is not TypeDecorator.process_bind_param


def _reads(kind: TypeDecorator[Any]) -> bool:
    return type(kind).process_result_value is not TypeDecorator.process_result_value
