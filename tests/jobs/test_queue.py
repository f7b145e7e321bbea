"""Jobs: one at a time, stopped, resumed, discarded, and found again whatever became of the process that began them."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from macrid.errors import InputError
from macrid.jobs import Job, Queue, Request, queue
from macrid.jobs.job import INTERRUPTED

# What stands in for `python -m macrid run-job FOLDER`: it says "begun", works until the file `go` is there, and keeps to the
# same contract as cli.jobs.run_job, which is tested with the command line.
WORK = textwrap.dedent("""
    import signal, sys, time
    from pathlib import Path
    from macrid.jobs import Job
    job = Job(Path(sys.argv[-1]))
    words = job.request.arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN if "deaf" in words else signal.default_int_handler)
    print("begun", flush=True, file=sys.stderr)
    try:
        while "waits" in words and not (job.folder / "go").exists():
            time.sleep(0.02)
        code = 2 if "fails" in words else 0
        print("error: it is wrong" if code else "fine", file=sys.stderr)
    except KeyboardInterrupt:
        code = 130
    job.end(code)
    sys.exit(code)
""")


def waited(wanted, seconds=40):
    end = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def quick(monkeypatch, tmp_path):
    """Processes that start at once; every queue made here is closed in the end."""
    popen, made = subprocess.Popen, []
    monkeypatch.setattr(queue.subprocess, "Popen",
                        lambda command, **how: popen([sys.executable, "-c", WORK, command[-1]], **how))
    monkeypatch.setattr(queue, "LOOKED_EVERY", 0.02)

    def make(folder=tmp_path / "jobs", **how):
        made.append(Queue(folder, **how))
        return made[-1]

    yield make
    for each in made:
        for job in each.jobs():
            each.stop(job)
        each.close(5)


def asked(tmp_path, name="a", *words, **more):
    return Request("train", f"Train {name}", words, tmp_path / name, **more)


def test_a_job_is_done_and_says_what_it_said(quick, tmp_path):
    job = quick().submit(asked(tmp_path, "a", about={"n": 3}))
    waited(lambda: job.state == "done")
    assert job.last_line() == "fine"
    assert not job.running
    assert not job.failed
    assert job.code == 0
    assert Job(job.folder).request == asked(tmp_path, "a", about={"n": 3})


def test_a_job_that_fails_says_why_and_may_be_tried_again(quick, tmp_path):
    q = quick()
    job = q.submit(asked(tmp_path, "a", "fails"))
    waited(lambda: job.failed)
    assert job.last_line() == "error: it is wrong"
    q.resume(job)
    waited(lambda: job.failed and job.log.read_text().count("begun") == 2)


def test_one_at_a_time_in_their_order(quick, tmp_path):
    q = quick()
    first, second, third = (q.submit(asked(tmp_path, name, "waits")) for name in "abc")
    waited(lambda: first.last_line() == "begun")
    assert [job.state for job in (first, second, third)] == ["running", "waiting", "waiting"]
    assert [q.ahead(job) for job in (second, third)] == [1, 2]
    short = q.submit(asked(tmp_path, "d", lane="short"))  # what somebody waits for has a lane of its own
    waited(lambda: short.state == "done")
    q.stop(second)  # its turn has not come
    assert second.stopped
    (first.folder / "go").touch()
    waited(lambda: third.last_line() == "begun")
    assert first.state == "done"
    assert second.stopped
    assert [job.id for job in q.jobs()] == sorted((job.id for job in (first, second, third, short)), reverse=True)


def test_stopped_resumed_discarded(quick, tmp_path):
    q, half = quick(), tmp_path / "a.partial"
    half.mkdir()
    job = q.submit(asked(tmp_path, "a", "waits", keeps=(half,)))
    waited(lambda: job.last_line() == "begun")
    with pytest.raises(InputError, match="Train a is running; stop it first"):
        q.discard(job)
    q.stop(job)
    waited(lambda: job.stopped)
    assert job.code == INTERRUPTED
    assert not job.was_killed
    assert half.exists()
    q.resume(job)
    waited(lambda: job.log.read_text().count("begun") == 2)
    q.stop(job)
    waited(lambda: job.stopped)
    q.discard(job)
    assert q.jobs() == []
    assert not half.exists()
    assert not job.folder.exists()


def test_what_is_done_stays_when_its_job_is_discarded(quick, tmp_path):
    q, kept = quick(), tmp_path / "a.partial"
    kept.mkdir()
    job = q.submit(asked(tmp_path, "a", keeps=(kept,)))
    waited(lambda: job.state == "done")
    q.discard(job)
    assert kept.exists()


def test_a_job_that_does_not_listen_is_ended(quick, tmp_path, monkeypatch):
    monkeypatch.setattr(queue, "PATIENCE", 0.2)
    q = quick()
    job = q.submit(asked(tmp_path, "a", "waits", "deaf"))
    waited(lambda: job.last_line() == "begun")
    q.stop(job)
    assert job.state == "stopping"
    waited(lambda: job.stopped)
    assert job.code is None


def test_what_a_job_brings_lies_in_its_folder(quick, tmp_path):
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "a.csv").write_text("x")
    request = asked(tmp_path, "a", "--data", "{job}/data/plays", "say {job}/x")
    job = quick().submit(request, {"data/plays": tmp_path / "given"})
    assert job.arguments == ["--data", str(job.folder / "data" / "plays"), "say {job}/x"]
    assert (job.folder / "data" / "plays" / "a.csv").read_text() == "x"
    assert not (tmp_path / "given").exists()


def test_too_many_of_one_owner_are_refused_and_others_are_not(quick, tmp_path):
    q = quick()
    for name in "abcd":
        q.submit(asked(tmp_path, name, "waits", owner="ann"))
    with pytest.raises(InputError, match="4 jobs of yours are under way already"):
        q.submit(asked(tmp_path, "e", owner="ann"))
    q.submit(asked(tmp_path, "e", owner="bob"))


@pytest.mark.long
def test_two_jobs_never_make_the_same_file(quick, tmp_path):
    q = quick()
    job = q.submit(asked(tmp_path, "a", "waits"))
    with pytest.raises(InputError, match="a is being made already"):
        q.submit(asked(tmp_path, "a"))
    q.stop(job)
    waited(lambda: job.stopped)
    with pytest.raises(InputError, match="discard that job"):
        q.submit(asked(tmp_path, "a"))
    q.discard(job)
    q.submit(asked(tmp_path, "a"))


def test_a_queue_that_ends_leaves_nothing_running_and_the_next_one_goes_on(quick, tmp_path):
    q = quick()
    first, second = (q.submit(asked(tmp_path, name, "waits")) for name in "ab")
    waited(lambda: first.last_line() == "begun")
    pid = first.status["pid"]
    q.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert [job.state for job in (first, second)] == ["waiting", "waiting"]
    q.wake()
    time.sleep(0.1)
    assert first.state == "waiting"  # a closed queue starts nothing
    quick().wake()
    waited(lambda: first.log.read_text().count("begun") == 2)
    assert second.state == "waiting"


def test_what_runs_is_found_by_another_queue_and_stopped_there(quick, tmp_path):
    began = quick()
    job = began.submit(asked(tmp_path, "a", "waits"))
    waited(lambda: job.last_line() == "begun")
    other = quick(starts=False)
    found = other.job(job.id)
    assert found.state == "running"
    assert other.job("../" + job.id) is None
    other.stop(found)
    waited(lambda: found.stopped)


def test_a_job_that_was_killed_is_stopped_and_goes_on(quick, tmp_path):
    q = quick()
    job = q.submit(asked(tmp_path, "a", "waits"))
    waited(lambda: job.last_line() == "begun")
    os.kill(job.status["pid"], signal.SIGKILL)
    waited(lambda: job.stopped)
    assert job.was_killed
    (job.folder / "go").touch()
    q.resume(job)
    waited(lambda: job.state == "done")


def test_a_queue_that_is_killed_as_it_begins_a_job_begins_it_again(quick, tmp_path, monkeypatch):
    q = quick(starts=False)
    job = q.submit(asked(tmp_path, "a"))
    with monkeypatch.context() as patch:
        patch.setattr(queue.subprocess, "Popen", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            q._start(job)
    assert (job.status["state"], job.state) == ("running", "waiting")
    quick().wake()
    waited(lambda: job.state == "done")
    assert job.log.read_text().count("begun") == 1


def test_a_folder_that_takes_nothing_keeps_its_jobs_waiting(quick, tmp_path, monkeypatch):
    q = quick(starts=False)
    job, other = q.submit(asked(tmp_path, "a")), quick()
    with monkeypatch.context() as patch:
        patch.setattr(Job, "set_status", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        other.wake()
        waited(lambda: not other._thread.is_alive())
    assert job.state == "waiting"
    other.wake()
    waited(lambda: job.state == "done")
    assert not (tmp_path / "none").exists()
    quick(tmp_path / "none").wake()
    assert not (tmp_path / "none").exists()


def test_the_order_does_not_hang_on_the_clock(quick, tmp_path, monkeypatch):
    q = quick(starts=False)
    first = q.submit(asked(tmp_path, "a"))
    monkeypatch.setattr(queue.time, "time", lambda: 1e9)  # it was put back by years
    second = q.submit(asked(tmp_path, "b"))
    assert [q.ahead(first), q.ahead(second)] == [0, 1]
    assert [job.id for job in q.jobs()] == [second.id, first.id]


def test_many_at_once_ask_for_jobs_and_each_runs_once(quick, tmp_path):
    """Queues on one folder, as of several processes, with a thread each."""
    queues = [quick() for _ in range(4)]
    jobs = [q.submit(asked(tmp_path, f"{n}")) for n, q in enumerate(queues * 2)]
    waited(lambda: all(job.state == "done" for job in jobs))
    assert all(job.log.read_text().count("begun") == 1 for job in jobs)


def test_damaged_files_are_passed_over(quick, tmp_path):
    q = quick(starts=False)
    good = q.submit(asked(tmp_path, "a"))
    for name, text in {"x-1": "{", "x-2": "[]", "x-3": '{"kind": 3}'}.items():
        (q.folder / name).mkdir()
        (q.folder / name / "request.json").write_text(text)
    assert [job.id for job in q.jobs()] == [good.id]
    (good.folder / "status.json").write_text("nonsense")
    assert good.state == "stopped"
    assert good.last_line() == ""


@pytest.mark.parametrize(("line", "wanted"), [
    ("10%|#  | 1/10 [00:35<02:23, 15.97s/point, macridvae, epoch 4: NDCG@100 0.4]", "macridvae, epoch 4: NDCG@100 0.4"),
    ("0%|  | 0/10 [00:00<?, ?point/s]", ""), ("getting ml-100k", "getting ml-100k"), ("error: [x] is y", "error: [x] is y")])
def test_what_it_does_now(tmp_path, line, wanted):
    job = Job(tmp_path)
    job.log.write_text(f"before\r{line}\r")
    assert job.now() == wanted


