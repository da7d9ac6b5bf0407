"""The Flask extensions, created unbound here and bound in create_app."""

from typing import TYPE_CHECKING, cast

from flask import current_app
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from shuffify.config import Settings
from shuffify.models.base import Base

db = SQLAlchemy(model_class=Base)
migrate = Migrate()
csrf = CSRFProtect()
limiter = Limiter(key_func=get_remote_address)

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model
"""`db.Model` under a name that type checkers can follow."""


def app_settings() -> Settings:
    """Return the settings of the app in context."""
    return cast(Settings, current_app.extensions["shuffify"])
