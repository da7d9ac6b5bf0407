"""What a step can do: each returns a function that does it when the walk comes by."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

from shuffify.cli.tour.browser import Outcome
from shuffify.cli.tour.rows import Known
from shuffify.cli.tour.walk import Walk
from shuffify.sandbox import library

HOME = "home"

Act = Callable[[Walk], Outcome]


def open_page(path: str, browser: str = HOME) -> Act:
    """Open a page."""
    return lambda walk: walk.browser(browser).open(path)


def fetch(path: str, browser: str = HOME) -> Act:
    """Read JSON; playlists, by role, and known facts stand in the path in braces."""
    return lambda walk: walk.browser(browser).fetch(_filled(path, walk))


def send(method: str, path: str, browser: str = HOME, *, token: bool = True, **body: Any) -> Act:
    """Send JSON; playlists, by role, and known facts stand in the path in braces."""
    return lambda walk: walk.browser(browser).send(
        method, _filled(path, walk), _known(body, walk), token=token
    )


def log_in(user: str, browser: str = HOME, decision: str = "allow") -> Act:
    """Log in through the sandbox's consent page, or refuse there."""
    return lambda walk: walk.browser(browser).log_in(user, decision)


def log_out(browser: str = HOME, **fields: str) -> Act:
    """Send the form that logs out."""
    return lambda walk: walk.browser(browser).submit("/logout", **fields)


def rewrite(playlist: str, act: Act) -> Act:
    """Do something that must give a playlist another order of the same rows."""

    def watched(walk: Walk) -> Outcome:
        before, outcome, after = _watched(playlist, act, walk)
        problems = []
        if before == after:
            problems.append("the playlist did not move at Spotify")
        if Counter(before) != Counter(after):
            problems.append("the playlist does not hold the same rows at Spotify")
        return replace(outcome, problems=(*outcome.problems, *problems))

    return watched


def edited_before(playlist: str, act: Act) -> Act:
    """Do something after somebody else has moved the playlist's first row."""

    def edited(walk: Walk) -> Outcome:
        walk.world.sandbox.edit(
            library.PLAYLISTS[playlist], "move", range_start=0, insert_before=5
        )
        return act(walk)

    return edited


def growing(playlist: str, by: int, act: Act) -> Act:
    """Do something that must add so many rows to a playlist and take none away."""

    def watched(walk: Walk) -> Outcome:
        before, outcome, after = _watched(playlist, act, walk)
        if Counter(before) <= Counter(after) and len(after) == len(before) + by:
            return outcome
        problem = f"the playlist went from {len(before)} to {len(after)} rows at Spotify"
        return replace(outcome, problems=(*outcome.problems, problem))

    return watched


def becoming(playlist: str, fact: str, act: Act) -> Act:
    """Do something that must make a playlist the list that is known by this name."""

    def watched(walk: Walk) -> Outcome:
        _, outcome, after = _watched(playlist, act, walk)
        if after == walk.facts[fact]:
            return outcome
        problem = "the playlist is another one at Spotify than was sent"
        return replace(outcome, problems=(*outcome.problems, problem))

    return watched


def spare(playlist: str, act: Act) -> Act:
    """Do something that must leave a playlist as it is."""

    def watched(walk: Walk) -> Outcome:
        before, outcome, after = _watched(playlist, act, walk)
        if before == after:
            return outcome
        return replace(outcome, problems=(*outcome.problems, "the playlist moved at Spotify"))

    return watched


def failing(act: Act, kind: str, path: str, **details: Any) -> Act:
    """Do something while the sandbox fails in a planned way."""

    def planned(walk: Walk) -> Outcome:
        click.echo(f"Now Spotify fails on purpose ({kind}), and the log will say so:", err=True)
        walk.world.sandbox.fault(kind, path=_filled(path, walk), **details)
        return act(walk)

    return planned


def _watched(
    playlist: str, act: Act, walk: Walk
) -> tuple[list[str | None], Outcome, list[str | None]]:
    playlist_id = library.PLAYLISTS[playlist]
    before = walk.world.sandbox.uris(playlist_id)
    outcome = act(walk)
    return before, outcome, walk.world.sandbox.uris(playlist_id)


def _filled(path: str, walk: Walk) -> str:
    return path.format_map(library.PLAYLISTS | walk.facts)


def _known(value: Any, walk: Walk) -> Any:
    if isinstance(value, Known):
        return walk.facts[value.name]
    if isinstance(value, dict):
        return {key: _known(item, walk) for key, item in value.items()}
    return value
