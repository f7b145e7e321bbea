"""Arrow columns of whatever type as what an interaction needs: ids as text, ratings as numbers, times as seconds."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from macrid.errors import InputError

from .names import MISSING

At = Callable[[int], str]  # of a row: its file and line


def exploded(where: str, batch: dict[str, pa.Array]) -> tuple[dict[str, pa.Array], np.ndarray]:
    """Rows that hold a list of items as a row for each, and which row each comes from."""
    items = batch["item"]
    parents = pc.list_parent_indices(items)
    out = {}
    for role, array in batch.items():
        if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
            if role not in ("item", "rating", "time") or not pc.list_value_length(array).fill_null(0).equals(
                    pc.list_value_length(items).fill_null(0)):
                raise InputError(f"{where}: the {role} column holds {array.type}; use text or numbers")
            out[role] = pc.list_flatten(array)
        else:
            out[role] = array.take(parents)
    return out, parents.to_numpy(zero_copy_only=False)


def ids(where: str, role: str, array: pa.Array) -> pa.DictionaryArray:
    """An id column as text without blanks around it, "" where there is none, dictionary-encoded."""
    if pa.types.is_dictionary(array.type) and pa.types.is_string(array.type.value_type) and not array.null_count:
        return pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), pc.utf8_trim_whitespace(array.dictionary))
    text = pc.utf8_trim_whitespace(_text(where, role, array)).fill_null("")
    return text.dictionary_encode()


def _text(where: str, role: str, array: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    if pa.types.is_struct(kind) and kind.num_fields == 1:  # such as {"$oid": ...}
        return _text(where, role, pc.struct_field(array, [0]))
    try:
        text = array.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeError):
        raise InputError(f"{where}: the {role} column holds {kind}; use text or numbers") from None
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):  # ids that a missing value once turned into floats
        text = pc.replace_substring_regex(text, r"\.0+$", "")
        text = pc.if_else(pc.equal(text, "nan"), pa.scalar(None, pa.string()), text)
    return text


def numbers(where: str, array: pa.Array, at: At) -> np.ndarray:
    """A column of ratings as float64, NaN where there is none."""
    if pa.types.is_dictionary(array.type):
        values = array.dictionary
        if len(array.unique()) < len(values):  # some stand for no row
            return numbers(where, array.dictionary_decode(), at)
        index = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        known = numbers(where, values, lambda k: at(int(np.flatnonzero(index == k)[0])))
        return np.append(known, np.nan)[index]
    if _is_text(array.type):
        return _parsed(array, at)
    try:
        values = array.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise InputError(f"{where}: the rating column holds {array.type}; use text or numbers") from None
    wrong = np.flatnonzero(np.isinf(values))
    if len(wrong):
        raise _no_number(at, int(wrong[0]), "rating", repr(values[wrong[0]].item()), "a finite number")
    return values


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view"


def _parsed(array: pa.Array, at: At) -> np.ndarray:
    """Text to float64, NaN where it is blank or a word for nothing; with decimal commas if no other sign is there."""
    out = np.empty(len(array))
    for k, text in enumerate(array.to_pylist()):
        word = "" if text is None else text.strip()
        out[k] = np.nan if word.lower() in MISSING else _number(word)
        if word.lower() not in MISSING and not np.isfinite(out[k]):
            raise _no_number(at, k, "rating", repr(text), "a finite number")
    return out


_WORDS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}


def _number(word: str) -> float:
    """A word as a number, NaN if it is none; 4,5 is four and a half, while 1,234 could be more than a thousand."""
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    if re.fullmatch(r"[-+]?\d+,\d{1,2}", word):
        word = word.replace(",", ".")
    try:
        return np.nan if "_" in word else float(word)
    except ValueError:
        return np.nan


def times(where: str, array: pa.Array, at: At) -> np.ndarray:
    """A column of times as float64 seconds, or numbers as they stand, NaN where there is none. Text is a number or a date
    all through."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_temporal(array.type) and not pa.types.is_duration(array.type):
        clock = pa.types.is_time(array.type)
        kind = pa.time64("us") if clock else pa.timestamp("us", getattr(array.type, "tz", None))
        seconds = array.cast(kind, safe=False).cast(pa.int64()).cast(pa.float64(), safe=False)
        return seconds.to_numpy(zero_copy_only=False) / 1e6
    try:
        return array.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        if not _is_text(array.type):
            raise InputError(f"{where}: the time column holds {array.type}; use text or numbers") from None
    return _dates(array, at)


def _dates(array: pa.Array, at: At) -> np.ndarray:
    text = pd.Series(array.to_pylist(), dtype=object).map(lambda t: "" if t is None else str(t).strip())
    blank = text.str.lower().isin(MISSING)
    values = pd.to_numeric(text.where(~blank), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    numeric = ~np.isnan(values)
    first = int(np.argmax(~blank))
    if not numeric[first]:
        dates = _parsed_dates(text.where(~blank & ~numeric))
        values = (dates - pd.Timestamp(0, tz="UTC")).dt.total_seconds().to_numpy(dtype=float)
    wrong = np.flatnonzero(~blank.to_numpy() & ~np.isfinite(values))
    if len(wrong):
        raise _no_number(at, int(wrong[0]), "time stamp", repr(text[wrong[0]]), "a finite number or an ISO date")
    return values


def _parsed_dates(text: pd.Series) -> pd.Series:
    """Dates in ISO's form, else in the first of the field's other forms that all of them have."""
    dates = pd.to_datetime(text, errors="coerce", format="ISO8601", utc=True)
    for form in ("%m %d, %Y", "%a %b %d %H:%M:%S %z %Y", "%a %b %d %Y", "%d %b %Y", "%Y/%m/%d", "%Y%m%d",
                 "%B %d, %Y", "%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y",
                 "%d.%m.%Y %H:%M", "%d-%b-%Y", "%b %d, %Y", "%d/%m/%Y", "%d/%m/%Y %H:%M"):
        if dates[text.notna()].notna().all():
            return dates
        other = pd.to_datetime(text, errors="coerce", format=form, utc=True)
        dates = other if other[text.notna()].notna().all() else dates
    return dates


def _no_number(at: At, k: int, what: str, shown: str, need: str) -> InputError:
    return InputError(f"{at(k)}: the {what} is {shown}; it must be {need}")
