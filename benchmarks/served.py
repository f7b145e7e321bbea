"""A server in a process of its own, for as long as something is measured of it."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(address: str) -> bool:
    """Whether a server gives what is at an address."""
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except OSError:
        return False


@contextmanager
def served(command: list[str], address: str, variables: dict[str, str] | None = None, patience: float = 120,
           **streams: int) -> Iterator[subprocess.Popen]:
    """A command that serves, in the project's folder, with these environment variables on top of ours, from when it answers
    at an address; in the end it is asked to stop. patience: seconds that it may take to answer. streams: its `stdout` and
    `stderr`, which are ours otherwise. RuntimeError if it does not answer, or another program does."""
    if answers(address):
        raise RuntimeError(f"another program answers at {address}; end it first")
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | (variables or {}), **streams)
    try:
        end = time.monotonic() + patience
        while not answers(address):
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{' '.join(command[1:4])} does not start")
            time.sleep(0.25)
        yield server
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
