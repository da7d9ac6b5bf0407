"""The embedded Spotify: accounts service and Web API over real HTTP, for demo and tests.

server     the threaded HTTP server: `Sandbox`, started and stopped inside the process
loopback   what it listens with; serves any WSGI app on a loopback port
gate       every call passes it: journal, planned faults, the lock
app        the Flask app: accounts, the Web API by noun, control, covers, pages
state      users, playlists and tokens; library and catalogue are what it starts from
edits      what a write does to the rows: pure
shapes     the JSON of the Web API, in either generation of names
settings   the profiles, and a switch for everything that is not confirmed
"""

from . import library
from .accounts import CLIENT_ID, CLIENT_SECRET
from .controls import ControlError
from .loopback import LoopbackServer, address_of, listen
from .server import Sandbox
from .settings import Assumptions

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "Assumptions", "ControlError", "LoopbackServer",
           "Sandbox", "address_of", "library", "listen"]
