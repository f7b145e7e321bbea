"""The rows of a spill as a matrix of people by items: dealt out on disk to groups of people, of which one after the other is
sorted in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from .. import pairs
from ..scale import Scale
from .matrices import Growing
from .spill import KINDS, Spill

GROUP = 1 << 22  # rows that are sorted together, or those of one person if they have more

Progress = Callable[[int, int], None]  # (rows so far, rows in all)


@dataclass(frozen=True)
class Repeated:
    """Rows that repeat a pair: how many, and of the first its number, its user and its item."""

    number: int = 0
    first: int = -1
    user: int = -1
    item: int = -1

    def and_those(self, rows: np.ndarray, repeated: np.ndarray) -> Repeated:
        """With those of some rows, records as `_kind` has them, that are repeated (n,)."""
        if not len(repeated):
            return self
        one = rows[repeated[np.argmin(rows["row"][repeated])]]
        if self.number and self.first < one["row"]:
            return Repeated(self.number + len(repeated), self.first, self.user, self.item)
        return Repeated(self.number + len(repeated), int(one["row"]), int(one["user"]), int(one["item"]))


def sort(spill: Spill, ranks: dict[str, np.ndarray], scale: Scale, out: Growing, progress: Progress) -> Repeated:
    """Add the pairs of a spill to `out`, people in order. ranks: of the numbers of users and items, their codes."""
    people = np.zeros(len(ranks["user"]), np.int64)  # rows of each
    for _, block in spill.blocks(["user"]):
        people += np.bincount(ranks["user"][block["user"]], minlength=len(people))
    _, group = np.unique((people.cumsum() - 1) // GROUP, return_inverse=True)  # of each user
    sizes = np.bincount(group, people).astype(np.int64)
    path, kind, repeated, done = spill.folder / "groups", _kind(spill), Repeated(), 0

    def moved(rows: int) -> None:
        nonlocal done
        done += rows
        progress(done, 2 * len(spill))

    _deal(spill, ranks, group, sizes, path, moved)
    for rows, size in _groups(path, kind, sizes):
        found = pairs.merged(pairs.Rows(rows["user"], rows["item"], *(rows[c] if c in spill.columns else None
                                                                     for c in ("rating", "time"))), scale)
        repeated = repeated.and_those(rows, found.repeated)
        user = int(rows["user"].min())
        count = int(rows["user"].max()) - user + 1
        indptr = np.concatenate([[0], np.cumsum(np.bincount(rows["user"][found.rows] - user, minlength=count))])
        out.add(csr_matrix((found.values, rows["item"][found.rows], indptr), (count, out.columns)))
        moved(size)
    path.unlink()
    return repeated


def _kind(spill: Spill) -> np.dtype:
    """What is known of a row: its codes, its rating and time, and its number."""
    return np.dtype([*((column, KINDS[column]) for column in _columns(spill)), ("row", np.dtype(np.int64))])


def _columns(spill: Spill) -> list[str]:
    return [column for column in spill.columns if column != "record"]


def _deal(spill: Spill, ranks: dict[str, np.ndarray], group: np.ndarray, sizes: np.ndarray, path: Path,
          moved: Callable[[int], None]) -> None:
    """Write the rows of each group of users together, in the order in which they were read. group: of each user; sizes: of
    the groups, in rows."""
    kind, columns = _kind(spill), _columns(spill)
    place = np.cumsum(sizes) - sizes  # where the next row of each group goes
    with path.open("wb") as file:
        for start, block in spill.blocks(columns):
            user = ranks["user"][block["user"]]
            order = np.argsort(group[user].astype(np.int32), kind="stable")
            rows = np.empty(len(user), kind)
            rows["row"] = start + order
            for column in columns:
                values = block[column] if column not in ranks else ranks[column][block[column]]
                rows[column] = values[order]
            ends = np.cumsum(np.bincount(group[user], minlength=len(sizes)))
            for which, (first, end) in enumerate(zip(ends - np.diff(ends, prepend=0), ends, strict=True)):
                if end > first:
                    file.seek(int(place[which]) * kind.itemsize)
                    file.write(rows[first:end].data)
                    place[which] += end - first
            moved(len(user))


def _groups(path: Path, kind: np.dtype, sizes: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    start = 0
    for size in map(int, sizes):
        yield np.fromfile(path, kind, size, offset=start * kind.itemsize), size
        start += size
