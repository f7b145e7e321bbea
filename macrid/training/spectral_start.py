"""The spectral start: item vectors, prototypes and what belongs together, from the click matrix, before any training.

Random prototypes rarely find the categories. The singular vectors of the degree-normalised click matrix nearly do: items
that the same people click point the same way, whatever their popularity (co-clustering by Dhillon, KDD 2001). Their clusters
are where the grouping by people begins (see `grouping`), which does the rest.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import LinearOperator, eigsh
from sklearn.cluster import KMeans
from sklearn.utils.extmath import randomized_svd

from macrid.data.prepared.matrices import blocks
from macrid.measures.vectors import unit

from . import seeded
from .grouping import Grouping, affinity, regrouped, some_people

TOLERANCE = 1e-3  # of singular values, relative: the small ones lie so close that more takes many times as long, for a start
EXACT_UP_TO = 50_000  # items; of more, the singular vectors are those of random projections
SPARE, ROUNDS = 16, 4  # directions more than are asked for, and how often they are sharpened
CLUSTERINGS = 4  # of each number of directions
FIRST_STEPS = 6  # of the grouping, before the best of all clusterings is known


class Start(NamedTuple):
    """Item vectors (M, D) and prototypes (K, D), all of length one, and how near each item is to each factor (M, K): where
    factors are held, the place of the cosine of the two."""

    items: np.ndarray
    prototypes: np.ndarray
    affinity: np.ndarray


def spectral_start(clicks: csr_matrix, kfac: int, embedding_size: int, seed: int, known: np.ndarray | None = None) -> Start:
    """Where K = kfac factors of D = embedding_size dimensions start from, with binary clicks (U, M).

    Items: the right singular vectors of D_u^-1/2 X D_i^-1/2 (D_u, D_i: clicks of each person, of each item), scaled by
    their singular values; the first one, which only says how popular an item is, is left out. Directions that the data
    cannot give (more dimensions than people or items) are filled with small noise. Factors: see `factors`; prototypes: the
    mean directions of their items.
    known: the factors of items (M,) that somebody has told, -1 for all others (see `seeded`).
    """
    rng = np.random.default_rng(seed)
    vectors = spectral_vectors(clicks, embedding_size, rng)
    if known is not None and not (known >= 0).any():
        known = None
    found = factors(clicks, vectors, kfac, seed, known)
    near = affinity(found, known)
    return Start(vectors.astype(np.float32), mean_directions(vectors, near.argmax(axis=1), kfac, rng).astype(np.float32),
                 near.astype(np.float32))


def spectral_vectors(clicks: csr_matrix, embedding_size: int, rng: np.random.Generator) -> np.ndarray:
    """The item vectors (M, D) of `spectral_start`, float64."""
    n_users, n_items = clicks.shape
    normalised = _normalised(clicks, np.float64 if n_items <= EXACT_UP_TO else np.float32)
    rank = min(embedding_size + 1, min(n_users, n_items) - 1)
    start = rng.standard_normal(min(n_users, n_items))
    vectors = rng.normal(0, 1e-3, (n_items, embedding_size))
    if rank >= 2:
        if n_items <= EXACT_UP_TO:
            found = _leading(normalised, rank, start)
        else:  # Halko, Martinsson and Tropp, 2011: as many products as there are dimensions, at once
            _, values, right = randomized_svd(normalised, rank, n_oversamples=SPARE,
                                              n_iter=ROUNDS, power_iteration_normalizer="QR",
                                              random_state=int(rng.integers(2**31)))
            found = (right * values[:, None]).T
        largest = np.abs(found).argmax(axis=0)
        found *= np.sign(found[largest, np.arange(rank)])  # neither sign means anything: always the same one
        vectors[:, : rank - 1] += found[:, 1:] * np.sqrt(n_items)
    return unit(vectors)


def _leading(matrix: csr_matrix, rank: int, start: np.ndarray) -> np.ndarray:
    """The right singular vectors (M, rank) of a matrix (U, M) times their singular values, the largest first.

    They are eigenvectors of X'X, or, where there are fewer people than items, X' times those of XX'; `svds` would work out
    the left ones too, of all people at once.
    """
    other = matrix.T
    rows, columns = (matrix, other) if matrix.shape[0] >= matrix.shape[1] else (other, matrix)
    gram = LinearOperator((len(start), len(start)), lambda x: columns @ (rows @ x), dtype=matrix.dtype)
    squares, vectors = eigsh(gram, rank, v0=start, tol=TOLERANCE**2)
    order = np.argsort(-squares)
    vectors = vectors[:, order]
    return vectors * np.sqrt(np.maximum(squares[order], 0)) if rows is matrix else other @ vectors


def _normalised(clicks: csr_matrix, kind: type) -> csr_matrix:
    """D_u^-1/2 X D_i^-1/2 of clicks X (U, M), worked out some rows at a time; it shares all but the values with X."""
    by_user = np.maximum(np.asarray(clicks.sum(axis=1)).ravel(), 1) ** -0.5
    by_item = np.maximum(np.asarray(clicks.sum(axis=0)).ravel(), 1) ** -0.5
    values = np.empty(clicks.nnz, kind)
    for which, rows in blocks(clicks):
        some = slice(clicks.indptr[which.start], clicks.indptr[which.stop])
        of_user = np.repeat(by_user[which], np.diff(rows.indptr))
        values[some] = of_user * rows.data.astype(np.float64) * by_item[rows.indices]
    return csr_matrix((values, clicks.indices, clicks.indptr), clicks.shape)


def factors(clicks: csr_matrix, vectors: np.ndarray, kfac: int, seed: int, known: np.ndarray | None = None) -> Grouping:
    """The K = kfac groups of the items with the spectral vectors (M, D) and clicks (U, M).

    Without labels: k-means in the leading directions, K - 1 of them, which separate K clusters, and twice and four times K,
    each CLUSTERINGS times; from each the grouping by people takes a few steps, and the one with the highest lift goes on.
    """
    rng = np.random.default_rng(seed)
    clicks = some_people(clicks, rng)
    if known is not None and set(known[known >= 0]) == set(range(kfac)):
        return seeded.grouped(clicks, vectors, kfac, known)
    begun = Grouping(np.zeros((len(vectors), kfac)), -np.inf)
    for dims in (kfac - 1, 2 * kfac, 4 * kfac):
        leading = unit(vectors[:, : max(1, dims)])
        for draw in rng.integers(2**31, size=CLUSTERINGS):
            cluster = KMeans(min(kfac, len(vectors)), n_init=1, random_state=int(draw)).fit_predict(leading)
            begun = max(begun, regrouped(clicks, cluster, kfac, steps=FIRST_STEPS), key=lambda one: one.lift)
    found = regrouped(clicks, begun.group, kfac)
    return found if known is None else seeded.grouped(clicks, vectors, kfac, known, found.group)


def mean_directions(vectors: np.ndarray, group: np.ndarray, kfac: int, rng: np.random.Generator) -> np.ndarray:
    """The mean directions (K, D) of the vectors (M, D) of each group (M,). A group that no item is in (more factors than
    different items) gets a random direction."""
    return unit(np.stack([vectors[group == k].sum(axis=0) if (group == k).any() else rng.normal(size=vectors.shape[1])
                          for k in range(kfac)]))
