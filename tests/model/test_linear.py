"""The recommenders that are solved, not trained: known answers."""

import numpy as np
from conftest import binary, random_clicks

from macrid.model.linear import EASE, EDLAE, Popularity


def test_popularity_counts_clicks():
    model = Popularity(binary([[0, 2], [2], [1, 2]], 4))
    np.testing.assert_array_equal(model.scores(binary([[0], []], 4)), [[1, 1, 3, 0]] * 2)


def test_ease_solves_its_least_squares():
    """B is the minimum of |X - X B|^2 + r |B|^2 under diag(B) = 0: each column is a ridge regression on the others."""
    clicks = random_clicks(60, 6, 0.4)
    x, weights = clicks.toarray().astype(float), EASE(clicks, regularisation=3.0).weights
    assert (np.diag(weights) == 0).all()
    for j in range(6):
        others = [i for i in range(6) if i != j]
        a = x[:, others]
        wanted = np.linalg.solve(a.T @ a + 3 * np.eye(5), a.T @ x[:, j])
        np.testing.assert_allclose(weights[others, j], wanted, atol=1e-5)
    np.testing.assert_allclose(EASE(clicks, 3.0).scores(clicks), x @ weights, atol=1e-5)


def test_ease_finds_what_goes_together():
    model = EASE(binary([[0, 1]] * 20 + [[2, 3]] * 20 + [[0], [2]], 4), regularisation=1.0)
    assert model.scores(binary([[0], [3]], 4)).argmax(axis=1).tolist() == [1, 2]


def test_edlae_is_the_limit_of_training_with_dropout():
    """The minimum of the mean of |X - dropout(X) B|^2 + r |B|^2 over every mask, where only the dropped clicks count (Steck
    2020: emphasis a = 1, b = 0), kept ones being scaled by 1 / (1 - p): each column from 200,000 masks of a tiny matrix."""
    p, r, items = 0.4, 2.0, 4
    x = random_clicks(12, items, 0.6, seed=2).toarray().astype(float)
    weights = EDLAE(binary([np.flatnonzero(row) for row in x], items), regularisation=r, dropout=p).weights
    kept = np.random.default_rng(0).random((200_000, items)) >= p
    for j in range(items):
        dropped = kept[~kept[:, j]].astype(float)  # only then does column j count; it says nothing of itself
        others = [i for i in range(items) if i != j]
        cross = np.einsum("si,sj->ij", dropped, dropped)[np.ix_(others, others)] / len(dropped)
        gram = x[:, others].T @ x[:, others]
        wanted = np.linalg.solve(gram * cross / (1 - p) ** 2 + r * np.eye(items - 1),
                                 x[:, others].T @ x[:, j] * dropped[:, others].mean(axis=0) / (1 - p))
        np.testing.assert_allclose(weights[others, j], wanted, atol=0.01)


def test_without_dropout_edlae_is_ease():
    clicks = random_clicks(60, 6, 0.4)
    np.testing.assert_allclose(EDLAE(clicks, 3.0, 0.0).weights, EASE(clicks, 3.0).weights, atol=1e-6)
