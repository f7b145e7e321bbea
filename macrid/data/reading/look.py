"""What the start of a file says that it is: a table with a header or without, one of the field's own shapes, or neither."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

from macrid.errors import InputError

from .names import called, known, listed, plain
from .text import Cut, decoded, encoding_of
from .tree import Tree, readable, seekable, unpacked_name

GENRES_100K = [  # the flags of u.item, in its order
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
]
EVENT_WORDS = frozenset([
    "pv", "buy", "cart", "fav", "click", "view", "purchase", "play", "transaction", "addtocart", "add_to_cart", "order",
    "like", "remove_from_cart", "clicks", "carts", "orders", "views", "purchases",
    "wishlist", "impression", "detail", "download", "install", "favorite", "checkout", "share", "skip",
])
TYPED = ("parquet", "feather", "excel", "json")
SHAPES = ("atomic", "table", "bare", "lists", "counted", "wide", "netflix", "mind", *TYPED)  # what may hold interactions
_HEAD = 1 << 16
_ROWS = 40
OLD_EXCEL = b"\xd0\xcf\x11\xe0"  # with which .xls begins
_BINARY = {b"%PDF": "a PDF", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture", b"\x89HDF": "HDF5",
           b"7z\xbc\xaf": "a 7z archive", b"Rar!": "a rar archive",
           b"SQLite format 3": "a database of SQLite", b"ORC": "ORC", b"Obj\x01": "Avro"}


@dataclass(frozen=True)
class Look:
    """What a file turned out to be."""

    kind: str  # one of SHAPES, or uitem, dat-movies (GroupLens' items), text, empty, binary
    says: str  # in words, for a message
    columns: list[str] = field(default_factory=list)  # "1", "2", ... where there is no header
    cut: Cut = field(default_factory=Cut)
    head: list[list[Any]] = field(default_factory=list)  # the first rows
    types: list[str] = field(default_factory=list)  # RecBole's column types
    header: bool | None = True  # None: the first line was taken for one for want of a better reading
    nest: str = ""  # of JSON objects that hold a list of objects, the rows: under which name


def look(tree: Tree, name: str, asked: Iterable[str] = ()) -> Look:
    """What the start of a file says that it is. asked: names of columns that the person gave, which make a line a header."""
    with readable(tree.shown(name)):
        with tree.open(name) as stream:
            head = stream.read(_HEAD)
        typed = _typed(tree, name, head)
        if typed:
            return typed
        binary = next((kind for magic, kind in _BINARY.items() if head.startswith(magic)), None)
        encoding = encoding_of(head)
        if binary or encoding is None:
            return Look("binary", binary or "not text")
        return _text(tree, name, head, encoding, list(asked))


def _typed(tree: Tree, name: str, head: bytes) -> Look | None:
    """Files that carry the types of their columns: Parquet, Feather, Excel."""
    if head[:4] == b"PAR1":
        with tree.open(name) as stream:
            schema = pa.parquet.read_schema(seekable(stream))
        return _of_schema("parquet", schema)
    if head[:6] == b"ARROW1" or head[:4] == b"FEA1":
        with tree.open(name) as stream:
            return _of_schema("feather", pa.feather.read_table(seekable(stream), memory_map=False).schema)
    if head[:4] in (b"PK\x03\x04", OLD_EXCEL):
        from .typed import sheet

        rows = sheet(tree, name, _ROWS)
        if not rows:
            return Look("empty", "an empty sheet")
        columns = ["" if c is None else str(c) for c in rows[0]]
        return Look("excel", f"a sheet of Excel with columns {listed(columns)}", columns, head=rows[1:])
    return None


def _of_schema(kind: str, schema: pa.Schema) -> Look:
    return Look(kind, f"{kind.capitalize()} with columns {listed(schema.names)}", list(schema.names),
                types=[str(t) for t in schema.types])


def _text(tree: Tree, name: str, head: bytes, encoding: str, asked: Sequence[str]) -> Look:
    text = decoded(head, encoding)
    cut = Cut(encoding=encoding, returns="\n" not in text and "\r" in text.strip())
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(head) >= _HEAD and len(lines) > 1:
        lines.pop()  # the last one may be cut off
    skip = 0
    told = re.fullmatch(r'"?sep=(.)"?', lines[0].strip("\ufeff "), re.IGNORECASE)  # what Excel puts before some files
    while skip < len(lines) and (not lines[skip].strip() or lines[skip].startswith(("%", "#")) or (told and not skip)):
        skip += 1
    lines = [line for line in lines[skip : skip + _ROWS] if line.strip()]
    if not lines:
        return Look("empty", "empty")
    cut = replace(cut, skip=skip)
    return (_json(lines) or _atomic(lines[0], cut) or _grouplens(lines, cut) or _lines_of_one_kind(lines, cut)
            or _table(lines, cut, told[1] if told else None, asked, unpacked_name(PurePosixPath(name).name)))


def parsed(line: str) -> object:
    """One line of JSON, or of Python as older dumps of Amazon and Steam write it. Raises ValueError for anything else."""
    try:
        return json.loads(line)
    except ValueError:
        try:
            return ast.literal_eval(line.strip())
        except (SyntaxError, TypeError, MemoryError, RecursionError):
            raise ValueError("not JSON") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _json(lines: list[str]) -> Look | None:
    """Objects of JSON, one on each line or in an array."""
    first = lines[0].lstrip()
    if not first.startswith(("{", "[")) or not (re.match(r"[\[{]\s*($|[\[\]{}\"'u])", first) or _is_value(first)):
        return None
    objects = _objects(lines)
    if len(objects) == 1:  # perhaps one that holds the others
        inner = [v for v in objects[0].values() if isinstance(v, list) and v and all(isinstance(row, dict) for row in v)]
        objects = inner[0] if len(inner) == 1 and not known(list(objects[0])) else objects
    whole = objects or _in_array("\n".join(lines))
    nest = _nest(whole)
    if nest:
        objects = [{key: value for key, value in row.items() if key != nest} | inner for row in whole
                   if isinstance(row.get(nest), list) for inner in row[nest]]
    if objects:
        columns = list(dict.fromkeys(str(key) for row in objects for key in row))
        rows = [[row.get(c) for c in columns] for row in objects]
        return Look("json", f"JSON objects with {listed(columns)}", columns, head=rows, nest=nest)
    # an array, or one object on many lines
    keys = list(dict.fromkeys(re.findall(r'"((?:[^"\\]|\\.)*)"\s*:', "\n".join(lines))))
    return Look("json", f"JSON with {listed(keys) or 'no objects'}", keys)


def _in_array(text: str) -> list[dict]:
    """The objects with which an array of JSON begins, as far as they are there whole."""
    decoder, at, objects = json.JSONDecoder(), text.find("{"), list[dict]()
    while at >= 0 and text.lstrip().startswith("[") and len(objects) < _ROWS:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        objects.append(value)
        at = text.find("{", end)
    return objects


def _nest(objects: Sequence[dict]) -> str:
    """The name under which objects of users hold lists of objects of items; "" if they do not."""
    outer = list(dict.fromkeys(str(key) for row in objects for key in row))
    if not called(outer, "user") or called(outer, "item", weak=False):
        return ""
    for key in outer:
        lists = [row.get(key) for row in objects]
        inner = [row for rows in lists if isinstance(rows, list) for row in rows]
        if inner and all(isinstance(row, dict) for row in inner) and called(list(inner[0]), "item"):
            return key
    return ""


def _is_value(line: str) -> bool:
    """Whether a line is a value of JSON."""
    try:
        parsed(line)
    except ValueError:
        return False
    return True


def _objects(lines: list[str]) -> list[dict]:
    """The objects of some lines, up to the first that is none; nothing if one is something else."""
    objects = []
    for line in lines:
        try:
            value = parsed(line.strip().rstrip(","))
        except ValueError:
            break
        if not isinstance(value, dict):
            return []
        objects.append(value)
    return objects


def _atomic(first: str, cut: Cut) -> Look | None:
    """RecBole's atomic files: a header of `name:type`."""
    for delimiter in "\t,; ":
        typed = [re.fullmatch(r"\s*([^:]+):(token|token_seq|float|float_seq)\s*", f) for f in first.split(delimiter)]
        matches = [match for match in typed if match]
        if len(matches) == len(typed):
            columns = [match[1] for match in matches]
            return Look("atomic", f"RecBole columns {listed(columns)}", columns,
                        replace(cut, delimiter=delimiter, quotes="none", skip=cut.skip + 1), types=[m[2] for m in matches])
    return None


def numeric(fields: Iterable[str]) -> bool:
    """Whether all of these texts are numbers."""
    return all(re.fullmatch(r"\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*", f) for f in fields)


def _grouplens(lines: list[str], cut: Cut) -> Look | None:
    """GroupLens' items without a header."""
    first = lines[0]
    if first.count("::") == 2 and first.split("::")[0].strip().isdigit():
        return Look("dat-movies", "three columns separated by '::'", ["item_id", "title", "genres"],
                    replace(cut, delimiter="::", quotes="none"))
    if first.count("|") == 23 and set(first.split("|")[5:]) <= {"0", "1"}:
        return Look("uitem", "24 columns separated by '|'", [*"abcde", *GENRES_100K],
                    replace(cut, delimiter="|", quotes="none"))
    return None


def _lines_of_one_kind(lines: list[str], cut: Cut) -> Look | None:
    """Shapes in which a line is more than a row: the Netflix Prize, MIND, lists of items."""
    cut = replace(cut, quotes="none")
    if len(lines) > 1 and re.fullmatch(r"\s*\d+:\s*", lines[0]) and lines[1].count(",") == 2:
        return Look("netflix", "lines `movie:` and `user,rating,date`", ["item", "user", "rating", "time"], cut)
    shown = r"\S+-[01]( \S+-[01])*"
    if all(line.count("\t") == 4 and re.fullmatch(shown, line.split("\t")[4].strip()) for line in lines):
        return Look("mind", "MIND's behaviours", ["user", "item", "label", "time"], cut)
    words = [line.split() for line in lines]
    widths = {len(w) for w in words}
    if len(lines) > 1 and len(widths) > 1 and all(w.isdigit() for row in words for w in row):
        if all(int(row[0]) == len(row) - 1 for row in words):
            return Look("counted", "a line for each user: how many items, and these", ["user", "item"], cut)
        if max(widths) > 2 and len({row[0] for row in words}) == len(words):
            return Look("lists", "a line for each user: `user item item ...`", ["user", "item"], cut)
    return None


# Tables --------------------------------------------------------------------------------------------------------------------


def _fields(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        return line.split()
    if len(delimiter) > 1:
        return [f.strip() for f in line.split(delimiter)]
    return [f.strip() for f in next(csv.reader([line], delimiter=delimiter), [])]


def _table(lines: list[str], cut: Cut, told: str | None, asked: Sequence[str], name: str) -> Look:
    """Text cut by the separator that gives the most columns we know, else the same number of columns on every line."""
    best, score = ",", (-1, False, -1)
    for delimiter in [told] if told else [",", "\t", ";", "|", "::", "\x01", " "]:
        rows = [_fields(line, delimiter) for line in lines]
        width = len(rows[0])
        same = width > 1 and sum(len(row) == width for row in rows) >= 0.9 * len(rows)
        names = known(rows[0]) + sum(a in rows[0] for a in asked if not a.isdigit()) if width > 1 else 0
        if delimiter == " " and (not same or score[1]):
            continue
        if (names, same, width) > score and (same or names or width > 1 or delimiter == ","):
            best, score = delimiter, (names, same, width)
    cut = replace(cut, delimiter=best)
    rows = [_fields(line, best) for line in lines]
    header = is_header(rows, [a for a in asked if not a.isdigit()])
    if header is False or (header is None and asked and all(a.isdigit() for a in asked)):
        kind = "wide" if _wide_numbers(rows) else "bare"
        columns = [str(k + 1) for k in range(len(rows[0]))]
        what = f"{len(columns)} columns separated by {best!r} without a header"
        return Look(kind if len(columns) > 1 else "text", what, columns, cut, rows, header=False)
    columns = rows[0]
    kind = "wide" if wide_by_header(columns, rows[1:]) else "table" if known(columns) or asked else "text"
    return Look(kind, f"columns {listed(columns)}", columns, replace(cut, skip=cut.skip + 1), rows[1:], header=header)


def is_header(rows: list[list[str]], asked: Sequence[str]) -> bool | None:
    """Whether the first row names the columns; None where its look cannot tell and no name is known."""
    first, rest = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    columns = list(zip(*rest, strict=True)) if rest else [()] * len(first)
    counts = [bool(c) and numeric(v for v in c if v) and any(c) for c in columns]
    both = bool(called(first, "user", weak=False)) and bool(called(first, "item", weak=False))
    if both or any(a in first for a in asked):
        return True
    if any(f and numeric([f]) and (number or not rest) for f, number in zip(first, counts, strict=True)):
        return False
    if known(first):
        return True
    if any(f in column for f, column in zip(first, columns, strict=True)) or any(f and numeric([f]) for f in first):
        return False  # a name hardly stands again below itself
    return True if any(counts) and len(set(first)) == len(first) else None


def _wide_numbers(rows: list[list[str]]) -> bool:
    """Jester's shape: a row for each person with a column for each item, 99 where there is no rating."""
    return len(rows[0]) >= 20 and len(rows) > 1 and all(numeric(f for f in row if f) for row in rows) and any(
        float(f) == 99 for row in rows for f in row[1:] if f)


def wide_by_header(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bool:
    """Whether a table has a column for each item: one of users, and ten or more that share one scale of numbers."""
    if len(columns) < 11 or called(columns, "item", weak=False) or not rows:
        return False
    if not called(columns[:1], "user", weak=False) and plain(columns[0]) not in ("", "index"):
        return False
    values = [str(v).strip() for row in rows for v in row[1:] if v is not None and str(v).strip() not in ("", "nan")]
    if not values or not numeric(values):
        return False
    return len({float(v) for v in values} - {99.0}) <= 21 or len(values) < 0.5 * len(rows) * (len(columns) - 1)


def refuse_binary(where: str, says: str) -> InputError:
    return InputError(f"{where}: is {says}, which is not read; save it as CSV, Parquet, Excel (.xlsx) or JSON")
