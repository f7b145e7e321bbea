"""What files look like before they are read: which is what, the columns with their types and roles, the first rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from macrid.errors import InputError

from . import shapes
from .find import Finder
from .look import TYPED
from .names import ROLES, called
from .roles import Asked, columns_called, type_of
from .table import Table
from .tree import Tree

ROWS, SEEN = 8, 40  # rows that are shown; that types are told from
TABLES = ("table", "bare", "atomic", "text", *TYPED)  # kinds of files with columns that can be chosen
_WIDEST = 60  # columns that are shown
_LONGEST = 80  # letters of a value


@dataclass(frozen=True)
class File:
    """A file: its size in bytes, what it says that it is, and what it could be for (as `roles.purpose` has it)."""

    name: str
    size: int
    says: str
    purpose: str


@dataclass(frozen=True)
class Preview:
    """The files, and the one with the clicks: its columns, a type of each (text, number, time, event), the first rows as
    text, the column of each role, the events that it tells of; what keeps it from being read, if anything does; and whether
    its columns are fixed, as those of lists, matrices and the like are."""

    files: list[File]
    name: str = ""
    columns: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    roles: dict[str, int] = field(default_factory=dict)
    header: bool = True
    events: list[str] = field(default_factory=list)
    problem: str = ""
    fixed: bool = False


def preview(path: str | Path, asked: Asked | None = None) -> Preview:
    """What stands under a path, from the starts of its files alone. What keeps it from being read is said as `problem`;
    InputError only where there is no table at all."""
    with Tree(path) as tree:
        finder = Finder(tree, asked)
        files = [File(name, tree.size(name), finder.look(name).says, finder.purpose(name)) for name in tree.names
                 if tree.only in (None, name)]
        problem = ""
        try:
            tables, roles = (fit := finder.find()).tables, fit.roles()[0]
        except InputError as error:
            problem, tables, roles = str(error), [_likely(finder, files, error)], None
        table = tables[0]
        told = _what_can_be_told(table, finder.asked) if roles is None else roles.columns
        columns = table.columns
        if table.look.kind in shapes.READERS:  # a line is more than a row: it is shown as it is read
            columns = sorted(told, key=told.__getitem__)
        rows = _first_rows(table, len(columns))
        types = [type_of([row[k] for row in rows]) for k in range(len(columns))]
        events = sorted({row[told["event"]] for row in rows} - {""}) if "event" in told else []
        return Preview(files, table.name, columns[:_WIDEST], types[:_WIDEST],
                       [[value[:_LONGEST] for value in row[:_WIDEST]] for row in rows[:ROWS]], told,
                       table.look.header is not False, events, problem, table.look.kind in shapes.READERS)


def _likely(finder: Finder, files: list[File], error: InputError) -> Table:
    """The file in which the clicks may be, where they were not found: the largest table."""
    able = [file for file in files if finder.look(file.name).kind in TABLES and len(finder.look(file.name).columns) > 1]
    if not able:
        raise error
    name = max(able, key=lambda file: (file.purpose in ("interactions", "perhaps"), file.size)).name
    return Table(finder.tree, name, finder.look(name))


def _what_can_be_told(table: Table, asked: Asked) -> dict[str, int]:
    """The columns of the roles that are told, or that names tell alone."""
    found: dict[str, int] = {}
    for role in ROLES:
        hits = columns_called(table.columns, getattr(asked, role, None)) or called(table.columns, role)
        if len(hits) == 1 and hits[0] not in found.values():
            found[role] = hits[0]
    return found


def _first_rows(table: Table, width: int) -> list[list[str]]:
    """The first rows as text, as wide as the columns."""
    rows = [list(row) for row in table.look.head if len(row) == len(table.look.columns)]
    if not rows or table.look.kind in shapes.READERS:
        first = next(table.batches(range(width)), None)
        rows = [] if first is None else [list(row) for row in zip(*(column.slice(0, SEEN).to_pylist() for column in first),
                                                                  strict=True)]
    constants = list(table.constant.values())
    return [[_text(value) for value in row] + (constants if len(row) < width else []) for row in islice(rows, SEEN)]


def _text(value: object) -> str:
    return "" if value is None else str(value)
