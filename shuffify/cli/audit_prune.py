"""`shuffify audit prune`: the retention of the trail, which leaves a row about itself."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta

import click
from flask.cli import with_appcontext

from shuffify.audit import Pruned
from shuffify.audit_trail import trail
from shuffify.cli import terminal
from shuffify.cli.audit_reading import require_trail
from shuffify.extensions import db
from shuffify.models.base import iso_utc, utcnow
from shuffify.models.sqlite import read_transactions
from shuffify.web.negotiation import counted

MOST_DAYS = 36_500


@click.command()
@click.option("--keep-days", type=click.IntRange(1, MOST_DAYS), required=True, metavar="N",
              help="Rows of the last N days stay.")
@click.option("--reason", help="Why, as the rows that it leaves shall tell.")
@click.option("--dry-run", is_flag=True, help="Count only, delete nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, nothing else.")
@with_appcontext
def prune(keep_days: int, reason: str | None, dry_run: bool, as_json: bool) -> None:
    """Delete the oldest rows of the trail, for good.

    Rows go in their order and none goes before an older one: a row that came late, from the
    spool, waits for those around it. Each user who loses some gets one row `audit_prune` that
    says how many, which and why. For cron: it does not ask. Ends with 1 when transactions under
    way hold it up: no row goes before it is sealed.
    """
    before = utcnow() - timedelta(days=keep_days)
    with read_transactions(only_if=dry_run):
        require_trail()
        db.session.remove()
        pruned = trail.custody.prune(db.engine, before, reason=reason, dry_run=dry_run)
    with terminal.open_pipe():
        if as_json:
            told = {"before": iso_utc(before), "dry_run": dry_run, **asdict(pruned)}
            terminal.echo_json(told)
        else:
            terminal.echo(_lines(pruned, keep_days, dry_run))
    if pruned.held_up:
        raise SystemExit(1)


def _lines(pruned: Pruned, keep_days: int, dry_run: bool) -> Iterator[str]:
    if pruned.rows:
        verb = "would be pruned" if dry_run else "pruned"
        numbers = f"numbers {pruned.first_id} to {pruned.last_id}"
        yield f"Rows {verb}: {pruned.rows} of {pruned.users} users, {numbers}."
    elif not pruned.held_up:
        yield f"Nothing is older than {keep_days} days."
    if pruned.held_up:
        why = "transactions under way hold up their sealing"
        yield f"{counted(pruned.held_up, 'old row')} must stay: {why}. Try again."
