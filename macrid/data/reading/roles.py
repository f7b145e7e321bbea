"""Which column is the user, which the item: by what the person said, by the names of the field, by a file's known shape.

Where two columns could be meant, or none can be told, the message lists the columns and the options to say it with.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from macrid.errors import InputError

from . import shapes
from .look import EVENT_WORDS, Look, numeric
from .names import called, examples, listed, plain

OPTIONS = {"user": "--user", "item": "--item", "rating": "--rating", "time": "--time"}


@dataclass(frozen=True)
class Asked:
    """What the person said of the columns, by name, or by number from 1 where there is no header; and the events that
    count."""

    user: str | None = None
    item: str | None = None
    rating: str | None = None
    time: str | None = None
    events: tuple[str, ...] = ()
    min_rating: float | None = None  # from here a value counts, whatever the scale

    @property
    def names(self) -> list[str]:
        return [name for name in (self.user, self.item, self.rating, self.time) if name is not None]


@dataclass(frozen=True)
class Roles:
    """The columns of a table by role, and what kind of values the rating is: rating, count, label or value (not told)."""

    columns: dict[str, int] = field(default_factory=dict)
    kind: str = ""
    guessed: bool = False  # by position, as there is no header


def purpose(look: Look, asked: Asked) -> str:
    """What a table could be for, by its columns alone: interactions, perhaps interactions (of items by their titles), items,
    tags, or nothing."""
    names = look.columns
    if look.kind in shapes.READERS or look.kind == "bare":
        return "interactions"
    if look.kind in ("uitem", "dat-movies"):
        return "items"
    user, item = (columns_called(names, getattr(asked, role)) or called(names, role) for role in ("user", "item"))
    if look.kind == "atomic" and user and not item:
        item = _other_token(look, user)
    if any(plain(n) in ("tag", "tagid", "tagvalue") for n in names) and item and not asked.names:
        return "tags" if user else "nothing"
    strong = called(names, "user", weak=False) or columns_called(names, asked.user)
    named = called(names, "item", weak=False) or asked.item or look.kind == "atomic"
    if item and user and user != item and (strong or named):
        return "interactions" if named and strong else "perhaps"
    return "items" if item and not strong else "nothing"


def columns_called(columns: Sequence[str], name: str | None) -> list[int]:
    """The columns of this name: exactly, else in any case."""
    if name is None:
        return []
    exact = [k for k, c in enumerate(columns) if c == name]
    return exact or [k for k, c in enumerate(columns) if plain(c) == plain(name)]


def of(where: str, look: Look, columns: list[str], asked: Asked) -> Roles:
    """The roles of a table's columns. Raises InputError where the user or the item cannot be told."""
    if look.kind in shapes.READERS:
        return Roles(shapes.ROLES[look.kind], "label" if look.kind == "mind" else "rating")
    roles = _as_told(where, columns, asked)
    if look.kind == "bare":
        return _by_position(where, look, roles, asked)
    if look.header is None and not {"user", "item"} <= roles.keys():
        raise InputError(f"{where}: found columns {listed(columns, 20)}, no column for user or item; say --user NAME --item "
                         "NAME, or --user 1 --item 2 if the first line is no header")
    for role in ("user", "item"):
        if role not in roles:
            hits = [k for k in called(columns, role) if k not in roles.values()]
            if role == "item" and not hits and look.kind == "atomic":
                hits = _other_token(look, [roles["user"]])
            roles[role] = _one(where, columns, role, hits)
    kind = _rating(where, columns, roles, asked)
    for role in ("time", "event"):  # a time only decides which of two rows is the later one
        hits = [k for k in called(columns, role, weak=role == "time" or bool(asked.events) or bool(look.nest))
                if k not in roles.values()]
        if hits:
            roles.setdefault(role, hits[0])
    if asked.events and "event" not in roles:
        raise InputError(f"{where}: --events {','.join(asked.events)}: there is no column of events such as event or "
                         f"behavior; found {listed(columns)}")
    return Roles(roles, kind)


def _as_told(where: str, columns: list[str], asked: Asked) -> dict[str, int]:
    """The columns that the person named."""
    roles = {role: _one(where, columns, role, _named(where, columns, role, name))
             for role in OPTIONS if (name := getattr(asked, role)) is not None}
    twice = {k for k in roles.values() if list(roles.values()).count(k) > 1}
    if twice:
        both = " and ".join(OPTIONS[r] for r, k in roles.items() if k in twice)
        raise InputError(f"{where}: {both} name the same column {columns[twice.pop()]!r}; name two different ones")
    return roles


def _named(where: str, columns: list[str], role: str, name: str) -> list[int]:
    hits = columns_called(columns, name)
    if not hits and name.isdigit() and 1 <= int(name) <= len(columns):
        return [int(name) - 1]
    if not hits:
        raise InputError(f"{where}: {OPTIONS[role]} {name}: there is no such column; found {listed(columns, 20)}")
    return hits


def _one(where: str, columns: list[str], role: str, hits: list[int]) -> int:
    if len(hits) == 1:
        return hits[0]
    if hits:
        both = " and ".join(repr(columns[k]) for k in hits)
        same = len({plain(columns[k]) for k in hits}) < len(hits)  # then only their numbers tell them apart
        options = " or ".join(f"{OPTIONS[role]} {k + 1 if same else columns[k]}" for k in hits)
        all_ = "all" if len(hits) > 2 else "both"
        raise InputError(f"{where}: the columns {both} {all_} stand for the {role}; say {options}")
    raise InputError(f"{where}: found columns {listed(columns, 20)}, no column for {role}; say {OPTIONS[role]} NAME, or "
                     f"call it one of {examples(role)}")


def _other_token(look: Look, taken: list[int]) -> list[int]:
    """The one other column of ids in RecBole's file, if there is one."""
    others = [k for k, kind in enumerate(look.types) if kind == "token" and k not in taken]
    return others if len(others) == 1 else []


def _rating(where: str, columns: list[str], roles: dict[str, int], asked: Asked) -> str:
    """Find the column of values: a rating if there is one, else counts, else labels. Gives its kind."""
    if "rating" in roles:
        name = [columns[roles["rating"]]]
        return next((kind for kind in ("rating", "count", "label") if called(name, kind, weak=False)), "value")
    for kind in ("rating", "count", "label"):
        hits = [k for k in called(columns, kind, weak=kind == "rating" and not called(columns, "event"))
                if k not in roles.values()]
        if hits:
            roles["rating"] = _one(where, columns, "rating", hits)
            weak = not called([columns[roles["rating"]]], kind, weak=False)
            return "value" if weak else kind
    return ""


def _by_position(where: str, look: Look, roles: dict[str, int], asked: Asked) -> Roles:
    """A table without a header: user, item, then a rating and a time where the look of the columns says so."""
    width = len(look.columns)
    rows = [row for row in look.head if len(row) == width]
    looks = [type_of(list(column)) for column in zip(*rows, strict=True)]
    guessed = not {"user", "item"} <= roles.keys()
    if guessed:
        if roles.keys() & {"user", "item"}:
            raise InputError(f"{where}: has no header line; give both --user and --item as numbers of columns, 1 to {width}")
        roles |= _first_two(rows)
    free = [k for k in range(width) if k not in roles.values()]
    events = [k for k in free if looks[k] == "event"]
    if len(events) == 1:
        roles["event"] = events[0]
        free.remove(events[0])
    times = [k for k in free if looks[k] == "time"]
    if "time" not in roles and not times and width == 4 and free == [2, 3] and looks[2:] == ["number", "number"]:
        times = [3]  # user, item, rating, time is the order of the field
    if "time" not in roles and len(times) == 1:
        roles["time"] = times[0]
    numbers = [k for k in free if looks[k] == "number" and k not in roles.values()]
    if "event" in roles or "rating" in roles:
        numbers = []
    if guessed and (len(numbers) > 1 or width > 5):
        shown = listed(rows[0] if rows else look.columns, 9)
        raise InputError(f"{where}: has no header line, and which of its {width} columns is what cannot be told from "
                         f"{shown}; say --user 1 --item 2 (and --rating 3 --time 4), with the numbers of the columns")
    if len(numbers) == 1:  # of several, where user and item were told, none is taken for a rating
        roles["rating"] = numbers[0]
    return Roles(roles, "value" if "rating" in roles else "", guessed)


def _first_two(rows: list[list[str]]) -> dict[str, int]:
    """User and item of the first two columns: in this order, unless the ids are Amazon's, which tell themselves apart."""
    asin, reviewer = r"B[0-9A-Z]{9}|\d{9}[\dX]", r"A[0-9A-Z]{9,20}"
    swapped = rows and all(re.fullmatch(asin, row[0].strip()) and re.fullmatch(reviewer, row[1].strip()) for row in rows)
    return {"user": 1, "item": 0} if swapped else {"user": 0, "item": 1}


def type_of(values: list[str]) -> str:
    """What the values of a column look like: event, time, number or text."""
    given = [v.strip() for v in values if v.strip()]
    if given and all(v.lower() in EVENT_WORDS for v in given):
        return "event"
    numbers = [float(v) for v in given if numeric([v])]
    if numbers and len(numbers) >= 0.5 * len(given):  # the fault of a single row is to be named, not to change what is what
        return "time" if all(v >= 1e8 for v in numbers) else "number"
    if given and all(re.fullmatch(r"\d{4}-\d\d-\d\d([T ][\d:.]+(Z|[-+]\d\d:?\d\d)?)?", v) for v in given):
        return "time"
    return "text"
