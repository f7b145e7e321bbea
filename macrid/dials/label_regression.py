"""Directions from labels: which way an attribute points among some items, learned from a handful of them, and whether to
believe it.

Letters: n labelled items, D coordinates of each, T problems of one size solved side by side (folds, permutations).

The estimate is adaptive ridge regression (the idea of the adaptive lasso, Zou 2006, with a ridge): coordinate j is first
scaled by |r_j|^sharpness, r_j its correlation with the attribute. Sharpness 0 is plain ridge regression; a high one comes
near to choosing the one coordinate that goes with the attribute, which needs far fewer labels where the coordinates are
independent components and an attribute is one of them.
"""

import math
from itertools import permutations
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

SHARPNESS = (0.0, 1.0, 2.0, 4.0)
PENALTIES = np.array([0.03, 0.1, 0.3, 1.0, 3.0, 10.0])  # of the ridge, in units of n times the items' mean variance
FOLDS = 10  # of a cross-validation with more than MOST_FOLDS labels; with fewer, each label is left out once
MOST_FOLDS = 50
PERMUTATIONS = 199
MOST_PERMUTED = 400  # labels that the permutation test looks at: more cannot change its answer


class Problem(NamedTuple):
    """The regression of the labels of one attribute in one factor: what `unseen` and `chance` take first.

    x (n, D): coordinates of the labelled items. y (n,): their labels, standardised. spread: the mean variance of a
    coordinate over all items of the factor, labelled or not.
    """

    x: np.ndarray
    y: np.ndarray
    spread: float


def fit(x: np.ndarray, y: np.ndarray, spread: float, sharpness: float) -> tuple[np.ndarray, np.ndarray]:
    """Directions (T, L, D) for T attributes y (T, n) on coordinates x (T, n, D) with each of L PENALTIES of the ridge, and
    their leave-one-out R2 (T, L).

    spread: the mean variance of a coordinate over all items, labelled or not. Leave-one-out in closed form: the residual
    over 1 - h_ii, h the smoother (Golub, Heath & Wahba, 1979). The scales |r_j|^sharpness have seen all labels, so that
    this R2 flatters: it serves to choose and to be compared with the same under permutation; `unseen` is for judging.
    """
    n = x.shape[1]
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    length = np.sqrt((y**2).sum(axis=1))  # (T,)
    size = np.sqrt((x**2).sum(axis=1))  # (T, D)
    r = np.abs((y[:, None] @ x)[:, 0]) / np.maximum(size * length[:, None], 1e-12)
    scale = (r / np.maximum(r.max(axis=1, keepdims=True), 1e-12)) ** sharpness  # (T, D) from 0 to 1
    x = x * scale[:, None]
    values, turn = np.linalg.eigh(x.transpose(0, 2, 1) @ x)  # (T, D), (T, D, D)
    x = x @ turn
    inverse = 1 / (np.maximum(values, 0)[:, None] + n * max(spread, 1e-12) * PENALTIES[:, None])  # (T, L, D)
    weights = inverse * (y[:, None] @ x)  # (T, L, D)
    leverage = 1 / n + inverse @ (x**2).transpose(0, 2, 1)  # (T, L, n)
    error = (y[:, None] - weights @ x.transpose(0, 2, 1)) / np.maximum(1 - leverage, 1e-6)
    r2 = 1 - (error**2).sum(axis=2) / np.maximum(n / (n - 1) * length[:, None], 1e-12) ** 2  # (T, L)
    return scale[:, None] * (weights @ turn.transpose(0, 2, 1)), r2


def unseen(x: np.ndarray, y: np.ndarray, spread: float, sharpness: float) -> tuple[np.ndarray, np.ndarray]:
    """What items not fitted are predicted with each of L PENALTIES, and what they have, both less the mean of the items
    fitted: x (n, D), y (n,) -> (L, up to n), (up to n,), for cross-validation.

    Each item is left out once; of more than MOST_FOLDS items, a tenth at a time (every tenth, in their order).
    """
    folds = len(y) if len(y) <= MOST_FOLDS else FOLDS
    left = np.arange(len(y) // folds * folds).reshape(-1, folds).T  # (T, n / T), as large each
    used = np.ones((folds, len(y)), bool)
    np.put_along_axis(used, left, False, axis=1)
    rows = np.nonzero(used)[1].reshape(folds, -1)
    direction, _ = fit(x[rows], y[rows], spread, sharpness)  # (T, L, D)
    predicted = direction @ (x[left] - x[rows].mean(axis=1, keepdims=True)).transpose(0, 2, 1)  # (T, L, n / T)
    truth = y[left] - y[rows].mean(axis=1, keepdims=True)  # (T, n / T)
    return predicted.transpose(1, 0, 2).reshape(len(PENALTIES), -1), truth.ravel()


def r2_unseen(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """1 - sum (truth - predicted)^2 / sum truth^2, (..., n), (n,) -> (...): 1 if predicted exactly, 0 or less if no
    better than the mean."""
    return 1 - ((truth - predicted) ** 2).sum(axis=-1) / max((truth**2).sum(), 1e-12)


def auc(predicted: np.ndarray, yes: np.ndarray) -> float:
    """The probability that an item with the attribute is predicted above one without, ties half (Mann-Whitney)."""
    n, ranks = yes.sum(), rankdata(predicted)
    return float((ranks[yes].sum() - n * (n + 1) / 2) / (n * (len(yes) - n)))


def chance(x: np.ndarray, y: np.ndarray, spread: float, rng: np.random.Generator, sharpness: float = 1.0) -> float:
    """The probability that shuffled labels fit as well: x (n, D), y (n,) -> p from above 0 to 1.

    A permutation test on the best leave-one-out R2 of `fit`: exact, as each permutation is fitted from the beginning. With
    five labels or fewer all permutations are tried, otherwise PERMUTATIONS random ones besides the labels' own.
    """
    if len(y) > MOST_PERMUTED:
        some = rng.choice(len(y), MOST_PERMUTED, replace=False)
        x, y = x[some], y[some]
    if math.factorial(len(y)) <= PERMUTATIONS:
        orders = np.array(list(permutations(range(len(y)))))
    else:
        orders = np.vstack([np.arange(len(y)), *(rng.permutation(len(y)) for _ in range(PERMUTATIONS))])
    _, r2 = fit(np.broadcast_to(x, (len(orders), *x.shape)), y[orders], spread, sharpness)
    best = r2.max(axis=1)
    return float((best >= best[0] - 1e-9).mean())
