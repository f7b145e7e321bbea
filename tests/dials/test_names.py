"""Names of factors and dials: clear where the factor is, always different, made from what the factor holds."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macrid.dials.names import CLOSE, CLOSE_YES_NO, name_dial, name_factors


def table(categories, **columns):
    n = len(categories)
    return pd.DataFrame({"item_id": [f"i{i}" for i in range(n)], "title": [f"Title {i}" for i in range(n)],
                         "category": categories} | columns)


def test_a_clear_category_is_the_name():
    factor = np.repeat(np.arange(3), 10)
    found = name_factors(table(np.array(["bags", "mugs", "lamps"], object)[factor]), factor, np.ones(30), 3)
    assert [f.name for f in found] == ["Bags", "Mugs", "Lamps"]
    assert [f.index for f in found] == [0, 1, 2]
    assert [f.share for f in found] == [1 / 3] * 3


def test_two_genres_name_a_factor_that_one_does_not():
    genres = ["Crime|Film-Noir"] * 5 + ["Crime|Thriller"] * 5 + ["Comedy"] * 20 + ["Comedy|Romance"] * 10
    factor = np.repeat([0, 1], [10, 30])
    first, second = name_factors(table([""] * 40, genres=genres), factor, np.ones(40), 2)
    assert first.name == "Crime"
    assert "Comedy" in second.name


def test_without_categories_a_title_names_it_and_an_unused_factor_says_so():
    certainty = np.array([0.1, 0.9, 0.5, 0.2])
    found = name_factors(table([""] * 4), np.array([0, 0, 0, 1]), certainty, 3)
    assert [f.name for f in found] == ["Like Title 1", "Like Title 3", "Unused 3"]
    assert found[0].typical == (1, 2, 0)
    assert (found[2].share, found[2].typical) == (0, ())


def test_well_known_items_are_more_typical():
    found = name_factors(table(["a"] * 3, clicks=[5, 500, 50]), np.zeros(3, int), np.ones(3), 1)
    assert found[0].typical == (1, 2, 0)


@given(st.integers(1, 6), st.integers(0, 60), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_names_differ_and_shares_sum_to_one(kfac, n, seed):
    rng = np.random.default_rng(seed)
    n = max(n, 1)
    words = np.array(["", "Drama", "drama", "Comedy", "War"], object)
    items = table(words[rng.integers(0, 5, n)], year=np.where(rng.random(n) < 0.3, np.nan, 1900 + rng.integers(0, 99, n)))
    items["title"] = "The same"
    found = name_factors(items, rng.integers(0, kfac, n), rng.random(n), kfac)
    names = [f.name for f in found]
    assert len(set(names)) == kfac
    assert all(name.strip() for name in names)
    assert sum(f.share for f in found) == 1 or abs(sum(f.share for f in found) - 1) < 1e-9


def test_a_dial_is_named_after_what_it_follows_closely():
    label = name_dial("size", 0.9, False, None)
    assert (label.name, label.low, label.high, label.confidence) == ("size", "lower size", "higher size", 0.9)
    assert "0.90" in label.source
    turned = name_dial("size", -0.9, False, None)
    assert (turned.low, turned.high) == ("higher size", "lower size")
    assert name_dial("size", CLOSE - 0.01, False, None) is None
    flag = name_dial("Horror", 0.8, True, None)
    assert (flag.low, flag.high, flag.confidence) == ("not Horror", "Horror", 0.8)
    assert "AUC 0.90" in flag.source
    assert name_dial("Horror", CLOSE_YES_NO - 0.01, True, None) is None


def test_a_dial_learned_from_labels_says_so():
    row = {"attribute": "size", "measure": "R2", "confidence": 0.7, "labels": 12}
    label = name_dial("size", 0.1, False, row)  # whatever it follows: it was made for this
    assert (label.low, label.high, label.confidence) == ("lower size", "higher size", 0.7)
    assert "12 labels" in label.source
    named = name_dial("size", 0.1, False, row | {"low": "small", "high": "large"})
    assert (named.low, named.high) == ("small", "large")
    flag = name_dial("Horror", 0.1, True, row | {"measure": "AUC", "confidence": 0.9})
    assert flag.confidence == pytest.approx(0.8)
    assert (flag.low, flag.high) == ("not Horror", "Horror")
