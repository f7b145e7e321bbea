"""The large map without its page: what is drawn of a view, and what was picked."""

import numpy as np
import pytest

from macrid.charts import maps
from macrid.maps import atlas
from ui import item_maps
from ui.item_maps import Picked, View


@pytest.fixture(scope="module")
def category(bundle) -> maps.Groups:
    return maps.groups(bundle.items["category"])


def names(drawing) -> list[str]:
    return [trace.name for trace in drawing.figure.data]


@pytest.mark.parametrize(("colour", "grouped"), [("factor", True), (":category", True), ("popularity", False),
                                                 ("certainty", False), ("dial", False)])
def test_every_item_is_drawn_in_groups_or_on_a_scale(bundle, category, colour, grouped):
    drawing = item_maps.draw(View(bundle, "tsne", colour=colour), category, None)
    assert (drawing.by is not None) == grouped
    assert not drawing.sampled
    assert drawing.note
    drawn = np.concatenate([np.asarray(trace.customdata).ravel() for trace in drawing.figure.data
                            if trace.customdata is not None])
    assert sorted(drawn[drawn >= 0]) == list(range(len(bundle.items)))
    assert len(drawn[drawn < 0]) == len(np.unique(bundle.factor))  # the stars


def test_of_many_items_a_sample_is_drawn_before_a_picture_of_all(bundle, category, monkeypatch):
    monkeypatch.setattr(atlas, "DRAWN", 40)
    assert item_maps.draw(View(bundle, "umap"), category, None).sampled
    left, low = bundle.map_of("umap")[0]
    near = View(bundle, "umap", window=(left - 1e-3, left + 1e-3, low - 1e-3, low + 1e-3))
    assert not item_maps.draw(near, category, None).sampled


def test_people_and_a_marked_item_are_added(bundle, category):
    bare, full = View(bundle, "tsne"), View(bundle, "tsne", people=True)
    drawing = item_maps.draw(full, category, 3)
    assert len(names(drawing)) > len(names(item_maps.draw(bare, category, None)))
    assert len(names(item_maps.draw(bare, category, 3))) > len(names(item_maps.draw(bare, category, None)))


def test_what_was_picked():
    points = [{"customdata": [7]}, {"customdata": 3}, {}, {"customdata": None}, {"customdata": [-3]}, {"customdata": 7}]
    assert item_maps.picked(points) == Picked(2, [3, 7])
    assert item_maps.picked([]) == Picked(None, [])


def test_factors_take_the_colours_of_their_categories(bundle, category):
    by = item_maps.by_factor(bundle, category)
    assert by.names == [factor.name for factor in bundle.factors]
    assert set(by.colours) >= set(category.colours[:1])
    assert item_maps.factor_names(bundle)[5] == bundle.factors[bundle.factor[5]].name
