"""The linear path beside the mixture: what clicked items say of another one, without a detour by user vectors."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class LinearPath:
    """p(i | u) is multiplied by exp(w (x_u B)_i + b_i): a score of the mixture, w (x_u B)_i and b_i add up.

    The idea of a shallow linear model beside a variational autoencoder is that of VASP (Vancura & Kordik, ICANN 2021).
    """

    weights: csr_matrix  # B (M, M) float32: what a click of the row's item adds to the column's; nothing on the diagonal
    weight: float  # w
    bias: np.ndarray  # b (M,) float32: what every person's score of an item is changed by

    def row(self, clicks: csr_matrix) -> "LinearRow":
        """What it adds for one person, who has a binary row (1, M)."""
        told = clicks @ self.weights
        told.sort_indices()
        return LinearRow(told.indices, np.float32(self.weight) * told.data.astype(np.float32, copy=False), self.bias)

    def scores(self, batch: csr_matrix) -> np.ndarray:
        """w x_u B + b, float32 (B, M), for binary rows (B, M)."""
        return np.float32(self.weight) * (batch @ self.weights).toarray().astype(np.float32, copy=False) + self.bias


@dataclass(frozen=True)
class LinearRow:
    """What the linear path adds to the scores of M items for one person: b (M,) float32, and at the positions (n,),
    ascending, a value more."""

    positions: np.ndarray
    values: np.ndarray
    bias: np.ndarray

    @classmethod
    def nothing(cls, n_items: int) -> "LinearRow":
        """Of no linear path."""
        return cls(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(n_items, np.float32))

    @cached_property
    def all(self) -> np.ndarray:
        """What is added to each item (M,)."""
        found = self.bias.copy()
        found[self.positions] += self.values
        return found

    def at(self, items: np.ndarray) -> np.ndarray:
        """The same of some items (m,), without the others."""
        found = self.bias[items]
        if len(self.positions):
            place = np.searchsorted(self.positions, items).clip(max=len(self.positions) - 1)
            hit = self.positions[place] == items
            found[hit] += self.values[place[hit]]
        return found

    @property
    def lifted(self) -> np.ndarray:
        """Positions of the items that it adds something to besides b."""
        return self.positions[self.values > 0]


def strongest(weights: np.ndarray, most: int) -> csr_matrix:
    """Of each column of weights (M, M) the `most` entries of the largest absolute value, ties included: what predicts an
    item best. Zeros are left out."""
    size = np.abs(weights)
    if most < len(weights):
        size[size < np.partition(size, -most, axis=0)[-most]] = 0
    return csr_matrix(np.where(size > 0, weights, 0), dtype=np.float32)
