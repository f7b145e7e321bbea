"""Coherence: whether people whom a model never saw keep together what its factors put together."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

LEAST_CLICKS = 5  # of an item: the lift of a rarer one is chance
LEAST_PEOPLE = 10
GROUPS = 10  # of people, each left out once for the standard error
BANDS, BAND_ITEMS = 10, 20  # of popularity: deciles, or fewer, so that a band has so many items on average
CLICKS_AT_ONCE = 4_000_000  # of the pairs that are counted together: bounds the memory


class Coherence(NamedTuple):
    """The share of triples whose pair of one factor goes together most, its standard error, and the part of that which comes
    of drawing the triples; NaN where it cannot be measured. without: the share with each of the groups of people left out,
    the same people for a seed, so that differences have an error, too."""

    mean: float
    se: float
    drawing: float
    without: tuple[float, ...]


UNKNOWN = Coherence(float("nan"), float("nan"), float("nan"), ())


def coherence(factor: np.ndarray, clicks: csr_matrix, seed: int = 0, triples: int = 20_000) -> Coherence:
    """Of three items of like popularity, i and j of one factor and o of another: how often the clicks of i and j go together
    more than those of either with o. 1 / 3 is chance, 1 is perfect.

    factor: of each item, whole numbers (M,). clicks: binary (n, M), of people the factors were not learned from. Only
    figures over the same people can be compared: the fewer clicks, the more ties, and the closer to chance.

    Together: by lift(a, b) = n n_ab / (n_a n_b), n_a the people who clicked a, n_ab both. A triple counts 1 if lift(i, j) is
    larger than lift(i, o) and lift(j, o), 1 / 2 or 1 / 3 if it is as large as one or both of them, else 0, so that factors
    dealt out at random come to 1 / 3 whatever the data. Like popularity: the same decile by clicks, among the items with
    LEAST_CLICKS or more. i is drawn evenly from all items that have a mate in their decile, j from its mates, o from the
    decile's items of other factors.

    The standard error is over people (leaving out each of ten groups of them: delete-a-group jackknife, Kott, 2001) and over
    the drawing of the triples. NaN, if all items are of one factor, or people or clicks are too few.
    """
    if clicks.shape[0] < LEAST_PEOPLE:
        return UNKNOWN
    rng = np.random.default_rng(seed)
    group = rng.permutation(clicks.shape[0]) % GROUPS  # of each person
    known = np.flatnonzero(np.bincount(clicks.indices, minlength=clicks.shape[1]) >= LEAST_CLICKS)
    columns = csc_matrix(clicks[:, known], dtype=np.int32)  # (n, E)
    drawn = _triples(factor[known], _bands(np.diff(columns.indptr)), triples, rng)
    if not drawn.shape[1]:
        return UNKNOWN
    alone = _alone(columns, group)[:, drawn]  # (GROUPS, 3, T)
    pairs = np.stack([drawn[[0, 1]], drawn[[0, 2]], drawn[[1, 2]]], axis=1).reshape(2, -1)  # ij, io, jo
    together = _together(columns, group, pairs).reshape(GROUPS, 3, -1)
    counted = _counted(together.sum(axis=0), alone.sum(axis=0))  # (T,)
    without = np.array([_counted(together.sum(axis=0) - together[g], alone.sum(axis=0) - alone[g]).mean()
                        for g in range(GROUPS)])
    drawing = counted.std() / np.sqrt(len(counted))
    return Coherence(float(counted.mean()), float(np.hypot(over_people(without), drawing)), float(drawing),
                     tuple(without.tolist()))


def over_people(without: np.ndarray) -> float:
    """The standard error of a figure over people, from its values with each group of them left out, (GROUPS,)."""
    return float(np.sqrt((len(without) - 1) * without.var()))


def _bands(popularity: np.ndarray) -> np.ndarray:
    """The band of popularity of each item, (E,); items with as many clicks are in the same."""
    bands = int(np.clip(len(popularity) // BAND_ITEMS, 1, BANDS))
    edges = np.quantile(popularity, np.arange(1, bands) / bands) if bands > 1 else np.empty(0)
    return np.searchsorted(edges, popularity, "right")


def _triples(factor: np.ndarray, band: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Items i, j of one factor and o of another in the same band of popularity, (3, count); (3, 0) if there are none.
    factor, band: of the E items, (E,)."""
    order = np.lexsort((factor, band))  # a band's items stand together, and in it those of a factor
    start, size = _runs(band[order] * (1 + np.max(factor, initial=0)) + factor[order])  # of those like each in both
    band_start, band_size = _runs(band[order])
    first = np.flatnonzero((size >= 2) & (band_size > size))  # places in the order
    if not len(first):
        return np.empty((3, 0), np.int64)
    i = rng.choice(first, count)
    j = start[i] + rng.integers(0, size[i] - 1)
    j += j >= i
    o = band_start[i] + rng.integers(0, band_size[i] - size[i])
    o += np.where(o >= start[i], size[i], 0)  # its own factor is passed over
    return order[np.stack([i, j, o])]


def _runs(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each of the sorted values (E,) stands first, and how often it is there."""
    start = np.searchsorted(values, values, "left")
    return start, np.searchsorted(values, values, "right") - start


def _alone(columns: csc_matrix, group: np.ndarray) -> np.ndarray:
    """How many people of each group clicked each item, (GROUPS, E)."""
    n_items = columns.shape[1]
    item = np.repeat(np.arange(n_items), np.diff(columns.indptr))
    return np.bincount(group[columns.indices] * n_items + item, minlength=GROUPS * n_items).reshape(GROUPS, n_items)


def _together(columns: csc_matrix, group: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """How many people of each group clicked both items of each pair: (2, P) -> (GROUPS, P)."""
    size = np.diff(columns.indptr)[pairs].sum(axis=0).cumsum()
    cuts = np.flatnonzero(np.diff(size // CLICKS_AT_ONCE)) + 1
    return np.concatenate([_alone(columns[:, a].multiply(columns[:, b]).tocsc(), group)
                           for a, b in (some for some in np.split(pairs, cuts, axis=1))], axis=1)


def _counted(together: np.ndarray, alone: np.ndarray) -> np.ndarray:
    """What each triple counts, (T,), from the people who clicked both of i and j, i and o, j and o (3, T), and i, j, o alone
    (3, T). Every lift times n_i n_j n_o / n: whole numbers, so that equal ones are told."""
    lifts = together * alone[::-1]  # ij by o, io by j, jo by i
    best = lifts == lifts.max(axis=0)
    return best[0] / best.sum(axis=0)
