"""Tuning: MacridVAE's settings searched by Optuna (an extra) over the ranges of a file in RecBole's format, `hyper.test`.

The folder of a study holds run.json (data, split, seed, ranges), study.log (Optuna's journal), best.yaml (for
`train --config`) and trials/: a record of each set of settings that is done, a checkpoint of each that is being trained.
Several processes may work on one study at once; one that was stopped leaves its trial to the next, at the epoch it had.
Instead of the journal, a database that machines share may keep the study: then the trials of those that stopped are known by
the heartbeats of Optuna, and folders need not be shared.
What is maximised is the validation NDCG@100 of the best epoch; the test people are never looked at.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from macrid import locks
from macrid.errors import InputError
from macrid.files import write_json, write_text
from macrid.model.settings import Settings, make_settings, settings_dict

from . import contenders, database
from .search_ranges import Range
from .study import Plan, described, digest

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial, Trial

Report = Callable[[int, str, dict], None]  # (number of the trial, "report", row) or (number, "done" or "failed", record)


def tune(plan: Plan, ranges: Sequence[Range], settings: dict[str, Any], trials: int,
         report: Report = lambda number, event, value: None, storage: str | None = None) -> dict[str, Any]:
    """Try settings until the study in the folder `plan.out` has `trials` trials, those of earlier and other processes among
    them.

    settings: what is changed in the preset in every trial. storage: the address of a database, as SQLAlchemy has it, that
    keeps the study instead of the folder; others may then begin a trial while the last is done, so that there are more.
    Returns {value, settings (all of the best trial), trials: [{number, settings (those searched), value, or reason of one
    that blew up}]}; value and settings are None while no trial has ended well. Raises InputError for a folder that holds
    another study, or none, and for a database that cannot be opened.
    """
    library, work = database.optuna("tune"), _Work(plan, ranges, settings, report)
    run = _described(plan, settings, ranges)
    with database.heartbeats(library):
        shared = None if storage is None else database.opened(library, storage)
        _claim(plan.out, run)
        if shared is None:
            backend = library.storages.journal.JournalFileBackend(str(plan.out / "study.log"))
            study = database.study_in(library, library.storages.JournalStorage(backend), "macrid")
            _in_folder(library, study, work, trials)
        else:
            study = database.study_in(library, shared, f"macrid {plan.split.name} {digest(run)}")
            _in_database(library, study, work, trials)
    return work.note_best(study)


@dataclass(frozen=True)
class _Work:
    """What is done in a trial, whatever keeps the study."""

    plan: Plan
    ranges: Sequence[Range]
    settings: dict[str, Any]
    report: Report

    def choose(self, trial: "Trial") -> dict[str, Any]:
        """The settings of a trial that are searched."""
        chosen = {one.name: one.suggest(trial) for one in self.ranges}
        trial.set_user_attr("settings", chosen)
        return chosen

    def train(self, trial: "Trial", chosen: dict[str, Any]) -> dict[str, Any]:
        """The record of a trial, see `_train`; the reason of one that blew up is kept with it."""
        whole = make_settings(self.plan.preset, self.settings | chosen)
        record = _train(whole, self.plan, partial(self.report, trial.number, "report"))
        if "failed" in record:
            trial.set_user_attr("reason", record["failed"])
        return record

    def note_best(self, study: "Study") -> dict[str, Any]:
        """Write best.yaml by what the study holds now, nobody else meanwhile; gives its `_summary`."""
        with locks.waiting(self.plan.out / "lock"):
            summary = _summary(study, self.plan.preset, self.settings)
            _write_best(self.plan.out, summary)
        return summary

    def tell(self, number: int, record: dict[str, Any], chosen: dict[str, Any]) -> None:
        self.report(number, "failed" if "failed" in record else "done", record | {"settings": chosen})


def _in_folder(library: ModuleType, study: "Study", work: _Work, trials: int) -> None:
    """Trials of a study in the journal of its folder. Who is at one holds its lock there."""
    out = work.plan.out
    while True:
        with ExitStack() as mine:
            with locks.waiting(out / "lock"):
                _free_stopped(library, study, out)
                if _count(study) >= trials:
                    break
                study.sampler = _sampler(library, study, work.plan.seed)
                trial = study.ask()
                mine.enter_context(locks.waiting(_lock_of(out, trial.number)))
                chosen = work.choose(trial)
            record = work.train(trial, chosen)
            with locks.waiting(out / "lock"):
                if "failed" in record:
                    study.tell(trial, state=library.trial.TrialState.FAIL)
                else:
                    study.tell(trial, record["value"])
        work.note_best(study)
        work.tell(trial.number, record, chosen)


def _in_database(library: ModuleType, study: "Study", work: _Work, trials: int) -> None:
    """Trials of a study in a database."""
    def objective(trial: "Trial") -> float:
        if sum(_counts(each) for each in study.get_trials(deepcopy=False) if each.number < trial.number) >= trials:
            raise FloatingPointError("others have begun the last trials meanwhile")  # without a reason, it does not count
        chosen = work.choose(trial)
        try:
            record = work.train(trial, chosen)
        except KeyboardInterrupt:
            study.enqueue_trial(trial.params)  # for whoever goes on
            raise
        work.tell(trial.number, record, chosen)
        if "failed" in record:
            raise FloatingPointError(record["failed"])
        return record["value"]

    library.storages.fail_stale_trials(study)
    while _count(study) < trials:
        study.sampler = _sampler(library, study, work.plan.seed)
        study.optimize(objective, n_trials=1, catch=FloatingPointError)
        work.note_best(study)


def _sampler(library: ModuleType, study: "Study", seed: int) -> "BaseSampler":
    """A sampler of the next trial's own: a study that is continued makes the suggestions that it would have made at once."""
    number = len(study.get_trials(deepcopy=False))
    mixed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    return library.samplers.TPESampler(seed=mixed)


def _described(plan: Plan, settings: dict[str, Any], ranges: Sequence[Range]) -> dict[str, Any]:
    """What a study is of, by which it is known again."""
    return described(plan) | {"settings": settings_dict(make_settings(plan.preset, settings)),
                              "ranges": [one.text for one in ranges]}


def _claim(out: Path, run: dict[str, Any]) -> None:
    """Make the folder of a study, or find it to be that of this one."""
    record = out / "run.json"
    if out.name in ("", "..") or out.is_file() or (out.is_dir() and any(out.iterdir()) and not record.exists()):
        raise InputError(f"--out {out} is not the folder of a study; give the name of a new folder")
    (out / "trials").mkdir(parents=True, exist_ok=True)
    with locks.waiting(out / "lock"):
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


def _lock_of(out: Path, number: int) -> Path:
    return out / "trials" / f"{number}.lock"


def _free_stopped(library: ModuleType, study: "Study", out: Path) -> None:
    """Trials that no process is at any more are to be done again, first of all."""
    for trial in study.get_trials(deepcopy=False, states=(library.trial.TrialState.RUNNING,)):
        descriptor = locks.take(_lock_of(out, trial.number))
        if descriptor is not None:
            with locks.Held(descriptor):
                study.tell(trial.number, state=library.trial.TrialState.FAIL)
                study.enqueue_trial(trial.params)


def _count(study: "Study") -> int:
    """Trials that are done or being done; those that were stopped do not count."""
    return sum(map(_counts, study.get_trials(deepcopy=False)))


def _counts(trial: "FrozenTrial") -> bool:
    return trial.state.name in ("COMPLETE", "RUNNING") or "reason" in trial.user_attrs


def _train(settings: Settings, plan: Plan, report: Callable[[dict], None]) -> dict[str, Any]:
    """The record of these settings, {value, epochs, best, seconds} or {failed}: trained now, or read, if they have been."""
    out = plan.out
    key = digest([settings_dict(settings), plan.device])
    path = out / "trials" / f"{key}.json"
    with locks.waiting(out / "trials" / f"{key}.lock"):  # another process may be at the same settings
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
