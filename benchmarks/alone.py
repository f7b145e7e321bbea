"""A command in a process of its own, so that its time and memory are nobody else's."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    answer: the JSON value on the last line of its standard output, None if it printed nothing. seconds: by the clock, from
    its start to its end. processor: seconds of the processor, of all its threads, which other work on the machine does not
    stretch as it does the clock. memory: the most that it held, bytes resident, and at least what the process that started
    it held by then; a script that needs finer figures answers with those of `macrid.studies.memory`.
    """

    answer: object
    seconds: float
    processor: float
    memory: int

    def figures(self) -> dict[str, float]:
        return {"seconds": round(self.seconds, 1), "processor_seconds": round(self.processor, 1),
                "memory_mb": round(self.memory / 1e6)}


def threads(count: int) -> dict[str, str]:
    """The environment variables that hold a process to `count` threads."""
    return dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(count))


def run(command: list, folder: Path | None = None, variables: dict[str, str] | None = None) -> Ended:
    """Run a command to its end in the working folder `folder`, with these environment variables on top of ours; what it
    writes to standard error is shown. RuntimeError if it fails or its last line is no JSON."""
    begun = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], cwd=folder, env=os.environ | (variables or {}),
                               stdout=subprocess.PIPE, text=True)
    try:
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        process.wait()
        raise
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    name = " ".join(str(part) for part in command[:3])
    if process.returncode:
        raise RuntimeError(f"{name} ... ended with {process.returncode}")
    try:
        answer = json.loads(printed.strip().rpartition("\n")[2] or "null")
    except ValueError as error:
        raise RuntimeError(f"{name} ... printed no JSON on its last line: {printed[-200:]!r}") from error
    memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Ended(answer, seconds, usage.ru_utime + usage.ru_stime, memory)
