"""`shuffify demo`: the app with a Spotify of its own, to try or to walk through by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import shlex
import signal
import sys

import click
from flask import Flask

from shuffify.cli import terminal
from shuffify.cli.activity_table import activity_table
from shuffify.cli.demo_world import Demo, running_demo
from shuffify.cli.tour.steps import STEPS
from shuffify.cli.tour.walk import take_tour
from shuffify.enums import ActivityType
from shuffify.sandbox.settings import PROFILES

PORT = 8000
STOP = frozenset({signal.SIGINT, signal.SIGTERM})

WELCOME = """\
Shuffify runs at {url}

  1. Open it, agree to the terms, and log in as Mira or as Jonas.
  2. Shuffle a playlist; all of it happens in a Spotify made up for this demo.
  3. Read what was recorded, in another terminal:

     DATABASE_URL={database} \\
       {program} audit list

Ctrl-C ends it."""


@click.command()
@click.option("--tour", is_flag=True, help="Walk through the app, print the trail, and end.")
@click.option("--keep", is_flag=True, help="Go on with the database of the last demo.")
@click.option("--profile", type=click.Choice(tuple(PROFILES)), default="dev2026",
              show_default=True, help="Which Spotify the sandbox speaks.")
@click.option("--port", type=click.IntRange(0, 65535),
              help=f"Port to serve on; 0 takes a free one.  [default: {PORT}, of a tour 0]")
@click.option("--instance", type=click.Path(file_okay=False, path_type=Path),
              help="Folder for the demo's files.  [default: the app's instance folder]")
@click.option("--json", "as_json", is_flag=True, help="With --tour: print the rows as JSON.")
def demo(
    tour: bool, keep: bool, profile: str, port: int | None, instance: Path | None, as_json: bool
) -> None:
    """Try Shuffify without Spotify: a local sandbox plays its part.

    With --tour it ends with 1 when the trail is not exactly what was done.
    """
    if keep and tour:
        raise click.UsageError("--tour needs a new database: leave out --keep.")
    if as_json and not tour:
        raise click.UsageError("--json is for --tour: add it.")
    folder = (instance or Path(Flask("shuffify").instance_path)).absolute()
    if tour:
        with running_demo(
            folder, port=port or 0, profile=profile, keep=False, scheduler="off"
        ) as world:
            success = _show_tour(world, as_json)
        sys.exit(0 if success else 1)
    with _held_signals(), running_demo(
        folder, port=PORT if port is None else port, profile=profile, keep=keep,
        scheduler="embedded",
    ) as world:
        terminal.echo([_welcome(world)])
        signal.sigwait(STOP)
    click.echo("Stopped.")


def _welcome(world: Demo) -> str:
    program = Path(sys.argv[0])
    is_script = program.suffix != ".py"
    return WELCOME.format(
        url=world.url,
        database=shlex.quote(f"sqlite:///{world.database}"),
        program=shlex.quote(str(program)) if is_script else f"{sys.executable} -m shuffify",
    )


@contextmanager
def _held_signals() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM inside the block, for `sigwait` to take.

    Handlers lose the signal that comes just before the wait; held back before the first
    thread is made, it reaches nobody else. What comes during the end is dropped.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP)
    try:
        yield
    finally:
        while signal.sigpending() & STOP:
            signal.sigwait(STOP)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _show_tour(world: Demo, as_json: bool) -> bool:
    report = take_tour(world, STEPS, ActivityType)
    if as_json:
        terminal.echo_json(report.rows)
    else:
        terminal.echo(activity_table(report.rows, terminal.width()))
        terminal.echo(["", report.summary])
    for difference in report.differences:
        click.echo(terminal.harmless(difference), err=True)
    return not report.differences
