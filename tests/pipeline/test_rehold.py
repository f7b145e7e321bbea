"""Factors told anew: a copy that keeps the model, holds what was told, and says so; the bundle itself stays."""

import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from commands import quick  # noqa: F401
from conftest import flat
from scipy.sparse import csr_matrix

from macrid.bundle import load
from macrid.data.intention_file import Intentions
from macrid.errors import InputError
from macrid.measures.evaluate import validation_ndcg
from macrid.model.linear_path import LinearPath
from macrid.pipeline import evaluate, refit, rehold


def told(bundle, each=4, names=None):
    """Some items of every category of the shop, under names of our own."""
    items = bundle.items
    categories = sorted(items["category"].unique())[:names]
    rows = {item: f"my {c}" for c in categories for item in items.loc[items["category"] == c, "item_id"][:each]}
    return Intentions(tuple(f"my {c}" for c in categories), rows)


def test_a_copy_holds_what_was_told(bundle, tmp_path):
    before = {path.name: path.read_bytes() for path in bundle.path.iterdir()}
    stages, intentions = [], told(bundle)
    found = rehold.rehold(bundle, tmp_path / "new", intentions, report=stages.append)
    assert stages == list(rehold.STAGES)
    assert (found.name, found.settings.routing, found.meta["twin"]) == ("new", "held", None)
    assert [factor.name for factor in found.factors] == list(intentions.names)
    assert (found.intentions.names, found.intentions.items) == (intentions.names, intentions.items)
    known = intentions.known(found.items["item_id"])
    np.testing.assert_array_equal(found.factor[known >= 0], known[known >= 0])
    category = pd.factorize(found.items["category"], sort=True)[0]
    assert (found.factor == category).mean() > (bundle.factor == category).mean()
    assert (found.factor == category).mean() > 0.9
    np.testing.assert_array_equal(found.vectors, bundle.vectors)
    assert flat(evaluate.evaluate(found)) == pytest.approx(flat(found.meta["metrics"]), rel=1e-6)
    assert {path.name: path.read_bytes() for path in bundle.path.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


@pytest.mark.parametrize("kfac", [3, 9])
def test_fewer_and_more_factors(bundle, tmp_path, kfac):
    intentions = told(bundle, names=3)
    found = rehold.rehold(bundle, tmp_path / "new", intentions, kfac)
    assert found.settings.kfac == kfac
    names = [factor.name for factor in found.factors]
    assert names[:3] == list(intentions.names)
    assert len(set(names)) == kfac
    assert found.axes.shape[0] == kfac
    assert found.person([0, 1]).steer({}, n=5).before.shape[0] == 5
    assert load(found.path).given_names == [*intentions.names, *[None] * (kfac - 3)]


def test_the_same_shares_are_the_same_model(bundle):
    """Held at the shares that it has, a model scores as before."""
    log_c = bundle.model.routing()
    copy = rehold.held(bundle.model, log_c * 0.1)  # the temperature that they are held at
    clicks = bundle.held_out("test").fold_in
    np.testing.assert_allclose(copy.scores(clicks), bundle.model.scores(clicks), atol=2e-4)


def test_mistakes(bundle, tmp_path):
    with pytest.raises(InputError, match="is the bundle itself"):
        rehold.rehold(bundle, bundle.path, told(bundle))
    with pytest.raises(InputError, match="kfac is 2, and 7 intentions are named; name fewer"):
        rehold.rehold(bundle, tmp_path / "new", told(bundle), 2)
    with pytest.raises(InputError, match="has no item 'nothing'"):
        rehold.rehold(bundle, tmp_path / "new", Intentions(("a",), {"nothing": "a"}))
    assert list(tmp_path.iterdir()) == []


def test_refitted_with_its_clicks(bundle, tiny_shop, tmp_path):
    """What was told stays where it is held, and the lists are no worse for the people who choose the epoch."""
    intentions = told(bundle, names=3)
    told_anew = rehold.rehold(bundle, tmp_path / "new", intentions)
    again = refit.refit(told_anew, tiny_shop.data)
    assert [factor.name for factor in again.factors] == [factor.name for factor in told_anew.factors]
    assert (again.intentions.names, again.intentions.items) == (intentions.names, intentions.items)
    known = intentions.known(again.items["item_id"])
    np.testing.assert_array_equal(again.factor[known >= 0], known[known >= 0])
    assert set(again.people) == set(bundle.people)
    assert again.meta["renewed"]["items"] == {"kept": len(bundle.items), "new": 0, "gone": 0}
    before, after = (validation_ndcg(each.model, again.held_out("validation")).mean() for each in (told_anew, again))
    assert after > before - 1e-6


def test_the_linear_path_is_weighed_again(bundle):
    """Of a path that says which item a person's held-out click is, the most is taken; of one that says nothing, none."""
    held_out = bundle.held_out("validation")
    tells = csr_matrix(held_out.fold_in.T @ held_out.answers)
    source = copy.copy(bundle.model)
    source.settings = replace(bundle.settings, linear_weight=None, popularity_power=0.0)
    for path, least in ((tells, 1.0), (csr_matrix(tells.shape, dtype=np.float32), 0.0)):
        source.linear = LinearPath(path, 0.5, np.zeros(len(bundle.items), np.float32))
        found = rehold.weighed(source, bundle)
        assert found.weight >= least
        assert (found.weight == 0) == (least == 0)
    source.settings = replace(bundle.settings, linear_weight=0.5, popularity_power=0.0)
    assert rehold.weighed(source, bundle) is source.linear  # somebody has said it
