"""Directions from labels: the closed forms against plain loops, cross-validation that has not seen, an exact test."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score

from macrid.dials import label_regression


def data(n=12, dims=5, noise=0.3, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, dims))
    y = x[:, 1] + noise * rng.normal(size=n)
    return x, (y - y.mean()) / y.std()


def scaled(x, y, sharpness):
    r = np.abs([np.corrcoef(column, y)[0, 1] for column in x.T])
    return (r / r.max()) ** sharpness


@pytest.mark.parametrize("sharpness", label_regression.SHARPNESS)
@pytest.mark.parametrize(("n", "dims"), [(12, 5), (4, 16), (30, 3)])
def test_fit_is_ridge_regression_and_its_r2_leaves_one_out(n, dims, sharpness):
    x, y = data(n, dims)
    found, r2 = label_regression.fit(x[None], y[None], 0.7, sharpness)
    assert found.shape == (1, len(label_regression.PENALTIES), dims)
    scale = scaled(x, y, sharpness)
    for i, penalty in enumerate(label_regression.PENALTIES):
        ridge = Ridge(alpha=n * 0.7 * penalty)
        np.testing.assert_allclose(found[0, i], scale * ridge.fit(x * scale, y).coef_, atol=1e-9)
        mean_left = [np.delete(y, t).mean() for t in range(n)]
        errors = [y[t] - _predicted(np.delete(x * scale, t, 0), np.delete(y, t), (x * scale)[t], n * 0.7 * penalty)
                  for t in range(n)]
        assert r2[0, i] == pytest.approx(1 - np.sum(np.square(errors)) / np.sum((y - mean_left) ** 2))


def _predicted(x, y, at, alpha):
    """Ridge with the penalty of the whole, as the closed form leaves one out: the mean is fitted, too."""
    return Ridge(alpha=alpha).fit(x, y).predict(at[None])[0]


def test_many_problems_at_once_are_each_their_own():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 9, 4)), rng.normal(size=(6, 9))
    together, r2 = label_regression.fit(x, y, 1.0, 2.0)
    for t in range(6):
        alone, own = label_regression.fit(x[t : t + 1], y[t : t + 1], 1.0, 2.0)
        np.testing.assert_allclose(together[t], alone[0])
        np.testing.assert_allclose(r2[t], own[0])


@pytest.mark.parametrize("n", [4, 10, 50, 51, 137])
def test_what_is_predicted_was_not_seen(n):
    """Changing one label changes what is predicted of every item but those left out with it."""
    x, y = data(n)
    before, truth = label_regression.unseen(x, y, 1.0, 1.0)
    assert before.shape == (len(label_regression.PENALTIES), len(truth))
    assert len(truth) == (n if n <= label_regression.MOST_FOLDS else n // label_regression.FOLDS * label_regression.FOLDS)
    changed = y.copy()
    changed[0] += 100
    after, _ = label_regression.unseen(x, changed, 1.0, 1.0)
    same = np.isclose(before, after, rtol=1e-6).all(axis=0)
    assert same.sum() == (1 if n <= label_regression.MOST_FOLDS else n // label_regression.FOLDS)
    assert same[0]


def test_r2_and_auc_by_hand():
    truth = np.array([1.0, -1, 2, -2])
    assert label_regression.r2_unseen(truth, truth) == 1
    assert label_regression.r2_unseen(np.zeros(4), truth) == 0
    assert label_regression.r2_unseen(np.stack([truth / 2, -truth]), truth) == pytest.approx([0.75, -3])
    yes = np.array([True, False, True, False])
    assert label_regression.auc(np.array([4.0, 1, 3, 2]), yes) == 1
    assert label_regression.auc(np.array([1.0, 1, 1, 1]), yes) == 0.5
    rng = np.random.default_rng(0)
    predicted, yes = rng.integers(0, 5, 60), rng.random(60) < 0.3
    assert label_regression.auc(predicted, yes) == pytest.approx(roc_auc_score(yes, predicted))


def test_a_single_coordinate_is_found_with_fewer_labels_when_sharp():
    """What sharpness is for: among 16 independent coordinates, ten labels find the one that counts."""
    likeness = {s: [] for s in label_regression.SHARPNESS}
    for seed in range(20):
        x, y = data(10, 16, 0.2, seed)
        for s in label_regression.SHARPNESS:
            w = label_regression.fit(x[None], y[None], 1.0, s)[0][0, 1]
            likeness[s].append(w[1] / np.linalg.norm(w))
    assert np.mean(likeness[2.0]) > np.mean(likeness[1.0]) > np.mean(likeness[0.0]) + 0.05


@pytest.mark.parametrize("n", [3, 4, 5, 8, 30])
def test_chance_is_uniform_without_a_signal(n):
    rng = np.random.default_rng(0)
    p = np.array([label_regression.chance(rng.normal(size=(n, 6)), rng.normal(size=n), 1.0, rng) for _ in range(300)])
    assert p.min() > 0
    for level in (0.05, 0.2, 0.5):
        assert (p <= level).mean() <= level + 3 * (level * (1 - level) / 300) ** 0.5
    if n == 3:
        assert p.min() > 0.16  # six orders can say no more
    else:
        assert p.min() <= 0.05


def test_chance_is_small_with_a_signal():
    rng = np.random.default_rng(0)
    for n in (8, 30, 900):
        x, y = data(n, 5, 0.1)
        assert label_regression.chance(x, y, 1.0, rng) <= 0.02
