"""`shuffify audit reconcile`: what the trail does not explain, and what it does not cover."""

import json

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from shuffify.audit import bind
from shuffify.models.db import User, WorkshopSession, db
from tests.cli.conftest import Audit

LIST = "pQoevgc7VqjS5mlTDcPk68"


def save(app: Flask, user: User) -> None:
    """Save a workshop session, as the app would."""
    with app.app_context(), bind(user_id=user.id):
        db.session.add(WorkshopSession(
            user_id=user.id, playlist_id=LIST, playlist_name="Morning run",
            session_name="Draft", track_uris=["a"],
        ))
        db.session.commit()


def test_a_trail_that_explains_everything_ends_with_0(
    audit: Audit, app: Flask, mira: User
) -> None:
    save(app, mira)
    result = audit("reconcile")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0] == "2 objects compared with 1 event: 0 unexplained."
    assert "policy does not record this create" in result.stdout


def test_a_change_by_hand_is_named_with_its_time_and_ends_with_1(
    audit: Audit, app: Flask, mira: User, session: Session
) -> None:
    save(app, mira)
    session.execute(text("UPDATE workshop_sessions SET track_uris = '[]'"))
    session.commit()
    result = audit("reconcile")
    assert result.exit_code == 1
    assert result.stdout.startswith(
        "workshop_session 1 is not what the trail says it is: track_uris (since 20"
    )
    told = json.loads(audit("reconcile", "--json").stdout)
    finding, = told["unexplained"]
    assert finding.pop("since").startswith("20")
    assert finding == {
        "kind": "altered", "entity_type": "workshop_session", "entity_id": "1",
        "columns": ["track_uris"],
    }
    assert told["objects"] == 2 and told["events"] == 1


def test_a_database_that_is_down_ends_with_3(audit: Audit) -> None:
    url = "postgresql://nobody@127.0.0.1:9/none"
    assert audit("reconcile", DATABASE_URL=url).exit_code == 3
