"""Whose code executes a statement: a file and line of the caller's, or a module of SQLAlchemy."""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any, Final

import sqlalchemy

_GENERATED: Final = ("<string>", "<sqlalchemy generated")
"""Where SQLAlchemy's decorators stand that it makes as it goes: in 2.0 and in 2.1."""

_NOBODYS: Final = (*_GENERATED, *(
    os.path.dirname(os.path.abspath(path)) + os.sep for path in (sqlalchemy.__file__, __file__)
))
_PACKAGE: Final = __name__.rpartition(".")[0] + "."

_CARRIERS: Final = (
    "sqlalchemy.engine.", "sqlalchemy.sql.", "sqlalchemy.event.", "sqlalchemy.util.",
)


def sender() -> str:
    """Return the module whose code handed a statement to the Connection."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        is_ours = name.startswith(_PACKAGE) or frame.f_code.co_filename.startswith(_GENERATED)
        if not is_ours and not name.startswith(_CARRIERS):
            return name
        frame = frame.f_back
    return ""


def call_site() -> str:
    """Return ``file:line`` of the innermost frame that is neither SQLAlchemy's nor ours."""
    frame: FrameType | None = sys._getframe(1)
    greenlets = sys.modules.get("greenlet")
    around: Any = greenlets.getcurrent() if greenlets is not None else None
    while True:
        while frame is not None:
            name = frame.f_code.co_filename
            if not name.startswith(_NOBODYS):
                return f"{name}:{frame.f_lineno}"
            frame = frame.f_back
        # Under asyncio, SQLAlchemy runs in a greenlet; who awaits it stands in the parent.
        around = None if around is None else around.parent
        if around is None:
            return "unknown"
        frame = around.gr_frame
