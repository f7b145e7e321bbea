"""Questions to a bundle: recommendations, search, typical items."""

import numpy as np
import pandas as pd
import pytest

from macrid.errors import InputError


def test_recommend_is_the_models_order_without_what_was_seen(bundle):
    profile = bundle.items["item_id"].iloc[[3, 10, 17]].tolist()
    table = bundle.recommend(profile, n=9)
    scores = bundle.model.scores(bundle.clicks(bundle.positions(profile)))[0]
    wanted = [i for i in np.argsort(-scores, kind="stable") if i not in (3, 10, 17)][:9]
    assert table["item_id"].tolist() == bundle.items["item_id"].iloc[wanted].tolist()
    assert table["rank"].tolist() == list(range(1, 10))
    assert not set(profile) & set(table["item_id"])
    assert len(bundle.recommend(profile, n=10**6)) == len(bundle.items) - 3
    everything = bundle.recommend(profile, n=10**6, hide_seen=False)
    assert set(everything["item_id"]) == set(bundle.items["item_id"])
    twice = bundle.recommend(profile + profile, n=9)
    pd.testing.assert_frame_equal(twice, table)


@pytest.mark.parametrize(("arguments", "named"), [
    ({"items": ["nothing-1"]}, "nothing-1"), ({"items": []}, "empty"), ({"items": ["mugs-0001", ""]}, "no item ''"),
    ({"items": ["mugs-0001"], "n": 0}, "n is 0"), ({"items": ["mugs-0001"], "n": -3}, "n is -3")])
def test_bad_arguments_of_recommend(bundle, arguments, named):
    with pytest.raises(InputError, match=named):
        bundle.recommend(**arguments)


def test_search_finds_beginnings_of_words(bundle):
    found = bundle.search("LAMP teal", 50)
    assert found
    titles = bundle.items["title"].iloc[found]
    assert titles.str.contains("Teal lamp").all()
    assert len(found) == bundle.items["title"].str.contains("Teal lamp").sum()
    clicks = bundle.items["clicks"].iloc[found].tolist()
    assert clicks == sorted(clicks, reverse=True)
    assert bundle.search("lam", 3) == bundle.search("lamps", 100)[:3]  # the category, too
    assert bundle.search("amp", 5) == []
    assert bundle.search(".*", 5) == []


def test_typical_items_come_from_every_factor_in_turn(bundle):
    found = bundle.typical(14)
    assert len(set(found)) == 14
    assert [int(bundle.factor[p]) for p in found[:7]] == list(range(7))
    assert len(bundle.typical(10**6)) == sum(len(factor.typical) for factor in bundle.factors)


def test_an_unknown_name_gets_similar_ones(bundle):
    with pytest.raises(InputError, match="mugs-0001"):
        bundle.positions(["mug-0001"])
    with pytest.raises(InputError, match=bundle.people[0]):
        bundle.history_of(bundle.people[0] + "0")
