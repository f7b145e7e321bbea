"""Interactions: who touched which item and what is known of the items, read from every layout people keep them in.

`read` takes a file, a folder or a zip. The way of a row, one module of `macrid.data.reading` each: the files under a path
(`tree`), what each is (`look`, `text`), which of them are the data set (`find`), its tables (`table`, `typed`, `shapes`),
which column is what (`roles`, `names`), numbers (`rows`, `arrays`), the items (`item_table`, `describe`). What counts as a
click is told by `scale` and said by `counting`. The layouts are listed in docs/your-data.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from macrid.errors import InputError

from . import pairs
from .counting import Found, Statement
from .prepared import folder as prepared
from .prepared.matrices import MEMORY, Store
from .reading.describe import COLUMNS, describe
from .reading.find import PARTS
from .reading.item_table import item_table
from .reading.published import catalogue, categories, indexed, parts_of
from .reading.roles import Asked
from .reading.rows import Rows, gather
from .scale import Scale
from .source import Read, Source, opened

__all__ = ["PARTS", "Asked", "Interactions", "read"]


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
    found: Found | None = None  # what was read, if it was read from files
    statement: Statement | None = None  # of clicks: what counted and what did not
    usual_held_out: int | None = None  # of a public set: how many people its papers hold out
    folder: Path | None = None  # of clicks that were prepared: where they lie, and matrix is mapped
    store: Store = MEMORY  # where the matrices are put that are made of this one

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


def read(path: str | Path, name: str | None = None, asked: Asked | None = None,
         progress: Callable[[int, int], None] | None = None) -> Interactions:
    """Read a data set from a file, a folder or a zip, in any layout that docs/your-data.md lists.

    Users and items come in the order of their ids (as numbers if all are numbers), so the order of the rows does not
    matter; with `pro_sg` they keep the order of their indices. Items without interactions are left out (`pro_sg`: kept,
    as unique_sid.txt is the layout's own catalogue); items that the items table does not have get their id as title and
    no category. Of a pair that occurs more than once the latest rating counts, by time stamp if there is one, else the last
    (one InputWarning); counts are added, a yes stays a yes.

    `name` is what the result is called, by default the file's or folder's name. `asked` says which column is what and which
    events count. `progress` is called with (bytes so far, bytes in all) of the interactions. Ratings keep their unit; a
    rating of 0 is stored, a blank one is NaN. Time stamps (numbers or dates) decide between repeated rows and are then
    dropped.

    Raises InputError, one line with the file, the row (the line that an editor shows; in Parquet the row) and the remedy:
    for a path that is missing, unreadable, empty, in no known layout or in two; where the columns cannot be told; for rows
    with too few fields, blank ids, ratings or times that are not finite numbers; for an item described twice; for pro_sg
    indices outside unique_sid.txt and pairs or users in two parts.
    """
    if prepared.is_one(path):
        if asked is not None and (asked.names or asked.events):
            raise InputError(f"{path}: holds clicks that were prepared, whose columns are known; --user, --item, --rating, "
                             "--time and --events go with the files that it was made from")
        return Interactions(**prepared.load(Path(path).expanduser()))
    with opened(path, asked) as found_there:
        source = found_there.settled()
        name = name or source.name
        tree = source.finder.tree
        tree.count(source.fit.names, progress)
        rows = gather(source.fit.tables, source.roles, source.fit.asked)
        tree.count([], None)
        if source.fit.layout == "pro_sg":
            return _pro_sg(source, rows, name)
        rated, ratings = rows.ratings is not None, None
        if rows.ratings is not None:
            ratings = np.unique(rows.ratings[~np.isnan(rows.ratings)], return_counts=True)
        found = source.found(Read(len(rows), rows.user_ids, rows.item_ids, ratings, rows.events))
        matrix, _ = _assembled(rows, found.scale)
        items, found = source.described(rows.item_ids, found)
        return Interactions(matrix, rows.user_ids, rows.item_ids, items, name, rated, found=found)


def _assembled(rows: Rows, scale: Scale) -> tuple[csr_matrix, np.ndarray]:
    """The matrix, and which of the N rows each stored entry comes from; repeated pairs are merged with a warning."""
    shape = len(rows.user_ids), len(rows.item_ids)
    found = pairs.merged(pairs.Rows(rows.users, rows.items, rows.ratings, rows.times), scale)
    if len(found.repeated):
        first = int(found.repeated.min())
        user, item = rows.user_ids[rows.users[first]], rows.item_ids[rows.items[first]]
        pairs.say_repeated(f"{rows.at(first)}: user {user!r} and item {item!r}", len(found.repeated), scale,
                           rows.times is not None)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows.users[found.rows], minlength=shape[0]))])
    matrix = csr_matrix((found.values, rows.items[found.rows].astype(np.int32), indptr.astype(np.int64)), shape=shape)
    matrix.has_canonical_format = True
    return matrix, found.rows


def _pro_sg(source: Source, rows: Rows, name: str) -> Interactions:
    """The published split: one table for each of PARTS, indices instead of ids, and raw item ids in unique_sid.txt."""
    finder, fit = source.finder, source.fit
    where, item_ids = catalogue(finder.tree, fit)
    rows = indexed(rows, where, item_ids)
    part = parts_of(rows)
    matrix, stored = _assembled(rows, Scale("none"))
    parts = csr_matrix((part[stored].astype(np.int8), matrix.indices.copy(), matrix.indptr.copy()), shape=matrix.shape)
    parts.has_canonical_format = True
    described = describe(item_ids, item_table(finder, fit, "sid"))
    known = categories(finder.tree, fit)
    if known is not None:
        described["category"] = pd.Series([known.get(i, "") for i in item_ids], dtype="str")
    notes = tuple(note for table in fit.tables for note in table.notes)
    found = Found(finder.tree.shown(fit.folder), "pro_sg", len(PARTS), {"user": "uid", "item": "sid"}, Scale("none"),
                  len(rows), np.zeros(0), np.zeros(0, np.int64), notes=notes)
    return Interactions(matrix, rows.user_ids, item_ids, described, name, False, parts, found=found)
