"""The command that serves the app."""

import errno
import importlib.util
import os
import socket
import sys

import click

from macrid.errors import InputError
from macrid.files import app_folder


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True,
              help="The address that it listens at; 0.0.0.0: all.")
@click.option("--port", default="8501", show_default=True, help="The port that it listens at.")
@click.option("--check", is_flag=True, hidden=True, help="Only say whether it could be served.")
def app(host: str, port: str, check: bool) -> None:
    """Serve the app: the bundles in ./models (or MACRID_MODELS), and those that ship.

    It listens on this machine alone unless --host says otherwise. Others then reach it by its address in numbers, the name
    of the machine, or the names in MACRID_HOSTS.
    """
    for name in ("streamlit", "plotly"):
        if importlib.util.find_spec(name) is None:
            raise InputError(f"the app needs {name}, which is not installed: pip install 'macrid[app]'")
    check_port(port, host)
    if check:
        return
    headless = "true" if os.environ.get("SSH_CONNECTION") or os.environ.get("CI") or not _has_screen() else "false"
    name = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else host
    click.echo(f"The app is at http://{name}:{port} (Ctrl-C ends it).", err=True)
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", str(app_folder() / "app.py"), "--server.port", port,
                              "--server.address", host,
                              "--server.headless", headless, "--logger.hideWelcomeMessage", "true"])


def _has_screen() -> bool:
    """Whether Streamlit can open a browser here."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def check_port(text: str, host: str = "") -> None:
    """InputError, with another port to take, unless a server can listen at this one, of an address."""
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) < 65536:
        raise InputError(f"--port {text} is no port; take a number from 1 to 65535, such as --port 8502")
    port = int(text)
    remedy = f"take another, such as --port {port + 1 if port < 65535 else 8502}"
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise InputError(f"port {port} is busy (perhaps with this app: http://localhost:{port}); {remedy}")
    elsewhere = InputError(f"--host {host} is no address of this machine; take 127.0.0.1, or 0.0.0.0 for all")
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
    except (OSError, UnicodeError) as error:
        raise elsewhere from error
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise elsewhere from error
            why = "is busy" if error.errno == errno.EADDRINUSE else f"cannot be had ({error.strerror})"
            raise InputError(f"port {port} {why}; {remedy}") from error


COMMANDS = (app,)
