"""`shuffify keys`: keys that fit, and tokens that follow the newest one."""

import json

from click.testing import CliRunner, Result
from cryptography.fernet import Fernet
import pytest
from sqlalchemy.orm import Session

from shuffify import cli
from shuffify.models.db import User

OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture
def mira(session: Session) -> User:
    user = User(spotify_id="mira")
    session.add(user)
    session.flush()
    user.encrypted_refresh_token = Fernet(OLD).encrypt(f"{user.id}:secret".encode()).decode()
    session.commit()
    return user


def rotate(database_url: str, *options: str, token_keys: str) -> Result:
    environ = {
        "APP_CONFIG": "testing", "DATABASE_URL": database_url, "TOKEN_KEYS": token_keys
    }
    return CliRunner().invoke(cli.cli, ["keys", "rotate", *options], env=environ)


def test_rotate_brings_tokens_under_the_first_key_once(
    app_database_url: str, session: Session, mira: User
) -> None:
    counted = rotate(app_database_url, "--dry-run", token_keys=f"{NEW},{OLD}")
    assert counted.output == "Accounts would be encrypted anew: 1, current: 0.\n"
    first = rotate(app_database_url, token_keys=f"{NEW},{OLD}")
    assert (first.exit_code, first.output) == (0, "Accounts encrypted anew: 1, current: 0.\n")
    session.refresh(mira)
    assert Fernet(NEW).decrypt(mira.encrypted_refresh_token or "")
    again = rotate(app_database_url, "--json", token_keys=NEW)
    assert json.loads(again.output) == {"rotated": 0, "current": 1, "unreadable": []}


def test_rotate_names_the_accounts_that_no_key_opens(
    app_database_url: str, mira: User
) -> None:
    answer = rotate(app_database_url, token_keys=LOST)
    assert (answer.exit_code, f"Not readable: {mira.id}." in answer.output) == (1, True)
    assert "secret" not in answer.output
