"""Which tables does a text of SQL write? Words and their places, not patterns. Pure.

A verb counts where a statement may begin: at the start, after a semicolon, after the CTEs of a
WITH, inside the parentheses of a CTE. In strings, comments and quoted names, in FOR UPDATE, DO
UPDATE and a MERGE's branches it is no statement's verb; what a DDL statement defines runs later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from .tokens import Token, tokens_of


class Dml(NamedTuple):
    """One table that a text writes: the verb, and the name as the text spells it."""

    verb: str
    schema: str | None
    table: str
    exact: bool
    """The name was quoted where quoting keeps its case."""


VERBS: Final = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "TRUNCATE", "COPY"})

LONGEST_KEPT: Final = 4096
"""Characters of a text whose tables are remembered; longer ones seldom come twice."""

_HINT: Final = re.compile(
    r"insert|update|delete|merge|replace|truncate|copy|\bdo\b", re.IGNORECASE
)
_FOLDS_QUOTED: Final = frozenset({"sqlite", "mysql", "mariadb", "mssql"})
"""Here a name means the same in whatever case, quoted or not."""

_DEFINES: Final = frozenset({"CREATE", "ALTER", "DROP", "COMMENT", "GRANT", "REVOKE"})
_BODIES: Final = frozenset({"TRIGGER", "FUNCTION", "PROCEDURE", "EVENT"})
_ASIDE: Final = frozenset({
    "OR", "ROLLBACK", "ABORT", "REPLACE", "FAIL", "IGNORE", "LOW_PRIORITY", "HIGH_PRIORITY",
    "DELAYED", "QUICK", "INTO", "FROM", "ONLY", "TABLE",
})
"""What may stand between a verb and the name of its table."""
_MAY_HOLD_STATEMENT: Final = frozenset({";", "(", "AS", "MATERIALIZED", "COPY"})
"""After these a parenthesis may hold a statement that writes, not just an expression."""

_END: Final = Token("end", "", "")


def tables_written(text: str, dialect: str) -> Sequence[Dml]:
    """Return the tables that a text writes, in order; an unknown grammar yields none."""
    return (_kept if len(text) <= LONGEST_KEPT else _tables)(text, dialect)


def _tables(text: str, dialect: str) -> tuple[Dml, ...]:
    if _HINT.search(text) is None:
        return ()
    return tuple(_statements(list(tokens_of(text, dialect)), dialect))


_kept = lru_cache(maxsize=1024)(_tables)


@dataclass(slots=True)
class _Scope:
    """The text itself or one pair of parentheses: whether its statement's verb is still due."""

    is_begun: bool = False
    is_with: bool = False

    def awaits_verb(self, before: str) -> bool:
        return not self.is_begun and (not self.is_with or before == ")")


def _statements(tokens: list[Token], dialect: str, is_code: bool = False) -> Iterator[Dml]:
    scopes = [_Scope()]
    before = ";"
    index = 0
    while index < len(tokens):
        token, scope = tokens[index], scopes[-1]
        if token.text == "(" and token.kind == "sign":
            scopes.append(_Scope(is_begun=before not in _MAY_HOLD_STATEMENT))
        elif token.text == ")" and token.kind == "sign":
            scopes = scopes[:-1] or [_Scope()]
        elif token.text == ";" and token.kind == "sign":
            scopes = [_Scope()]
        elif token.word == "WITH" and not scope.is_begun:
            scope.is_with = True
        elif is_code or scope.awaits_verb(before):
            if token.word in _DEFINES or token.word == "EXPLAIN":
                index = _after_aside(tokens, index)
                before = ";"
                scopes = [_Scope()]
                continue
            if token.word == "DO":
                for body in tokens[index:index + 4]:
                    if body.kind == "string":
                        code = list(tokens_of(body.text, dialect))
                        yield from _statements(code, dialect, is_code=True)
            elif token.word in VERBS:
                yield from _written(tokens, index, dialect)
            scope.is_begun = True
            if token.word == "PREPARE":
                index, scopes = _after_word(tokens, index, "AS"), [_Scope()]
                continue
        before = token.text if token.kind == "sign" else token.word
        index += 1


def _after_aside(tokens: list[Token], index: int) -> int:
    """Return where reading goes on after what is only defined, or explained and not run."""
    ahead = [token.word for token in tokens[index:index + 12]]
    if ahead[0] == "EXPLAIN":
        verb = next((n for n, word in enumerate(ahead) if word in VERBS | {"WITH"}), len(ahead))
        if "ANALYZE" in ahead[:verb] or "ANALYSE" in ahead[:verb]:
            return index + verb
    elif ahead[0] == "CREATE" and _BODIES & set(ahead[:6]):
        return len(tokens)  # SQLite writes a trigger's body out, semicolons and all.
    while index < len(tokens) and not (tokens[index].kind == "sign" and tokens[index].text == ";"):
        index += 1
    return index


def _after_word(tokens: list[Token], index: int, word: str) -> int:
    while index < len(tokens) and tokens[index].word != word:
        index += 1
    return index + 1


def _written(tokens: list[Token], index: int, dialect: str) -> Iterator[Dml]:
    verb = tokens[index].word
    at = index + 1
    if verb in ("MERGE", "REPLACE") and _at(tokens, at).word != "INTO":
        if verb == "REPLACE":
            return  # The function.
    while _at(tokens, at).word in _ASIDE or (
        verb != "COPY" and _at(tokens, at).text == "(" and _at(tokens, at - 1).word == "ONLY"
    ):
        if _at(tokens, at).word == "REPLACE":
            verb = "REPLACE"
        at += 1
    if verb == "INSERT" and _is_upsert(tokens, at):
        verb = "UPSERT"
    while True:
        parts, at = _name(tokens, at, dialect == "sqlite")
        if not parts or not _fits(verb, tokens, at):
            return
        last = parts[-1]
        yield Dml(
            verb.lower(),
            parts[-2].text if len(parts) > 1 else None,
            last.text,
            last.kind == "name" and dialect not in _FOLDS_QUOTED,
        )
        if verb != "TRUNCATE":
            return
        while _at(tokens, at).text == ")":
            at += 1
        if _at(tokens, at).text != ",":
            return
        at += 2 if _at(tokens, at + 1).word == "ONLY" else 1


def _is_upsert(tokens: list[Token], at: int) -> bool:
    before = ""
    for token in tokens[at:]:
        if token.text == ";" and token.kind == "sign":
            return False
        if token.word == "UPDATE" and before in ("DO", "KEY"):
            return True
        before = token.word
    return False


def _name(tokens: list[Token], at: int, takes_strings: bool) -> tuple[list[Token], int]:
    """Read a dotted name; SQLite takes a string for one as well."""
    parts: list[Token] = []
    kinds = ("word", "name", "string") if takes_strings else ("word", "name")
    while (part := _at(tokens, at)).kind in kinds:
        if part.kind == "string":
            part = Token("name", part.text[1:-1].replace("''", "'"), "")
        parts.append(part)
        if _at(tokens, at + 1).text != "." or _at(tokens, at + 1).kind != "sign":
            return parts, at + 1
        at += 2
    return [], at


def _fits(verb: str, tokens: list[Token], at: int) -> bool:
    """Tell whether what follows the name is what the verb demands."""
    if verb == "UPDATE":
        return any(_at(tokens, at + ahead).word == "SET" for ahead in range(8))
    if verb == "COPY":
        depth = 0
        while (token := _at(tokens, at)) is not _END:
            depth += (token.text == "(") - (token.text == ")")
            if not depth and token.word in ("FROM", "TO"):
                return token.word == "FROM"
            at += 1
        return False
    return True


def _at(tokens: list[Token], index: int) -> Token:
    return tokens[index] if index < len(tokens) else _END
