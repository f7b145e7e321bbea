"""Starting the service: the socket, the workers, the limits."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import uvicorn

from .app import make_app, set_up_log
from .limits import more_files, one_arena
from .options import Options
from .shelf import Shelf
from .workers import DRAIN, Workers


def serve(options: Options, host: str, port: int, workers: int, opened: Callable[[], None]) -> None:
    """Answer at host and port until a signal says stop; then what runs is answered first. opened: called when the bundles
    are open. Raises InputError for what cannot be served."""
    more_files()
    one_arena()
    set_up_log(options.log)
    shelf = Shelf(options.bundles)
    app = make_app(options if workers == 1 else replace(options, watch=0), shelf)
    config = uvicorn.Config(app, host, port, log_config=None, access_log=False, server_header=False,
                            ws_max_size=options.most_bytes, ws_max_queue=4, timeout_keep_alive=30,
                            timeout_graceful_shutdown=DRAIN)
    opened()
    if workers == 1:
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run()
    else:
        Workers(config, workers).run(shelf.look, options.watch)
