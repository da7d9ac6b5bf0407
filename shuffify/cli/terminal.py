"""Text for a terminal: made harmless, measured in cells, set in columns, or printed as JSON."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
import json
import os
import shutil
import sys
from typing import Any, TextIO
import unicodedata

import click

from shuffify.audit import spelt_out

GAP = "  "
NARROWEST = 60

_LEFT_TO_RIGHT = "\u200e"


def harmless(text: str) -> str:
    """Return text in which what could steer or mislead a terminal is spelt out.

    Control characters, escape sequences and overrides of the writing direction become visible
    as `\\x1b` or `\\u202e`. Right-to-left words stay, and no longer move what follows them.
    """
    shown = spelt_out(text)
    if any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in shown):
        return f"{_LEFT_TO_RIGHT}{shown}{_LEFT_TO_RIGHT}"
    return shown


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return sum(map(_cells, text))


def _cells(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def wrapped(text: str, width: int) -> list[str]:
    """Break a text into lines of at most `width` cells, at spaces where there are any."""
    lines, line, used = [], "", 0
    for word in text.split(" "):
        size = cells(word)
        if line and used + 1 + size <= width:
            line, used = f"{line} {word}", used + 1 + size
            continue
        if line:
            lines.append(line)
        *full, line = _chopped(word, width)
        lines += full
        used = cells(line)
    return [*lines, line]


def _chopped(word: str, width: int) -> list[str]:
    pieces, piece, used = [], "", 0
    for char in word:
        size = _cells(char)
        if piece and used + size > width:
            pieces.append(piece)
            piece, used = "", 0
        piece, used = piece + char, used + size
    return [*pieces, piece]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; a text that does not fit goes on below."""

    name: str
    width: int
    right: bool = False


Layout = Sequence[Sequence[Column]]
"""A record's rows, one below the other: a narrow terminal needs two where a wide needs one."""


def table(layout: Layout, records: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Yield the lines of a table, its head first; the texts are made harmless."""
    names = {column.name: column.name for row in layout for column in row}
    for record in (names, *records):
        for row in layout:
            yield from _row_lines(row, record)


def _row_lines(row: Sequence[Column], record: Mapping[str, str]) -> Iterator[str]:
    blocks = [wrapped(harmless(record.get(column.name, "")), column.width) for column in row]
    for number in range(max(map(len, blocks))):
        parts = [
            _padded(block[number] if number < len(block) else "", column)
            for block, column in zip(blocks, row, strict=True)
        ]
        yield GAP.join(parts).rstrip()


def _padded(text: str, column: Column) -> str:
    padding = " " * (column.width - cells(text))
    return padding + text if column.right else text + padding


def width() -> int:
    """Return how wide the terminal is; 80 where there is none."""
    return max(NARROWEST, shutil.get_terminal_size((80, 24)).columns)


def echo(lines: Iterable[str]) -> None:
    """Print lines; characters that the output cannot encode are spelt out.

    Raises click.ClickException where the output is closed.
    """
    text = "\n".join(lines)
    encoding = _open_output().encoding or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding))


def echo_json(value: Any) -> None:
    """Print JSON, in plain ASCII: no terminal is steered by it.

    Raises click.ClickException where the output is closed.
    """
    click.echo(json.dumps(value, indent=2), file=_open_output())


@contextmanager
def open_pipe() -> Iterator[None]:
    """Leave the block quietly when whoever reads the output has read enough.

    Raises click.ClickException when it cannot be written for another reason.

    What follows it still runs: what was found decides the exit code, not how much was read.
    """
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _to_nowhere()
    except OSError as error:
        if error.filename is not None:
            raise  # A file by name is not the output.
        _to_nowhere()
        raise click.ClickException(f"The output cannot be written: {error.strerror}.") from error


def _to_nowhere() -> None:
    # Python flushes once more at the end, which would fail again and say so.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def output() -> TextIO:
    """Return the standard output, for a stream: what it cannot encode it spells out.

    Raises click.ClickException where it is closed.
    """
    if sys.stdout is None:
        raise click.ClickException("There is no output to write to. Use --out FILE.")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    return sys.stdout


def _open_output() -> TextIO:
    # click itself says nothing then: a command would end as if somebody had read its answer.
    if sys.stdout is None:
        raise click.ClickException("There is no output to write to: it is closed.")
    return sys.stdout
