"""The files under a path or an address, in a folder, a zip or alone, each opened as if nobody had compressed it."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import pyarrow as pa

from macrid.errors import InputError

from .remote import Remote, is_address

_MAX_FILES = 20_000
_PACKED = re.compile(r"\.(gz|gzip|bz2|zst|zstd|xz|zip)$", re.IGNORECASE)
_TAR = re.compile(r"\.(tar(\.\w+)?|tgz|tbz2?|txz|tzst)$", re.IGNORECASE)
_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip"}

_UNPACK: dict[str, Callable[[IO[bytes]], Any]] = {
    "gzip": lambda stream: gzip.GzipFile(fileobj=stream), "bzip2": bz2.BZ2File, "xz": lzma.LZMAFile,
    "zstd": lambda stream: pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd"),  # frame after frame
}


@contextmanager
def readable(where: str) -> Iterator[None]:
    """Turn whatever a file library raises into one line that names the file."""
    try:
        yield
    except InputError:
        raise
    except (RuntimeError, NotImplementedError) as error:  # zipfile: encrypted, or an unknown compression
        raise InputError(f"{where}: cannot be unpacked ({one_line(error)}); "
                         "unpack it yourself and give the folder") from None
    except (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, pa.ArrowException,
            csv.Error, UnicodeError) as error:
        raise InputError(f"{where}: cannot be read ({one_line(error)}); check that the file is complete") from None


def one_line(error: Exception) -> str:
    """The first line of what a library says of an error, for a message."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")[:200]


class _Zip:
    """The files of a zip."""

    def __init__(self, path: Path) -> None:
        self._file = zipfile.ZipFile(path)
        self.sizes = {i.filename: i.compress_size for i in self._file.infolist() if not i.is_dir()}

    def open(self, name: str) -> IO[bytes]:
        return self._file.open(name)

    def close(self) -> None:
        self._file.close()


class _Tar:
    """The files of a tar, itself packed or not: a packed one is unpacked, as a whole, into a temporary file first. Links and
    the like are not looked at, so that nothing outside can be meant."""

    def __init__(self, path: Path) -> None:
        with ExitStack() as open_here:
            stream: IO[bytes] = open_here.enter_context(path.open("rb"))
            packing = _packing(stream)
            if packing in _UNPACK:
                plain = open_here.enter_context(tempfile.TemporaryFile())
                shutil.copyfileobj(_UNPACK[packing](stream), plain, 1 << 20)
                plain.seek(0)
                stream = plain
            self._file = open_here.enter_context(tarfile.open(fileobj=stream))
            self._open = open_here.pop_all()
        self._members = {member.name.removeprefix("./"): member for member in self._file if member.isreg()}
        self.sizes = {name: member.size for name, member in self._members.items()}

    def open(self, name: str) -> IO[bytes]:
        return cast(IO[bytes], self._file.extractfile(self._members[name]))

    def close(self) -> None:
        self._open.close()


class Tree:
    """The files of a folder, of a zip or tar, one file with its neighbours, or those at an address, all read alike.

    `names` are paths relative to the root with forward slashes; `only` is the one file the person gave, if they did.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path).expanduser()
        self.only: str | None = None
        self._archive: _Zip | _Tar | Remote | None = None
        self._told: Callable[[int], None] | None = None
        self.root: Path | str
        with readable(str(path)):
            if is_address(path):
                self._archive = remote = Remote(str(path))
                self.root, self.only, names = remote.root, remote.only, list(remote.sizes)
            else:
                self.root, names = self._local(self._path)
        if len(names) > _MAX_FILES:
            raise InputError(f"{path}: holds more than {_MAX_FILES} files; give the data set's own folder")
        self.names = sorted(n for n in names if not any(p.startswith((".", "__MACOSX")) for p in PurePosixPath(n).parts))
        if not self.names and self.only is None:
            raise InputError(f"{path}: holds no files; give a file, a folder or a zip with a file of interactions")

    def _local(self, path: Path) -> tuple[Path, list[str]]:
        """The root and the files of a path on this machine."""
        if not path.exists():
            raise InputError(f"{path}: no such file or folder; check the path")
        if path.is_dir():
            return path, self._walk(path)
        if not path.is_file():  # a pipe would wait for whoever writes to it
            raise InputError(f"{path}: is neither a file nor a folder; write what it gives to a file first")
        if zipfile.is_zipfile(path) and not _is_workbook(path):
            self._archive = _Zip(path)
        elif _TAR.search(path.name):
            self._archive = _Tar(path)
        elif path.suffix.lower() == ".zip":
            raise InputError(f"{path}: is not a zip file, or it is cut off; get it again")
        if self._archive:
            return path, list(self._archive.sizes)
        self.only = path.name
        return path.parent, [entry.name for entry in path.parent.iterdir() if entry.is_file()]

    @property
    def name(self) -> str:
        """What a data set there is called."""
        if isinstance(self._archive, Remote):
            return PurePosixPath(self.only).stem if self.only else PurePosixPath(str(self.root)).name
        whole = self._path.resolve()
        return whole.name if whole.is_dir() else whole.stem

    def _walk(self, folder: Path) -> list[str]:
        names: list[str] = []
        for place, folders, files in os.walk(folder):
            folders[:] = [f for f in folders if not f.startswith(".")]
            paths = (Path(place) / f for f in files)
            names += [p.relative_to(folder).as_posix() for p in paths if p.is_file()]  # no dangling link, no pipe
            if len(names) > _MAX_FILES:
                break
        return names

    def shown(self, name: str) -> str:
        """The name of a file as messages show it."""
        return str(self.root / name) if isinstance(self.root, Path) else f"{self.root}/{name}".removesuffix("/.")

    def size(self, name: str) -> int:
        """The bytes that a file takes where it lies."""
        return self._archive.sizes[name] if self._archive else self._path_of(name).stat().st_size

    def stamp(self, name: str) -> str:
        """What changes when a file is written again: of an archive, when that is."""
        if isinstance(self._archive, Remote):
            return self._archive.stamps[name]
        return str((self._path if self._archive else self._path_of(name)).stat().st_mtime_ns)

    def is_packed(self, name: str) -> bool:
        """Whether `size` is that of packed bytes: the name says so, or it lies in a zip; a tar tells of them unpacked."""
        return bool(_PACKED.search(name)) or isinstance(self._archive, _Zip)

    def _path_of(self, name: str) -> Path:
        return Path(self.root) / name

    def raw(self, name: str) -> IO[bytes]:
        """A file as it lies there, packed or not."""
        stream = self._archive.open(name) if self._archive else self._path_of(name).open("rb")
        return cast(IO[bytes], io.BufferedReader(_Counted(stream, self._told))) if self._told else stream

    def count(self, names: list[str], progress: Callable[[int, int], None] | None) -> None:
        """From now on, tell `progress` of the bytes that are read, of those of these files; None: no more."""
        total, done = sum(map(self.size, names)), 0

        def told(n: int) -> None:
            nonlocal done
            done += n
            if progress:
                progress(min(done, total), total)

        self._told = told if progress else None

    def open(self, name: str) -> IO[bytes]:
        """A file, unpacked on the way: gzip, bzip2, zstd, xz, or a zip that holds one file; told by its first bytes."""
        stream = self.raw(name)
        packing = _packing(stream)
        if packing is None or (packing == "zip" and _is_workbook(stream)):
            return stream
        inner = self._inner(name, stream) if packing == "zip" else _UNPACK[packing](stream)
        return cast(IO[bytes], io.BufferedReader(_Unpacked(inner, stream)))

    def _inner(self, name: str, stream: IO[bytes]) -> IO[bytes]:
        """The one file of a zip among the files."""
        inner = zipfile.ZipFile(stream)
        files = [i for i in inner.infolist() if not i.is_dir() and not i.filename.startswith("__MACOSX")]
        if len(files) != 1:
            raise InputError(f"{self.shown(name)}: holds {len(files)} files; give this zip itself, or unpack it")
        return inner.open(files[0])

    def __enter__(self) -> Tree:
        return self

    def __exit__(self, *_: object) -> None:
        if self._archive:
            self._archive.close()


class _Counted(io.RawIOBase):
    """A stream that tells how many bytes are read."""

    def __init__(self, stream: IO[bytes], told: Callable[[int], None]) -> None:
        self._stream, self._told = stream, told

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._told(len(data))
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


class _Unpacked(io.RawIOBase):
    """What is unpacked from a stream, which is closed with it."""

    def __init__(self, inner: IO[bytes] | pa.NativeFile, outer: IO[bytes]) -> None:
        self._inner, self._outer = inner, outer

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._inner.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
            self._outer.close()
        super().close()


def _packing(stream: IO[bytes]) -> str | None:
    """How a stream is packed, by its first bytes; it then stands at its start again."""
    head = stream.read(max(map(len, _MAGIC)))
    stream.seek(0)
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


def unpacked_name(name: str) -> str:
    """A file's name without what says that it is packed: `ratings.csv` for `ratings.csv.gz`."""
    return _PACKED.sub("", name)


def _is_workbook(source: Path | IO[bytes]) -> bool:
    """Whether a zip is one of Excel's workbooks."""
    try:
        with zipfile.ZipFile(source) as inner:
            return "xl/workbook.xml" in inner.namelist()
    except zipfile.BadZipFile:
        return False
    finally:
        if not isinstance(source, Path):
            source.seek(0)


def seekable(stream: IO[bytes]) -> pa.NativeFile:
    """The stream as Parquet's reader needs it; what is unpacked on the way is read into memory."""
    lies_there = isinstance(stream, io.BufferedReader) and stream.seekable()
    return pa.PythonFile(stream, mode="r") if lies_there else pa.BufferReader(stream.read())
