"""The benchmark of labels: what it draws, that it measures each number of labels, and the chart of it."""


import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def label_curve(benchmark):
    return benchmark("label_curve")


def test_labels_are_drawn_from_every_group(label_curve):
    groups = np.repeat([0, 1, 2], [40, 3, 10])
    attributes = pd.DataFrame({"size": np.arange(53.0), "known": np.where(np.arange(53) % 2, 1.0, np.nan)})
    found = label_curve.drawn(groups, attributes, 5, 0)
    labelled = found["size"].notna()
    assert np.bincount(groups[labelled]).tolist() == [5, 3, 5]
    pd.testing.assert_frame_equal(found[labelled], attributes[labelled])
    assert found[~labelled].isna().all(axis=None)
    pd.testing.assert_frame_equal(found, label_curve.drawn(groups, attributes, 5, 0))
    assert not found.equals(label_curve.drawn(groups, attributes, 5, 1))
    pd.testing.assert_frame_equal(label_curve.drawn(groups, attributes, None, 0), attributes)


def test_genres_that_many_items_bear_are_attributes(label_curve, bundle):
    genres = ["Drama|Comedy" if i % 2 else "Comedy" for i in range(len(bundle.items))]
    genres[3] = "Western"
    of = type(bundle)(**{name: getattr(bundle, name) for name in bundle.__dataclass_fields__}
                      | {"items": bundle.items.assign(genres=genres)})
    found = label_curve.attributes_of(of)
    assert list(found.columns) == ["size", "shade", "warmth", "price", "Drama"]  # nearly all are comedies, one is a Western
    assert (found["Drama"][1], found["Drama"][0]) == (1, 0)


def test_every_number_of_labels_is_measured(label_curve, bundle, monkeypatch):
    monkeypatch.setattr("macrid.dials.axes.LEVEL", 0.6)  # five epochs have learned little
    steps = []
    found = label_curve.measure(bundle, (0, 5, 19), 2, lambda: steps.append(1))
    assert len(steps) == 2 + 2 * 2
    assert list(found["curve"]) == ["none", "0", "5", "19"]
    assert found["pairs"] == 28
    steering = bundle.meta["metrics"]["steering"]
    assert found["curve"]["0"]["leakage"] == {"mean": pytest.approx(steering["leakage"]), "sd": 0,
                                              "min": pytest.approx(steering["leakage"]),
                                              "max": pytest.approx(steering["leakage"]), "n": 1}
    some = found["curve"]["19"]
    assert (found["curve"]["0"]["kept"]["mean"], some["kept"]["n"]) == (0, 2)
    assert 0 < some["kept"]["mean"] <= 28
    assert "r2" not in some  # all but one or two items of a factor are labelled
    assert -1 <= found["curve"]["5"]["r2"]["mean"] <= 1
    figure = label_curve.chart({"tiny": found})
    assert list(figure.data[0].x) == ["0", "5", "19"]
    np.testing.assert_allclose(figure.data[2].y, [found["curve"][c]["kept"]["mean"] / 28 for c in ("0", "5", "19")])
    assert label_curve.summary({"tiny": found}).count("\n") == 5
