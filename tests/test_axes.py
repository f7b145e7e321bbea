"""Micro axes: orthogonal, exact (no score changes), and along independent directions where there are any."""

import numpy as np
import pytest
from scipy.special import logsumexp

from macrid import axes


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def scores(parts, items, log_c, scale):
    """(n, M): log sum_k c_ik exp(scale z_k . h_i), for items (K, M, D) that may differ by factor."""
    return logsumexp(scale * np.einsum("nkd,kmd->nmk", parts, items) + log_c, axis=2)


def test_none_is_the_models_own_dimensions():
    np.testing.assert_array_equal(axes.none(3, 4), np.stack([np.eye(4)] * 3))


@pytest.mark.parametrize("counts", [(0, 1, 2), (3, 4, 5), (200, 8, 40)])
@pytest.mark.parametrize("kind", ["random", "identical", "line", "pairs"])
def test_axes_are_orthogonal_whatever_the_items_are(counts, kind):
    rng = np.random.default_rng(0)
    factor = np.repeat(np.arange(3), counts)
    items = unit(rng.normal(size=(len(factor), 6)))
    if kind == "identical":
        items[:] = items[0]
    elif kind == "line":
        items = unit(items[0] + rng.uniform(-1, 1, (len(items), 1)) * items[1])
    elif kind == "pairs":
        items = items[np.arange(len(items)) // 2 * 2]
    found = axes.ica(items.astype(np.float32), factor, 4, seed=0)  # the fourth factor has no items at all
    assert found.shape == (4, 6, 6)
    assert found.dtype == np.float32
    for turned in found:
        np.testing.assert_allclose(turned.T @ turned, np.eye(6), atol=1e-5)


def test_no_score_of_any_person_changes(bundle, twin):
    for of in (bundle, twin):
        parts = of.model.represent(of.held_out("test").fold_in)  # (n, K, D)
        kfac = of.settings.kfac
        before = scores(parts, np.stack([of.vectors] * kfac), of.log_c, of.model.scale)
        turned = np.einsum("nkd,kde->nke", parts, of.axes)
        after = scores(turned, np.einsum("md,kde->kme", of.vectors, of.axes), of.log_c, of.model.scale)
        assert np.abs(before - after).max() <= 1e-5 * max(1.0, np.abs(before).max())
        model = of.model.scores(of.held_out("test").fold_in)
        np.testing.assert_allclose(after - after[:, :1], model - model[:, :1], atol=1e-4)


def test_ica_recovers_independent_directions():
    """Items vary in three independent ways along an unknown rotation: the first dials are those ways."""
    rng = np.random.default_rng(0)
    sources = rng.uniform(-1, 1, (600, 3))
    rotation = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    items = unit(rotation[:, 7] + 0.25 * sources @ rotation[:, :3].T + 0.002 * rng.normal(size=(600, 8)))
    found = axes.ica(items, np.zeros(600, int), 1, seed=0)[0]
    match = np.abs(np.corrcoef((items @ found).T, sources.T)[:8, 8:])  # dials by sources
    assert match.max(axis=0).min() > 0.95
    assert len(set(match.argmax(axis=0))) == 3
    raw = np.abs(np.corrcoef(items.T, sources.T)[:8, 8:])
    assert raw.max(axis=0).min() < 0.9  # the model's own dimensions mix them


def test_signs_are_skewed_to_the_positive_side(bundle):
    for k in range(bundle.settings.kfac):
        coordinate = bundle.vectors[bundle.factor == k] @ bundle.axes[k]
        if len(coordinate) >= 3:
            skew = ((coordinate - coordinate.mean(axis=0)) ** 3).mean(axis=0)
            assert (skew > -1e-6).all()


def test_one_seed_one_result():
    items = unit(np.random.default_rng(0).normal(size=(100, 5)))
    factor = np.arange(100) % 2
    np.testing.assert_array_equal(axes.ica(items, factor, 2, 3), axes.ica(items, factor, 2, 3))


def test_ordered_puts_the_strongest_first():
    turned = np.stack([np.eye(3), np.eye(3)[::-1]]).astype(np.float32)
    strength = np.array([[0.1, 0.9, 0.5], [0.3, 0.2, 0.3]], np.float32)
    new, sorted_strength = axes.ordered(turned, strength)
    np.testing.assert_array_equal(sorted_strength, np.float32([[0.9, 0.5, 0.1], [0.3, 0.3, 0.2]]))
    np.testing.assert_array_equal(new[0].T, turned[0].T[[1, 2, 0]])
    np.testing.assert_array_equal(new[1].T, turned[1].T[[0, 2, 1]])
