"""One person's way through the model: every number against the formula, written out slowly."""

import numpy as np
import pytest

from macrid.bundle.walkthrough import walk
from macrid.charts import walkthrough


@pytest.fixture(params=["bundle", "twin"])
def way(request):
    bundle = request.getfixturevalue(request.param)
    return bundle, walk(bundle, bundle.history_of(bundle.people[0]), 6)


def test_the_steps(way):
    bundle, found = way
    np.testing.assert_allclose(found.routing.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(found.interest, found.routing.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found.parts, axis=1), 1, rtol=1e-5)
    p = np.zeros((len(bundle.items), bundle.settings.kfac))
    for i, vector in enumerate(bundle.vectors.astype(float)):
        for k in range(bundle.settings.kfac):
            p[i, k] = np.exp(bundle.log_c[i, k]) * np.exp(found.parts[k] @ vector * bundle.model.scale)
    p /= p.sum()
    np.testing.assert_allclose(found.shares, p[found.listed], rtol=1e-4)


def test_the_list_is_that_of_the_recommender(way):
    bundle, found = way
    listed = bundle.recommend(bundle.items["item_id"].iloc[found.clicks], n=6)
    assert bundle.items["item_id"].iloc[found.listed].tolist() == listed["item_id"].tolist()
    assert not set(found.listed) & set(found.clicks)


def test_bars_are_divided_among_the_factors():
    values = np.array([[0.7, 0.0, 0.3], [0.2, 0.0, 0.8]])
    figure = walkthrough.stacked(values, ["<same>", "<same>"], ["a", "b", "c"], ["#111", "#222", "#333"], "share", ".0%")
    assert [bar.name for bar in figure.data] == ["a", "c"]  # nobody has the second
    assert list(figure.data[0].y) == ["1. &lt;same&gt;", "2. &lt;same&gt;"]
    assert list(figure.data[1].x) == [0.3, 0.8]
    assert figure.layout.barmode == "stack"


def test_parts_stand_in_rows_with_zero_in_the_middle():
    figure = walkthrough.parts(np.array([[0.5, -1.0], [0.2, 0.1]]), ["a", "b"])
    heat, = figure.data
    assert 0 < heat.zmax == -heat.zmin <= 1
    assert [name.strip() for name in figure.layout.yaxis.ticktext] == ["a", "b"]
    assert list(heat.x) == [1, 2]
