"""A lock that lasts as long as the process that holds it: who can take it knows that nobody is at work there."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self


class Held:
    """A lock that is held as long as this object is kept, or, as a context, until the block ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def __del__(self) -> None:
        self.release()


def take(path: Path) -> int | None:
    """Take the lock `path`, a file that is made; None if somebody holds it. Gives a descriptor: whoever has it, this process
    or one that it was handed to, holds the lock until the last of them has closed it or ended, however that came about."""
    while True:
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            return None
        if _same(path, held):
            return held
        os.close(held)  # that file was removed meanwhile: it locks nothing any more


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock `path`; no file is made."""
    if not path.exists():
        return False
    held = take(path)
    if held is None:
        return True
    os.close(held)
    return False


@contextmanager
def waiting(path: Path) -> Iterator[None]:
    """Hold the lock `path` within a block; waits for whoever holds it. Its folder is made, also where it is removed
    meanwhile."""
    held = _held(path)
    while not _same(path, held):
        os.close(held)
        held = _held(path)
    try:
        yield
    finally:
        os.close(held)


def _held(path: Path) -> int:
    """A descriptor that holds the lock `path`, or one that was removed while it was waited for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(held, fcntl.LOCK_EX)
    return held


def _same(path: Path, held: int) -> bool:
    """Whether the file at `path` is still the one that is open."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(held))
    except FileNotFoundError:
        return False
