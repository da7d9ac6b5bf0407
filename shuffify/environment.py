"""Variables as text, numbers and choices; what is wrong with them is collected, not raised."""

from collections.abc import Mapping, Sequence
from pathlib import Path
import re

_SWITCHES = {
    "on": True, "true": True, "yes": True, "1": True,
    "off": False, "false": False, "no": False, "0": False,
}


def listing(values: Sequence[str]) -> str:
    """Return values as they are enumerated in a sentence."""
    return " or ".join((", ".join(values[:-1]), values[-1])) if len(values) > 1 else values[0]


class Environment:
    """A set of variables, and the mistakes found while reading them."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.mistakes: list[str] = []

    def wrong(self, variable: str, problem: str, remedy: str) -> None:
        """Note a mistake; the problem must not quote a secret."""
        self.mistakes.append(f"{variable}: {problem}; {remedy}.")

    def text(self, variable: str) -> str | None:
        """Read a text; blank counts as absent."""
        return self._variables.get(variable, "").strip() or None

    def secret(self, variable: str) -> str | None:
        """Read a secret from its variable, or from the file that VARIABLE_FILE names."""
        value, path = self.text(variable), self.text(f"{variable}_FILE")
        if path is None:
            return value
        if value is not None:
            self.wrong(f"{variable}_FILE", f"is set beside {variable}", "keep one of the two")
            return value
        try:
            content = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
            self.wrong(f"{variable}_FILE", f"cannot be read ({reason})", "name a readable file")
            return None
        if not content:
            self.wrong(f"{variable}_FILE", "names an empty file", "put the value into it")
        return content or None

    def has(self, variable: str) -> bool:
        """Return whether a secret was given, well or badly."""
        return bool(self.text(variable) or self.text(f"{variable}_FILE"))

    def choice(self, variable: str, default: str, choices: Sequence[str]) -> str:
        """Read one of several words, in upper or lower case."""
        value = self.text(variable) or default
        for choice in choices:
            if value.lower() == choice.lower():
                return choice
        self.wrong(variable, f"is {value!r}", f"use {listing(choices)}")
        return default

    def number(self, variable: str, default: int, low: int, high: int) -> int:
        """Read a whole number from a range, both ends included."""
        value = self.text(variable)
        if value is None:
            return default
        if re.fullmatch(r"[0-9]{1,9}", value) and low <= int(value) <= high:
            return int(value)
        self.wrong(variable, f"is {value!r}", f"use a whole number from {low} to {high}")
        return default

    def switch(self, variable: str) -> bool:
        """Read a switch that is off by default."""
        value = (self.text(variable) or "off").lower()
        if value not in _SWITCHES:
            self.wrong(variable, f"is {value!r}", "use on or off")
        return _SWITCHES.get(value, False)

    def items(self, variable: str) -> list[str]:
        """Read a comma-separated list; blanks are dropped."""
        return split(self.text(variable))


def split(text: str | None) -> list[str]:
    """Split a comma-separated text; blanks are dropped."""
    return [item.strip() for item in (text or "").split(",") if item.strip()]
