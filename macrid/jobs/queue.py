"""The queue of jobs in a folder: so many at once, the others in the order in which they came."""

import atexit
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from macrid import locks
from macrid.errors import InputError

from .job import Job, Request

LANES = {"long": 1, "short": 2}  # jobs at once: trainings; what somebody waits for
MOST = 4  # jobs of an owner in a lane that are not over
PATIENCE = 15.0  # seconds that a job is given to stop by itself
LOOKED_EVERY = 0.25  # seconds
LIBRARY = Path(__file__).resolve().parents[2]  # where Python finds macrid, installed or not


class Queue:
    """Jobs in a folder. Any number of these, in any number of processes, may stand on one folder: what is changed is changed
    under one lock. A thread of this process starts what waits; there is one only as long as something is under way.

    When this process ends (`close`, which it does by itself), the jobs that it has started are asked to stop, and go on when
    a queue is opened on the folder again (`wake`). Where it is killed, they go on without it.
    """

    def __init__(self, folder: Path, starts: bool = True) -> None:
        """starts: whether jobs are begun here; else they wait until another queue on the folder is awake."""
        self.folder, self.starts = folder, starts
        self._children: dict[str, subprocess.Popen] = {}  # those that this process has started, until they are reaped
        self._within = threading.RLock()
        self._thread: threading.Thread | None = None
        self._closed = False
        atexit.register(self.close)

    def jobs(self, kind: str | None = None) -> list[Job]:
        """The jobs, the latest first; those of one kind. What cannot be read is left out."""
        found = []
        for path in sorted(self.folder.glob("*-*/request.json"), reverse=True):
            job = Job(path.parent)
            try:
                if kind in (None, job.request.kind):
                    found.append(job)
            except InputError:
                continue
        return found

    def job(self, name: str) -> Job | None:
        """The job of this name, which may come from an address; None if there is none."""
        return next((job for job in self.jobs() if job.id == name), None)

    def submit(self, request: Request, brings: Mapping[str, Path] | None = None) -> Job:
        """Ask for a job. brings: files and folders that are moved into the job's folder, by the names that they get there.
        InputError if its owner has asked for too many, or if one that is not over makes the same file."""
        with self._changing():
            open_ = [job for job in self.jobs() if job.state in ("waiting", "running", "stopping", "stopped")]
            mine = [job for job in open_ if (job.request.owner, job.request.lane) == (request.owner, request.lane)
                    and job.running]
            if request.owner and len(mine) >= MOST:
                raise InputError(f"{len(mine)} jobs of yours are under way already; stop one, or wait until one is done")
            if any(job.request.out == request.out for job in open_):
                raise InputError(f"{request.out.name} is being made already; choose another name, or discard that job")
            since = self._now()
            now = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(since))}-{int(since % 1 * 1e6):06d}"
            job = Job(self.folder / f"{now}-{secrets.token_hex(2)}")
            job.progress.mkdir(parents=True)
            for name, path in (brings or {}).items():
                (job.folder / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(path, job.folder / name)
            job.set_status("waiting", since)  # before the request, which makes it one of the jobs
            job.write(request)
        self.wake()
        return job

    def ahead(self, job: Job) -> int:
        """How many jobs come before one that waits."""
        since, lane = job.status.get("since", 0.0), job.request.lane
        others = [other for other in self.jobs() if other.id != job.id and other.request.lane == lane]
        return sum(state in ("running", "stopping") or (state == "waiting" and other.status.get("since", 0.0) < since)
                   for other in others for state in [other.state])

    def stop(self, job: Job) -> None:
        """Ask a job to stop, as Ctrl-C does, so that it keeps what is done; one that waits is not begun."""
        self._ask(job, "stop")
        self.wake()

    def resume(self, job: Job) -> None:
        """Let a job that was stopped, or has failed, go on, when it is its turn."""
        with self._changing():
            if job.state in ("stopped", "failed"):
                job.set_status("waiting", self._now())
        self.wake()

    def _now(self) -> float:
        """The time, in seconds since 1970, but later than that of every job there is, also where the clock was put back."""
        return max([time.time(), *(job.status.get("since", 0.0) + 1e-3 for job in self.jobs())])

    def discard(self, job: Job) -> None:
        """Forget a job that does not run, and what it has half done. What it has finished stays."""
        with self._changing():
            if job.state in ("running", "stopping"):
                raise InputError(f"{job.request.title} is running; stop it first")
            for path in () if job.state == "done" else job.request.keeps:
                shutil.rmtree(path, ignore_errors=True)
            (job.folder / "request.json").unlink(missing_ok=True)  # from here it is no job any more
            shutil.rmtree(job.folder, ignore_errors=True)

    def wake(self) -> None:
        """See to what is under way, in a thread of its own, until nothing is."""
        with self._within:
            if not self.starts or self._closed or not self.folder.is_dir():
                return
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._tend, name="jobs", daemon=True)
                self._thread.start()

    def close(self, patience: float = PATIENCE) -> None:
        """Ask the jobs that this process has started to stop, and wait for them; they go on when the queue is open again."""
        with self._within:
            self._closed = True
        for name in list(self._children):
            self._ask(Job(self.folder / name), "later")
        end = time.monotonic() + patience
        for child in self._children.values():
            try:
                child.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                _kill(child.pid)
                child.wait()

    # What the thread does ------------------------------------------------------------------------------------------------

    def _tend(self) -> None:
        with suppress(OSError):  # a disk that is full or read-only: jobs wait until the next wake
            while not self._closed and self._turn():
                time.sleep(LOOKED_EVERY)

    def _turn(self) -> bool:
        """Start what may start, end what does not listen; whether anything is under way."""
        with self._changing():
            for name, child in list(self._children.items()):
                if child.poll() is not None:
                    del self._children[name]
            states = [(job, job.state) for job in self.jobs()]
            running = [job for job, state in states if state in ("running", "stopping")]
            waiting = [job for job, state in states if state == "waiting"]
            for job in running:
                status = job.status
                if status.get("wanted") and time.monotonic() - status.get("asked", 0.0) > PATIENCE and "pid" in status:
                    _kill(status["pid"])
            taken = {lane: sum(job.request.lane == lane for job in running) for lane in LANES}
            for job in sorted(waiting, key=lambda job: job.status.get("since", 0.0)):
                lane = job.request.lane if job.request.lane in LANES else "long"
                if taken[lane] < LANES[lane] and not self._closed and self._start(job):
                    taken[lane] += 1
            if not running and not waiting and not self._children:
                self._thread = None  # under the lock that `wake` takes, so that none is needed and none is there
                return False
            return True

    def _start(self, job: Job) -> bool:
        held = locks.take(job.lock)
        if held is None:
            return False
        try:
            (job.folder / "ended.json").unlink(missing_ok=True)
            now = {"since": job.status.get("since", 0.0), "began": time.time()}
            job.set_status("running", **now)  # before there is a process: else it would be begun again if we were killed
            path = os.pathsep.join(filter(None, [str(LIBRARY), os.environ.get("PYTHONPATH")]))
            with job.log.open("ab") as log, job.printed.open("wb") as printed:
                child = subprocess.Popen([sys.executable, "-m", "macrid", "run-job", str(job.folder.absolute())],
                                         stdin=subprocess.DEVNULL, stdout=printed, stderr=log, pass_fds=(held,),
                                         start_new_session=True, env=os.environ | {"PYTHONPATH": path})
            job.set_status("running", **now, pid=child.pid)
            self._children[job.id] = child
            return True
        finally:
            os.close(held)

    def _ask(self, job: Job, wanted: str) -> None:
        """Ask a job to end. wanted: stop, or later."""
        with self._changing():
            status, state = job.status, job.state
            if state == "waiting" and wanted == "stop":
                job.set_status("stopped", time.time())
            elif state == "running" and "pid" in status:
                job.set_status(**status | {"wanted": wanted, "asked": time.monotonic()})
                try:
                    os.kill(status["pid"], signal.SIGINT)
                except ProcessLookupError:
                    return

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Nobody else changes a job meanwhile, in this process or another."""
        with self._within:
            self.folder.mkdir(parents=True, exist_ok=True)
            with locks.waiting(self.folder / "lock"):
                yield


def _kill(pid: int) -> None:
    """End a job and whatever it has started: it leads a process group of its own."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
