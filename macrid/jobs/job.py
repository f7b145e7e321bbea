"""One job: what was asked for, how it stands, what it says."""

import os
import re
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from macrid import locks
from macrid.errors import InputError
from macrid.files import Shape, problem, read_json, write_json

INTERRUPTED = 130  # the exit status of a command that was asked to stop, and keeps what is done
HERE = "{job}/"  # how an argument begins that is a path in the job's folder
_REQUEST: Shape = {"kind": str, "title": str, "arguments": list, "out": str, "owner": str, "lane": str, "keeps": list,
                   "about": dict}


@dataclass(frozen=True)
class Request:
    """What is asked for: `python -m macrid ARGUMENTS`, which makes the file or folder `out`; given again, it goes on. An
    argument that begins with HERE stands in the job's own folder."""

    kind: str  # train, sweep, align, look: for those who show it
    title: str
    arguments: tuple[str, ...]
    out: Path
    owner: str = ""  # who alone may stop it; "": whoever can see it
    lane: str = "long"  # which queue: see `queue.LANES`
    keeps: tuple[Path, ...] = ()  # where what is half done lies, which goes when it is discarded
    about: dict[str, Any] = field(default_factory=dict)  # anything more that is to be remembered, as JSON values


class Job:
    """A job by its folder. What it gives is read anew each time, but for the request."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log, self.printed, self.progress = folder / "log", folder / "printed", folder / "progress"
        self.lock = folder / "lock"

    @property
    def id(self) -> str:
        return self.folder.name

    @cached_property
    def request(self) -> Request:
        """What was asked for; InputError if its file is damaged."""
        value = read_json(self.folder / "request.json") or {}
        if wrong := problem(value, _REQUEST):
            raise InputError(f"{self.folder / 'request.json'}: {wrong}; delete {self.folder}")
        paths = {"out": Path(value["out"]), "keeps": tuple(map(Path, value["keeps"]))}
        return Request(**value | paths | {"arguments": tuple(map(str, value["arguments"]))})

    @property
    def arguments(self) -> list[str]:
        """The arguments of the request, with paths in the folder of the job as they are."""
        here = f"{self.folder.absolute()}{os.sep}"
        return [here + text.removeprefix(HERE) if text.startswith(HERE) else text for text in self.request.arguments]

    def write(self, request: Request) -> None:
        """Write down what is asked for."""
        plain = asdict(request) | {"out": str(request.out), "keeps": [str(path) for path in request.keeps]}
        write_json(self.folder / "request.json", plain)

    @property
    def status(self) -> dict[str, Any]:
        """state: waiting, running, stopped; since: when it was put into the queue, or stopped before its turn; of one that
        was started also when it `began`, its `pid` once it has one, and, if it was `asked` to end (time.monotonic()), what
        is `wanted`: stop, or later, to go on when the queue is there again."""
        return read_json(self.folder / "status.json") or {}

    def set_status(self, state: str, since: float, **more: object) -> None:
        write_json(self.folder / "status.json", {"state": state, "since": since, **more})

    @property
    def state(self) -> str:
        """waiting, running, stopping, stopped, done or failed."""
        status = self.status  # read before the lock is tried: the process may end between the two
        if locks.is_held(self.lock):
            return "stopping" if status.get("wanted") else "running"
        status = self.status
        if status.get("state") != "running":
            return str(status.get("state", "stopped"))
        code = self.code
        if code == 0:
            return "done"
        if status.get("wanted") == "later" or (code is None and "pid" not in status):  # whoever began it was killed then
            return "waiting"
        return "stopped" if code in (None, INTERRUPTED) else "failed"

    @property
    def code(self) -> int | None:
        """The exit status; None as long as it runs, and if it was killed."""
        code = (read_json(self.folder / "ended.json") or {}).get("code")
        return code if isinstance(code, int) else None

    @property
    def running(self) -> bool:
        """Whether it is under way: it runs, or its turn is to come."""
        return self.state in ("waiting", "running", "stopping")

    @property
    def failed(self) -> bool:
        """It ended by itself, and not well."""
        return self.state == "failed"

    @property
    def stopped(self) -> bool:
        return self.state == "stopped"

    @property
    def was_killed(self) -> bool:
        """It is stopped, and nobody asked for that."""
        return self.stopped and self.code is None and self.status.get("state") == "running" and not self.status.get("wanted")

    def end(self, code: int) -> None:
        """Note the exit status; the process itself does, last."""
        write_json(self.folder / "ended.json", {"code": code})

    def last_line(self) -> str:
        """The last line of what it said; tqdm's bars are written over one another with carriage returns."""
        said = _tail(self.log)
        lines = [line.strip() for line in said.replace("\r", "\n").splitlines() if line.strip()]
        return lines[-1] if lines else ""

    def now(self) -> str:
        """What it does now: the words behind the figures of tqdm's bar, or its last line."""
        line = self.last_line()
        bar = re.fullmatch(r".*\[[^,]*, [^,]*(?:, (.*))?\]", line)
        return line if not bar else bar[1] or ""


def _tail(path: Path, most: int = 20_000) -> str:
    """The end of a file of text."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - most))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
