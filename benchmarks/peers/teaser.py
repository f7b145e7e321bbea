"""A linear autoencoder whose code is a person's tags, in the manner of TEASER: people are described by how much they are for
each tag, and edit that.

X is approximated by X E D: E (M, A), near the tags that items are known to have, makes a profile s = x E of a person's
clicks x, and D (A, M) scores items by profiles. The least squares |X - X E D|^2 + near |E - T|^2 + ridge |D|^2 are solved in
turns, D by ridge regression and E as a Sylvester equation, from E = T. (Written from what is known of the idea; the paper
itself was not at hand.)
"""

import numpy as np
from scipy.sparse import csr_matrix

from .protocol import Scores, Tags

TURNS = 5


def spectrum(clicks: csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Singular values (r,) and right singular vectors (M, r) of clicks (U, M)."""
    dense = clicks.toarray().astype(np.float64)
    small = dense @ dense.T if dense.shape[0] < dense.shape[1] else dense.T @ dense
    values, vectors = np.linalg.eigh(small)
    kept = values > 1e-9 * values[-1]
    size, vectors = np.sqrt(values[kept]), vectors[:, kept]
    return size, dense.T @ vectors / size if dense.shape[0] < dense.shape[1] else vectors


class TagAutoencoder:
    """near: how dear it is for E to leave the tags, None: it never does. ridge: the penalty of D, as a share of the mean
    square of a profile's entries."""

    def __init__(self, clicks: csr_matrix, of: tuple[np.ndarray, np.ndarray], tags: Tags, near: float | None,
                 ridge: float) -> None:
        size, right = of  # (r,), (M, r)
        encoder = tags.borne.T / np.sqrt(np.maximum(tags.borne.sum(axis=1), 1))  # T (M, A), each tag of length one
        self.encoder = encoder = encoder.astype(np.float64)
        for _ in range(1 if near is None else TURNS):  # X'X is right size^2 right'
            along = right.T @ self.encoder  # (r, A)
            inner = (along * size[:, None]**2).T @ along  # (A, A)
            self.decoder = np.linalg.solve(inner + ridge * np.trace(inner) / len(inner) * np.eye(len(inner)),
                                           (along * size[:, None]**2).T) @ right.T  # (A, M)
            if near is not None:  # X'X E DD' + near E = X'X D' + near T, in the bases of X'X and of DD'
                spread, turn = np.linalg.eigh(self.decoder @ self.decoder.T)
                asked = size[:, None]**2 * (right.T @ self.decoder.T) @ turn + near * (right.T @ encoder) @ turn  # (r, A)
                solved = asked / (size[:, None]**2 * np.maximum(spread, 0) + near)
                self.encoder = encoder - right @ (right.T @ encoder) + right @ solved @ turn.T

    def scores(self, clicks: csr_matrix) -> np.ndarray:
        """(B, M) of binary rows (B, M)."""
        return clicks @ self.encoder @ self.decoder

    def steer(self, clicks: csr_matrix, tag: np.ndarray) -> Scores:
        """The profile is edited: a share of all that it holds moves to the tag."""
        profile = np.asarray(clicks @ self.encoder)  # (P, A)
        total = np.abs(profile).sum(axis=1, keepdims=True)
        mine = np.arange(profile.shape[1]) == tag[:, None]

        def scores(strength: float) -> np.ndarray:
            if strength >= 0:
                return ((1 - strength) * profile + strength * total * mine) @ self.decoder
            return (profile * (1 + strength * mine)) @ self.decoder

        return scores
