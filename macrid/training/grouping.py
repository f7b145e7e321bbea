"""Which items belong together, told by the people who clicked them.

Clusters of spectral vectors see pairs of items. What a person clicked says more: an item belongs where the rest of what its
people clicked belongs. A classification EM (Celeux and Govaert, 1992) of a block model with free degrees (Karrer and Newman,
2011), people against K groups of items: each person has a share of every group, each item goes to the group whose shares its
people have most above the usual. How many clicks at the usual rate a person is given before their own count is chosen, too:
what foretells every click best from the others of the same person.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

PRIORS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # clicks at the catalogue's rate, of which everybody is given so many
STEPS = 40  # at most
SETTLED = 1e-4  # of the items: when no more change their group, it is over
MOST_CLICKS = 4_000_000  # that are looked at: of people drawn by chance, where there are more
DOUBT = 3.0  # evidence, in nats, that leaves an item half as sure of its group as it may be


class Grouping(NamedTuple):
    """evidence (M, K), in nats: how much more the people of each item click in each group than people usually do, over
    all of them; what they clicked of the item itself does not count. lift: the mean over clicks for the groups that the
    items are in."""

    evidence: np.ndarray
    lift: float

    @property
    def group(self) -> np.ndarray:
        """Of each item (M,)."""
        return self.evidence.argmax(axis=1)


def regrouped(clicks: csr_matrix, group: np.ndarray, kfac: int, known: np.ndarray | None = None,
              steps: int = STEPS, beforehand: np.ndarray | None = None) -> Grouping:
    """The grouping that K = kfac groups (M,) settle to after some steps, with clicks (U, M), binary.

    known: groups of items (M,) that are told and stay, -1 for the others. beforehand: evidence (M, K), in nats, of something
    else than these people, which is added to theirs.
    """
    fixed = np.flatnonzero(known >= 0) if known is not None else np.zeros(0, np.int64)
    told = known[fixed] if known is not None else fixed
    by_item, every = clicks.T.tocsr(), np.arange(clicks.shape[1])
    popularity = np.diff(by_item.indptr).astype(np.float64)  # (M,)
    activity = np.diff(clicks.indptr).astype(np.float64)[:, None]  # (U, 1)
    group = group.copy()
    group[fixed] = told
    for _ in range(max(1, steps)):
        counts = clicks @ np.eye(kfac)[group]  # (U, K)
        usual = np.maximum(np.bincount(group, popularity, kfac) / max(popularity.sum(), 1.0), 1e-9)  # (K,)
        lift, prior = max((float((counts * _log_lift(counts - 1, activity - 1, usual, prior)).sum()), prior)
                          for prior in PRIORS)
        evidence = by_item @ _log_lift(counts, activity, usual, prior)  # (M, K)
        evidence[every, group] = (by_item @ _log_lift(counts - 1, activity - 1, usual, prior))[every, group]
        if beforehand is not None:
            evidence += beforehand
        evidence[fixed, told] = evidence[fixed].max(axis=1, initial=0) + 1
        moved, group = np.mean(evidence.argmax(axis=1) != group), evidence.argmax(axis=1)
        if moved <= SETTLED:
            break
    return Grouping(evidence, lift / max(popularity.sum(), 1.0))


def _log_lift(counts: np.ndarray, activity: np.ndarray, usual: np.ndarray, prior: float) -> np.ndarray:
    """log of (share of each group in a person's clicks / usual share), (U, K), from counts (U, K), activity (U, 1) and the
    usual shares (K,), with `prior` clicks of the usual shares more."""
    return np.log((np.maximum(counts, 0) + prior * usual) / ((np.maximum(activity, 0) + prior) * usual))


def some_people(clicks: csr_matrix, rng: np.random.Generator) -> csr_matrix:
    """Clicks (U, M) of so many people, drawn by chance, that they have MOST_CLICKS."""
    if clicks.nnz <= MOST_CLICKS:
        return clicks
    people = rng.permutation(clicks.shape[0])
    return clicks[people[np.diff(clicks.indptr)[people].cumsum() <= MOST_CLICKS]]


def affinity(grouping: Grouping, known: np.ndarray | None = None) -> np.ndarray:
    """How near each item is to each group, (M, K), in the place of a cosine: the evidence at length n / (n + DOUBT), n its
    length. The order is that of the evidence; little evidence is short, so that such items are of several groups. An item
    whose group is told (known (M,), -1 for the others) is at 1 to that and at 0 to the others."""
    near = grouping.evidence / (np.linalg.norm(grouping.evidence, axis=1, keepdims=True) + DOUBT)
    if known is not None:
        told = np.flatnonzero(known >= 0)
        near[told] = np.eye(near.shape[1])[known[told]]
    return near
