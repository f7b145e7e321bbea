"""Bundles as folders: a round trip that changes nothing, a save that fails, older ones."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import contents, flat

from macrid import bundle as bundles
from macrid import files
from macrid.bundle import FILES, load
from macrid.bundle.optional_files import COURSE
from macrid.model.macridvae import MacridVAE
from macrid.pipeline import evaluate, run_folder
from macrid.results import collapse
from macrid.training import fit
from macrid.training.spectral_start import spectral_start


def test_the_loaded_model_is_the_trained_one(bundle, tiny_split):
    """Bit for bit: trained again with the same seed, without ever having been on disk, it gives the same scores."""
    s = bundle.settings
    model = MacridVAE(tiny_split.train.shape[1], s, 0, spectral_start(tiny_split.train, s.kfac, s.embedding_size, 0))
    history = fit.fit(model, tiny_split, 0)
    np.testing.assert_array_equal(model.scores(tiny_split.test.fold_in), bundle.model.scores(tiny_split.test.fold_in))
    assert [row["loss"] for row in history] == [row["loss"] for row in bundle.history]


def test_saved_and_loaded_it_stays_the_same(bundle, tmp_path):
    bundles.save(tmp_path / "again", contents(bundle))
    again = load(tmp_path / "again")
    clicks = bundle.held_out("test").fold_in
    np.testing.assert_array_equal(again.model.scores(clicks), bundle.model.scores(clicks))
    np.testing.assert_array_equal(again.axes, bundle.axes)
    np.testing.assert_array_equal(again.influence, bundle.influence)
    for name in ("items", "maps", "users"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(bundle, name))
    pd.testing.assert_frame_equal(again.course, bundle.course)
    assert again.history == bundle.history
    assert again.meta == bundle.meta
    assert again.settings == bundle.settings


def test_a_dot_product_of_before_is_not_divided_by_tau(twin, tmp_path):
    """Bundles that have no `user_norm` are older than the `dot` of today: they mean `dot-raw`, and score as they did."""
    old = replace(twin.settings, similarity="dot-raw")
    twin.model.settings, settings = old, twin.model.settings
    clicks = twin.held_out("test").fold_in
    expected = twin.model.scores(clicks)
    twin.model.settings = settings
    path = shutil.copytree(twin.path, tmp_path / "old")
    meta = json.loads((path / "bundle.json").read_text())
    assert meta["settings"]["similarity"] == "dot"
    del meta["settings"]["user_norm"]
    (path / "bundle.json").write_text(json.dumps(meta))
    again = load(path)
    assert again.settings == old
    np.testing.assert_array_equal(again.model.scores(clicks), expected)
    bundles.save(tmp_path / "again", contents(again))  # what is written anew says what it means
    assert load(tmp_path / "again").settings == old


def test_evaluate_needs_nothing_but_the_bundle(bundle, twin):
    for of in (bundle, twin):
        found = evaluate.evaluate(of)
        assert flat(found) == pytest.approx(flat(of.meta["metrics"]), rel=1e-6)
        assert set(found["steering"]) == {"monotonicity", "leakage", "dials"}


def test_held_out_people_are_those_of_the_split(bundle, tiny_split):
    for which, held in (("validation", tiny_split.validation), ("test", tiny_split.test)):
        found = bundle.held_out(which)
        assert found.user_ids.tolist() == held.user_ids.tolist()
        for part in ("fold_in", "answers", "seen"):
            assert (getattr(found, part) != getattr(held, part)).nnz == 0
    assert set(bundle.people) == set(tiny_split.validation.user_ids) | set(tiny_split.test.user_ids)


def test_the_folder_holds_what_is_promised(trained):
    assert {p.name for p in trained.iterdir()} == {*FILES, COURSE, "moves.parquet"}
    assert not [p for p in trained.parent.iterdir() if p.name not in (trained.name, run_folder.twin_of(trained).name)]


def test_the_global_random_state_is_left_alone(trained):
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    load(trained).recommend([load(trained).items["item_id"].iloc[0]])
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002


def test_the_course_is_that_of_the_training(bundle, twin):
    for of in (bundle, twin):
        assert list(of.course.columns) == ["1", "2", "3", "5"]
        for row in of.history:
            assert 1 <= row["effective_factors"] <= 7
        kept = of.meta["training"]["best"]
        if str(kept) in of.course:
            np.testing.assert_array_equal(of.course[str(kept)], of.factor)
            assert of.history[kept - 1]["effective_factors"] == pytest.approx(of.meta["metrics"]["effective_factors"])


def test_the_skewed_shop_that_ships_has_a_twin_that_collapses():
    shipped = [load(Path(__file__).resolve().parents[2] / "models" / name) for name in ("skewed-shop", "skewed-shop-dot")]
    cosine, dot = (one.history for one in shipped)
    assert collapse.course_sentence(cosine, dot, "dot-free", 7).endswith("So it collapses here.")
    assert cosine[-1]["effective_factors"] > 6
    assert all(len(one.course) == len(one.items) for one in shipped)


# saving ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["weights", "tables", "number", "rename"])
def test_a_save_that_fails_leaves_the_old_bundle(spoiled, bundle, monkeypatch, when):
    """Nothing is half written: what stood there can still be loaded, and there is nothing where nothing stood."""
    def fail(*args, **kwargs):
        raise OSError("no space left")

    changed = contents(bundle)
    if when == "weights":
        monkeypatch.setattr("safetensors.torch.save_file", fail)
    elif when == "tables":
        monkeypatch.setattr(pd.DataFrame, "to_parquet", fail)
    elif when == "number":
        changed = replace(changed, meta=changed.meta | {"metrics": {"ndcg@100": float("nan")}})
    else:
        rename = files.os.replace
        monkeypatch.setattr(files.os, "replace", lambda a, b: fail() if str(a).endswith(".new") else rename(a, b))
    for path in (spoiled, spoiled.with_name("fresh")):
        with pytest.raises((OSError, ValueError)):
            bundles.save(path, changed)
    monkeypatch.undo()
    assert [p.name for p in spoiled.parent.iterdir()] == [spoiled.name]
    assert load(spoiled).meta["metrics"] == bundle.meta["metrics"]


def test_saving_again_replaces(spoiled, bundle):
    bundles.save(spoiled, replace(contents(bundle), history=bundle.history[:1]))
    assert len(load(spoiled).history) == 1
    assert [p.name for p in spoiled.parent.iterdir()] == [spoiled.name]


# elsewhere, and of before ---------------------------------------------------------------------------------------------


def test_a_moved_bundle_still_works(trained, tmp_path):
    assert load(shutil.copytree(trained, tmp_path / "elsewhere")).recommend(["mugs-0001"])["rank"].iloc[0] == 1


def test_settings_that_an_older_bundle_lacks_mean_none_of_it(spoiled, bundle):
    meta = json.loads((spoiled / "bundle.json").read_text())
    for name in ("routing", "routing_tau", "context", "linear_weight"):
        del meta["settings"][name]
    (spoiled / "bundle.json").write_text(json.dumps(meta))
    settings = load(spoiled).settings
    assert (settings.routing, settings.context, settings.linear_weight) == ("learned", 0.0, 0.0)
    clicks = bundle.held_out("test").fold_in
    np.testing.assert_array_equal(load(spoiled).model.scores(clicks), bundle.model.scores(clicks))
