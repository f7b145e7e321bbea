"""A data set that was found under a path, its rows not read yet; and what is said of it once they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from .counting import Found
from .reading.describe import describe
from .reading.find import Finder, Fit
from .reading.item_table import ItemTable, beside, item_table
from .reading.roles import Asked, Roles
from .reading.rows import words_taken
from .reading.table import Table
from .reading.tree import Tree
from .scale import Column, Scale, scale_of


@dataclass(frozen=True)
class Read:
    """What is to be known of the rows that were read: their number, the ids of their users and items in order, the different
    ratings (V,) in order, NaN aside, and how many rows have each, None without ratings; how many rows each event has."""

    number: int
    user_ids: np.ndarray
    item_ids: np.ndarray
    ratings: tuple[np.ndarray, np.ndarray] | None
    events: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Source:
    """The tables of a data set and the roles of their columns. name: of the data set if nobody says otherwise."""

    finder: Finder
    fit: Fit
    roles: list[Roles]
    name: str

    def settled(self) -> Source:
        """With the encoding and quotes of text decided by all of it, which is read for that."""
        return replace(self, fit=replace(self.fit, tables=[table.settled() for table in self.fit.tables]))

    @property
    def files(self) -> list[str]:
        """All files that are read, of interactions first."""
        tree, names = self.finder.tree, self.fit.names
        folder = PurePosixPath(self.fit.folder)
        tags = [name for name in tree.names if PurePosixPath(name).parent == folder and "tag" in name.lower()]
        return list(dict.fromkeys([*names, *beside(self.finder, self.fit, self.called["item"]), *tags]))

    @property
    def where(self) -> str:
        """The file, or the folder of several, for messages."""
        tree, names = self.finder.tree, self.fit.names
        return tree.shown(names[0] if len(names) == 1 else self.fit.folder)

    @property
    def called(self) -> dict[str, str]:
        """What the column of each role is called, for people."""
        return {role: _name_of(self.fit.tables[0], k) for role, k in self.roles[0].columns.items()}

    def found(self, read: Read) -> Found:
        """What was read, and the scale of its ratings."""
        roles, called, where = self.roles[0], self.called, self.where
        values, counts = (np.zeros(0), np.zeros(0, np.int64)) if read.ratings is None else read.ratings
        scale = Scale("none") if read.ratings is None else scale_of(
            values, counts, Column(called["rating"], roles.kind, where, self.fit.asked.min_rating,
                                   bool(counts.sum() < read.number)))
        notes = [note for table in self.fit.tables for note in table.notes]
        if roles.guessed:
            by_number = sorted(roles.columns.items(), key=lambda pair: pair[1])
            order = ", ".join(f"column {k + 1} is the {role}" for role, k in by_number)
            notes.append(f"{where}: has no header line; {order}; --user, --item, --rating and --time with numbers say "
                         "otherwise")
        for role, ids in (("user", read.user_ids), ("item", read.item_ids)):
            if words := words_taken(ids):
                notes.append(f"the {role} ids {words} are taken as names")
        return Found(where, self.fit.layout, len(self.fit.names), called, scale, read.number, values, counts,
                     dict(read.events.most_common(20)), self.fit.asked.events, tuple(dict.fromkeys(notes)))

    def described(self, item_ids: np.ndarray, found: Found) -> tuple[pd.DataFrame, Found]:
        """The items table of these items in this order, and what was read with what is to be said of that table."""
        table = item_table(self.finder, self.fit, self.called["item"])
        return describe(item_ids, table), replace(found, notes=(*found.notes, *_of_items(item_ids, table)))


@contextmanager
def opened(path: str | Path, asked: Asked | None = None) -> Iterator[Source]:
    """The data set under a path. Raises InputError, one line with the file and the remedy, where there is none, or two."""
    with Tree(path) as tree:
        finder = Finder(tree, asked)
        fit = finder.find()
        yield Source(finder, fit, fit.roles(), tree.name)


def _name_of(table: Table, k: int) -> str:
    if table.look.header is False and k < len(table.look.columns):
        return f"column {k + 1}"
    return table.columns[k] if k < len(table.columns) else "values"  # of a matrix


def _of_items(item_ids: np.ndarray, table: ItemTable | None) -> list[str]:
    """What to say of the table that describes the items."""
    if table is None:
        return ["no table beside it describes the items"]
    mine, theirs = set(item_ids), set(table.frame["item_id"])
    if mine == theirs:
        return list(table.notes)
    others = f"; {len(theirs - mine):,} of its rows are of items that nobody touched" if theirs - mine else ""
    return [*table.notes, f"{table.where} describes {len(mine & theirs):,} of the {len(mine):,} items{others}"]
