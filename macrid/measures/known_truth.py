"""Disentanglement against a known truth: DCI and MIG, pure functions on arrays.

A representation is a matrix of codes (n, C): n items, each with C numbers. The truth is (n, F): the same items, each with F
known properties. One code for each property is what is wished for. Each figure is from 0 to 1, where 1 is perfect.
"""

import numpy as np
from sklearn.ensemble import RandomForestRegressor

FEWEST = 30  # items of which the truth is known: nothing is measured on fewer
TREES = 50
BINS = 20  # at most, of a code or property when its information is counted


def dci(codes: np.ndarray, truth: np.ndarray, seed: int = 0) -> dict[str, float]:
    """Disentanglement, completeness and informativeness (Eastwood & Williams, ICLR 2018).

    A random forest predicts each property f from all codes; R_cf is how much it relies on code c (C, F). Then

        disentanglement = sum_c rho_c (1 - H_F(R_c. / sum_f R_cf)), rho_c = sum_f R_cf / sum R: a code bears one property,
        completeness    = mean_f (1 - H_C(R_.f / sum_c R_cf)): a property is borne by one code,

    with entropies in units of their largest value (H_F to the base F), and informativeness = mean_f R^2, at least 0, of the
    predictions for items that a tree has not seen (the paper reports errors instead). Importances are scaled by what the
    forest explains: properties that cannot be predicted count for nothing in disentanglement and for 0 in completeness.
    Where informativeness is near 0, chance decides on disentanglement; read it beside. A single property cannot be mixed up
    with others: then there is no disentanglement in the answer. A single code is complete.
    """
    importance = np.empty((codes.shape[1], truth.shape[1]))
    explained = np.empty(truth.shape[1])
    for f, values in enumerate(truth.T):
        forest = RandomForestRegressor(TREES, min_samples_leaf=3, max_features=1.0, oob_score=True, random_state=seed)
        forest.fit(codes, values)
        explained[f] = max(0.0, forest.oob_score_)
        importance[:, f] = forest.feature_importances_ * explained[f]
    by_code = 1 - _entropy(importance)
    by_property = np.where(explained > 0, 1 - _entropy(importance.T), 0.0)
    found = {"disentanglement": float(importance.sum(axis=1) @ by_code / max(importance.sum(), 1e-300)),
             "completeness": float(by_property.mean()), "informativeness": float(explained.mean())}
    if truth.shape[1] == 1:
        del found["disentanglement"]
    return found


def _entropy(weights: np.ndarray) -> np.ndarray:
    """Entropy of each row, scaled to sum 1, over that of a uniform one: (r, c) -> (r,); 0 for rows of nothing."""
    if weights.shape[1] == 1:
        return np.zeros(len(weights))
    p = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=1) / np.log(weights.shape[1])


def mig(codes: np.ndarray, truth: np.ndarray) -> float:
    """Mutual information gap (Chen et al., NeurIPS 2018): mean over properties f of (I(c1; f) - I(c2; f)) / H(f), where c1
    and c2 are the codes that tell most and second most about f. A property that is the same for all items does not count.

    Numbers are put into bins of equally many items, at most BINS and so few that a pair of bins holds 5 items by chance:
    with more, counts of a small sample alone would look like information.
    """
    bins = int(np.clip((len(codes) / 5) ** 0.5, 2, BINS))
    codes = np.stack([_binned(c, bins) for c in codes.T])  # (C, n)
    gaps = []
    for values in truth.T:
        values = _binned(values, bins)
        whole = _information(values, values)
        if whole > 0:
            told = np.sort([_information(code, values) for code in codes])[::-1]
            gaps.append((told[0] - (told[1] if len(told) > 1 else 0.0)) / whole)
    return float(np.mean(gaps)) if gaps else 0.0


def _binned(values: np.ndarray, bins: int) -> np.ndarray:
    """Numbers as whole ones from 0: each value its own where there are few, else bins of equally many."""
    different, code = np.unique(values, return_inverse=True)
    if len(different) <= bins:
        return code
    return np.searchsorted(np.quantile(values, np.arange(1, bins) / bins), values, side="right")


def _information(a: np.ndarray, b: np.ndarray) -> float:
    """Mutual information of whole numbers (n,) and (n,) in nats; I(a; a) is the entropy of a."""
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1 / len(a))
    outer = table.sum(axis=1, keepdims=True) * table.sum(axis=0)
    filled = table > 0
    return max(0.0, float((table[filled] * np.log(table[filled] / outer[filled])).sum()))


def macro(log_c: np.ndarray, category: np.ndarray, seed: int = 0) -> dict[str, float]:
    """DCI and MIG of the factors: the codes of an item are its shares c (M, K), the properties are "is of category v", one
    for each. category: (M,) whole numbers, -1 where unknown. {} where fewer than FEWEST are known or all are the same. (The
    gap of even perfect factors stays a little below 1: whoever is of one category is of no other.)"""
    known = category >= 0
    if known.sum() < FEWEST or len(np.unique(category[known])) < 2:
        return {}
    codes = np.exp(log_c[known])
    truth = (category[known][:, None] == np.unique(category[known])).astype(float)
    return dci(codes, truth, seed) | {"mig": mig(codes, truth)}


def micro(coordinates: np.ndarray, factor: np.ndarray, attributes: np.ndarray, seed: int = 0) -> dict[str, float]:
    """DCI and MIG of the dimensions: within each factor the codes of an item are its coordinates (M, D) on the dials of its
    own factor, the properties are its attributes (M, A), NaN where unknown; mean over factors (M,) with at least FEWEST
    items that have all attributes that vary there. {} where there are none."""
    found = []
    for k in np.unique(factor):
        mine = np.flatnonzero(factor == k)
        values = attributes[mine]
        varies = [a for a in range(values.shape[1]) if len(np.unique(values[np.isfinite(values[:, a]), a])) > 1]
        whole = np.isfinite(values[:, varies]).all(axis=1)
        if varies and whole.sum() >= FEWEST:
            codes, truth = coordinates[mine][whole], values[whole][:, varies]
            found.append(dci(codes, truth, seed) | {"mig": mig(codes, truth)})
    names = dict.fromkeys(name for row in found for name in row)
    return {name: float(np.mean([row[name] for row in found if name in row])) for name in names}
