"""Programs that are killed at any moment: nothing on the disk is half, and what was under way goes on.

    python benchmarks/faults.py --kills 50          # of each program; writes results/faults.json
    python benchmarks/faults.py --kills 3           # a trial, in a minute

SIGKILL comes at moments drawn from --seed, evenly over the time that the program takes undisturbed.

- trainer: `macrid train --twin dot` on a shop of 300 items and 1,500 people, killed one to four times, then resumed to the
  end: its weights and those of its twin must be the bytes of an undisturbed training. Every third replaces a bundle that
  stands there. Each is a process of its own, forked from one that has loaded the libraries, and lays out its maps by
  principal components, which writes nothing: so nearly all moments fall into the training itself.
- app: `macrid app` with a training in its queue, which the app begins when it starts and somebody discards or begins again
  when the app is gone. Started again, it must answer and its queue must come to an end.
- service: `macrid serve` with two workers, whose bundle is being replaced all the time. Started again on the same port it
  must answer.

After every kill each bundle on the disk must load; what isn't whole must have the name of something unfinished. In the end
no file may be left that is neither a bundle nor what the program keeps.
"""

import contextlib
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before numpy is loaded: trainings are forked
    os.environ[_name] = "1"  # from this process, which threads of OpenMP do not survive

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from record import RESULTS, save, table, versions
from served import ROOT, answers

if TYPE_CHECKING:
    from macrid.jobs import Job

DATA = ["--data", "shop:300x1500", "--set", "embedding_size=8", "--set", "encoder_hidden_size=[16]", "--set", "kfac=3",
        "--set", "stopping_step=40"]
UNFINISHED = (".new", ".old", ".partial")
PATIENCE = 300.0  # seconds for a program to answer, and for a queue to come to an end
PORTS = {"app": 8721, "service": 8722}


class Looked:
    """What was found wrong, and how many looks there were."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.bundles = self.unfinished = 0

    def at(self, folder: Path) -> None:
        """Every bundle in a folder loads, or says by its name that it is unfinished."""
        from macrid import bundle
        from macrid.errors import InputError

        for path in folder.iterdir():
            if path.suffix in UNFINISHED or path.name in (".jobs", ".owners.json", ".owners.json.lock"):
                self.unfinished += 1
                continue
            try:
                bundle.load(path).person([0]).steer(n=3)
                self.bundles += 1
            except (InputError, OSError, ValueError) as error:
                self.wrong.append(f"{path.name}: {error}")

    def held(self, right: bool, otherwise: str) -> None:
        if not right:
            self.wrong.append(otherwise)


# The trainer --------------------------------------------------------------------------------------------------------------


def forked(arguments: list[str], log: Path) -> int:
    """A process that does what a command line of macrid asks for; gives its number."""
    number = os.fork()
    if number:
        return number
    status = 70
    try:
        with log.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        from macrid.cli.main import call

        call(arguments, "macrid")
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def ended(number: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


def warmed() -> None:
    """Load what a training needs, and let maps be made at once."""
    from macrid.cli import main  # noqa: F401
    from macrid.maps import layout, projections
    from macrid.pipeline import build, contents, provenance  # noqa: F401

    layout.METHODS = dict.fromkeys(layout.METHODS, lambda vectors, *rest: projections.pca(vectors))


def weights(out: Path) -> list[bytes]:
    return [path.joinpath("weights.safetensors").read_bytes() for path in (out, out.with_name(f"{out.name}-dot"))]


def trainer(kills: int, rng: np.random.Generator, folder: Path, tell: Callable[[], None]) -> dict:
    """Kill trainings and resume them."""
    warmed()
    looked, models, log = Looked(), folder / "models", folder / "log"
    models.mkdir()
    train = ["train", *DATA, "--set", "epochs=6", "--twin", "dot", "--out"]
    begin = time.monotonic()
    looked.held(ended(forked([*train, str(folder / "whole")], log)) == 0, "an undisturbed training failed")
    seconds, wanted = time.monotonic() - begin, weights(folder / "whole")
    done = trainings = same = 0
    while done < kills:
        out, more = models / f"t{trainings}", ["--resume"]
        if trainings % 3 == 2:
            for name in ("", "-dot"):
                shutil.copytree(ROOT / "models" / f"shop{name}", models / f"{out.name}{name}")
            more.append("--overwrite")
        for _ in range(min(int(rng.integers(1, 5)), kills - done)):
            running = forked([*train, str(out), *more], log)
            time.sleep(rng.uniform(0, seconds))
            os.kill(running, signal.SIGKILL)
            ended(running)
            done += 1
            looked.at(models)
            tell()
        partial = out.with_name(f"{out.name}.partial")
        complete = "--overwrite" not in more and out.is_dir() and not partial.exists()  # killed with nothing left to do
        status = 0 if complete else ended(forked([*train, str(out), *more], log))
        looked.held(status == 0, f"a resumed training ended with {status}: {log.read_text(errors='replace')[-300:]}")
        if status == 0:
            same += weights(out) == wanted
            looked.held(weights(out) == wanted, f"{out.name} has other weights")
        left = {path.name for path in models.iterdir()} - {out.name, f"{out.name}-dot"}
        looked.held(not left, f"{', '.join(left)} was left")
        shutil.rmtree(models)
        models.mkdir()
        trainings += 1
    return {"kills": done, "taken up": trainings, "as undisturbed": same, **found(looked)}


# Servers ------------------------------------------------------------------------------------------------------------------


class Server:
    """A program of macrid that answers at a port; with all that it has started, it is killed as one."""

    def __init__(self, arguments: list[str], port: int, where: str, environment: dict[str, str], log: Path) -> None:
        self.address, self.log = f"http://127.0.0.1:{port}/{where}", log
        self.command = [sys.executable, "-m", "macrid", *arguments, "--port", str(port)]
        self.environment = os.environ | {"CI": "1"} | environment

    def start(self) -> subprocess.Popen:
        with self.log.open("ab") as log:
            return subprocess.Popen(self.command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)

    def answers(self) -> bool:
        return answers(self.address)

    @contextlib.contextmanager
    def answering(self, looked: Looked) -> Iterator[float]:
        """While it runs, once it answers; gives the seconds that this took. In the end it is asked to stop."""
        begin, running = time.monotonic(), self.start()
        until(self.answers, running)
        answers = self.answers()
        looked.held(answers, f"{self.command[3]} did not answer again: {self.log.read_text(errors='replace')[-400:]}")
        try:
            yield time.monotonic() - begin
        finally:
            running.send_signal(signal.SIGTERM)
            try:
                status = running.wait(60)
            except subprocess.TimeoutExpired:
                running.kill()
                status = running.wait()
            if answers:
                looked.held(status in (0, -signal.SIGTERM), f"asked to stop, {self.command[3]} ended with {status}")


def until(happened: Callable[[], bool], running: subprocess.Popen | None = None) -> bool:
    """Wait for something, not for ever, nor longer than a process runs."""
    end = time.monotonic() + PATIENCE
    while not (so := happened()) and time.monotonic() < end and (running is None or running.poll() is None):
        time.sleep(0.1)
    return so


def killed(server: Server, moment: float, meanwhile: Callable[[], None]) -> None:
    """Start a server and kill it after some seconds. meanwhile: done again and again until then."""
    running, end = server.start(), time.monotonic() + moment
    while time.monotonic() < end:
        meanwhile()
        time.sleep(min(0.05, max(0.0, end - time.monotonic())))
    running.kill()
    running.wait()


def asked(models: Path, name: str) -> None:
    """Put a training into the queue of the app, as its page does."""
    from macrid.bundle import places
    from macrid.jobs import Queue, Request
    from macrid.pipeline import run_folder

    out = models / name
    arguments = ("train", *DATA, "--set", "epochs=3", f"--out={out}", "--resume", "--progress", "{job}/progress")
    Queue(places.jobs_folder(), starts=False).submit(Request("train", name, arguments, out,
                                                             keeps=(run_folder.partial_of(out),)))


def end(job: "Job") -> None:
    """Kill the process of a job, if it runs."""
    if job.state == "running" and "pid" in job.status:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(job.status["pid"], signal.SIGKILL)


def app(kills: int, rng: np.random.Generator, folder: Path, tell: Callable[[], None]) -> dict:
    """Kill the app while its queue is at work; every other time what it has begun is killed, too."""
    from macrid.bundle import places
    from macrid.jobs import Queue

    looked, models = Looked(), folder / "models"
    os.environ["MACRID_MODELS"] = str(models)
    shutil.copytree(ROOT / "models" / "shop", models / "shop")
    server = Server(["app"], PORTS["app"], "_stcore/health", {"MACRID_MODELS": str(models)}, folder / "log")
    queue = Queue(places.jobs_folder(), starts=False)
    with server.answering(looked) as seconds:
        pass
    done = recovered = 0
    while done < kills:
        few = min(4, kills - done)
        asked(models, f"t{done}")
        for _ in range(few):
            killed(server, rng.uniform(0, 2 * seconds), lambda: None)
            for job in queue.jobs():
                if rng.random() < 0.5:
                    end(job)
            done += 1
            looked.at(models)
            tell()
        with server.answering(looked):
            def over() -> bool:
                for job in queue.jobs():
                    if job.stopped:  # as somebody does who looks at the page
                        queue.resume(job)
                return all(job.state in ("done", "failed") for job in queue.jobs())

            looked.held(until(over), f"the queue did not end: {[job.state for job in queue.jobs()]}")
            for job in queue.jobs():
                recovered += job.state == "done"
                looked.held(job.state == "done", f"a job {job.state}: {job.last_line()}")
                end(job)
                until(lambda job=job: job.state not in ("running", "stopping"))
                queue.discard(job)
        looked.at(models)
    left = {path.name for path in models.rglob("*")} - {".jobs", "lock"}
    strange = [name for name in left if name.endswith(UNFINISHED) or name.startswith(".tmp")]
    looked.held(not strange, f"{', '.join(strange)} was left")
    return {"kills": done, "taken up": -(-kills // 4), "as undisturbed": recovered, **found(looked)}


def service(kills: int, rng: np.random.Generator, folder: Path, tell: Callable[[], None]) -> dict:
    """Kill the service while its bundle is replaced."""
    from macrid import bundle
    from macrid.beside import beside, swap

    looked, models, shop = Looked(), folder / "models", ROOT / "models" / "shop"
    temporary = folder / "tmp"
    temporary.mkdir()
    shutil.copytree(shop, models / "shop")
    shutil.copytree(shop, folder / "other")
    record = json.loads((folder / "other" / "bundle.json").read_text(encoding="utf-8"))
    (folder / "other" / "bundle.json").write_text(json.dumps(record | {"name": "other"}), encoding="utf-8")

    def exchange() -> None:
        with beside(models / "shop", folder=True) as new:
            shutil.copytree(folder / "other" if rng.random() < 0.5 else shop, new, dirs_exist_ok=True)
            swap(new, models / "shop")

    server = Server(["serve", str(models / "shop"), "--workers", "2", "--log", "none"], PORTS["service"], "ready",
                    {"TMPDIR": str(temporary)}, folder / "log")
    with server.answering(looked) as seconds:
        pass
    done = again = 0
    while done < kills:
        for _ in range(min(5, kills - done)):
            killed(server, rng.uniform(0, 2 * seconds), exchange)
            done += 1
            looked.at(models)
            tell()
        with server.answering(looked):
            again += 1
    left = [path.name for path in (*models.iterdir(), *temporary.iterdir()) if path.name != "shop"]
    looked.held(not left, f"{', '.join(left)} was left")
    looked.held(bundle.load(models / "shop").name in ("shop", "other"), "the bundle is neither")
    return {"kills": done, "taken up": -(-kills // 5), "as undisturbed": again, **found(looked)}


def found(looked: Looked) -> dict:
    return {"bundles loaded": looked.bundles, "unfinished": looked.unfinished, "wrong": looked.wrong}


PROGRAMS = {"trainer": trainer, "app": app, "service": service}


@click.command()
@click.option("--kills", default=50, show_default=True, type=click.IntRange(1), help="Of each program.")
@click.option("--of", "programs", default=",".join(PROGRAMS), show_default=True, help="Which programs, with commas.")
@click.option("--seed", default=0, show_default=True)
@click.option("--out", default=RESULTS / "faults.json", type=click.Path(path_type=Path))
def main(kills, programs, seed, out):
    sys.path.insert(0, str(ROOT))
    measured = {}
    for number, name in enumerate(programs.split(",")):
        with tempfile.TemporaryDirectory(prefix="macrid-faults-") as folder:
            begin = time.monotonic()
            with click.progressbar(length=kills, label=f"{name:8}", file=sys.stderr) as bar:
                row = PROGRAMS[name](kills, np.random.default_rng([seed, number]), Path(folder), lambda: bar.update(1))
            measured[name] = row | {"seconds": round(time.monotonic() - begin)}
        for wrong in row["wrong"]:
            click.echo(f"{name}: {wrong}", err=True)
    rows = [[name, *(len(row[key]) if key == "wrong" else row[key] for key in next(iter(measured.values())))]
            for name, row in measured.items()]
    click.echo(table(["program", *next(iter(measured.values()))], rows))
    save(out, {"versions": versions(), "seed": seed, "processors": os.cpu_count(), "measured": measured})
    sys.exit(any(row["wrong"] for row in measured.values()))


if __name__ == "__main__":
    main()
