"""Reading the files of a bundle that anybody may have made: what a file says of its own size is checked before memory is
taken, what stands in it before anything behind uses it. Each fault is an InputError that names the file and what to do."""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from safetensors import SafetensorError, safe_open

from macrid.errors import InputError

TRAIN_AGAIN = "train it again, or restore the folder from where you got it"
MOST_JSON = 1 << 26  # bytes
DEEPEST, LONGEST = 12, 1 << 20  # of JSON: levels, and letters of a text
MOST_COLUMNS, LONGEST_NAME = 500, 200
SPARE, RATIO = 1 << 26, 200  # bytes that any table may take in memory, and what each byte of its file may become beyond that
_FRACTIONS = ("F16", "BF16", "F32", "F64")  # the types that weights may have
Kind = TypeVar("Kind", dict, list)


def own_file(path: Path, remedy: str = TRAIN_AGAIN) -> Path:
    """The file, if it is one that stands in its folder: no link to another place, whose lines a message might show, and
    nothing that never ends."""
    if not path.is_file():
        raise InputError(f"{path} is no file; {remedy}")
    if path.is_symlink() and path.resolve().parent != path.parent.resolve():
        raise InputError(f"{path} is a link to another place; put the file itself there")
    return path


def read_json(path: Path, kind: type[Kind]) -> Kind:
    """A JSON object (dict) or list of finite numbers and proper texts, not too deep."""
    try:
        if own_file(path).stat().st_size > MOST_JSON:
            raise InputError(f"{path} has more than {MOST_JSON >> 20} MB; {TRAIN_AGAIN}")
        value = json.loads(path.read_text(encoding="utf-8"))
    except InputError:
        raise
    except RecursionError as error:
        raise InputError(f"{path} nests its values too deep; {TRAIN_AGAIN}") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); {TRAIN_AGAIN}") from error
    if not isinstance(value, kind):
        raise InputError(f"{path} does not hold a JSON {'object' if kind is dict else 'list'}; {TRAIN_AGAIN}")
    if wrong := _unfit(value):
        raise InputError(f"{path} holds {wrong}; {TRAIN_AGAIN}")
    return value


def _unfit(value: object, depth: int = 0) -> str | None:
    """What a JSON value holds that cannot be shown or written again; None if there is nothing of it."""
    if depth > DEEPEST:
        return f"values that are nested more than {DEEPEST} deep"
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN or an infinite number"
    if isinstance(value, int) and abs(value) >= 1 << 63:
        return "a number of too many digits"
    if isinstance(value, str) and (len(value) > LONGEST or not _proper(value)):
        return "a text that is too long, or has letters that there are not"
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((wrong for each in inner if (wrong := _unfit(each, depth + 1))), None)


def _proper(text: str) -> bool:
    """Whether a text can be written as UTF-8, and has no signs that end or command something."""
    return not re.search(r"[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)


# Tables -------------------------------------------------------------------------------------------------------------------


def read_table(path: Path, columns: Mapping[str, str], *, rows: int | None = None,
               remedy: str = TRAIN_AGAIN) -> pd.DataFrame:
    """A Parquet file. columns: the type, `text` or `number`, of each that it must have; others may be of any type that a
    cell can show, and lists of texts become "a|b". rows: how many it must have."""
    try:
        with pq.ParquetFile(own_file(path, remedy)) as file:
            _check_head(path, file, columns, rows, remedy)
            texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        # Texts stay numbers of a dictionary until it is known how much memory they would take without one.
        table = pq.read_table(path, read_dictionary=texts, use_threads=False, memory_map=False)
        table.validate(full=True)
        _check_size(path, sum(map(_expanded, table.columns)), remedy)
        plain = [_plain(column) for column in table.columns]
        return pa.table(dict(zip(table.column_names, plain, strict=True))).to_pandas(ignore_metadata=True)
    except InputError:
        raise
    except (OSError, ValueError, KeyError, NotImplementedError, OverflowError) as error:  # pyarrow's are subclasses of these
        raise InputError(f"{path} cannot be read ({(str(error).splitlines() or ['?'])[0]:.200}); {remedy}") from error


def _check_head(path: Path, file: pq.ParquetFile, columns: Mapping[str, str], rows: int | None, remedy: str) -> None:
    """What the file says of itself, before any row is read."""
    schema, meta = file.schema_arrow, file.metadata
    if len(schema) > MOST_COLUMNS:
        raise InputError(f"{path} has {len(schema):,} columns, more than {MOST_COLUMNS}; leave some out")
    names = schema.names
    odd = [name for name in names if len(name) > LONGEST_NAME or not _proper(name) or names.count(name) > 1]
    if odd:
        raise InputError(f"{path} has a column {odd[0]!r:.60} twice, or one whose name is no name; {remedy}")
    absent = [name for name in columns if name not in names]
    if absent:
        raise InputError(f"{path} lacks the column {', '.join(absent)}; {remedy}")
    for field in schema:
        wanted = columns.get(field.name)
        if meta.num_rows and not _fits(field.type, wanted):  # without rows pandas knows no types
            raise InputError(f"{path}: the column {field.name} holds {field.type!s:.60}, where "
                             f"{wanted or 'texts, numbers or yes and no'} should be; {remedy}")
    if rows is not None and meta.num_rows != rows:
        raise InputError(f"{path} has {meta.num_rows:,} rows, weights.safetensors {rows:,} items; {remedy}")
    chunks = [meta.row_group(group).column(k) for group in range(meta.num_row_groups) for k in range(meta.num_columns)]
    widths = sum(8 if not _is_text(field.type) else 4 for field in schema)
    _check_size(path, max(sum(chunk.total_uncompressed_size for chunk in chunks), meta.num_rows * widths), remedy)


def _check_size(path: Path, size: int, remedy: str) -> None:
    """InputError where a table would take more memory than tables of its size on the disk do."""
    most = SPARE + RATIO * path.stat().st_size
    if size > most:
        raise InputError(f"{path} would take {size / 1e9:.1f} GB of memory, and has {path.stat().st_size:,} bytes; {remedy}")


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _fits(kind: pa.DataType, wanted: str | None) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if wanted:
        return _is_text(kind) if wanted == "text" else _is_number(kind)
    listed = (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and _is_text(kind.value_type)
    return listed or _is_text(kind) or _is_number(kind) or any(
        test(kind) for test in (pa.types.is_boolean, pa.types.is_null, pa.types.is_temporal, pa.types.is_decimal))


def _expanded(column: pa.ChunkedArray) -> int:
    """The bytes that a column takes once its texts stand one after the other."""
    if not pa.types.is_dictionary(column.type) or not _is_text(column.type.value_type):
        return column.nbytes
    total = 0
    for chunk in column.chunks:
        lengths = pc.binary_length(chunk.dictionary)
        total += 8 * len(chunk) + (pc.sum(lengths.take(chunk.indices.drop_null())).as_py() or 0)
    return total


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column without dictionary, decimals as floats, lists of texts as "a|b"."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column.cast(pa.large_string() if _is_text(kind.value_type) else kind.value_type)
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.chunked_array([pa.array(["|".join(filter(None, cell)) if cell else None for cell in column.to_pylist()],
                                          pa.large_string())])
    return column


# Tensors ------------------------------------------------------------------------------------------------------------------


def read_tensors(path: Path, expected: Mapping[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file, finite numbers of the shapes that are expected and no others: shapes are compared
    before anything is read. They are copies: what is read from the file itself would end the program with the file."""
    try:
        with safe_open(own_file(path), "pt") as file:
            found = set(file.keys())
            for name, shape in expected.items():
                _check_tensor(path, name, shape, file if name in found else None)
            surplus = found - set(expected)
            if surplus:
                raise InputError(f"{path} holds {min(surplus)!r:.80}, which this model does not have; {TRAIN_AGAIN}")
            tensors = {name: file.get_tensor(name).clone() for name in expected}
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} cannot be read ({error}); {TRAIN_AGAIN}") from error
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise InputError(f"{path}: {name} holds NaN or infinite numbers; {TRAIN_AGAIN}")
    return tensors


def _check_tensor(path: Path, name: str, shape: tuple[int, ...], file: safe_open | None) -> None:
    """InputError unless that tensor, if the file has it (else None), is of the shape, and of fractions."""
    actual = None if file is None else tuple(file.get_slice(name).get_shape())
    if file is None or actual != shape:
        raise InputError(f"{path}: {name} should be {shape} by bundle.json and items.parquet, it is {actual or 'missing'}; "
                         f"{TRAIN_AGAIN}")
    if file.get_slice(name).get_dtype() not in _FRACTIONS:
        raise InputError(f"{path}: {name} holds {file.get_slice(name).get_dtype()}, no fractions; {TRAIN_AGAIN}")


def shape_of(path: Path, name: str) -> tuple[int, ...]:
    """The shape of a tensor, from the head of its file alone."""
    try:
        with safe_open(own_file(path), "pt") as file:
            return tuple(file.get_slice(name).get_shape()) if name in file.keys() else ()  # noqa: SIM118 -- it is no mapping
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} cannot be read ({error}); {TRAIN_AGAIN}") from error
