"""A file that is there when it is complete."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import errno
import os
from pathlib import Path
import signal
import stat
import sys
from typing import TextIO

import click

ENDS = (signal.SIGTERM, signal.SIGHUP)
"""What ends a command that somebody kills, or whose terminal somebody closes."""

WRONG_NAME = frozenset({
    errno.EACCES, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR, errno.EPERM,
    errno.EROFS,
})
"""Errors that another name would not meet."""


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """Open a file that takes its name only when it is complete; one of that name is replaced.

    Raises click.BadParameter for a name that can be no file, ClickException for what cannot be
    written.
    """
    half = path.with_name(f".{path.name}.{os.getpid()}.part")
    with _ended_in_order():
        try:
            # Names, addresses of playlists, who did what: for its owner's eyes.
            with open(_opened(path, half), "w", encoding="utf-8", newline="") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            half.replace(path)
        except OSError as error:
            raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from error
        finally:
            with suppress(OSError):
                half.unlink(missing_ok=True)


def _opened(path: Path, half: Path) -> int:
    try:
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            raise click.BadParameter(f"{path} is no file.", param_hint="'--out'")
        return os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        if error.errno not in WRONG_NAME:
            raise
        told = f"{path} cannot be written: {error.strerror}."
        raise click.BadParameter(told, param_hint="'--out'") from error


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let whoever ends us find no half file; a signal that nohup has us ignore stays ignored."""
    before = {end: signal.getsignal(end) for end in ENDS}
    heard = [end for end in ENDS if before[end] is not signal.SIG_IGN]
    try:
        for end in heard:
            signal.signal(end, lambda *_: sys.exit(1))
        yield
    finally:
        for end in heard:
            signal.signal(end, before[end])
