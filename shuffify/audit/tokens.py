"""A text of SQL in words: what is quoted, commented or a string is no word. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple


class Token(NamedTuple):
    """A word in capitals, a quoted name, a string or a sign."""

    kind: str
    text: str
    word: str


_COMMENT = r"--[^\n]*"
_STRING = r"'(?:[^']|'')*'"
_ESCAPED = r"'(?:[^'\\]|''|\\.)*'"
_NAME = r'"(?:[^"]|"")*"|`(?:[^`]|``)*`'
_BRACKETED = r"|\[[^\]]*\]"


def _pattern(brackets: bool, backslashes: bool) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<comment>{_COMMENT}|/\*)"
        r"|(?P<dollar>\$(?:[^\W\d]\w*)?\$)"
        rf"|(?P<string>[eE]{_ESCAPED}|{_ESCAPED if backslashes else _STRING})"
        rf"|(?P<name>{_NAME}{_BRACKETED if brackets else ''})"
        r"|(?P<word>[^\W\d][\w$]*)"
        r"|(?P<sign>[();,.])",
        re.DOTALL,
    )


_PATTERNS: Final = {
    (brackets, backslashes): _pattern(brackets, backslashes)
    for brackets in (False, True) for backslashes in (False, True)
}
_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")


def tokens_of(text: str, dialect: str) -> Iterator[Token]:
    """Split a text into words, quoted names, strings and signs; comments are left out."""
    pattern = _PATTERNS[dialect in ("sqlite", "mssql"), dialect in ("mysql", "mariadb")]
    position = 0
    while found := pattern.search(text, position):
        kind, part = found.lastgroup or "", found.group()
        position = found.end()
        if part == "/*":
            position = _after_comment(text, position, dialect == "postgresql")
        elif kind == "dollar":
            end = text.find(part, position)
            end = len(text) if end < 0 else end
            yield Token("string", text[position:end], "")
            position = end + len(part)
        elif kind == "name":
            yield Token("name", part[1:-1].replace(part[-1] * 2, part[-1]), "")
        elif kind != "comment":
            yield Token(kind, part, part.upper() if kind == "word" else "")


def _after_comment(text: str, position: int, nests: bool) -> int:
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(text, position)):
        position = edge.end()
        depth += (1 if nests else 0) if edge.group() == "/*" else -1
    return len(text) if depth else position
