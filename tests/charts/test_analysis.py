"""What goes with a map as figures, and files of results as figures."""

import numpy as np
import pytest
from seeing import contrast

from macrid.charts import analysis, colours, results
from macrid.charts import maps as map_charts
from macrid.results import findings


def test_the_confusion_shows_shares_by_colour_and_counts_in_words():
    figure = analysis.confusion(np.array([[8, 2], [0, 0]]), ["f", "<g>"], ["a", "b"])
    heat, = figure.data
    assert heat.z.tolist() == [[0.8, 0.2], [0, 0]]
    assert heat.text.tolist() == [["8", "2"], ["", ""]]
    assert [row[0] for row in heat.hovertext] == ["f", "&lt;g&gt;"]
    assert list(figure.layout.yaxis.ticktext) == ["f ", "&lt;g&gt; "]
    wide, = analysis.confusion(np.ones((2, 30)), ["f", "g"], [f"c{i}" for i in range(30)]).data
    assert wide.text is None  # it would not fit


@pytest.mark.parametrize(("dark", "ground"), [(False, "#FCFCFA"), (True, "#12181B")])
def test_the_larger_a_share_the_more_it_stands_out_from_the_page(dark, ground):
    heat, = analysis.confusion(np.array([[8, 2], [0, 0]]), ["f", "g"], ["a", "b"], dark).data
    stands_out = [contrast(colour, ground) for _, colour in heat.colorscale]
    assert stands_out == sorted(stands_out)
    assert stands_out[-1] > 4.5


def test_factors_stand_by_how_many_items_they_took():
    bar, = analysis.shares(np.array([3, 9, 5]), ["a", "b", "c"], ["#111111", "#222222", "#333333"]).data
    assert list(bar.y) == [9, 5, 3]
    assert list(bar.marker.color) == ["#222222", "#333333", "#111111"]
    assert list(bar.hovertext) == ["b", "c", "a"]


def test_norms_are_averaged_over_ten_groups_of_equally_many_items():
    clicks, norm = np.arange(1, 101), np.arange(100) / 10.0
    dots, line = analysis.norms(clicks, norm, most=40).data
    assert len(dots.x) == 40
    np.testing.assert_allclose(line.y, norm.reshape(10, 10).mean(axis=1))
    np.testing.assert_allclose(line.x[0], np.exp(np.log(clicks[:10]).mean()))
    few = analysis.norms(np.array([0, 4]), np.ones(2)).data[1]
    assert len(few.x) == 2


def test_the_panels_are_one_figure():
    xy = np.random.default_rng(0).normal(size=(6, 2))
    by = map_charts.Groups(np.arange(6) % 2, ["a", "b"], ["#0072B2", colours.PALETTE[11]])
    figure = analysis.panels([analysis.Panel("one", xy, by, np.arange(6)), analysis.Panel("two", -xy, by, np.arange(4))])
    maps, names = figure.data[::2], figure.data[1::2]
    assert [len(trace.x) for trace in maps] == [3, 3, 2, 2]
    assert [(trace.text[0], trace.marker.color) for trace in names] == [
        (name, colour) for _ in range(2) for name, colour in zip(by.names, by.colours, strict=True)]
    assert [note.text for note in figure.layout.annotations] == ["one", "two"]
    assert {trace.type for trace in figure.data} == {"scatter"}  # vectors, not a picture, in an SVG
    assert maps[1].marker.symbol == names[1].marker.symbol == "diamond"
    assert (figure.layout.yaxis.scaleanchor, figure.layout.yaxis2.scaleanchor) == ("x", "x2")


def test_a_sweep_has_points_a_line_and_a_band():
    x = np.arange(5.0)
    curve = findings.Curve("K = 7", [0, 2, 4, 6, 8], x, x**2, np.full(5, 0.1), findings.trend(x, x**2))
    lonely = findings.Curve("K = 1", [1], x[:1], x[:1], x[:1], None)
    figure = results.sweep([curve, lonely], [f"run {i}" for i in range(9)], "independence", "NDCG@100")
    band, line, dots, other = figure.data
    assert len(band.x) == 2 * len(line.x)
    assert list(dots.customdata) == curve.at
    assert list(dots.text) == ["run 0", "run 2", "run 4", "run 6", "run 8"]
    assert dots.marker.color != other.marker.color


def test_time_against_accuracy():
    models = [{"name": name, "title": name, "figures": {"ndcg@100": 0.3, "ndcg@100_se": 0.01}, "training": {"seconds": s}}
              for name, s in (("ease", 0), ("macridvae", 20.0))]
    figure = results.time_and_accuracy({"models": models}, "ndcg@100", "NDCG@100")
    dots, = figure.data
    assert list(dots.x) == [1e-3, 20]
    assert list(dots.marker.color) == colours.colours_for(2)
    assert list(dots.marker.symbol) == ["circle", "star"]
    assert dots.mode == "markers"  # names that stand beside dots would lie over one another; the legend has them
