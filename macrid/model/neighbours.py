"""EDLAE for a catalogue of any size: of each column of B only the weights of the item's neighbours, exactly solved. Takes
memory for some columns at a time, never for M x M numbers.

EDLAE's least squares fall apart into columns: with G = X'X, g the penalties and S the neighbours of item j, the weights of
column j that may differ from zero are b = (G_SS + diag(g_S))^-1 G_Sj. With all other items as neighbours it is
`linear.EDLAE` itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csc_matrix, csr_matrix

from .linear import edlae_penalty

AT_ONCE = 256  # columns whose neighbours are found together
SOLVED_AT_ONCE = 2  # columns whose neighbours' part of G is dense: more share little, and need pairs that no column has
POPULAR = 8192  # items whose part of G is kept


def neighbour_edlae(clicks: csr_matrix, neighbours: int, kept: int,
                    report: Callable[[float], None] = lambda done: None) -> csr_matrix:
    """B (M, M) float32 from binary clicks (U, M): of each column the weights of so many neighbours, and of these the `kept`
    of the largest absolute value; none on the diagonal.

    The neighbours of item j are those that would explain its clicks best each by itself, by G_ij^2 / (G_ii + g_i).
    report: called again and again with the share of columns that are done.
    """
    problem, n_items = _Problem.of(clicks, neighbours), clicks.shape[1]
    size = n_items, min(kept, problem.most)
    rows, values = np.empty(size, np.int32), np.empty(size, np.float32)  # of each column of B; row -1 where there is no more
    for start in range(0, n_items, AT_ONCE):
        near, together = problem.neighbours(np.arange(start, min(start + AT_ONCE, n_items)))
        for first in range(0, len(near), SOLVED_AT_ONCE):
            some = slice(first, first + SOLVED_AT_ONCE)
            weights = problem.weights(near[some], together[some])  # (b, n)
            strong = np.sort(np.argpartition(-np.abs(weights), size[1] - 1, axis=1)[:, : size[1]], axis=1)
            columns = slice(start + first, start + first + len(weights))
            rows[columns] = np.take_along_axis(near[some], strong, axis=1)
            values[columns] = np.take_along_axis(weights, strong, axis=1)
        report((start + len(near)) / n_items)
    there = rows >= 0
    begin = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    return csc_matrix((values[there], rows[there], begin), (n_items, n_items)).tocsr()


@dataclass(frozen=True)
class _Problem:
    """Whose columns are solved: clicks by person and by item, the clicks of each item G_ii (M,), penalties g (M,); and G of
    the most clicked items, which are neighbours of many: `place` (M,) says where each stands in it, -1 if nowhere."""

    by_person: csr_matrix
    by_item: csc_matrix
    count: np.ndarray
    penalty: np.ndarray
    most: int  # neighbours of an item
    place: np.ndarray
    popular: np.ndarray  # (POPULAR, POPULAR)

    @classmethod
    def of(cls, clicks: csr_matrix, neighbours: int) -> "_Problem":
        by_item = clicks.tocsc().astype(np.float32, copy=False)
        count = np.diff(by_item.indptr)
        best = np.sort(np.argsort(-count, kind="stable")[:POPULAR])
        place = np.full(len(count), -1)
        place[best] = np.arange(len(best))
        some = by_item[:, best]
        popular = np.empty((len(best), len(best)), np.float32)  # counts, exact to 2^24
        for start in range(0, len(best), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            popular[rows] = (some[:, rows].T @ some).toarray()
        most = min(neighbours, len(count) - 1)
        return cls(clicks.astype(np.float32, copy=False), by_item, count, edlae_penalty(count), most, place, popular)

    def neighbours(self, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The neighbours (b, n) of items (b,), in rising order with -1 where there are no more, and their G_ij (b, n)."""
        together = (self.by_item[:, items].T.tocsr() @ self.by_person).tocsr()  # (b, M)
        n = self.most
        near, value = np.full((len(items), n), -1, np.int64), np.zeros((len(items), n))
        for row, item in enumerate(items):
            if n == len(self.count) - 1:
                others, g = np.arange(len(self.count)), together[[row]].toarray()[0]
            else:
                which = slice(together.indptr[row], together.indptr[row + 1])
                others, g = together.indices[which], together.data[which]
            gain = np.where(others == item, -1.0, g.astype(np.float64) ** 2 / (self.count + self.penalty)[others])
            taken = np.argpartition(-gain, n)[:n] if len(gain) > n else np.flatnonzero(gain >= 0)
            taken = taken[np.argsort(others[taken])]
            near[row, : len(taken)], value[row, : len(taken)] = others[taken], g[taken]
        return near, value

    def weights(self, near: np.ndarray, together: np.ndarray) -> np.ndarray:
        """b (b, n) of the columns with these neighbours (b, n), -1 where there is none, and their G_ij (b, n)."""
        union = np.unique(near[near >= 0])
        union = union[np.argsort(self.place[union] < 0, kind="stable")]  # the popular ones first
        order = np.argsort(union)
        at = np.where(near >= 0, np.append(order, 0)[np.searchsorted(union, near, sorter=order)], len(union))  # (b, n)
        system = self._gram(union)[at[:, :, None], at[:, None, :]].astype(np.float64)  # (b, n, n)
        diagonal = np.arange(near.shape[1])
        system[:, diagonal, diagonal] += np.append(self.penalty[union], 1.0)[at]
        factor = torch.linalg.cholesky(torch.as_tensor(system))
        return torch.cholesky_solve(torch.as_tensor(together)[..., None], factor)[..., 0].numpy()

    def _gram(self, union: np.ndarray) -> np.ndarray:
        """G (u + 1, u + 1) of some items, the popular ones first, and a row and a column of zeros for nobody."""
        gram = np.zeros((len(union) + 1, len(union) + 1), np.float32)
        place = self.place[union]
        popular, rest = place[place >= 0], union[place < 0]
        k = len(popular)
        gram[:k, :k] = self.popular[np.ix_(popular, popular)]
        gram[k:-1, :-1] = (self.by_item[:, rest].T @ self.by_item[:, union]).toarray()
        gram[:k, k:-1] = gram[k:-1, :k].T
        return gram
