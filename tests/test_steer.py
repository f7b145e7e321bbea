"""Steering: what is altered and what is kept, the dial's shortcut against the model itself, and the lists."""

import numpy as np
import pytest
from conftest import random_clicks, tiny_settings
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from macrid.model import MacridVAE
from macrid.steer import Dial, altered, dial_range, list_change, top_items


def unit(rng, *shape):
    v = rng.normal(size=shape)
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


@given(st.integers(2, 12), st.floats(-1, 1), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_altered_keeps_length_and_direction(dims, value, seed):
    part, axis = unit(np.random.default_rng(seed), 2, dims)
    new = altered(part, axis, value)
    assert np.linalg.norm(new) == pytest.approx(1)
    assert new @ axis == pytest.approx(value, abs=1e-9)
    rest, before = new - value * axis, part - (part @ axis) * axis
    np.testing.assert_allclose(rest * np.linalg.norm(before), before * np.linalg.norm(rest), atol=1e-9)  # same direction


def test_altered_to_where_it_is_changes_nothing():
    part, axis = unit(np.random.default_rng(0), 2, 5)
    np.testing.assert_allclose(altered(part, axis, part @ axis), part, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("tilt", [0.0, 1e-8, 1e-7, 1e-6, 1e-5])
def test_altered_of_a_part_on_the_axis_obeys_the_dial(dtype, tilt):
    """Across the axis there is little or nothing to keep; rounding must not be taken for a direction."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        axis = unit(rng, 5)
        part = axis + tilt * unit(rng, 5)
        part, axis = (part / np.linalg.norm(part)).astype(dtype), axis.astype(dtype)
        new = altered(part, axis, 0.6)
        assert new @ axis == pytest.approx(0.6, abs=1e-5)
        assert np.linalg.norm(new) == pytest.approx(1, abs=1e-5) or (new == axis * dtype(0.6)).all()
        items = unit(rng, 9, 5).astype(dtype)
        dial = Dial(part[None], items, np.zeros((9, 1), dtype), 10.0, 0, axis)
        np.testing.assert_allclose(dial.scores(0.6), 10 * items @ new, atol=1e-4)


def naive(parts, items, log_c, scale):
    return np.log((np.exp(log_c) * np.exp(scale * items @ parts.T)).sum(axis=1))


@pytest.mark.parametrize("kfac", [1, 4])
@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_dial_against_the_formula(kfac, scale):
    rng = np.random.default_rng(1)
    parts, items, axis = unit(rng, kfac, 6), unit(rng, 50, 6), unit(rng, 6)
    log_c = np.log(rng.dirichlet(np.ones(kfac), 50))
    dial = Dial(parts, items, log_c, scale, kfac - 1, axis)
    np.testing.assert_allclose(dial.scores(None), naive(parts, items, log_c, scale), atol=1e-9)
    assert dial.position == pytest.approx(parts[-1] @ axis)
    np.testing.assert_allclose(dial.scores(dial.position), dial.scores(None), atol=1e-9)
    for value in (-1.0, -0.3, 0.0, 0.8, 1.0):
        turned = parts.copy()
        turned[-1] = altered(parts[-1], axis, value)
        np.testing.assert_allclose(dial.scores(value), naive(turned, items, log_c, scale), atol=1e-9)


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_dial_gives_the_models_own_scores(similarity):
    model = MacridVAE(30, tiny_settings(similarity=similarity, kfac=3, init="random"), seed=2)
    clicks = random_clicks(1, 30)
    axis = np.eye(8, dtype=np.float32)[2]
    dial = Dial(model.represent(clicks)[0], model.item_vectors(), model.routing(), model.scale, 1, axis)
    difference = dial.scores(None) - model.scores(clicks)[0]
    np.testing.assert_allclose(difference, difference[0], atol=2e-5)
    np.testing.assert_allclose(dial.scores(dial.position), dial.scores(None), atol=2e-5)


def test_dial_when_c_underflows():
    log_c = np.array([[0.0, -5000.0], [-5000.0, 0.0]])
    dial = Dial(np.eye(2), np.eye(2), log_c, 10.0, 0, np.array([1.0, 0]))
    for value in (None, -1.0, 1.0):
        assert np.isfinite(dial.scores(value)).all()
    assert dial.scores(-1.0)[1] == pytest.approx(dial.scores(1.0)[1])  # an item of the other factor doesn't hear the dial


def test_dial_leaves_what_it_was_given():
    rng = np.random.default_rng(3)
    given_arrays = unit(rng, 2, 4), unit(rng, 9, 4), np.log(rng.dirichlet([1, 1], 9))
    before = [a.copy() for a in given_arrays]
    dial = Dial(*given_arrays, 5.0, 0, unit(rng, 4))
    first = dial.scores(None).copy()
    dial.scores(0.9)
    np.testing.assert_array_equal(dial.scores(None), first)
    for a, b in zip(given_arrays, before, strict=True):
        np.testing.assert_array_equal(a, b)


@given(arrays(np.float32, st.integers(1, 60), elements=st.sampled_from([0.0, 1, 2, -3.5])), st.integers(0, 70), st.data())
@settings(max_examples=100, deadline=None)
def test_top_items_is_a_full_sort(scores, n, data):
    allowed = data.draw(arrays(bool, len(scores)))
    wanted = sorted(np.flatnonzero(allowed), key=lambda i: (-scores[i], i))[:n]
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


def test_marks(bundle):
    """`after` says of every item whether it is new or where it stood before; `gone` is what is missing."""
    found = bundle.steer(0, 0, 0.9, user=bundle.people[0], n=15)
    was = dict(zip(found.before["item_id"], found.before["rank"], strict=True))
    for row in found.after.itertuples():
        if row.item_id not in was:
            assert row.mark == "new"
        else:
            moved = was[row.item_id] - row.rank
            assert row.mark == ("same" if moved == 0 else f"up {moved}" if moved > 0 else f"down {-moved}")
    assert set(found.gone["item_id"]) == set(was) - set(found.after["item_id"])
    assert bundle.steer(0, 0, None, user=bundle.people[0], n=15).after["mark"].eq("same").all()


def test_a_dial_moves_the_list_its_way(bundle):
    """The mean coordinate of the listed items rises with the dial."""
    person, factor = bundle.people[0], int(bundle.factor[0])
    axis = bundle.axes[factor][:, 0]
    low, high = bundle.dial_range(factor, 0)
    means = [bundle.vectors[bundle.steer(factor, 0, v, user=person, n=5).after["index"]] @ axis
             for v in np.linspace(low, high, 5)]
    assert means[-1].mean() > means[0].mean()
