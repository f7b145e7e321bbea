"""Micro axes: for every factor an orthogonal R_k that turns its D dimensions into dials that each mean one thing.

A score depends on a person's part z_uk and an item's vector h_i only through their dot product, and
(z R) . (h R) = z . h for orthogonal R: axes change no score at all, they only choose what a dial turns. Column j of R_k is
the direction of dial j; an item's coordinate on it is (h_i R_k)_j.
"""

import warnings

import numpy as np
from sklearn.decomposition import FastICA
from sklearn.exceptions import ConvergenceWarning

SHARE_EXPLAINED = 0.98  # of the items' variance goes into the rotation; the rest is noise, left as principal axes


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


def ordered(axes: np.ndarray, strength: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The axes (K, D, D) and their strengths (K, D), the strongest dial of every factor first."""
    order = np.argsort(-strength, axis=1, kind="stable")  # (K, D)
    return np.take_along_axis(axes, order[:, None, :], axis=2), np.take_along_axis(strength, order, axis=1)
