"""Steering: alter one dimension of one part of a person's vector, keep the others, and retrieve items for the result.

Letters: M items, K factors, D dimensions of a factor. All vectors of a part have length one. Scores are
log sum_k c_ik exp(scale z_k . h_i), `scale` being 1 / tau for cosine similarity and 1 for dot product.
"""

import numpy as np

STRIP_POSITIONS = 7


def altered(part: np.ndarray, axis: np.ndarray, value: float) -> np.ndarray:
    """The unit vector (D,) with coordinate `value` in [-1, 1] along the unit vector `axis` and, across it, the direction
    that `part` has: sqrt(1 - value^2) * rest / |rest| + value * axis. Shorter where `part` lies on the axis itself."""
    return np.sqrt(max(0.0, 1.0 - value * value)) * across(part, axis) + value * axis


def across(part: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """The direction (D,) that `part` has across the unit vector `axis`; zeros where there is none but rounding."""
    rest = part - (part @ axis) * axis
    rest = rest - (rest @ axis) * axis  # once more: what rounding left of the axis counts in a short rest
    length = np.linalg.norm(rest)
    return rest / length if length > 1e-6 else np.zeros_like(rest)


class Dial:
    """One dial of one person: all that does not depend on the dial's position is computed once.

    parts (K, D): the person's vector. items (M, D): as scored, of length one for cosine. log_c (M, K). axis (D,): a unit
    vector, the direction of the dial in part `factor`.
    """

    def __init__(self, parts: np.ndarray, items: np.ndarray, log_c: np.ndarray, scale: float, factor: int, axis: np.ndarray):
        part = parts[factor]
        self.position = float(part @ axis)
        t = scale * (items @ parts.T) + log_c  # (M, K)
        self.own = _logsumexp(t)  # (M,) the person's own scores
        t[:, factor] = -np.inf
        self.others = _logsumexp(t)  # (M,) what the other factors contribute
        self.coordinate = items @ axis  # (M,)
        self.rest = items @ across(part, axis)  # (M,)
        self.scale, self.log_c = scale, log_c[:, factor]

    def scores(self, value: float | None) -> np.ndarray:
        """The scores (M,) with the dial at `value` in [-1, 1], one multiply-add per item; None: the person's own."""
        if value is None:
            return self.own
        across = self.scale * np.sqrt(max(0.0, 1.0 - value * value))
        return np.logaddexp(self.others, across * self.rest + self.scale * value * self.coordinate + self.log_c)


def _logsumexp(t: np.ndarray) -> np.ndarray:
    """log sum_k exp(t_ik), (M, K) -> (M,); rows of minus infinity give minus infinity."""
    top = t.max(axis=1)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return safe + np.log(np.exp(t - safe[:, None]).sum(axis=1))


def top_items(scores: np.ndarray, n: int, allowed: np.ndarray) -> np.ndarray:
    """The indices of the n best-scored items among the `allowed` (bool (M,)), best first; ties go to the lower index."""
    candidates = np.flatnonzero(allowed)
    if 0 < n < len(candidates):
        s = scores[candidates]
        candidates = candidates[s >= np.partition(s, -n)[-n]]  # n, and those that tie with the last of them
    return candidates[np.argsort(-scores[candidates], kind="stable")][:n]


def dial_range(coordinate: np.ndarray) -> tuple[float, float]:
    """The range of a dial: the 1st and 99th percentile of the coordinates of its factor's items, (0, 0) without items."""
    if not len(coordinate):
        return 0.0, 0.0
    low, high = np.percentile(coordinate, [1, 99])
    return float(low), float(high)


def list_change(parts: np.ndarray, items: np.ndarray, scale: float, axes: np.ndarray, n: int = 20) -> np.ndarray:
    """How much each dial changes a list, (D,) from 0 to 1: the share of the top n that differs between the two ends of the
    dial's range, mean over people.

    parts (P, D): that part of some people. items (m, D): the factor's items. axes (D, D): columns are dials.
    """
    coordinates = items @ axes  # (m, D)
    n = min(n, max(1, len(items) // 4))  # a short shelf would always show the same items
    if len(items) < 4:
        return np.zeros(axes.shape[1], np.float32)
    change = np.zeros(axes.shape[1], np.float32)
    for j in range(axes.shape[1]):
        ends = []
        for value in dial_range(coordinates[:, j]):
            queries = np.stack([altered(part, axes[:, j], value) for part in parts])  # (P, D)
            ends.append(np.argpartition(-scale * (queries @ items.T), n - 1, axis=1)[:, :n])
        change[j] = np.mean([1 - len(np.intersect1d(a, b)) / n for a, b in zip(*ends, strict=True)])
    return change
