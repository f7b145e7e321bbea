"""Steering: what is altered and what is kept, the dial's shortcut against the model itself, and the lists."""

from unittest.mock import patch

import numpy as np
import pytest
from conftest import random_clicks, tiny_settings
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from macrid.dials import steered_scores
from macrid.dials.steered_scores import SteeredScores, altered, dial_range, list_change, top_items
from macrid.model.macridvae import MacridVAE


def unit(rng, *shape):
    v = rng.normal(size=shape)
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


@given(st.integers(2, 12), st.integers(1, 3), st.floats(-1, 1), st.integers(0, 1000))
@settings(max_examples=80, deadline=None)
def test_altered_keeps_length_and_direction(dims, count, value, seed):
    rng = np.random.default_rng(seed)
    part, axes = unit(rng, dims), np.linalg.qr(rng.normal(size=(dims, dims)))[0][:, : min(count, dims - 1)]
    values = unit(rng, axes.shape[1]) * value
    new = altered(part, axes, values)
    assert np.linalg.norm(new) == pytest.approx(1)
    np.testing.assert_allclose(new @ axes, values, atol=1e-9)
    rest, before = new - axes @ values, part - axes @ (axes.T @ part)
    np.testing.assert_allclose(rest * np.linalg.norm(before), before * np.linalg.norm(rest), atol=1e-9)  # same direction


def test_altered_to_where_it_is_changes_nothing():
    rng = np.random.default_rng(0)
    part, axes = unit(rng, 5), np.linalg.qr(rng.normal(size=(5, 5)))[0][:, :2]
    np.testing.assert_allclose(altered(part, axes, part @ axes), part, atol=1e-12)


def test_dials_that_ask_for_more_than_the_sphere_has_share_it():
    part, axes = np.array([0.0, 0, 1]), np.eye(3)[:, :2]
    np.testing.assert_allclose(altered(part, axes, [0.9, -0.9]), [0.5**0.5, -(0.5**0.5), 0], atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("tilt", [0.0, 1e-8, 1e-7, 1e-6, 1e-5])
def test_altered_of_a_part_on_the_axis_obeys_the_dial(dtype, tilt):
    """Across the axis there is little or nothing to keep; rounding must not be taken for a direction."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        axes = np.linalg.qr(rng.normal(size=(5, 5)))[0].astype(dtype)
        axis = axes[:, 0]
        part = axis + tilt * unit(rng, 5)
        part = (part / np.linalg.norm(part)).astype(dtype)
        new = altered(part, axes[:, :1], [0.6])
        assert new @ axis == pytest.approx(0.6, abs=1e-5)
        assert np.linalg.norm(new) == pytest.approx(1, abs=1e-5) or new == pytest.approx(axis * 0.6, abs=1e-6)
        items = unit(rng, 9, 5).astype(dtype)
        dials = SteeredScores(part[None], items, np.zeros((9, 1), dtype), 10.0, axes[None])
        np.testing.assert_allclose(dials.scores({(0, 0): 0.6}), 10 * items @ new, atol=1e-4)


def naive(parts, items, log_c, scale):
    """The model's scores written from the formula, an item and a factor at a time."""
    return np.array([np.log(sum(np.exp(log_c[i, k]) * np.exp(scale * items[i] @ parts[k]) for k in range(len(parts))))
                     for i in range(len(items))])


def person(seed, kfac, items=50, dims=6, dtype=np.float64):
    """Parts, items, log c and orthogonal axes."""
    rng = np.random.default_rng(seed)
    axes = np.stack([np.linalg.qr(rng.normal(size=(dims, dims)))[0] for _ in range(kfac)])
    found = unit(rng, kfac, dims), unit(rng, items, dims), np.log(rng.dirichlet(np.ones(kfac), items)), axes
    return [array.astype(dtype) for array in found]


TURNED = [{(0, 2): -1.0}, {(0, 0): -0.3}, {(0, 1): 0.0}, {(0, 5): 1.0}, {(0, 3): 0.4, (0, 1): -0.7}]
ACROSS_FACTORS = [{(1, 0): 0.5, (0, 0): -0.5}, {(0, 0): 0.2, (1, 3): 0.9, (2, 2): -0.4, (2, 0): 0.3}]


def test_rounding_loses_no_item_of_the_full_sort():
    """Two items whose exact scores tie: one by a single large term, the other by two terms log 2 below it. In float32 the
    latter can lie just under the bound that the first sets, and its score be the same: the lower index is on the list."""
    parts, axes = unit(np.random.default_rng(0), 2, 3).astype(np.float32), np.stack([np.eye(3, dtype=np.float32)] * 2)
    close = 0
    for score in np.linspace(-16, -15, 200, dtype=np.float32):
        even = np.float32(float(score) - np.log(2))
        log_c = np.array([[even, even], [score, -60]], np.float32)
        dials = SteeredScores(parts, np.zeros((2, 3), np.float32), log_c, 1.0, axes)  # of items of length zero: log c alone
        everything = dials.scores({(0, 0): 0.5})
        np.testing.assert_array_equal(dials.top({(0, 0): 0.5}, 1)[0], np.argsort(-everything, kind="stable")[:1])
        close += everything[0] >= everything[1] and float(even) < float(score) - np.log(2)
    assert close > 20  # the case does occur


def turned_parts(parts, axes, turned):
    found = parts.copy()
    for k in {k for k, _ in turned}:
        dims = [j for i, j in turned if i == k]
        found[k] = altered(parts[k], axes[k][:, dims], [turned[k, j] for j in dims])
    return found


@pytest.mark.parametrize("turned", [*TURNED, *ACROSS_FACTORS])
@pytest.mark.parametrize("kfac", [1, 3, 4])
@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_dials_against_the_formula(kfac, scale, turned):
    turned = {(k % kfac, j): value for (k, j), value in turned.items()}
    parts, items, log_c, axes = person(1, kfac)
    dials = SteeredScores(parts, items, log_c, scale, axes)
    own, steered = naive(parts, items, log_c, scale), naive(turned_parts(parts, axes, turned), items, log_c, scale)
    np.testing.assert_allclose(dials.scores({}), own, atol=1e-9)
    np.testing.assert_allclose(dials.scores(turned), steered, atol=1e-9)
    np.testing.assert_allclose(dials.scores(turned, 0.3), 0.7 * own + 0.3 * steered, atol=1e-9)
    np.testing.assert_allclose(dials.scores(turned, 0.0), own, atol=1e-9)
    here = {(k, j): dials.position(k, j) for k, j in turned}
    np.testing.assert_allclose(dials.scores(here), own, atol=1e-9)


@given(st.integers(0, 10**6), st.integers(1, 4), st.sampled_from([1.0, 5.0, 50.0]), st.integers(1, 60), st.floats(0, 1),
       st.sampled_from([np.float32, np.float64]), st.data())
@settings(max_examples=150, deadline=None)
def test_the_short_way_to_the_top_is_a_full_sort(seed, kfac, scale, n, strength, dtype, data):
    """Whatever is turned, however soft the routing and however close the scores."""
    parts, items, log_c, axes = person(seed, kfac, dtype=dtype)
    items[::3] = items[0]  # ties
    log_c[::3] = log_c[0]
    dials = SteeredScores(parts, items, log_c, scale, axes)
    names = data.draw(st.lists(st.tuples(st.integers(0, kfac - 1), st.integers(0, 5)), max_size=4, unique=True))
    turned = {name: data.draw(st.floats(-1, 1)) for name in names}
    without = data.draw(st.lists(st.integers(0, 49), max_size=50, unique=True))
    with patch.object(steered_scores, "PIECE", data.draw(st.sampled_from([4, 256]))):
        found, scores = dials.top(turned, n, strength, without)
    everything = dials.scores(turned, strength)
    allowed = ~np.isin(np.arange(50), without)
    assert len(found) == len(set(found)) == min(n, allowed.sum())
    assert allowed[found].all()
    np.testing.assert_allclose(scores, everything[found], atol=1e-4)
    assert (np.diff(scores) <= 0).all()
    left = np.setdiff1d(np.flatnonzero(allowed), found)
    assert not len(left) or everything[left].max() <= scores[-1] + 1e-4


def test_what_is_left_out_is_never_listed(monkeypatch):
    """Nor where fewer stretches of the catalogue have an item that may be listed than the list is long."""
    monkeypatch.setattr(steered_scores, "PIECE", 4)
    parts, items, log_c, axes = person(0, 2)
    without = [*range(2, 20), *range(24, 50)]
    found, _ = SteeredScores(parts, items, log_c, 1.0, axes).top({(0, 0): 0.5}, 5, 0.5, without)
    assert not np.isin(found, without).any()
    assert len(found) == 5


def test_the_top_is_the_same_after_other_dials_were_turned():
    parts, items, log_c, axes = person(5, 3)
    dials = SteeredScores(parts, items, log_c, 5.0, axes)
    first = dials.top({(0, 0): 0.5}, 10)
    for turned in (*TURNED, *ACROSS_FACTORS):
        dials.top(turned, 10)
    again = dials.top({(0, 0): 0.5}, 10)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_dials_give_the_models_own_scores(similarity):
    model = MacridVAE(30, tiny_settings(similarity=similarity, kfac=3, init="random"), seed=2)
    clicks = random_clicks(1, 30)
    dials = SteeredScores(model.represent(clicks)[0], model.item_vectors(), model.routing(), model.scale,
                  np.tile(np.eye(8, dtype=np.float32), (3, 1, 1)))
    difference = dials.scores({}) - model.scores(clicks)[0]
    np.testing.assert_allclose(difference, difference[0], atol=2e-5)
    np.testing.assert_allclose(dials.scores({(1, 2): dials.position(1, 2)}), dials.scores({}), atol=2e-5)


def test_dials_when_c_underflows():
    log_c = np.array([[0.0, -5000.0], [-5000.0, 0.0]])
    dials = SteeredScores(np.eye(2), np.eye(2), log_c, 10.0, np.tile(np.eye(2), (2, 1, 1)))
    for turned in ({}, {(0, 0): -1.0}, {(0, 0): 1.0}):
        assert np.isfinite(dials.scores(turned)).all()
    deaf = dials.scores({(0, 0): -1.0})[1]
    assert deaf == pytest.approx(dials.scores({(0, 0): 1.0})[1])  # an item of the other factor doesn't hear the dial


def test_dials_leave_what_they_were_given():
    given_arrays = person(3, 2)
    before = [a.copy() for a in given_arrays]
    parts, items, log_c, axes = given_arrays
    dials = SteeredScores(parts, items, log_c, 5.0, axes)
    first = dials.scores({}).copy()
    dials.top({(0, 1): 0.9}, 3, without=[1, 2])
    dials.top({}, 3, without=[1, 2])
    np.testing.assert_array_equal(dials.scores({}), first)
    for a, b in zip(given_arrays, before, strict=True):
        np.testing.assert_array_equal(a, b)


@given(arrays(np.float32, st.integers(1, 60), elements=st.sampled_from([0.0, 1, 2, -3.5])), st.integers(0, 70), st.data())
@settings(max_examples=100, deadline=None)
def test_top_items_is_a_full_sort(scores, n, data):
    allowed = data.draw(arrays(bool, len(scores)))
    wanted = sorted(np.flatnonzero(allowed), key=lambda i: (-scores[i], i))[:n]
    with patch.object(steered_scores, "PIECE", data.draw(st.sampled_from([4, 256]))):
        assert top_items(scores, n, allowed).tolist() == wanted


def test_dial_range():
    assert dial_range(np.linspace(0, 100, 101)) == pytest.approx((1, 99))
    assert dial_range(np.zeros(0)) == (0, 0)


def test_list_change_is_one_for_what_orders_the_items_and_zero_for_what_does_not():
    """Items differ along axis 0 only: turning that changes everything, turning the constant axis 2 nothing."""
    angle = np.linspace(-1, 1, 80)
    items = np.stack([np.sin(angle), np.cos(angle), np.zeros(80)], axis=1)
    change = list_change(unit(np.random.default_rng(0), 5, 3), items, 10.0, np.eye(3))
    assert change.shape == (3,)
    assert change[0] == pytest.approx(1)
    assert ((change >= 0) & (change <= 1)).all()
    assert change[2] == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 30])
def test_list_change_with_few_items(count):
    rng = np.random.default_rng(0)
    change = list_change(unit(rng, 3, 4), unit(rng, count, 4) if count else np.zeros((0, 4)), 10.0, np.eye(4))
    assert change.shape == (4,)
    assert ((change >= 0) & (change <= 1)).all()
