"""What is known of items, as numbers; and how closely dials follow it."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu, spearmanr

from macrid.data.attributes import (
    FEWEST_ITEMS,
    association,
    attribute_table,
    group_columns,
    is_informative,
    numeric_columns,
    yes_no,
)

N = 200


def items(**columns) -> pd.DataFrame:
    return pd.DataFrame({"item_id": [str(i) for i in range(N)], "title": "x", "category": "y"} | columns)


def test_what_describes_items():
    table = items(size=np.arange(N), clicks=np.arange(N), popularity=np.arange(N) * 0.5, flag=np.arange(N) % 2)
    assert numeric_columns(table) == ["size"]
    assert list(attribute_table(table)) == ["size"]
    assert list(attribute_table(items())) == []


def test_genres_become_yes_and_no():
    genres = ["Drama|War" if i % 2 else "Comedy" if i % 4 else "" for i in range(N)]
    genres[1] = "Drama|Western"  # one in 200: too rare
    table = attribute_table(items(year=np.where(np.arange(N) < 5, np.nan, 1990.0 + np.arange(N) % 9), genres=genres))
    assert list(table) == ["year", "Drama", "War", "Comedy"]
    assert table["Drama"].isna().sum() == 50  # no genre at all: nothing is known
    assert table["Drama"].sum() == 100
    assert table["Comedy"].sum() == 50
    assert np.isnan(table["year"][:5]).all()
    assert [yes_no(table[name]) for name in table] == [False, True, True, True]


def test_a_column_of_its_own_wins_over_a_genre_of_that_name():
    table = attribute_table(items(Drama=np.arange(N), genres=["Drama" if i % 2 else "War" for i in range(N)]))
    assert table["Drama"].tolist() == list(range(N))


def test_what_tells_nothing():
    few = pd.Series([1.0] * (FEWEST_ITEMS - 1) + [0.0] * 50)
    assert not is_informative(few)
    assert not is_informative(1 - few)
    assert is_informative(pd.Series([1.0] * FEWEST_ITEMS + [0.0] * 50))
    assert not is_informative(pd.Series([3.0] * 50))
    assert not is_informative(pd.Series([1.0, 2.0, 3.0] + [np.nan] * 50))
    assert is_informative(pd.Series(np.arange(FEWEST_ITEMS, dtype=float)))


def test_nothing_but_0_and_1_is_yes_or_no():
    assert yes_no(np.array([0, 1, np.nan]))
    assert not yes_no(np.array([0, 1, 2]))
    assert not yes_no(np.array([np.nan]))


def test_association_is_spearman_or_auc():
    rng = np.random.default_rng(0)
    x = rng.normal(size=N)
    y = np.round(x + rng.normal(size=N))  # ties
    assert association(x, y) == pytest.approx(spearmanr(x, y).statistic)
    flag = (x + rng.normal(size=N) > 1).astype(float)
    auc = mannwhitneyu(x[flag == 1], x[flag == 0]).statistic / (flag.sum() * (N - flag.sum()))
    assert association(x, flag) == pytest.approx(2 * auc - 1)
    assert association(x, -x) == pytest.approx(-1)
    y[:20] = np.nan
    assert association(x, y) == pytest.approx(spearmanr(x[20:], y[20:]).statistic)
    assert association(x, np.full(N, 2.0)) == 0
    assert association(np.zeros(N), y) == 0
    assert association(x, np.ones(N)) == 0


def test_groups_are_what_one_value_says():
    """Not genres and tags, of which an item has several, nor lists."""
    n = 12
    items = pd.DataFrame({"item_id": [f"i{i}" for i in range(n)], "brand": ["a", "b"] * 6, "category": ["c", ""] * 6,
                          "tags": ["slow", "slow|dark"] * 6, "genres": ["War", "Drama"] * 6, "one": "same",
                          "sold": [True, False] * 6, "sizes": [["S"], ["L"]] * 6, "size": range(n)})
    assert group_columns(items) == ["category", "brand", "sold"]
