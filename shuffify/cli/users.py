"""`shuffify users`: who has an account, who may use it, and what erasing leaves."""

from collections.abc import Callable
import json
from typing import TypeVar

import click
from flask.cli import with_appcontext

from shuffify.cli.terminal import harmless
from shuffify.models.db import User
from shuffify.models.sqlite import read_transactions
from shuffify.services import UserNotFoundError, UserService

Answer = TypeVar("Answer")


@click.group()
def users() -> None:
    """List accounts; disable, enable or erase one, by its number."""


@users.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@with_appcontext
def list_(as_json: bool) -> None:
    """Print all accounts, oldest first."""
    with read_transactions():
        accounts = UserService.list()
    if as_json:
        click.echo(json.dumps([_facts(user) for user in accounts]))
        return
    for user in accounts:
        state = "reconnect" if user.needs_reconnect else "connected"
        state = state if user.is_active else "disabled"
        name = harmless(user.display_name or "")
        click.echo(f"{user.id:>5}  {state:<10} {harmless(user.spotify_id)}  {name}")


@users.command()
@click.argument("user_id", type=int)
@with_appcontext
def disable(user_id: int) -> None:
    """Shut an account out at once; its schedules do not run."""
    changed = _existing(lambda: UserService.disable(user_id))
    click.echo(f"Account {user_id} {'is' if changed else 'was'} disabled.")


@users.command()
@click.argument("user_id", type=int)
@with_appcontext
def enable(user_id: int) -> None:
    """Let an account in again."""
    changed = _existing(lambda: UserService.enable(user_id))
    click.echo(f"Account {user_id} {'is' if changed else 'was'} enabled.")


@users.command()
@click.argument("user_id", type=int)
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_appcontext
def erase(user_id: int, yes: bool) -> None:
    """Delete what a person has here and blank who they were; the trail stays."""
    question = (
        f"Erase account {user_id}: its schedules, sources, sessions, snapshots, logins and tokens?"
    )
    if not yes and not click.confirm(question):
        click.echo("Nothing was changed.")
        click.get_current_context().exit(1)
    _existing(lambda: UserService.erase(user_id))
    click.echo(f"Account {user_id} is erased. What was recorded of it stays in the trail.")


def _existing(act: Callable[[], Answer]) -> Answer:
    try:
        return act()
    except UserNotFoundError as error:
        raise click.ClickException(f"{error} `shuffify users list` shows the numbers.") from None


def _facts(user: User) -> dict[str, object]:
    return {
        name: value for name, value in user.to_dict().items()
        if name in ("id", "spotify_id", "display_name", "is_active", "needs_reconnect",
                    "login_count", "last_login_at", "created_at")
    }
