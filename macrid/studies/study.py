"""What a comparison and a sweep share: contenders trained in processes, a record of each kept as it is done, the file's
head.

While a study runs, the folder `partial_of(out)` holds run.json (which data, split and seed), a record for each contender
that is done and a checkpoint for each that is being trained. Both bear a digest of all settings in their name, so what is
found there is always what was asked for, whatever else has been run there.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from macrid import locks, results
from macrid.data.split import Split
from macrid.errors import InputError
from macrid.files import write_json
from macrid.measures.evaluate import ranking_names
from macrid.pipeline import provenance, run_folder

from . import contenders, processes
from .contenders import ContenderSettings, Task

Report = Callable[[str, str, dict], None]  # (key, "report", row of the history) or (key, "done" or "failed", record)


@dataclass(frozen=True)
class Plan:
    """What every study is given: the data, divided; where its results go; what all its trainings have in common."""

    split: Split
    out: Path  # a file; of a search a folder
    preset: str
    seed: int = 0
    device: str = "cpu"
    jobs: int = 1  # trainings side by side


def partial_of(out: Path) -> Path:
    """The folder in which a study that is to become the file `out` keeps what is done."""
    return out.with_name(out.name + ".partial")


def done_in(out: Path) -> int:
    """How many trainings of a study that is to become the file `out` are done, while it runs."""
    return sum(1 for path in partial_of(out).glob("*.json") if path.name != "run.json")


def prepare(plan: Plan, *, overwrite: bool, resume: bool) -> locks.Held:
    """Make sure that the file `out` may be written, and that what a stopped study left there is of this split and seed.
    InputError as `run_folder.prepare` says, and nobody else may write `out` as long as what this gives is kept."""
    out = plan.out
    if out.name in ("", "..") or out.is_dir():
        raise InputError(f"--out is {out}, a folder; give the name of a file, such as {out / 'results.json'}")
    if out.exists() and not overwrite:
        raise InputError(f"{out} exists already; choose another --out, or add --overwrite to replace it")
    return run_folder.claim(partial_of(out), described(plan), overwrite=overwrite, resume=resume)


def described(plan: Plan) -> dict[str, Any]:
    """What a study is of, by which it is known again."""
    split = plan.split
    return {"data": split.name, "split": split.kind, "fingerprint": provenance.fingerprint(split), "seed": plan.seed}


def digest(value: object) -> str:
    """A JSON value in 16 letters."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def task(name: str, settings: ContenderSettings, plan: Plan, mapped: bool = False) -> tuple[str, Task]:
    """A contender as a task, with the key that it is kept under."""
    key = f"{name}-{digest([name, contenders.plain(settings), plan.device])[:12]}"
    return key, Task(name, settings, plan.split, plan.seed, plan.device, partial_of(plan.out) / key, mapped)


def run(tasks: dict[str, Task], plan: Plan, report: Report) -> dict[str, dict]:
    """The record of every task (`contenders.work`), or {"failed": why} of one that blew up; those found in
    `partial_of(plan.out)` are not done again. Raises InputError for a process that died."""
    folder = partial_of(plan.out)
    records = {}
    for key in tasks:
        if (folder / f"{key}.json").exists():
            records[key] = _read(folder / f"{key}.json")
            report(key, "failed" if "failed" in records[key] else "done", records[key])
    left = {key: task for key, task in tasks.items() if key not in records}
    for key, event, value in processes.run(contenders.work, left, plan.jobs):
        if event == "died":
            raise InputError(f"{tasks[key].name}: its process ended with code {value}, perhaps for want of memory; run the "
                             "same with --resume and fewer at once, or without it")
        if event != "report":
            records[key] = value = {"failed": value} if event == "failed" else value
            write_json(folder / f"{key}.json", value)
            shutil.rmtree(tasks[key].folder, ignore_errors=True)
        report(key, event, value)
    return {key: records[key] for key in tasks}


def finish(out: Path, value: dict[str, Any]) -> dict[str, Any]:
    """Write the finished study to `out`; nothing of what was kept on the way stays."""
    results.save(out, value)
    shutil.rmtree(partial_of(out), ignore_errors=True)
    return value


def _read(path: Path) -> dict:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}); delete it and run the same with --resume") from error


def head(kind: str, plan: Plan, settings: ContenderSettings) -> dict[str, Any]:
    """What every file of results begins with; see `results.file`."""
    split = plan.split
    metrics, main = ranking_names(split.kind)
    return {"format": results.FORMAT, "kind": kind,
            "data": {"name": split.name, "split": split.kind, "people": int(split.train.shape[0]),
                     "items": int(split.train.shape[1]), "clicks": int(split.train.nnz),
                     "held_out": len(split.test.user_ids), "fingerprint": provenance.fingerprint(split)},
            "seed": plan.seed, "preset": plan.preset, "settings": contenders.plain(settings), "metrics": metrics,
            "main": main, "device": plan.device, "threads": processes.threads_for(plan.jobs),
            "versions": provenance.versions()}
