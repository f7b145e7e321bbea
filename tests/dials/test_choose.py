"""The dials of a bundle: in order, orthogonal, with a record of the attributes that they bear."""

import numpy as np
import pandas as pd
import pytest

from macrid.dials import choose
from macrid.errors import InputError
from macrid.pipeline import evaluate


def chosen(of, method, labels=None, seed=0):
    scored = choose.Scored(of.vectors, of.factor, evaluate.shown_parts(of), of.model.scale)
    return choose.choose(method, scored, seed, of.attributes, labels)


@pytest.fixture
def labels(bundle):
    """All prices of the tiny shop, and of half of its items whether they are large."""
    large = (bundle.items["size"] > 0.5).astype(float).where(np.arange(len(bundle.items)) % 2 == 0)
    return pd.DataFrame({"price": bundle.items["price"].astype(float), "large": large})


@pytest.mark.parametrize("method", choose.METHODS)
@pytest.mark.parametrize("which", ["bundle", "twin"])
def test_orthogonal_and_in_order(request, labels, monkeypatch, which, method):
    monkeypatch.setattr("macrid.dials.axes.LEVEL", 0.6)  # five epochs have learned little
    of = request.getfixturevalue(which)
    found = chosen(of, method, labels if method == "labels" else None)
    assert found.method == method
    assert found.axes.shape == (7, 8, 8)
    for k in range(7):
        np.testing.assert_allclose(found.axes[k].T @ found.axes[k], np.eye(8), atol=1e-5)
        named = [j for i, j in found.aligned_dials if i == k]
        assert sorted(named) == list(range(len(named)))
        for part in (found.influence[k, : len(named)], found.influence[k, len(named):]):
            assert (np.diff(part) <= 0).all()
    assert (found.aligned is not None) == bool(found.aligned_dials) == (method == "labels")


def test_a_bundle_has_the_dials_of_ica(bundle):
    found = chosen(bundle, "ica")
    np.testing.assert_array_equal(found.axes, bundle.axes)
    np.testing.assert_array_equal(found.influence, bundle.influence)


def test_every_attribute_with_labels_is_borne_or_refused(bundle, labels, monkeypatch):
    monkeypatch.setattr("macrid.dials.axes.LEVEL", 0.6)
    record = chosen(bundle, "labels", labels).aligned
    said = sorted((row["factor"], row["attribute"]) for row in record["dials"] + record["refused"])
    assert said == [(k, name) for k in range(7) for name in ("large", "price")]
    for row in record["dials"] + record["refused"]:
        assert row["labels"] == labels[row["attribute"]][bundle.factor == row["factor"]].notna().sum()
    assert {row["measure"] for row in record["dials"] if row["attribute"] == "large"} <= {"AUC"}


def test_labels_are_asked_for(bundle):
    with pytest.raises(InputError, match="labels is None"):
        chosen(bundle, "labels")


def test_labels_that_teach_nothing_leave_the_dials_of_ica(bundle):
    none = pd.DataFrame({"luck": np.full(len(bundle.items), np.nan)})
    found = chosen(bundle, "labels", none)
    assert found.aligned == {"dials": [], "refused": []}
    np.testing.assert_array_equal(found.axes, bundle.axes)


def test_independent_dials_point_to_where_their_attribute_is_more(bundle):
    from macrid.data.attributes import association
    from macrid.dials.names import CLOSE

    found = chosen(bundle, "ica")
    close = 0
    for k in range(7):
        mine = np.flatnonzero(bundle.factor == k)
        for coordinate in (bundle.vectors[mine] @ found.axes[k]).T:
            best = max((association(coordinate, bundle.items[name].to_numpy()[mine]) for name in bundle.attributes), key=abs)
            assert best > -CLOSE
            close += best > CLOSE
    assert close
