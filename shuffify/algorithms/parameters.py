"""The description of one parameter: it makes the form's input and judges the value."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

Value: TypeAlias = int | float | str
Kind: TypeAlias = Literal["integer", "number", "choice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A named parameter: numbers have `min` and `max`, choices have `options`."""

    name: str
    label: str
    kind: Kind
    default: Value
    help: str
    min: int | None = None
    max: int | None = None
    options: tuple[str, ...] = ()

    def problem(self, value: object) -> str | None:
        """Say why the value is refused; None when it is fine."""
        if self.kind == "choice":
            return None if value in self.options else f"must be {_alternatives(self.options)}"
        # bool is an int to Python, but not to anybody who fills in a form
        wanted = (int,) if self.kind == "integer" else (int, float)
        if isinstance(value, bool) or not isinstance(value, wanted) or not _is_finite(value):
            return "must be a whole number" if self.kind == "integer" else "must be a number"
        if self.min is not None and value < self.min or self.max is not None and value > self.max:
            return f"must be between {self.min:,} and {self.max:,}"
        return None

    def to_dict(self) -> dict[str, object]:
        """Serialise for menus and inputs."""
        return {
            "name": self.name,
            "label": self.label,
            "type": self.kind,
            "default": self.default,
            "min": self.min,
            "max": self.max,
            "options": list(self.options),
            "help": self.help,
        }


def _is_finite(value: int | float) -> bool:
    # a whole number may be too long to be turned into a float, which isfinite would do
    return isinstance(value, int) or math.isfinite(value)


def _alternatives(options: tuple[str, ...]) -> str:
    return " or ".join(f"'{option}'" for option in options)


KEEP_FIRST = Parameter(
    name="keep_first",
    label="Keep first",
    kind="integer",
    default=0,
    min=0,
    max=10_000,
    help="This many tracks at the start stay where they are.",
)
"""Shared by the algorithms that can leave the start of a list alone."""


def section_count(default: int) -> Parameter:
    """Describe a number of sections."""
    return Parameter(
        name="section_count",
        label="Sections",
        kind="integer",
        default=default,
        min=1,
        max=100,
        help="The list is cut into this many parts of nearly equal size.",
    )
