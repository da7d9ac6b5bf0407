"""What a seal is: digests of rows, chained. Pure (rule A15).

A row's digest is the beginning of SHA-256 over its values as canonical JSON, without its id,
without columns that are null, and without the client, which the door may blank. A seal's *trace*
lists `id:digest` of its rows; the seal's own digest covers the trace and the seal before it,
keyed (HMAC) where there is a key. So seals prove each other even when their rows are pruned.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from .canonical import instant, plain
from .errors import SealKeyError
from .permanence import CLIENT_COLUMNS, CLIENT_PART

ROWS_A_SEAL: Final = 1000
"""At most so many, so that sealing and verifying hold little at a time."""

DIGITS: Final = 32
"""Hexadecimal digits of a row's digest: 128 bits, to which nobody finds a second row."""

_AS_IT_IS: Final = frozenset({str, int, bool, type(None), datetime})
"""Types whose values have one form on all databases."""

_encode: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=plain).encode


class SealKeys:
    """The HMAC keys: the first one seals, all verify; none at all is plain SHA-256."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        given = [] if isinstance(texts, str) else [*texts]
        if isinstance(texts, str) or not all(text.strip() for text in given):
            raise ValueError("Give a list of keys, none of them empty: seal_with([key]).")
        keys = [text.encode() for text in given]
        self._by_id = {_key_id(key): key for key in keys}
        self.current = _key_id(keys[0]) if keys else None

    def digest(self, key_id: str | None, content: bytes) -> str:
        """Return the digest of a content; raises SealKeyError for a key that is not here."""
        if key_id is None:
            return hashlib.sha256(content).hexdigest()
        try:
            key = self._by_id[key_id]
        except KeyError:
            raise SealKeyError(key_id, tuple(self._by_id)) from None
        return hmac.new(key, content, hashlib.sha256).hexdigest()


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"audit seal key:" + key).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Seal:
    """A run of rows, as it was when it was sealed."""

    first_id: int
    last_id: int
    row_count: int
    trace: str
    previous: str | None
    key_id: str | None
    sealed_at: datetime
    digest: str = ""

    def content(self) -> bytes:
        """Return what the seal's digest is over."""
        return _encode({
            "first_id": self.first_id,
            "last_id": self.last_id,
            "row_count": self.row_count,
            "trace": self.trace,
            "previous": self.previous,
            "key_id": self.key_id,
            "sealed_at": instant(self.sealed_at),
        }).encode()

    def entries(self) -> Iterator[tuple[int, str]]:
        """Yield id and digest of each row; raises ValueError for a trace that is none."""
        for entry in self.trace.split():
            number, _, digest = entry.partition(":")
            yield int(number), digest


def row_digest(values: Mapping[str, Any]) -> str:
    """Return the digest of a row's values, which come without its id, read back as they stand."""
    content = {
        name: value if value.__class__ in _AS_IT_IS else _canonical(value)
        for name, value in values.items()
        if value is not None and name not in CLIENT_COLUMNS
    }
    metadata = content.get("metadata_json")
    if isinstance(metadata, dict):
        metadata.pop(CLIENT_PART, None)
    return hashlib.sha256(_encode(content).encode()).hexdigest()[:DIGITS]


def _canonical(value: Any) -> Any:
    """Return a value's one form on all databases: jsonb has no 100.0, and text has no 1e2."""
    if value.__class__ in _AS_IT_IS:
        return value
    if isinstance(value, Mapping):
        # Most values are looked at here and cost no call: millions of rows pass by.
        return {
            str(key): item if item.__class__ in _AS_IT_IS else _canonical(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return bytes(value).hex() if isinstance(value, (bytes, memoryview)) else value


def sealed(
    rows: Iterable[tuple[int, str]], previous: str | None, keys: SealKeys, now: datetime
) -> Seal:
    """Return the seal of some rows, given by id and digest, in order."""
    entries = list(rows)
    bare = Seal(
        first_id=entries[0][0],
        last_id=entries[-1][0],
        row_count=len(entries),
        trace=" ".join(f"{number}:{digest}" for number, digest in entries),
        previous=previous,
        key_id=keys.current,
        sealed_at=now,
    )
    return replace(bare, digest=keys.digest(bare.key_id, bare.content()))
