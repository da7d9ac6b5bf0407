"""Tests here run against the real app and a real sandbox, over HTTP."""

from tests.sandboxed import (
    app_variables,
    jonas,
    mira,
    running_sandbox,
    sandbox,
    visit,
    visitor,
)

__all__ = [
    "app_variables",
    "jonas",
    "mira",
    "running_sandbox",
    "sandbox",
    "visit",
    "visitor",
]
