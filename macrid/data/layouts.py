"""The file layouts people keep interactions in: which one a path holds, and its columns, a row number for every fault.

`find` recognises a layout by what the files contain; a name only says which part of a layout a file plays. `read_blocks`
then reads it. Nothing is repaired or joined here: that is `interactions`. What describes the items is in `item_table`.
"""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv
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
_TAGS_HEADER = ["userid", "movieid", "tag", "timestamp"]
_HEAD_BYTES, _MAX_FILES = 1 << 16, 2000
_SEPARATOR = b"\x1f"  # stands for "::", as the fast reader takes one character


@contextmanager
def readable(where: str):
    """Turn whatever a file library throws into one line that names the file."""
    try:
        yield
    except InputError:
        raise
    except (RuntimeError, NotImplementedError) as error:  # zipfile: encrypted, or an unknown compression
        raise InputError(f"{where}: cannot be unpacked ({_line(error)}); unpack it yourself and give the folder") from None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, pa.ArrowException, csv.Error, UnicodeError) as error:
        raise InputError(f"{where}: cannot be read ({_line(error)}); check that the file is complete") from None


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")[:200]


class Tree:
    """The files of a folder, of a zip, or one file with its neighbours, all read alike.

    `names` are paths relative to the root with forward slashes; `only` is the one file the person gave, if they did.
    """

    def __init__(self, path: str | Path):
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

    def open(self, name: str) -> BinaryIO:
        return self._zip.open(name) if self._zip else (self.root / name).open("rb")

    def seen(self, name: str) -> Seen:
        """What the start of a file looks like (remembered)."""
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


def _match(columns: list[str], names: tuple[str, ...]) -> list[int]:
    """Which columns bear one of these names, in any case."""
    wanted = {n.lower() for n in names}
    return [k for k, column in enumerate(columns) if column.strip().lower() in wanted]


def _kind(columns: list[str]) -> str:
    if not _match(columns, ALIASES["item"]):
        return "text"
    return "table" if _match(columns, ALIASES["user"]) else "items"


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

    typed = [re.fullmatch(r"\s*([^:]+):(token|token_seq|float|float_seq)\s*", f) for f in first.split("\t")]
    if all(typed):
        columns = [m[1] for m in typed]
        kind = {"table": "atomic", "items": "atomic-items"}.get(_kind(columns), "text")
        return Seen(kind, f"RecBole columns {_list(columns)}", columns, "\t", False, skip + 1, [m[2] for m in typed])
    for kind, delimiter in (("udata", "\t"), ("dat", "::")):
        rows = [line.split(delimiter) for line in lines]
        if any(len(row) == 4 and _numeric(row) for row in rows):
            columns = ["user", "item", "rating", "time"]
            return Seen(kind, f"four columns separated by {delimiter!r}", columns, delimiter, False)
    if first.count("::") == 2 and first.split("::")[0].strip().isdigit():
        return Seen("dat-movies", "three columns separated by '::'", ["item_id", "title", "genres"], "::", False)
    if first.count("|") == 23 and set(first.split("|")[5:]) <= {"0", "1"}:
        return Seen("uitem", "24 columns separated by '|'", [*"abcde", *GENRES_100K], "|", False)

    headers = {d: [c.strip() for c in next(csv.reader([first], delimiter=d))] for d in ",\t;|"}
    roles = {d: sum(bool(_match(columns, names)) for names in ALIASES.values()) for d, columns in headers.items()}
    delimiter = max(headers, key=lambda d: (roles[d], len(headers[d])))  # the first of equals
    columns = headers[delimiter]
    return Seen(_kind(columns), f"columns {_list(columns)}", columns, delimiter, True, skip + 1)


def _list(columns: list[str]) -> str:
    return ", ".join(c[:30] for c in columns[:8]) + (" ..." if len(columns) > 8 else "")


def seekable(stream: BinaryIO):
    """The stream as Parquet's reader needs it; a zip's streams are read into memory."""
    return pa.BufferReader(stream.read()) if isinstance(stream, zipfile.ZipExtFile) else pa.PythonFile(stream)


# Recognition ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fit:
    """A layout found in one folder: the files with the interactions and what goes with them."""

    layout: str  # pro_sg, atomic, udata, dat, table
    folder: str  # relative to the root, "." at the top
    names: list[str]


def find(tree: Tree) -> Fit:
    """The one layout under a path, the topmost if they lie at several depths; an InputError if there is none or two."""
    if tree.only is not None:
        return _only(tree)
    folders: dict[int, dict[str, list[str]]] = {}
    for name in tree.names:
        folder = PurePosixPath(name).parent
        folders.setdefault(len(folder.parts), {}).setdefault(str(folder), []).append(name)
    for depth in sorted(folders):
        fits = [fit for folder, names in sorted(folders[depth].items()) for fit in _fits(tree, folder, names)]
        if len(fits) == 1:
            return fits[0]
        if fits:
            found = "; ".join(f"{', '.join(fit.names[:3])} ({fit.layout})" for fit in fits[:6])
            raise InputError(f"{tree.root}: {len(fits)} data sets fit equally well: {found}; give the path of the one meant")
    tops = [f"{n} ({tree.seen(n).says})" for n in tree.names[:6]]
    more = f" and {len(tree.names) - 6} more" if len(tree.names) > 6 else ""
    raise InputError(f"{tree.root}: holds no interactions; found {', '.join(tops)}{more}; {ACCEPTED}")


def _only(tree: Tree) -> Fit:
    name, where = tree.only, tree.shown(tree.only)
    seen = tree.seen(name)
    if seen.kind in ("table", "atomic", "udata", "dat"):
        if seen.kind == "table" and [c.lower() for c in seen.columns] == ["uid", "sid"] and "unique_sid.txt" in tree.names:
            raise InputError(f"{where}: is one part of a pro_sg data set; give the folder {tree.root}")
        return Fit(seen.kind, ".", [name])
    if seen.kind == "empty":
        raise InputError(f"{where}: is empty; give a file with a header line and one row for each interaction")
    if seen.kind == "binary":
        raise InputError(f"{where}: is not UTF-8 text, Parquet or zip; save it as one of these")
    missing = [role for role in ("user", "item") if not _match(seen.columns, ALIASES[role])]
    raise InputError(f"{where}: found {seen.says}, no column for {' and '.join(missing) or 'interactions'}; {ACCEPTED}")


def _fits(tree: Tree, folder: str, names: list[str]) -> list[Fit]:
    base = {PurePosixPath(n).name: n for n in names}
    fits = []
    parts = [base[f"{p}.csv"] for p in PARTS if f"{p}.csv" in base]
    if "unique_sid.txt" in base and any(tree.seen(n).kind == "table" for n in parts):
        missing = [f"{p}.csv" for p in PARTS if f"{p}.csv" not in base]
        if missing:
            raise InputError(f"{tree.shown(folder)}: the pro_sg layout lacks {', '.join(missing)}; "
                             "put all five parts beside unique_sid.txt")
        fits.append(Fit("pro_sg", folder, parts))
        base = {b: n for b, n in base.items() if n not in parts and b not in ("unique_sid.txt", "item_cate.csv")}
    kinds = {b: tree.seen(n) for b, n in base.items()}
    if "u.data" in base:  # GroupLens ships its own splits of u.data beside it
        kinds = {b: s for b, s in kinds.items() if not re.fullmatch(r"u[1-5ab]\.(base|test)", b)}
    parquet: dict[tuple, list[str]] = {}
    for b, seen in kinds.items():
        if seen.kind == "table" and not seen.delimiter:
            parquet.setdefault(tuple(seen.columns), []).append(base[b])
        elif seen.kind in ("atomic", "udata", "dat", "table") and [c.lower() for c in seen.columns] != _TAGS_HEADER:
            fits.append(Fit(seen.kind, folder, [base[b]]))
    return fits + [Fit("table", folder, sorted(part)) for part in parquet.values()]


# Columns -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Block:
    """The rows of one file: Arrow columns by role (user, item, and rating or time where it has them)."""

    where: str
    columns: dict[str, pa.ChunkedArray]
    row: Callable[[int], int]  # record index -> the 1-based line of the file (Parquet: row), found only when asked

    def __len__(self) -> int:
        return len(self.columns["user"])


def read_blocks(tree: Tree, fit: Fit) -> list[Block]:
    """Read the interactions of a layout, one block for each of its files."""
    out = []
    for name in fit.names:
        where, seen = tree.shown(name), tree.seen(name)
        columns = {}
        for role, aliases in ALIASES.items():
            hits = _match(seen.columns, aliases)
            if len(hits) > 1:
                both = " and ".join(repr(seen.columns[k]) for k in hits)
                raise InputError(f"{where}: the columns {both} both stand for the {role}; rename or drop one of them")
            if hits:
                columns[role] = hits[0]
        if not {"user", "item"} <= columns.keys():
            raise InputError(f"{where}: found {seen.says}, which lacks a column for user or item; {ACCEPTED}")
        with readable(where):
            out.append(_text(tree, name, seen, columns) if seen.delimiter else _parquet(tree, name, seen, columns))
    if not sum(map(len, out)):
        raise InputError(f"{out[0].where}: has no rows; give at least one interaction")
    return out


def _parquet(tree: Tree, name: str, seen: Seen, columns: dict[str, int]) -> Block:
    with tree.open(name) as stream:
        table = pa.parquet.read_table(seekable(stream), columns=[seen.columns[k] for k in columns.values()])
    return Block(tree.shown(name), {r: table[seen.columns[k]] for r, k in columns.items()}, lambda i: i + 1)


def _text(tree: Tree, name: str, seen: Seen, columns: dict[str, int]) -> Block:
    code = pa.dictionary(pa.int32(), pa.string())
    names = [str(k) for k in range(len(seen.columns))]
    wide = len(seen.delimiter) > 1
    with tree.open(name) as stream:
        source = pa.BufferReader(stream.read().replace(seen.delimiter.encode(), _SEPARATOR)) if wide else stream
        try:
            table = pa.csv.read_csv(
                source,
                pa.csv.ReadOptions(column_names=names, skip_rows=seen.skip, block_size=1 << 23),
                pa.csv.ParseOptions(
                    delimiter=_SEPARATOR.decode() if wide else seen.delimiter,
                    quote_char='"' if seen.quoted else False,
                    newlines_in_values=seen.quoted,
                ),
                pa.csv.ConvertOptions(
                    include_columns=[names[k] for k in columns.values()],
                    column_types={names[k]: code if r in ("user", "item") else pa.string() for r, k in columns.items()},
                ),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV" not in str(error):
                raise explain(tree, name, seen, error) from None
            table = pa.table({n: pa.array([], pa.string()) for n in names})

    def row(index: int) -> int:
        return _line_of(tree, name, seen, index)

    return Block(tree.shown(name), {r: table[names[k]] for r, k in columns.items()}, row)


def explain(tree: Tree, name: str, seen: Seen, error: Exception) -> InputError:
    """Find the row that the fast reader stumbled over (it works on blocks and cannot say)."""
    where = tree.shown(name)
    for line, fields in records(tree, name, seen, "replace"):
        if len(fields) != len(seen.columns):
            found = f"has {len(fields)} fields, not {len(seen.columns)}"
            return InputError(f"{where}, row {line}: {found}; mend or drop the row")
        if any("�" in f for f in fields):
            return InputError(f"{where}, row {line}: is not UTF-8 text; save the file as UTF-8")
    return InputError(f"{where}: cannot be read ({_line(error)}); check its quotes and separators")


def _line_of(tree: Tree, name: str, seen: Seen, index: int) -> int:
    return next(islice(records(tree, name, seen, "replace"), index, None), (index + 1 + seen.skip, None))[0]


def records(tree: Tree, name: str, seen: Seen, errors: str = "strict") -> Iterator[tuple[int, list[str]]]:
    """The records of a text file, blank lines left out, each with the line it starts on."""
    encoding = "utf-8-sig"
    if seen.kind in ("uitem", "dat-movies"):  # GroupLens wrote these in Latin-1; copies in UTF-8 exist
        with tree.open(name) as stream:
            try:
                stream.read().decode("utf-8")
            except UnicodeDecodeError:
                encoding = "latin-1"
    with tree.open(name) as raw, io.TextIOWrapper(raw, encoding, errors, newline="" if seen.quoted else None) as stream:
        for _ in range(seen.skip):
            stream.readline()
        if not seen.quoted:
            for line, text in enumerate(stream, seen.skip + 1):
                if text.strip("\r\n"):
                    yield line, text.rstrip("\r\n").split(seen.delimiter)
            return
        reader = csv.reader(stream, delimiter=seen.delimiter)
        line = 1
        for fields in reader:
            if fields:
                yield line + seen.skip, fields
            line = reader.line_num + 1


def blank(value: str) -> bool:
    """Whether an id stands for nothing: empty, or one of the words that programs write for a missing value."""
    return value.strip().lower() in ("", "nan", "na", "<na>", "null", "none", "nat")
