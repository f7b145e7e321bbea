"""Groups and their colours, and the bars of the overview."""

import itertools

import numpy as np
import pandas as pd
import pytest
from seeing import contrast, linear, oklab

from macrid.charts import colours, walkthrough
from macrid.charts import figures as charts

COUNTS = {"a": 5, "b": 3, "c": 2}


def categories(counts: dict[str, int]) -> pd.Series:
    return pd.Series([name for name, count in counts.items() for _ in range(count)], dtype=object)


# groups and colours ------------------------------------------------------------------------------------------------------


def test_colours_differ():
    assert len(set(colours.PALETTE)) == len(colours.PALETTE)
    assert colours.REST not in colours.PALETTE
    shown = colours.PALETTE[: colours.NAMED_GROUPS]
    for one, other in itertools.combinations([*shown, colours.REST], 2):
        assert np.linalg.norm(oklab(one) - oklab(other)) > 0.06, (one, other)


def without(kind: str, colour: str) -> np.ndarray:
    """OKLab of a colour as people without one kind of cones see it (Machado et al. 2009, severity 1)."""
    seen = {"protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
            "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]}
    light = np.clip(np.array(seen[kind]) @ linear(colour), 0, 1)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return oklab("#" + "".join(f"{round(255 * value):02x}" for value in coded))


@pytest.mark.parametrize("kind", ["protan", "deutan"])
def test_colour_blind_people_can_tell_twenty_groups_apart(kind):
    """By colour within a shape: circles for the first ten, diamonds for the others."""
    assert [colours.shape_of(colour) for colour in colours.colours_for(20)] == ["circle"] * 10 + ["diamond"] * 10
    for shape in (colours.PALETTE[:10], colours.PALETTE[10:]):
        for one, other in itertools.combinations(shape, 2):
            assert np.linalg.norm(without(kind, one) - without(kind, other)) > 0.07, (one, other)


@pytest.mark.parametrize("background", ["#FCFCFA", "#12181B"])
def test_colours_can_be_seen_in_the_light_and_in_the_dark(background):
    assert min(contrast(colour, background) for colour in colours.PALETTE) > 1.75


def test_groups_are_the_categories_the_most_frequent_first():
    series = categories({"c": 2, "a": 5, "b": 3})
    codes, names = colours.group(series)
    assert names == ["a", "b", "c"]
    assert [names[code] for code in codes] == list(series)


def test_items_without_a_category_are_unknown():
    codes, names = colours.group(categories({"a": 3, "": 9, "b": 1}))
    assert names == ["a", "b", "unknown"]
    assert np.bincount(codes).tolist() == [3, 1, 9]
    codes, names = colours.group(categories({"": 4}))
    assert names == ["unknown"]
    assert codes.tolist() == [0, 0, 0, 0]


def test_more_categories_than_can_be_told_apart_end_in_other():
    many = {f"c{i:02}": 30 - i for i in range(15)}
    codes, names = colours.group(categories(many))
    assert names == [*list(many)[:9], "other"]
    assert np.bincount(codes).tolist() == [*list(many.values())[:9], sum(list(many.values())[9:])]
    assert colours.group(categories(dict(list(many.items())[:10])))[1] == list(many)[:10]


def test_colours_for_groups():
    assert colours.colours_for(3) == list(colours.PALETTE[:3])
    assert colours.colours_for(3, rest=True) == [*colours.PALETTE[:2], colours.REST]
    assert len(colours.colours_for(50)) == 50


# the same colours on two maps --------------------------------------------------------------------------------------------


def test_a_factor_has_the_colour_of_its_category():
    reference = np.repeat([0, 1, 2], 10)
    codes = np.array([2, 0, 1])[reference]  # the same groups under other numbers
    by_factor = colours.matched(codes, reference, ["red", "green", "blue"], 3)
    assert [by_factor[code] for code in codes] == [["red", "green", "blue"][i] for i in reference]


def test_matching_is_the_best_one_over_all_groups():
    """Factor 0 has most of both categories; taking its best one first would leave factor 1 with nothing."""
    overlap = [[10, 9], [8, 0]]
    pairs = [(f, c) for f in range(2) for c in range(2) for _ in range(overlap[f][c])]
    codes, reference = map(np.array, zip(*pairs, strict=True))
    assert colours.matched(codes, reference, ["red", "green"], 2) == ["green", "red"]


@pytest.mark.parametrize(("groups", "factors"), [(7, 7), (3, 7), (10, 4), (1, 12), (10, 10)])
@pytest.mark.parametrize("rest", [False, True])
def test_no_colour_twice(groups, factors, rest):
    rng = np.random.default_rng(groups * factors)
    codes, reference = rng.integers(factors, size=300), rng.integers(groups, size=300)
    given = colours.matched(codes, reference, colours.colours_for(groups, rest), factors)
    assert len(given) == len(set(given)) == factors
    assert colours.REST not in given  # grey is for what has no name


def test_an_unused_factor_has_a_colour_too():
    given = colours.matched(np.array([0, 0, 2]), np.array([0, 0, 1]), colours.colours_for(2), 4)
    assert len(set(given)) == 4


# bars --------------------------------------------------------------------------------------------------------------------


def test_bars_stand_in_their_order_with_ours_in_colour():
    figures = {"ours": {"ndcg@100": 0.3, "ndcg@100_se": 0.01}, "best": {"ndcg@100": 0.4, "ndcg@100_se": 0.02},
               "worst": {"ndcg@100": 0.1}}
    bar, = charts.comparison(figures, "ndcg@100", "ours", "#123456").data
    assert list(bar.x) == [0.1, 0.3, 0.4]
    assert [name.split("  ")[0] for name in bar.y] == ["worst", "ours", "best"]
    assert list(bar.error_x.array) == [0, 0.01, 0.02]
    assert list(bar.marker.color) == [colours.GREY, "#123456", colours.GREY]


def test_along_a_dial():
    curves = pd.DataFrame({"size": np.linspace(0, 1, 9), "still": np.full(9, 0.5), "moves": np.linspace(0.7, 0.2, 9),
                           "unknown": np.full(9, np.nan), **{f"other {i}": np.full(9, 0.4) for i in range(6)}})
    fig = charts.along_dial(curves, "size")
    assert len(fig.data) == 10
    assert fig.data[-1].name == "size"  # drawn last, above the others
    assert fig.data[-1].line.width > max(line.line.width for line in fig.data[:-1])
    np.testing.assert_allclose(fig.data[-1].y, np.linspace(0, 100, 9))
    named = {a.text: a.y for a in fig.layout.annotations}
    assert set(named) >= {"<b>size</b>", "moves"}
    assert len(named) == charts.NAMED_CURVES + 1
    places = sorted(named.values())
    assert np.diff(places).min() >= 9 - 1e-9  # no name upon another
    assert len(charts.along_dial(curves, "dial 3").data) == 10
    assert charts.along_dial(curves.iloc[:, :0], "dial 3").data == ()


def test_names_that_would_touch_are_moved_apart():
    places = charts._apart(np.array([50.0, 52, 49, 100, 99]), 9)
    assert np.diff(np.sort(places)).min() >= 9 - 1e-9
    assert places.max() <= 100
    assert (np.argsort(places) == np.argsort([50.0, 52, 49, 100, 99])).all()
    assert charts._apart(np.array([]), 9).tolist() == []
    assert charts._apart(np.array([10.0, 90]), 9).tolist() == [10, 90]


def test_rows_of_a_walk_keep_their_bars_room_and_long_names_stay_apart():
    titles = ["A very long title of a film that goes on", "A very long title of a film that ends"]
    bars = walkthrough.stacked(np.array([[0.2, 0.8], [1.0, 0.0]]), titles, ["f", "<g>"], ["#111111", "#222222"], "c", ".0%")
    labels = bars.data[0].y
    assert len(set(labels)) == 2
    assert all(len(label) < 30 for label in labels)
    parts = walkthrough.parts(np.array([[0.0, 1.0, -1.0], [0.1, 0.2, 0.3]]), ["one & two", "b"])
    assert parts.data[0].zmax == -parts.data[0].zmin > 0.9
    assert parts.data[0].hovertext[0] == ["one &amp; two"] * 3
