"""Building: what may be written where, going on with what was stopped, the twin on the same split."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import flat, tiny_settings

from macrid.bundle import load
from macrid.errors import InputError
from macrid.maps import layout, projections
from macrid.pipeline import build, evaluate, maps, provenance, run_folder
from macrid.training import checkpoint, linear_path, spectral_start, start

RUN = {"data": "shop", "seed": 0, "settings": {"kfac": 7}, "twin": False}


@pytest.fixture
def quick(monkeypatch):
    """Maps by principal components: laying them out is tested elsewhere."""
    monkeypatch.setattr(layout, "METHODS", dict.fromkeys(layout.METHODS, lambda vectors, *rest: projections.pca(vectors)))


def prepared(out, run=RUN, overwrite=False, resume=False, twin=False):
    run_folder.prepare(out, run, overwrite=overwrite, resume=resume, twin=twin)


def refused(*args, **kwargs) -> str:
    with pytest.raises(InputError) as caught:
        prepared(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def begun(out, run=RUN):
    prepared(out, run)
    (run_folder.partial_of(out) / "mark").write_text("x")


def test_a_new_place(tmp_path):
    prepared(tmp_path / "deep" / "er" / "new")
    assert json.loads((tmp_path / "deep" / "er" / "new.partial" / "run.json").read_text()) == RUN
    assert not (tmp_path / "deep" / "er" / "new").exists()


def test_what_stands_there_is_kept_unless_asked(tmp_path, spoiled):
    assert "--overwrite" in refused(spoiled)
    assert "--overwrite" in refused(spoiled, resume=True)
    assert not run_folder.partial_of(spoiled).exists()
    prepared(spoiled, overwrite=True)
    assert load(spoiled)  # it goes only when the new one is complete
    shutil.copytree(spoiled, tmp_path / "other-dot")
    assert "other-dot" in refused(tmp_path / "other", twin=True)
    prepared(tmp_path / "other")


def test_overwrite_replaces_bundles_and_nothing_else(tmp_path):
    """A folder with somebody's files in it is not a bundle to be replaced; an empty one, or half a bundle, is."""
    home = tmp_path / "home"
    home.mkdir()
    prepared(home, overwrite=True)
    (home / "items.parquet").write_text("")
    prepared(home, overwrite=True)
    (home / "thesis.tex").write_text("years of work")
    assert "thesis.tex" in refused(home, overwrite=True)
    (tmp_path / "file").write_text("x")
    assert "file" in refused(tmp_path / "file", overwrite=True)
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize("out", [".", "/", ".."])
def test_a_place_without_a_name(tmp_path, monkeypatch, out):
    from pathlib import Path

    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    for overwrite in (False, True):
        assert "--out" in refused(Path(out), overwrite=overwrite, twin=True)


def test_a_stopped_training(tmp_path):
    out = tmp_path / "out"
    begun(out)
    assert "--resume" in refused(out)
    prepared(out, resume=True)
    assert (run_folder.partial_of(out) / "mark").exists()
    assert "another seed" in refused(out, run=RUN | {"seed": 1}, resume=True)
    assert "another seed, settings" in refused(out, run=RUN | {"seed": 1, "settings": {"kfac": 5}}, resume=True)
    assert (run_folder.partial_of(out) / "mark").exists()
    prepared(out, run=RUN | {"seed": 1}, overwrite=True)
    assert not (run_folder.partial_of(out) / "mark").exists()


def test_one_that_was_killed_before_it_had_written_anything_is_begun(tmp_path):
    partial = run_folder.partial_of(tmp_path / "out")
    partial.mkdir()
    (partial / ".run.json.0123abcd.new").write_text("{")
    prepared(tmp_path / "out", resume=True)
    assert json.loads((partial / "run.json").read_text()) == RUN
    assert [path.name for path in partial.glob(".*")] == []


def test_one_that_was_killed_after_its_bundle_was_written_is_done(tmp_path, spoiled, tiny_split, tiny_shop):
    """It is known by the times of its epochs: a bundle of another training is none of its own."""
    history = json.loads((spoiled / "history.json").read_text())
    partial = run_folder.partial_of(spoiled)
    checkpoint.save(partial / "main", {}, {"history": history})
    (partial / "run.json").write_text(json.dumps(RUN))
    assert "--overwrite" in refused(spoiled)
    prepared(spoiled, resume=True)
    found = build.build(build.Training(tiny_split, tiny_settings(), tiny_shop.data), spoiled)
    assert found.history == history
    assert {path.name for path in tmp_path.iterdir()} == {spoiled.name}
    checkpoint.save(partial / "main", {}, {"history": [row | {"seconds": 99.0} for row in history]})
    assert "--overwrite" in refused(spoiled, resume=True)


def test_what_is_being_trained_is_not_stopped(tmp_path):
    out = tmp_path / "out"
    with run_folder.prepare(out, RUN, overwrite=False, resume=False, twin=False):
        assert run_folder.is_running(out)
        for how in ({}, {"resume": True}, {"overwrite": True}):
            assert "is being written by another process; wait until it is done" in refused(out, **how)
    assert not run_folder.is_running(out)
    assert "was stopped; add --resume" in refused(out)


@pytest.mark.parametrize("record", ["", '{"data": "sh', "[1]", "null"])
def test_a_damaged_record(tmp_path, record):
    out = tmp_path / "out"
    begun(out)
    (run_folder.partial_of(out) / "run.json").write_text(record)
    assert "run.json" in refused(out, resume=True)
    prepared(out, overwrite=True)


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    assert "--out" in refused(tmp_path / "file" / "out")
    (tmp_path / "out.partial").write_text("x")
    assert "out.partial" in refused(tmp_path / "out")
    assert "out.partial" in refused(tmp_path / "out", overwrite=True)
    assert "out.partial" in refused(tmp_path / "out", resume=True)


def test_the_description_tells_runs_apart(tiny_split, tiny_clicks):
    from macrid.data import split

    one = provenance.describe(tiny_split, tiny_settings(), 0)
    assert one == provenance.describe(split.strong(tiny_clicks, 0), tiny_settings(), 0)
    assert one != provenance.describe(split.strong(tiny_clicks, 1), tiny_settings(), 0)
    assert one != provenance.describe(tiny_split, tiny_settings(kfac=5), 0)
    assert json.loads(json.dumps(one)) == one


def test_the_twin_learns_from_the_same(bundle, twin, tiny_split):
    assert (bundle.meta["twin"], twin.meta["twin"]) == (twin.path.name, None)
    assert bundle.meta["data"] == twin.meta["data"]
    assert (bundle.settings.similarity, twin.settings.similarity) == ("cosine", "dot")
    assert len(twin.history) == len(bundle.history)  # trained just as long
    assert bundle.items["item_id"].tolist() == twin.items["item_id"].tolist() == tiny_split.items["item_id"].tolist()
    assert bundle.users.equals(twin.users)


def test_what_a_bundle_says(bundle, tiny_split):
    data = bundle.meta["data"]
    assert (data["people"], data["items"]) == tiny_split.train.shape
    assert data["clicks"] == tiny_split.train.nnz
    assert bundle.items["clicks"].sum() == tiny_split.train.nnz
    assert set(bundle.meta["baselines"]) == {"popularity", "ease"}
    assert bundle.meta["training"]["best"] == bundle.history[-1]["best"]
    assert set(bundle.maps["method"]) == {"tsne", "umap", "tsne+people", "umap+people"}
    assert (np.diff(bundle.influence, axis=1) <= 0).all()  # the strongest dial first


def test_maps_laid_out_again_are_those_of_the_build(trained, tmp_path, bundle, twin):
    """Also of a bundle from before people stood on the maps; nothing else changes."""
    paths = [Path(shutil.copytree(path, tmp_path / path.name)) for path in (trained, twin.path)]
    for path in paths:
        old = bundle.maps[(bundle.maps["kind"] == "item") & ~bundle.maps["method"].str.contains("people")]
        old.drop(columns="factor").to_parquet(path / "maps.parquet", index=False)
    before = {file: file.read_bytes() for path in paths for file in path.iterdir() if file.name != "maps.parquet"}
    laid_out = maps.remap(load(paths[0]))
    maps.remap(load(paths[1]), laid_out)
    pd.testing.assert_frame_equal(load(paths[0]).maps, bundle.maps)
    pd.testing.assert_frame_equal(load(paths[1]).maps, twin.maps)
    assert {file: file.read_bytes() for path in paths for file in path.iterdir() if file.name != "maps.parquet"} == before


def test_a_stopped_build_goes_on(tiny_split, tiny_shop, tmp_path, quick, bundle):
    """Stopped while the twin trains, the model is not trained again, and the numbers are those of the uninterrupted run."""
    out, stages = tmp_path / "out", []

    def stop(stage, row):
        if stage == "twin" and row["epoch"] == 2:
            raise KeyboardInterrupt

    def note(stage, row):
        if stage not in ("step", "model"):
            stages.append((stage, row.get("epoch")))

    training = build.Training(tiny_split, tiny_settings(), tiny_shop.data, twin="dot")
    with pytest.raises(KeyboardInterrupt):
        build.build(training, out, stop)
    assert {p.name for p in tmp_path.iterdir()} == {"out.partial"}
    found = build.build(training, out, note)
    assert stages == [("start", None), ("twin", 3), ("twin", 4), ("twin", 5), ("baselines", None),
                      ("maps", None), ("save", None)]
    assert {p.name for p in tmp_path.iterdir()} == {"out", "out-dot"}
    clicks = tiny_split.test.fold_in
    np.testing.assert_array_equal(found.model.scores(clicks), bundle.model.scores(clicks))
    assert found.meta["metrics"] == bundle.meta["metrics"]


def test_a_linear_path_stopped_while_it_is_solved_is_solved_again(tiny_split, tiny_shop, tmp_path, quick, monkeypatch):
    """Nothing is written of half a path; the training that it was for is not trained again; the twin has the same path."""
    monkeypatch.setattr(linear_path, "MOST_DENSE", 10)
    out, stages = tmp_path / "out", []

    def stop(stage, row):
        if stage == "linear":
            raise KeyboardInterrupt

    training = build.Training(tiny_split, tiny_settings(linear_weight=2.0), tiny_shop.data, twin="dot")
    with pytest.raises(KeyboardInterrupt):
        build.build(training, out, stop)
    assert {p.name for p in tmp_path.iterdir()} == {"out.partial"}
    found = build.build(training, out, lambda stage, row: stages.append(stage))
    assert "train" not in stages
    assert stages.count("linear") == 1
    twin = load(run_folder.twin_of(out))
    assert (found.model.linear.weights != twin.model.linear.weights).nnz == 0
    assert found.model.linear.weight == twin.model.linear.weight == 2


@pytest.mark.parametrize("changes", [{"epochs": 0}, {"kfac": 1}, {"init": "random"}, {"embedding_size": 2}, {"kfac": 30}])
def test_unusual_settings(tiny_split, tiny_shop, tmp_path, quick, changes):
    settings = tiny_settings(**{"epochs": 1} | changes)
    found = build.build(build.Training(tiny_split, settings, tiny_shop.data, twin="dot"), tmp_path / "out")
    assert found.settings == settings
    assert len(found.steer({(0, 0): 0.5}, user=found.people[0], n=3).after) == 3


def test_recboles_protocol(tiny_clicks, tiny_shop, tmp_path, quick):
    from macrid.data import split

    training = build.Training(split.recbole(tiny_clicks, 0), tiny_settings(epochs=1), tiny_shop.data)
    found = build.build(training, tmp_path / "out")
    assert flat(evaluate.evaluate(found)) == pytest.approx(flat(found.meta["metrics"]), rel=1e-6)
    assert {"recall@10", "mrr@10", "ndcg@10", "hit@10", "precision@10"} < set(found.meta["metrics"])


def test_evaluate_on_other_people(bundle):
    from macrid.data import shop

    other = shop.simulate(n_items=140, n_people=30, seed=5).data
    found = evaluate.evaluate(bundle, other)
    assert found["ndcg@100"] != bundle.meta["metrics"]["ndcg@100"]
    assert set(found) == set(bundle.meta["metrics"])
    stranger = shop.simulate(n_items=70, n_people=30).data
    stranger = type(stranger)(stranger.matrix, stranger.user_ids, np.array([f"x{i}" for i in range(70)], object),
                              stranger.items.assign(item_id=[f"x{i}" for i in range(70)]), "strange", False)
    with pytest.raises(InputError, match="strange shares no item_id"):
        evaluate.evaluate(bundle, stranger)


@pytest.mark.parametrize(("rating", "clicks"), [(4.0, 5), (2.0, 3), (-np.inf, 1)])
def test_other_people_count_by_the_rule_of_the_training(tiny_shop, tmp_path, quick, rating, clicks):
    from macrid.data import split

    matrix = tiny_shop.data.matrix.copy()
    matrix.data = (1 + np.arange(matrix.nnz) % 5).astype(np.float32)
    rated = replace(tiny_shop.data, matrix=matrix, rated=True)
    parts = split.strong(split.to_clicks(rated, rating, clicks), 0)
    found = build.build(build.Training(parts, tiny_settings(epochs=1), rated), tmp_path / "out")
    assert found.meta["data"]["least"] == {"rating": None if rating < 0 else rating, "clicks": clicks}
    people = evaluate.other_people(found, rated)
    expected = split.to_clicks(rated, rating, clicks)
    np.testing.assert_array_equal(people.user_ids, expected.user_ids[np.diff(expected.matrix.indptr) >= 2])


def test_checkpoints_are_no_pickle(tiny_split, tiny_shop, tmp_path, quick):
    def stop(stage, row):
        if stage == "train":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build.build(build.Training(tiny_split, tiny_settings(), tiny_shop.data), tmp_path / "out", stop)
    files = [p.name for p in (tmp_path / "out.partial").rglob("*") if p.is_file()]
    assert files == [checkpoint.FILE]


def test_a_large_catalogue_makes_a_bundle(quick, tiny_split, tiny_shop, tmp_path, monkeypatch):
    """What is done only for many items, in small: sampled items, the start by random projections, the linear path on
    neighbours, maps of some items. The bundle is as good as any, and says how many items a step scored."""
    for module, name, value in ((start, "ALL_UP_TO", 50), (start, "SAMPLED", 60), (spectral_start, "EXACT_UP_TO", 50),
                                (linear_path, "MOST_DENSE", 50), (layout, "MOST_ITEMS", 70)):
        monkeypatch.setattr(module, name, value)
    settings = tiny_settings(sampled_items=None, linear_weight=None, weight_averaging=0.9, init="spectral", precision="auto")
    out = tmp_path / "large"
    build.build(build.Training(tiny_split, settings, tiny_shop.data, twin="dot"), out)
    for path in (out, run_folder.twin_of(out)):
        found = load(path)
        assert found.settings.sampled_items == 60
        assert found.settings.precision in ("float32", "bfloat16")
        assert len(found.map_of("tsne")) == tiny_split.train.shape[1]
        assert evaluate.evaluate(found)["ndcg@100"] == pytest.approx(found.meta["metrics"]["ndcg@100"])
    assert load(out).meta["metrics"]["nmi"] > 0.9
