"""What may be wished of items, and how much each item speaks for it."""

import numpy as np
import pandas as pd
import pytest

from macrid.dials import wishes
from macrid.dials.poles import Poles


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Forty items; every fourth is a comedy, nobody knows the genres of the last four; nobody is known to lack the tag."""
    n = 40
    genres = ["Comedy|Drama" if i % 4 == 0 else "Drama" if i % 2 else "Action" for i in range(n)]
    return pd.DataFrame({"item_id": [str(i) for i in range(n)], "title": "a film", "category": "",
                         "genres": [*genres[:-4], *[""] * 4], "tags": ["quirky" if i < 9 else "" for i in range(n)],
                         "year": [np.nan if i == 5 else 1950.0 + i for i in range(n)], "clicks": np.arange(n) ** 2,
                         "seen in colour": [float(i % 2) for i in range(n)]})


@pytest.fixture(scope="module")
def attributes(table) -> wishes.Attributes:
    return wishes.Attributes(table)


def test_numbers_come_first_then_the_most_frequent(attributes):
    assert list(attributes) == ["popularity", "year", "Drama", "seen in colour", "Action", "Comedy"]
    assert attributes["year"].poles == Poles("older", "newer")
    assert attributes["popularity"].poles == Poles("hidden", "famous")
    assert attributes["Comedy"].yes_no
    assert not attributes["year"].yes_no
    assert attributes["Comedy"].share == pytest.approx(9 / 36)
    assert attributes["year"].known == pytest.approx(39 / 40)


def test_values_are_those_of_the_table(table, attributes):
    comedy = attributes.of_items("Comedy")
    assert np.isnan(comedy[-4:]).all()
    np.testing.assert_array_equal(comedy[:-4] == 1, table["genres"][:-4].str.contains("Comedy"))
    np.testing.assert_array_equal(attributes.of_items("year"), table["year"])
    np.testing.assert_array_equal(attributes.of_items("seen in colour"), table["seen in colour"])


def test_a_lean_is_centred_and_grows_with_the_attribute():
    rng = np.random.default_rng(0)
    price = np.exp(rng.normal(0, 3, 50))
    found = wishes.lean(price, rng.normal(size=(50, 3)))
    assert found.mean() == pytest.approx(0, abs=1e-6)
    assert (np.argsort(found) == np.argsort(price)).all()
    assert np.ptp(np.diff(np.sort(found))) == pytest.approx(0, abs=1e-5)  # by rank: a long tail is none
    rare, common = (wishes.lean((np.arange(200) < n).astype(float), np.ones((200, 2))) for n in (10, 100))
    assert np.ptp(rare) > np.ptp(common)
    assert not wishes.lean(np.ones(9), np.ones((9, 2))).any()
    assert not wishes.lean(np.full(9, np.nan), np.ones((9, 2))).any()


def test_what_is_unknown_is_predicted_from_the_vectors():
    """An item of which nothing is known, beside comedies, speaks for comedy, but less than they do."""
    rng = np.random.default_rng(1)
    comedy = np.repeat([1.0, 0.0], 60)
    vectors = np.eye(2)[np.repeat([0, 1], 60)] + 0.1 * rng.normal(size=(120, 2))
    told = comedy.copy()
    told[[0, 119]] = np.nan
    found = wishes.lean(told, vectors)
    assert 0 < found[0] <= found[1:60].max() + 0.1
    assert found[119] < 0
    useless = wishes.lean(told, rng.normal(size=(120, 2)))
    assert abs(useless[0]) < 0.5 * abs(found[0])
    few = np.full(120, np.nan)
    few[:10] = np.arange(10)
    assert not wishes.lean(few, vectors)[10:].any()  # too little to learn from: neither for nor against


def test_reach_and_weight():
    assert wishes.reach(np.array([1.0, 2.0, 6.0, -np.inf])) == 3.0
    assert wishes.reach(np.array([-np.inf])) == 0.0
    for yes_no in (True, False):
        assert [wishes.weight(w, yes_no) for w in (-1, 0, 1)] == [-1, 0, 1]
        assert 0 < wishes.weight(0.5, yes_no) == -wishes.weight(-0.5, yes_no) < 0.5
