"""A sweep that machines share: each of its points is a trial of a study in a database (see `database`). Whoever is free
takes the next one, and all end with the whole sweep."""

import time
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import database, study
from .contenders import Task

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial, Trial

POINT, RECORD = "point", "record"  # a trial's parameter, the key of a task; and what is kept with it
LOOKED = 5.0  # seconds between two looks at what others have done
KEPT = ("figures", "training", "map", "failed")  # of a record: what a sweep needs


def run(tasks: dict[str, Task], plan: study.Plan, report: study.Report, url: str) -> dict[str, dict]:
    """What `study.run` gives, each task done once by whoever shares the database at the address `url`: the same data, split,
    seed and points make the same study. One that nobody is at any more is taken over. Waits for the last of the others.

    Raises InputError for a database that cannot be opened, and as `study.run`.
    """
    library = database.optuna("--storage")
    with database.heartbeats(library):
        storage = database.opened(library, url)
        known = study.digest([study.described(plan), sorted(tasks)])
        shared = database.study_in(library, storage, f"macrid sweep {plan.split.name} {known}")
        for key in tasks:
            shared.enqueue_trial({POINT: key}, skip_if_exists=True)
        points = _Points(library, shared, tasks, plan, report)
        while not points.look():
            if any(trial.state.name == "WAITING" for trial in points.trials()):
                shared.optimize(points.do, n_trials=1)
            else:
                time.sleep(LOOKED)
                library.storages.fail_stale_trials(shared)
    return {key: points.records[key] for key in tasks}


@dataclass
class _Points:
    """The points of a sweep, and the records of those that are done, here or elsewhere."""

    library: ModuleType
    shared: "Study"
    tasks: dict[str, Task]
    plan: study.Plan
    report: study.Report
    records: dict[str, dict[str, Any]] = field(default_factory=dict)

    def trials(self) -> "list[FrozenTrial]":
        return self.shared.get_trials(deepcopy=False)

    def look(self) -> bool:
        """Report what others have done since the last look; whether all is done."""
        for trial in self.trials():
            if trial.state.name == "COMPLETE" and (key := trial.params[POINT]) not in self.records:
                record = self.records[key] = trial.user_attrs[RECORD]
                self.report(key, "failed" if "failed" in record else "done", record)
        return len(self.records) == len(self.tasks)

    def do(self, trial: "Trial") -> float:
        """A trial: the point is trained and measured, unless somebody is at it or has done it."""
        key = trial.suggest_categorical(POINT, list(self.tasks))
        if any(other.params.get(POINT) == key and (other.state.name == "COMPLETE" or (
                other.state.name == "RUNNING" and other.number < trial.number)) for other in self.trials()):
            raise self.library.TrialPruned
        try:
            record = study.run({key: self.tasks[key]}, self.plan, self.report)[key]
        except BaseException:  # stopped, or its process died
            self.shared.enqueue_trial(trial.params)  # for whoever goes on
            raise
        self.records[key] = {name: value for name, value in record.items() if name in KEPT}
        trial.set_user_attr(RECORD, self.records[key])
        return 0.0  # nothing is searched
