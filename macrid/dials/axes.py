"""Micro axes: for every factor an orthogonal R_k that turns its D dimensions into dials that each mean one thing.

A score depends on a person's part z_uk and an item's vector h_i only through their dot product, and
(z R) . (h R) = z . h for orthogonal R: axes change no score at all, they only choose what a dial turns. Column j of R_k is
the direction of dial j; an item's coordinate on it is (h_i R_k)_j. Three ways to choose them: `none`, `ica`, `labels`.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import qr
from sklearn.decomposition import FastICA
from sklearn.exceptions import ConvergenceWarning

from . import label_regression
from .label_regression import Problem

SHARE_EXPLAINED = 0.98  # of the items' variance goes into the rotation at most; the rest is noise, left as principal axes
ITEMS_AN_ANGLE = 10  # a rotation of d axes has d (d - 1) / 2 angles; fitted to fewer items each, it finds single items
DROP = 1.4  # from one principal axis to the next, of variance: what means something ends before the largest such drop
LEVEL = 0.05  # labels that fit by chance more often than this are refused
FEWEST_LABELS = 4  # the six orders of three labels cannot tell anything from chance at that level
DISTINCT = 0.5  # a direction with less than this share of its length outside those before it has no dial of its own


def none(kfac: int, embedding_size: int) -> np.ndarray:
    """The model's own dimensions: identities (K, D, D)."""
    return np.tile(np.eye(embedding_size, dtype=np.float32), (kfac, 1, 1))


def ica(items: np.ndarray, factor: np.ndarray, kfac: int, seed: int) -> np.ndarray:
    """Axes (K, D, D) along the independent components of each factor's items.

    items: unit vectors (M, D). factor: the factor of each item (M,). The first principal axes (see `_rotated`) are rotated
    to independence by FastICA (Hyvarinen & Oja, 2000); since whitening only scales the principal axes, the orthogonal matrix
    nearest to the unmixing one is just that rotation. Signs are fixed so that coordinates are skewed to the positive side.
    """
    return np.stack([_ica_one(items[factor == k].astype(np.float64), items.shape[1], seed) for k in range(kfac)]).astype(
        np.float32)


def _ica_one(rows: np.ndarray, dims: int, seed: int) -> np.ndarray:
    if len(rows) < 3:
        return np.eye(dims)
    centred = rows - rows.mean(axis=0)  # (n, D)
    _, values, principal = np.linalg.svd(centred, full_matrices=True)  # principal (D, D), rows are axes
    keep = _rotated(values**2, len(rows))
    basis = principal.T  # (D, D), columns are axes
    if keep >= 2:
        white = centred @ basis[:, :keep] / np.maximum(values[:keep], 1e-12) * np.sqrt(len(rows))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a rotation short of convergence is still a rotation
            rotation = FastICA(whiten=False, random_state=seed, max_iter=500, tol=1e-4).fit(white).components_
        left, _, right = np.linalg.svd(rotation)
        basis = np.hstack([basis[:, :keep] @ (left @ right).T, basis[:, keep:]])
    coordinate = centred @ basis
    skew = (coordinate**3).sum(axis=0)
    return basis * np.where(skew < 0, -1.0, 1.0)


def _rotated(variance: np.ndarray, n: int) -> int:
    """How many principal axes of n items, with falling variances, are rotated: those that carry SHARE_EXPLAINED of it or as
    many as there are items for; of these the ones before the largest drop, if there is a drop of DROP or more."""
    explaining = int(np.searchsorted(np.cumsum(variance) / max(variance.sum(), 1e-30), SHARE_EXPLAINED)) + 1
    most = min(explaining, (1 + math.isqrt(1 + 8 * n // ITEMS_AN_ANGLE)) // 2)
    after = np.maximum(variance[2 : most + 1], 1e-30)  # the second axis, the third ...
    drops = variance[1 : len(after) + 1] / after
    return int(drops.argmax()) + 2 if drops.max(initial=0) >= DROP else most


@dataclass(frozen=True)
class Labelled:
    """Axes learned from labels, A attributes. `confidence` is what cross-validation says of items it has not seen: R2 of a
    numeric attribute, AUC of a yes/no one; NaN where refused or not tried."""

    axes: np.ndarray  # (K, D, D); the dials that bear an attribute first, the most certain one first
    bears: np.ndarray  # (K, D): the attribute of each dial, -1 for none
    confidence: np.ndarray  # (K, A)
    counts: np.ndarray  # (K, A): the number of labels
    yes_no: np.ndarray  # (A,)
    refused: dict[tuple[int, int], str]  # (factor, attribute) -> the reason


def labels(items: np.ndarray, factor: np.ndarray, base: np.ndarray, table: np.ndarray, seed: int,
           names: Sequence[str] | None = None) -> Labelled:
    """Axes that bear attributes, learned from a few labelled items; the axes `base` complete them.

    items: unit vectors (M, D). factor (M,). base: orthogonal (K, D, D), best of independent components. table (M, A): the
    labels, NaN where there is none; a column of nothing but 0 and 1 is a yes/no attribute. names: of the attributes.

    In each factor, `label_regression.fit` learns each attribute's direction on the items' coordinates in the base. How far
    attributes keep to single base axes (the sharpness of the fit) and the penalty of its ridge are chosen once for all
    factors and attributes, by cross-validation: few labels could not choose them each time. The directions are made
    orthogonal together (Loewdin's symmetric orthogonalisation: the nearest orthogonal ones, each distance weighted by its
    confidence). The base axes that they replace least complete them, projected on what is left and made orthogonal in the
    same way.

    Refused for a factor, with the reason: an attribute with fewer than FEWEST_LABELS labels or labels all alike; one whose
    labels fit no better than shuffled labels (permutation test at LEVEL) or do not predict items left out; one that points
    where more certain ones do.
    """
    kfac, dims = base.shape[:2]
    names = names or [f"attribute {a}" for a in range(table.shape[1])]
    known = np.isfinite(table)
    yes_no = np.array([bool(known[:, a].any() and np.isin(table[known[:, a], a], (0, 1)).all()) for a in range(len(names))])
    counts = np.stack([known[factor == k].sum(axis=0) for k in range(kfac)])
    problems, refused = _problems(items, factor, base, table, seed)
    ridge = _best_ridge([problem for of_factor in problems for problem in of_factor.values()])
    axes, bears = base.astype(np.float64), np.full((kfac, dims), -1)
    confidence = np.full(counts.shape, np.nan)
    for k in range(kfac):
        learned = []
        for a, problem in problems[k].items():
            try:
                learned.append(_learn(a, problem, ridge, base[k], bool(yes_no[a])))
            except _Refused as reason:
                refused[k, a] = str(reason)
        kept, doubles = _distinct(learned)
        refused |= {(k, a): f"it goes with {names[other]}, whose dial turns it, too" for a, other in doubles.items()}
        if kept:
            axes[k] = _completed(np.stack([each.direction for each in kept], axis=1),
                                 np.array([each.weight for each in kept]), base[k])
            for j, each in enumerate(kept):
                bears[k, j], confidence[k, each.attribute] = each.attribute, each.confidence
    return Labelled(axes.astype(np.float32), bears, confidence, counts, yes_no, dict(sorted(refused.items())))


class _Refused(Exception):
    """Why an attribute cannot be learned in a factor."""


class _Ridge(NamedTuple):
    """How directions are fitted: one of SHARPNESS and the index of one of PENALTIES."""

    sharpness: float
    penalty: int


@dataclass(frozen=True)
class _Learned:
    """What the labels of one attribute say in one factor. direction (D,) has length one. weight, from above 0 to 1, is what
    it counts for beside others: its R2 or 2 AUC - 1."""

    attribute: int
    direction: np.ndarray
    confidence: float
    weight: float


def _problems(items: np.ndarray, factor: np.ndarray, base: np.ndarray, table: np.ndarray,
              seed: int) -> tuple[list[dict[int, Problem]], dict[tuple[int, int], str]]:
    """For each factor, attribute -> the regression of its labels; for the others that have labels, (factor, attribute) ->
    why there is none."""
    problems: list[dict[int, Problem]] = [{} for _ in base]
    refused: dict[tuple[int, int], str] = {}
    for k in range(len(base)):
        mine = np.flatnonzero(factor == k)
        x = items[mine].astype(np.float64) @ base[k]  # (m, D)
        spread = float(x.var(axis=0).mean()) if len(x) else 0.0
        for a in range(table.shape[1]):
            y = table[mine, a].astype(np.float64)
            known = np.isfinite(y)
            if not known.any():
                continue
            try:
                problems[k][a] = _problem(x[known], y[known], spread, np.random.default_rng([seed, k, a]))
            except _Refused as reason:
                refused[k, a] = str(reason)
    return problems, refused


def _problem(x: np.ndarray, y: np.ndarray, spread: float, rng: np.random.Generator) -> Problem:
    """The regression of labels y (n,), standardised, on coordinates x (n, D); _Refused where they are too few or chance."""
    n = len(y)
    if n < FEWEST_LABELS:
        raise _Refused(f"{n} {'label is' if n == 1 else 'labels are'} too few to tell it from chance; "
                       "label some more of these items")
    if np.ptp(y) == 0:
        raise _Refused(f"its {n} labels are all {y[0]:g}; label items that differ")
    problem = Problem(x, (y - y.mean()) / y.std(), spread)
    p = label_regression.chance(*problem, rng)
    if p > LEVEL:
        raise _Refused(f"its {n} labels fit no better than shuffled labels (p {p:.2f}); label some more of these items")
    return problem


def _best_ridge(problems: list[Problem]) -> _Ridge:
    """The sharpness and penalty that predict items left out best: those with the largest sum of R2 over all problems."""
    totals = np.zeros((len(label_regression.SHARPNESS), len(label_regression.PENALTIES)))
    for row, sharpness in zip(totals, label_regression.SHARPNESS, strict=True):
        for problem in problems:
            row += label_regression.r2_unseen(*label_regression.unseen(*problem, sharpness))
    best, penalty = np.unravel_index(totals.argmax(), totals.shape)
    return _Ridge(label_regression.SHARPNESS[int(best)], int(penalty))


def _learn(attribute: int, problem: Problem, ridge: _Ridge, base: np.ndarray, yes_no: bool) -> _Learned:
    """The direction of an attribute, in the coordinates of the items; _Refused where it does not predict items left out."""
    predicted, truth = label_regression.unseen(*problem, ridge.sharpness)
    predicted = predicted[ridge.penalty]
    if yes_no:
        confidence = label_regression.auc(predicted, truth > 0)
        weight = 2 * confidence - 1
    else:
        confidence = weight = float(label_regression.r2_unseen(predicted, truth))
    if weight <= 0:
        measure = "AUC" if yes_no else "R2"
        raise _Refused(f"{len(problem.y)} labels do not predict items left out ({measure} {confidence:.2f})")
    directions, _ = label_regression.fit(problem.x[None], problem.y[None], problem.spread, ridge.sharpness)
    direction = directions[0, ridge.penalty]
    return _Learned(attribute, base @ (direction / np.linalg.norm(direction)), confidence, weight)


def _distinct(learned: list[_Learned]) -> tuple[list[_Learned], dict[int, int]]:
    """Those that point where no more certain ones do, the most certain first; and attribute -> the kept attribute that it
    goes with most, for the others."""
    kept: list[_Learned] = []
    doubles: dict[int, int] = {}
    for each in sorted(learned, key=lambda each: (-each.weight, each.attribute)):
        outside = each.direction - _project(each.direction, [other.direction for other in kept])
        if np.linalg.norm(outside) < DISTINCT:
            likeness = [abs(each.direction @ other.direction) for other in kept]
            doubles[each.attribute] = kept[int(np.argmax(likeness))].attribute
        else:
            kept.append(each)
    return kept, doubles


def _project(vector: np.ndarray, others: list[np.ndarray]) -> np.ndarray:
    """The part of a vector (D,) that some others span."""
    if not others:
        return np.zeros_like(vector)
    matrix = np.stack(others, axis=1)
    return matrix @ np.linalg.lstsq(matrix, vector, rcond=None)[0]


def _nearest(vectors: np.ndarray) -> np.ndarray:
    """The orthonormal columns nearest to the columns (D, m): U V' of the singular value decomposition U S V'."""
    left, _, right = np.linalg.svd(vectors, full_matrices=False)
    return left @ right


def _completed(learned: np.ndarray, weight: np.ndarray, base: np.ndarray) -> np.ndarray:
    """An orthogonal matrix (D, D): first the orthonormal columns nearest to `learned` (D, m), by weight (m,), then those of
    the base axes (D, D) that are furthest from their span, as little changed as can be."""
    first = _nearest(learned * weight)
    outside = base - first @ (first.T @ base)  # (D, D) of rank D - m
    kept = np.sort(qr(outside, mode="r", pivoting=True)[1][: len(base) - first.shape[1]])
    return np.hstack([first, _nearest(outside[:, kept])]) if len(kept) else first


def order(influence: np.ndarray, bears: np.ndarray | None = None) -> np.ndarray:
    """The order (K, D) of the dials: those that bear an attribute first, then the others; both by influence, falling."""
    unnamed = np.zeros(influence.shape, bool) if bears is None else bears < 0
    return np.lexsort((-influence, unnamed), axis=1)
