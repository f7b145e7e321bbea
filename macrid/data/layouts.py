"""The file layouts people keep interactions in: which one a path holds, and its columns, a row number for every fault.

`find` recognises a layout by what the files contain (see `tree`); a name only says which part of a layout a file plays.
`read_blocks` then reads it. Nothing is repaired or joined here: that is `interactions`. What describes the items is in
`item_table`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from macrid.errors import InputError

from .tree import ACCEPTED, ALIASES, PARTS, Seen, Tree, matching, one_line, readable, seekable

TAGS_HEADER = ["userid", "movieid", "tag", "timestamp"]
_SEPARATOR = b"\x1f"  # stands for "::", as the fast reader takes one character


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
        return _only(tree, tree.only)
    folders: dict[int, dict[str, list[str]]] = {}
    for name in tree.names:
        folder = PurePosixPath(name).parent
        folders.setdefault(len(folder.parts), {}).setdefault(str(folder), []).append(name)
    for depth in sorted(folders):
        fits = [fit for folder, names in sorted(folders[depth].items()) for fit in _fits(tree, folder, names)]
        if len(fits) == 1:
            return fits[0]
        if fits:
            which = "; ".join(f"{', '.join(fit.names[:3])} ({fit.layout})" for fit in fits[:6])
            raise InputError(f"{tree.root}: {len(fits)} data sets fit equally well: {which}; give the path of the one meant")
    tops = [f"{n} ({tree.seen(n).says})" for n in tree.names[:6]]
    more = f" and {len(tree.names) - 6} more" if len(tree.names) > 6 else ""
    raise InputError(f"{tree.root}: holds no interactions; found {', '.join(tops)}{more}; {ACCEPTED}")


def _only(tree: Tree, name: str) -> Fit:
    """The layout of the one file that was given."""
    where, seen = tree.shown(name), tree.seen(name)
    if seen.kind in ("table", "atomic", "udata", "dat"):
        if seen.kind == "table" and [c.lower() for c in seen.columns] == ["uid", "sid"] and "unique_sid.txt" in tree.names:
            raise InputError(f"{where}: is one part of a pro_sg data set; give the folder {tree.root}")
        return Fit(seen.kind, ".", [name])
    if seen.kind == "empty":
        raise InputError(f"{where}: is empty; give a file with a header line and one row for each interaction")
    if seen.kind == "binary":
        raise InputError(f"{where}: is not UTF-8 text, Parquet or zip; save it as one of these")
    missing = [role for role in ("user", "item") if not matching(seen.columns, ALIASES[role])]
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
        elif seen.kind in ("atomic", "udata", "dat", "table") and [c.lower() for c in seen.columns] != TAGS_HEADER:
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
    blocks = []
    for name in fit.names:
        where, seen = tree.shown(name), tree.seen(name)
        columns = {}
        for role, aliases in ALIASES.items():
            hits = matching(seen.columns, aliases)
            if len(hits) > 1:
                both = " and ".join(repr(seen.columns[k]) for k in hits)
                raise InputError(f"{where}: the columns {both} both stand for the {role}; rename or drop one of them")
            if hits:
                columns[role] = hits[0]
        if not {"user", "item"} <= columns.keys():
            raise InputError(f"{where}: found {seen.says}, which lacks a column for user or item; {ACCEPTED}")
        with readable(where):
            blocks.append(_text(tree, name, seen, columns) if seen.delimiter else _parquet(tree, name, seen, columns))
    if not sum(map(len, blocks)):
        raise InputError(f"{blocks[0].where}: has no rows; give at least one interaction")
    return blocks


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
    """An error that names the row at which the fast reader failed (it reads in blocks and cannot say)."""
    where = tree.shown(name)
    for line, fields in records(tree, name, seen, "replace"):
        if len(fields) != len(seen.columns):
            return InputError(f"{where}, row {line}: has {len(fields)} fields, not {len(seen.columns)}; "
                              "mend or drop the row")
        if any("�" in f for f in fields):
            return InputError(f"{where}, row {line}: is not UTF-8 text; save the file as UTF-8")
    return InputError(f"{where}: cannot be read ({one_line(error)}); check its quotes and separators")


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
