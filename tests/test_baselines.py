"""The recommenders that need no training: known answers."""

import numpy as np
from conftest import binary, random_clicks

from macrid.baselines import EASE, Popularity


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
