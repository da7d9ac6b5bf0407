"""`shuffify audit prune`: the retention of the trail, which leaves a row about itself."""

from dataclasses import asdict
from datetime import timedelta

import click
from flask.cli import with_appcontext

from shuffify.audit_trail import trail
from shuffify.cli import terminal
from shuffify.cli.audit_reading import require_trail
from shuffify.extensions import db
from shuffify.models.base import iso_utc, utcnow

MOST_DAYS = 36_500


@click.command()
@click.option("--keep-days", type=click.IntRange(1, MOST_DAYS), required=True, metavar="N",
              help="Rows of the last N days stay.")
@click.option("--reason", help="Why, as the rows that it leaves shall tell.")
@click.option("--dry-run", is_flag=True, help="Count only, delete nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, nothing else.")
@with_appcontext
@terminal.open_pipe()
def prune(keep_days: int, reason: str | None, dry_run: bool, as_json: bool) -> None:
    """Delete the oldest rows of the trail, for good.

    Rows go in their order and none goes before an older one: a row that came late, from the
    spool, waits for those around it. Each user who loses some gets one row `audit_prune` that
    says how many, which and why. For cron: it does not ask.
    """
    require_trail()
    before = utcnow() - timedelta(days=keep_days)
    db.session.remove()
    pruned = trail.custody.prune(db.engine, before, reason=reason, dry_run=dry_run)
    if as_json:
        terminal.echo_json({"before": iso_utc(before), "dry_run": dry_run, **asdict(pruned)})
        return
    if not pruned.rows:
        terminal.echo([f"Nothing is older than {keep_days} days."])
        return
    verb = "would be pruned" if dry_run else "pruned"
    terminal.echo([
        f"Rows {verb}: {pruned.rows} of {pruned.users} users,"
        f" numbers {pruned.first_id} to {pruned.last_id}."
    ])
