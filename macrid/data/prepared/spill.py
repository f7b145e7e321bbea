"""Rows of a data set on disk, in the order in which they are read: what is in memory are the ids of its users and items.

Each column is a file of numbers. After a table the state is kept, at most every KEPT_EVERY seconds: from there a reading
that was stopped goes on.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from macrid import files
from macrid.errors import InputError

from ..reading.roles import Asked, Roles
from ..reading.rows import Batch, Reader, ordered
from ..reading.table import Table

KEPT_EVERY = 10.0  # seconds
ROWS = 1 << 21  # that are looked at together
KINDS: dict[str, np.dtype] = {"user": np.dtype(np.int32), "item": np.dtype(np.int32), "rating": np.dtype(np.float64),
         "time": np.dtype(np.float64), "record": np.dtype(np.int64)}  # record: the row of the table, whatever was left out
_STATE = "read.json"


class Numbering:
    """Ids as numbers in the order in which they came."""

    def __init__(self, path: Path, known: int) -> None:
        """path: the file that keeps them, one a line as JSON, of which the first `known` count."""
        self._path, self._kept = path, known
        with path.open("a+b") as lines:
            lines.seek(0)
            self._number: dict[str, int] = {json.loads(lines.readline()): k for k in range(known)}
            lines.truncate(lines.tell())  # what came after the state was kept is read again

    def __len__(self) -> int:
        return len(self._number)

    def codes(self, ids: pa.ChunkedArray) -> np.ndarray:
        """The numbers (n,) int32 of ids, dictionary-encoded."""
        column = ids.unify_dictionaries().combine_chunks()
        index, number = column.indices.to_numpy(zero_copy_only=False), self._number
        used = np.zeros(len(column.dictionary), bool)
        used[index] = True
        if used.all():
            each = [number.setdefault(one, len(number)) for one in column.dictionary.to_pylist()]
        else:
            each = [number.setdefault(one, len(number)) if use else -1
                    for one, use in zip(column.dictionary.to_pylist(), used.tolist(), strict=True)]
        return np.array(each, np.int32)[index]

    def keep(self) -> None:
        """Write the ids that came since the last time."""
        with self._path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(one) + "\n" for one in islice(self._number, self._kept, None))
            _to_disk(file)
        self._kept = len(self._number)

    def ordered(self) -> tuple[np.ndarray, np.ndarray]:
        """The ids in their order, and the place of each number there; they are forgotten here."""
        ids = list(self._number)
        self._number = {}
        return ordered(ids)


class Spill:
    """Rows as they are read, in files in `folder`; begun there, or gone on with where a reading was stopped."""

    def __init__(self, folder: Path, tables: Sequence[Table], roles: Sequence[Roles], asked: Asked) -> None:
        self.folder, self.tables, self._asked, self._roles = folder, list(tables), asked, list(roles)
        self.columns = [*(role for role in ("user", "item", "rating", "time") if role in roles[0].columns), "record"]
        state = self._state()
        if state is None:
            state = {"ends": [], "events": {}, "users": 0, "items": 0}
            (folder / _STATE).unlink(missing_ok=True)  # one of files that are not whole must not be taken for theirs later
        self.ends: list[int] = state["ends"]
        self._reader = Reader(asked, self._add, Counter(state["events"]), n=self.ends[-1] if self.ends else 0)
        self.numbers = {role: Numbering(folder / f"{role}s.jsonl", state[f"{role}s"]) for role in ("user", "item")}
        self._waiting: dict[str, list[pa.DictionaryArray]] = {role: [] for role in self.numbers}
        self._numbered = len(self)
        self._files = {column: (folder / column).open("r+b" if self.ends else "wb") for column in self.columns}
        for column, file in self._files.items():  # what came after the state was kept is read again
            file.truncate(len(self) * KINDS[column].itemsize)
            file.seek(0, os.SEEK_END)
        self._kept_at = time.monotonic()

    def _state(self) -> dict[str, Any] | None:
        """The state that was kept, if it and the files that it tells of are whole."""
        state = files.read_json(self.folder / _STATE)
        if state is None or files.problem(state, {"ends": list, "events": dict, "users": int, "items": int}):
            return None
        sizes = {column: state["ends"][-1] * KINDS[column].itemsize for column in self.columns}
        whole = all((self.folder / column).exists() and (self.folder / column).stat().st_size >= size
                    for column, size in sizes.items())
        return state if whole else None

    def __len__(self) -> int:
        return self._reader.n

    @property
    def events(self) -> Counter[str]:
        return self._reader.events

    def read(self) -> None:
        """Read the tables that have not been read. Raises InputError as `gather` does, with file and row."""
        try:
            for table, roles in list(zip(self.tables, self._roles, strict=True))[len(self.ends) :]:
                self._reader.add(table, roles)
                self.ends.append(self._reader.n)
                if time.monotonic() - self._kept_at > KEPT_EVERY:
                    self._keep()
            self._number()
        finally:
            for file in self._files.values():
                file.close()
        self._reader.check(self.tables[0].where)

    def _add(self, batch: Batch, records: np.ndarray) -> None:
        for column, value in {"record": records, **batch}.items():
            if column in self._waiting:
                self._waiting[column].append(value)
            else:
                self._files[column].write(np.ascontiguousarray(value, KINDS[column]).data)
        if len(self) - self._numbered >= ROWS:
            self._number()

    def _number(self) -> None:
        """Write the numbers of the ids that have come; of many at once, so that each is looked up less often."""
        for role, columns in self._waiting.items():
            if columns:
                self._files[role].write(self.numbers[role].codes(pa.chunked_array(columns)).data)
                columns.clear()
        self._numbered = len(self)

    def _keep(self) -> None:
        self._number()
        for file in self._files.values():
            _to_disk(file)
        for numbers in self.numbers.values():
            numbers.keep()
        files.write_json(self.folder / _STATE, {"ends": self.ends, "events": self.events} | {
            f"{role}s": len(numbers) for role, numbers in self.numbers.items()})
        self._kept_at = time.monotonic()

    # What was read ---------------------------------------------------------------------------------------------------------

    def blocks(self, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """Some columns, ROWS rows at a time, each with the number of its first row."""
        for start in range(0, len(self), ROWS):
            yield start, {column: np.fromfile(self.folder / column, KINDS[column], min(ROWS, len(self) - start),
                                              offset=start * KINDS[column].itemsize) for column in columns}

    def ratings(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The different ratings in order, NaN aside, and how many rows have each; None where there is no such column."""
        if "rating" not in self.columns:
            return None
        values, counts = np.zeros(0), np.zeros(0, np.int64)
        for _, block in self.blocks(["rating"]):
            given = block["rating"][~np.isnan(block["rating"])]
            more, of_each = np.unique(given, return_counts=True)
            values, place = np.unique(np.concatenate([values, more]), return_inverse=True)
            counts = np.bincount(place, np.concatenate([counts, of_each]), len(values)).astype(np.int64)
        return values, counts

    def record(self, index: int) -> int:
        """Which record of its table a row is."""
        kind = KINDS["record"]
        return int(np.fromfile(self.folder / "record", kind, 1, offset=index * kind.itemsize)[0])


class Placed:
    """What messages need of the rows of a spill, as `reading.rows.Rows` has it."""

    def __init__(self, spill: Spill, ranks: dict[str, np.ndarray]) -> None:
        """ranks: of the numbers of users and items, their codes."""
        self._spill, self._ranks, self.tables = spill, ranks, spill.tables

    def at(self, index: int) -> str:
        """Where row `index` stands: file and row."""
        table = self.tables[int(np.searchsorted(self._spill.ends, index, side="right"))]
        return f"{table.where}, row {table.row(self._spill.record(index))}"

    def first(self, role: str, which: Sequence[int]) -> tuple[int, int]:
        """The first row whose user (or item) has one of these codes, and that code."""
        wanted = np.isin(self._ranks[role], which)
        for start, block in self._spill.blocks([role]):
            hits = np.flatnonzero(wanted[block[role]])
            if len(hits):
                return start + int(hits[0]), int(self._ranks[role][block[role][hits[0]]])
        raise InputError(f"no {role} has one of the codes {which}")


def _to_disk(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())
