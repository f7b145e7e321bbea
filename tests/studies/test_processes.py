"""Processes side by side: what they report, how they end, and that nobody is left behind."""

import os
import signal
import time

import pytest

from macrid.errors import InputError
from macrid.studies import memory, processes


def work(task, report):
    """What the child processes do: the tests' own small programs."""
    kind, value = task
    if kind == "count":
        for i in range(value):
            report({"epoch": i})
        return value
    if kind == "refuse":
        raise InputError(value)
    if kind == "blow up":
        raise FloatingPointError(value)
    if kind == "exhaust":
        raise MemoryError
    if kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "threads":
        return os.environ[processes.THREADS]
    if kind == "memory":
        memory.reset_peak()
        before = memory.now()
        block = bytearray(value)
        block[::4096] = b"x" * len(block[::4096])
        del block
        return memory.peak() - before
    if kind == "meet":  # both must be alive at once for either to end
        mine, others = value
        open(mine, "w").close()
        while not os.path.exists(others):
            time.sleep(0.01)
        return "met"
    report({"pid": os.getpid()})
    time.sleep(600)


def outcome(tasks, side_by_side=1):
    return [event for event in processes.run(work, tasks, side_by_side)]


def test_reports_come_before_the_answer_and_tasks_in_order():
    assert outcome({"a": ("count", 2), "b": ("count", 1)}) == [
        ("a", "report", {"epoch": 0}), ("a", "report", {"epoch": 1}), ("a", "done", 2),
        ("b", "report", {"epoch": 0}), ("b", "done", 1)]
    assert outcome({}) == []


def test_one_that_fails_or_dies_leaves_the_others(tmp_path):
    found = outcome({"refuse": ("refuse", "no"), "blow up": ("blow up", "not finite"), "exhaust": ("exhaust", None),
                     "die": ("die", None), "count": ("count", 0)}, 2)
    assert sorted(found) == [("blow up", "failed", "not finite"), ("count", "done", 0), ("die", "died", -signal.SIGKILL),
                             ("exhaust", "failed", "there is not enough memory for it"), ("refuse", "failed", "no")]


def test_side_by_side_means_at_once(tmp_path):
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    assert {event for _, event, _ in outcome({"a": ("meet", (a, b)), "b": ("meet", (b, a))}, 2)} == {"done"}


def test_threads_are_shared_out(monkeypatch):
    monkeypatch.setenv(processes.THREADS, "6")
    assert processes.threads_for(1) == 6
    assert outcome({"a": ("threads", None), "b": ("threads", None)}, 2)[0][2] == "3"
    assert os.environ[processes.THREADS] == "6"
    assert processes.threads_for(100) == 1
    monkeypatch.delenv(processes.THREADS)
    assert processes.threads_for(1) >= 1
    assert outcome({"a": ("threads", None)})[0][2] == str(processes.threads_for(1))
    assert processes.THREADS not in os.environ


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_who_stops_listening_ends_the_processes():
    running = processes.run(work, {"a": ("sleep", None), "b": ("sleep", None)}, 2)
    pids = [next(running)[2]["pid"], next(running)[2]["pid"]]
    assert all(map(alive, pids))
    with pytest.raises(KeyboardInterrupt):
        running.throw(KeyboardInterrupt)
    assert not any(map(alive, pids))


def test_peak_memory_is_that_of_the_task():
    size = 200 * 2**20
    (_, _, found), (_, _, nothing) = outcome({"a": ("memory", size), "b": ("memory", 4096)})
    assert size * 0.95 < found < size * 1.2
    assert nothing < size / 10


def test_memory_that_is_left(monkeypatch, tmp_path):
    """What the system has free, or less: what a container's limit leaves."""
    system, limit = tmp_path / "meminfo", tmp_path / "limit"
    monkeypatch.setattr(memory, "_SYSTEM", system)
    monkeypatch.setattr(memory, "_LIMIT", limit)
    assert memory.available() is None
    system.write_text("MemTotal:  9000 kB\nMemAvailable:    4000 kB\n")
    assert memory.available() == 4000 * 1024
    limit.write_text("max\n")
    assert memory.available() == 4000 * 1024
    limit.write_text(f"{memory.now() + 10**6}\n")
    assert memory.available() <= 2 * 10**6
