"""Titles: the items table and the pictures tidy them alike, whatever language the article is in."""

import numpy as np
import pandas as pd
import pytest
from layouts import write

from macrid.data.interactions import read
from macrid.data.titles import article_first, given, split_genres, split_year, tidy_title, year_of

ARTICLES = ["The", "An", "A", "La", "Le", "Les", "L'", "Las", "Los", "Lo", "El", "Il", "I", "Gli", "Das", "Der", "Die",
            "Den", "Det", "De", "En", "Un", "Une", "Una", "Ein", "Eine", "O", "Os", "As"]


def test_a_table_and_a_picture_give_one_title(tmp_path):
    raw = [f"Fugitivo, {article} (1990)" for article in ARTICLES]
    movies = "movieId,title,genres\n" + "".join(f'{k},"{title}",Drama\n' for k, title in enumerate(raw))
    ratings = "userId,movieId,rating,timestamp\n" + "".join(f"1,{k},1,1\n" for k in range(len(raw)))
    items = read(write(tmp_path, {"movies.csv": movies, "ratings.csv": ratings})).items
    wanted = [f"{article}{'' if article.endswith(chr(39)) else ' '}Fugitivo" for article in ARTICLES]
    assert list(items["title"]) == wanted
    assert [tidy_title(title) for title in raw] == [(title, 1990) for title in wanted]
    assert [tidy_title(title)[0] for title in items["title"]] == wanted  # tidied once more, it stays


def test_only_an_article_moves():
    for title in ("Good, the Bad and the Ugly", "Thelma, Louise", "Theatre, Them", "The, Matrix", "Go, Ask"):
        assert article_first(title) == title


@pytest.mark.parametrize(("raw", "title", "year"), [
    ("Heat (1995)", "Heat", 1995), ("Death Note (2006–2007) ", "Death Note", 2006), ("Lost (2004-)", "Lost", 2004),
    ("1984", "1984", None), ("(1999)", "(1999)", None), ("Heat (95)", "Heat (95)", None), ("", "", None),
])
def test_the_year_stands_in_brackets_at_the_end(raw, title, year):
    assert split_year(raw) == (title, year)


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NA, "", " ", [], np.array([])])
def test_cells_that_hold_nothing(nothing):
    assert not given(nothing)
    assert year_of(nothing) is None
    assert split_genres(nothing) == ()


def test_cells_that_hold_something():
    assert all(given(value) for value in ("a", 0, 0.5, ["a"], np.array([1])))
    assert [year_of(value) for value in (1995, 1995.0, "1995", np.int32(1995), np.float32(1995))] == [1995] * 5
    assert split_genres("Crime|Drama") == split_genres(["Crime", "Drama"]) == ("Crime", "Drama")
    assert split_genres("(no genres listed)") == ()
