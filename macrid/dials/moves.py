"""What dials do to lists: how much every attribute changes between the lists at a dial's two ends, over people.

Letters: n people, p of them with an interest in a factor, m items of the factor, D dials, A attributes.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.stats import t as student

from macrid.measures import ranking

from .choose import Scored
from .names import DialLabel
from .steered_scores import dial_range
from .wishes import Attribute, Attributes

COLUMNS = ("factor", "dim", "attribute", "change", "error", "effect", "again", "holds")
PEOPLE = 128  # swept along the dials of a factor: half of them name, the other half check the names
LENGTH = 10  # of the lists that are compared, as in the curves of the Steer page
FEWEST_ITEMS = 8  # a smaller factor has no lists to compare
FEWEST_PEOPLE = 4  # in each half
MOST_ATTRIBUTES = 60  # that are followed: numbers, then the most frequent genres and tags
LEVEL = 0.05  # of error, over all dials and attributes of a factor together
LEAST_EFFECT = 0.3  # standard deviations of the attribute among the factor's items
LEAST_SHARE = 0.1  # of a list, that gains or loses a yes/no attribute
KEPT = 4  # attributes of a dial that are remembered
NEARLY = 0.4  # of the strongest effect: a dial may be named after what it moves so much, if the strongest is taken
OTHER_END = 0.5  # of the strongest effect: so much another genre gains at the other end that bears its name


class Change(NamedTuple):
    """What lists change from the low to the high end of dials, means over people: (D, A) each, NaN where unknown."""

    mean: np.ndarray
    error: np.ndarray  # the standard error of the mean
    up: np.ndarray  # the share of the people whose lists hold more of it at the high end, ties half


def measure(scored: Scored, axes: np.ndarray, clicks: csr_matrix, attributes: Attributes) -> pd.DataFrame:
    """A row for each dial and attribute that it moves beyond chance, the KEPT strongest of each dial, with COLUMNS.

    scored: items and n people, whose parts are made from clicks (n, M); axes (K, D, D). change: of the mean of the attribute
    (the share, of a yes/no one) in a list of LENGTH from the low to the high end of the dial, over every other person;
    error: its standard error; effect: the change in standard deviations of the attribute among the factor's items; again:
    the change over the people left out; holds: the share of these whose list moves the same way.
    """
    names = list(attributes)[:MOST_ATTRIBUTES]
    values = np.column_stack([attributes.of_items(name) for name in names]) if names else np.zeros((len(scored.factor), 0))
    rows = [row for k in range(len(axes)) for row in _factor(scored, axes[k], k, clicks, values)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["attribute"] = pd.Series([names[a] for a in table["attribute"]], table.index, dtype="str")
    numbers = dict.fromkeys(COLUMNS[3:], float) | {"factor": int, "dim": int}
    return table.astype(numbers)  # also where there is no row


def _factor(scored: Scored, turn: np.ndarray, k: int, clicks: csr_matrix, values: np.ndarray) -> list[tuple]:
    """The rows of one factor, with attributes as numbers."""
    mine = np.flatnonzero(scored.factor == k)
    who = _interested(clicks, mine)
    halves = who[::2], who[1::2]
    if len(mine) < FEWEST_ITEMS or min(map(len, halves)) < FEWEST_PEOPLE or not values.shape[1]:
        return []
    own = values[mine]  # (m, A)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.array([column[np.isfinite(column)].std() if np.isfinite(column).any() else np.nan for column in own.T])
    naming, checking = (_change(scored, turn, k, clicks[half], half, own) for half in halves)
    yes_no = np.array([np.isin(column[np.isfinite(column)], (0, 1)).all() for column in own.T])
    with np.errstate(invalid="ignore", divide="ignore"):
        effect = naming.mean / spread  # (D, A)
        chance = 2 * student.sf(np.abs(naming.mean) / naming.error, len(halves[0]) - 1)
    found = np.isfinite(effect) & (np.abs(effect) >= LEAST_EFFECT) & (np.nan_to_num(chance) * effect.size < LEVEL)
    found &= ~yes_no | (np.abs(naming.mean) >= LEAST_SHARE)
    rows = []
    for j, of in enumerate(found):
        for a in sorted(np.flatnonzero(of), key=lambda a: -abs(effect[j, a]))[:KEPT]:
            up = checking.up[j, a]
            rows.append((k, j, int(a), naming.mean[j, a], naming.error[j, a], effect[j, a], checking.mean[j, a],
                         up if effect[j, a] > 0 else 1 - up))
    return rows


def _interested(clicks: csr_matrix, mine: np.ndarray) -> np.ndarray:
    """PEOPLE at most of those with a click in the factor, evenly from all of them; of all people where nobody has one."""
    people = np.flatnonzero(np.asarray(clicks[:, mine].sum(axis=1)).ravel() > 0)
    people = people if len(people) else np.arange(clicks.shape[0])
    return people[np.linspace(0, len(people) - 1, min(PEOPLE, len(people))).astype(int)]


def _change(scored: Scored, turn: np.ndarray, k: int, clicks: csr_matrix, who: np.ndarray, own: np.ndarray) -> Change:
    """How lists of p people change along the D dials of a factor."""
    mine = np.flatnonzero(scored.factor == k)
    items, parts = scored.vectors[mine], scored.parts[who, k]  # (m, D), (p, D)
    coordinates, stands, base = items @ turn, parts @ turn, parts @ items.T  # (m, D), (p, D), (p, m)
    squared = (parts**2).sum(axis=1)  # (p,)
    added = np.zeros(base.shape, np.float32)
    if scored.linear is not None:
        added = scored.linear.scores(clicks)[:, mine] / np.float32(scored.scale)
    added = np.where(clicks[:, mine].toarray() > 0, -np.inf, added)
    n = min(LENGTH, max(1, len(mine) // 4))
    change = np.full((len(who), turn.shape[1], own.shape[1]), np.nan)  # (p, D, A)
    for j, along in enumerate(coordinates.T):
        rest = base - stands[:, [j]] * along  # (p, m): what the part says across the dial
        rest /= np.sqrt(np.maximum(squared - stands[:, j] ** 2, 1e-12))[:, None]
        low, high = (own[ranking.top_k(np.sqrt(max(0.0, 1 - value**2)) * rest + value * along + added, n)]
                     for value in dial_range(along))  # (p, n, A)
        change[:, j] = _mean(high) - _mean(low)
    known = np.isfinite(change)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, change, 0).sum(axis=0) / count
    squares = np.where(known, change - mean, 0) ** 2
    error = np.sqrt(squares.sum(axis=0) / np.maximum(count - 1, 1) / count)
    up = (np.where(known, np.sign(change), 0).sum(axis=0) / count + 1) / 2
    told = known.sum(axis=0) >= FEWEST_PEOPLE
    return Change(np.where(told, mean, np.nan), np.maximum(error, 1e-9), up)


def _mean(shown: np.ndarray) -> np.ndarray:
    """The mean of what is known of lists (p, n, A): (p, A)."""
    known = np.isfinite(shown)
    count = known.sum(axis=1)
    return np.where(known, shown, 0).sum(axis=1) / np.where(count > 0, count, np.nan)


def told_apart(dials: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """The rows of some dials of one factor, those of the strongest dial first, each with what the dial may be named after in
    front: of what it moves at least NEARLY as much as what it moves most, the first that no stronger dial is named after."""
    taken: set[str] = set()
    found = []
    for rows in sorted(dials, key=lambda rows: -abs(rows["effect"].iloc[0])):
        strong = rows["effect"].abs() >= NEARLY * abs(rows["effect"].iloc[0])
        free = rows.index[strong & ~rows["attribute"].isin(taken)]
        first = free[0] if len(free) else rows.index[0]
        taken.add(str(rows.loc[first, "attribute"]))
        found.append(rows.loc[[first, *(row for row in rows.index if row != first)]])
    return found


def label(rows: pd.DataFrame, attributes: Mapping[str, Attribute]) -> DialLabel | None:
    """What a dial is called after what it does: rows, its own of `measure`, the strongest first; None without any."""
    told = [row for row in rows.to_dict("records") if row["attribute"] in attributes]
    if not told:
        return None
    first = told[0]
    attribute, rises = attributes[first["attribute"]], first["change"] > 0
    low, high = attribute.poles
    if attribute.yes_no:
        other = next((row["attribute"] for row in told[1:] if attributes[row["attribute"]].yes_no
                      and row["effect"] * first["effect"] < 0
                      and abs(row["effect"]) >= OTHER_END * abs(first["effect"])), None)
        low, high = (other, attribute.name) if other else (low, high)
    ends = (low, high) if rises else (high, low)
    said = (f"From end to end, lists of {LENGTH} change by {amount(first, attribute)}; of people whom the name was not made "
            f"from, it holds for {first['holds']:.0%}.")
    return DialLabel(attribute.name, *ends, float(first["holds"]), said, 1 if rises else -1)


def amount(row: Mapping, attribute: Attribute) -> str:
    """How much a dial moves, in words: "38 years", "6.7 of 10 Comedy", "price by 0.4"."""
    size = abs(row["change"])
    if attribute.yes_no:
        return f"{LENGTH * size:.1f} of {LENGTH} {attribute.name}"
    if attribute.name == "year":
        return f"{size:.0f} years"
    return f"{size:.3g} in {attribute.name}"
