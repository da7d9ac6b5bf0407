"""The app served by a process of its own, which can be killed.

The processes are forked from a server that has imported everything already: thirty of them
start in the time of two.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
import signal

from shuffify.sandbox import LoopbackServer, listen
from tests.apps import make_app

PATIENCE = 30

forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload([__name__])


def _serve(
    address: Connection, database_url: str, folder: Path, variables: Mapping[str, str]
) -> None:
    app = make_app(database_url, folder, "testing", variables)
    server = LoopbackServer(app, listen(), name="app")
    address.send(server.url)
    signal.pause()


@contextmanager
def serving_process(
    database_url: str, folder: Path, variables: Mapping[str, str]
) -> Iterator[tuple[BaseProcess, str]]:
    """Yield a process that serves and its address; nothing is left of it afterwards."""
    here, there = forks.Pipe(duplex=False)
    process = forks.Process(target=_serve, args=(there, database_url, folder, dict(variables)))
    process.start()
    there.close()
    try:
        with here:
            assert here.poll(PATIENCE)
            yield process, here.recv()
    finally:
        process.kill()
        process.join(PATIENCE)
        process.close()
