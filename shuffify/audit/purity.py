"""Which SQL may be evaluated once more than its caller asked for (rule A2)?

A function may count up a sequence, take a lock or write, and what it gave need not come again.
Nothing tells which do so; those that do not are listed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnClause, TextClause
from sqlalchemy.sql.functions import FunctionElement

_PURE: Final = frozenset("""
    abs array_agg array_length avg bool_and bool_or ceil ceiling char_length coalesce concat
    concat_ws count cume_dist current_date current_time current_timestamp date date_part date_trunc
    datetime dense_rank first_value floor generate_series greatest group_concat ifnull iif instr
    json_agg json_array json_array_elements json_build_object json_each json_extract json_object
    jsonb_agg jsonb_array_elements jsonb_build_object jsonb_each julianday lag last_value lead
    least left length localtime localtimestamp lower lpad ltrim max md5 min mod now nth_value ntile
    nullif octet_length percent_rank position power rank regexp_replace replace right round
    row_number rpad rtrim sign split_part sqrt strftime string_agg strpos substr substring sum time
    to_char to_date to_timestamp total trim trunc unnest upper
""".split())

_EFFECTS: Final = re.compile(r"next_?val|setval|advisory", re.IGNORECASE)
"""Sequences and PostgreSQL's locks of the application's own."""


def is_pure(clause: Any) -> bool:
    """Tell whether everything in an expression is known to give a value and to do nothing else."""
    for part in visitors.iterate(clause):
        if hasattr(part, "_compiler_dispatcher") or getattr(part, "packagenames", False):
            return False  # The application's own construct, or its function of another's name.
        if isinstance(part, FunctionElement) and _name_of(part).lower() not in _PURE:
            return False
    # Who spells out a call needs parentheses.
    return not any("(" in words for words in _texts_in(clause))


def has_effects(clause: Any) -> bool:
    """Tell whether anything in an expression is known to do more than to give a value."""
    parts = visitors.iterate(clause)
    names = [_name_of(part) for part in parts if isinstance(part, FunctionElement)]
    return any(_EFFECTS.search(words) for words in (*names, *_texts_in(clause)))


def _name_of(function: FunctionElement[Any]) -> str:
    return str(getattr(function, "name", ""))


def _texts_in(clause: Any) -> Iterator[str]:
    """Yield what the caller spelt out."""
    for part in visitors.iterate(clause):
        if isinstance(part, TextClause):
            yield part.text
        elif isinstance(part, ColumnClause) and part.is_literal:
            yield part.name
