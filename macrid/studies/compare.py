"""A comparison: recommenders on one split, every figure with its standard error and its paired difference to the best."""

from pathlib import Path

import numpy as np

from macrid.data.split import Split
from macrid.errors import InputError
from macrid.measures import statistics

from . import contenders, study


def compare(split: Split, names: list[str], settings: dict, out: Path, *, preset: str, seed: int = 0, device: str = "cpu",
            report: study.Report = lambda key, event, value: None) -> dict:
    """Train and measure the contenders `names` one after the other and write the file `out`, whose layout `results` gives.

    settings: {name: settings} of every contender, and of "macridvae". `study.prepare` must have been called for `out`.
    Raises InputError for a contender that cannot be trained; those before it are kept.
    """
    tasks = dict(study.task(name, settings[name], split, seed, device, out) for name in names)
    records = study.run(tasks, out, 1, report)
    rows = []
    for key, record in records.items():
        name = tasks[key].name
        if "failed" in record:
            raise InputError(f"{name}: {record['failed']}; leave it out of --models or change its settings, and go on with "
                             "--resume")
        rows.append({"name": name, "title": contenders.title(name, settings[name]),
                     "settings": contenders.plain(settings[name]), "figures": record["figures"], "difference": {},
                     "training": record["training"]})
    people = {tasks[key].name: record["people"] for key, record in records.items()}
    value = study.head("compare", split, settings["macridvae"], preset, seed, device, 1)
    value |= {"models": rows, "best": {metric: max(rows, key=lambda row: row["figures"][metric])["name"]
                                       for metric in value["metrics"]}}
    for row in rows:
        for metric, best in value["best"].items():
            row["difference"][metric] = None if best == row["name"] else {"to": best} | statistics.paired_difference(
                np.array(people[row["name"]][metric]), np.array(people[best][metric]))
    return study.finish(out, value)
