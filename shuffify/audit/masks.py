"""What stands in a secret's place, and texts that read like it: those are spelt out.

A column that holds the text ``[secret]`` is told as ``{"text": "[secret]"}``: nothing is hidden by
choosing a name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from .canonical import SECRET_MASK, SECRET_NAME, UNKNOWN, Secret

_MASKS: Final = frozenset({SECRET_MASK, repr(UNKNOWN)})
_SECRET, _UNKNOWN, _OPEN = f'"{SECRET_MASK}"', f'"{UNKNOWN!r}"', '"['
_TEXT: Final = "text"


def masked(metadata: Any) -> Any:
    """Return explicitly given metadata with every value under a secret's name masked."""
    if isinstance(metadata, Mapping):
        return {
            str(key): SECRET_MASK if item is not None and SECRET_NAME.search(str(key))
            else masked(item)
            for key, item in metadata.items()
        }
    if isinstance(metadata, (list, tuple)):
        return [masked(item) for item in metadata]
    return SECRET_MASK if isinstance(metadata, Secret) else metadata


def may_hold(encoded: str) -> bool:
    """Tell whether a row's JSON has a mask, or a text like one."""
    # Nearly no row has a text that begins so: one look instead of two.
    return _OPEN in encoded and (_SECRET in encoded or _UNKNOWN in encoded)


def spelt(value: Any) -> Any:
    """Return a canonical value with each text that reads like a mask spelt out."""
    return {_TEXT: value} if _is_mask(value) else _in_all(spelt, value)


def unspelt(value: Any) -> Any:
    """Return what was spelt out: the text itself."""
    return value[_TEXT] if is_spelt(value) else _in_all(unspelt, value)


def is_spelt(value: Any) -> bool:
    """Tell a text that was spelt out from what stands in a value's place."""
    return isinstance(value, Mapping) and value.keys() == {_TEXT} and _is_mask(value[_TEXT])


def _is_mask(value: Any) -> bool:
    return isinstance(value, str) and value in _MASKS


def _in_all(change: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: change(item) for key, item in value.items()}
    return [change(item) for item in value] if isinstance(value, list) else value
