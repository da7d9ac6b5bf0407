"""A file that is there when it is complete."""

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import signal
import stat
import sys
from typing import TextIO

import click


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """Open a file that takes its name only when it is complete; one of that name is replaced.

    Raises click.BadParameter for what is no file, ClickException for what cannot be written.
    """
    half = path.with_name(f".{path.name}.{os.getpid()}.part")
    # Whoever ends us with SIGTERM shall find no half file either.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            raise click.BadParameter(f"{path} is no file.", param_hint="'--out'")
        # Names, addresses of playlists, who did what: for its owner's eyes.
        with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w",
                  encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        half.unlink(missing_ok=True)
        signal.signal(signal.SIGTERM, before)
