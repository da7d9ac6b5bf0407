"""Wrong values for the fields of a request body, made from its schema."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from shuffify.algorithms.registry import ALGORITHMS

Path = tuple[str | int, ...]
Spec = Mapping[str, Any]

FREE_TEXT = {"session_name", "trigger_description", "query"}
"""Fields that take any words; in all other texts odd characters are wrong."""

NEVER_STORED = {"name", "artists", "album_name"}
"""What a preview is told about its rows: any text at all."""

WRONG_TYPES: Mapping[str, tuple[Any, ...]] = {
    "string": (7, 0.5, True, [], {}),
    "integer": ("7", 0.5, 7.0, True, [], {}),
    "boolean": ("true", 1, 0, [], {}),
    "array": ("x", 7, True, {}),
    "object": ("x", 7, True, []),
}

ODD_TEXTS = (
    "", " ", "\u2003", "x" * 5_000, "a\0b", "a" * 11 + "\n" + "a" * 11, "\uff11" * 22,
    "e\u0301" * 11,
    "\u202egnirts", "\u200b", "\U0001f3a7", "' OR 1=1 --", "<script> alert(1) </script>",
    "../../x ", "{{ 7 * 7 }}", "%s %n",
)

STRANGERS = ("stranger", "user_id", "__proto__", " ", "\u202e", "\U0001f3a7", "a.b")
"""Names of fields that no body has."""


@dataclass(frozen=True)
class Wrong:
    """One wrong value, where it stands, and how to call it."""

    path: tuple[str | int, ...]
    value: Any
    label: str

    @property
    def field(self) -> str:
        """Return the name that the answer gives to the place."""
        return ".".join(map(str, self.path))

    def put_into(self, valid: Mapping[str, Any]) -> dict[str, Any]:
        """Return a valid body with this one thing wrong."""
        body: Any = deepcopy(dict(valid))
        place = body
        for part in self.path[:-1]:
            place = place[part]
        place[self.path[-1]] = self.value
        return dict(body)


def wrong_values(model: type[BaseModel], valid: Mapping[str, Any]) -> Iterator[Wrong]:
    """Yield wrong values for every field of a body and for the parts of its fields."""
    schema = model.model_json_schema()
    spec = {"type": "object", **schema}
    yield from _fields((), spec, schema.get("$defs", {}), valid)
    if "algorithm_params" in model.model_fields:
        yield from _parameters(valid["algorithm_name"])


def _fields(path: Path, spec: Spec, definitions: Spec, valid: Any) -> Iterator[Wrong]:
    for name, field in spec.get("properties", {}).items():
        yield from _values((*path, name), field, definitions, valid[name])
    for name in STRANGERS:
        yield Wrong((*path, name), 1, "unknown")


def _values(path: Path, spec: Spec, definitions: Spec, valid: Any) -> Iterator[Wrong]:
    choices = [_resolved(choice, definitions) for choice in spec.get("anyOf", [spec])]
    kinds = [choice for choice in choices if choice["type"] != "null"]
    if len(kinds) == len(choices):
        yield Wrong(path, None, "null")
    (kind,) = kinds
    for value in WRONG_TYPES[kind["type"]]:
        yield Wrong(path, value, f"type {value!r}")
    if kind["type"] == "string":
        yield from _texts(path, kind)
    elif kind["type"] == "integer":
        yield from _numbers(path, kind)
    elif kind["type"] == "array":
        if "maxItems" in kind:
            yield Wrong(path, valid[:1] * (kind["maxItems"] + 1), "too many")
        yield from _values((*path, 0), kind["items"], definitions, valid[0])
    elif "properties" in kind:
        yield from _fields(path, kind, definitions, valid)


def _resolved(spec: Spec, definitions: Spec) -> Spec:
    reference = spec.get("$ref")
    found: Spec = definitions[reference.rpartition("/")[2]] if reference else spec
    return found


def _texts(path: Path, kind: Spec) -> Iterator[Wrong]:
    if NEVER_STORED & set(path):
        return
    if not FREE_TEXT & set(path):
        for text in ODD_TEXTS:
            yield Wrong(path, text, f"text {text[:30]!r}")
        return
    yield Wrong(path, "a\0b", "text with NUL")
    if "maxLength" in kind:
        for char in ("x", "\U0001f3a7"):
            yield Wrong(path, char * (kind["maxLength"] + 1), f"too long, of {char}")
    if kind.get("minLength"):
        for blank in ("", " ", "\u2003\n"):
            yield Wrong(path, blank, f"blank {blank!r}")


def _numbers(path: Path, kind: Spec) -> Iterator[Wrong]:
    low = kind["minimum"]
    high = kind["maximum"] if "maximum" in kind else kind["exclusiveMaximum"] - 1
    for number in (low - 1, high + 1, 2**63, -(2**63) - 1, 10**400):
        yield Wrong(path, number, f"out of range {str(number)[:24]}")


def _parameters(algorithm_name: str) -> Iterator[Wrong]:
    for parameter in ALGORITHMS[algorithm_name].parameters:
        path = ("algorithm_params", parameter.name)
        outside: list[Any] = ["sideways", "", 0]
        if parameter.min is not None and parameter.max is not None:
            outside = [parameter.min - 1, parameter.max + 1, 10**400, "7"]
        for value in (None, True, [], {}, *outside):
            yield Wrong(path, value, f"parameter {str(value)[:24]!r}")
    yield Wrong(("algorithm_params", "stranger"), 1, "unknown parameter")
