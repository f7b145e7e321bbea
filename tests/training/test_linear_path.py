"""The linear path: the strongest entries of EDLAE; its weight is the best on the validation people."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import random_clicks, tiny_settings

from macrid.errors import InputWarning
from macrid.measures.evaluate import validation_ndcg
from macrid.model.linear import EDLAE
from macrid.model.linear_path import LinearPath, strongest
from macrid.training import linear_path
from macrid.training.fit import fit
from macrid.training.start import untrained


@pytest.fixture(scope="module")
def model(tiny_split):
    made = untrained(tiny_split.train, tiny_settings(epochs=3, linear_weight=None))
    fit(made, tiny_split)
    return made


@pytest.fixture(autouse=True)
def alone(model):
    yield
    model.linear = None


def test_the_strongest_of_each_column():
    weights = np.array([[0.0, 2.0, -1.0], [-3.0, 0.0, 0.5], [1.0, -4.0, 0.0]])
    assert strongest(weights, 1).toarray().tolist() == [[0, 0, -1], [-3, 0, 0], [0, -4, 0]]
    np.testing.assert_array_equal(strongest(weights, 2).toarray(), weights)
    np.testing.assert_array_equal(strongest(weights, 9).toarray(), weights)
    assert strongest(weights, 9).nnz == 6
    assert strongest(weights, 1).dtype == np.float32


def test_it_is_edlae_and_has_no_diagonal(tiny_split):
    path = linear_path.solve(tiny_split.train)
    whole = EDLAE(tiny_split.train).weights
    kept = path.toarray() != 0
    np.testing.assert_array_equal(path.toarray()[kept], whole[kept])
    assert (kept.sum(axis=0) == linear_path.KEPT).all()
    assert (path.diagonal() == 0).all()
    least = np.where(kept, np.abs(whole), np.inf).min(axis=0)
    assert (np.abs(whole)[~kept] <= np.broadcast_to(least, whole.shape)[~kept]).all()


def test_scores_are_those_of_the_mixture_and_of_the_path(model):
    clicks, rng = random_clicks(6, model.n_items, 0.1), np.random.default_rng(0)
    alone = model.scores(clicks)
    np.testing.assert_array_equal(alone, model.mixture(clicks))
    weights = strongest(rng.normal(size=(model.n_items, model.n_items)), 5)
    model.linear = LinearPath(weights, 2.5)
    wanted = alone + 2.5 * clicks.toarray() @ weights.toarray()
    np.testing.assert_allclose(model.scores(clicks), wanted, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(model.mixture(clicks), alone)


def test_the_weight_is_the_best_on_validation(model, tiny_split):
    path = linear_path.solve(tiny_split.train)
    chosen = linear_path.best_weight(model, path, tiny_split.validation)
    ndcg = []
    for weight in linear_path.WEIGHTS:
        model.linear = LinearPath(path, weight)
        ndcg.append(validation_ndcg(model, tiny_split.validation).mean())
    assert chosen == linear_path.WEIGHTS[int(np.argmax(ndcg))]


def test_it_is_added_as_the_settings_say(model, tiny_split, monkeypatch):
    for weight in (0.0, 3.0, None):
        model.linear, model.settings = None, replace(model.settings, linear_weight=weight)
        linear_path.add_linear_path(model, tiny_split)
        if weight == 0:
            assert model.linear is None
        else:
            assert model.linear.weight == (weight or linear_path.best_weight(model, model.linear.weights,
                                                                             tiny_split.validation))
    model.linear = None
    monkeypatch.setattr(linear_path, "best_weight", lambda *_: 0.0)
    linear_path.add_linear_path(model, tiny_split)
    assert model.linear is None  # it did not help
    monkeypatch.setattr(linear_path, "MOST_ITEMS", model.n_items - 1)
    model.settings = replace(model.settings, linear_weight=3.0)
    with pytest.warns(InputWarning, match="solved for 139 items at most and there are 140; linear_weight=0"):
        linear_path.add_linear_path(model, tiny_split)
    assert model.linear is None
