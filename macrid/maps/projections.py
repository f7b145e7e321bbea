"""Projections of vectors (n, D) onto a plane: (n, 2) float32, centred, largest spread 1.

`start` (n, 2) is where the points begin, the principal components if it is None: layouts that begin alike end alike, as far
as their vectors allow, and `turned` removes what turning and mirroring can of the rest of the difference.
"""

import warnings
from importlib.util import find_spec

import numpy as np

from macrid.errors import InputError

EXACT = 20_000  # vectors: up to so many, all pairs are compared to find the nearest


def check_installed() -> None:
    """Raise an InputError that says what to install if a library that no map can do without is missing; imports nothing."""
    if find_spec("umap") is None:
        raise InputError("laying out maps needs umap-learn, which is not installed: pip install 'macrid[maps]'")


def pca(vectors: np.ndarray) -> np.ndarray:
    """The two principal components, signs fixed."""
    centred = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2] * np.sign(axes[:2, np.abs(axes[:2]).argmax(axis=1)].diagonal())[:, None]
    points = np.zeros((len(vectors), 2), np.float32)
    points[:, : len(axes)] = centred @ axes.T
    return _framed(points)


def tsne(vectors: np.ndarray, metric: str = "cosine", seed: int = 0, start: np.ndarray | None = None) -> np.ndarray:
    """t-SNE (van der Maaten & Hinton, 2008), by openTSNE, or scikit-learn where that is not installed. `metric`: cosine or
    euclidean."""
    if len(vectors) < 8:
        return pca(vectors)
    perplexity = min(30.0, (len(vectors) - 1) / 4)
    start = (pca(vectors) if start is None else start) * np.float32(1e-4)
    jobs = 1 if len(vectors) < 10_000 else 2  # threads wait by spinning: on a busy machine two are slower than one
    try:
        from openTSNE import TSNE
    except ImportError:
        from sklearn.manifold import TSNE as ScikitTSNE

        model = ScikitTSNE(perplexity=perplexity, metric=metric, init=start, random_state=seed)
        return _framed(model.fit_transform(vectors))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        points = TSNE(perplexity=perplexity, metric=metric, initialization=start.astype(np.float64), random_state=seed,
                      n_jobs=jobs).fit(np.ascontiguousarray(vectors, np.float64))
    return _framed(np.asarray(points))


def umap(vectors: np.ndarray, metric: str = "cosine", seed: int = 0, start: np.ndarray | None = None) -> np.ndarray:
    """UMAP (McInnes et al., 2018). `metric`: cosine or euclidean. InputError where umap-learn is not installed."""
    if len(vectors) < 8:
        return pca(vectors)
    check_installed()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numba's and "n_jobs overridden by random_state"
        from umap import UMAP

        # UMAP divides by the spread of both axes, which vectors on one line do not have.
        start = pca(vectors) if start is None else start
        start = start * 10 + np.random.default_rng(seed).normal(0, 1e-3, (len(vectors), 2))
        count = min(15, len(vectors) - 1)
        nearest = _nearest(vectors, count, metric) if len(vectors) <= EXACT else (None, None, None)
        points = UMAP(n_neighbors=count, min_dist=0.1, metric=metric, random_state=seed, n_jobs=1, precomputed_knn=nearest,
                      init=start.astype(np.float32)).fit_transform(vectors)
    return _framed(points)


def _nearest(vectors: np.ndarray, count: int, metric: str) -> tuple[np.ndarray, np.ndarray, None]:
    """The nearest vectors of each and their distances, (n, count) each, itself the first. UMAP's own search is slow: a
    Python call for each pair of less than 4,096 vectors, a compilation for more."""
    from sklearn.neighbors import NearestNeighbors

    distance, index = NearestNeighbors(n_neighbors=count, metric=metric, algorithm="brute").fit(vectors).kneighbors()
    itself = np.arange(len(vectors))[:, None]
    return (np.concatenate([itself, index[:, : count - 1]], axis=1),
            np.concatenate([np.zeros((len(vectors), 1)), distance[:, : count - 1]], axis=1).astype(np.float32), None)


def turned(points: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """The layout `points` (n, 2), turned and mirrored so that its first rows lie as near as possible to those of `onto`
    (m, 2), m <= n: the orthogonal Procrustes problem, R = U V' of the singular vectors of centred points' onto."""
    first = points[: len(onto)].astype(np.float64)
    centre = first.mean(axis=0)
    u, _, v = np.linalg.svd((first - centre).T @ (onto - onto.mean(axis=0)))
    return _framed((points - centre) @ (u @ v))


def _framed(points: np.ndarray) -> np.ndarray:
    """Points (n, 2) moved and scaled to the frame from -1 to 1, float32."""
    points = np.asarray(points, np.float64)
    points = points - (points.max(axis=0) + points.min(axis=0)) / 2
    return (points / max(np.abs(points).max(), 1e-12)).astype(np.float32)
