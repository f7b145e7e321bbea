"""Aligning: a copy with other dials whose scores are the same, never over the bundle that it comes from."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from conftest import flat

from macrid.bundle import load
from macrid.dials import choose
from macrid.errors import InputError
from macrid.pipeline import evaluate, realign, run_folder


@pytest.fixture
def table(bundle):
    """Labels of the tiny shop: all sizes, and whether a thing is dear, of half of the items."""
    items = bundle.items.set_index("item_id")
    dear = (items["price"] > 0.5).astype(float).where(np.arange(len(items)) % 2 == 0)
    return pd.DataFrame({"size": items["size"].astype(float), "dear": dear})


@pytest.fixture
def believed(monkeypatch):
    """A model of five epochs knows little of attributes: what it would be wrong to believe is believed, to see it saved."""
    monkeypatch.setattr("macrid.dials.axes.LEVEL", 0.6)


def scores(of):
    """All scores of the held-out people, computed from the axes as they were saved."""
    parts = of.model.represent(of.held_out("test").fold_in)  # (n, K, D)
    turned = np.einsum("nkd,kde->nke", parts, of.axes), np.einsum("md,kde->kme", of.vectors, of.axes)
    return np.logaddexp.reduce(of.model.scale * np.einsum("nke,kme->nmk", *turned) + of.log_c, axis=2)


@pytest.mark.parametrize("method", choose.METHODS)
def test_no_score_of_any_person_changes(bundle, table, tmp_path, method, believed):
    found = realign.align(bundle, tmp_path / "new", method, table if method == "labels" else None)
    assert (found.meta["axes"], found.name) == (method, "new")
    clicks = bundle.held_out("test").fold_in
    np.testing.assert_array_equal(found.model.scores(clicks), bundle.model.scores(clicks))
    assert np.abs(scores(found) - bundle.model.scores(clicks)).max() <= 1e-5
    before, after = bundle.meta["metrics"], found.meta["metrics"]
    assert after | {"steering": None} == before | {"steering": None}
    assert flat(evaluate.evaluate(found)) == pytest.approx(flat(after), rel=1e-6)
    for name in ("items", "maps", "users"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(bundle, name))
    assert found.history == bundle.history


def test_none_and_ica(bundle, tmp_path):
    found = realign.align(bundle, tmp_path / "none", "none")
    assert ((found.axes == 0) | (found.axes == 1)).all()  # the model's own dimensions, the strongest first
    assert (np.diff(found.influence, axis=1) <= 0).all()
    again = realign.align(found, tmp_path / "ica", "ica")
    np.testing.assert_array_equal(again.axes, bundle.axes)
    np.testing.assert_array_equal(again.influence, bundle.influence)
    assert flat(again.meta["metrics"]) == pytest.approx(flat(bundle.meta["metrics"]))
    assert "aligned" not in again.meta


def test_dials_that_bear_an_attribute_come_first(bundle, table, tmp_path, believed):
    found = realign.align(bundle, tmp_path / "new", "labels", table)
    assert found.aligned_dials
    record = json.loads((tmp_path / "new" / "bundle.json").read_text())["aligned"]
    assert {(row["factor"], row["dim"]): row for row in record["dials"]} == found.aligned_dials
    for k in range(7):
        mine = [j for i, j in found.aligned_dials if i == k]
        assert sorted(mine) == list(range(len(mine)))
        assert (np.diff(found.influence[k, : len(mine)]) <= 0).all()
        assert (np.diff(found.influence[k, len(mine):]) <= 0).all()
    for (k, j), row in found.aligned_dials.items():
        assert found.dials.follows(k, j)[0] == row["attribute"]
        assert 0 < row["confidence"] <= 1
        assert row["measure"] == ("AUC" if row["attribute"] == "dear" else "R2")
        assert row["labels"] == table[row["attribute"]][bundle.factor == k].notna().sum()
    said = {(row["factor"], row["attribute"]) for row in record["refused"]}
    assert said.isdisjoint({(k, row["attribute"]) for (k, _), row in found.aligned_dials.items()})
    assert all(row["reason"] for row in record["refused"])
    other = realign.align(found, tmp_path / "ica", "ica")
    assert not other.aligned_dials


def test_never_over_the_source(spoiled, table):
    before = {p.name: p.read_bytes() for p in spoiled.iterdir()}
    source = load(spoiled)
    for out in (spoiled, spoiled.parent / "x" / ".." / spoiled.name):
        with pytest.raises(InputError, match="never changed"):
            realign.align(source, out, "none", overwrite=True)
    assert {p.name: p.read_bytes() for p in spoiled.iterdir()} == before


def test_what_stands_there_is_replaced_when_asked(bundle, tmp_path):
    realign.align(bundle, tmp_path / "new", "none")
    with pytest.raises(InputError, match="--overwrite"):
        realign.align(bundle, tmp_path / "new", "ica")
    assert load(tmp_path / "new").meta["axes"] == "none"
    assert realign.align(bundle, tmp_path / "new", "ica", overwrite=True).meta["axes"] == "ica"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letters.txt").write_text("dear")
    with pytest.raises(InputError, match="letters"):
        realign.align(bundle, tmp_path / "mine", "ica", overwrite=True)


def test_the_twin_is_named_only_where_it_stands(bundle, trained, tmp_path):
    assert realign.align(bundle, tmp_path / "new", "none").meta["twin"] is None
    shutil.copytree(run_folder.twin_of(trained), tmp_path / run_folder.twin_of(trained).name)
    assert realign.align(bundle, tmp_path / "other", "none").meta["twin"] == run_folder.twin_of(trained).name


def test_labels_of_nothing_are_refused_as_a_whole(bundle, tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.choice(len(bundle.items), 21, replace=False)  # about three a factor
    noise = pd.DataFrame({"luck": rng.normal(size=21)}, index=pd.Index(bundle.items["item_id"].iloc[rows], name="item_id"))
    with pytest.raises(InputError, match="luck is refused") as caught:
        realign.align(bundle, tmp_path / "new", "labels", noise)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


# names of the ends, the labels themselves, a name for the copy ------------------------------------------------------------


@pytest.fixture
def named(table):
    table.attrs["ends"] = {"size": ("small", "large")}
    return table


def test_the_ends_of_a_dial_keep_their_names(bundle, named, tmp_path, believed):
    found = realign.align(bundle, tmp_path / "new", "labels", named)
    by_name = {row["attribute"]: (k, j, row) for (k, j), row in found.aligned_dials.items()}
    k, j, row = by_name["size"]
    assert (row["low"], row["high"]) == ("small", "large")
    mine = found.factor == k
    assert np.corrcoef(found.vectors[mine] @ found.axes[k][:, j], found.items["size"][mine])[0, 1] > 0  # towards high
    assert all("low" not in row and "high" not in row for row in found.aligned_dials.values() if row["attribute"] == "dear")


def test_the_labels_stay_with_the_bundle(bundle, named, tmp_path, believed):
    found = realign.align(bundle, tmp_path / "new", "labels", named)
    pd.testing.assert_frame_equal(found.labels, named, check_index_type=False)
    assert found.labels.attrs == named.attrs
    assert realign.align(found, tmp_path / "ica", "ica").labels is None
    again = realign.align(found, tmp_path / "again", "labels", found.labels, overwrite=True)
    np.testing.assert_array_equal(again.axes, found.axes)
    assert realign.align(bundle, tmp_path / "new", "none", overwrite=True).labels is None
    assert bundle.labels is None


def test_progress_is_reported(bundle, tmp_path):
    stages = []
    realign.align(bundle, tmp_path / "new", "none", report=stages.append)
    assert tuple(stages) == realign.STAGES


def test_saved_under_a_name_that_is_free(bundle, table, tmp_path, believed):
    assert realign.free_name(tmp_path, "tiny-named") == "tiny-named"
    found = realign.save_as(bundle, tmp_path, "tiny-named", table)
    assert found.path == tmp_path / "tiny-named"
    assert realign.free_name(tmp_path, "tiny-named") == "tiny-named-2"
    (tmp_path / "lone-dot").mkdir()
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    for name in ("tiny-named", "lone", "lone-dot"):  # "lone" would hide the bundle "lone-dot" as its twin
        with pytest.raises(InputError, match=name):
            realign.save_as(bundle, tmp_path, name, table)
    with pytest.raises(InputError, match="called tiny already"):
        realign.save_as(bundle, bundle.path.parent, "tiny", table)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "-a", ".a", "a b", "a-dot", "a.new", "a.partial", "x" * 61,
                                  "a\n"])
def test_names_that_no_bundle_may_have(bundle, table, tmp_path, name):
    with pytest.raises(InputError, match="name of a bundle") as caught:
        realign.save_as(bundle, tmp_path, name, table)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written(bundle, table, tmp_path, believed):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot write"):
        realign.save_as(bundle, tmp_path / "file", "new", table)


def test_given_names_stay_with_their_directions(bundle, table, tmp_path, believed):
    """A copy with names alone keeps every axis; when labels are learned, names go along with the dials that stay."""
    row = {"factor": 2, "dim": 3, "attribute": "mood", "low": "dark", "high": "bright"}
    source = realign.named(bundle, [row])
    assert bundle.given_dials == {}
    copy = realign.save_as(source, tmp_path, "names", table.iloc[:0])
    assert copy.given_dials == {(2, 3): row}
    np.testing.assert_array_equal(copy.axes, bundle.axes)
    learned = realign.align(copy, tmp_path / "learned", "labels", table)
    for (factor, dim), given in learned.given_dials.items():
        assert given["attribute"] == "mood"
        assert abs(learned.axes[factor][:, dim] @ bundle.axes[2][:, 3]) > 0.9
        assert (factor, dim) not in learned.aligned_dials
    assert realign.align(copy, tmp_path / "ica", "ica").given_dials == {(2, 3): row}
