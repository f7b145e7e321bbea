"""From rows to pairs of a user and an item: sorted, and of a pair that occurs more than once one value."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np

from macrid.errors import InputWarning

from .scale import Scale


class Rows(NamedTuple):
    """N rows in the order in which they were read: users and items as codes (N,), ratings and times (N,), NaN where there is
    none, None where there are no such columns."""

    users: np.ndarray
    items: np.ndarray
    ratings: np.ndarray | None
    times: np.ndarray | None


class Pairs(NamedTuple):
    """Pairs in the order of their users and items: the row of each that counts, its value float32 (1 without ratings), and
    the rows, in no order, that repeat an earlier one."""

    rows: np.ndarray
    values: np.ndarray
    repeated: np.ndarray


def how_merged(scale: Scale) -> str:
    """What becomes of values of the same pair: sum (of counts), max (a yes stays a yes) or latest."""
    return {"count": "sum", "label": "max"}.get(scale.kind, "latest")


def merged(rows: Rows, scale: Scale) -> Pairs:
    """The pairs of some rows, all of which some users have."""
    key = rows.users.astype(np.int64) * (int(rows.items.max(initial=0)) + 1) + rows.items
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    step = ordered[1:] != ordered[:-1]
    values = np.ones(len(key), np.float32) if rows.ratings is None else rows.ratings.astype(np.float32)
    if step.all():
        return Pairs(order, values[order], order[:0])
    repeated, how = order[1:][~step], how_merged(scale)
    starts, last = np.flatnonzero(np.append(True, step)), np.append(step, True)
    if how == "sum":  # of what is given; a pair that has nothing given stays blank
        given = np.add.reduceat(~np.isnan(values[order]), starts, dtype=np.int64)
        one = np.where(given > 0, np.add.reduceat(np.nan_to_num(values[order]), starts), np.float32(np.nan))
    elif how == "max":
        one = np.fmax.reduceat(values[order], starts)
    else:
        unrated = np.isnan(values) | np.isin(values, np.array(scale.unrated, np.float32))
        if rows.times is not None or unrated.any():  # stable: at equal times the last row wins, and any mark over none
            times = np.zeros(len(key)) if rows.times is None else np.nan_to_num(rows.times, nan=-np.inf)
            order = np.lexsort((times, ~unrated, key))
        one = values[order[last]]
    return Pairs(order[last], one, repeated)


def say_repeated(first: str, number: int, scale: Scale, timed: bool) -> None:
    """Warn of rows that repeat a pair. first: where the first of them stands, and which pair it is of."""
    latest = "keeping the latest by time stamp of each pair" if timed else "keeping the last of each pair"
    how = {"sum": "adding their counts", "max": "a yes counts", "latest": latest}[how_merged(scale)]
    warnings.warn(f"{first} occur again; merged {number} repeated rows, {how}", InputWarning, stacklevel=4)
