"""A command of ours in a process beside the app: started, watched, stopped.

Its words go to a log file; what it has done so far is seen from the files that it writes.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import macrid

LIBRARY = Path(macrid.__file__).resolve().parents[1]  # where Python finds macrid, installed or not


@dataclass
class Job:
    """A running or ended command: the process, its log, the file that it makes, and how many trainings that takes."""

    process: subprocess.Popen
    log: Path
    out: Path
    trainings: int
    stopped: bool = False  # by `stop`

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    @property
    def failed(self) -> bool:
        """It ended by itself, and not well."""
        return not self.stopped and self.process.poll() not in (None, 0)

    def last_line(self) -> str:
        """The last line of what it said; tqdm's bars are written over one another with carriage returns."""
        try:
            said = self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        lines = [line.strip() for line in said.replace("\r", "\n").splitlines() if line.strip()]
        return lines[-1] if lines else ""

    def now(self) -> str:
        """What it does now: the words behind the figures of tqdm's bar, or its last line."""
        line = self.last_line()
        bar = re.fullmatch(r".*\[[^,]*, [^,]*(?:, (.*))?\]", line)
        return line if not bar else bar[1] or ""

    def stop(self, patience: float = 5) -> None:
        """Ask it to stop as Ctrl-C does, so that it keeps what is done; end it if it does not."""
        if self.running:
            self.stopped = True
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                self.process.terminate()
                self.process.wait()


def start(arguments: Sequence[str], out: Path, trainings: int = 1) -> Job:
    """Run `python -m macrid` with the arguments, which write the file `out`; the log stands beside it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    log = out.with_name(out.name + ".log")
    path = os.pathsep.join(filter(None, [str(LIBRARY), os.environ.get("PYTHONPATH")]))
    with log.open("w", encoding="utf-8") as words:
        process = subprocess.Popen([sys.executable, "-m", "macrid", *arguments], env=os.environ | {"PYTHONPATH": path},
                                   stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT)
    return Job(process, log, out, trainings)


def done_in(partial: Path) -> int:
    """How many points of a study are done, by the records in the folder that it keeps while it runs."""
    return sum(1 for path in partial.glob("*.json") if path.name != "run.json")
