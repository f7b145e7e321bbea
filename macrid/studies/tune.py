"""Tuning: MacridVAE's settings searched by Optuna (an extra) over the ranges of a file in RecBole's format, `hyper.test`.

The folder of a study holds run.json (data, split, seed, ranges), study.log (Optuna's journal), best.yaml (for
`train --config`) and trials/: a record of each set of settings that is done, a checkpoint of each that is being trained.
Several processes may work on one study at once; one that was stopped leaves its trial to the next, at the epoch it had.
What is maximised is the validation NDCG@100 of the best epoch; the test people are never looked at.
"""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

import numpy as np
import yaml

from macrid.errors import InputError
from macrid.files import write_json, write_text
from macrid.model.settings import Settings, make_settings, settings_dict
from macrid.pipeline import provenance

from . import contenders
from .search_ranges import Range
from .study import Plan

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import Trial

Report = Callable[[int, str, dict], None]  # (number of the trial, "report", row) or (number, "done" or "failed", record)


def optuna() -> ModuleType:
    """The library, or InputError that says how to get it."""
    try:
        import optuna as library
    except ImportError as error:
        raise InputError("tune needs Optuna, which is not installed: pip install 'macrid[tune]'") from error
    library.logging.set_verbosity(library.logging.ERROR)
    return library


def tune(plan: Plan, ranges: Sequence[Range], settings: dict[str, Any], trials: int,
         report: Report = lambda number, event, value: None) -> dict[str, Any]:
    """Try settings until the study in the folder `plan.out` has `trials` trials, those of earlier and other processes among
    them.

    settings: what is changed in the preset in every trial. Returns {value, settings (all of the best trial), trials:
    [{number, settings (those searched), value, or reason of one that blew up}]}; value and settings are None while no trial
    has ended well. Raises InputError for a folder that holds another study, or none.
    """
    library, out = optuna(), plan.out
    _claim(plan, settings, ranges)
    backend = library.storages.journal.JournalFileBackend(str(out / "study.log"))
    study = library.create_study(storage=library.storages.JournalStorage(backend), study_name="macrid", direction="maximize",
                                 load_if_exists=True)
    while True:
        with _Lock(out / "lock"):
            _free_stopped(library, study, out)
            if _count(study) >= trials:
                break
            trial = _ask(library, study, plan.seed)
            mine = _Lock(_lock_of(out, trial.number))
            mine.take()
            chosen = {one.name: one.suggest(trial) for one in ranges}
            trial.set_user_attr("settings", chosen)
        with mine:
            whole = make_settings(plan.preset, settings | chosen)
            record = _train(whole, plan, partial(report, trial.number, "report"))
            with _Lock(out / "lock"):
                if "failed" in record:
                    trial.set_user_attr("reason", record["failed"])
                    study.tell(trial, state=library.trial.TrialState.FAIL)
                else:
                    study.tell(trial, record["value"])
                _write_best(out, _summary(study, plan.preset, settings))
        report(trial.number, "failed" if "failed" in record else "done", record | {"settings": chosen})
    return _summary(study, plan.preset, settings)


def _ask(library: ModuleType, study: "Study", seed: int) -> "Trial":
    """The next trial, by a sampler of its own: a study that is continued makes the suggestions that it would have made at
    once."""
    number = len(study.get_trials(deepcopy=False))
    mixed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    study.sampler = library.samplers.TPESampler(seed=mixed)
    return study.ask()


def _claim(plan: Plan, settings: dict[str, Any], ranges: Sequence[Range]) -> None:
    """Make the folder of a study, or find it to be of this plan, with these changes and ranges."""
    out, split = plan.out, plan.split
    run = {"data": split.name, "split": split.kind, "fingerprint": provenance.fingerprint(split), "seed": plan.seed,
           "settings": settings_dict(make_settings(plan.preset, settings)), "ranges": [one.text for one in ranges]}
    record = out / "run.json"
    if out.name in ("", "..") or out.is_file() or (out.is_dir() and any(out.iterdir()) and not record.exists()):
        raise InputError(f"--out {out} is not the folder of a study; give the name of a new folder")
    (out / "trials").mkdir(parents=True, exist_ok=True)
    with _Lock(out / "lock"):
        if not record.exists():
            write_json(record, run)
            return
        try:
            before = dict(json.loads(record.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"{record} is damaged ({error}); give another --out") from error
    other = [key for key in run if before.get(key) != run[key]]
    if other:
        raise InputError(f"{out} holds a study with other {', '.join(other)}; give the same arguments, or another --out")


class _Lock:
    """A file that one process holds at a time; the system frees it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: TextIO | None = None  # while it is held

    def take(self, wait: bool = True) -> bool:
        """Take it, waiting for it or not; whether it was to be had."""
        file = open(self.path, "a")  # noqa: SIM115 (held until given back)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            file.close()
            return False
        self.file = file
        return True

    def __enter__(self) -> Self:
        if self.file is None:
            self.take()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.file is not None:
            self.file.close()
            self.file = None


def _lock_of(out: Path, number: int) -> Path:
    return out / "trials" / f"{number}.lock"


def _free_stopped(library: ModuleType, study: "Study", out: Path) -> None:
    """Trials that no process is at any more are to be done again, first of all."""
    for trial in study.get_trials(deepcopy=False, states=(library.trial.TrialState.RUNNING,)):
        lock = _Lock(_lock_of(out, trial.number))
        if lock.take(wait=False):
            with lock:
                study.tell(trial.number, state=library.trial.TrialState.FAIL)
                study.enqueue_trial(trial.params)


def _count(study: "Study") -> int:
    """Trials that are done or being done; those that were stopped do not count."""
    return sum(trial.state.name in ("COMPLETE", "RUNNING") or "reason" in trial.user_attrs
               for trial in study.get_trials(deepcopy=False))


def _train(settings: Settings, plan: Plan, report: Callable[[dict], None]) -> dict[str, Any]:
    """The record of these settings, {value, epochs, best, seconds} or {failed}: trained now, or read, if they have been."""
    out = plan.out
    text = json.dumps([settings_dict(settings), plan.device], sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = out / "trials" / f"{key}.json"
    with _Lock(out / "trials" / f"{key}.lock"):  # another process may be at the same settings
        if path.exists():
            return json.loads(path.read_text(encoding="utf-8"))
        task = contenders.Task("macridvae", settings, plan.split, plan.seed, plan.device, out / "trials" / key)
        try:
            _, training, history = contenders.trained(task, report)
            record = {"value": max((row["ndcg@100"] for row in history), default=0.0), **training}
        except FloatingPointError as error:
            record = {"failed": str(error)}
        write_json(path, record)
        shutil.rmtree(task.folder, ignore_errors=True)
        return record


def _summary(study: "Study", preset: str, settings: dict[str, Any]) -> dict[str, Any]:
    """What `tune` returns."""
    trials: list[dict[str, Any]] = []
    best: dict[str, Any] | None = None
    for trial in study.get_trials(deepcopy=False):
        if trial.state.name == "COMPLETE" or "reason" in trial.user_attrs:
            ended = {"reason": trial.user_attrs["reason"]} if trial.value is None else {"value": trial.value}
            trials.append({"number": trial.number, "settings": trial.user_attrs["settings"], **ended})
            if trial.value is not None and (best is None or trial.value > best["value"]):
                best = trials[-1]
    whole = settings_dict(make_settings(preset, settings | best["settings"])) if best else None
    return {"value": best and best["value"], "settings": whole, "trials": trials}


def _write_best(out: Path, summary: dict[str, Any]) -> None:
    """best.yaml: all settings of the best trial, for `train --config`."""
    if summary["settings"] is None:
        return
    text = f"# validation NDCG@100 {summary['value']:.4f}, the best of {len(summary['trials'])} trials\n"
    write_text(out / "best.yaml", text + yaml.safe_dump(summary["settings"], sort_keys=False))
