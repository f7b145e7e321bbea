"""The linear path: the strongest entries of EDLAE; its weight is the best on the validation people."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from conftest import random_clicks, tiny_settings

from macrid.data.split import HeldOut
from macrid.measures import evaluate
from macrid.measures.evaluate import validation_ndcg
from macrid.model.linear import EDLAE
from macrid.model.linear_path import LinearPath, strongest
from macrid.model.neighbours import neighbour_edlae
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
    weights, bias = strongest(rng.normal(size=(model.n_items, model.n_items)), 5), rng.normal(size=model.n_items)
    model.linear = LinearPath(weights, 2.5, bias.astype(np.float32))
    wanted = alone + 2.5 * clicks.toarray() @ weights.toarray() + bias
    np.testing.assert_allclose(model.scores(clicks), wanted, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(model.mixture(clicks), alone)


def test_the_weight_and_the_power_are_the_best_on_validation(model, tiny_split):
    path, popularity = linear_path.solve(tiny_split.train), linear_path.log_popularity(tiny_split.train)
    np.testing.assert_allclose(np.exp(popularity), tiny_split.train.toarray().sum(axis=0) + 1, rtol=1e-5)
    weights, powers = (0.0, 1.0, 8.0), (0.0, 0.3)
    found = {}
    for pair in product(weights, powers):
        model.linear = LinearPath(path, pair[0], -np.float32(pair[1]) * popularity)
        found[pair] = validation_ndcg(model, tiny_split.validation).mean()
    chosen = linear_path.best_of(model, path, popularity, tiny_split.validation, list(found))
    assert chosen == max(found, key=found.get)


def test_few_items_are_in_question(monkeypatch):
    """Of those among which the best are looked for none is missing, whatever the weight and the power."""
    monkeypatch.setattr(linear_path, "LISTED", 4)
    rng, powers = np.random.default_rng(0), np.array([0.0, 0.2], np.float32)
    scores, popularity = rng.normal(size=60).astype(np.float32), rng.gamma(2, 2, 60).astype(np.float32)
    linear = np.where(rng.random(60) < 0.15, rng.normal(size=60), 0).astype(np.float32)
    scores[:5] = -np.inf
    some = linear_path._in_question(scores, linear, powers, popularity)
    assert len(some) < 25
    for weight, power in product((0.0, 1.0, 9.0), powers):
        assert set(np.argsort(-(scores + weight * linear - power * popularity))[:4]) <= set(some)


@pytest.mark.parametrize(("weight", "power"), [(0.0, 0.0), (3.0, 0.0), (0.0, 0.2), (None, 0.0), (2.0, None), (None, None)])
def test_it_is_added_as_the_settings_say(model, tiny_split, weight, power):
    model.linear = None
    model.settings = replace(model.settings, linear_weight=weight, popularity_power=power)
    linear_path.add_linear_path(model, tiny_split)
    if (weight, power) == (0, 0):
        assert model.linear is None
        return
    added, popularity = model.linear, linear_path.log_popularity(tiny_split.train)
    weights = linear_path.WEIGHTS if weight is None else (weight,)
    powers = linear_path.POWERS if power is None else (power,)
    wanted = linear_path.best_of(model, added.weights, popularity, tiny_split.validation, list(product(weights, powers)))
    assert added.weight == wanted[0]
    assert (added.weights.nnz > 0) == (added.weight > 0)  # popularity alone needs no B
    np.testing.assert_allclose(added.bias, -wanted[1] * popularity, rtol=1e-6)


def test_there_is_none_if_it_does_not_help(model, tiny_split, monkeypatch):
    model.settings = replace(model.settings, linear_weight=None, popularity_power=None)
    monkeypatch.setattr(linear_path, "best_of", lambda *_: (0.0, 0.0))
    linear_path.add_linear_path(model, tiny_split)
    assert model.linear is None


def test_of_many_items_it_is_solved_on_neighbours(model, tiny_split, monkeypatch):
    monkeypatch.setattr(linear_path, "MOST_DENSE", model.n_items - 1)
    monkeypatch.setattr(linear_path, "NEIGHBOURS", 30)
    monkeypatch.setattr(linear_path, "KEPT", 10)
    model.settings = replace(model.settings, linear_weight=None, popularity_power=0.0)
    told = []
    path = linear_path.add_linear_path(model, tiny_split, lambda step, done: told.append((step, done)))
    assert (path != neighbour_edlae(tiny_split.train, 30, 10)).nnz == 0
    assert told == [("solving", 1.0), ("choosing its weight", 1.0)]
    model.linear = None
    monkeypatch.setattr(linear_path, "solve", lambda *_: pytest.fail("it is solved already"))
    assert linear_path.add_linear_path(model, tiny_split, path=path) is path
    assert model.linear.weights is path


def test_both_are_chosen_on_some_of_many_people(model, tiny_split, monkeypatch):
    """Every second of them, and some at a time: the same as of those people alone."""
    path, held, told = linear_path.solve(tiny_split.train), tiny_split.validation, []
    popularity, pairs = linear_path.log_popularity(tiny_split.train), [(0.0, 0.0), (1.0, 0.3), (8.0, 0.0)]
    people = len(held.user_ids) // 2 * 2
    some = HeldOut(*(part[:people] for part in (held.user_ids, held.fold_in, held.answers, held.seen)))
    half = HeldOut(*(part[:people:2] for part in (held.user_ids, held.fold_in, held.answers, held.seen)))
    wanted = linear_path.best_of(model, path, popularity, half, pairs)
    monkeypatch.setattr(linear_path, "CHOOSING", people // 2)
    monkeypatch.setattr(evaluate, "SCORES_AT_ONCE", 3 * model.n_items)
    assert linear_path.best_of(model, path, popularity, some, pairs, told.append) == wanted
    assert len(told) == -(-(people // 2) // 3)
    assert told == sorted(told)
    assert told[-1] == 1
