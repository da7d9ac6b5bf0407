"""The embedded Spotify: accounts service and Web API over real HTTP, for demo and tests."""

from . import library
from .accounts import CLIENT_ID, CLIENT_SECRET
from .controls import ControlError
from .server import Sandbox
from .settings import Assumptions

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "Assumptions", "ControlError", "Sandbox", "library"]
