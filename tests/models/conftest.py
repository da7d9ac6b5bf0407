"""The trail of what an account does."""

from collections.abc import Iterator

from flask_sqlalchemy import SQLAlchemy
import pytest

from shuffify.audit import bind
from shuffify.models.db import User
from tests.models.trails import Trail


@pytest.fixture
def trail(db: SQLAlchemy, user: User) -> Iterator[Trail]:
    with bind(user_id=user.id, source="test", request_id="r-1"):
        yield Trail(db)
