"""Interactions: who touched which item and what is known of the items, read from every layout people keep them in.

`read` takes a file, a folder or a zip. The way of a row, one module of `macrid.data.reading` each: the files under a path
(`tree`), what each is (`look`, `text`), which of them are the data set (`find`), its tables (`table`, `typed`, `shapes`),
which column is what (`roles`, `names`), numbers (`rows`, `arrays`), the items (`item_table`, `describe`). What counts as a
click is told by `scale` and said by `counting`. The layouts are listed in docs/your-data.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from macrid.errors import InputError, InputWarning

from .counting import Found, Statement
from .reading.describe import COLUMNS, describe
from .reading.find import PARTS, Finder, Fit
from .reading.item_table import ItemTable, item_table
from .reading.published import catalogue, categories, indexed, parts_of
from .reading.roles import Asked, Roles
from .reading.rows import Rows, gather, words_taken
from .reading.table import Table
from .reading.tree import Tree
from .scale import Column, Scale, scale_of

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
    if name is None:
        given = Path(path).expanduser().resolve()
        name = given.name if given.is_dir() else given.stem
    with Tree(path) as tree:
        finder = Finder(tree, asked)
        fit = finder.find()
        roles = fit.roles()
        fit = replace(fit, tables=[table.settled() for table in fit.tables])
        tree.count(fit.names, progress)
        rows = gather(fit.tables, roles, fit.asked)
        tree.count([], None)
        if fit.layout == "pro_sg":
            return _pro_sg(finder, fit, rows, name)
        called = {role: _name_of(fit.tables[0], k) for role, k in roles[0].columns.items()}
        found, scale = _found(finder, fit, roles[0], rows, called)
        matrix, _ = _assemble(rows, scale)
        table = item_table(finder, fit, called["item"])
        rated = rows.ratings is not None
        found = replace(found, notes=(*found.notes, *_of_items(rows.item_ids, table)))
        return Interactions(matrix, rows.user_ids, rows.item_ids, describe(rows.item_ids, table), name, rated, found=found)


def _name_of(table: Table, k: int) -> str:
    """What a column is called, for people."""
    if table.look.header is False and k < len(table.look.columns):
        return f"column {k + 1}"
    return table.columns[k] if k < len(table.columns) else "values"  # of a matrix


def _found(finder: Finder, fit: Fit, roles: Roles, rows: Rows, called: dict[str, str]) -> tuple[Found, Scale]:
    """What was read, and the scale of its ratings."""
    where = finder.tree.shown(fit.names[0]) if len(fit.names) == 1 else str(finder.tree.root / fit.folder)
    values, counts = np.zeros(0), np.zeros(0, np.int64)
    if rows.ratings is not None:
        values, counts = np.unique(rows.ratings[~np.isnan(rows.ratings)], return_counts=True)
    scale = Scale("none") if rows.ratings is None else scale_of(
        values, counts, Column(called["rating"], roles.kind, where, fit.asked.min_rating, counts.sum() < len(rows)))
    notes = [note for table in fit.tables for note in table.notes]
    if roles.guessed:
        by_number = sorted(roles.columns.items(), key=lambda pair: pair[1])
        order = ", ".join(f"column {k + 1} is the {role}" for role, k in by_number)
        notes.append(f"{where}: has no header line; {order}; --user, --item, --rating and --time with numbers say otherwise")
    for role, ids in (("user", rows.user_ids), ("item", rows.item_ids)):
        if words := words_taken(ids):
            notes.append(f"the {role} ids {words} are taken as names")
    found = Found(where, fit.layout, len(fit.names), called, scale, len(rows), values, counts,
                  dict(rows.events.most_common(20)), fit.asked.events, tuple(dict.fromkeys(notes)))
    return found, scale


def _of_items(item_ids: np.ndarray, table: ItemTable | None) -> list[str]:
    """What to say of the table that describes the items."""
    if table is None:
        return ["no table beside it describes the items"]
    mine, theirs = set(item_ids), set(table.frame["item_id"])
    if mine == theirs:
        return list(table.notes)
    others = f"; {len(theirs - mine):,} of its rows are of items that nobody touched" if theirs - mine else ""
    return [*table.notes, f"{table.where} describes {len(mine & theirs):,} of the {len(mine):,} items{others}"]


def _assemble(rows: Rows, scale: Scale) -> tuple[csr_matrix, np.ndarray]:
    """The matrix, and which of the N rows each stored entry comes from; repeated pairs are merged with a warning."""
    shape = len(rows.user_ids), len(rows.item_ids)
    key = rows.users.astype(np.int64) * shape[1] + rows.items
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    step = ordered[1:] != ordered[:-1]
    values = np.ones(len(rows), np.float32) if rows.ratings is None else rows.ratings.astype(np.float32)
    if not step.all():
        how = _say_repeated(rows, order[1:][~step], scale)
        starts = np.flatnonzero(np.append(True, step))
        if how == "sum":
            merged = np.add.reduceat(np.nan_to_num(values[order]), starts)
        elif how == "max":
            merged = np.maximum.reduceat(np.nan_to_num(values[order], nan=-np.inf), starts)
        else:
            unrated = np.isnan(values) | np.isin(values, np.array(scale.unrated, np.float32))
            if rows.times is not None or unrated.any():  # stable: at equal times the last row wins, and any mark over none
                times = np.zeros(len(key)) if rows.times is None else np.nan_to_num(rows.times, nan=-np.inf)
                order = np.lexsort((times, ~unrated, key))
            merged = values[order[np.append(step, True)]]
        order = order[np.append(step, True)]
    else:
        merged = values[order]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows.users[order], minlength=shape[0]))])
    matrix = csr_matrix((merged, rows.items[order].astype(np.int32), indptr.astype(np.int64)), shape=shape)
    matrix.has_canonical_format = True
    return matrix, order


def _say_repeated(rows: Rows, repeated: np.ndarray, scale: Scale) -> str:
    """Warn of the rows that repeat a pair; how their values are merged: sum, max or latest."""
    how = {"count": "sum", "label": "max"}.get(scale.kind, "latest")
    first = int(repeated.min())
    user, item = rows.user_ids[rows.users[first]], rows.item_ids[rows.items[first]]
    latest = "keeping the latest by time stamp of each pair" if rows.times is not None else "keeping the last of each pair"
    warnings.warn(
        f"{rows.at(first)}: user {user!r} and item {item!r} occur again; merged {len(repeated)} repeated rows, "
        + {"sum": "adding their counts", "max": "a yes counts", "latest": latest}[how], InputWarning, stacklevel=4)
    return how


def _pro_sg(finder: Finder, fit: Fit, rows: Rows, name: str) -> Interactions:
    """The published split: one table for each of PARTS, indices instead of ids, and raw item ids in unique_sid.txt."""
    where, item_ids = catalogue(finder.tree, fit)
    rows = indexed(rows, where, item_ids)
    part = parts_of(rows)
    matrix, stored = _assemble(rows, Scale("none"))
    parts = csr_matrix((part[stored].astype(np.int8), matrix.indices.copy(), matrix.indptr.copy()), shape=matrix.shape)
    parts.has_canonical_format = True
    described = describe(item_ids, item_table(finder, fit, "sid"))
    known = categories(finder.tree, fit)
    if known is not None:
        described["category"] = pd.Series([known.get(i, "") for i in item_ids], dtype="str")
    notes = tuple(note for table in fit.tables for note in table.notes)
    found = Found(str(finder.tree.root / fit.folder), "pro_sg", len(PARTS), {"user": "uid", "item": "sid"}, Scale("none"),
                  len(rows), np.zeros(0), np.zeros(0, np.int64), notes=notes)
    return Interactions(matrix, rows.user_ids, item_ids, described, name, False, parts, found=found)
