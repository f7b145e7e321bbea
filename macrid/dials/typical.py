"""Which items stand for a macro factor: those that set it apart and that people know."""

import numpy as np
from scipy.sparse import csr_matrix

SHOWN = 20  # so many typical items are shown, and a name must be true of them
KEPT = 24
PRIOR = 10.0  # clicks at the catalogue's rate that every item is given besides its own: little data prove little


def typical_items(factor: np.ndarray, certainty: np.ndarray, kfac: int, clicks: np.ndarray | None,
                  people: csr_matrix | None) -> list[np.ndarray]:
    """Positions of the typical items of the K factors, at most KEPT of each, the most typical first.

    factor (M,): the factor of each item; certainty (M,): its c; clicks (M,): how often it was clicked; people (U, M): the
    clicks of some people. An item counts by its certainty, by its lift among the factor's people, and by the logarithm of
    its clicks. The half of a factor's items that are clicked less come after the others.
    """
    known = np.log2(2 + np.maximum(clicks, 0)) if clicks is not None else np.ones(len(factor))  # (M,)
    weight = certainty * known * (1 if people is None else lift(people, factor, kfac))  # (M,)
    rows = []
    for k in range(kfac):
        mine = np.flatnonzero(factor == k)
        unknown = known[mine] < np.median(known[mine]) if len(mine) else np.zeros(0, bool)
        rows.append(mine[np.lexsort((-weight[mine], unknown))][:KEPT])
    return rows


def lift(people: csr_matrix, factor: np.ndarray, kfac: int) -> np.ndarray:
    """How much more of its own factor stands beside an item than beside any item (M,): 1 is no more.

    people (U, M), binary; factor (M,). It is the share of the item's factor among the other clicks of the people who
    clicked it, divided by that factor's share of all clicks; PRIOR clicks with a lift of 1 are added to every item.
    """
    clicks = people.tocoo()
    held = np.zeros((people.shape[0], kfac))  # (U, K) clicks of each person in each factor
    np.add.at(held, (clicks.row, factor[clicks.col]), 1.0)
    total = held.sum(axis=1)  # (U,)
    share = held.sum(axis=0) / max(total.sum(), 1.0)  # (K,)
    others = total[clicks.row] - 1
    beside = np.where(others > 0, (held[clicks.row, factor[clicks.col]] - 1) / np.maximum(others, 1), 0.0)
    counted = np.bincount(clicks.col[others > 0], minlength=len(factor))  # (M,)
    summed = np.bincount(clicks.col, weights=beside, minlength=len(factor))  # (M,)
    own = share[factor]  # (M,)
    return np.where(own > 0, (summed + PRIOR * own) / ((counted + PRIOR) * np.maximum(own, 1e-12)), 1.0)
