"""Items near a person, found among clusters of them by faiss: an inverted file of vectors in eight bits.

M items, K factors, D dimensions of a factor, L clusters, Q people (or one person's user vectors, steered and not). What a
factor says of an item is an inner product: t_ik + b_i = [z_k, 1 at k, 1] . [scale h_i, log c_i, b_i], E = D + K + 1 numbers
each. So one index serves all factors, with a query for each. Clusters are of such vectors by Euclid's distance, and those
are searched whose means have the largest inner products. What is found is scored again by whoever asked.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from types import ModuleType

import numpy as np

from macrid.errors import InputError

WORTH = 500_000  # items from which an index is made and asked: a list of all of them takes a twentieth of a second and more
LEAST_SHARE = -12.0  # a smaller log c counts as this: such an item is not listed for the sake of that factor
LEARNED_FROM = 40  # items for each cluster, of which the means are learned
AT_ONCE = 100_000  # items whose vectors are made together
PROBED = 64  # clusters that are searched for each factor: of 16 to 128 the fewest that find 999 of 1,000
MOST_LISTED = 1000  # items of a list; longer ones are made of all items
SPARE = 50  # items of every factor that are looked for beyond half as many again as are listed


def installed() -> bool:
    """Whether there is the library."""
    return find_spec("faiss") is not None


def faiss() -> ModuleType:
    """The library, or InputError that says how to get it."""
    try:
        import faiss as library
    except ImportError as error:
        raise InputError("an index needs faiss, which is not installed: pip install 'macrid[retrieval]'") from error
    return library


@dataclass(frozen=True)
class Scored:
    """What the scores of items are made of: vectors (M, D), log_c (M, K), what the linear path takes off for popularity,
    bias (M,), and what a product of vectors is multiplied by."""

    vectors: np.ndarray
    log_c: np.ndarray
    bias: np.ndarray
    scale: float

    def rows(self, which: slice | np.ndarray) -> np.ndarray:
        """The vectors (m, E) that are searched, of some items."""
        shares = np.maximum(self.log_c[which], LEAST_SHARE)
        return np.concatenate([self.vectors[which] * self.scale, shares, self.bias[which, None]], axis=1, dtype=np.float32)

    @property
    def blocks(self) -> list[slice]:
        return [slice(start, start + AT_ONCE) for start in range(0, len(self.vectors), AT_ONCE)]

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the items, their number or their order: by sums over all and 10,000 of them."""
        some = np.arange(0, len(self.vectors), max(1, len(self.vectors) // 10_000))
        digest = hashlib.sha256(repr((self.vectors.shape, self.log_c.shape, float(self.scale))).encode())
        for array in (self.vectors, self.log_c, self.bias):
            finite = np.where(np.isfinite(array), array, 0) if array is self.log_c else array
            digest.update(finite.sum(axis=0, dtype=np.float64).tobytes())
        digest.update(self.rows(some).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Clusters:
    """Which cluster each item is in: means (L, E), of (M,) from 0 to L - 1; of the items with that fingerprint."""

    means: np.ndarray
    of: np.ndarray
    fingerprint: str


def grow(scored: Scored, seed: int = 0) -> Clusters:
    """Find clusters by k-means: some four times the square root of M, learned from LEARNED_FROM items each."""
    library, n_items = faiss(), len(scored.vectors)
    count = max(1, min(int(4 * n_items**0.5), n_items // LEARNED_FROM))
    some = np.sort(np.random.default_rng(seed).choice(n_items, min(n_items, count * LEARNED_FROM), replace=False))
    learned = library.Kmeans(scored.rows(some[:1]).shape[1], count, niter=10, seed=seed, min_points_per_centroid=1)
    learned.train(scored.rows(some))
    near = library.IndexHNSWFlat(learned.centroids.shape[1], 32)  # to the nearest of thousands of means, nearly always
    near.hnsw.efConstruction, near.hnsw.efSearch = 80, 32
    near.add(learned.centroids)
    of = np.concatenate([near.search(scored.rows(block), 1)[1][:, 0] for block in scored.blocks]).astype(np.int32)
    return Clusters(np.ascontiguousarray(learned.centroids), of, scored.fingerprint)


def fitting(scored: Scored, clusters: Clusters | None) -> Clusters:
    """Those clusters, if they are of these items, or others that are."""
    return clusters if clusters is not None and clusters.fingerprint == scored.fingerprint else grow(scored)


class ItemIndex:
    """Finds items by clusters that are known. Several threads may ask."""

    def __init__(self, scored: Scored, clusters: Clusters) -> None:
        self.kfac, self._faiss = scored.log_c.shape[1], faiss()
        size = clusters.means.shape[1]
        self._means = self._faiss.IndexFlatIP(size)  # kept: the index does not keep it itself
        self._means.add(clusters.means)
        self._index = self._faiss.IndexIVFScalarQuantizer(
            self._means, size, len(clusters.means), self._faiss.ScalarQuantizer.QT_8bit, self._faiss.METRIC_INNER_PRODUCT,
            False)
        self._index.train(scored.rows(np.arange(0, len(clusters.of), max(1, len(clusters.of) // AT_ONCE))))
        for block in scored.blocks:  # `add` would look for the clusters, which are known
            rows, of = scored.rows(block), clusters.of[block].astype(np.int64)
            self._index.add_core(len(rows), self._faiss.swig_ptr(rows), None, self._faiss.swig_ptr(of))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def near(self, parts: np.ndarray, count: int, sure: np.ndarray) -> np.ndarray:
        """Positions, ascending, of items among which are the `count` best for somebody, surely those in `sure`.

        parts (Q, K, D): the user vectors by which items are listed. Of every factor half as many again are found, and SPARE.
        """
        people = len(parts)
        ones = np.broadcast_to(np.eye(self.kfac, dtype=np.float32), (people, self.kfac, self.kfac))
        queries = np.concatenate([parts, ones, np.ones((people, self.kfac, 1))], axis=2, dtype=np.float32)
        self._faiss.omp_set_num_threads(1)  # of this thread: whoever asks for many has threads of their own
        found = self._index.search(queries.reshape(-1, queries.shape[2]), count + count // 2 + SPARE,
                                   params=self._faiss.SearchParametersIVF(nprobe=PROBED))[1]
        every = np.unique(np.append(found, sure))
        return every[np.searchsorted(every, 0):]  # -1: fewer were found
