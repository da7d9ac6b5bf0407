"""One algorithm with everything that a menu, a form or a validation wants to know about it."""

import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

from shuffify.algorithms.errors import ParametersError
from shuffify.algorithms.parameters import Parameter, Value
from shuffify.algorithms.tracks import Shufflable

T = TypeVar("T", bound=Shufflable)

ShuffleFunction: TypeAlias = Callable[..., list[Any]]

SEED_LIMIT = 2**53
"""Seeds stay below this: JavaScript counts exactly up to here."""

NO_PARAMS: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm:
    """A shuffle function and its metadata."""

    name: str
    label: str
    description: str
    function: ShuffleFunction
    parameters: tuple[Parameter, ...] = ()

    def validate(self, params: Mapping[str, object]) -> dict[str, Value]:
        """Return all parameters, defaults filled in; raise ParametersError with every mistake."""
        known = {parameter.name: parameter for parameter in self.parameters}
        errors = [
            (name, f"is not a parameter of {self.label}") for name in params if name not in known
        ]
        values: dict[str, Value] = {}
        for name, parameter in known.items():
            value: Any = params.get(name, parameter.default)
            problem = parameter.problem(value)
            if problem:
                errors.append((name, problem))
            values[name] = value
        if errors:
            raise ParametersError(errors)
        return values

    def shuffle(
        self, tracks: Sequence[T], *, seed: int, params: Mapping[str, object] = NO_PARAMS
    ) -> list[T]:
        """Return the tracks in the order that this seed and these parameters give."""
        return self.function(tracks, random.Random(seed), **self.validate(params))

    def to_dict(self) -> dict[str, object]:
        """Serialise for menus and forms."""
        return {
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "parameters": [parameter.to_dict() for parameter in self.parameters],
        }


def new_seed() -> int:
    """Draw a seed from the system."""
    return secrets.randbelow(SEED_LIMIT)
