"""The spectral start: item vectors and prototypes from the click matrix, before any training.

Random prototypes rarely find the categories. The singular vectors of the degree-normalised click matrix nearly do: items
that the same people click point the same way, whatever their popularity (co-clustering by Dhillon, KDD 2001).
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, diags
from scipy.sparse.linalg import svds
from sklearn.cluster import KMeans

from macrid.measures.vectors import unit

TOLERANCE = 1e-3  # of singular values, relative: the small ones lie so close that more takes many times as long, for a start


class Start(NamedTuple):
    """Item vectors (M, D) and prototypes (K, D), all of length one."""

    items: np.ndarray
    prototypes: np.ndarray


def spectral_start(clicks: csr_matrix, kfac: int, embedding_size: int, seed: int) -> Start:
    """Item vectors and prototypes for K = kfac factors of D = embedding_size dimensions, from binary clicks (U, M).

    Items: the right singular vectors of D_u^-1/2 X D_i^-1/2 (D_u, D_i: clicks of each person, of each item), scaled by
    their singular values; the first one, which only says how popular an item is, is left out. Prototypes: the centres of a
    spherical k-means in the K - 1 leading directions, which separate K clusters. Directions that the data cannot give
    (more dimensions than people or items) are filled with small noise.
    """
    rng = np.random.default_rng(seed)
    vectors = spectral_vectors(clicks, embedding_size, rng)
    prototypes = spectral_prototypes(vectors, kfac, seed, rng)
    return Start(vectors.astype(np.float32), prototypes.astype(np.float32))


def spectral_vectors(clicks: csr_matrix, embedding_size: int, rng: np.random.Generator) -> np.ndarray:
    """The item vectors (M, D) of `spectral_start`, float64."""
    n_users, n_items = clicks.shape
    user_degree = np.maximum(np.asarray(clicks.sum(axis=1)).ravel(), 1)
    item_degree = np.maximum(np.asarray(clicks.sum(axis=0)).ravel(), 1)
    normalised = diags(user_degree**-0.5) @ clicks.astype(np.float64) @ diags(item_degree**-0.5)
    rank = min(embedding_size + 1, min(n_users, n_items) - 1)
    start = rng.standard_normal(min(n_users, n_items))
    vectors = rng.normal(0, 1e-3, (n_items, embedding_size))
    if rank >= 2:
        _, values, right = svds(normalised, k=rank, v0=start, tol=TOLERANCE)
        order = np.argsort(-values)[1:]
        vectors[:, : len(order)] += (right[order] * values[order, None]).T * np.sqrt(n_items)
    return unit(vectors)


def spectral_prototypes(vectors: np.ndarray, kfac: int, seed: int, rng: np.random.Generator) -> np.ndarray:
    """The prototypes (K, D) of `spectral_start` for K = kfac factors of its item vectors (M, D), float64."""
    leading = unit(vectors[:, : max(1, kfac - 1)])
    cluster = KMeans(min(kfac, len(vectors)), n_init=10, random_state=seed).fit_predict(leading)
    # A cluster that no item is in (more factors than different items) gets a random direction.
    prototypes = np.stack([vectors[cluster == k].sum(axis=0) if (cluster == k).any() else rng.normal(size=vectors.shape[1])
                           for k in range(kfac)])
    return unit(prototypes)
