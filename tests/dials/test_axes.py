"""Micro axes: orthogonal, exact (no score changes), and along independent directions where there are any."""

import numpy as np
import pytest
from scipy.special import logsumexp

from macrid.dials import axes


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
    found = axes.ica(bundle.vectors, bundle.factor, bundle.settings.kfac, 0)
    for k in range(bundle.settings.kfac):
        coordinate = bundle.vectors[bundle.factor == k] @ found[k]
        if len(coordinate) >= 3:
            skew = ((coordinate - coordinate.mean(axis=0)) ** 3).mean(axis=0)
            assert (skew > -1e-6).all()


def test_one_seed_one_result():
    items = unit(np.random.default_rng(0).normal(size=(100, 5)))
    factor = np.arange(100) % 2
    np.testing.assert_array_equal(axes.ica(items, factor, 2, 3), axes.ica(items, factor, 2, 3))


# labels ---------------------------------------------------------------------------------------------------------------


def catalogue(seed=0, factors=2, each=240, dims=16, ways=4):
    """Items that vary in `ways` independent ways along an unknown rotation of each factor: items, factor, the ways (M, A),
    the base axes of independent components."""
    rng = np.random.default_rng(seed)
    factor = np.repeat(np.arange(factors), each)
    truth = rng.uniform(-1, 1, (len(factor), ways))
    items = np.empty((len(factor), dims))
    for k in range(factors):
        rotation = np.linalg.qr(rng.normal(size=(dims, dims)))[0]
        mine = factor == k
        items[mine] = (rotation[:, -1] + 0.4 * truth[mine] @ rotation[:, :ways].T
                       + 0.03 * rng.normal(size=(mine.sum(), dims)))
    items = unit(items)
    return items, factor, truth, axes.ica(items, factor, factors, seed)


def some(truth, factor, n, seed=0):
    """The table with n labelled items in each factor."""
    rng = np.random.default_rng(seed)
    table = np.full(truth.shape, np.nan)
    for k in np.unique(factor):
        rows = rng.choice(np.flatnonzero(factor == k), n, replace=False)
        table[rows] = truth[rows]
    return table


@pytest.mark.parametrize("n", [10, 20, 50, 240])
@pytest.mark.parametrize("base", ["ica", "none"])
def test_labels_find_the_planted_attributes(n, base):
    items, factor, truth, independent = catalogue()
    truth = truth * [1, -50, 0.01, 3] + [0, 1000, 7, -2]  # units and signs are the labels' own
    independent = independent if base == "ica" else axes.none(2, 16)
    found = axes.labels(items, factor, independent, some(truth, factor, n), 0)
    assert found.axes.dtype == np.float32
    wanted = 0.9 if base == "ica" else 0.6 if n == 10 else 0.8
    for k in range(2):
        np.testing.assert_allclose(found.axes[k].T @ found.axes[k], np.eye(16), atol=1e-5)
        for j in np.flatnonzero(found.bears[k] >= 0):
            way = truth[factor == k, found.bears[k, j]]
            assert np.corrcoef(items[factor == k] @ found.axes[k][:, j], way)[0, 1] > wanted  # higher means more
    assert (found.bears >= 0).sum() >= (8 if n > 10 else 7 if base == "ica" else 3)
    bearing = found.bears >= 0
    assert (np.sort(bearing, axis=1)[:, ::-1] == bearing).all()  # those that bear one come first
    assert (np.isfinite(found.confidence) == [[a in row for a in range(4)] for row in found.bears]).all()
    assert np.nanmin(found.confidence) > 0
    assert (found.counts == n).all()


def test_the_more_certain_direction_keeps_its_place():
    """Two attributes that are not orthogonal share the turn that makes their dials so by how certain each is: the dial of
    exact labels stays where they point, that of noisy ones gives way."""
    rng = np.random.default_rng(0)
    items = unit(rng.normal(size=(400, 8)))
    wanted = np.eye(8)[0], unit(np.eye(8)[0] + np.eye(8)[1])  # 45 degrees apart
    table = np.stack([items @ wanted[0], items @ wanted[1] + 0.5 * rng.normal(size=400)], axis=1)
    found = axes.labels(items, np.zeros(400, int), np.eye(8)[None], table, 0)
    assert found.bears[0, :2].tolist() == [0, 1]
    certain, noisy = found.confidence[0]
    assert certain > 0.95 > 0.5 > noisy
    off = [np.degrees(np.arccos(found.axes[0][:, j] @ wanted[j])) for j in (0, 1)]
    assert off[0] < 15 < 30 < off[1]  # alike, they would be off by 22.5 each


def test_the_rest_of_the_axes_stays_as_it_was():
    """What no label names keeps its independent components: nearly the base axes, with their signs."""
    items, factor, truth, base = catalogue()
    found = axes.labels(items, factor, base, some(truth[:, :1], factor, 50), 0)
    for k in range(2):
        likeness = base[k].T @ found.axes[k][:, 1:]  # (D, D - 1)
        assert likeness.max(axis=0).min() > 0.9
        ways = np.abs(np.corrcoef((items[factor == k] @ found.axes[k]).T, truth[factor == k].T)[:16, 16:])
        assert ways.max(axis=0).min() > 0.95
        assert len(set(ways.argmax(axis=0))) == 4


def test_yes_and_no():
    items, factor, truth, base = catalogue()
    table = some((truth[:, :2] > 0.2).astype(float), factor, 30)
    found = axes.labels(items, factor, base, table, 0)
    assert found.yes_no.tolist() == [True, True]
    assert sorted(found.bears[0][:2]) == [0, 1]
    assert (found.confidence > 0.8).all()  # AUC
    for k, j in np.argwhere(found.bears >= 0):
        coordinate = items[factor == k] @ found.axes[k][:, j]
        assert np.corrcoef(coordinate, truth[factor == k, found.bears[k, j]])[0, 1] > 0.85


def test_exact_whatever_was_learned():
    items, factor, truth, base = catalogue()
    found = axes.labels(items, factor, base, some(truth, factor, 10), 0)
    parts, log_c = unit(np.random.default_rng(1).normal(size=(30, 2, 16))), np.log(np.full((len(items), 2), 0.5))
    before = scores(parts, np.stack([items] * 2), log_c, 5.0)
    after = scores(np.einsum("nkd,kde->nke", parts, found.axes), np.einsum("md,kde->kme", items, found.axes), log_c, 5.0)
    assert np.abs(after - before).max() <= 1e-5


@pytest.mark.parametrize(("n", "yes_no"), [(4, False), (5, False), (10, False), (40, False), (12, True), (60, True)])
def test_noise_is_refused_at_the_right_rate(n, yes_no):
    """Shuffled labels pass no more often than the level says, give or take three standard errors."""
    passed = tried = 0
    for seed in range(4):
        items, factor, _, base = catalogue(seed, each=80)
        rng = np.random.default_rng(seed)
        noise = rng.random((len(items), 25)) < 0.5 if yes_no else rng.normal(size=(len(items), 25))
        found = axes.labels(items, factor, base, some(noise.astype(float), factor, n, seed), 0)
        chance = [reason for reason in found.refused.values() if "goes with" in reason]
        passed += (found.bears >= 0).sum() + len(chance)
        tried += found.counts.size
    assert passed / tried <= axes.LEVEL + 3 * (axes.LEVEL * (1 - axes.LEVEL) / tried) ** 0.5


def test_scrambled_labels_are_refused_where_the_true_ones_are_learned():
    items, factor, truth, base = catalogue()
    table = some(truth, factor, 20)
    assert (axes.labels(items, factor, base, table, 0).bears >= 0).sum() == 8
    rng, kept = np.random.default_rng(0), 0
    for _ in range(5):
        scrambled = table.copy()
        for k in range(2):
            rows = np.flatnonzero(np.isfinite(table[:, 0]) & (factor == k))
            for a in range(4):
                scrambled[rows, a] = table[rng.permutation(rows), a]
        found = axes.labels(items, factor, base, scrambled, 0)
        kept += (found.bears >= 0).sum()
        assert all("shuffled labels" in reason or "predict" in reason for reason in found.refused.values())
    assert kept <= 6  # of 40; 2 are expected


def test_too_few_or_the_same_labels_are_refused_with_the_reason():
    items, factor, truth, base = catalogue()
    table = some(truth, factor, 10)
    table[factor == 0, 1] = np.where(np.isfinite(table[factor == 0, 1]), 3.0, np.nan)  # all alike
    table[np.flatnonzero(np.isfinite(table[:, 2]) & (factor == 1))[3:], 2] = np.nan  # three
    table[factor == 0, 3] = np.nan  # none
    found = axes.labels(items, factor, base, table, 0)
    assert "all 3" in found.refused[0, 1]
    assert "3 labels are too few" in found.refused[1, 2]
    assert (0, 3) not in found.refused
    assert found.counts[0, 3] == 0
    np.testing.assert_allclose(axes.labels(items, factor, base, np.full(truth.shape, np.nan), 0).axes, base)
    three = axes.labels(items, factor, base, some(truth, factor, 3), 0)
    assert len(three.refused) == 8
    np.testing.assert_array_equal(three.axes, base)


def test_two_names_for_one_thing_get_one_dial():
    items, factor, truth, base = catalogue()
    table = some(truth[:, [0, 1, 0]], factor, 30)
    table[:, 2] = -table[:, 2] * 100
    found = axes.labels(items, factor, base, table, 0, ["year", "size", "age"])
    for k in range(2):
        assert (found.bears[k] >= 0).sum() == 2
        (reason,) = (found.refused[k, a] for a in (0, 2) if (k, a) in found.refused)
        assert "goes with" in reason


def test_more_attributes_than_dimensions():
    items, factor, truth, base = catalogue(dims=3, ways=2)
    rng = np.random.default_rng(0)
    table = np.hstack([truth, truth @ rng.normal(size=(2, 6))])
    found = axes.labels(items, factor, base, table, 0)
    for k in range(2):
        assert 2 <= (found.bears[k] >= 0).sum() <= 3
        np.testing.assert_allclose(found.axes[k].T @ found.axes[k], np.eye(3), atol=1e-5)


@pytest.mark.parametrize("kind", ["identical", "one item", "empty factor"])
def test_labels_on_odd_items(kind):
    items, factor, truth, _ = catalogue()
    if kind == "identical":
        items = np.tile(items[:1], (len(items), 1))
    elif kind == "one item":
        factor = np.where(np.arange(len(factor)) == 0, 0, 1)
    else:
        factor = np.ones_like(factor)
    base = axes.ica(items, factor, 2, 0)
    found = axes.labels(items, factor, base, truth, 0)
    for turned in found.axes:
        np.testing.assert_allclose(turned.T @ turned, np.eye(16), atol=1e-5)
    assert (found.bears[0] < 0).all()


def test_labels_are_repeatable_and_each_attribute_stands_for_itself():
    items, factor, truth, base = catalogue()
    table = some(truth, factor, 10)
    one, two = (axes.labels(items, factor, base, table, 3) for _ in range(2))
    np.testing.assert_array_equal(one.axes, two.axes)
    assert one.refused == two.refused


def test_order_puts_borne_attributes_first():
    influence = np.array([[0.1, 0.9, 0.5, 0.7], [0.3, 0.2, 0.3, 0.4]])
    bears = np.array([[2, -1, 0, -1], [-1, -1, -1, -1]])
    np.testing.assert_array_equal(axes.order(influence, bears), [[2, 0, 1, 3], [3, 0, 2, 1]])
    np.testing.assert_array_equal(axes.order(influence), [[1, 3, 2, 0], [3, 0, 2, 1]])
