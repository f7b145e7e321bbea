"""Commands beside the app: started, watched, stopped."""

import sys
import time

import pytest

from ui import background


def waited(wanted, seconds=60):
    end = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_command_ends_and_says_what_it_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # wherever one stands, the library is found
    job = background.start(["--help"], tmp_path / "deep" / "out.json", trainings=3)
    waited(lambda: not job.running)
    assert not job.failed
    assert "MacridVAE" in job.log.read_text()
    assert job.last_line()
    assert job.trainings == 3


def test_a_command_that_fails_says_why(tmp_path):
    job = background.start(["info", str(tmp_path / "nothing")], tmp_path / "out.json")
    waited(lambda: not job.running)
    assert job.failed
    assert job.last_line().startswith("error: there is no bundle at")


@pytest.mark.parametrize("deaf", [False, True])
def test_a_command_is_stopped_even_if_it_does_not_listen(tmp_path, monkeypatch, deaf):
    code = ("import signal, time\n" + ("signal.signal(signal.SIGINT, signal.SIG_IGN)\n" if deaf else "")
            + "print('ready', flush=True)\ntime.sleep(60)")
    popen = background.subprocess.Popen
    monkeypatch.setattr(background.subprocess, "Popen", lambda command, **how: popen([sys.executable, "-c", code], **how))
    job = background.start([], tmp_path / "out.json")
    waited(lambda: job.last_line() == "ready")
    assert job.running
    job.stop(patience=0.5)
    assert not job.running
    assert job.stopped
    assert not job.failed  # somebody wanted it
    job.stop()  # nothing to do


def test_the_last_line_of_a_bar(tmp_path):
    job = background.Job(None, tmp_path / "log", tmp_path / "out", 1)
    assert job.last_line() == ""
    job.log.write_text("note: x\n 10%|#  | 1/10\r 20%|## | 2/10\r\n")
    assert job.last_line() == "20%|## | 2/10"


@pytest.mark.parametrize(("line", "wanted"), [
    ("10%|#  | 1/10 [00:35<02:23, 15.97s/point, macridvae, epoch 4: NDCG@100 0.4]", "macridvae, epoch 4: NDCG@100 0.4"),
    ("0%|  | 0/10 [00:00<?, ?point/s]", ""), ("getting ml-100k", "getting ml-100k"), ("error: [x] is y", "error: [x] is y")])
def test_what_it_does_now(tmp_path, line, wanted):
    job = background.Job(None, tmp_path / "log", tmp_path / "out", 1)
    job.log.write_text(f"before\r{line}\r")
    assert job.now() == wanted


def test_what_is_done(tmp_path):
    assert background.done_in(tmp_path / "none") == 0
    for name in ("run.json", "a-1.json", "b-2.json", "c.partial"):
        (tmp_path / name).write_text("{}")
    assert background.done_in(tmp_path) == 2
