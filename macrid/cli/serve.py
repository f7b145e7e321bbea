"""The command that serves bundles over HTTP."""

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

import click

from macrid.errors import InputError

from .app import check_port
from .options import collect

NEEDED = ("fastapi", "uvicorn")


@dataclass(frozen=True)
class _Listening:
    """Where it listens: --host, --port, --workers."""

    host: str
    port: str
    workers: int


@dataclass(frozen=True)
class _Letting:
    """Who may ask, and how much: --keys, --origin, --name, --rate, --log."""

    keys: Path | None
    origins: tuple[str, ...]
    names: tuple[str, ...]
    rate: float
    log: str


@click.command()
@click.argument("bundles", nargs=-1, required=True, metavar="BUNDLE...")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address that it listens at; 0.0.0.0: all.")
@click.option("--port", default="8700", show_default=True, help="The port that it listens at.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that answer.")
@click.option("--keys", type=click.Path(path_type=Path),
              help="A file of keys, one a line, one of which each question must bring. MACRID_KEYS (with commas between "
                   "them) counts, too.  [without any, everybody may ask]")
@click.option("--origin", "origins", multiple=True, metavar="URL",
              help="A web page that may ask from a browser, such as https://shop.example. May be repeated.  [none]")
@click.option("--name", "names", multiple=True, metavar="HOST",
              help="A name that this service goes by, besides localhost and that of this machine. May be repeated; "
                   "MACRID_HOSTS counts, too.")
@click.option("--rate", default=100.0, show_default=True, type=click.FloatRange(0),
              help="Questions a second of one key, or of one address where there are no keys; 0: no limit.")
@click.option("--log", default="text", show_default=True, type=click.Choice(["text", "json", "none"]),
              help="A line for every question, on standard error, without anything personal.")
@collect(listening=_Listening, letting=_Letting)
def serve(bundles: tuple[str, ...], listening: _Listening, letting: _Letting) -> None:
    """Serve bundles over HTTP: search, dials, wishes, lists, steering. /openapi.json describes it."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(f"serve needs {missing[0]}, which is not installed: pip install 'macrid[serve]'")
    check_port(listening.port, listening.host)
    for origin in letting.origins:
        if origin == "*" or not origin.startswith(("http://", "https://")) or origin.rstrip("/").count("/") != 2:
            raise InputError(f"--origin {origin} is no origin; write scheme and name, such as https://shop.example")
    # Questions are answered side by side: threads within one would only be in the way of the others. And where workers are
    # forked, the threads of libraries are not.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = os.environ.get(name, "1") if listening.workers == 1 else "1"
    from macrid.service.options import Options
    from macrid.service.run import serve as run

    options = Options(bundles, str(letting.keys) if letting.keys else None, tuple(o.rstrip("/") for o in letting.origins),
                      letting.names, letting.rate, log=letting.log)
    said = f"The service is at http://{listening.host}:{listening.port}/v1/bundles (Ctrl-C ends it)."
    run(options, listening.host, int(listening.port), listening.workers, lambda: click.echo(said, err=True))


COMMANDS = (serve,)
