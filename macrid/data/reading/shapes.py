"""Files in which a line is more than a row: lists of items, matrices, the Netflix Prize, MIND. Each becomes a table of
text."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import pyarrow as pa

from macrid.errors import InputError

from .look import Look
from .text import Cut, records, stream
from .tree import Tree, readable

Row = tuple[str | None, ...]  # as the Look's columns
_BATCH = 1 << 17


def batches(tree: Tree, name: str, look: Look, columns: Sequence[int]) -> Iterator[list[pa.Array]]:
    """Some columns of what a file of this shape says, as text."""
    with readable(tree.shown(name)):
        rows = READERS[look.kind](tree, name, look)
        while some := list(islice(rows, _BATCH)):
            yield [pa.array([row[k] for row in some], pa.string()) for k in columns]


def text_lines(tree: Tree, name: str, cut: Cut) -> Iterator[tuple[int, str]]:
    with stream(tree, name, Cut(delimiter="\x1f", quotes="none", encoding=cut.encoding, returns=cut.returns)) as file:
        for number, line in enumerate(io.TextIOWrapper(file, "utf-8"), 1):
            if number > cut.skip and line.strip():
                yield number, line


def _lists(tree: Tree, name: str, look: Look) -> Iterator[Row]:
    """`user item item ...`; a user alone has nothing."""
    for _, line in text_lines(tree, name, look.cut):
        user, *items = line.split()
        yield from ((user, item) for item in items)


def _counted(tree: Tree, name: str, look: Look) -> Iterator[Row]:
    """`count item item ...`, as citeulike has it; a user is called by the number of the line, from 0."""
    for user, (number, line) in enumerate(text_lines(tree, name, look.cut)):
        count, *items = line.split()
        if not count.isdigit() or int(count) != len(items):
            raise InputError(f"{tree.shown(name)}, row {number}: says {count} items and has {len(items)}; mend the row")
        yield from ((str(user), item) for item in items)


def _wide(tree: Tree, name: str, look: Look) -> Iterator[Row]:
    """A row for each user, a column for each item; blank, or 99 as Jester has it, where there is nothing."""
    width = len(look.columns)
    counted = look.header is False  # Jester's first column says how many ratings follow
    for user, (line, fields) in enumerate(records(tree, name, look.cut)):
        if len(fields) != width:
            raise InputError(f"{tree.shown(name)}, row {line}: has {len(fields)} fields, not {width}; mend or drop the row")
        given = [(str(k), v.strip()) for k, v in enumerate(fields[1:], 1)]
        given = [(k, v) for k, v in given if v.lower() not in ("", "nan", "na", "99", "99.0", "99.00")]
        if counted and fields[0].strip() not in (str(len(given)), f"{len(given)}.0"):
            raise InputError(f"{tree.shown(name)}, row {line}: says {fields[0]} ratings and has {len(given)}; add a header "
                             "line with a name for each column, the user's first")
        for k, value in given:
            yield (str(user) if counted else fields[0], k if counted else look.columns[int(k)], value)


def _netflix(tree: Tree, name: str, look: Look) -> Iterator[Row]:
    """A line `movie:`, then `user,rating,date` for each of its ratings."""
    movie = None
    for number, line in text_lines(tree, name, look.cut):
        text = line.strip()
        if text.endswith(":"):
            movie = text[:-1]
            continue
        fields = text.split(",")
        if len(fields) != 3 or movie is None:
            raise InputError(f"{tree.shown(name)}, row {number}: is {text[:40]!r}; after a line `movie:` write "
                             "user,rating,date")
        yield (movie, *fields)


def _mind(tree: Tree, name: str, look: Look) -> Iterator[Row]:
    """MIND: what a user had clicked before, and what was shown, `N1-1` if it was clicked and `N1-0` if not."""
    for number, line in text_lines(tree, name, look.cut):
        fields = line.rstrip("\r\n").split("\t")
        if len(fields) != 5:
            raise InputError(f"{tree.shown(name)}, row {number}: has {len(fields)} fields, not 5; mend or drop the row")
        _, user, time, history, shown = fields
        yield from ((user, item, "1", None) for item in history.split())
        for word in shown.split():
            item, dash, clicked = word.rpartition("-")
            if not dash or clicked not in ("0", "1"):
                raise InputError(f"{tree.shown(name)}, row {number}: an impression is {word!r}; write ITEM-1 or ITEM-0")
            yield (user, item, clicked, time)


READERS: dict[str, Callable[[Tree, str, Look], Iterator[Row]]] = {
    "lists": _lists, "counted": _counted, "wide": _wide, "netflix": _netflix, "mind": _mind,
}
# The columns of what they give, where these are not those of the Look.
ROLES = {"lists": {"user": 0, "item": 1}, "counted": {"user": 0, "item": 1}, "wide": {"user": 0, "item": 1, "rating": 2},
         "netflix": {"item": 0, "user": 1, "rating": 2, "time": 3}, "mind": {"user": 0, "item": 1, "rating": 2, "time": 3}}
