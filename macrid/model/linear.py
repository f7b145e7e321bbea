"""Recommenders to compare with that are solved, not trained; each is a `macrid.measures.contract.Scorer`, as models are."""

import numpy as np
from scipy import linalg
from scipy.sparse import csr_matrix


class Popularity:
    """Everybody gets the most clicked items."""

    def __init__(self, clicks: csr_matrix) -> None:
        self.count = np.asarray(clicks.sum(axis=0), dtype=np.float32).ravel()  # (M,)

    def scores(self, batch: csr_matrix) -> np.ndarray:
        """(B, M): the number of clicks of every item, the same row for everybody."""
        return np.tile(self.count, (batch.shape[0], 1))


class Linear:
    """Item-to-item weights B (M, M) with nothing on the diagonal, in closed form.

    The least squares |X - X B|^2 + |penalty^1/2 B|^2 under diag(B) = 0 have, with P = (X'X + diag(penalty))^-1, the answer
    B_ij = -P_ij / P_jj off the diagonal. gram: X'X (M, M), which is overwritten; penalty (M,) or a number. Needs memory for
    a few M x M numbers.
    """

    def __init__(self, gram: np.ndarray, penalty: float | np.ndarray) -> None:
        gram[np.diag_indices_from(gram)] += penalty
        inverse = linalg.inv(gram, overwrite_a=True)  # which sees that it is symmetric and positive
        weights = inverse / -np.diag(inverse)
        weights[np.diag_indices_from(weights)] = 0.0
        self.weights = weights.astype(np.float32)  # (M, M)

    def scores(self, batch: csr_matrix) -> np.ndarray:
        """(B, M): X B."""
        return np.asarray(batch @ self.weights, dtype=np.float32)


class EASE(Linear):
    """The same penalty for all items (Steck, WWW 2019)."""

    def __init__(self, clicks: csr_matrix, regularisation: float = 500.0) -> None:
        super().__init__(gram_of(clicks), regularisation)


class EDLAE(Linear):
    """A linear autoencoder trained on clicks of which each is dropped with probability `dropout` = p, so that it learns to
    bring back what was dropped, in the limit of infinitely many passes (Steck, NeurIPS 2020, "Autoencoders that don't
    overfit towards the Identity"): the penalty of item i is regularisation + p / (1 - p) (X'X)_ii. Often clicked items are
    held back more than in EASE."""

    def __init__(self, clicks: csr_matrix, regularisation: float = 300.0, dropout: float = 0.5) -> None:
        gram = gram_of(clicks)
        super().__init__(gram, edlae_penalty(np.diag(gram), regularisation, dropout))


def edlae_penalty(count: np.ndarray, regularisation: float = 300.0, dropout: float = 0.5) -> np.ndarray:
    """EDLAE's penalties (M,) of items with so many clicks (M,)."""
    return regularisation + dropout / (1 - dropout) * count


def gram_of(clicks: csr_matrix) -> np.ndarray:
    """X'X (M, M)."""
    return (clicks.T @ clicks).toarray().astype(np.float64)
