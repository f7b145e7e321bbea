"""A person's labels: a CSV of item ids and attributes, partly empty, read with a row number for every fault; and written."""

import csv
import hashlib
import io
import json
import math
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from macrid.errors import InputError, InputWarning

from . import cells
from .attributes import yes_no
from .ids import near
from .reading.names import called, listed, missing, plain
from .reading.text import encoding_of

FEWEST_ROWS = 4
_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
Row = tuple[int, list[str]]  # its line, its fields

_DESCRIBING = ("title", "category", "name")  # may stand beside the labels, for people
MOST_BYTES, MOST_COLUMNS, MOST_CELLS = 1 << 26, 500, 4_000_000  # of a file, before it is taken apart


class _Lines(Protocol):
    """What csv.reader gives."""

    @property
    def line_num(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...


def read(path: Path, item_ids: pd.Series, *, leave_out: bool = False) -> pd.DataFrame:
    """The labels of a CSV: an index of item ids, a column of numbers for each attribute, NaN where a field is empty or NA.

    The file begins with a row of names, `item_id` (or another name that the field has for it, such as `movieId`) and one or
    more attributes, in any order; a `title` and a `category` may stand there, too, and an index without a name, as pandas
    and R write it. An attribute is numeric, or yes and no (true and false, 1 and 0), which become 1 and 0. A heading such as
    `size (small to large)` names what little and much of it is called: `attrs["ends"]` of the table says so, as {"size":
    ("small", "large")}. Raises InputError with the row for anything else, and when fewer than FEWEST_ROWS items are
    labelled; `item_ids` are those that the bundle or the data knows. leave_out: others are left out with a warning, as a
    bundle knows only the items that it was trained on.
    """
    content = content_of(path, "--labels takes a CSV of item_id and attribute columns")
    table = parse(content, str(path), item_ids, leave_out=leave_out)
    _check_number(table, path)
    return table


def content_of(path: Path, wanted: str) -> bytes:
    """What is in a file. wanted: what it should be, for the message where there is none."""
    try:
        if path.is_file() and path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path} has more than {MOST_BYTES >> 20} MB; leave out rows and columns that are not needed")
        content = path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); save it as UTF-8 text with commas") from error
    if content is None:
        raise InputError(f"there is no file {path}; {wanted}")
    return content


def parse(content: bytes, path: str, item_ids: pd.Series, *, leave_out: bool = False) -> pd.DataFrame:
    """`read` for the content of a file called `path`, however few items it labels."""
    first, rows = without_index(path, *rows_of(content, path))
    headings = [split_heading(text) for text in first]
    header = [name for name, _ in headings]
    at = _check_header(path, header)
    attributes = [name for k, name in enumerate(header) if k != at and name.lower() not in _DESCRIBING]
    if not attributes:
        raise InputError(f"{path}: there is no label column beside {header[at]}; add one for each attribute, such as size")
    items, rows = _items(path, at, rows, item_ids, leave_out)
    columns = {name: _numbers(path, name, [(line, fields[header.index(name)]) for line, fields in rows])
               for name in attributes}
    table = pd.DataFrame(columns, index=pd.Index(items, name="item_id", dtype=object), dtype=float)
    table.attrs["ends"] = {name: ends for name, ends in headings if ends and name in attributes}
    return table


def without_index(path: str, first: Row, *rows: Row) -> tuple[list[str], list[Row]]:
    """The header and the rows without an index that pandas or R wrote, fields stripped; each row as wide as the header."""
    names = first[1]
    for line, fields in rows:
        if len(fields) != len(names):
            raise InputError(f"{path}, row {line}: has {len(fields)} fields, not {len(names)}; mend or drop the row")
    kept = [k for k, name in enumerate(names) if not _is_index(name, [fields[k] for _, fields in rows], k)]
    return [names[k] for k in kept], [(line, [fields[k].strip() for k in kept]) for line, fields in rows]


def _is_index(name: str, values: list[str], at: int) -> bool:
    """Whether a column is the index that pandas or R write: the first, without a name, or called Unnamed: 0, of whole
    numbers."""
    unnamed = (not name.strip() and at == 0) or re.fullmatch(r"Unnamed: \d+", name.strip())
    return bool(unnamed) and all(value.strip().isdigit() for value in values)


def _check_header(path: str, header: list[str]) -> int:
    """Which column has the item ids."""
    counts = Counter(header)
    for name in header:
        if not name:
            raise InputError(f"{path}: a column has no name; name it after the attribute, or drop it")
        if counts[name] > 1:
            raise InputError(f"{path}: two columns are called {name!r}; rename one of them")
    return id_column(path, header, "the attributes")


def id_column(path: str, header: list[str], others: str) -> int:
    """Which column has the item ids: item_id, another name that the field has for it, or just id. others: what else the
    header names, for messages."""
    hits = [k for k, name in enumerate(header) if plain(name) == "itemid"] or called(header, "item", weak=False)
    hits = hits or [k for k, name in enumerate(header) if plain(name) == "id"]
    if len(hits) > 1:
        raise InputError(f"{path}: the columns {' and '.join(header[k] for k in hits)} could be the item ids; "
                         "call the right one item_id")
    if not hits:
        raise InputError(f"{path}: there is no column item_id, only {', '.join(header[:9])}; "
                         f"the first row names the columns: item_id and {others}")
    return hits[0]


def _items(path: str, at: int, rows: list[Row], item_ids: pd.Series, leave_out: bool) -> tuple[list[str], list[Row]]:
    """The item of each row, one that is known and none twice, and these rows; the others are left out, if they may be."""
    known, out = set(item_ids), []
    seen: dict[str, int] = {}  # item -> its line
    kept = []
    for line, fields in rows:
        item = fields[at]
        if item in seen:
            raise InputError(f"{path}, row {line}: item {item!r} stands in row {seen[item]} already; keep one of them")
        if item not in known and leave_out and item:
            out.append(item)
        elif item not in known:
            raise InputError(f"{path}, row {line}: there is no item {item!r}; for example {', '.join(near(item, item_ids))}")
        else:
            kept.append((line, fields))
        seen[item] = line
    if out and not kept:
        return _items(path, at, rows, item_ids, False)  # which names the first of them
    if out:
        warnings.warn(f"{path}: {len(out)} of {len(rows)} items are not among those that the model was trained on, their "
                      f"labels are left out: {listed(out, 5)}", InputWarning, stacklevel=4)
    return [fields[at] for _, fields in kept], kept


def of_items(table: pd.DataFrame, item_ids: pd.Series, path: Path) -> pd.DataFrame:
    """The labels of the items that a model is trained on. The others, which nobody clicked who counts, are left out with a
    warning that names them. path: where the labels come from, for messages."""
    kept = table[table.index.isin(item_ids)]
    out = table.index.difference(kept.index, sort=False)
    if len(out):
        warnings.warn(f"{path}: {len(out)} of {len(table)} items have too few clicks to be trained on, their labels are "
                      f"left out: {', '.join(out[:5])}" + (" ..." if len(out) > 5 else ""), InputWarning, stacklevel=2)
        _check_number(kept, path)
    return kept


def fingerprint(table: pd.DataFrame) -> str:
    """SHA-256 of labels and the names of their ends: the same for the same labels in the same order."""
    return hashlib.sha256((table.to_csv() + json.dumps(table.attrs.get("ends"))).encode()).hexdigest()


def _check_number(table: pd.DataFrame, path: Path) -> None:
    labelled = int(table.notna().any(axis=1).sum())
    if labelled < FEWEST_ROWS:
        raise InputError(f"{path}: too few labels ({labelled} items); label {FEWEST_ROWS} of a factor or more, better ten")


def split_heading(text: str) -> tuple[str, tuple[str, str] | None]:
    """The attribute that a heading names, and the names of its two ends if it tells them: `size (small to large)`."""
    text = " ".join(text.split())
    name, bracket, ends = text.rpartition("(")
    low, to, high = ends.removesuffix(")").strip().rpartition(" to ")
    name, low, high = name.strip(), low.strip(), high.strip()
    told = bracket and ends.endswith(")") and ")" not in ends[:-1] and name and to and low and high
    return (name, (low, high)) if told else (text, None)


def heading(attribute: str, ends: tuple[str, str] | None) -> str:
    """What `split_heading` reads as this attribute and these ends. Raises InputError for what it would read otherwise."""
    if attribute.lower() in ("", "item_id", *_DESCRIBING):
        raise InputError(f"an attribute cannot be called {attribute!r}; choose another name")
    text = f"{attribute} ({ends[0]} to {ends[1]})" if ends else attribute
    if split_heading(text) != (attribute, ends):
        what = f"{attribute!r}, {ends[0]!r} and {ends[1]!r}" if ends else f"{attribute!r}"
        raise InputError(f"{what} cannot be written as `attribute (one end to the other)`; "
                         "name both ends, without brackets, and the second without the word to")
    return text


def to_csv(table: pd.DataFrame, titles: pd.Series) -> str:
    """Labels as `read` gives them, as the text of a CSV that it reads: an attribute of nothing but 0 and 1 as yes and no,
    and the title of each item beside its id, from `titles` by item id, for people."""
    ends, out = table.attrs.get("ends", {}), io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")  # no separator in a name is taken for one
    writer.writerow(["item_id", "title", *(cells.safe(heading(name, ends.get(name))) for name in table.columns)])
    columns = [_texts(table[name].to_numpy(float)) for name in table.columns]
    ids, told = map(cells.safe, table.index), map(cells.safe, titles.loc[table.index])
    writer.writerows(zip(ids, told, *columns, strict=True))
    return out.getvalue()


def _texts(values: np.ndarray) -> list[str | float]:
    words = {0.0: "no", 1.0: "yes"} if yes_no(values) else {}
    return ["" if math.isnan(v) else words.get(v, int(v) if v == int(v) else v) for v in values.tolist()]


def _text(content: bytes, path: str) -> str:
    encoding = encoding_of(content[: 1 << 12]) or "utf-8"
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        text = content.decode("cp1252", "replace")
        row = content.count(b"\n", 0, error.start) + 1
        warnings.warn(f"{path}: is not UTF-8 text, so it is read as Latin-1 (row {row})", InputWarning, stacklevel=5)
        return text


def rows_of(content: bytes, path: str,
            wanted: str = "its first row names the columns: item_id and the attributes") -> list[Row]:
    """The rows that are not empty, each with its line; commas, semicolons or tabs between the fields, as in the first.
    wanted: what a message says of an empty file."""
    try:
        text = _text(content, path)
        first = re.sub(r'"[^"]*"', "", text.split("\n", 1)[0])
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
        rows = _bounded(reader, path)
    except (UnicodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as CSV ({error}); save it as UTF-8 text with commas") from error
    if not rows:
        raise InputError(f"{path} is empty; {wanted}")
    return rows


def _bounded(reader: _Lines, path: str) -> list[Row]:
    """The rows that are not empty, no more than memory can be spared for."""
    rows: list[Row] = []
    count = 0
    for fields in reader:
        count += len(fields)
        if len(fields) > MOST_COLUMNS:
            raise InputError(f"{path}, row {reader.line_num}: has {len(fields):,} fields, more than {MOST_COLUMNS}; leave "
                             "out columns that are not needed")
        if count > MOST_CELLS:
            raise InputError(f"{path} has more than {MOST_CELLS:,} fields; leave out rows and columns that are not needed")
        if any(field.strip() for field in fields):
            rows.append((reader.line_num, [cells.plain(field) for field in fields]))
    return rows


def _numbers(path: str, name: str, fields: list[tuple[int, str]]) -> list[float]:
    """One column as numbers, NaN where empty. fields: (line, text)."""
    words = any(text.lower() in _WORDS for _, text in fields)
    allowed = _WORDS | {"1": 1.0, "0": 0.0}
    numbers = []
    for line, text in fields:
        value = math.nan if missing(text) else allowed.get(text.lower()) if words else _number(text)
        if value is None:
            raise InputError(f"{path}, row {line}: {name} is {text!r}; write "
                             + ("yes or no, as elsewhere in the column," if words else "a number, or yes or no,")
                             + " or leave it empty")
        numbers.append(value)
    return numbers


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
