"""The `fields` parameter: which parts of an object a client asks for."""

import re
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(r"[(),]|[^(),]+")


@dataclass
class Selection:
    wanted: dict[str, "Selection | None"] = field(default_factory=dict)
    unwanted: set[str] = field(default_factory=set)


def asks_for(fields: str, name: str) -> bool:
    """Tell whether an answer cut down to `fields` still holds this top-level name."""
    top = _parse(_tokens(fields))
    everything = not top.wanted or top.unwanted
    return name not in top.unwanted and bool(everything or name in top.wanted)


def select(value: Any, fields: str) -> Any:
    """Cut a value down to `fields`, as in `items(added_at,item(uri,!album)),total`."""
    return _cut(value, _parse(_tokens(fields)))


def _tokens(fields: str) -> list[str]:
    return _TOKEN.findall(fields.replace(" ", ""))


def _parse(tokens: list[str]) -> Selection:
    top = Selection()
    stack, last = [top], top
    for token in tokens:
        if token == "(":
            stack.append(last)
        elif token == ")":
            if len(stack) > 1:
                stack.pop()
        elif token != ",":
            last = _add(stack[-1], token)
    return top


def _add(group: Selection, path: str) -> Selection:
    """Note a name or a dotted path; return the selection that a bracket after it fills."""
    if path.startswith("!"):
        group.unwanted.add(path[1:])
        return Selection()
    first, _, rest = path.partition(".")
    inner = group.wanted.get(first) or Selection()
    group.wanted[first] = inner
    return _add(inner, rest) if rest else inner


def _cut(value: Any, selection: Selection) -> Any:
    if isinstance(value, list):
        return [_cut(part, selection) for part in value]
    everything = not selection.wanted or selection.unwanted
    if not isinstance(value, dict):
        return value
    return {
        name: _cut(part, selection.wanted.get(name) or Selection())
        for name, part in value.items()
        if name not in selection.unwanted and (everything or name in selection.wanted)
    }
