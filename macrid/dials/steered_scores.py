"""Steering: alter dimensions of a person's vector, keep the others, and retrieve items for the result.

Letters: M items, K factors, D dimensions of a factor, J dials that are turned in one part. All vectors of a part have length
one. Scores are log sum_k exp(t_ik) with t_ik = scale z_k . h_i + log c_ik, `scale` being 1 / tau, or 1 for `dot-raw`.
A dial is named by (factor, dim); dim is a column of the factor's axes.
"""

from collections.abc import Mapping, Sequence

import numpy as np

STRIP_POSITIONS = 7
BLOCK = 16_384  # items
PIECE = 256  # items of which the best is looked for first
Turned = Mapping[tuple[int, int], float]  # (factor, dim) -> the coordinate that the dial is turned to, in [-1, 1]


def altered(part: np.ndarray, axes: np.ndarray, values: Sequence[float] | np.ndarray) -> np.ndarray:
    """The unit vector (D,) with coordinates `values` (J,) along the orthonormal columns of `axes` (D, J) and, across them,
    the direction that `part` (D,) has: sqrt(1 - |values|^2) * rest / |rest| + axes @ values.

    Values longer together than one are shortened to length one; the vector is shorter where `part` has nothing across.
    """
    kept, along = weights(values)
    return kept * across(part, axes) + axes @ along


def weights(values: Sequence[float] | np.ndarray) -> tuple[float, np.ndarray]:
    """The length of what is kept of a part, and the coordinates (J,), so that both together have length one."""
    along = np.asarray(values, np.float64)
    squared = float(along @ along)
    return (float(np.sqrt(1.0 - squared)), along) if squared <= 1.0 else (0.0, along / np.sqrt(squared))


def across(part: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """The direction (D,) that `part` has across the orthonormal columns of `axes` (D, J); zeros where there is none but
    rounding."""
    part, axes = part.astype(np.float64), axes.astype(np.float64)  # a short rest has few digits left
    rest = part - axes @ (axes.T @ part)
    rest = rest - axes @ (axes.T @ rest)  # once more: what rounding left along the axes counts in a short rest
    length = np.linalg.norm(rest)
    return rest / length if length > 1e-6 else np.zeros_like(rest)


class SteeredScores:
    """All dials of one person over some items. What does not depend on a dial's position is computed once, on first use, and
    cached: a new position then costs one multiply-add an item and a partial sort (`top`).

    parts (K, D): the person's vector. items (M, D): as scored, of length one for cosine. log_c (M, K). axes (K, D, D):
    orthogonal, columns are dials.
    """

    def __init__(self, parts: np.ndarray, items: np.ndarray, log_c: np.ndarray, scale: float, axes: np.ndarray) -> None:
        self.parts, self.items, self.log_c, self.scale, self.axes = parts, items, log_c, scale, axes
        self.t = parts @ items.T  # (K, M)
        self.t *= scale
        self.t += log_c.T
        self.own = _logsumexp(self.t)  # (M,) the person's own scores
        self._left_alone_of: dict[tuple[int, ...], np.ndarray] = {}
        self._terms: dict[tuple[int, tuple[int, ...]], np.ndarray] = {}

    def position(self, factor: int, dim: int) -> float:
        """Where the person stands on a dial, from -1 to 1."""
        return float(self.parts[factor] @ self.axes[factor][:, dim])

    def scores(self, turned: Turned, strength: float = 1.0, added: np.ndarray | None = None) -> np.ndarray:
        """The scores (M,) with some dials turned and, if given, what wishes add (M,). strength from 0 to 1 blends between
        the person's own scores and these: (1 - strength) own + strength steered, a geometric mean of the two distributions
        over the items."""
        if strength == 0 or (not turned and added is None):
            return self.own
        steered = _logsumexp(np.stack(self._summands(turned))) if turned else self.own
        return self._blend(steered if added is None else steered + added, self.own, strength)

    def top(self, turned: Turned, n: int, strength: float = 1.0, without: Sequence[int] | np.ndarray = (),
            added: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The n best-scored items and their scores, best first, as a full sort of `scores` has them (ties: the lower index);
        items `without` (indices) are left out. added: as for `scores`.

        Exponentials are taken only for the few items that can be among the best: the logarithm of a sum of S exponentials
        lies between the largest term and that plus log S, so an item whose largest term is more than log S below the n-th
        largest one cannot be among them.
        """
        left_out = np.asarray(without, np.int64)
        if not turned or strength == 0:
            scores = self.scores({}, strength, added)
            scores = scores.copy() if scores is self.own else scores
            scores[left_out] = -np.inf
            best = top_items(scores, n, np.isfinite(scores))
            return best, scores[best]
        summands = self._summands(turned)
        if added is not None:
            summands = [summand + added for summand in summands]
        bound = summands[0]
        for summand in summands[1:]:
            bound = np.maximum(bound, summand)
        bound = self._blend(bound, self.own, strength)
        bound[left_out] = -np.inf
        candidates = np.flatnonzero(bound > -np.inf)
        if n < len(candidates):
            slack = strength * np.log(len(summands)) + 1e-5 * (1 + self.scale)  # the second term for rounding
            candidates = candidates[bound[candidates] >= _reached(bound, n) - slack]
        scores = _logsumexp(np.stack([summand[candidates] for summand in summands]))
        scores = self._blend(scores, self.own[candidates], strength)
        best = np.argsort(-scores, kind="stable")[:n]
        return candidates[best], scores[best]

    def _summands(self, turned: Turned) -> list[np.ndarray]:
        """The terms (M,) whose exponentials add up to the exponentials of the scores: what the factors left alone give
        together, then one for each factor with turned dials."""
        by_factor: dict[int, dict[int, float]] = {}
        for (factor, dim), value in sorted(turned.items()):
            by_factor.setdefault(factor, {})[dim] = value
        summands = [] if len(by_factor) == len(self.parts) else [self._left_alone(tuple(by_factor))]
        for factor, values in by_factor.items():
            kept, along = weights(list(values.values()))
            weight = np.array([self.scale * kept, *(self.scale * along), 1.0], self.t.dtype)
            summands.append(weight @ self._term(factor, tuple(values)))
        return summands

    def _left_alone(self, factors: tuple[int, ...]) -> np.ndarray:
        """log sum over the factors not in `factors` of exp(t), (M,)."""
        scores = self._left_alone_of.get(factors)
        if scores is None:
            scores = _logsumexp(np.delete(self.t, factors, axis=0))
            self._left_alone_of = {factors: scores}  # the last one only: a dial is turned many times
        return scores

    def _term(self, factor: int, dims: tuple[int, ...]) -> np.ndarray:
        """The rows (J + 2, M) whose weighted sum is the term of a factor with turned dials: the items' coordinates along
        what is kept of the part and along each of the dials `dims`, and log c."""
        rows = self._terms.get((factor, dims))
        if rows is None:
            axes = self.axes[factor][:, list(dims)]  # (D, J)
            directions = np.vstack([across(self.parts[factor], axes), axes.T]).astype(self.t.dtype)  # (J + 1, D)
            rows = np.vstack([directions @ self.items.T, self.log_c[:, factor]])
            others = {key: cached for key, cached in self._terms.items() if key[0] != factor}  # one for each factor
            self._terms = others | {(factor, dims): rows}
        return rows

    @staticmethod
    def _blend(steered: np.ndarray, own: np.ndarray, strength: float) -> np.ndarray:
        return steered if strength == 1 else (1 - strength) * own + strength * steered


def mixture(parts: np.ndarray, items: np.ndarray, log_c: np.ndarray, scale: float) -> np.ndarray:
    """log sum_k exp(scale z_k . h_i + log c_ik) of items (M, D), log_c (M, K) for parts (K, D), (M,): BLOCK items at a time,
    so that what is in between stays small."""
    blocks = [slice(start, start + BLOCK) for start in range(0, len(items), BLOCK)]
    return np.concatenate([_logsumexp(parts @ items[block].T * np.float32(scale) + log_c[block].T) for block in blocks])


def _logsumexp(t: np.ndarray) -> np.ndarray:
    """log of the sum of exp(t) over the first axis, (S, M) -> (M,), BLOCK columns at a time, which a processor's cache
    holds; columns of minus infinity give minus infinity."""
    found = np.empty(t.shape[1], t.dtype)
    for start in range(0, t.shape[1], BLOCK):
        block = t[:, start : start + BLOCK]
        top = block.max(axis=0)
        safe = np.where(np.isfinite(top), top, 0)
        with np.errstate(divide="ignore"):
            found[start : start + BLOCK] = safe + np.log(np.exp(block - safe).sum(axis=0))
    return found


def top_items(scores: np.ndarray, n: int, allowed: np.ndarray) -> np.ndarray:
    """The indices of the n best-scored items among the `allowed` (bool (M,)), best first; ties go to the lower index."""
    some = allowed
    if 0 < n < np.count_nonzero(allowed):
        open_to = np.where(allowed, scores, -np.inf)
        some = allowed & (open_to >= _reached(open_to, n))  # n, those that tie with the last of them, and few others
    candidates = np.flatnonzero(some)
    return candidates[np.argsort(-scores[candidates], kind="stable")][:n]


def _reached(scores: np.ndarray, n: int) -> float:
    """What n of the scores (M,) reach, or more, and few others: the n-th largest of the best of pieces, which takes a fifth
    of the time that the n-th largest of all takes."""
    whole = len(scores) // PIECE * PIECE
    best = scores if whole < n * PIECE else scores[:whole].reshape(-1, PIECE).max(axis=1)
    return float(np.partition(best, len(best) - n)[len(best) - n])


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
    n = min(n, max(1, len(items) // 4))  # a list of all the items of a small factor would never change
    if len(items) < 4:
        return np.zeros(axes.shape[1], np.float32)
    change = np.zeros(axes.shape[1], np.float32)
    for j in range(axes.shape[1]):
        ends = []
        for value in dial_range(coordinates[:, j]):
            queries = np.stack([altered(part, axes[:, [j]], [value]) for part in parts])  # (P, D)
            ends.append(np.argpartition(-scale * (queries @ items.T), n - 1, axis=1)[:, :n])
        change[j] = np.mean([1 - len(np.intersect1d(a, b)) / n for a, b in zip(*ends, strict=True)])
    return change
