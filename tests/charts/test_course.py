"""The course of trainings as figures."""

from macrid.charts.course import COLOURS, Line, course
from macrid.results.collapse import VARIANTS


def test_a_line_a_training_and_bold_ones_stand_out():
    thin, bold = course([Line("a <b>", "#111111", [1, 2, 5], [1, 2, 3], bold=False),
                         Line("c", "#222222", [1, 2, 5], [2, 3, 4])]).data
    assert (list(thin.x), list(thin.y), list(bold.y)) == ([1, 2, 5], [1, 2, 3], [2, 3, 4])
    assert bold.line.width > thin.line.width
    assert "a &lt;b&gt;" in thin.hovertemplate


def test_the_axis_begins_at_nothing_and_ends_at_the_top_or_beyond_what_is_reached():
    line = Line("a", "#111111", [1, 2], [0.2, 4])
    assert course([line]).layout.yaxis.range[0] == 0
    assert 4 < course([line]).layout.yaxis.range[1] < 5
    assert 7 < course([line], top=7).layout.yaxis.range[1] < 8
    assert course([line], top=1, percent=True).layout.yaxis.tickformat == ".0%"


def test_every_variant_has_a_colour_of_its_own():
    assert set(COLOURS) == set(VARIANTS)
    assert len(set(COLOURS.values())) == len(VARIANTS)
