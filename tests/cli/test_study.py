"""compare, sweep and tune from the shell: tables, objects, one line for a mistake, Ctrl-C and going on."""

import json
import os
import re
import signal
import time

import pytest
from commands import answer, mistake, once, process, run

from macrid import results

DATA = ["--data", "shop:140x120"]
TINY = [*DATA, "--set", "epochs=2", "--set", "embedding_size=4", "--set", "encoder_hidden_size=[8]"]


@pytest.fixture(autouse=True)
def no_data(monkeypatch, tmp_path):
    monkeypatch.setenv("MACRID_DATA", str(tmp_path / "data"))


@pytest.mark.usefixtures("trained_here")
def test_compare_prints_a_table_or_the_file(tmp_path):
    models = ["--models", "popularity, ease,multvae,macridvae-k1", "--set", "multvae.epochs=1",
              "--set", "ease.regularisation=9"]
    status, out, err = run("compare", *TINY, *models, "--out", tmp_path / "c.json")
    assert status == 0, err
    lines = out.splitlines()
    assert [line.split("  ")[0] for line in lines[1:5]] == ["Popularity", "EASE", "Mult-VAE", "MacridVAE, K = 1"]
    assert lines[0].split() == ["ndcg@100", "recall@20", "recall@50", "ndcg@100", "less", "the", "best", "time", "memory"]
    assert out.count(" best ") == 2  # in the head and in one row
    value = results.load(tmp_path / "c.json", "compare")
    assert value["models"][1]["settings"] == {"regularisation": 9.0}
    assert value["models"][2]["settings"]["epochs"] == 1
    assert value["models"][3]["settings"]["embedding_size"] == 4
    found = answer("compare", *TINY, *models, "--out", tmp_path / "c.json", "--overwrite")
    assert found == results.load(tmp_path / "c.json")
    assert [m["figures"] for m in found["models"]] == [m["figures"] for m in value["models"]]
    assert {p.name for p in tmp_path.iterdir()} == {"c.json"}


@pytest.mark.usefixtures("trained_here")
def test_compare_on_recboles_split(tmp_path):
    found = answer("compare", *DATA, "--models", "popularity,ease", "--split", "recbole", "--out", tmp_path / "c.json")
    assert found["main"] == "ndcg@10"
    assert found["metrics"] == ["recall@10", "mrr@10", "ndcg@10", "hit@10", "precision@10"]
    assert results.load(tmp_path / "c.json") == found


@pytest.mark.usefixtures("trained_here")
def test_sweep_prints_a_table_or_the_file(tmp_path):
    grid = ["--grid", "anneal_cap=0.05,1e-1", "kfac=1,3", "--jobs", "2"]
    status, out, err = run("sweep", *TINY, *grid, "--out", tmp_path / "s.json")
    assert status == 0, err
    assert [line.split("  ")[0] for line in out.splitlines()[1:]] == [
        f"anneal_cap={a} kfac={k}" for a in (0.05, 0.1) for k in (1, 3)]
    assert "independence" in out.splitlines()[0]
    found = answer("sweep", *TINY, "--grid", "anneal_cap=0.05,1e-1", "--grid", "kfac=1,3", "--out", tmp_path / "t.json")
    whole = results.load(tmp_path / "s.json", "sweep")
    assert found["grid"] == whole["grid"] == {"anneal_cap": [0.05, 0.1], "kfac": [1, 3]}
    assert [p["figures"] for p in found["points"]] == [p["figures"] for p in whole["points"]]


@pytest.mark.usefixtures("trained_here")
def test_a_failed_point_is_said(tmp_path):
    blow_up = ["--set", "similarity=dot", "--set", "std=1000", "--set", "epochs=60", "--set", "stopping_step=60",
               "--set", "train_batch_size=16"]
    status, out, err = run("sweep", *TINY, *blow_up, "--grid", "learning_rate=1e-5,10", "--out", tmp_path / "s.json")
    assert status == 0, err
    assert err.splitlines()[-1].startswith("learning_rate 10.0: the loss or a weight is not finite")
    assert out.count("\n") == 2


@pytest.mark.parametrize(("arguments", "named"), [
    (["compare", *DATA], "--out"), (["compare", *DATA, "--out", "{t}"], "a folder"),
    (["compare", *DATA, "--out", "c.json", "--models", "ease,easy"], "ease"),
    (["compare", *DATA, "--out", "c.json", "--models", "ease,ease"], "each once"),
    (["compare", *DATA, "--out", "c.json", "--models", ","], "--models"),
    (["compare", *DATA, "--out", "c.json", "--set", "kfack=1"], "kfac"),
    (["compare", *DATA, "--out", "c.json", "--set", "multvae.epoch=1"], "multvae.epochs"),
    (["compare", *DATA, "--out", "c.json", "--models", "ease", "--set", "multvae.epochs=1"], "not among --models"),
    (["compare", *DATA, "--out", "c.json", "--held-out", "90"], "--held-out"),
    (["compare", "--data", "shopp", "--out", "c.json"], "shopp"),
    (["compare", *DATA, "--out", "c.json", "--set", "label_weight=1"], "--labels"),
    (["sweep", *DATA, "--out", "s.json", "--grid", "label_weight=0,1"], "--labels"),
    (["sweep", *DATA, "--out", "s.json"], "--grid"), (["sweep", *DATA, "--out", "s.json", "--grid", "kafc=1"], "kfac"),
    (["sweep", *DATA, "--out", "s.json", "--grid", "kfac"], "key=a,b,c"),
    (["sweep", *DATA, "--out", "s.json", "--grid", "kfac="], "key=a,b,c"),
    (["sweep", *DATA, "--out", "s.json", "--grid", "kfac=1,,2"], "kfac=1,,2"),
    (["sweep", *DATA, "--out", "s.json", "--grid", "kfac=1,seven"], "'seven'"),
    (["sweep", *DATA, "--out", "s.json", "--grid", "kfac=1", "kfac=2"], "twice"),
    (["sweep", *DATA, "--out", "s.json", "--grid", "kfac=1", "--jobs", "0"], "--jobs"),
])
def test_a_mistake_gets_one_line_and_leaves_nothing(tmp_path, monkeypatch, arguments, named):
    monkeypatch.chdir(tmp_path)
    assert named in mistake(*(a.format(t=tmp_path) for a in arguments))
    assert not list(tmp_path.iterdir())


def test_what_exists_is_not_overwritten_unasked(tmp_path):
    (tmp_path / "c.json").write_text("precious")
    assert "--overwrite" in mistake("compare", *DATA, "--models", "ease", "--out", tmp_path / "c.json")
    assert (tmp_path / "c.json").read_text() == "precious"


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_real_interrupt_loses_one_epoch_at_most(tmp_path):
    """A real process: the checkpoint of the running point stays, to be continued."""
    out = tmp_path / "s.json"
    arguments = ["sweep", *TINY, "--grid", "kfac=2", "--set", "epochs=3000", "--set", "stopping_step=3000", "--out", out]
    running = process(*arguments)
    kept = once(running, lambda: list(tmp_path.glob("s.json.partial/*/checkpoint.safetensors")))
    running.send_signal(signal.SIGINT)
    printed, err = running.communicate(timeout=60)
    assert (running.returncode, printed) == (130, "")
    assert "Traceback" not in err
    assert "--resume" in re.split(r"[\r\n]+", err.strip())[-1]
    before = kept[0].stat().st_mtime_ns
    time.sleep(0.3)
    assert kept[0].stat().st_mtime_ns == before  # nobody goes on in the dark


def test_a_real_comparison(tmp_path):
    """Through a real process: nothing but the object on standard output, and memory that is the model's own."""
    models = ["--models", "macridvae"]
    done = process("compare", *TINY, *models, "--out", tmp_path / "c.json", "--json")
    printed, err = done.communicate(timeout=120)
    assert done.returncode == 0, err
    value = json.loads(printed)
    assert value == results.load(tmp_path / "c.json", "compare")
    assert value["models"][0]["training"]["peak_bytes"] > 2**20
    assert {p.name for p in tmp_path.iterdir()} == {"c.json"}
