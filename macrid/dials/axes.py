"""Micro axes: for every factor an orthogonal R_k that turns its D dimensions into dials that each mean one thing.

A score depends on a person's part z_uk and an item's vector h_i only through their dot product, and
(z R) . (h R) = z . h for orthogonal R: axes change no score at all, they only choose what a dial turns. Column j of R_k is
the direction of dial j; an item's coordinate on it is (h_i R_k)_j. Three ways to choose them: `none`, `ica`, `labels`.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr
from sklearn.decomposition import FastICA
from sklearn.exceptions import ConvergenceWarning

from . import label_regression

SHARE_EXPLAINED = 0.98  # of the items' variance goes into the rotation; the rest is noise, left as principal axes
LEVEL = 0.05  # labels that fit by chance more often than this are refused
FEWEST_LABELS = 4  # the six orders of three labels cannot tell anything from chance at that level
DISTINCT = 0.5  # a direction with less than this share of its length outside those before it has no dial of its own


def none(kfac: int, embedding_size: int) -> np.ndarray:
    """The model's own dimensions: identities (K, D, D)."""
    return np.tile(np.eye(embedding_size, dtype=np.float32), (kfac, 1, 1))


def ica(items: np.ndarray, factor: np.ndarray, kfac: int, seed: int) -> np.ndarray:
    """Axes (K, D, D) along the independent components of each factor's items.

    items: unit vectors (M, D). factor: the factor of each item (M,). The principal axes that carry SHARE_EXPLAINED of the
    variance are rotated to independence by FastICA (Hyvarinen & Oja, 2000); since whitening only scales the principal
    axes, the orthogonal matrix nearest to the unmixing one is just that rotation. A factor with too few items keeps its
    principal axes. Signs are fixed so that each coordinate is skewed to the positive side.
    """
    return np.stack([_ica_one(items[factor == k].astype(np.float64), items.shape[1], seed) for k in range(kfac)]).astype(
        np.float32)


def _ica_one(rows: np.ndarray, dims: int, seed: int) -> np.ndarray:
    if len(rows) < 3:
        return np.eye(dims)
    centred = rows - rows.mean(axis=0)  # (n, D)
    _, values, principal = np.linalg.svd(centred, full_matrices=True)  # principal (D, D), rows are axes
    variance = np.zeros(dims)
    variance[: len(values)] = values**2
    keep = int(np.searchsorted(np.cumsum(variance) / max(variance.sum(), 1e-30), SHARE_EXPLAINED)) + 1
    basis = principal.T  # (D, D), columns are axes
    if keep >= 2 and len(rows) > 4 * keep:
        white = centred @ basis[:, :keep] / np.maximum(values[:keep], 1e-12) * np.sqrt(len(rows))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a rotation short of convergence is still a rotation
            rotation = FastICA(whiten=False, random_state=seed, max_iter=500, tol=1e-4).fit(white).components_
        left, _, right = np.linalg.svd(rotation)
        basis = np.hstack([basis[:, :keep] @ (left @ right).T, basis[:, keep:]])
    coordinate = centred @ basis
    skew = (coordinate**3).sum(axis=0)
    return basis * np.where(skew < 0, -1.0, 1.0)


@dataclass(frozen=True)
class Labelled:
    """Axes learned from labels, A attributes. `confidence` is what cross-validation says of items it has not seen: R2 of a
    numeric attribute, AUC of a yes/no one; NaN where refused or not tried."""

    axes: np.ndarray  # (K, D, D); the dials that bear an attribute first, more of it in their direction
    bears: np.ndarray  # (K, D): the attribute of each dial, -1 for none
    confidence: np.ndarray  # (K, A)
    counts: np.ndarray  # (K, A): the number of labels
    yes_no: np.ndarray  # (A,)
    refused: dict[tuple[int, int], str]  # (factor, attribute) -> the reason


def labels(items: np.ndarray, factor: np.ndarray, base: np.ndarray, table: np.ndarray, seed: int,
           names: list[str] | None = None) -> Labelled:
    """Axes that bear attributes, from a few labelled items, completed by the axes `base`.

    items: unit vectors (M, D). factor (M,). base: orthogonal (K, D, D), of independent components for choice. table (M, A):
    the labels, NaN where there is none; a column of nothing but 0 and 1 is a yes/no attribute. names: of the attributes.

    In each factor, each attribute's direction is learned by `directions.fit` on the items' coordinates in the base. How
    far attributes keep to single base axes (the sharpness of the fit) and the penalty of its ridge are traits of the data
    and chosen once for all factors and attributes, by cross-validation: few labels could not choose them each time. The
    directions are made orthogonal together (Loewdin's symmetric orthogonalisation: the nearest orthogonal ones, each
    distance weighted by its confidence), and the base axes that they replace least, projected on what is left and made
    orthogonal in the same way, complete them.

    Refused for a factor, with the reason: an attribute with fewer than FEWEST_LABELS labels or labels all alike; one whose
    labels fit no better than the same labels dealt out at random (permutation test at LEVEL), or that is not foretold
    for items left out; one that points where more certain ones do.
    """
    kfac, dims = base.shape[:2]
    names = names or [f"attribute {a}" for a in range(table.shape[1])]
    known = np.isfinite(table)
    yes_no = np.array([bool(known[:, a].any() and np.isin(table[known[:, a], a], (0, 1)).all()) for a in range(len(names))])
    counts = np.stack([known[factor == k].sum(axis=0) for k in range(kfac)])
    problems, refused = {}, {}
    for k in range(kfac):
        mine = np.flatnonzero(factor == k)
        x = items[mine].astype(np.float64) @ base[k]  # (m, D)
        spread = x.var(axis=0).mean() if len(x) else 0.0
        for a in np.flatnonzero(counts[k]):
            at = known[mine, a]
            found = _problem(x[at], table[mine[at], a].astype(np.float64), spread, np.random.default_rng([seed, k, a]))
            if isinstance(found, str):
                refused[k, int(a)] = found
            else:
                problems[k, int(a)] = found
    totals = np.array([sum((label_regression.r2_unseen(*label_regression.unseen(*p, s)) for p in problems.values()),
                           np.zeros(len(label_regression.PENALTIES))) for s in label_regression.SHARPNESS])
    best, penalty = np.unravel_index(totals.argmax(), totals.shape)
    sharpness = label_regression.SHARPNESS[best]
    axes, bears = base.astype(np.float64), np.full((kfac, dims), -1)
    confidence = np.full(counts.shape, np.nan)
    for k in range(kfac):
        found = {}  # attribute -> (confidence, its weight, direction)
        for a in (a for j, a in problems if j == k):
            x, y, spread = problems[k, a]
            predicted, truth = label_regression.unseen(x, y, spread, sharpness)
            predicted = predicted[penalty]
            if yes_no[a]:
                value = label_regression.auc(predicted, truth > 0)
                weight = 2 * value - 1
            else:
                value = weight = float(label_regression.r2_unseen(predicted, truth))
            if weight <= 0:
                refused[k, a] = f"{counts[k, a]} labels do not foretell items left out ({_measured(value, yes_no[a])})"
                continue
            direction = label_regression.fit(x[None], y[None], spread, sharpness)[0][0, penalty]
            found[a] = value, weight, base[k] @ (direction / np.linalg.norm(direction))
        kept: list[int] = []
        for a in sorted(found, key=lambda a: (-found[a][1], a)):
            outside = found[a][2] - _project(found[a][2], [found[b][2] for b in kept])
            if np.linalg.norm(outside) < DISTINCT:
                same = max(kept, key=lambda b: abs(found[a][2] @ found[b][2]))
                refused[k, a] = f"it goes with {names[same]}, whose dial turns it, too"
            else:
                kept.append(a)
        if kept:
            axes[k] = _completed(np.stack([found[a][2] for a in kept], 1), np.array([found[a][1] for a in kept]), base[k])
            bears[k, : len(kept)] = kept
            confidence[k, kept] = [found[a][0] for a in kept]
    return Labelled(axes.astype(np.float32), bears, confidence, counts, yes_no, dict(sorted(refused.items())))


def _problem(x: np.ndarray, y: np.ndarray, spread: float, rng: np.random.Generator):
    """The regression of labels y (n,), standardised, on coordinates x (n, D), as `directions` takes it; or, as a string,
    why there is none."""
    n = len(y)
    if n < FEWEST_LABELS:
        return f"{n} {'label is' if n == 1 else 'labels are'} too few to tell it from chance; label some more of these items"
    if np.ptp(y) == 0:
        return f"its {n} labels are all {y[0]:g}; label items that differ"
    y = (y - y.mean()) / y.std()
    p = label_regression.chance(x, y, spread, rng)
    if p > LEVEL:
        return f"its {n} labels fit no better than if dealt out at random (p {p:.2f}); label some more of these items"
    return x, y, spread


def _measured(value: float, yes_no: bool) -> str:
    return f"{'AUC' if yes_no else 'R2'} {value:.2f}"


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
