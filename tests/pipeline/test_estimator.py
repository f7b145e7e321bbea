"""The estimator: fitted on arrays, it ranks, steers and scores as a bundle does, and keeps scikit-learn's promises."""

import numpy as np
import pytest
from conftest import random_clicks
from scipy.sparse import coo_matrix, csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

import macrid
from macrid.data import shop, split
from macrid.data.intention_file import Intentions
from macrid.errors import InputError
from macrid.measures.ranking import top_k
from macrid.model.settings import Settings
from macrid.pipeline.contents import intended
from macrid.training import choose_kfac

TINY = {"embedding_size": 8, "encoder_hidden_size": [16], "train_batch_size": 64, "epochs": 4}


@pytest.fixture(scope="module")
def clicks(tiny_clicks) -> csr_matrix:
    return tiny_clicks.matrix


@pytest.fixture(scope="module")
def fitted(clicks, tiny_clicks):
    return macrid.MacridRecommender(settings=TINY).fit(clicks, items=tiny_clicks.items)


def test_it_is_an_estimator(fitted):
    assert fitted.get_params() == {"preset": "best", "settings": TINY, "validation": 0.1, "random_state": 0, "device": "cpu"}
    again = clone(fitted)
    assert again.get_params() == fitted.get_params()
    assert not hasattr(again, "model_")
    assert again.set_params(settings={"kfac": 3}, random_state=7) is again
    assert (again.settings, again.random_state) == ({"kfac": 3}, 7)
    with pytest.raises(NotFittedError):
        again.predict(np.eye(3))


def test_scores_are_the_models_and_lists_their_best(fitted, clicks):
    scores = fitted.predict(clicks[:9])
    np.testing.assert_array_equal(scores, fitted.model_.scores(clicks[:9]))
    lists = fitted.recommend(clicks[:9], n=7)
    assert lists.shape == (9, 7)
    for row, items, seen in zip(scores, lists, clicks[:9].toarray() > 0, strict=True):
        assert not seen[items].any()
        np.testing.assert_array_equal(items, top_k(np.where(seen, -np.inf, row)[None], 7)[0])
    np.testing.assert_array_equal(fitted.recommend(clicks[:9], n=7, hide_seen=False), top_k(scores, 7))
    assert fitted.represent(clicks[:9]).shape == (9, 7, 8)


def test_a_list_without_enough_items_ends_in_minus_one(fitted):
    nearly_all = np.ones((1, fitted.n_features_in_))
    nearly_all[0, 5] = 0
    assert fitted.recommend(nearly_all, n=3).tolist() == [[5, -1, -1]]
    assert fitted.recommend(nearly_all, n=10**6).shape == (1, fitted.n_features_in_)


def test_a_person_is_steered_as_in_a_bundle(fitted, clicks):
    high = fitted.recommender_.dials.range(2, 0)[1]
    steered = fitted.steer(clicks[[3]], {(2, 0): high}, factor=2, n=6)
    person = fitted.recommender_.person(clicks[3].indices)
    assert steered.after.equals(person.steer({(2, 0): high}, factor=2, n=6).after)
    assert set(fitted.recommender_.factor[steered.after["index"]]) == {2}
    np.testing.assert_array_equal(fitted.steer(clicks[[3]], {}, n=6).before["index"], fitted.recommend(clicks[[3]], n=6)[0])
    with pytest.raises(InputError, match="X has 2 rows"):
        fitted.steer(clicks[:2], {})


def test_what_is_known_of_items_names_factors_and_nothing_else(fitted, clicks):
    bare = clone(fitted).fit(clicks)
    np.testing.assert_array_equal(bare.predict(clicks[:5]), fitted.predict(clicks[:5]))
    assert bare.recommender_.items["title"].tolist()[:2] == ["item 0", "item 1"]
    assert fitted.recommender_.items["title"].iloc[0] != "item 0"
    assert all(factor.name for factor in bare.recommender_.factors)


def test_it_chooses_how_many_factors(monkeypatch):
    monkeypatch.setattr(choose_kfac, "CANDIDATES", range(4, 10))
    clicks = split.to_clicks(shop.simulate(n_items=350, n_people=1500, seed=0).data).matrix
    made = macrid.MacridRecommender(settings=TINY | {"embedding_size": 16, "epochs": 1, "kfac": "auto"}).fit(clicks)
    assert made.represent(clicks[:3]).shape == (3, 7, 16)
    assert made.recommender_.meta["kfac_auto"]["kfac"] == 7
    assert made.get_params()["settings"]["kfac"] == "auto"


@pytest.mark.parametrize("kind", [lambda x: x.toarray(), lambda x: x.toarray().astype(int).tolist(), coo_matrix,
                                  lambda x: csr_matrix(x * 5), lambda x: x.toarray() > 0])
def test_the_same_clicks_in_any_form_give_the_same_numbers(fitted, clicks, kind):
    again = clone(fitted).fit(kind(clicks))
    np.testing.assert_array_equal(again.predict(kind(clicks[:5])), fitted.predict(clicks[:5]))


def test_what_is_given_is_not_changed(clicks):
    before = clicks.copy()
    macrid.MacridRecommender(settings=TINY | {"epochs": 1}).fit(clicks)
    assert (before != clicks).nnz == 0


def test_a_better_model_scores_better(fitted, clicks):
    untrained = macrid.MacridRecommender(settings=TINY | {"epochs": 0, "routing": "learned", "init": "random"}).fit(clicks)
    assert 0 < untrained.score(clicks) < fitted.score(clicks) < 1
    assert fitted.score(clicks) == fitted.score(clicks)


def test_settings_are_searched_as_in_scikit_learn(clicks):
    search = GridSearchCV(macrid.MacridRecommender(), {"settings": [TINY | {"epochs": e} for e in (0, 2)]}, cv=2)
    assert search.fit(clicks).best_params_["settings"]["epochs"] == 2


@pytest.mark.parametrize(("X", "says"), [
    (np.zeros((5, 4)), "no click"), (np.ones(7), r"shape \(7,\)"), (np.array([["a", "b"]]), "holds <U1"),
    ([[1, np.nan]] * 30, "NaN"), ([[1, -1]] * 30, "negative"), (np.ones((3, 9)), "X has 3 people"),
    (np.eye(30), "at least 2 are needed")])
def test_clicks_that_cannot_be(X, says):
    with pytest.raises(InputError, match=says):
        macrid.MacridRecommender(settings=TINY).fit(X)


def test_arguments_that_cannot_be(fitted, clicks):
    for arguments, says in (({"preset": "x"}, "preset is 'x'"), ({"settings": {"kfak": 2}}, "kfac"),
                            ({"validation": 0}, "validation is 0"), ({"validation": 0.9}, "smaller validation")):
        with pytest.raises(InputError, match=says):
            macrid.MacridRecommender(**arguments).fit(clicks)
    with pytest.raises(InputError, match=r"items has 3 rows"):
        clone(fitted).fit(clicks, items=fitted.recommender_.items.head(3))
    with pytest.raises(InputError, match="X has 9 columns"):
        fitted.predict(random_clicks(4, 9))
    with pytest.raises(InputError, match="n is 0"):
        fitted.recommend(clicks, n=0)


def test_an_unknown_name_is_none_of_ours():
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = macrid.Nothing


@pytest.mark.parametrize(("said", "settled", "kfac"), [({}, 7, 2), ({"kfac": 5}, 5, 5), ({"kfac": "auto"}, 4, 4),
                                                      ({"kfac": "auto"}, 1, 2)])
def test_how_many_factors_intentions_ask_for(said, settled, kfac):
    settings = intended(Settings(kfac=settled), Intentions(("a", "b"), {"1": "a"}), said)
    assert (settings.kfac, settings.routing) == (kfac, "held")


def test_intentions_start_and_hold_the_first_factors(clicks, tiny_clicks):
    category = tiny_clicks.items["category"]
    told = {int(i): f"my {name}" for name in sorted(category.unique())[:3] for i in np.flatnonzero(category == name)[:4]}
    found = macrid.MacridRecommender(settings=TINY).fit(clicks, items=tiny_clicks.items, intentions=told)
    assert [factor.name for factor in found.recommender_.factors] == list(dict.fromkeys(told.values()))
    assert found.model_.settings.routing == "held"
    names = [found.recommender_.factors[k].name for k in found.model_.factors()[list(told)]]
    assert names == list(told.values())
    for wrong, message in (({10**6: "bags"}, "intentions names the item 1000000"), ({}, "intentions is empty"),
                           ({0: ""}, "cannot be called ''")):
        with pytest.raises(InputError, match=message):
            macrid.MacridRecommender(settings=TINY).fit(clicks, intentions=wrong)
