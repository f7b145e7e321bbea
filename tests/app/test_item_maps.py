"""The large map without its page: what is drawn of a view, and what was picked."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from macrid.charts import maps
from macrid.charts.colours import colours_for
from macrid.maps import atlas
from ui import item_maps
from ui.item_maps import Picked, View


@pytest.fixture(scope="module")
def factors(bundle) -> maps.Groups:
    return item_maps.by_factor(bundle)


def names(drawing) -> list[str]:
    return [trace.name for trace in drawing.figure.data]


@pytest.mark.parametrize(("colour", "grouped"), [("factor", True), (":category", True), ("popularity", False),
                                                 ("certainty", False), ("dial", False)])
def test_every_item_is_drawn_in_groups_or_on_a_scale(bundle, factors, colour, grouped):
    drawing = item_maps.draw(View(bundle, "tsne", colour=colour), factors, None)
    assert (drawing.by is not None) == grouped
    assert not drawing.sampled
    assert drawing.note
    drawn = np.concatenate([np.asarray(trace.customdata).ravel() for trace in drawing.figure.data
                            if trace.customdata is not None])
    assert sorted(drawn[drawn >= 0]) == list(range(len(bundle.items)))
    assert len(drawn[drawn < 0]) == len(np.unique(bundle.factor))  # the stars


def test_of_many_items_a_sample_is_drawn_before_a_picture_of_all(bundle, factors, monkeypatch):
    monkeypatch.setattr(atlas, "DRAWN", 40)
    assert item_maps.draw(View(bundle, "umap"), factors, None).sampled
    left, low = bundle.map_of("umap")[0]
    near = View(bundle, "umap", window=(left - 1e-3, left + 1e-3, low - 1e-3, low + 1e-3))
    assert not item_maps.draw(near, factors, None).sampled


def test_people_and_a_marked_item_are_added(bundle, factors):
    bare, full = View(bundle, "tsne"), View(bundle, "tsne", people=True)
    drawing = item_maps.draw(full, factors, 3)
    assert len(names(drawing)) > len(names(item_maps.draw(bare, factors, None)))
    assert len(names(item_maps.draw(bare, factors, 3))) > len(names(item_maps.draw(bare, factors, None)))


def test_what_was_picked(bundle):
    points = [{"customdata": [7]}, {"customdata": 3}, {}, {"customdata": None}, {"customdata": [-3]}, {"customdata": 7},
              {"customdata": len(bundle.items)}, {"customdata": -1 - bundle.settings.kfac}]  # of another bundle
    assert item_maps.picked({"selection": {"points": points}}, bundle) == Picked(2, [3, 7])
    assert item_maps.picked(None, bundle) == Picked(None, [])


def test_a_factor_has_one_colour_and_its_category_and_its_twin_take_it(bundle, twin, factors):
    assert factors.names == [factor.name for factor in bundle.factors]
    assert factors.colours == colours_for(len(bundle.factors))
    assert item_maps.factor_names(bundle)[5] == bundle.factors[bundle.factor[5]].name
    drawn = item_maps.draw(View(bundle, "tsne", colour=":category"), factors, None).by
    assert len(set(drawn.colours)) == len(drawn.names)
    for by in (drawn, item_maps.by_factor(twin, factors)):
        overlap = np.zeros((len(by.names), len(factors.names)))
        np.add.at(overlap, (by.codes, factors.codes), 1)
        same = sum(overlap[code, factors.colours.index(colour)] for code, colour in enumerate(by.colours)
                   if colour in factors.colours)
        assert same == overlap[linear_sum_assignment(-overlap)].sum()


def test_a_search_goes_to_what_it_finds_and_dims_the_rest(bundle, factors):
    drawing = item_maps.draw(View(bundle, "tsne"), factors, 3)
    x, y = bundle.map_of("tsne")[3]
    low, high = drawing.figure.layout.xaxis.range
    assert low < x < high
    assert drawing.figure.layout.yaxis.range[0] < y < drawing.figure.layout.yaxis.range[1]
    assert high - low < 2
    kept = [place for trace in drawing.figure.data if trace.selectedpoints is not None
            for place in np.asarray(trace.customdata)[list(trace.selectedpoints)]]
    assert sorted(kept) == sorted([3, *atlas.neighbours(bundle, 3)])
