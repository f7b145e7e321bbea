"""Names of factors and dials: true of the items shown, always different, made from what the factor holds."""

import re
from itertools import permutations
from math import isclose, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, vstack

from macrid import bundle
from macrid.data.fetch import fetch
from macrid.data.interactions import read
from macrid.data.split import strong, to_clicks
from macrid.dials.names import CLOSE, CLOSE_YES_NO, name_dial, name_factors, short_title
from macrid.dials.typical import KEPT, lift, typical_items
from macrid.errors import InputError
from macrid.training.spectral_start import spectral_start

SHOWN = 20


def table(categories, **columns):
    n = len(categories)
    return pd.DataFrame({"item_id": [f"i{i}" for i in range(n)], "title": [f"Title {i}" for i in range(n)],
                         "category": categories} | columns)


# What a name promises, from the words of the rule alone ----------------------------------------------------------------


def words_of(row):
    """All that an item bears, in small letters: what stands in its columns of text, a column with it, a column that it
    says yes to."""
    words = set()
    for column, value in row.items():
        if isinstance(value, str) and column not in ("item_id", "title", "image_url"):
            for word in value.split("|"):
                words |= {word.strip().lower(), f"{column} {word.strip()}".lower()}
        elif isinstance(value, bool | np.bool_) and value:
            words.add(column.replace("_", " ").lower())
    return words


def keeps(words, rows, clicks):
    """Whether each of these rows keeps one part of a name: an era, how well known, or a tag."""
    era = re.fullmatch(r"(\d{4})(s?)(?: to (\d{2}|\d{4})(s?))?", words)
    if era:
        first, decades, end, _ = era.groups()
        last = int(end if end and len(end) == 4 else first[:2] + end if end else first) + (9 if decades else 0)
        assert int(first) <= last
        return [int(first) <= row.get("year", nan) < last + 1 for row in rows]
    if words.lower() == "little known":
        return [row["clicks"] <= np.quantile(clicks, 0.25) for row in rows]
    if words.lower() == "widely known":
        return [row["clicks"] >= np.quantile(clicks, 0.75) for row in rows]
    return [words.lower() in words_of(row) for row in rows]


def pairs_of(rows):
    """What may stand behind "like": the beginning of a title, or of two that differ."""
    shorts = {short_title(row["title"]) for row in rows}
    assert all(any(row["title"].startswith(short.rstrip("…")) for row in rows) for short in shorts)
    return shorts | {f"{a} and {b}" for a, b in permutations(shorts, 2)}


def assert_true(factors, items, factor):
    """The law: each part of a name is kept by at least half of the twenty items shown, and by twice as large a share of them
    as of the catalogue; both parts by half of them at once; the exemplars are two of them that keep all that is said."""
    catalogue = items.to_dict("records")
    clicks = items.get("clicks")
    assert len({f.name for f in factors}) == len(factors)
    for f in factors:
        assert len(f.typical) == min(KEPT, (factor == f.index).sum())
        assert {factor[i] for i in f.typical} <= {f.index}
        rows = [catalogue[i] for i in f.typical[:SHOWN]]
        if not rows:
            assert f.name.startswith("Unused")
            continue
        name = re.sub(r" \(\d+\)$", "", f.name)
        said, _, like = ("", "", name[5:]) if name.startswith("Like ") else name.partition(", like ")
        all_kept = np.ones(len(rows), bool)
        for part in said.split(" · ") if said else []:
            kept = np.array(keeps(part, rows, clicks), bool)
            assert kept.mean() >= 0.5, (f.name, part, kept.mean())
            assert kept.mean() >= 2 * np.mean(keeps(part, catalogue, clicks)), (f.name, part)
            all_kept &= kept
        assert all_kept.mean() >= 0.5, f.name
        assert not like or like in pairs_of([row for row, kept in zip(rows, all_kept, strict=True) if kept]), f.name


def named(items, factor, certainty=None, kfac=None, people=None):
    """The factors, after the law has been checked."""
    certainty = np.ones(len(items)) if certainty is None else certainty
    found = name_factors(items, factor, certainty, kfac or int(factor.max()) + 1, people)
    assert_true(found, items, factor)
    return found


def names(*args, **more):
    return [f.name for f in named(*args, **more)]


# By hand ---------------------------------------------------------------------------------------------------------------


def test_a_clear_category_is_the_name():
    factor = np.repeat(np.arange(3), 10)
    found = named(table(np.array(["bags", "mugs", "lamps"], object)[factor]), factor)
    assert [f.name for f in found] == ["Bags", "Mugs", "Lamps"]
    assert [f.index for f in found] == [0, 1, 2]
    assert [f.share for f in found] == [1 / 3] * 3


def test_a_genre_that_half_of_the_catalogue_bears_names_nothing():
    genres = ["Crime|Film-Noir"] * 9 + ["Crime"] + ["Comedy"] * 20 + ["Comedy|Romance"] * 10
    factor = np.repeat([0, 1], [10, 30])
    first, second = names(table([""] * 40, genres=genres), factor)
    assert first in ("Crime", "Crime · Film-Noir")
    assert second == "Like Title 10 and Title 11"  # Comedy: three quarters of all


def test_a_genre_of_fewer_than_half_of_the_items_shown_names_nothing():
    genres = ["Western"] * 9 + [""] * 11 + [""] * 80
    found = named(table([""] * 100, genres=genres), np.repeat([0, 1], [20, 80]))
    assert "Western" not in found[0].name
    genres[9] = "Western"
    assert names(table([""] * 100, genres=genres), np.repeat([0, 1], [20, 80]))[0] == "Western, like Title 0 and Title 1"


def test_the_twenty_shown_count_and_not_the_others():
    """Of a hundred items of the factor a fifth are westerns: the typical ones."""
    certainty = np.r_[np.full(20, 0.9), np.full(80, 0.5), np.full(100, 0.5)]
    genres = ["Western"] * 20 + [""] * 180
    items, factor = table([""] * 200, genres=genres), np.repeat([0, 1], 100)
    assert names(items, factor, certainty)[0] == "Western"
    assert names(items, factor, certainty[::-1].copy())[0].startswith("Western")  # equal ones stand in their order
    assert names(items, factor, np.r_[certainty[:100][::-1], certainty[100:]])[0].startswith("Like")


def test_eras():
    def of(first, others, n=20):
        years = np.r_[np.resize(first, n), np.resize(others, 3 * n)].astype(float)
        return names(table([""] * 4 * n, year=years), np.repeat([0, 1], [n, 3 * n]))[0]

    assert of([1931, 1945, 1962], range(1970, 2010)) == "1930s to 60s, like Title 0 and Title 1"
    assert of([1931, 1933, 1939], range(1940, 2000)).startswith("1930s, like")
    assert of([1996], [1960, *range(1990, 1996)]).startswith("1996, like")
    assert of([1996, 1998], [1960, *range(1990, 1996)]).startswith("1996 to 98, like")
    assert of([1999, 2001], [1960, *range(1990, 1996), *range(2005, 2010)]).startswith("1999 to 2001, like")
    assert of([1992, 2007], range(1930, 1990)).startswith("1990s to 2000s, like")
    assert of([nan], range(1930, 1990)).startswith("Like")
    assert of(range(1930, 1990, 3), range(1930, 1990)).startswith("Like")  # no narrower than the catalogue
    assert of([3, 4], [1, 2]).startswith("Like")  # no years


def test_two_claims_that_hold_of_the_same_items():
    genres = ["Animation"] * 20 + ["Animation"] * 20 + ["Drama"] * 120
    years = [1995.0] * 20 + [1940.0 + i for i in range(20)] + [1950.0 + i % 40 for i in range(120)]
    factor = np.repeat([0, 1, 2], [20, 20, 120])
    found = names(table([""] * 160, genres=genres, year=years), factor)
    assert found[0] in ("Animation · 1990s", "Animation · 1995")
    assert found[1] == "Animation · 1940s to 50s" or found[1].startswith("Animation")
    apart = ["Animation"] * 10 + ["Drama"] * 10 + ["Drama"] * 100  # half are animated, the other half of the 1990s
    years = [1950.0] * 10 + [1995.0] * 10 + [1950.0 + i % 40 for i in range(100)]
    assert " · " not in names(table([""] * 120, genres=apart, year=years), np.repeat([0, 1], [20, 100]))[0]


def test_a_tag_of_two_factors_goes_with_exemplars():
    genres = ["Comedy"] * 40 + [""] * 120
    found = names(table([""] * 160, genres=genres), np.repeat([0, 1, 2], [20, 20, 120]))
    assert found[:2] == ["Comedy, like Title 0 and Title 1", "Comedy, like Title 20 and Title 21"]


def test_how_well_known_the_items_are_names_what_nothing_else_does():
    clicks = np.r_[np.full(20, 1), np.full(20, 900), 10 + np.arange(80)]
    found = names(table([""] * 120, clicks=clicks), np.repeat([0, 1, 2], [20, 20, 80]))
    assert found[0] == "Little known, like Title 0 and Title 1"
    assert found[1] == "Widely known, like Title 20 and Title 21"
    assert found[2].startswith("Like ")
    some = np.r_[np.full(30, 900), np.full(70, 1), 10 + np.arange(100)]  # the known ones are shown, but most aren't
    assert names(table([""] * 200, clicks=some), np.repeat([0, 1], 100))[0].startswith("Like ")


def test_tags_come_from_any_column_that_groups():
    factor = np.repeat([0, 1, 2, 3], 20)
    brand, grade, tags = (np.where(factor == k, word, "") for k, word in ((0, "acme"), (1, "A"), (3, "time travel|robots")))
    items = table([""] * 80, brand=brand, grade=grade, on_sale=factor == 2, tags=tags)
    found = names(items, factor)
    assert found[:3] == ["Acme", "Grade A", "On sale"]
    assert found[3] in ("Robots · time travel", "Time travel · robots", "Robots", "Time travel")
    mixed = [["a"] if i % 2 else None for i in range(80)]
    unknown = items.assign(brand=items["brand"].where(factor != 1, None), mixed=mixed)
    assert names(unknown, factor)[:3] == ["Acme", "Grade A", "On sale"]


def test_tags_that_differ_in_case_alone_are_one():
    genres = ["Sci-Fi"] * 6 + ["Drama"] * 74
    tags = [""] * 6 + ["sci-fi"] * 6 + [""] * 68  # with the genres, twelve of twenty
    found = names(table([""] * 80, genres=genres, tags=tags), np.repeat([0, 1], [20, 60]))
    assert found[0].startswith("Sci-Fi, like")


def test_without_categories_titles_name_it_and_an_unused_factor_says_so():
    certainty = np.array([0.1, 0.9, 0.5, 0.2])
    found = named(table([""] * 4), np.array([0, 0, 0, 1]), certainty, 3)
    assert [f.name for f in found] == ["Like Title 1 and Title 2", "Like Title 3", "Unused 3"]
    assert found[0].typical == (1, 2, 0)
    assert (found[2].share, found[2].typical) == (0, ())


def test_long_titles_are_cut():
    assert short_title("Star Wars: Episode IV - A New Hope") == "Star Wars"
    assert short_title("Seven (a.k.a. Se7en)") == "Seven"
    assert short_title("Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb") == "Dr. Strangelove"
    assert short_title("Butch Cassidy and the Sundance Kid") == "Butch Cassidy and the…"
    assert short_title("2001: A Space Odyssey") == "2001: A Space Odyssey"
    assert short_title("(500)") == "(500)"
    assert short_title("x" * 60) == "x" * 24 + "…"


# Typical items ---------------------------------------------------------------------------------------------------------


def test_well_known_items_are_more_typical():
    found = named(table(["a"] * 3, clicks=[5, 500, 50]), np.zeros(3, int))
    assert found[0].typical == (1, 2, 0)


def test_sure_items_come_before_better_known_ones():
    clicks, certainty = np.array([100.0, 90.0, 3.0, 2.0]), np.array([0.3, 0.9, 0.9, 0.3])
    assert typical_items(np.zeros(4, int), certainty, 1, clicks, None)[0].tolist() == [1, 0, 2, 3]  # unknown ones last


def test_lift_by_hand():
    """Items 0, 1, 2 of factor 0 and 3, 4 of factor 1; item 2 is clicked by people of the other factor."""
    people = csr_matrix(np.array([[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 1, 1, 1], [0, 0, 0, 1, 1]], float))
    found = lift(people, np.array([0, 0, 0, 1, 1]), 2)
    share = np.array([5, 4]) / 9
    assert found[0] == pytest.approx((2 + 10 * share[0]) / (12 * share[0]))  # beside it, both times, another of its factor
    assert found[2] == pytest.approx(10 / 11)
    assert found[3] == pytest.approx((0.5 + 1 + 10 * share[1]) / (12 * share[1]))
    assert lift(csr_matrix((0, 5)), np.array([0, 0, 0, 1, 1]), 2).tolist() == [1] * 5


def test_lift_makes_items_typical():
    people = np.zeros((40, 30))
    people[:20, :10] = people[20:, 20:] = 1  # two crowds: items 0 to 9, 20 to 29
    people[20:, 10:20] = 1  # of factor 0, but clicked by the other crowd
    typical = typical_items(np.repeat([0, 1], [20, 10]), np.ones(30), 2, None, csr_matrix(people))
    assert set(typical[0][:10]) == set(range(10))


# The law on every catalogue ----------------------------------------------------------------------------------------------


@given(st.integers(1, 6), st.integers(0, 60), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_names_differ_and_shares_sum_to_one(kfac, n, seed):
    rng = np.random.default_rng(seed)
    n = max(n, 1)
    words = np.array(["", "Drama", "drama", "Comedy", "War"], object)
    items = table(words[rng.integers(0, 5, n)], year=np.where(rng.random(n) < 0.3, np.nan, 1900 + rng.integers(0, 99, n)))
    items["title"] = "The same"
    found = named(items, rng.integers(0, kfac, n), rng.random(n), kfac)
    assert all(f.name.strip() for f in found)
    assert isclose(sum(f.share for f in found), 1)


@given(st.integers(1, 8), st.integers(1, 300), st.floats(0, 1), st.integers(0, 10**6))
@settings(max_examples=80, deadline=None)
def test_every_name_is_true_of_a_made_up_catalogue(kfac, n, clear, seed):
    """Tags, years and clicks that go with the factors as far as `clear` says."""
    rng = np.random.default_rng(seed)
    factor = rng.integers(0, kfac, n)

    def drawn(values, likely):
        return np.where(rng.random(n) < clear, np.array(values)[likely % len(values)], rng.choice(values, n))

    genres = ["Drama", "Comedy|Romance", "Drama|War", "Sci-Fi", "Western|Comedy", ""]
    items = table(drawn(["bags", "mugs", ""], factor), genres=drawn(genres, factor),
                  colour=drawn(["red", "blue", "S", ""], factor),
                  tags=drawn(["", "sci-fi|slow", "western", "slow"], factor), new=drawn([True, False], factor),
                  year=drawn([nan, 1931.0, 1955.0, 1994.0, 1996.0, 1997.0, 2003.0], factor + rng.integers(0, 2, n)),
                  clicks=rng.integers(0, 50, n) * np.where(factor % 3 == 0, 20, 1))
    items["title"] = [f"{'The long long story' if i % 5 else 'The end'} and so on: part {i}" for i in range(n)]
    people = csr_matrix((rng.random((20, n)) < 0.2).astype(float))
    named(items, factor, rng.random(n), kfac, people if seed % 2 else None)


@pytest.mark.parametrize("which", ["shop", "shop-dot"])
def test_every_name_of_the_shop_is_true(which):
    shop = bundle.load(f"models/{which}")
    assert_true(shop.factors, shop.items, shop.factor)
    assert {f.name for f in shop.factors} == {c.capitalize() for c in shop.items["category"]}


@pytest.mark.network
@pytest.mark.parametrize("which", ["ml-100k", "ml-1m", "ml-latest-small"])
def test_every_name_of_real_films_is_true(which):
    """Of the factors that training starts from: spherical k-means of the spectral vectors."""
    try:
        split = strong(to_clicks(read(fetch(which))))
    except InputError as error:
        if "no answer" not in str(error):
            raise
        pytest.skip(str(error))
    items = split.items.assign(clicks=np.asarray(split.train.sum(axis=0)).ravel())
    people = vstack([split.validation.fold_in, split.test.fold_in]).tocsr()
    for kfac in (4, 7, 12, 20):
        start = spectral_start(split.train, kfac, 32, seed=0)
        logits = start.items @ start.prototypes.T / 0.1
        c = np.exp(logits - logits.max(axis=1, keepdims=True))
        factor, certainty = c.argmax(axis=1), c.max(axis=1) / c.sum(axis=1)
        found = named(items, factor, certainty, kfac, people)
        assert sum(f.name.startswith("Like ") for f in found) <= kfac / 2


# Dials -----------------------------------------------------------------------------------------------------------------


def test_a_dial_is_named_after_what_it_follows_closely():
    label = name_dial("size", 0.9, False, None)
    assert (label.name, label.low, label.high, label.confidence) == ("size", "smaller", "larger", 0.9)
    assert "0.90" in label.source
    turned = name_dial("size", -0.9, False, None)
    assert (turned.low, turned.high) == ("larger", "smaller")
    assert name_dial("size", CLOSE - 0.01, False, None) is None
    flag = name_dial("Horror", 0.8, True, None)
    assert (flag.low, flag.high, flag.confidence) == ("less Horror", "more Horror", 0.8)
    assert "AUC 0.90" in flag.source
    assert name_dial("Horror", CLOSE_YES_NO - 0.01, True, None) is None


def test_a_dial_learned_from_labels_says_so():
    row = {"attribute": "size", "measure": "R2", "confidence": 0.7, "labels": 12}
    label = name_dial("size", 0.1, False, row)  # whatever it follows: it was made for this
    assert (label.low, label.high, label.confidence) == ("smaller", "larger", 0.7)
    assert "12 labels" in label.source
    named = name_dial("size", 0.1, False, row | {"low": "small", "high": "large"})
    assert (named.low, named.high) == ("small", "large")
    flag = name_dial("Horror", 0.1, True, row | {"measure": "AUC", "confidence": 0.9})
    assert flag.confidence == pytest.approx(0.8)
    assert (flag.low, flag.high) == ("less Horror", "more Horror")
