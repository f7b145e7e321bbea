"""A person's labels: a CSV of item ids and attributes, partly empty, read with a row number for every fault."""

import csv
import difflib
import hashlib
import io
import math
import warnings
from pathlib import Path

import pandas as pd

from .errors import InputError, InputWarning

FEWEST_ROWS = 4
_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_DESCRIBING = ("title", "category")  # may stand beside the labels, for people


def read(path: Path, item_ids: pd.Series) -> pd.DataFrame:
    """The labels of a CSV: an index of item ids, a column of numbers for each attribute, NaN where a field is empty.

    The file begins with a row of names, `item_id` and one or more attributes, in any order; a `title` and a `category`
    may stand there, too. An attribute is numeric, or yes and no (true and false, 1 and 0), which become 1 and 0. Raises
    InputError with the row for anything else; `item_ids` are those that the bundle or the data knows.
    """
    rows = _rows(path)
    header = [name.strip() for name in rows[0][1]]
    for name in header:
        if not name:
            raise InputError(f"{path}: a column has no name; name it after the attribute, or drop it")
        if header.count(name) > 1:
            raise InputError(f"{path}: two columns are called {name!r}; rename one of them")
    if "item_id" not in header:
        raise InputError(f"{path}: there is no column item_id, only {', '.join(header[:9])}; "
                         "the first row names the columns: item_id and the attributes")
    at, known = header.index("item_id"), set(item_ids)
    attributes = [name for name in header if name != "item_id" and name.lower() not in _DESCRIBING]
    if not attributes:
        raise InputError(f"{path}: there is no label column beside item_id; add one for each attribute, such as size")
    seen: dict[str, int] = {}
    for line, fields in rows[1:]:
        if len(fields) != len(header):
            raise InputError(f"{path}, row {line}: has {len(fields)} fields, not {len(header)}; mend or drop the row")
        item = fields[at].strip()
        if item in seen:
            raise InputError(f"{path}, row {line}: item {item!r} stands in row {seen[item]} already; keep one of them")
        if item not in known:
            near = difflib.get_close_matches(item, item_ids[:20_000], 3, 0.5) or list(item_ids[:3])
            raise InputError(f"{path}, row {line}: there is no item {item!r}; for example {', '.join(near)}")
        seen[item] = line
    columns = {name: _numbers(path, name, [(line, fields[header.index(name)].strip()) for line, fields in rows[1:]])
               for name in attributes}
    table = pd.DataFrame(columns, index=pd.Index(list(seen), name="item_id", dtype=object), dtype=float)
    _check_number(path, table)
    return table


def of_items(table: pd.DataFrame, item_ids: pd.Series, path: Path) -> pd.DataFrame:
    """The labels of the items that a model is trained on. The others, which nobody clicked who counts, are left out with a
    warning that names them. path: where the labels come from, for messages."""
    kept = table[table.index.isin(item_ids)]
    out = table.index.difference(kept.index, sort=False)
    if len(out):
        warnings.warn(f"{path}: {len(out)} of {len(table)} items have too few clicks to be trained on, their labels are "
                      f"left out: {', '.join(out[:5])}" + (" ..." if len(out) > 5 else ""), InputWarning, stacklevel=2)
        _check_number(path, kept)
    return kept


def fingerprint(table: pd.DataFrame) -> str:
    """SHA-256 of the labels: the same for the same labels in the same order."""
    return hashlib.sha256(table.to_csv().encode()).hexdigest()


def _check_number(path: Path, table: pd.DataFrame) -> None:
    labelled = int(table.notna().any(axis=1).sum())
    if labelled < FEWEST_ROWS:
        raise InputError(f"{path}: too few labels ({labelled} items); label {FEWEST_ROWS} of a factor or more, better ten")


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The rows that are not empty, each with its line; commas, semicolons or tabs between the fields, as in the first."""
    if not path.is_file():
        raise InputError(f"there is no file {path}; --labels takes a CSV of item_id and attribute columns")
    try:
        text = path.read_text(encoding="utf-8-sig")
        first = text.split("\n", 1)[0]
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
        rows = [(reader.line_num, fields) for fields in reader if any(field.strip() for field in fields)]
    except (OSError, UnicodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as CSV ({error}); save it as UTF-8 text with commas") from error
    if not rows:
        raise InputError(f"{path} is empty; its first row names the columns: item_id and the attributes")
    return rows


def _numbers(path: Path, name: str, fields: list[tuple[int, str]]) -> list[float]:
    """One column as numbers, NaN where empty. fields: (line, text)."""
    words = any(text.lower() in _WORDS for _, text in fields)
    allowed = _WORDS | {"1": 1.0, "0": 0.0}
    numbers = []
    for line, text in fields:
        value = math.nan if not text else allowed.get(text.lower()) if words else _number(text)
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
