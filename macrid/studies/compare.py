"""A comparison: recommenders on one split, every figure with its standard error and its paired difference to the best."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from macrid.errors import InputError
from macrid.measures import statistics

from . import contenders, study
from .contenders import ContenderSettings


def compare(plan: study.Plan, names: Sequence[str], settings: Mapping[str, ContenderSettings],
            report: study.Report = lambda key, event, value: None) -> dict[str, Any]:
    """Train and measure the contenders `names` one after the other and write the file `plan.out`, laid out as `results.file`
    says.

    settings: {name: settings} of every contender, and of "macridvae". `study.prepare` must have been called for the plan.
    Raises InputError for a contender that cannot be trained; those before it are kept.
    """
    tasks = dict(study.task(name, settings[name], plan) for name in names)
    records = study.run(tasks, plan, report)
    rows: list[dict[str, Any]] = []
    for key, record in records.items():
        name = tasks[key].name
        if "failed" in record:
            raise InputError(f"{name}: {record['failed']}; leave it out of --models or change its settings, and go on with "
                             "--resume")
        rows.append({"name": name, "title": contenders.title(name, settings[name]),
                     "settings": contenders.plain(settings[name]), "figures": record["figures"], "difference": {},
                     "training": record["training"]})
    value = study.head("compare", plan, settings["macridvae"])
    best = {metric: max(rows, key=lambda row: row["figures"][metric])["name"] for metric in value["metrics"]}
    people = {tasks[key].name: record["people"] for key, record in records.items()}
    for row in rows:
        row["difference"] = {metric: _difference(people, row["name"], best[metric], metric) for metric in best}
    return study.finish(plan.out, value | {"models": rows, "best": best})


def _difference(people: Mapping[str, Mapping[str, list[float]]], name: str, best: str, metric: str) -> dict[str, Any] | None:
    """A model less the best in a metric, over the same people; None for the best itself. people: {model: {metric: (n,)}}."""
    if name == best:
        return None
    paired = statistics.paired_difference(np.array(people[name][metric]), np.array(people[best][metric]))
    return {"to": best} | paired
