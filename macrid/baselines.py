"""Recommenders to compare with. They share the models' contract: scores(X: binary CSR (B, M)) -> (B, M) array."""

import numpy as np
from scipy.sparse import csr_matrix


class Popularity:
    """Everybody gets the most clicked items."""

    def __init__(self, clicks: csr_matrix):
        self.count = np.asarray(clicks.sum(axis=0), dtype=np.float32).ravel()  # (M,)

    def scores(self, batch: csr_matrix) -> np.ndarray:
        """(B, M): the number of clicks of every item, the same row for everybody."""
        return np.tile(self.count, (batch.shape[0], 1))


class EASE:
    """Linear item-to-item weights in closed form (Steck, WWW 2019): with P = (X'X + regularisation I)^-1,
    B_ij = -P_ij / P_jj off the diagonal and 0 on it. Needs memory for M x M numbers."""

    def __init__(self, clicks: csr_matrix, regularisation: float = 500.0):
        gram = (clicks.T @ clicks).toarray().astype(np.float64)  # (M, M)
        gram[np.diag_indices_from(gram)] += regularisation
        inverse = np.linalg.inv(gram)
        weights = inverse / -np.diag(inverse)
        weights[np.diag_indices_from(weights)] = 0.0
        self.weights = weights.astype(np.float32)

    def scores(self, batch: csr_matrix) -> np.ndarray:
        """(B, M): X B."""
        return np.asarray(batch @ self.weights, dtype=np.float32)
