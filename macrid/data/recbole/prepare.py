"""From tables to rows: RecBole's filters in its order, then its numbers of people and items, those of first appearance.

What RecBole 1.2.1 does is kept even where it is odd (see `_without_blank`), as its checkpoints depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from macrid.data.counting import EXAMPLES, Found
from macrid.data.interactions import Interactions
from macrid.data.reading.describe import describe
from macrid.data.reading.item_table import ItemTable
from macrid.data.reading.rows import in_order
from macrid.data.reading.tree import Tree
from macrid.data.scale import Scale
from macrid.errors import InputError

from .options import Interval, Options
from .tables import Tables, load

Sort = Literal["quicksort", "stable"]  # of rows by time: those of one moment as the machine likes, or as they stood


class Placed(NamedTuple):
    """A row and a column for each of N rows, and which code stands where: (U,) of people, (M,) of items."""

    row: np.ndarray
    column: np.ndarray
    people: np.ndarray
    items: np.ndarray


@dataclass(frozen=True, eq=False)
class Prepared:
    """The N rows that RecBole works with, in its order. Codes are its numbers less one, as it counts from 1."""

    name: str
    where: str
    users: np.ndarray  # (N,) codes into user_ids
    user_ids: np.ndarray  # (U,)
    items: np.ndarray  # (N,) codes into item_ids
    item_ids: np.ndarray  # (M,) with those that stand only in .item, or in a column of alias_of_item_id
    times: np.ndarray | None  # (N,) float32, as RecBole compares them
    parts: np.ndarray | None  # (N,) int8: the file of benchmark_filename that each comes from
    values: dict[str, np.ndarray]  # the columns of numbers of .inter (N,), by name
    options: Options
    described: ItemTable | None
    rows: int  # in the files
    left_out: tuple[str, ...]  # by option, in words
    ties: bool  # rows were put in the order of their times, and some have the same

    def keep(self, rows: np.ndarray, why: str) -> Prepared:
        """Some of the rows (mask), with a note on why the others go; people and items stay."""
        gone = int((~rows).sum())
        if gone == len(rows):
            raise InputError(f"{self.options.where}: no row of {self.where} counts ({why}); let more count")
        return replace(self, users=self.users[rows], items=self.items[rows],
                       times=None if self.times is None else self.times[rows],
                       parts=None if self.parts is None else self.parts[rows],
                       values={name: column[rows] for name, column in self.values.items()},
                       left_out=(*self.left_out, f"{gone:,} left out by {why}") if gone else self.left_out)

    def touched(self) -> Prepared:
        """The same rows without the items that none of them has, so that the numbers are no longer RecBole's."""
        here, items = np.unique(self.items, return_inverse=True)
        return replace(self, items=items, item_ids=self.item_ids[here])

    def placed(self) -> Placed:
        """Where people and items stand in `interactions`: in the order of their ids, people without a row left out."""
        here = np.unique(self.users)
        people, mine = here[in_order(list(self.user_ids[here]))], np.array(in_order(list(self.item_ids)), np.int64)
        seats, places = np.full(len(self.user_ids), -1), np.full(len(self.item_ids), -1)
        seats[people], places[mine] = np.arange(len(people)), np.arange(len(mine))
        return Placed(seats[self.users], places[self.items], people, mine)

    def interactions(self) -> Interactions:
        """Who touched which item at all; items that nobody touched stay."""
        row, column, people, mine = self.placed()
        matrix = binary(row, column, (len(people), len(mine)))
        ids, item_ids = self.user_ids[people], self.item_ids[mine]
        notes = [f"of {self.rows:,} rows in the files, {words}" for words in self.left_out]
        idle = int((np.diff(matrix.tocsc().indptr) == 0).sum())
        if idle:
            notes.append(f"{idle:,} items that no row has are kept, as RecBole keeps them")
        found = Found(self.where, "RecBole", 1, {"user": self.options.user, "item": self.options.item}, Scale("none"),
                      len(self.users), np.zeros(0), np.zeros(0, np.int64),
                      notes=tuple(notes))
        return Interactions(matrix, ids, item_ids, describe(item_ids, self.described), self.name, False, found=found)


def binary(row: np.ndarray, column: np.ndarray, shape: tuple[int, int]) -> csr_matrix:
    """Pairs as a matrix of ones."""
    matrix = csr_matrix((np.ones(len(row), np.float32), (row, column)), shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def prepare(path: Path, options: Options, sort: Sort = "quicksort") -> Prepared:
    """The rows of the atomic files under a path as RecBole has them after all of its filters. sort: see Sort. Raises
    InputError for files that cannot be read, columns that are not loaded, and where no row is left."""
    with Tree(path) as tree:
        tables = load(tree, options)
    rows = len(tables.inter)
    parts = np.repeat(np.arange(len(tables.sizes), dtype=np.int8), tables.sizes) if options.parts else None
    left_out: list[str] = []
    if not options.parts:  # RecBole takes files that are parts already as they are
        for name, step in _STEPS.items():
            before = tables.inter
            step(tables, options, sort)
            _note(left_out, name, before, tables.inter, options)
    if not len(tables.inter):
        raise InputError(f"{options.where}: no row of {tables.where} is left after {', '.join(_named(options))}; widen them")
    users, user_ids = _numbers(tables, options, "user")
    items, item_ids = _numbers(tables, options, "item")
    numbers = {c: tables.inter[c].to_numpy() for c in tables.inter.columns if pd.api.types.is_float_dtype(tables.inter[c])}
    stamps = numbers.get(options.time)
    ties = options.sorts and stamps is not None and len(np.unique(stamps)) < len(stamps)
    return Prepared(tables.name, tables.where, users, user_ids, items, item_ids, _times(stamps, options), parts,
                    numbers, options, tables.described, rows, tuple(left_out), ties)


def _named(options: Options) -> list[str]:
    """The options by which rows may have gone."""
    return [name for name in ("val_interval", "rm_dup_inter", "user_inter_num_interval", "item_inter_num_interval",
                              "filter_inter_by_user_or_item") if name in options.said] or ["blank ids"]


def _note(left_out: list[str], name: str, before: pd.DataFrame, after: pd.DataFrame, options: Options) -> None:
    """Say how many rows a filter has left out, with some of them."""
    if len(before) == len(after):
        return
    gone = before[~before.index.isin(after.index)]
    such = ", ".join(f"{u} and {i}" for u, i in zip(gone[options.user][:EXAMPLES], gone[options.item], strict=False))
    left_out.append(f"{len(gone):,} left out by {name}, such as {such}")


def _without_blank(tables: Tables, options: Options, _: Sort) -> None:
    """Drop rows without an id. RecBole drops by place those whose labels it has found, so that after a first drop, or in a
    table with repeated ids, rows below go instead."""
    for ending, column in (("user", options.user), ("item", options.item)):
        beside = getattr(tables, ending)
        if beside is not None:
            setattr(tables, ending, _dropped(beside, column, tables.where))
        tables.inter = _dropped(tables.inter, column, tables.where)


def _dropped(frame: pd.DataFrame, column: str, where: str) -> pd.DataFrame:
    labels = frame.index[frame[column].isna()].to_numpy()
    if len(labels) and labels[-1] >= len(frame):
        raise InputError(f"{where}: ids are blank in rows that RecBole cannot drop; fill them in or drop the rows")
    return frame.drop(frame.index[labels]) if len(labels) else frame


def _once(tables: Tables, options: Options, sort: Sort) -> None:
    """rm_dup_inter: rows by time, then one of each pair."""
    if options.repeated is None:
        return
    if options.time in tables.inter.columns:
        if tables.types[options.time] != "float":
            raise InputError(f"{options.where}: rm_dup_inter sorts by {options.time}, which is no number in {tables.where}, "
                             "and that is not redone; give it the type float, or leave rm_dup_inter out")
        tables.inter = tables.inter.sort_values([options.time], kind=sort)
    tables.inter = tables.inter.drop_duplicates([options.user, options.item], keep=options.repeated)


def _within(tables: Tables, options: Options, _: Sort) -> None:
    """val_interval: rows of any of the tables whose values lie in it."""
    for column, wanted in options.values.items():
        homes = tables.with_column(column, options, "val_interval")
        kind = tables.types[column]
        if kind.endswith("_seq") or (kind == "float") != isinstance(wanted, Interval):
            need = "an interval such as [3,inf)" if kind == "float" else "a list of values"
            raise InputError(f"{options.where}: val_interval of {column}, a column of the type {kind}, is not redone" + (
                "; leave it out" if kind.endswith("_seq") else f" as it is written; write {need}"))
        for home in homes:
            frame = getattr(tables, home)
            inside = wanted.has(frame[column]) if isinstance(wanted, Interval) else frame[column].isin(wanted)
            setattr(tables, home, frame[inside])


def _known(tables: Tables, options: Options, _: Sort) -> None:
    """filter_inter_by_user_or_item: rows of people and items that are in the loaded tables of these."""
    if not options.only_known:
        return
    for beside, column in ((tables.user, options.user), (tables.item, options.item)):
        if beside is not None:
            tables.inter = tables.inter[tables.inter[column].isin(beside[column])]


def _core(tables: Tables, options: Options, sort: Sort) -> None:
    """user_inter_num_interval and item_inter_num_interval, again and again until all that is left is within them."""
    sides = (("user", options.user, options.user_rows), ("item", options.item, options.item_rows))
    while True:
        banned = {column: _outside(tables.inter[column], getattr(tables, ending), column, wanted)
                  for ending, column, wanted in sides if wanted is not None}
        if not any(map(len, banned.values())):
            return
        out = np.zeros(len(tables.inter), bool)
        for ending, column, _ in sides:
            beside, gone = getattr(tables, ending), banned.get(column, set())
            if beside is not None:
                setattr(tables, ending, beside[~beside[column].isin(gone)])
            out |= tables.inter[column].isin(gone).to_numpy()
        tables.inter = tables.inter[~out]


def _outside(ids: pd.Series, beside: pd.DataFrame | None, column: str, wanted: Interval) -> set[str]:
    """The ids whose number of rows is not as wanted; of those in the table beside, also those with too few."""
    counts = ids.value_counts()
    outside = set(counts.index[~wanted.has(counts)])
    if beside is not None:
        few = beside[column].map(counts).fillna(0) < wanted.low
        outside |= set(beside[column][few])
    return outside


_STEPS: dict[str, Callable[[Tables, Options, Sort], None]] = {  # in RecBole's order
    "blank ids": _without_blank, "rm_dup_inter": _once, "val_interval": _within, "filter_inter_by_user_or_item": _known,
    "user_inter_num_interval and item_inter_num_interval": _core,
}


def _numbers(tables: Tables, options: Options, role: str) -> tuple[np.ndarray, np.ndarray]:
    """Codes (N,) of the users or items of the rows, and the ids (n,) that they index: in the order of first appearance in
    .inter, in the table beside, in the columns of aliases."""
    column = {"user": options.user, "item": options.item}[role]
    own = [getattr(tables, home)[column] for home in tables.with_column(column, options)]
    others = [values for alias in dict.fromkeys(options.aliases[role]) if alias != column
              for values in _of_alias(tables, alias, options)]
    codes, tokens = pd.factorize(_chained([*own, *others]))
    mine = codes[: len(own[0])].astype(np.int32)
    if mine.min() < 0:
        raise InputError(f"{options.where}: row {int(mine.argmin()) + 1} of {tables.where} has no {column}; RecBole keeps "
                         "it with benchmark_filename, for nobody, which is not redone; drop the row")
    return mine, np.array(tokens.tolist(), object)


def _of_alias(tables: Tables, alias: str, options: Options) -> list[pd.Series]:
    """The ids in a column that shares its numbers with users or items."""
    kind, columns = tables.types.get(alias, ""), []
    for home in tables.with_column(alias, options, "an alias of ids"):
        values = getattr(tables, home)[alias]
        if kind not in ("token", "token_seq"):
            raise InputError(f"{options.where}: {alias} is an alias of ids and of the type {kind}; only token and token_seq "
                             "can be numbered")
        if kind == "token_seq":
            length = options.lengths.get(alias)
            words = [[w for w in text.split(options.sequence) if w][:length] for text in values.fillna("")]
            values = pd.Series([w for some in words for w in some], dtype=object)
        columns.append(values)
    return columns


def _chained(columns: Sequence[pd.Series]) -> np.ndarray:
    return np.concatenate([column.to_numpy(dtype=object) for column in columns])


def _times(stamps: np.ndarray | None, options: Options) -> np.ndarray | None:
    """Times as RecBole compares them: gaps filled with the mean, scaled to 0 .. 1 if it is told to, then of float32."""
    if stamps is None:
        return None
    filled = np.where(np.isnan(stamps), np.nanmean(stamps) if not np.isnan(stamps).all() else np.nan, stamps)
    if options.normalized:
        low, high = filled.min(), filled.max()
        filled = (filled - low) / (high - low) if high > low else np.ones_like(filled)
    return filled.astype(np.float32)
