"""Work in processes of its own, some side by side: each task alone in a fresh process, what it reports as events.

A fresh process makes peak memory the task's own, gives each its share of the processor's threads, and keeps a task that dies
(out of memory, killed) from taking the others along.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, NamedTuple, TypeVar

from macrid.errors import InputError

THREADS = "OMP_NUM_THREADS"  # what torch and numpy's BLAS read as they are loaded

Task = TypeVar("Task")
Work = Callable[[Task, Callable[[dict], None]], object]


class _Running(NamedTuple):
    key: str  # of the task
    process: SpawnProcess
    connection: Connection


def threads_for(jobs: int) -> int:
    """The threads of each of `jobs` processes: their share of those of this one."""
    whole = os.environ.get(THREADS, "")
    return max(1, (int(whole) if whole.isdigit() else len(_cores())) // jobs)


def _cores() -> range | set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


def run(work: Work[Task], tasks: dict[str, Task], jobs: int = 1) -> Iterator[tuple[str, str, Any]]:
    """Do `work(task, report)` for every task, `jobs` at once, and yield (key of the task, event, value) as it happens:

        "report", row         the work called report(row)
        "done", answer        what the work returned
        "failed", message     it raised InputError, FloatingPointError or MemoryError
        "died", exit code     its process ended otherwise; negative: by that signal

    work must be a function of a module, tasks and answers things that can be sent to a process. Whoever stops iterating,
    by an exception or by closing the iterator, ends the processes that still run.
    """
    context = multiprocessing.get_context("spawn")
    waiting = list(tasks.items())
    running: dict[object, _Running] = {}  # by their connection
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                key, task = waiting.pop(0)
                here, there = context.Pipe(duplex=False)
                process = context.Process(target=_child, args=(there, work, task), daemon=True)
                with _environment(THREADS, str(threads_for(jobs))):
                    process.start()
                there.close()
                running[here] = _Running(key, process, here)
            for ready in wait([one.connection for one in running.values()]):
                key, process, connection = running[ready]
                try:
                    event, value = connection.recv()
                except EOFError:
                    process.join()
                    event, value = "died", process.exitcode
                if event != "report":
                    process.join()
                    del running[ready]
                yield key, event, value
    finally:
        for one in running.values():
            one.process.terminate()
        for one in running.values():
            one.process.join()


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """The environment variable `name` for the processes that are started here."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _child(there: Connection, work: Work[Task], task: Task) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    try:
        there.send(_outcome(work, task, lambda row: there.send(("report", row))))
    except BrokenPipeError:  # the parent is gone: nobody wants the answer
        return


def _outcome(work: Work[Task], task: Task, report: Callable[[dict], None]) -> tuple[str, object]:
    try:
        return "done", work(task, report)
    except (InputError, FloatingPointError) as error:
        return "failed", str(error)
    except MemoryError:
        return "failed", "there is not enough memory for it"
