"""Files that lie elsewhere than on the disks of this machine, at an address of fsspec: s3://bucket/folder, gs://, memory://."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import IO, cast

from macrid.errors import InputError

_STAMPS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "updated", "created")


def is_address(path: str | Path) -> bool:
    """Whether this is an address rather than a path."""
    return bool(re.match(r"[a-z][a-z0-9+.-]+://", str(path), re.IGNORECASE))


class Remote:
    """The files of a folder at an address, or one file there, `only`, and its neighbours. sizes: by name, in bytes; stamps:
    by name, what changes when a file is written again."""

    def __init__(self, address: str) -> None:
        """Raises InputError, one line with the address and the remedy, where nothing can be found there."""
        try:
            import fsspec

            self._files, place = fsspec.core.url_to_fs(address)
            folder = self._files.isdir(place)
            if not folder and not self._files.isfile(place):
                raise InputError(f"{address}: no such file or folder; check the address")
            parent, _, last = place.rstrip("/").rpartition("/")
            self._place = place.rstrip("/") if folder else parent
            there = self._files.find(self._place, maxdepth=None if folder else 1, detail=True)
        except InputError:
            raise
        except ImportError as error:
            raise InputError(f"{address}: {error}; s3:// needs pip install 'macrid[s3]'") from None
        except Exception as error:  # each service has errors of its own for a key, a name or a network
            said = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            raise InputError(f"{address}: cannot be reached ({said}); check the address, and what gives access") from None
        self.only = None if folder else last
        self.root = address.rstrip("/") if folder else address.rstrip("/").rpartition("/")[0]
        infos = {name.removeprefix(self._place).lstrip("/"): info for name, info in there.items()}
        self.sizes = {name: int(info["size"]) for name, info in infos.items()}
        self.stamps = {name: str(next((info[key] for key in _STAMPS if key in info), "")) for name, info in infos.items()}

    def open(self, name: str) -> IO[bytes]:
        """A file as it lies there."""
        return cast(IO[bytes], io.BufferedReader(self._files.open(f"{self._place}/{name}", "rb")))

    def close(self) -> None:
        """Nothing is held."""
