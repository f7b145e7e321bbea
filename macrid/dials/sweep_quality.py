"""How well the dials of a bundle steer: sweeps of some people along each dial that is meant to move an attribute.

Letters: P people, M items, K factors, D dimensions of a factor, A attributes.
"""

import numpy as np
from scipy.sparse import csr_matrix
from scipy.stats import rankdata

from macrid.measures import ranking, steering

from . import steered_scores
from .choose import Scored

PEOPLE = 128  # swept along the dials of each factor: leakage varies by 0.002 with who they are
POSITIONS = 9
LENGTH = 10  # of the lists that are looked at
SCORES_AT_ONCE = 4_000_000  # bounds the memory of a sweep
FEWEST_ITEMS = 8  # with a known attribute: in a smaller factor no dial can be measured


def figures(scored: Scored, axes: np.ndarray, attributes: np.ndarray, clicks: csr_matrix,
            bearing: dict[tuple[int, int], int], seed: int) -> dict[str, float]:
    """`monotonicity` and `leakage` (see `measures.steering`) over all factors and attributes, each pair on its best dial,
    and `dials`, the number of pairs; nothing where there is no pair. Without a second attribute there is no leakage.

    scored: items and P people, whose parts are made from clicks (P, M); their lists leave those out. axes (K, D, D).
    attributes (M, A), NaN where unknown. bearing: (factor, attribute) -> the dial that bears it; for other pairs the best
    dial is that with the largest |Spearman's rho| over the factor's items. A factor is swept by PEOPLE people, chosen by
    `seed` among those with a click in it.
    """
    swept: list[np.ndarray] = []
    meant: list[int] = []  # the attribute that each row of `swept` is about
    dials = 0
    for k in range(len(axes)):
        mine = np.flatnonzero(scored.factor == k)
        items, values = scored.vectors[mine], standardised(attributes[mine])  # (m, D), (m, A)
        who = _interested(clicks[:, mine], np.random.default_rng([seed, k]))  # (p,)
        seen = clicks[who][:, mine].toarray() > 0  # (p, m)
        added = _added(scored, clicks[who])[:, mine]  # (p, m)
        chunks = np.array_split(np.arange(len(who)), max(1, len(who) * POSITIONS * len(mine) // SCORES_AT_ONCE))
        pairs = best_dials(items @ axes[k], values, {a: j for (i, a), j in bearing.items() if i == k})
        for a, j in pairs.items():
            dials += 1
            for rows in chunks:
                swept.append(sweep(scored.parts[who[rows], k], items, axes[k][:, j], values,
                                   np.where(seen[rows], -np.inf, added[rows])))
                meant += [a] * len(rows)
    if not swept:
        return {}
    curves, index = np.concatenate(swept), np.array(meant)  # (N, POSITIONS, A), (N,)
    quality = {"monotonicity": steering.monotonicity(curves[np.arange(len(index)), :, index]),
              "leakage": steering.leakage(curves, index), "dials": dials}
    return {key: value for key, value in quality.items() if np.isfinite(value)}


def _interested(clicks: csr_matrix, rng: np.random.Generator) -> np.ndarray:
    """Some of the people with a click (P, m), or of all where nobody has one, PEOPLE at most, in order."""
    people = np.flatnonzero(clicks.sum(axis=1) > 0)
    people = people if len(people) else np.arange(clicks.shape[0])
    return np.sort(rng.choice(people, min(PEOPLE, len(people)), replace=False))


def standardised(attributes: np.ndarray) -> np.ndarray:
    """Attributes (m, A) less their means, over their standard deviations; columns of NaN where fewer than FEWEST_ITEMS are
    known or all are the same."""
    scaled = np.full(attributes.shape, np.nan)
    for a, column in enumerate(attributes.T):
        known = np.isfinite(column)
        if known.sum() >= FEWEST_ITEMS and np.ptp(column[known]) > 0:
            scaled[:, a] = (column - column[known].mean()) / column[known].std()
    return scaled


def best_dials(coordinates: np.ndarray, attributes: np.ndarray, bearing: dict[int, int]) -> dict[int, int]:
    """attribute -> dial, for each attribute that is known of some items: the dial that bears it, if one does, or else that
    with the largest |Spearman's rho|. coordinates (m, D), attributes (m, A)."""
    dials = {}
    for a, column in enumerate(attributes.T):
        known = np.isfinite(column)
        if known.any():
            ranks = [rankdata(c) - (known.sum() + 1) / 2 for c in (column[known], *coordinates[known].T)]
            rho = [abs(ranks[0] @ r) / max(np.linalg.norm(r), 1e-12) for r in ranks[1:]]
            dials[a] = bearing.get(a, int(np.argmax(rho)))
    return dials


def _added(scored: Scored, clicks: csr_matrix) -> np.ndarray:
    """What the linear path adds to the scores of people with these clicks (p, M), in units of a cosine; 0 without one."""
    if scored.linear is None:
        return np.zeros(clicks.shape, np.float32)
    return scored.linear.scores(clicks) / np.float32(scored.scale)


def sweep(people: np.ndarray, items: np.ndarray, axis: np.ndarray, attributes: np.ndarray,
          added: np.ndarray) -> np.ndarray:
    """The mean attributes of the top of each person's list at POSITIONS positions over the dial's range: (p, POSITIONS, A).

    people (p, D): that part of each. items (m, D) of the factor, axis (D,), attributes (m, A). added (p, m): to the cosines,
    minus infinity for items that are left out. The lists are those of `Person.steer` within a factor: LENGTH items, or a
    quarter of the factor if that is less. Items whose attribute is unknown do not count, and a list of nothing else has the
    factor's mean, 0. NaN for an attribute that is known of no item.
    """
    axis = axis.astype(np.float64)
    rest = np.stack([steered_scores.across(part, axis[:, None]) for part in people]) @ items.T  # (p, m)
    coordinate = items @ axis  # (m,)
    value = np.linspace(*steered_scores.dial_range(coordinate), POSITIONS)[:, None]  # (POSITIONS, 1)
    scores = np.sqrt(np.maximum(0, 1 - value**2)) * rest[:, None] + value * coordinate  # (p, POSITIONS, m)
    scores = (scores + added[:, None]).reshape(-1, len(items))
    top = ranking.top_k(scores, min(LENGTH, max(1, len(items) // 4)))
    shown = attributes[top]  # (p POSITIONS, n, A)
    known = np.isfinite(shown)
    mean = np.where(known, shown, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    mean[:, ~np.isfinite(attributes).any(axis=0)] = np.nan
    return mean.reshape(len(people), POSITIONS, -1)
