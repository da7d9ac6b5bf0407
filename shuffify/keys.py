"""Secret keys: made, kept for development, and recognised."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
import os
from pathlib import Path
import secrets
import tempfile

from cryptography.fernet import Fernet


def new_secret_key() -> str:
    """Return a fresh SECRET_KEY."""
    return secrets.token_urlsafe(48)


def new_token_key() -> str:
    """Return a fresh Fernet key for TOKEN_KEYS."""
    return Fernet.generate_key().decode("ascii")


def is_token_key(key: str) -> bool:
    """Return whether a text is a Fernet key."""
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


@cache
def of_process(make: Callable[[], str]) -> str:
    """Return one key for the whole process: an app made anew reads what another encrypted."""
    return make()


def kept(path: Path, make: Callable[[], str]) -> str:
    """Return the key in a file, which is made at first use for its owner alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(handle, "w") as file:
            file.write(f"{make()}\n")
        # Two processes that start together: a link never replaces, so both read one key.
        with suppress(FileExistsError):
            os.link(draft, path)
        os.unlink(draft)
    return path.read_text(encoding="ascii").strip()
