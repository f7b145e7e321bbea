"""Jobs of macrid's own commands: a training as a job, watched, stopped, resumed; the list that an operator sees."""

import json

import pytest
from commands import TINY, mistake, run

from macrid import bundle
from macrid.jobs import Queue, Request
from macrid.pipeline.watched import Progress


def test_a_training_does_what_its_job_asks_for_and_can_be_watched(tmp_path, monkeypatch):
    """In this process; tests/browser/test_train_page.py has one in a process of its own, stopped and resumed."""
    monkeypatch.setattr("os.nice", lambda by: None)
    monkeypatch.setattr("signal.signal", lambda *given: None)
    queue, out = Queue(tmp_path / ".jobs", starts=False), tmp_path / "mine"
    arguments = ("train", *TINY, "--set", "kfac=3", "--out", str(out), "--resume", "--progress", "{job}/progress")
    job = queue.submit(Request("train", "Train mine", arguments, out))
    assert run("run-job", job.folder)[0] == 0
    assert job.code == 0
    seen, history = Progress(job.progress), bundle.load(out).history
    assert [{key: row[key] for key in history[0]} for row in seen.of("train")] == history
    assert {"loss", "kl", "ndcg@100", "seconds"} <= history[0].keys()
    assert len(seen.factors["factors"]) == 3
    assert sum(factor["share"] for factor in seen.factors["factors"]) == pytest.approx(1)
    assert {"title", "category"} <= seen.factors["factors"][0]["items"][0].keys()
    assert seen.now["stage"] == "save"
    assert seen.remaining is None  # of a stage without epochs
    assert run("run-job", job.folder)[0] == 2  # the bundle stands there
    assert job.code == 2


def test_the_time_that_is_left(tmp_path):
    rows = [{"stage": "train", "epoch": n, "best": min(n, 3), "seconds": 2.0} for n in range(1, 5)]
    (tmp_path / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"stage": "tra')
    now = {"stage": "train", "epoch": 5, "done": 0.5, "epochs": 20, "stopping_step": 10}
    (tmp_path / "now.json").write_text(json.dumps(now))
    least, most = Progress(tmp_path).remaining
    assert most == pytest.approx(2 * (20 - 4 - 0.5))
    assert least == pytest.approx(2 * (10 - 1 - 0.5))  # one epoch without a better one is over


def test_the_list_and_what_can_be_done_with_it(tmp_path, monkeypatch):
    monkeypatch.setenv("MACRID_MODELS", str(tmp_path))
    assert run("jobs") == (0, "", "")
    queue = Queue(tmp_path / ".jobs", starts=False)
    job = queue.submit(Request("train", "Train mine", ("train",), tmp_path / "mine", owner="ann"))
    said = run("jobs")[1]
    assert said.startswith(job.id)
    assert "waiting" in said
    assert "Train mine" in said
    assert f"there is no job x; there are {job.id}" in mistake("jobs", "x", "--stop")
    assert "say which jobs" in mistake("jobs", "--stop")
    assert "give one of" in mistake("jobs", job.id, "--stop", "--discard")
    run("jobs", job.id, "--stop")
    assert job.stopped
    run("jobs", job.id, "--resume")
    assert job.state == "waiting"
    run("jobs", job.id, "--discard")
    assert queue.jobs() == []
