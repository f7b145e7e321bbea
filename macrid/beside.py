"""Files and folders that are written beside the place where they belong, and put there once they are whole.

The name beside `models/shop` is `models/.shop.1f2e3d4c.new`: hidden, and nobody else's. Whoever writes there holds its lock
as long as they live, so that what a killed program has left is known from what is being written, and goes when the same
thing is written again (`beside`), or with `sweep`. What stands at the place is never gone meanwhile: two folders change
places at once where the system can do that.
"""

import ctypes
import errno
import fcntl
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LEFT = re.compile(r"\.(.+)\.[0-9a-f]{8}\.(new|old)", re.DOTALL)


@contextmanager
def beside(path: Path, folder: bool = False) -> Iterator[Path]:
    """A new file beside `path`, or a new folder, to be written within a block and put to its place there; what is left of it
    in the end is removed. What killed programs have left of the same kind goes, too."""
    sweep(path.parent, path.name)
    new, held = _made(path, folder)
    try:
        yield new
    finally:
        remove(new)
        os.close(held)


def _made(path: Path, folder: bool) -> tuple[Path, int]:
    """A new name beside `path`, and what holds its lock."""
    while True:
        new = own_name(path, "new")
        try:
            if folder:
                new.mkdir(parents=True)
            held = os.open(new, os.O_RDONLY if folder else os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileNotFoundError:
            if not folder:
                raise
            continue  # it was swept before it could be opened
        with suppress(OSError):  # file systems without locks: nothing is swept there
            fcntl.flock(held, fcntl.LOCK_EX)
        if new.exists():
            return new, held
        os.close(held)  # it was swept before it could be locked


def own_name(path: Path, ending: str) -> Path:
    """A name beside `path` that nobody else takes, hidden: others may be writing the same at the same time."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.{ending}")


def sweep(folder: Path, name: str | None = None) -> None:
    """Remove what killed programs have left in a folder, all of it or what was to become `name`. A folder that was on its
    way out when its program was killed, with nothing in its place yet, is put back."""
    try:
        left = [(Path(entry.path), found) for entry in os.scandir(folder) if (found := _LEFT.fullmatch(entry.name))]
    except OSError:
        return
    for path, found in left:
        if name in (None, found[1]):
            _settle(path, folder / found[1], found[2])


def _settle(left: Path, path: Path, ending: str) -> None:
    """Remove what was left of `path`, or put it back, unless somebody is at work there."""
    with suppress(OSError):
        if left.is_symlink():  # what nobody writes: a link that has left its place
            left.unlink()
            return
        held = os.open(left, os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if ending == "new" or not place(left, path):
                remove(left)
        finally:
            os.close(held)


def place(new: Path, path: Path) -> bool:
    """Put what is finished at `path`, if nothing stands there; gives whether that could be done."""
    try:
        if path.exists() or path.is_symlink():
            return False
        os.rename(new, path)  # a folder onto an empty one succeeds, onto any other it fails
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            return False
        raise
    return True


def swap(new: Path, path: Path) -> None:
    """Put the finished folder `new` in the place of `path`. What stood there has the name `new` then, where the two can
    change places at once; elsewhere it is kept until the new one stands, and then removed."""
    if not (path.exists() or path.is_symlink()):
        os.replace(new, path)
    elif not _exchange(new, path):
        _swap_in_turn(new, path)


def _swap_in_turn(new: Path, path: Path) -> None:
    old = own_name(path, "old")
    held = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(held, fcntl.LOCK_EX)
        os.replace(path, old)
        try:
            os.replace(new, path)
        except BaseException:
            place(old, path)
            raise
        remove(old)
    finally:
        os.close(held)


def _exchange(one: Path, other: Path) -> bool:
    """Let two names change places at once; False where the system or its disk cannot."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        names = os.fsencode(one), os.fsencode(other)
        if sys.platform == "darwin":
            return library.renamex_np(*names, 2) == 0  # RENAME_SWAP
        return library.renameat2(-100, names[0], -100, names[1], 2) == 0  # AT_FDCWD, RENAME_EXCHANGE
    except (AttributeError, OSError):
        return False


def discard(path: Path) -> None:
    """Remove a folder, if there is one, so that it is gone at once, not piece by piece, or, on a disk that takes nothing,
    stays."""
    with suppress(OSError):
        gone = own_name(path, "new")
        os.rename(path, gone)
        remove(gone)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
