"""Wishes in somebody's own words."""

import pytest

from macrid.dials.poles import poles
from macrid.dials.wishes import Attribute
from macrid.dials.words import how, understand


def named(*numbers, tags=()):
    return {name: Attribute(name, poles(name, yes_no), yes_no, 1.0, 0.1)
            for names, yes_no in ((numbers, False), (tags, True)) for name in names}


FILMS = named("year", "popularity", tags=("Comedy", "Horror", "Action", "Romance", "Sci-Fi", "Children's", "Film-Noir"))
SHOP = named("size", "price", "shade", tags=("mugs", "wrist watches"))

MEANT = [
    ("newer, funnier, no horror, less violent", {"year": 1, "Comedy": 1, "Horror": -1, "Action": -1}),
    ("older and a little scarier", {"year": -1, "Horror": 1}), ("comedies", {"Comedy": 1}), ("COMEDY!", {"Comedy": 1}),
    ("fewer comedies but more science fiction", {"Comedy": -1, "Sci-Fi": 1}),
    ("sci-fi without romance", {"Sci-Fi": 1, "Romance": -1}),
    ("children’s films", {"Children's": 1}), ("no kids", {"Children's": -1}), ("hidden gems", {"popularity": -1}),
    ("well known", {"popularity": 1}), ("not too old", {"year": 1}), ("less new", {"year": -1}),
    ("more comedey", {"Comedy": 1}),
    ("no horror and romance", {"Horror": -1, "Romance": -1}), ("without horror or romance", {"Horror": -1, "Romance": -1}),
    ("no horror, more romance", {"Horror": -1, "Romance": 1}), ("no horror and more romance", {"Horror": -1, "Romance": 1}),
    ("no horror, romance", {"Horror": -1, "Romance": 1}), ("no horror but romance", {"Horror": -1, "Romance": 1}),
    ("no horror and no romance", {"Horror": -1, "Romance": -1}), ("neither horror nor comedy", {"Horror": -1, "Comedy": -1}),
    ("less horror and newer", {"Horror": -1, "year": 1}), ("no horror and I want comedy", {"Horror": -1, "Comedy": 1}),
    ("more comedy and newer", {"Comedy": 1, "year": 1}), ("less horror more romance", {"Horror": -1, "Romance": 1}),
    ("not too scary and violent", {"Horror": -1, "Action": -1}), ("nothing but comedy", {"Comedy": 1}),
    ("I would like something romantic, please", {"Romance": 1}), ("film noir", {"Film-Noir": 1}),
]


@pytest.mark.parametrize(("text", "meant"), MEANT)
def test_what_is_meant(text, meant):
    found = understand(text, FILMS)
    assert {name: (1 if value > 0 else -1) for name, value in found.wishes.items()} == meant
    assert not found.unknown
    assert all(-1 <= value <= 1 for value in found.wishes.values())


def test_a_word_means_what_the_catalogue_has():
    assert understand("bigger, cheaper, darker", SHOP).wishes.keys() == {"size", "price", "shade"}
    assert understand("darker", FILMS).wishes.keys() == {"Film-Noir"}
    assert understand("wrist watches and no mugs", SHOP).wishes == {"wrist watches": 0.6, "mugs": -1.0}
    assert understand("violent", named(tags=("violence", "Action"))).wishes.keys() == {"violence"}


def test_how_far():
    a_bit, plainly, much, only = (understand(f"{text} funny", FILMS).wishes["Comedy"]
                                  for text in ("a bit more", "more", "much more", "only"))
    assert 0 < a_bit < plainly < much < only == 1
    assert understand("no horror", FILMS).wishes["Horror"] == -1


def test_what_nobody_understands_is_said():
    found = understand("newer, with zebras", FILMS)
    assert (found.wishes.keys(), found.unknown) == ({"year"}, ["zebras"])
    assert found.heard[0].said == "newer"
    assert not understand("", FILMS).wishes


def test_what_is_said_last_counts():
    assert understand("older, newer", FILMS).wishes["year"] > 0


@pytest.mark.parametrize(("said", "sign"), [("+", 1), ("-", -1), ("more", 1), ("less", -1), ("newer", 1), ("older", -1),
                                            ("recent", 1), ("vintage", -1), ("no", -1), ("0.25", 1), ("-1", -1)])
def test_how_an_option_says_it(said, sign):
    assert how(said, FILMS["year"]) * sign > 0


@pytest.mark.parametrize("said", ["blue", "2", "-1.5", "nan", ""])
def test_what_is_no_wish(said):
    assert how(said, FILMS["year"]) is None
