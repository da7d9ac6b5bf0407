"""The name of a file, as an option takes it."""

import os
from pathlib import Path
from typing import Any

import click


class FileName(click.Path):
    """A file that need not be there, in a folder that is; else the command ends with 2."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        named = os.path.basename(value)
        if named in ("", os.curdir, os.pardir):
            what = f"{value!r} is a directory" if value else "It is empty"
            self.fail(f"{what}: name a file.", param, ctx)
        folder = os.path.dirname(value) or os.curdir
        if not os.path.isdir(folder):
            told = f"There is no folder {folder}: name a file in one that is there."
            self.fail(told, param, ctx)
        return super().convert(value, param, ctx)
