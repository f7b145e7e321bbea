"""The linear path beside the mixture: what clicked items say of another one, without a detour by user vectors."""

from dataclasses import dataclass

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

    def scores(self, batch: csr_matrix) -> np.ndarray:
        """w x_u B + b, float32 (B, M), for binary rows (B, M)."""
        return np.float32(self.weight) * (batch @ self.weights).toarray().astype(np.float32, copy=False) + self.bias


def strongest(weights: np.ndarray, most: int) -> csr_matrix:
    """Of each column of weights (M, M) the `most` entries of the largest absolute value, ties included: what predicts an
    item best. Zeros are left out."""
    size = np.abs(weights)
    if most < len(weights):
        size[size < np.partition(size, -most, axis=0)[-most]] = 0
    return csr_matrix(np.where(size > 0, weights, 0), dtype=np.float32)
