"""`shuffify keys`: secrets for the configuration."""

import json

import click

from shuffify.keys import new_secret_key, new_token_key


@click.group()
def keys() -> None:
    """Make secret keys."""


@keys.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def generate(as_json: bool) -> None:
    """Print a SECRET_KEY and a key for TOKEN_KEYS."""
    made = {"SECRET_KEY": new_secret_key(), "TOKEN_KEYS": new_token_key()}
    if as_json:
        click.echo(json.dumps(made))
        return
    for name, value in made.items():
        click.echo(f"{name}={value}")
