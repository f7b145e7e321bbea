"""Interactions: who touched which item and what is known of the items, read from every layout people keep them in.

`read` takes a file, a folder or a zip and recognises the layout by its content (see `macrid.data.layouts`):

- GroupLens: 100k (`u.data`, `u.item`), 1m (`ratings.dat`, `movies.dat`), the sets in CSV (`ratings.csv`, `movies.csv`);
- RecBole's atomic files (`NAME.inter`, `NAME.item`);
- `pro_sg`, a ready split into training, validation and test users (`unique_sid.txt`, `train.csv` ..., `item_cate.csv`);
- CSV, TSV or Parquet with named columns, an `items.csv` or `items.parquet` beside it describing the items.

If a data set lies at the top and another one deeper, the topmost is read.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from macrid.errors import InputError, InputWarning

from .item_table import COLUMNS, ItemTable, describe, id_list, item_categories, item_table
from .layouts import Block, Fit, blank, find, read_blocks
from .tree import PARTS, Tree

__all__ = ["PARTS", "Interactions", "read"]


@dataclass(frozen=True, eq=False)
class Interactions:
    """Who touched which item: U users, M items, and what is known of the items.

    A stored entry of `matrix` is an interaction even if its value is 0 (somebody may rate with 0), so never call
    `eliminate_zeros` on it; `matrix.indices` and `matrix.indptr` are the clicks.
    """

    matrix: csr_matrix  # (U, M) float32, sorted, no duplicates: the rating of each pair, 1.0 where rated is False
    user_ids: np.ndarray  # (U,) str objects, raw ids
    item_ids: np.ndarray  # (M,) str objects, raw ids
    items: pd.DataFrame  # (M, ...) item_id, title, category ("" if unknown), attributes, then image_url, genres, year
    name: str
    rated: bool  # matrix holds ratings rather than plain clicks
    parts: csr_matrix | None = None  # pro_sg only: entries as in matrix, int8 indices into PARTS (0 is "train", stored)
    least: tuple[float, int] | None = None  # of clicks: the rating and the number of a person's clicks that were asked for

    def __post_init__(self) -> None:
        users, items = self.matrix.shape
        if self.matrix.dtype != np.float32 or not self.matrix.has_canonical_format:
            raise InputError(f"matrix: is {self.matrix.dtype}, or unsorted, or repeats a pair; give canonical float32 CSR")
        for label, length, wanted in (
            ("user_ids", len(self.user_ids), users),
            ("item_ids", len(self.item_ids), items),
            ("items", len(self.items), items),
        ):
            if length != wanted:
                raise InputError(f"{label}: has {length} entries where matrix of shape {self.matrix.shape} needs {wanted}")
        missing = [c for c in COLUMNS if c not in self.items.columns]
        if missing:
            raise InputError(f"items: lacks the column {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
        if not np.array_equal(self.items["item_id"].to_numpy(dtype=object), self.item_ids):
            raise InputError("items: its column item_id is not item_ids in the same order; sort the table by the matrix")
        same = self.parts is None or (
            self.parts.shape == self.matrix.shape
            and np.array_equal(self.parts.indptr, self.matrix.indptr)
            and np.array_equal(self.parts.indices, self.matrix.indices)
        )
        if not same:
            raise InputError("parts: its entries are not those of matrix; give one code for each stored interaction")

    @property
    def n_users(self) -> int:
        return self.matrix.shape[0]

    @property
    def n_items(self) -> int:
        return self.matrix.shape[1]

    @property
    def n_interactions(self) -> int:
        """How many different pairs are stored, explicit zeros among them."""
        return self.matrix.nnz

    def select(self, users: np.ndarray | None = None, items: np.ndarray | None = None) -> Interactions:
        """A copy with some users and items: boolean masks (U,) and (M,), or index arrays in the order wanted.

        Users left without interactions stay (as empty rows); so do items.
        """
        u = _indices("users", users, self.n_users)
        i = _indices("items", items, self.n_items)

        def cut(matrix: csr_matrix) -> csr_matrix:
            out = matrix[u][:, i].tocsr()
            out.sort_indices()
            return out

        return replace(
            self,
            matrix=cut(self.matrix),
            user_ids=self.user_ids[u],
            item_ids=self.item_ids[i],
            items=self.items.iloc[i].reset_index(drop=True),
            parts=None if self.parts is None else cut(self.parts),
        )

    def __repr__(self) -> str:
        kind = "ratings" if self.rated else "clicks"
        return f"Interactions({self.name!r}: {self.n_users} users, {self.n_items} items, {self.n_interactions} {kind})"


def _indices(label: str, chosen: np.ndarray | None, size: int) -> np.ndarray:
    if chosen is None:
        return np.arange(size)
    chosen = np.asarray(chosen)
    if chosen.dtype == bool:
        if chosen.shape != (size,):
            raise InputError(f"{label}: the mask has shape {chosen.shape}, not ({size},)")
        return np.flatnonzero(chosen)
    chosen = chosen.astype(np.int64)
    if len(np.unique(chosen)) < len(chosen) or (len(chosen) and not 0 <= chosen.min() <= chosen.max() < size):
        raise InputError(f"{label}: the indices must be different and lie in 0 .. {size - 1}")
    return chosen


def read(path: str | Path, name: str | None = None) -> Interactions:
    """Read a data set from a file, a folder or a zip, in any layout that the module's docstring lists.

    Users and items come in the order of their ids (as numbers if all are numbers), so the order of the rows does not
    matter; with `pro_sg` they keep the order of their indices. Items without interactions are left out (`pro_sg`: kept,
    as unique_sid.txt is the layout's own catalogue); items that the items table does not have get their id as title and
    no category. A pair that occurs more than once keeps its latest row, by time stamp if there is one, else the last
    (one InputWarning).

    `name` is what the result is called, by default the file's or folder's name. Ratings keep their unit; a rating of 0
    is stored. Time stamps (numbers or ISO dates) decide between repeated rows and are then dropped.

    Raises InputError, one line with the file, the row (the line that an editor shows; in Parquet the row) and the
    remedy: for a path that is missing, unreadable, empty, in no known layout or in two; for rows with too few fields,
    blank ids, ratings or times that are not finite numbers; for an item described twice; for pro_sg indices outside
    unique_sid.txt and pairs or users in two parts.
    """
    if name is None:
        given = Path(path).expanduser().resolve()
        name = given.name if given.is_dir() else given.stem
    with Tree(path) as tree:
        fit = find(tree)
        blocks = read_blocks(tree, fit)
        table = item_table(tree, fit)
        if fit.layout == "pro_sg":
            return _pro_sg(tree, fit, blocks, table, name)
        users, user_ids = _encode(blocks, "user")
        items, item_ids = _encode(blocks, "item")
        rows = _Rows(users, user_ids, items, item_ids, _numbers(blocks, "rating"), _numbers(blocks, "time"))
        matrix, _ = _assemble(blocks, rows)
        return Interactions(matrix, user_ids, item_ids, describe(item_ids, table), name, rows.ratings is not None)


class _Rows(NamedTuple):
    """The N rows of all blocks: their users and items as codes (N,), each with the ids (U,) and (M,) that they index, and
    their ratings and times (N,), None where the files have none."""

    users: np.ndarray
    user_ids: np.ndarray
    items: np.ndarray
    item_ids: np.ndarray
    ratings: np.ndarray | None = None
    times: np.ndarray | None = None


def _at(blocks: list[Block], index: int) -> str:
    """Where row `index` of all blocks together stands: file and row."""
    for block in blocks:
        if index < len(block):
            return f"{block.where}, row {block.row(index)}"
        index -= len(block)
    raise IndexError(index)


def _encode(blocks: list[Block], role: str) -> tuple[np.ndarray, np.ndarray]:
    """Codes (N,) of an id column and the ids (n,) that they index, in order."""
    seen: dict[str, int] = {}
    codes, start = [], 0
    for block in blocks:
        column = _dictionary(block, role)
        values = [v.strip() for v in column.chunk(0).dictionary.to_pylist()] if column.num_chunks else []
        index = np.concatenate([c.indices.to_numpy() for c in column.chunks]) if values else np.zeros(0, np.int64)
        void = [k for k, value in enumerate(values) if blank(value)]
        if void:
            first = int(np.flatnonzero(np.isin(index, void))[0])
            shown = values[index[first]] or "blank"
            raise InputError(f"{_at(blocks, start + first)}: the {role} id is {shown}; fill it in or drop the row")
        codes.append(np.array([seen.setdefault(v, len(seen)) for v in values], np.int64)[index])
        start += len(block)
    ids = list(seen)
    numbers = all(_is_index(v) for v in ids)
    order = sorted(range(len(ids)), key=lambda k: (int(ids[k]) if numbers else 0, ids[k]))
    rank = np.empty(len(ids), np.int64)
    rank[order] = np.arange(len(ids))
    return rank[np.concatenate(codes)], np.array([ids[k] for k in order], dtype=object)


def _is_index(value: str) -> bool:
    """Whether an id is a whole number from 0 that fits into an int64."""
    return value.isascii() and value.isdigit() and len(value) < 19


def _dictionary(block: Block, role: str) -> pa.ChunkedArray:
    """An id column as text, with one dictionary of the different ids for all of its chunks."""
    column = block.columns[role]
    if not pa.types.is_dictionary(column.type):
        if pa.types.is_floating(column.type):  # ids that a missing value once turned into floats: 12.0 is item 12
            with_fraction = pc.not_equal(column, pc.floor(column)).to_numpy().astype(bool)
            if not with_fraction.any() and pc.all(pc.is_finite(column)).as_py():
                column = _cast(block, role, column, pa.int64())
        column = _cast(block, role, column, pa.string()).fill_null("").dictionary_encode()
    return column.unify_dictionaries()


def _cast(block: Block, role: str, column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    try:
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise InputError(f"{block.where}: the {role} column holds {column.type}; use text or numbers") from None


def _numbers(blocks: list[Block], role: str) -> np.ndarray | None:
    """The ratings or times (N,) as float64, or None where the files have no such column."""
    if role not in blocks[0].columns:
        return None
    what = "rating" if role == "rating" else "time stamp"
    out, start = [], 0
    for block in blocks:
        column = block.columns[role]
        if pa.types.is_temporal(column.type):
            column = _cast(block, role, column, pa.timestamp("us")).cast(pa.int64())
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            values = _parse(column, role)
        else:
            values = _cast(block, role, column, pa.float64()).to_numpy()
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            value = column[int(wrong[0])].as_py()
            shown = "blank" if value is None or not str(value).strip() else repr(value)
            need = "a finite number" + (" or an ISO date" if role == "time" else "")
            raise InputError(f"{_at(blocks, start + int(wrong[0]))}: the {what} is {shown}; it must be {need}")
        out.append(values)
        start += len(block)
    return np.concatenate(out)


def _parse(column: pa.ChunkedArray, role: str) -> np.ndarray:
    """Text to float64, NaN where it is no number; times may be ISO dates all through."""
    try:
        return column.cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        text = column.to_pandas()
    values = pd.to_numeric(text, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    if role == "time" and len(values) and np.isnan(values[0]):
        dates = pd.to_datetime(text, errors="coerce", format="ISO8601", utc=True)
        if not pd.isna(dates.iloc[0]):
            return (dates - pd.Timestamp(0, tz="UTC")).dt.total_seconds().to_numpy(dtype=float)
    return values


def _assemble(blocks: list[Block], rows: _Rows) -> tuple[csr_matrix, np.ndarray]:
    """The matrix, and which of the N rows each stored entry comes from; repeated pairs are merged with a warning."""
    users, items = rows.users, rows.items
    shape = len(rows.user_ids), len(rows.item_ids)
    key = users * shape[1] + items
    order = np.argsort(key, kind="stable")
    step = key[order][1:] != key[order][:-1]
    if not step.all():
        repeated = order[1:][~step]
        first = int(repeated.min())
        user, item = rows.user_ids[users[first]], rows.item_ids[items[first]]
        rule = "the latest by time stamp" if rows.times is not None else "the last"
        warnings.warn(
            f"{_at(blocks, first)}: user {user!r} and item {item!r} occur again; "
            f"merged {len(repeated)} repeated rows, keeping {rule} of each pair",
            InputWarning,
            stacklevel=3,
        )
        if rows.times is not None:
            order = np.lexsort((rows.times, key))  # stable: at equal times the last row wins
        order = order[np.append(step, True)]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(users[order], minlength=shape[0]))])
    values = np.ones(len(order), np.float32) if rows.ratings is None else rows.ratings[order].astype(np.float32)
    matrix = csr_matrix((values, items[order].astype(np.int32), indptr.astype(np.int64)), shape=shape)
    matrix.has_canonical_format = True
    return matrix, order


def _pro_sg(tree: Tree, fit: Fit, blocks: list[Block], table: ItemTable | None, name: str) -> Interactions:
    """The published split: one block for each of PARTS, indices instead of ids, and raw item ids in unique_sid.txt."""
    where, item_ids = id_list(tree, fit)
    users, user_ids = _encode(blocks, "user")
    bad = next((k for k, v in enumerate(user_ids) if not (v.isascii() and v.isdigit())), None)
    if bad is not None:
        row = int(np.flatnonzero(users == bad)[0])
        raise InputError(f"{_at(blocks, row)}: the user index is {user_ids[bad]!r}; it must be a whole number from 0")
    rows = _Rows(users, user_ids, _catalogue_items(blocks, where, len(item_ids)), item_ids)
    part = np.repeat(np.arange(len(PARTS)), [len(b) for b in blocks])  # the files are read in this order
    _check_parts(blocks, rows, part)
    matrix, stored = _assemble(blocks, rows)
    parts = csr_matrix((part[stored].astype(np.int8), matrix.indices.copy(), matrix.indptr.copy()), shape=matrix.shape)
    parts.has_canonical_format = True
    described = describe(item_ids, table)
    categories = item_categories(tree, fit)
    if categories is not None:
        described["category"] = pd.Series([categories.get(i, "") for i in item_ids], dtype="str")
    return Interactions(matrix, user_ids, item_ids, described, name, False, parts)


def _catalogue_items(blocks: list[Block], where: str, n_items: int) -> np.ndarray:
    """The items (N,) of a pro_sg data set: each row has the index of a line of unique_sid.txt (`where`)."""
    codes, values = _encode(blocks, "item")
    index = np.array([int(v) if _is_index(v) else -1 for v in values], np.int64)
    wrong = np.flatnonzero((index < 0) | (index >= n_items))
    if len(wrong):
        row = int(np.flatnonzero(np.isin(codes, wrong))[0])
        raise InputError(
            f"{_at(blocks, row)}: the item index is {values[codes[row]]}, but {where} has {n_items} lines "
            f"(indices 0 to {n_items - 1}); take all files from one preparation"
        )
    return index[codes]


def _check_parts(blocks: list[Block], rows: _Rows, part: np.ndarray) -> None:
    """Raise InputError where a pair stands in two parts, or a person in two of training, validation and test. part (N,):
    indices into PARTS."""
    users, items = rows.users, rows.items
    key = users * len(rows.item_ids) + items
    order = np.argsort(key, kind="stable")
    clash = np.flatnonzero((key[order][1:] == key[order][:-1]) & (part[order][1:] != part[order][:-1]))
    if len(clash):
        one, two = (int(order[clash[0] + k]) for k in (0, 1))
        raise InputError(
            f"{_at(blocks, two)}: user {rows.user_ids[users[two]]} and item {items[two]} are also in "
            f"{_at(blocks, one)}; a pair belongs to one part only"
        )
    group = np.array([0, 1, 1, 2, 2])[part]  # training, validation, test people
    home = np.full(len(rows.user_ids), -1)
    home[users[::-1]] = group[::-1]
    stray = np.flatnonzero(group != home[users])
    if len(stray):
        row = int(stray[0])
        other = PARTS[part[np.flatnonzero(users == users[row])[0]]]
        raise InputError(
            f"{_at(blocks, row)}: user {rows.user_ids[users[row]]} is also in {other}.csv; the people of training, "
            "validation and test must differ"
        )
