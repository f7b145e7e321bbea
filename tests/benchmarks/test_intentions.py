"""The benchmark of intentions on a small shop: a row for each way, told items left out."""

import intentions
import numpy as np
import pytest

from macrid.data import shop


def test_rows_of_a_small_shop():
    rows = intentions.measured(shop.simulate(n_items=210, n_people=800, seed=0).data, (5,), 0)
    assert [row["factors"] for row in rows] == ["k-means alone", "0 labels a category", "5 labels a category"]
    assert rows[1]["nmi"] == rows[1]["nmi_rest"]
    assert rows[2]["nmi"] == pytest.approx(1, abs=0.1)


def test_as_many_are_told_of_every_category():
    category = np.array([0, 1, 2] * 10 + [-1] * 5)
    known = intentions.drawn(category, 4, 0)
    assert np.bincount(known[known >= 0]).tolist() == [4, 4, 4]
    np.testing.assert_array_equal(known[known >= 0], category[known >= 0])
    assert not np.array_equal(known, intentions.drawn(category, 4, 1))
