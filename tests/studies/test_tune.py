"""Tuning: the study's folder, going on, several processes, the best settings; and what is said without Optuna."""

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path

import pytest
import yaml
from commands import answer, mistake, run

from macrid.bundle import load
from macrid.errors import InputError
from macrid.maps import layout, projections
from macrid.model.settings import Settings, make_settings
from macrid.studies import database, tune
from macrid.studies.search_ranges import Range
from macrid.studies.study import Plan
from macrid.training.fit import fit
from macrid.training.start import untrained

needs_optuna = pytest.mark.skipif(find_spec("optuna") is None, reason="Optuna is an extra")
CHANGES = {"embedding_size": 4, "encoder_hidden_size": [8], "epochs": 2, "train_batch_size": 64}
RANGES = [Range("learning_rate", "loguniform", (-7.0, -4.0)), Range("kfac", "choice", (2, 3, 7))]


def tuned(split, out, trials, *, ranges=RANGES, seed=0, **kwargs):
    return tune.tune(Plan(split, out, "best", seed), ranges, CHANGES, trials, **kwargs)


@needs_optuna
def test_the_best_of_a_study(tmp_path, tiny_split):
    events = []
    found = tuned(tiny_split, tmp_path / "t", 4, report=lambda number, event, value: events.append((number, event)))
    assert [row["number"] for row in found["trials"]] == [0, 1, 2, 3]
    best = max(found["trials"], key=lambda row: row["value"])
    assert found["value"] == best["value"]
    settings = Settings(**yaml.safe_load((tmp_path / "t" / "best.yaml").read_text()))
    assert settings == make_settings("best", CHANGES | best["settings"]) == Settings(**found["settings"])
    history = fit(untrained(tiny_split.train, settings, 0), tiny_split, 0)
    assert found["value"] == max(row["ndcg@100"] for row in history)
    assert [e for e in events if e[1] == "done"] == [(n, "done") for n in range(4)]
    assert events.count((0, "report")) == 2


@needs_optuna
def test_a_study_goes_on_as_if_it_had_not_stopped(tmp_path, tiny_split):
    """Ctrl-C in an epoch: the trial is done again first, from its checkpoint; then come the trials that would have come."""
    def stop(number, event, value):
        if number == 1 and event == "report":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tuned(tiny_split, tmp_path / "t", 3, report=stop)
    events = []
    found = tuned(tiny_split, tmp_path / "t", 3, report=lambda _, event, value: events.append((event, value.get("epoch"))))
    assert events[0] == ("report", 2)
    whole = tuned(tiny_split, tmp_path / "whole", 3)
    assert [row["settings"] for row in found["trials"]][:2] == [row["settings"] for row in whole["trials"]][:2]
    assert len(found["trials"]) == 3
    assert found["trials"][1]["value"] == whole["trials"][1]["value"]
    assert tuned(tiny_split, tmp_path / "t", 3) == found  # nothing is left to do
    assert len(tuned(tiny_split, tmp_path / "t", 4)["trials"]) == 4


@needs_optuna
def test_the_same_settings_are_trained_once(tmp_path, tiny_split, monkeypatch):
    count = []
    fit = tune.contenders.trained
    monkeypatch.setattr(tune.contenders, "trained", lambda *a: count.append(1) or fit(*a))
    found = tuned(tiny_split, tmp_path / "t", 4, ranges=[Range("kfac", "choice", (2, 3))])
    assert len(found["trials"]) == 4
    assert len(count) == 2


@needs_optuna
def test_a_trial_that_blows_up_is_told_and_counted(tmp_path, tiny_split, monkeypatch):
    def fit(*_):
        raise FloatingPointError("the loss is not finite")

    monkeypatch.setattr(tune.contenders, "trained", fit)
    found = tuned(tiny_split, tmp_path / "t", 2)
    assert found["settings"] is None
    assert ["not finite" in row["reason"] for row in found["trials"]] == [True, True]
    assert not (tmp_path / "t" / "best.yaml").exists()


@needs_optuna
def test_another_study_is_not_continued(tmp_path, tiny_split):
    tuned(tiny_split, tmp_path / "t", 1)
    with pytest.raises(InputError, match="other ranges"):
        tuned(tiny_split, tmp_path / "t", 2, ranges=RANGES[:1])
    with pytest.raises(InputError, match="other seed"):
        tuned(tiny_split, tmp_path / "t", 2, seed=1)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "precious").write_text("x")
    with pytest.raises(InputError, match="not the folder of a study"):
        tuned(tiny_split, tmp_path / "full", 1)
    (tmp_path / "t" / "run.json").write_text("{")
    with pytest.raises(InputError, match=r"run\.json is damaged"):
        tuned(tiny_split, tmp_path / "t", 2)


@needs_optuna
def test_several_processes_share_a_study_and_the_best_can_be_trained(tmp_path):
    (params := tmp_path / "hyper.test").write_text("learning_rate choice [0.01,0.003,0.001]\nkfac choice [2,3,4,5,7]\n")
    given = ["tune", "--data", "shop:140x120", "--params", params, "--trials", 5, "--out", tmp_path / "t",
             *(part for key, value in CHANGES.items() for part in ("--set", f"{key}={value}"))]
    other = subprocess.Popen([sys.executable, "-m", "macrid", *map(str, given)], cwd=Path(__file__).parents[2],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    status, out, err = run(*given)
    printed, said = other.communicate(timeout=120)
    assert (status, other.returncode) == (0, 0), err + said
    found = answer(*given)
    assert len(found["trials"]) == 5
    assert out.splitlines()[0].split() == printed.splitlines()[0].split() == ["trial", "learning_rate", "kfac", "NDCG@100"]
    assert " best" in run(*given)[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "METHODS", dict.fromkeys(layout.METHODS, lambda vectors, *rest: projections.pca(vectors)))
        best = tmp_path / "t" / "best.yaml"
        assert run("train", "--data", "shop:140x120", "--config", best, "--out", tmp_path / "b")[0] == 0
    trained = load(tmp_path / "b").settings
    assert trained == replace(Settings(**found["settings"]), context=trained.context, sampled_items=trained.sampled_items)


@needs_optuna
def test_processes_without_a_common_folder_share_a_study_in_a_database(tmp_path):
    (params := tmp_path / "hyper.test").write_text("learning_rate choice [0.01,0.003,0.001]\nkfac choice [2,3,4,5,7]\n")
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    given = ["tune", "--data", "shop:140x120", "--params", params, "--trials", 4, "--storage", url,
             *(part for key, value in CHANGES.items() for part in ("--set", f"{key}={value}"))]
    other = get_context("fork").Process(target=run, args=(*given, "--out", tmp_path / "there"))
    other.start()
    status, _, err = run(*given, "--out", tmp_path / "here")
    other.join(120)
    assert (status, other.exitcode) == (0, 0), err
    found = answer(*given, "--out", tmp_path / "here")
    assert len(found["trials"]) == 4
    assert yaml.safe_load((tmp_path / "here" / "best.yaml").read_text()) == found["settings"]
    assert not (tmp_path / "here" / "study.log").exists()


@needs_optuna
def test_a_study_in_a_database_goes_on_with_the_settings_that_were_stopped(tmp_path, tiny_split):
    def stop(number, event, value):
        if event == "report":
            raise KeyboardInterrupt

    url = f"sqlite:///{tmp_path / 'studies.db'}"
    with pytest.raises(KeyboardInterrupt):
        tuned(tiny_split, tmp_path / "t", 1, storage=url, report=stop)
    events = []
    found = tuned(tiny_split, tmp_path / "t", 1, storage=url, report=lambda *told: events.append(told[2].get("epoch")))
    assert (events[0], len(found["trials"])) == (2, 1)
    with pytest.raises(InputError, match=r"--storage cannot be opened .*SQLAlchemy") as told:
        tuned(tiny_split, tmp_path / "u", 1, storage="nothing://me:secret@host/name")
    assert "secret" not in str(told.value)
    assert not (tmp_path / "u").exists()


@pytest.mark.parametrize(("text", "named"), [("learning_rate choice [0.01]\nkafc choice [3]\n", "kfac"), ("", "no setting"),
                                             ("label_weight choice [0.1,1]\n", "--labels")])
def test_a_mistake_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, text, named):
    monkeypatch.setattr(database, "optuna", lambda what: None)
    (params := tmp_path / "hyper.test").write_text(text)
    given = ["tune", "--data", "shop:140x120", "--params", params, "--out", tmp_path / "t"]
    assert named in mistake(*given, "--trials", 2)
    assert "--trials" in mistake(*given, "--trials", 0)
    assert [p.name for p in tmp_path.iterdir()] == ["hyper.test"]


def test_without_optuna_the_way_to_get_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    said = mistake("tune", "--data", "shop:140x120", "--params", tmp_path / "x", "--trials", 2, "--out", tmp_path / "t")
    assert "tune needs Optuna, which is not installed: pip install 'macrid[tune]'" in said
    assert not list(tmp_path.iterdir())
