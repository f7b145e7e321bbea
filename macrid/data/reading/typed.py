"""Tables that carry the types of their columns: Parquet, Feather, Excel and JSON, as batches of Arrow arrays."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

from macrid.errors import InputError

from .look import OLD_EXCEL, Look, parsed
from .text import Cut, stream
from .tree import Tree, readable, seekable

_BATCH = 1 << 16


def batches(tree: Tree, name: str, look: Look, columns: Sequence[int]) -> Iterator[list[pa.Array]]:
    """Some columns of a file, by number, batch after batch."""
    wanted = [look.columns[k] for k in columns]
    with readable(tree.shown(name)):
        if look.kind == "parquet":
            with tree.open(name) as file:
                parquet = pa.parquet.ParquetFile(seekable(file))
                for batch in parquet.iter_batches(_BATCH, columns=wanted):
                    yield [batch.column(batch.schema.get_field_index(w)) for w in wanted]
        elif look.kind == "feather":
            with tree.open(name) as file:
                table = pa.feather.read_table(seekable(file), columns=wanted, memory_map=False)
            for batch in table.to_batches(_BATCH):
                yield [batch.column(batch.schema.get_field_index(w)) for w in wanted]
        else:
            rows = _sheet_rows(tree, name, columns) if look.kind == "excel" else _records(tree, name, look.nest, wanted)
            while some := list(islice(rows, _BATCH)):
                yield [_array([row[k] for row in some]) for k in range(len(wanted))]


def _array(values: list[Any]) -> pa.Array:
    """Values as Excel and JSON have them as one array: of one type if they share one, else as text."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if v is None else _as_text(v) for v in values], pa.string())


def _as_text(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


# Excel ---------------------------------------------------------------------------------------------------------------------


def sheet(tree: Tree, name: str, most: int | None = None) -> list[list[Any]]:
    """The rows of a workbook's first sheet that are not blank."""
    where = tree.shown(name)
    with tree.open(name) as file:
        content = file.read()
    try:
        rows = _old_rows(content) if content.startswith(OLD_EXCEL) else _new_rows(content)
        return list(islice((row for row in rows if any(v is not None for v in row)), most))
    except Exception as error:  # a workbook is a zip of XML, or a file system, and their readers raise whatever parts raise
        raise InputError(f"{where}: cannot be read as a workbook of Excel ({type(error).__name__}); "
                         "save it as .xlsx again, or as CSV") from None


def _new_rows(content: bytes) -> Iterator[list[Any]]:
    """The rows of the first sheet of an .xlsx."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    yield from (list(row) for row in book.worksheets[0].iter_rows(values_only=True))


def _old_rows(content: bytes) -> Iterator[list[Any]]:
    """The rows of the first sheet of an .xls, dates as dates, blanks and errors as None."""
    import xlrd

    book = xlrd.open_workbook(file_contents=content, logfile=io.StringIO())
    kinds: dict[int, Callable[[Any], Any]] = {
        xlrd.XL_CELL_TEXT: str, xlrd.XL_CELL_NUMBER: float, xlrd.XL_CELL_BOOLEAN: bool,
        xlrd.XL_CELL_DATE: lambda value: xlrd.xldate_as_datetime(value, book.datemode)}
    for row in book.sheet_by_index(0).get_rows():
        yield [kinds[cell.ctype](cell.value) if cell.ctype in kinds else None for cell in row]


def _sheet_rows(tree: Tree, name: str, columns: Sequence[int]) -> Iterator[list[Any]]:
    for row in sheet(tree, name)[1:]:
        yield [row[k] if k < len(row) else None for k in columns]


# JSON ----------------------------------------------------------------------------------------------------------------------


def _records(tree: Tree, name: str, nest: str, wanted: Sequence[str]) -> Iterator[list[Any]]:
    """The rows of a JSON file: its objects, or, where these hold lists of objects under the name `nest`, each of those with
    what is said of all of them, as a session of OTTO with its events."""
    if not nest:
        yield from _objects(tree, name, wanted)
        return
    for number, (inner, *outer) in enumerate(_objects(tree, name, [nest, *wanted]), 1):
        if not isinstance(inner, list) or not all(isinstance(row, dict) for row in inner):
            raise InputError(f"{tree.shown(name)}, record {number}: {nest} is {str(inner)[:40]!r}, not a list of JSON "
                             "objects; mend or drop the record")
        yield from ([row.get(w, whole) for w, whole in zip(wanted, outer, strict=True)] for row in inner)


def _objects(tree: Tree, name: str, wanted: Sequence[str]) -> Iterator[list[Any]]:
    """The objects of a JSON file, one on each line or all in an array."""
    where = tree.shown(name)
    with stream(tree, name, Cut(quotes="none", encoding=encoding(tree, name))) as file:
        text = io.TextIOWrapper(file, "utf-8")
        first = next((line for line in text if line.strip()), "")
        second = next((line for line in text if line.strip()), "")
        if second and lines_of_objects(first):
            for number, line in enumerate(chain([first, second], text), 1):
                if line.strip() not in ("", "[", "]"):
                    yield _object(where, number, line, wanted)
            return
        try:
            whole = json.loads(first + second + text.read()) if second else parsed(first or "[]")
        except (ValueError, RecursionError) as error:
            raise InputError(f"{where}: is not JSON ({str(error)[:80]}); write one object on each line, or an array of "
                             "them") from None
    yield from _of_value(where, whole, wanted)


def encoding(tree: Tree, name: str) -> str:
    """The encoding of a JSON file, which is UTF-8 or has a byte order mark."""
    from .text import encoding_of

    with tree.open(name) as file:
        return encoding_of(file.read(1 << 12)) or "utf-8"


def lines_of_objects(first: str) -> bool:
    """Whether a line of a JSON file is one whole object."""
    try:
        return isinstance(parsed(first.strip().rstrip(",")), dict)
    except ValueError:
        return False


def _object(where: str, number: int, line: str, wanted: Sequence[str]) -> list[Any]:
    try:
        value = parsed(line.strip().rstrip(","))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise InputError(f"{where}, row {number}: is {line.strip()[:40]!r}, not a JSON object; write one on each line")
    return [value.get(w) for w in wanted]


def _of_value(where: str, whole: object, wanted: Sequence[str]) -> Iterator[list[Any]]:
    """The rows of a JSON value: an array of objects, or one object that holds such an array or a list for each column."""
    if isinstance(whole, dict):
        lists = [v for v in whole.values() if isinstance(v, list) and v and isinstance(v[0], dict)]
        if all(isinstance(whole.get(w), list) for w in wanted):
            yield from ([*row] for row in zip(*(whole[w] for w in wanted), strict=False))
            return
        if all(isinstance(whole.get(w), dict) for w in wanted):  # as pandas' to_json writes a table
            for key in whole[wanted[0]]:
                yield [whole[w].get(key) for w in wanted]
            return
        whole = lists[0] if len(lists) == 1 and not any(w in whole for w in wanted) else [whole]
    for number, value in enumerate(whole if isinstance(whole, list) else [whole], 1):
        if not isinstance(value, dict):
            raise InputError(f"{where}, record {number}: is {str(value)[:40]!r}, not a JSON object; give an array of these")
        yield [value.get(w) for w in wanted]
