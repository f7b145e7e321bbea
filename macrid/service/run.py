"""Starting the service: the socket, the workers, the limits."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import uvicorn

from .app import make_app, set_up_log
from .limits import more_files
from .options import OPTIONS, Options

DRAIN = 15  # seconds that running answers have once the service is asked to stop


def serve(options: Options, host: str, port: int, workers: int, opened: Callable[[], None]) -> None:
    """Answer at host and port until a signal says stop; then what runs is answered first. opened: called when the bundles
    are open. Raises InputError for what cannot be served."""
    more_files()
    set_up_log(options.log)
    app = make_app(options)  # with several workers, too: what cannot be served is said once, before any of them starts
    opened()
    settings: dict[str, Any] = {"host": host, "port": port, "log_config": None, "access_log": False, "server_header": False,
                                "ws_max_size": options.most_bytes, "ws_max_queue": 4, "timeout_keep_alive": 30,
                                "timeout_graceful_shutdown": DRAIN}
    if workers == 1:
        uvicorn.run(app, **settings)
        return
    del app
    with _counting(options) as counted:
        os.environ[OPTIONS] = counted.to_text()
        uvicorn.run("macrid.service.app:from_environment", factory=True, workers=workers, **settings)


@contextlib.contextmanager
def _counting(options: Options) -> Iterator[Options]:
    """The options with a folder in which workers count together."""
    with tempfile.TemporaryDirectory(prefix="macrid-counts-") as folder:
        yield replace(options, counts=folder)
