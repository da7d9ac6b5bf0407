"""`shuffify audit`: the trail for auditors. Reading commands never write.

Exit codes: 0 done, 1 found something or failed, 2 wrong usage, 3 database unavailable,
78 configuration.
"""

from collections.abc import Iterator
from typing import Any

import click
from flask.cli import with_appcontext

from shuffify.audit_trail import trail
from shuffify.cli import audit_filters, terminal
from shuffify.cli.activity_table import activity_table
from shuffify.cli.audit_check import check
from shuffify.cli.audit_event import event_lines
from shuffify.cli.audit_export import export
from shuffify.cli.audit_filters import filter_of, filter_options, user_id_of
from shuffify.cli.audit_prune import prune
from shuffify.cli.audit_reading import reading, require_trail
from shuffify.cli.audit_reconcile import reconcile
from shuffify.cli.audit_report import report
from shuffify.cli.audit_seal import seal, verify
from shuffify.cli.audit_stats import stats
from shuffify.extensions import db
from shuffify.models.db import User
from shuffify.services.activity_query import Cursor, Page, find_event, read_page, told

MOST_ROWS = 1_000
"""One page: what is printed at once is held at once."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, nothing else.")


@click.group()
def audit() -> None:
    """Read the audit trail, and put back what it could not write."""


@audit.command("list")
@filter_options
@click.option("--limit", type=click.IntRange(1, MOST_ROWS), default=50, show_default=True,
              help="Rows on a page.")
@click.option("--before", type=audit_filters.cursor, metavar="CURSOR",
              help="The page below this cursor: older rows.")
@click.option("--after", type=audit_filters.cursor, metavar="CURSOR",
              help="The page above this cursor: newer rows.")
@json_option
@with_appcontext
def list_rows(
    limit: int, before: Cursor | None, after: Cursor | None, as_json: bool, **options: Any
) -> None:
    """List what happened, newest first.

    Filters narrow each other down. The lines below a page say how to get to the next; with
    --json, a cursor is a row's created_at and id with a comma between.
    """
    with reading():
        page = read_page(filter_of(**options), limit=limit, before=before, after=after)
        rows = [told(row) for row in page.rows]
        if as_json:
            terminal.echo_json(rows)
        elif rows:
            terminal.echo([*activity_table(rows, terminal.width()), *_directions(page)])
        else:
            terminal.echo(["No activity fits."])


def _directions(page: Page) -> Iterator[str]:
    if page.older or page.newer:
        yield ""
    if page.older:
        yield f"Older rows: --before {page.older}"
    if page.newer:
        yield f"Newer rows: --after {page.newer}"


@audit.command("show")
@click.argument("event", type=audit_filters.event)
@json_option
@with_appcontext
def show_event(event: str, as_json: bool) -> None:
    """Show one EVENT, by its number or event_id, with each column before and after."""
    with reading():
        found = find_event(int(event) if event.isdigit() else event.lower())
        if found is None:
            raise click.ClickException(f"There is no event {event}.")
        row = told(found)
        if as_json:
            terminal.echo_json(row)
        else:
            terminal.echo(event_lines(row, _user(found.user_id), terminal.width()))


def _user(user_id: int) -> str:
    user = db.session.get(User, user_id)
    return f"{user_id} ({user.spotify_id})" if user and user.spotify_id else str(user_id)


audit.add_command(check)
audit.add_command(export)
audit.add_command(prune)
audit.add_command(reconcile)
audit.add_command(report)
audit.add_command(seal)
audit.add_command(stats)
audit.add_command(verify)


@audit.command("replay")
@click.option("--as", "user", type=audit_filters.user, metavar="USER",
              help="Account that rows without one are written for: number or Spotify id.")
@json_option
@with_appcontext
def replay(user: str | None, as_json: bool) -> None:
    """Write the rows that the spool holds, each once, however often this runs.

    The spool (AUDIT_SPOOL) keeps rows that the database refused. Ends with 1 when some of them
    are still refused; they stay in the spool and the log says why.
    """
    require_trail()
    user_id = None if user is None else user_id_of(user, "--as")
    db.session.remove()
    outcome = _replay(user_id)
    with terminal.open_pipe():
        if as_json:
            terminal.echo_json(outcome)
        else:
            terminal.echo([_told(outcome)])
    if outcome["kept"]:
        raise SystemExit(1)


def _replay(user_id: int | None) -> dict[str, int]:
    try:
        return trail.replay(db.engine, user_id)
    except OSError as error:
        raise click.ClickException(
            f"The spool {trail.spool.path} cannot be replayed: {error.strerror}."
        ) from error


def _told(outcome: dict[str, int]) -> str:
    if not any(outcome.values()):
        return "The spool is empty: there is nothing to replay."
    told = f"{outcome['inserted']} inserted, {outcome['present']} present already"
    if outcome["kept"]:
        return (
            f"{told}, {outcome['kept']} kept in {trail.spool.path}. "
            "The log above says why; rows without a user need --as USER."
        )
    return f"{told}, none kept."
