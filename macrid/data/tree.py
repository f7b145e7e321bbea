"""The files under a path, in a folder, a zip or alone, and what the start of each one says that it is."""

from __future__ import annotations

import csv
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

import pyarrow as pa
import pyarrow.parquet

from macrid.errors import InputError

PARTS = ("train", "validation_tr", "validation_te", "test_tr", "test_te")
ALIASES = {  # any case; the first is the name we prefer
    "user": ("user_id", "userId", "user", "uid", "customer_id", "visitor_id"),
    "item": ("item_id", "itemId", "movieId", "item", "sid", "product_id"),
    "rating": ("rating", "score", "stars"),
    "time": ("timestamp", "time"),
}
ACCEPTED = (
    "accepted: GroupLens (u.data, ratings.dat, ratings.csv), RecBole atomic files (*.inter), pro_sg (unique_sid.txt, "
    + ", ".join(f"{part}.csv" for part in PARTS)
    + "), or CSV, TSV or Parquet with the columns "
    + " and ".join(f"{role} ({', '.join(ALIASES[role])})" for role in ("user", "item"))
)
GENRES_100K = [  # the flags of u.item, in its order
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
]
_HEAD_BYTES, _MAX_FILES = 1 << 16, 2000


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
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, pa.ArrowException, csv.Error, UnicodeError) as error:
        raise InputError(f"{where}: cannot be read ({one_line(error)}); check that the file is complete") from None


def one_line(error: Exception) -> str:
    """The first line of what a library says of an error, for a message."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")[:200]


class Tree:
    """The files of a folder, of a zip, or one file with its neighbours, all read alike.

    `names` are paths relative to the root with forward slashes; `only` is the one file the person gave, if they did.
    """

    def __init__(self, path: str | Path) -> None:
        path = Path(path).expanduser()
        self.only: str | None = None
        self._zip: zipfile.ZipFile | None = None
        self._seen: dict[str, Seen] = {}
        with readable(str(path)):
            if not path.exists():
                raise InputError(f"{path}: no such file or folder; check the path")
            self.root = path
            if path.is_dir():
                names = self._walk(path)
            elif zipfile.is_zipfile(path):
                self._zip = zipfile.ZipFile(path)
                names = [i.filename for i in self._zip.infolist() if not i.is_dir()]
            elif path.suffix.lower() == ".zip":
                raise InputError(f"{path}: is not a zip file, or it is cut off; get it again")
            else:
                self.root, self.only = path.parent, path.name
                names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
        self.names = sorted(n for n in names if not any(p.startswith((".", "__MACOSX")) for p in PurePosixPath(n).parts))
        if not self.names and self.only is None:
            raise InputError(f"{path}: holds no files; {ACCEPTED}")

    def _walk(self, folder: Path) -> list[str]:
        names: list[str] = []
        for place, folders, files in os.walk(folder):
            folders[:] = [f for f in folders if not f.startswith(".")]
            paths = (Path(place) / f for f in files)
            names += [p.relative_to(folder).as_posix() for p in paths if p.is_file()]  # no dangling link, no pipe
            if len(names) > _MAX_FILES:
                raise InputError(f"{folder}: holds more than {_MAX_FILES} files; give the data set's own folder")
        return names

    def shown(self, name: str) -> str:
        """The name of a file as messages show it."""
        return str(self.root / name)

    def open(self, name: str) -> IO[bytes]:
        return self._zip.open(name) if self._zip else (self.root / name).open("rb")

    def seen(self, name: str) -> Seen:
        """What the start of a file looks like (cached)."""
        if name not in self._seen:
            with readable(self.shown(name)):
                self._seen[name] = _sniff(self, name)
        return self._seen[name]

    def __enter__(self) -> Tree:
        return self

    def __exit__(self, *_: object) -> None:
        if self._zip:
            self._zip.close()


@dataclass(frozen=True)
class Seen:
    """What a file turned out to be: its kind, words for a message, its columns and how the text is cut up."""

    kind: str  # table, items, atomic, atomic-items, udata, uitem, dat, dat-movies, text, empty or binary
    says: str
    columns: list[str] = field(default_factory=list)
    delimiter: str = ","  # "" for Parquet
    quoted: bool = True
    skip: int = 0  # lines before the first record
    types: list[str] = field(default_factory=list)  # RecBole's column types


def matching(columns: list[str], names: tuple[str, ...]) -> list[int]:
    """Which columns have one of these names, in any case."""
    wanted = {n.lower() for n in names}
    return [k for k, column in enumerate(columns) if column.strip().lower() in wanted]


def _kind(columns: list[str]) -> str:
    if not matching(columns, ALIASES["item"]):
        return "text"
    return "table" if matching(columns, ALIASES["user"]) else "items"


def _numeric(fields: list[str]) -> bool:
    return all(re.fullmatch(r"\s*-?\d+(\.\d*)?\s*", f) for f in fields)


def _sniff(tree: Tree, name: str) -> Seen:
    with tree.open(name) as stream:
        head = stream.read(_HEAD_BYTES)
    if head[:4] == b"PAR1":
        with tree.open(name) as stream:
            columns = pa.parquet.read_schema(seekable(stream)).names
        return Seen(_kind(columns), f"Parquet with columns {_list(columns)}", columns, delimiter="")
    if b"\0" in head:
        return Seen("binary", "not UTF-8 text")
    lines = head.decode("utf-8-sig", "replace").splitlines()
    skip = next((k for k, line in enumerate(lines) if line.strip()), None)
    if skip is None:
        return Seen("empty", "empty")
    lines = [line for line in lines[: skip + 20] if line.strip()]
    first = lines[0]
    if len(lines) > 1 and len(head) == _HEAD_BYTES:
        lines = lines[:-1]  # the last one may be cut off
    return _atomic(first, skip) or _grouplens(lines) or _headed(first, skip)


def _atomic(first: str, skip: int) -> Seen | None:
    """RecBole's atomic files: a header of `name:type`."""
    typed = [re.fullmatch(r"\s*([^:]+):(token|token_seq|float|float_seq)\s*", f) for f in first.split("\t")]
    matches = [match for match in typed if match]
    if len(matches) < len(typed):
        return None
    columns = [match[1] for match in matches]
    kind = {"table": "atomic", "items": "atomic-items"}.get(_kind(columns), "text")
    return Seen(kind, f"RecBole columns {_list(columns)}", columns, "\t", False, skip + 1, [match[2] for match in matches])


def _grouplens(lines: list[str]) -> Seen | None:
    """GroupLens' files without a header: ratings (100k, 1m, 10m) and items."""
    first = lines[0]
    for kind, delimiter in (("udata", "\t"), ("dat", "::")):
        rows = [line.split(delimiter) for line in lines]
        if any(len(row) == 4 and _numeric(row) for row in rows):
            columns = ["user", "item", "rating", "time"]
            return Seen(kind, f"four columns separated by {delimiter!r}", columns, delimiter, False)
    if first.count("::") == 2 and first.split("::")[0].strip().isdigit():
        return Seen("dat-movies", "three columns separated by '::'", ["item_id", "title", "genres"], "::", False)
    if first.count("|") == 23 and set(first.split("|")[5:]) <= {"0", "1"}:
        return Seen("uitem", "24 columns separated by '|'", [*"abcde", *GENRES_100K], "|", False)
    return None


def _headed(first: str, skip: int) -> Seen:
    """Anything else is taken for text with a header, cut by the delimiter that gives the most columns we know."""
    headers = {d: [c.strip() for c in next(csv.reader([first], delimiter=d))] for d in ",\t;|"}
    roles = {d: sum(bool(matching(columns, names)) for names in ALIASES.values()) for d, columns in headers.items()}
    delimiter = max(headers, key=lambda d: (roles[d], len(headers[d])))  # the first of equals
    columns = headers[delimiter]
    return Seen(_kind(columns), f"columns {_list(columns)}", columns, delimiter, True, skip + 1)


def _list(columns: list[str]) -> str:
    return ", ".join(c[:30] for c in columns[:8]) + (" ..." if len(columns) > 8 else "")


def seekable(stream: IO[bytes]) -> pa.NativeFile:
    """The stream as Parquet's reader needs it; a zip's streams are read into memory."""
    return pa.BufferReader(stream.read()) if isinstance(stream, zipfile.ZipExtFile) else pa.PythonFile(stream)
