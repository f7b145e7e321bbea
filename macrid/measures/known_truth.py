"""Disentanglement against a known truth: DCI and MIG, pure functions on arrays.

A representation is a matrix of codes (n, C): n items, each with C numbers. The truth is (n, F): the same items, each with F
known properties. The ideal is one code for each property. Each figure is from 0 to 1, where 1 is perfect.
"""

import numpy as np
from sklearn.ensemble import RandomForestRegressor

FEWEST = 30  # items whose truth is known: nothing is measured on fewer
TREES = 50
BINS = 20  # at most, of a code or property when its information is counted


def dci(codes: np.ndarray, truth: np.ndarray, seed: int = 0) -> dict[str, float]:
    """Disentanglement, completeness and informativeness (Eastwood & Williams, ICLR 2018).

    A random forest predicts each property f from all codes; R_cf is how much it relies on code c (C, F). Then

        disentanglement = sum_c rho_c (1 - H_F(R_c. / sum_f R_cf)), rho_c = sum_f R_cf / sum R: a code has one property,
        completeness    = mean_f (1 - H_C(R_.f / sum_c R_cf)): a property is in one code,

    with entropies in units of their largest value (H_F to the base F), and informativeness = mean_f R^2, at least 0, of the
    predictions for items that a tree has not seen (the paper reports errors instead). Importances are scaled by what the
    forest explains: properties that cannot be predicted do not count in disentanglement and are 0 in completeness. Where
    informativeness is near 0, disentanglement is chance. With a single property there is no disentanglement in the answer;
    a single code is complete.
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
    figures = {"disentanglement": float(importance.sum(axis=1) @ by_code / max(importance.sum(), 1e-300)),
               "completeness": float(by_property.mean()), "informativeness": float(explained.mean())}
    if truth.shape[1] == 1:
        del figures["disentanglement"]
    return figures


def _entropy(weights: np.ndarray) -> np.ndarray:
    """Entropy of each row, scaled to sum 1, over that of a uniform one: (r, c) -> (r,); 0 for rows of nothing."""
    if weights.shape[1] == 1:
        return np.zeros(len(weights))
    p = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=1) / np.log(weights.shape[1])


def mig(codes: np.ndarray, truth: np.ndarray) -> float:
    """Mutual information gap (Chen et al., NeurIPS 2018): mean over properties f of (I(c1; f) - I(c2; f)) / H(f), where c1
    and c2 are the codes with the most and second most information on f. A property that is the same for all items does not
    count.

    Numbers are put into bins of equally many items, at most BINS and so few that a pair of bins holds 5 items by chance:
    with more, a small sample's noise would look like information.
    """
    bins = int(np.clip((len(codes) / 5) ** 0.5, 2, BINS))
    codes = np.stack([_binned(c, bins) for c in codes.T])  # (C, n)
    gaps = []
    for values in truth.T:
        values = _binned(values, bins)
        whole = _information(values, values)
        if whole > 0:
            information = np.sort([_information(code, values) for code in codes])[::-1]
            gaps.append((information[0] - (information[1] if len(information) > 1 else 0.0)) / whole)
    return float(np.mean(gaps)) if gaps else 0.0


def _binned(values: np.ndarray, bins: int) -> np.ndarray:
    """Numbers (n,) as whole numbers from 0: one for each value where there are few, else bins of equally many items."""
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
    for each. category: (M,) whole numbers, -1 where unknown. {} where fewer than FEWEST are known or all are the same. (Even
    perfect factors have a gap a little below 1: an item of one category is of no other.)"""
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
    per_factor: list[dict[str, float]] = []
    for k in np.unique(factor):
        mine = np.flatnonzero(factor == k)
        values = attributes[mine]
        varies = [a for a in range(values.shape[1]) if len(np.unique(values[np.isfinite(values[:, a]), a])) > 1]
        whole = np.isfinite(values[:, varies]).all(axis=1)
        if varies and whole.sum() >= FEWEST:
            codes, truth = coordinates[mine][whole], values[whole][:, varies]
            per_factor.append(dci(codes, truth, seed) | {"mig": mig(codes, truth)})
    names = dict.fromkeys(name for figures in per_factor for name in figures)
    return {name: float(np.mean([figures[name] for figures in per_factor if name in figures])) for name in names}
