"""`shuffify demo`: its database, and what it refuses before it makes anything."""

from collections.abc import Iterator
from contextlib import contextmanager
import logging
from pathlib import Path
import socket

import click
from click.testing import CliRunner, Result
import pytest
import requests
from sqlalchemy import text

from shuffify import cli, schema
from shuffify.cli.demo_world import DATABASE, SPOOL, Demo, running_demo
from shuffify.models.db import db


def demo(*options: str) -> Result:
    return CliRunner().invoke(cli.cli, ["demo", *options])


@contextmanager
def running(folder: Path, *, keep: bool = False) -> Iterator[Demo]:
    alembic = logging.getLogger("alembic")
    level = alembic.level
    try:
        with running_demo(
            folder, port=0, profile="dev2026", keep=keep, scheduler="off"
        ) as world:
            yield world
    finally:
        alembic.setLevel(level)


def user_count(world: Demo) -> int:
    with world.app.app_context(), db.engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM users")).scalar_one()


def add_user(world: Demo) -> None:
    with world.app.app_context(), db.engine.begin() as connection:
        connection.execute(text(
            "INSERT INTO users (spotify_id, needs_reconnect, login_count, is_active, created_at,"
            " updated_at) VALUES ('mira', 0, 1, 1, '2026-11-23 14:00:00', '2026-11-23 14:00:00')"
        ))


def test_the_database_is_made_by_the_migrations_and_anew_unless_it_is_kept(
    tmp_path: Path,
) -> None:
    with running(tmp_path) as world:
        with world.app.app_context():
            schema.require_newest(db.engine)
        add_user(world)
        assert requests.get(f"{world.url}/readyz", timeout=20).status_code == 200
    (tmp_path / SPOOL).write_text("{}\n")
    keys = (tmp_path / "demo_secret_key").read_text()
    with running(tmp_path, keep=True) as world:
        assert user_count(world) == 1
        assert world.app.config["SECRET_KEY"] == keys.strip()
    assert (tmp_path / SPOOL).exists()
    with running(tmp_path) as world:
        assert user_count(world) == 0
    assert not (tmp_path / SPOOL).exists()


def test_two_demos_do_not_share_a_database(tmp_path: Path) -> None:
    with running(tmp_path) as world:
        add_user(world)
        with pytest.raises(click.ClickException, match="Another demo uses this database"):
            with running(tmp_path):
                pytest.fail("it runs")
        assert user_count(world) == 1
        assert world.database == tmp_path / DATABASE


def test_nothing_listens_when_it_has_ended(tmp_path: Path) -> None:
    with running(tmp_path) as world:
        addresses = (world.url, world.sandbox.url)
    for address in addresses:
        with pytest.raises(requests.ConnectionError):
            requests.get(address, timeout=5)


def test_a_port_that_is_taken_is_said_so_before_anything_is_made(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        result = demo("--port", port, "--instance", str(instance))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"Error: Port {port} cannot be used: Address already in use. "
        "End what listens there, or name another with --port.\n"
    )
    assert not instance.exists()


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = demo("--port", "0", "--instance", str(tmp_path / "file" / "instance"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "The demo cannot keep its files in" in result.stderr


@pytest.mark.parametrize(
    "options", [("--tour", "--keep"), ("--json",), ("--profile", "1999"), ("--port", "66000")]
)
def test_options_that_make_no_sense_are_wrong_usage(options: tuple[str, ...]) -> None:
    result = demo(*options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert options[0] in result.stderr
