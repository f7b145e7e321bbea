"""Sweeps for the figures of steering: the lists of the dials themselves, many people at a time."""

import numpy as np
import pytest

from macrid.data.attributes import numeric_columns
from macrid.dials import sweep_quality
from macrid.dials.choose import Scored
from macrid.measures import steering as metrics
from macrid.pipeline import evaluate


@pytest.mark.parametrize("which", ["bundle", "twin"])
def test_a_sweep_shows_the_lists_of_the_dials(request, which):
    of = request.getfixturevalue(which)
    held = of.held_out("test")
    parts, columns = of.model.represent(held.fold_in), numeric_columns(of.items)
    attributes = of.items[columns].to_numpy(float)
    for k, j in ((0, 0), (3, 2)):
        mine = np.flatnonzero(of.factor == k)
        values = sweep_quality.standardised(attributes[mine])
        seen = held.fold_in[:5, mine].toarray() > 0
        curves = sweep_quality.sweep(parts[:5, k], of.vectors[mine], of.axes[k][:, j], values, np.where(seen, -np.inf, 0))
        assert curves.shape == (5, 9, 4)
        for u in range(5):
            person = of.person(held.fold_in[u].indices)
            for at, value in enumerate(np.linspace(*of.dials.range(k, j), 9)):
                top = person.steer({(k, j): value}, factor=k, n=max(1, min(10, len(mine) // 4))).after["index"]
                np.testing.assert_allclose(curves[u, at], values[np.searchsorted(mine, top)].mean(axis=0), atol=1e-6)


def test_attributes_in_units_of_their_spread():
    table = np.stack([np.arange(10.0) * 7 + 3, np.full(10, 2.0), np.where(np.arange(10) < 7, 1.0, np.nan)], axis=1)
    found = sweep_quality.standardised(table)
    assert (found[:, 0].mean(), found[:, 0].std()) == pytest.approx((0, 1))
    assert np.isnan(found[:, 1:]).all()  # one never varies, one is known of seven


def test_the_best_dial_is_the_one_that_follows_or_bears():
    rng = np.random.default_rng(0)
    coordinates = rng.normal(size=(50, 4))
    attributes = np.stack([-coordinates[:, 2] ** 3, coordinates[:, 1] + 0.1 * rng.normal(size=50), np.full(50, np.nan)], 1)
    assert sweep_quality.best_dials(coordinates, attributes, {}) == {0: 2, 1: 1}
    assert sweep_quality.best_dials(coordinates, attributes, {1: 3, 2: 0}) == {0: 2, 1: 3}


def one_factor(seed=0, m=400, dims=6):
    """Items of one factor, spread over a cap of the sphere, and people; an attribute along each of the first two axes."""
    rng = np.random.default_rng(seed)
    items = np.concatenate([rng.uniform(-0.45, 0.45, (m, 2)), 0.05 * rng.normal(size=(m, dims - 3)), np.ones((m, 1))], 1)
    people = np.concatenate([rng.uniform(-0.3, 0.3, (20, 2)), np.zeros((20, dims - 3)), np.ones((20, 1))], 1)
    items, people = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (items, people))
    return items, people[:, None], items[:, :2] * [30, -2] + 5


def figures(items, people, attributes, axes, bearing=None, seed=0):
    from scipy.sparse import csr_matrix

    clicks = csr_matrix((len(people), len(items)), dtype=np.float32)
    scored = Scored(items, np.zeros(len(items), int), people, 1.0)
    return sweep_quality.figures(scored, axes[None], attributes, clicks, bearing or {}, seed)


def test_perfect_dials_and_dials_that_mix():
    items, people, attributes = one_factor()
    perfect = figures(items, people, attributes, np.eye(6))
    assert perfect["dials"] == 2
    assert perfect["monotonicity"] > 0.99
    assert perfect["leakage"] < 0.25
    turn = np.eye(6)
    turn[:2, :2] = np.array([[1, -1], [1, 1]]) / 2**0.5
    mixed = figures(items, people, attributes, turn)
    assert mixed["leakage"] > 0.7
    useless = figures(items, people, attributes, np.eye(6), {(0, 0): 3, (0, 1): 4})
    assert useless["monotonicity"] < 0.6
    assert useless["leakage"] > 0.7


def test_units_and_signs_of_attributes_do_not_matter():
    items, people, attributes = one_factor()
    assert figures(items, people, attributes, np.eye(6)) == pytest.approx(
        figures(items, people, attributes * [-0.01, 1000] + 3, np.eye(6)))


def test_no_attribute_no_figures_and_one_has_no_leakage():
    items, people, attributes = one_factor()
    assert figures(items, people, attributes[:, :0], np.eye(6)) == {}
    assert figures(items, people, np.full_like(attributes, np.nan), np.eye(6)) == {}
    assert set(figures(items, people, attributes[:, :1], np.eye(6))) == {"monotonicity", "dials"}


def test_unknown_attributes_do_not_count():
    items, people, attributes = one_factor()
    attributes[::3, 0] = np.nan
    assert figures(items, people, attributes, np.eye(6))["monotonicity"] > 0.98


def test_people_by_parts_give_the_same(bundle, monkeypatch):
    held = bundle.held_out("test")
    one, two = (evaluate.steering_figures(bundle.model, held, bundle.items, bundle.axes, {}, 0) for _ in range(2))
    assert one == two
    monkeypatch.setattr(sweep_quality, "SCORES_AT_ONCE", 500)
    assert evaluate.steering_figures(bundle.model, held, bundle.items, bundle.axes, {}, 0) == one
    monkeypatch.setattr(sweep_quality, "PEOPLE", 5)
    assert evaluate.steering_figures(bundle.model, held, bundle.items, bundle.axes, {}, 0) != one


def test_the_figures_are_those_of_metrics():
    items, people, attributes = one_factor()
    found, values = figures(items, people, attributes, np.eye(6)), sweep_quality.standardised(attributes)
    nothing = np.zeros((20, len(items)))
    curves = np.concatenate([sweep_quality.sweep(people[:, 0], items, np.eye(6)[a], values, nothing) for a in (0, 1)])
    meant = np.repeat([0, 1], 20)
    assert found["leakage"] == pytest.approx(metrics.leakage(curves, meant))
    assert found["monotonicity"] == pytest.approx(metrics.monotonicity(curves[np.arange(40), :, meant]))
