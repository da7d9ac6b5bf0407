"""Whose code executes a statement: file and line outside of SQLAlchemy and of this package."""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any, Final

import sqlalchemy

_NOBODYS: Final = tuple(
    os.path.dirname(os.path.abspath(path)) + os.sep for path in (sqlalchemy.__file__, __file__)
)


def call_site() -> str:
    """Return ``file:line`` of the innermost frame that is neither SQLAlchemy's nor ours."""
    frame: FrameType | None = sys._getframe(1)
    greenlets = sys.modules.get("greenlet")
    around: Any = greenlets.getcurrent() if greenlets is not None else None
    while True:
        while frame is not None:
            name = frame.f_code.co_filename
            # SQLAlchemy compiles some of its decorators from strings.
            if name != "<string>" and not name.startswith(_NOBODYS):
                return f"{name}:{frame.f_lineno}"
            frame = frame.f_back
        # Under asyncio, SQLAlchemy runs in a greenlet; who awaits it stands in the parent.
        around = None if around is None else around.parent
        if around is None:
            return "unknown"
        frame = around.gr_frame
