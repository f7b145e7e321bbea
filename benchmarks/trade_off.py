"""Steering towards an attribute, step by step: the lists that dials give at rising strength, beside re-ranking without a
model, and what these gain and cost.

Letters: P people, M items, K factors, D dimensions of a factor, S strengths, n items in a list.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from macrid.data.attributes import association, is_informative, yes_no
from macrid.dials.steered_scores import SteeredScores, dial_range, top_items
from macrid.measures import steering

STRENGTHS = np.linspace(0, 1, 21)
LENGTH = 20
Ends = dict[tuple[int, int], float]  # (factor, dim) -> the coordinate at full strength


def segments(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """What may be asked for, each with its items (bool (M,)): those with a yes/no attribute, and those in the upper and in
    the lower third of a numeric one. Items of which the attribute is unknown belong to none."""
    found = {}
    for name in table:
        values = table[name].to_numpy(np.float64)
        if yes_no(table[name]):
            found[name] = values == 1
        else:
            low, high = np.nanquantile(values, [1 / 3, 2 / 3])
            found[f"{name}, high"], found[f"{name}, low"] = values > high, values < low
    return found


def following(vectors: np.ndarray, factor: np.ndarray, axes: np.ndarray, segment: np.ndarray) -> dict[tuple[int, int], int]:
    """For every factor in which the segment (M,) tells items apart, the dial that follows it best and the direction that
    leads to it: {(factor, dim): 1 or -1}. vectors (M, D) as scored, factor (M,), axes (K, D, D)."""
    found = {}
    for k, turn in enumerate(axes):
        wanted = segment[factor == k].astype(float)
        if is_informative(pd.Series(wanted)):
            along = [association(coordinate, wanted) for coordinate in (vectors[factor == k] @ turn).T]
            j = int(np.argmax(np.abs(along)))
            found[k, j] = 1 if along[j] > 0 else -1
    return found


def range_ends(vectors: np.ndarray, factor: np.ndarray, axes: np.ndarray, signs: dict[tuple[int, int], int]) -> Ends:
    """The end of each dial's range (`steer.dial_range`) in the direction asked for."""
    return {(k, j): dial_range(vectors[factor == k] @ axes[k][:, j])[sign > 0] for (k, j), sign in signs.items()}


# ways to turn several dials with a strength: (dials of a person, ends, seen, n) -> lists (S, n) ----------------------------

def moved(dials: SteeredScores, ends: Ends, seen: np.ndarray, n: int = LENGTH) -> np.ndarray:
    """Each dial goes from where the person stands to its end, in equal steps; seen (indices) is left out."""
    start = {dial: dials.position(*dial) for dial in ends}
    return np.stack([dials.top({dial: start[dial] + s * (end - start[dial]) for dial, end in ends.items()} if s else {}, n,
                               without=seen)[0] for s in STRENGTHS])


def blended(dials: SteeredScores, ends: Ends, seen: np.ndarray, n: int = LENGTH) -> np.ndarray:
    """The dials stand at their ends; the person's own scores and these are blended by strength."""
    return np.stack([dials.top(ends, n, s, seen)[0] for s in STRENGTHS])


def pushed(dials: SteeredScores, ends: Ends, seen: np.ndarray, n: int = LENGTH) -> np.ndarray:
    """Twice the strength times each end is added to the person's coordinate, and nothing is shortened for it: parts grow
    longer than one, so that what they were keeps its weight."""
    push = np.zeros_like(dials.parts)
    for (k, j), end in ends.items():
        push[k] += 2 * end * dials.axes[k][:, j]
    along, allowed = dials.scale * (push @ dials.items.T), _unseen(len(dials.items), seen)  # (K, M)
    return np.stack([top_items(np.logaddexp.reduce(dials.t + s * along, axis=0), n, allowed) for s in STRENGTHS])


def reranked(own: np.ndarray, segment: np.ndarray, seen: np.ndarray, n: int = LENGTH) -> np.ndarray:
    """Lists (S, n) without a change of the model: own scores (M,) + w * segment (M,). It knows of every item whether it has
    the attribute. w = strength^2 * (the largest score less the smallest): from nothing to all of the segment first, in
    steps that are finer where more happens."""
    allowed, span = _unseen(len(own), seen), float(np.ptp(own))
    return np.stack([top_items(own + s**2 * span * segment, n, allowed) for s in STRENGTHS])


def _unseen(n_items: int, seen: np.ndarray) -> np.ndarray:
    allowed = np.ones(n_items, bool)
    allowed[seen] = False
    return allowed


def listed(people: list[SteeredScores], seen: np.ndarray,
           way: Callable[[SteeredScores, np.ndarray], np.ndarray]) -> np.ndarray:
    """The lists (S, P, n) of P people; seen: bool (P, M); way(dials, indices of what was seen) -> (S, n)."""
    return np.stack([way(dials, np.flatnonzero(row)) for dials, row in zip(people, seen, strict=True)], axis=1)


def follow(lists: np.ndarray, seen: np.ndarray, answers: np.ndarray, segment: np.ndarray) -> dict[str, np.ndarray]:
    """Means over people of lists (S, P, n), each (S,): `personal` NDCG towards their own answers, `segment` NDCG towards the
    segment, and the `share` of the list that belongs to it (see `metrics`). seen, answers: bool (P, M), segment: (M,)."""
    wanted = segment & ~seen  # (P, M)
    return {"personal": np.array([np.nanmean(steering.list_ndcg(at, answers)) for at in lists]),
            "segment": np.array([np.nanmean(steering.list_ndcg(at, wanted)) for at in lists]),
            "share": np.array([steering.attribute_share(at, segment.astype(float)).mean() for at in lists])}
