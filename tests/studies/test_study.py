"""Comparisons and sweeps: what their files say is what was trained; what is done is not done again."""

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import tiny_settings
from scipy.stats import ttest_rel

from macrid import results
from macrid.errors import InputError
from macrid.measures import evaluate
from macrid.model.linear import EASE
from macrid.model.settings import Settings, make_settings, settings_dict
from macrid.studies import compare, contenders, processes, study, sweep, sweep_maps

TINY = tiny_settings(epochs=2)
CHANGES = {"embedding_size": 8, "encoder_hidden_size": [16], "epochs": 2, "train_batch_size": 64}
NAMES = ["popularity", "ease", "multvae", "macridvae", "macridvae-k1"]


def settings(names=NAMES, base=TINY):
    short = {"epochs": 1, "latent_size": 4, "encoder_hidden_size": [8]}
    return {"macridvae": base} | {n: contenders.settings_of(n, base, short if n.startswith("mult") else None) for n in names}


def compared(split, out, names=NAMES, *, base=TINY, resume=False, overwrite=False, **kwargs):
    plan = study.Plan(split, out, "best")
    study.prepare(plan, overwrite=overwrite, resume=resume)
    return compare.compare(plan, names, settings(names, base), **kwargs)


# compare --------------------------------------------------------------------------------------------------------------


def test_a_comparison_is_what_its_file_says(tmp_path, tiny_split, trained_here):
    out = tmp_path / "c.json"
    events = []
    value = compared(tiny_split, out, report=lambda key, event, row: events.append((key.rpartition("-")[0], event)))
    assert results.load(out, "compare") == json.loads(json.dumps(value)) == value
    assert [p.name for p in tmp_path.iterdir()] == ["c.json"]
    assert [row["name"] for row in value["models"]] == NAMES
    assert [row["title"] for row in value["models"][-2:]] == ["MacridVAE, K = 7", "MacridVAE, K = 1"]
    assert value["settings"] == value["models"][3]["settings"] == settings_dict(TINY)
    assert value["models"][4]["settings"]["kfac"] == 1
    assert value["data"]["held_out"] == len(tiny_split.test.user_ids)
    ease = evaluate.ranking(EASE(tiny_split.train), tiny_split.test)
    assert value["models"][1]["figures"] == evaluate.summary(ease)
    assert value["models"][1]["training"]["epochs"] is None
    assert value["models"][3]["training"]["epochs"] == 2
    assert all(row["training"]["peak_bytes"] >= 0 and row["training"]["seconds"] >= 0 for row in value["models"])
    assert {"macro", "independence", "nmi"} <= set(value["models"][3]["figures"])
    assert events.count(("macridvae", "report")) == 2
    assert [e for e in events if e[1] == "done"] == [(name, "done") for name in NAMES]


def test_differences_are_paired_and_to_the_best(tmp_path, tiny_split, trained_here):
    value = compared(tiny_split, tmp_path / "c.json", ["popularity", "ease"])
    assert value["best"]["ndcg@100"] == "ease"
    assert value["models"][1]["difference"]["ndcg@100"] is None
    own = settings(["popularity", "ease"])
    people = {n: evaluate.ranking(contenders.trained(contenders.Task(n, own[n], tiny_split, 0, "cpu", tmp_path), print)[0],
                               tiny_split.test)["ndcg@100"] for n in own if n != "macridvae"}
    found = value["models"][0]["difference"]["ndcg@100"]
    assert found["to"] == "ease"
    assert found["mean"] == pytest.approx(np.mean(people["popularity"] - people["ease"]))
    assert found["p"] == pytest.approx(ttest_rel(people["popularity"], people["ease"]).pvalue)
    assert found["significant"]


def test_what_is_done_is_not_done_again(tmp_path, tiny_split, trained_here, monkeypatch):
    out, whole = tmp_path / "c.json", tmp_path / "whole.json"

    def stop(key, event, row):
        if event == "report" and row["epoch"] == 1 and key.startswith("macridvae-"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compared(tiny_split, out, report=stop)
    assert trained_here == NAMES[:4]  # macridvae had ended, but was not heard of
    kept = sorted(p.name.rpartition("-")[0] for p in study.partial_of(out).glob("*.json") if p.name != "run.json")
    assert kept == ["ease", "multvae", "popularity"]
    with pytest.raises(InputError, match="--resume"):
        compared(tiny_split, out)
    found = compared(tiny_split, out, resume=True)
    assert trained_here[4:] == NAMES[3:]
    assert not study.partial_of(out).exists()
    wanted = compared(tiny_split, whole)
    assert [row["figures"] for row in found["models"]] == [row["figures"] for row in wanted["models"]]


def test_other_settings_are_other_records(tmp_path, tiny_split, trained_here):
    """A stopped comparison resumed with other settings or models keeps what it can and nothing else."""
    out = tmp_path / "c.json"

    def stop(key, event, row):
        if event == "done" and key.startswith("macridvae"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compared(tiny_split, out, ["ease", "macridvae"], report=stop)
    other = replace(TINY, tau=0.3)
    value = compared(tiny_split, out, ["popularity", "ease", "macridvae"], base=other, resume=True)
    assert trained_here == ["ease", "macridvae", "popularity", "macridvae"]
    assert value["models"][2]["settings"]["tau"] == 0.3


def test_a_model_that_blows_up_is_named_and_the_others_are_kept(tmp_path, tiny_split, trained_here):
    out = tmp_path / "c.json"
    bad = replace(TINY, similarity="dot", learning_rate=10.0, std=1000.0, epochs=30, stopping_step=30)
    with pytest.raises(InputError, match=r"macridvae: .*not finite.*--models"):
        compared(tiny_split, out, ["ease", "macridvae"], base=bad)
    assert compared(tiny_split, out, ["ease"], resume=True)["best"]["ndcg@100"] == "ease"
    assert trained_here == ["ease", "macridvae"]


def test_a_process_that_dies_is_said(tmp_path, tiny_split, monkeypatch):
    monkeypatch.setattr(processes, "run", lambda work, tasks, n: ((key, "died", -9) for key in tasks))
    with pytest.raises(InputError, match=r"ease: .*-9.*memory"):
        compared(tiny_split, tmp_path / "c.json", ["ease"])


def test_another_split_is_not_continued(tmp_path, tiny_split, trained_here):
    out = tmp_path / "c.json"
    first, second = (study.Plan(tiny_split, out, "best", seed) for seed in (0, 1))
    study.prepare(first, overwrite=False, resume=False)
    with pytest.raises(InputError, match="seed"):
        study.prepare(second, overwrite=False, resume=True)
    study.prepare(second, overwrite=True, resume=True)
    out.write_text("precious")
    with pytest.raises(InputError, match="--overwrite"):
        study.prepare(second, overwrite=False, resume=True)
    with pytest.raises(InputError, match="a folder"):
        study.prepare(replace(first, out=tmp_path), overwrite=True, resume=True)
    assert out.read_text() == "precious"


def test_a_damaged_record_is_one_line(tmp_path, tiny_split, trained_here):
    out = tmp_path / "c.json"
    plan = study.Plan(tiny_split, out, "best")
    study.prepare(plan, overwrite=False, resume=False)
    key, _ = study.task("ease", settings()["ease"], plan)
    (study.partial_of(out) / f"{key}.json").write_text("{")
    with pytest.raises(InputError, match=f"{key}.json is damaged"):
        compared(tiny_split, out, ["ease"], resume=True)


# contenders -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "changes", "named"), [
    ("easy", {}, "ease"), ("ease", {"lambda": 3}, "regularisation"), ("ease", {"regularisation": -1}, "ease.regul"),
    ("edlae", {"dropout": 1.0}, "less than 1"), ("edlae", {"dropout": "x"}, "edlae.dropout"),
    ("popularity", {"x": 1}, "none"),
    ("multvae", {"latent": 3}, "multvae.latent_size"), ("multvae", {"latent_size": 0}, "multvae.latent_size is 0"),
    ("multdae", {"variational": True}, "variational"), ("macridvae", {"kfack": 3}, "macridvae.kfac"),
    ("macridvae-k1", {"tau": 0}, "macridvae-k1.tau is 0"),
])
def test_mistakes_in_settings(name, changes, named):
    with pytest.raises(InputError, match=named):
        contenders.settings_of(name, TINY, changes)


def test_settings_of_contenders():
    assert contenders.settings_of("ease", TINY, {"regularisation": 100}) == {"regularisation": 100.0}
    assert contenders.settings_of("macridvae", TINY) == TINY
    assert contenders.settings_of("macridvae-k1", TINY).kfac == 1
    assert contenders.settings_of("multvae", TINY, {"epochs": 3, "encoder_hidden_size": [9]}).encoder_hidden_size == (9,)
    assert contenders.settings_of("multdae", TINY).encoder_hidden_size == ()


# sweep ----------------------------------------------------------------------------------------------------------------


def swept(split, out, grid, changes=CHANGES, jobs=1):
    plan = study.Plan(split, out, "best", jobs=jobs)
    study.prepare(plan, overwrite=False, resume=False)
    return sweep.sweep(plan, changes, grid)


def test_a_sweep_is_what_its_file_says(tmp_path, tiny_split, trained_here):
    out = tmp_path / "s.json"
    value = swept(tiny_split, out, {"anneal_cap": [0, 1], "kfac": [1, 7]}, jobs=2)
    assert results.load(out, "sweep") == value
    assert {p.name for p in tmp_path.iterdir()} == {"s.json", "s.maps.parquet"}
    maps = sweep_maps.load(out, value)
    assert list(maps["run"].unique()) == [0, 1, 2, 3]
    assert list(maps["item_id"]) == list(tiny_split.items["item_id"]) * 4
    assert value["grid"] == {"anneal_cap": [0.0, 1.0], "kfac": [1, 7]}
    assert [p["settings"] for p in value["points"]] == [
        {"anneal_cap": c, "kfac": k} for c in (0.0, 1.0) for k in (1, 7)]
    assert value["jobs"] == 2
    assert value["failed"] == []
    assert value["settings"]["anneal_cap"] == Settings().anneal_cap
    settings = make_settings("best", CHANGES | {"anneal_cap": 0.0, "kfac": 7, "linear_weight": 0.0, "popularity_power": 0.0})
    alone = contenders.Task("macridvae", settings, tiny_split, 0, "cpu", tmp_path / "x")
    model, *_ = contenders.trained(alone, lambda row: None)
    assert value["points"][1]["figures"] == evaluate.summary(evaluate.ranking(model, tiny_split.test)) | \
        contenders.factor_figures(model, tiny_split, 0)


def test_a_point_that_blows_up_is_listed(tmp_path, tiny_split, trained_here):
    changes = CHANGES | {"similarity": "dot", "std": 1000.0, "epochs": 30, "stopping_step": 30}
    value = swept(tiny_split, tmp_path / "s.json", {"learning_rate": [1e-5, 10.0]}, changes)
    assert [p["settings"] for p in value["points"]] == [{"learning_rate": 1e-5}]
    assert [p["settings"] for p in value["failed"]] == [{"learning_rate": 10.0}]
    assert "not finite" in value["failed"][0]["reason"]


def test_lists_can_be_swept(tmp_path, tiny_split, trained_here):
    value = swept(tiny_split, tmp_path / "s.json", {"encoder_hidden_size": [[6], [6, 5]]}, CHANGES | {"epochs": 1})
    assert [p["settings"]["encoder_hidden_size"] for p in value["points"]] == [[6], [6, 5]]


@pytest.mark.parametrize(("grid", "named"), [({"kafc": [1, 2]}, "kfac"), ({"kfac": [1, 0]}, "kfac is 0"), ({}, "--grid"),
                                             ({"kfac": [3, 3.0]}, "once"), ({"tau": ["x"]}, "tau is 'x'")])
def test_mistakes_in_a_grid(grid, named):
    with pytest.raises(InputError, match=named):
        sweep.points({}, "best", grid)


def test_a_training_that_was_stopped_goes_on_at_its_epoch(tmp_path, tiny_split):
    def stop(row):
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    task = contenders.Task("macridvae", replace(TINY, epochs=4), tiny_split, 0, "cpu", tmp_path / "x")
    with pytest.raises(KeyboardInterrupt):
        contenders.work(task, stop)
    rows = []
    found = contenders.work(task, rows.append)
    assert [row["epoch"] for row in rows] == [3, 4]
    assert found["people"] == contenders.work(replace(task, folder=tmp_path / "y"), lambda row: None)["people"]
