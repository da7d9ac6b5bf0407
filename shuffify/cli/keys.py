"""`shuffify keys`: secrets for the configuration."""

import json

import click
from flask.cli import with_appcontext

from shuffify.keys import new_secret_key, new_token_key
from shuffify.models.sqlite import read_transactions
from shuffify.services import TokenService

_OPTIONAL = (
    "AUDIT_SEAL_KEY is optional: with it, who has only the database cannot make or alter a seal.\n"
    "Keep it as long as the trail: `shuffify audit verify` needs it."
)


@click.group()
def keys() -> None:
    """Make secret keys, and bring stored tokens under a new one."""


@keys.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def generate(as_json: bool) -> None:
    """Print a SECRET_KEY, a key for TOKEN_KEYS and one for AUDIT_SEAL_KEY."""
    made = {
        "SECRET_KEY": new_secret_key(),
        "TOKEN_KEYS": new_token_key(),
        "AUDIT_SEAL_KEY": new_secret_key(),
    }
    if as_json:
        click.echo(json.dumps(made))
        return
    for name, value in made.items():
        click.echo(f"{name}={value}")
    click.echo(_OPTIONAL, err=True)  # what is printed may be read as a file of variables


@keys.command()
@click.option("--dry-run", is_flag=True, help="Count only, change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def rotate(dry_run: bool, as_json: bool) -> None:
    """Encrypt all tokens with the first of TOKEN_KEYS.

    May be stopped and started again. Exit code 1 where an account's tokens cannot be read.
    """
    with read_transactions(only_if=dry_run):
        counted = TokenService.rotate_keys(dry_run=dry_run)
    if as_json:
        click.echo(json.dumps(counted.to_dict()))
    else:
        done = "would be encrypted" if dry_run else "encrypted"
        click.echo(f"Accounts {done} anew: {counted.rotated}, current: {counted.current}.")
        if counted.unreadable:
            click.echo(
                f"Not readable: {', '.join(map(str, counted.unreadable))}. Add the key that "
                "encrypted them to TOKEN_KEYS, or let these people log in again."
            )
    click.get_current_context().exit(1 if counted.unreadable else 0)
