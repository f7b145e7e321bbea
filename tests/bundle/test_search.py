"""Finding items by what people type."""

import numpy as np
import pandas as pd
import pytest

from macrid.bundle.search import Search, normal

TITLES = ["Schindler's List", "Mission: Impossible", "Face/Off", "L.A. Confidential", "The Godfather",
          "The Godfather: Part II", "Amélie", "Toy Story", "Toys", "Heat", "Nobody's Fool"]


@pytest.fixture(scope="module")
def search() -> Search:
    return Search(pd.DataFrame({"title": TITLES, "category": "film", "genres": ["Drama|War", *["Action"] * 10],
                                "year": [1993.0, 1996, 1997, 1997, 1972, 1974, 2001, 1995, 1992, np.nan, 1994],
                                "clicks": np.arange(11)}))


@pytest.mark.parametrize(("typed", "first"), [
    ("Schindler's List", "Schindler's List"), ("schindlers list", "Schindler's List"), ("schindler", "Schindler's List"),
    ("Mission: Impossible", "Mission: Impossible"), ("mission impossible", "Mission: Impossible"), ("Face/Off", "Face/Off"),
    ("face off", "Face/Off"), ("L.A. Confidential", "L.A. Confidential"), ("la conf", "L.A. Confidential"),
    ("Godfather, The", "The Godfather"), ("the godfather", "The Godfather"), ("1995", "Toy Story"), ("amelie", "Amélie"),
    ("AMÉLIE", "Amélie"), ("toy stroy", "Toy Story"), ("shindlers lst", "Schindler's List"),
    ("war drama", "Schindler's List")])
def test_what_is_meant_comes_first(search, typed, first):
    assert TITLES[search.find(typed, 5)[0]] == first


def test_the_most_clicked_come_first_and_n_at_most(search):
    assert search.find("film", 3) == [10, 9, 8]
    assert search.find("", 2) == [10, 9]
    assert search.find("toy", 5) == [8, 7]


@pytest.mark.parametrize(("typed", "first"), [("the godfahter", "The Godfather"), ("shindler list", "Schindler's List"),
                                              ("nobodis fool", "Nobody's Fool"), ("amelei", "Amélie")])
def test_titles_that_are_nearly_meant_are_found_among_many(typed, first):
    """Of a large catalogue only the titles that share most pairs of letters are compared."""
    letters = np.random.default_rng(0).choice(list("abcdefghijklmnopqrstuvwxyz  "), (5_000, 14))
    many = Search(pd.DataFrame({"title": [*map("".join, letters), *TITLES]}))
    assert many.titles[many.find(typed, 5)[0]] == normal(first)


def test_nothing_like_it(search):
    assert search.find("qqqq wwww zzzz", 5) == []
    assert search.find("<b>", 5) in ([], search.find("b", 5))
