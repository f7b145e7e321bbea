"""Figures of maps: what they show of every item, marks, the density of many, and text that stays text."""

import base64
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from macrid.charts import colours, maps


def a_map(n: int = 30, pictures=None, shown=None, **changes):
    rng = np.random.default_rng(0)
    items = pd.DataFrame({"title": [f"item {i}" for i in range(n)], "category": ["x" if i % 2 else "" for i in range(n)]})
    given = {"xy": rng.normal(size=(n, 2)).astype(np.float32), "codes": np.arange(n) % 3, "names": ["a", "b", "c"],
             "colours": ["#111111", "#222222", "#333333"], "items": items,
             "factor_names": np.array([f"f{i % 4}" for i in range(n)], object)} | changes
    by = maps.Groups(given["codes"], given["names"], given["colours"])
    shown = np.arange(n) if shown is None else shown
    return given, maps.item_map(maps.points(given["xy"], given["items"], given["factor_names"], shown), by, pictures)


def test_every_item_is_one_point_of_its_group():
    given, figure = a_map(pictures="picture/shop/abc/")
    assert [trace.name for trace in figure.data] == ["a", "b", "c"]
    assert [trace.marker.color for trace in figure.data] == given["colours"]
    positions = np.concatenate([trace.customdata for trace in figure.data])
    assert sorted(positions) == list(range(30))
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


def test_only_the_sample_is_drawn():
    _, figure = a_map(shown=np.array([1, 4, 9]))
    assert [list(trace.customdata) for trace in figure.data] == [[9], [1, 4], []]
    assert figure.data[1].text[1] == "<b>item 4</b><br>no category<br>factor: f0"


def test_groups_of_a_column():
    by = maps.groups(pd.Series(["b", "a", "b", ""], dtype=object))
    assert by.names == ["b", "a", "unknown"]
    assert by.codes.tolist() == [0, 1, 0, 2]
    assert by.colours == [*colours.PALETTE[:2], colours.REST]


# numbers -------------------------------------------------------------------------------------------------------------------


def a_scale(values):
    figure = maps.frame(300)
    n = len(values)
    points = maps.Points(np.zeros((n, 2), np.float32), np.arange(n), np.array([f"item {i}" for i in range(n)], object))
    maps.add_scale(figure, points, pd.Series(values), "size")
    return figure


def test_numbers_colour_the_items_and_unknown_ones_are_grey():
    grey, scaled = a_scale([0.0, np.nan, 10.0, 5.0]).data
    assert list(grey.customdata) == [1]
    assert grey.marker.color == colours.REST
    assert list(scaled.customdata) == [0, 2, 3]
    assert list(scaled.marker.color) == [0, 1, 0.5]  # by place
    assert scaled.text[1] == "item 2<br>size: 10"


def test_one_outlier_does_not_take_all_the_colours():
    _, scaled = a_scale([*np.linspace(0, 1, 501)[:-1], 1e6]).data
    assert np.quantile(scaled.marker.color, [0.25, 0.75]) == pytest.approx([0.25, 0.75])
    assert scaled.marker.colorbar.ticktext[:4] == ("0", "0.25", "0.5", "0.75")
    assert scaled.marker.colorbar.ticktext[4] == "1e+06"


def test_places_are_those_among_what_is_known():
    np.testing.assert_array_equal(maps.places(np.array([7.0, np.nan, 3.0, 7.0, 100.0])), [0.5, np.nan, 0, 0.5, 1])
    np.testing.assert_array_equal(maps.places(np.array([3.0, 3.0, 3.0])), [0.5, 0.5, 0.5])
    assert np.isnan(maps.places(np.array([np.nan]))).all()
    np.testing.assert_array_equal(maps.tick_values(np.array([np.nan])), [0] * 5)


def test_groups_take_the_colours_of_what_they_overlap_and_grey_stays():
    other = maps.Groups(np.array([0, 0, 1, 1, 1]), ["a", "b"], ["#111111", "#222222"])
    by = maps.Groups(np.array([1, 1, 0, 0, 2]), ["x", "y", "other"], ["#333333", "#444444", colours.REST])
    assert maps.alike(by, other).colours == ["#222222", "#111111", colours.REST]


# marks -------------------------------------------------------------------------------------------------------------------


def test_prototypes_are_named_stars():
    figure = maps.frame(300)
    places = np.array([[0.1, 0.2], [np.nan, np.nan], [0.3, 0.4]])
    maps.add_stars(figure, places, ["<a>", "b", "c"], ["#111111", "#222222", "#333333"])
    star, = figure.data
    assert list(star.customdata) == [-1, -3]
    assert list(star.marker.color) == ["#111111", "#333333"]
    assert [note.text for note in figure.layout.annotations] == ["<b>&lt;a&gt;</b>", "<b>c</b>"]
    shorter = maps.frame(300)
    maps.add_stars(shorter, places, ["<a>", "b", "c"], ["#111111", "#222222", "#333333"], ["A", "B", "C"])
    assert [note.text for note in shorter.layout.annotations] == ["<b>A</b>", "<b>C</b>"]
    assert list(shorter.data[0].text) == list(star.text)  # the whole name, where the mouse is


def test_long_names_take_two_lines_and_grow_away_from_the_edges():
    figure = maps.frame(300)
    name = "1940s to 70s, like Casablanca and To Kill a Mockingbird"
    maps.add_stars(figure, np.array([[-0.9, 0.2], [0.0, 0.1], [0.8, 0.4]]), [name] * 3, ["#111111"] * 3)
    notes = figure.layout.annotations
    assert [note.xanchor for note in notes] == ["left", "center", "right"]
    assert {note.text for note in notes} == {"<b>1940s to 70s, like<br>Casablanca and To …</b>"}


def test_names_of_stars_that_are_near_each_other_do_not_cover_one_another():
    figure = maps.frame(300)
    places = np.array([[0.1, 0.02], [0.0, 0.1], [0.0, -0.8], [0.05, 0.0]])
    maps.add_stars(figure, places, ["1940s to 70s", "1990 to 94", "Action", "1996"], ["#111111"] * 4)
    assert [note.yshift for note in figure.layout.annotations] == [-20, 20, 20, 20]  # the last has no room on either side


def test_what_was_found_is_marked_with_its_neighbours():
    figure = maps.frame(300)
    xy = np.arange(10, dtype=np.float32).reshape(5, 2)
    maps.add_found(figure, xy, 1, np.array([3, 4]), "A <title>")
    near, mark = figure.data
    assert (list(near.x), list(near.y)) == ([6, 8], [7, 9])
    assert (list(mark.x), list(mark.y)) == ([2], [3])
    assert figure.layout.annotations[0].text == "<b>A &lt;title&gt;</b>"
    assert near.customdata is None  # a click on a mark is a click on the item below


def test_people_are_rings_in_the_colours_of_their_factors():
    figure = maps.frame(300)
    parts = pd.DataFrame({"id": ["u<1>", "u2", "u1"], "factor": [1, 0, 0], "x": [0.0, 1, 2], "y": [3.0, 4, 5]})
    maps.add_parts(figure, parts, ["f", "g"], ["#0072B2", colours.PALETTE[12]])
    assert [list(trace.x) for trace in figure.data] == [[1, 2], [0]]
    assert [trace.marker.symbol for trace in figure.data] == ["circle-open", "diamond-open"]
    assert figure.data[1].text[0] == "<b>u&lt;1&gt;</b><br>their part for g"


# density -----------------------------------------------------------------------------------------------------------------


def pixels(figure) -> np.ndarray:
    image, = figure.layout.images
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(image.source.split(",")[1]))))


def test_a_png_is_what_it_was_made_from():
    given = np.random.default_rng(0).integers(0, 256, (7, 5, 4), dtype=np.uint8)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(maps.png(given)))), given)


def test_the_density_has_the_points_where_they_are_in_their_mean_colour():
    xy = np.array([[-1.0, 1.0]] * 3 + [[1.0, -1.0], [5.0, 5.0]], np.float32)  # the last one outside
    tint = np.array([[255, 0, 0]] * 2 + [[0, 0, 255]] + [[0, 255, 0]] * 2, np.uint8)
    figure = maps.frame(300)
    maps.add_density(figure, xy, tint)
    seen = pixels(figure)
    assert (seen[..., 3] > 0).sum() == 2
    (top, left), (bottom, right) = np.argwhere(seen[..., 3] > 0)
    assert top < 20
    assert left < 20
    assert min(bottom, right) > maps.PIXELS - 20
    assert seen[top, left].tolist() == [170, 0, 85, 255]
    assert seen[bottom, right, :3].tolist() == [0, 255, 0]
    assert seen[bottom, right, 3] < 255  # one point is fainter than three
    image, = figure.layout.images
    assert (image.x, image.y, image.sizex, image.sizey) == (-1.06, 1.06, 2.12, 2.12)


def test_the_density_of_a_window_is_its_own():
    xy = np.array([[0.5, 0.5], [0.9, 0.9]], np.float32)
    figure = maps.frame(300, window=(0.4, 0.6, 0.4, 0.6))
    maps.add_density(figure, xy, np.zeros((2, 3), np.uint8), (0.4, 0.6, 0.4, 0.6))
    assert (pixels(figure)[..., 3] > 0).sum() == 1
    assert figure.layout.xaxis.range == (0.4, 0.6)


def test_tints():
    by = maps.Groups(np.array([1, 0]), ["a", "b"], ["#010203", "#FF0000"])
    assert maps.tints(by).tolist() == [[255, 0, 0], [1, 2, 3]]
    scale = maps.tints(pd.Series([0.0, 1.0, np.nan, -9.0]))
    assert scale[2].tolist() == [154, 160, 166]
    assert not np.array_equal(scale[1], scale[3])
