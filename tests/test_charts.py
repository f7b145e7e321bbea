"""Figures: groups and their colours, what a map shows of every item, and text that stays text."""

import itertools

import numpy as np
import pandas as pd
import pytest
from seeing import contrast, linear, oklab

from macrid import charts

COUNTS = {"a": 5, "b": 3, "c": 2}


def categories(counts: dict[str, int]) -> pd.Series:
    return pd.Series([name for name, count in counts.items() for _ in range(count)], dtype=object)


# groups and colours ------------------------------------------------------------------------------------------------------


def test_colours_differ():
    assert len(set(charts.PALETTE)) == len(charts.PALETTE)
    assert charts.REST not in charts.PALETTE
    shown = charts.PALETTE[: charts.NAMED_GROUPS]
    for one, other in itertools.combinations([*shown, charts.REST], 2):
        assert np.linalg.norm(oklab(one) - oklab(other)) > 0.06, (one, other)


def without(kind: str, colour: str) -> np.ndarray:
    """OKLab of a colour as people without one kind of cones see it (Machado et al. 2009, severity 1)."""
    seen = {"protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
            "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]}
    light = np.clip(np.array(seen[kind]) @ linear(colour), 0, 1)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return oklab("#" + "".join(f"{round(255 * value):02x}" for value in coded))


@pytest.mark.parametrize("kind", ["protan", "deutan"])
def test_colour_blind_people_can_tell_seven_groups_apart(kind):
    for one, other in itertools.combinations(charts.PALETTE[:7], 2):
        assert np.linalg.norm(without(kind, one) - without(kind, other)) > 0.045, (one, other)


@pytest.mark.parametrize("background", ["#FCFCFA", "#12181B"])
def test_colours_can_be_seen_in_the_light_and_in_the_dark(background):
    assert min(contrast(colour, background) for colour in charts.PALETTE[:7]) > 1.9


def test_groups_are_the_categories_the_most_frequent_first():
    series = categories({"c": 2, "a": 5, "b": 3})
    codes, names = charts.group(series)
    assert names == ["a", "b", "c"]
    assert [names[code] for code in codes] == list(series)


def test_items_without_a_category_are_unknown():
    codes, names = charts.group(categories({"a": 3, "": 9, "b": 1}))
    assert names == ["a", "b", "unknown"]
    assert np.bincount(codes).tolist() == [3, 1, 9]
    codes, names = charts.group(categories({"": 4}))
    assert names == ["unknown"]
    assert codes.tolist() == [0, 0, 0, 0]


def test_more_categories_than_can_be_told_apart_end_in_other():
    many = {f"c{i:02}": 30 - i for i in range(15)}
    codes, names = charts.group(categories(many))
    assert names == [*list(many)[:9], "other"]
    assert np.bincount(codes).tolist() == [*list(many.values())[:9], sum(list(many.values())[9:])]
    assert charts.group(categories(dict(list(many.items())[:10])))[1] == list(many)[:10]


def test_colours_for_groups():
    assert charts.colours_for(3) == list(charts.PALETTE[:3])
    assert charts.colours_for(3, rest=True) == [*charts.PALETTE[:2], charts.REST]
    assert len(charts.colours_for(50)) == 50


# the same colours on two maps --------------------------------------------------------------------------------------------


def test_a_factor_has_the_colour_of_its_category():
    reference = np.repeat([0, 1, 2], 10)
    codes = np.array([2, 0, 1])[reference]  # the same groups under other numbers
    found = charts.matched(codes, reference, ["red", "green", "blue"], 3)
    assert [found[code] for code in codes] == [["red", "green", "blue"][i] for i in reference]


def test_matching_is_the_best_one_over_all_groups():
    """Factor 0 has most of both categories; taking its best one first would leave factor 1 with nothing."""
    overlap = [[10, 9], [8, 0]]
    pairs = [(f, c) for f in range(2) for c in range(2) for _ in range(overlap[f][c])]
    codes, reference = map(np.array, zip(*pairs, strict=True))
    assert charts.matched(codes, reference, ["red", "green"], 2) == ["green", "red"]


@pytest.mark.parametrize(("groups", "factors"), [(7, 7), (3, 7), (10, 4), (1, 12), (10, 10)])
@pytest.mark.parametrize("rest", [False, True])
def test_no_colour_twice(groups, factors, rest):
    rng = np.random.default_rng(groups * factors)
    codes, reference = rng.integers(factors, size=300), rng.integers(groups, size=300)
    found = charts.matched(codes, reference, charts.colours_for(groups, rest), factors)
    assert len(found) == len(set(found)) == factors
    assert charts.REST not in found  # grey is for what has no name


def test_an_unused_factor_has_a_colour_too():
    found = charts.matched(np.array([0, 0, 2]), np.array([0, 0, 1]), charts.colours_for(2), 4)
    assert len(set(found)) == 4


# maps --------------------------------------------------------------------------------------------------------------------


def a_map(n: int = 30, **changes):
    rng = np.random.default_rng(0)
    items = pd.DataFrame({"title": [f"item {i}" for i in range(n)], "category": ["x" if i % 2 else "" for i in range(n)]})
    given = {"xy": rng.normal(size=(n, 2)).astype(np.float32), "codes": np.arange(n) % 3, "names": ["a", "b", "c"],
             "colours": ["#111111", "#222222", "#333333"], "items": items,
             "factor_names": np.array([f"f{i % 4}" for i in range(n)], object)} | changes
    return given, charts.item_map(**given)


def test_every_item_is_one_point_of_its_group():
    given, figure = a_map(pictures="picture/shop/abc/")
    assert [trace.name for trace in figure.data] == ["a", "b", "c"]
    assert [trace.marker.color for trace in figure.data] == given["colours"]
    found = np.concatenate([trace.customdata for trace in figure.data])
    assert sorted(found) == list(range(30))
    for code, trace in enumerate(figure.data):
        assert trace.type == "scattergl"
        mine = np.asarray(trace.customdata)
        assert (given["codes"][mine] == code).all()
        np.testing.assert_array_equal(np.stack([trace.x, trace.y], axis=1), given["xy"][mine])
    assert figure.layout.meta == {"pictures": "picture/shop/abc/"}


def test_hovering_shows_title_category_and_factor():
    _, figure = a_map()
    assert figure.data[0].text[0] == "<b>item 0</b><br>no category<br>factor: f0"
    assert figure.data[0].text[1] == "<b>item 3</b><br>x<br>factor: f3"
    assert figure.data[0].hovertemplate == "%{text}<extra></extra>"


def test_text_of_the_data_is_never_markup():
    evil = "<script>alert(1)</script> & <b>bold</b>"
    items = pd.DataFrame({"title": [evil], "category": [evil]})
    _, figure = a_map(1, items=items, codes=np.zeros(1, int), names=[evil], colours=["#111111"],
                      factor_names=np.array([evil], object))
    plain = "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;bold&lt;/b&gt;"
    assert figure.data[0].text[0] == f"<b>{plain}</b><br>{plain}<br>factor: {plain}"
    assert not figure.layout.showlegend  # a legend would read the name as markup


def test_both_axes_have_one_scale():
    _, figure = a_map()
    assert figure.layout.yaxis.scaleanchor == "x"
    assert figure.layout.xaxis.range == figure.layout.yaxis.range == (-1.06, 1.06)


def test_points_shrink_as_items_grow():
    sizes = [a_map(n)[1].data[0].marker.size for n in (30, 5000, 20000)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 6
    assert sizes[-1] == 2.5


def test_empty_groups_and_maps():
    _, figure = a_map(3, codes=np.zeros(3, int))
    assert [len(trace.x) for trace in figure.data] == [3, 0, 0]
    _, figure = a_map(0)
    assert [len(trace.x) for trace in figure.data] == [0, 0, 0]


def test_the_same_map_twice_is_the_same_bytes():
    assert a_map()[1].to_json() == a_map()[1].to_json()


# bars --------------------------------------------------------------------------------------------------------------------


def test_bars_stand_in_their_order_with_ours_in_colour():
    figures = {"ours": {"ndcg@100": 0.3, "ndcg@100_se": 0.01}, "best": {"ndcg@100": 0.4, "ndcg@100_se": 0.02},
               "worst": {"ndcg@100": 0.1}}
    bar, = charts.comparison(figures, "ndcg@100", "ours", "#123456").data
    assert list(bar.x) == [0.1, 0.3, 0.4]
    assert [name.split("  ")[0] for name in bar.y] == ["worst", "ours", "best"]
    assert list(bar.error_x.array) == [0, 0.01, 0.02]
    assert list(bar.marker.color) == [charts.GREY, "#123456", charts.GREY]


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
    found = charts._apart(np.array([50.0, 52, 49, 100, 99]), 9)
    assert np.diff(np.sort(found)).min() >= 9 - 1e-9
    assert found.max() <= 100
    assert (np.argsort(found) == np.argsort([50.0, 52, 49, 100, 99])).all()
    assert charts._apart(np.array([]), 9).tolist() == []
    assert charts._apart(np.array([10.0, 90]), 9).tolist() == [10, 90]
