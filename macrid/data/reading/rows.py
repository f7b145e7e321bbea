"""The rows of all tables of a data set as numbers: users and items as codes, ratings and times as floats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa

from macrid.errors import InputError

from .arrays import At, exploded, ids, numbers, times
from .look import TYPED
from .names import listed, missing
from .roles import Asked, Roles
from .table import Table


@dataclass(eq=False)
class Rows:
    """N rows: users and items as codes (N,) into their ids (U,) and (M,), ratings and times (N,), NaN where there is none,
    None where the tables have no such column."""

    users: np.ndarray
    user_ids: np.ndarray
    items: np.ndarray
    item_ids: np.ndarray
    ratings: np.ndarray | None
    times: np.ndarray | None
    tables: list[Table]
    ends: list[int]  # of each table's rows
    origin: np.ndarray | None = None  # (N,) the record of its table that a row comes from, where some were left out
    events: Counter[str] = field(default_factory=Counter)  # how many rows each event has

    def at(self, index: int) -> str:
        """Where row `index` stands: file and row."""
        which = int(np.searchsorted(self.ends, index, side="right"))
        record = index - (self.ends[which - 1] if which else 0) if self.origin is None else int(self.origin[index])
        return f"{self.tables[which].where}, row {self.tables[which].row(record)}"

    def first(self, role: str, which: Sequence[int]) -> tuple[int, int]:
        """The first row whose user (or item) has one of these codes, and that code."""
        codes = self.users if role == "user" else self.items
        row = int(np.flatnonzero(np.isin(codes, which))[0])
        return row, int(codes[row])

    def __len__(self) -> int:
        return len(self.users)


class Placed(Protocol):
    """What messages need of rows, as `Rows` has it."""

    tables: list[Table]

    def at(self, index: int) -> str: ...

    def first(self, role: str, which: Sequence[int]) -> tuple[int, int]: ...


Batch = dict[str, "pa.DictionaryArray | np.ndarray"]  # some rows by role: ids as text, ratings and times as numbers


@dataclass
class Reader:
    """Reads the columns of tables, batch after batch, and hands each to `keep`, with the record of its table (n,) that each
    row comes from."""

    asked: Asked
    keep: Callable[[Batch, np.ndarray], None]
    events: Counter[str] = field(default_factory=Counter)
    cut_down: bool = False  # whether a row's number differs from its record's
    n: int = 0

    def add(self, table: Table, roles: Roles) -> None:
        """All rows of one table."""
        order = list(roles.columns)
        codes = [roles.columns[r] for r in order if r != "time"]
        start = 0
        for arrays in table.batches([roles.columns[r] for r in order], codes):
            batch = dict(zip(order, arrays, strict=True))
            size = len(arrays[0])
            self._batch(table, start, batch)
            start += size

    def _batch(self, table: Table, start: int, batch: dict[str, pa.Array]) -> None:
        def where(k: int) -> str:
            return f"{table.where}, row {table.row(start + k)}"

        rows = np.arange(len(next(iter(batch.values()))))
        if pa.types.is_list(batch["item"].type) or pa.types.is_large_list(batch["item"].type):
            batch, rows = exploded(table.where, batch)
            self.cut_down = True
        if "event" in batch:
            keep = self._events(table.where, batch.pop("event"))
            if keep is not None:
                batch, rows = {r: a.filter(pa.array(keep)) for r, a in batch.items()}, rows[keep]
                self.cut_down = True
        kept: Batch = {}
        for role, array in batch.items():
            if role in ("user", "item"):
                kept[role] = ids(table.where, role, array)
                _check_blank(where, role, kept[role], rows)
            elif role == "rating":
                kept[role] = numbers(table.where, array, lambda k: where(int(rows[k])))
            else:
                kept[role] = times(table.where, array, lambda k: where(int(rows[k])))
        self.keep(kept, start + rows)
        self.n += len(rows)

    def _events(self, where: str, column: pa.Array) -> np.ndarray | None:
        """Count the events of some rows; which of these rows (mask) have one that counts, None for all."""
        words = ids(where, "event", column)
        names = [str(v) for v in words.dictionary.to_pylist()]
        index = words.indices.to_numpy(zero_copy_only=False)
        for k, count in enumerate(np.bincount(index, minlength=len(names))):
            self.events[names[k]] += int(count)
        if not self.asked.events:
            return None
        lower = {e.lower() for e in self.asked.events}
        return np.isin(index, [k for k, name in enumerate(names) if name.lower() in lower])

    def check(self, where: str) -> None:
        """Raise InputError, of the first file, where all that was read cannot be used."""
        found = ", ".join(f"{name} ({count:,} rows)" for name, count in self.events.most_common(8))
        if self.asked.events:
            unknown = [e for e in self.asked.events if e.lower() not in {name.lower() for name in self.events}]
            if unknown:
                raise InputError(f"{where}: --events {','.join(self.asked.events)}: there is no event {unknown[0]!r}; found "
                                 f"{found}")
        elif len(self.events) > 1:
            most = [name for name, _ in self.events.most_common(8)]
            raise InputError(f"{where}: has the events {found}; say which of them count, such as --events {most[-1]} or "
                             f"--events {','.join(most)} for all")
        if not self.n:
            raise InputError(f"{where}: has no rows; give at least one interaction")


def _check_blank(where: At, role: str, column: pa.DictionaryArray, rows: np.ndarray) -> None:
    blank = [k for k, v in enumerate(column.dictionary.to_pylist()) if not v]
    if blank:
        index = column.indices.to_numpy(zero_copy_only=False)
        first = np.flatnonzero(np.isin(index, blank))
        if len(first):
            raise InputError(f"{where(int(rows[first[0]]))}: the {role} id is blank; "
                             "fill it in or drop the row")


def gather(tables: Sequence[Table], roles: Sequence[Roles], asked: Asked) -> Rows:
    """The rows of some tables with the same columns. Raises InputError, with file and row, for a blank id, a rating or time
    that is no number, for tables without rows, and where several kinds of events stand and nobody said which count."""
    columns: dict[str, list] = {}
    origin: list[np.ndarray] = []

    def keep(batch: Batch, records: np.ndarray) -> None:
        for role, value in batch.items():
            columns.setdefault(role, []).append(value)
        origin.append(records)

    reader, ends = Reader(asked, keep), []
    for table, named in zip(tables, roles, strict=True):
        reader.add(table, named)
        ends.append(reader.n)
    reader.check(tables[0].where)
    users, user_ids = _coded(columns["user"])
    items, item_ids = _coded(columns["item"])
    joined = {role: np.concatenate(columns.pop(role)) for role in ("rating", "time") if role in columns}
    rows = Rows(users, user_ids, items, item_ids, joined.get("rating"), joined.get("time"), list(tables), ends,
                np.concatenate(origin) if reader.cut_down else None, reader.events)
    check_words(rows, user_ids, item_ids)
    return rows


def _coded(columns: list[pa.DictionaryArray]) -> tuple[np.ndarray, np.ndarray]:
    """Codes (N,) int32 of an id column and the ids (n,) that they index, in order: as numbers if all are numbers."""
    column = pa.chunked_array(columns).unify_dictionaries()
    values = column.chunk(0).dictionary.to_pylist()
    codes = np.concatenate([c.indices.to_numpy(zero_copy_only=False) for c in column.chunks])
    columns.clear()
    used = np.zeros(len(values), bool)
    used[codes] = True
    seen: dict[str, int] = {}
    merged = np.array([seen.setdefault(v, len(seen)) if u else -1 for v, u in zip(values, used, strict=True)], np.int64)
    ids_, rank = ordered(list(seen))
    return np.append(rank, np.int32(-1))[merged][codes], ids_


def ordered(ids_: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Some ids (n,) in their order, and the place of each there (n,) int32."""
    order = in_order(ids_)
    rank = np.empty(len(ids_), np.int32)
    rank[order] = np.arange(len(ids_))
    return np.array([ids_[k] for k in order], dtype=object), rank


def in_order(ids_: Sequence[str]) -> list[int]:
    """The places of some ids in their order: as numbers if all are numbers."""
    whole = all(is_index(v) for v in ids_)
    return sorted(range(len(ids_)), key=lambda k: (int(ids_[k]) if whole else 0, ids_[k]))


def is_index(value: str) -> bool:
    """Whether an id is a whole number from 0 that fits into an int64."""
    return value.isascii() and value.isdigit() and len(value) < 19


def check_words(rows: Placed, user_ids: np.ndarray, item_ids: np.ndarray) -> None:
    """Raise InputError for a word such as NaN among ids that are otherwise numbers; among names it is a name, and where the
    file says that it is text."""
    if all(table.look.kind in TYPED for table in rows.tables):
        return
    for role, names in (("user", user_ids), ("item", item_ids)):
        words = [k for k, v in enumerate(names) if missing(v)]
        if words and len(words) < len(names) and all(is_index(v) for v in names if not missing(v)):
            row, code = rows.first(role, words)
            raise InputError(f"{rows.at(row)}: the {role} id is {names[code]}, all others are numbers; "
                             "fill it in or drop the row")


def words_taken(names: np.ndarray) -> str:
    """The ids that other programs would take for missing values, for a note; "" if there are none."""
    return listed([v for v in names if missing(v)])
