"""Errors of the algorithms.

AlgorithmError
    UnknownAlgorithmError
    ParametersError
"""

from collections.abc import Iterable

from shuffify.errors import ShuffifyError


class AlgorithmError(ShuffifyError):
    """Base of everything that can be wrong with a request to shuffle."""


class UnknownAlgorithmError(AlgorithmError):
    """No algorithm has this name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        super().__init__(f"There is no algorithm {name!r}. Choose one of: {', '.join(known)}.")


class ParametersError(AlgorithmError):
    """Parameters do not fit the algorithm; `errors` holds (parameter, message) for each."""

    def __init__(self, errors: Iterable[tuple[str, str]]) -> None:
        self.errors = tuple(errors)
        super().__init__(" ".join(f"{name}: {message}" for name, message in self.errors))
