"""A sweep: MacridVAE at every point of a grid of settings, to see accuracy beside independence and disentanglement (the
analysis of the paper's poster: anneal_cap over K = 1 and K = 7)."""

import difflib
from collections.abc import Iterable
from dataclasses import fields
from itertools import product
from math import prod
from typing import Any

from macrid.errors import InputError
from macrid.model.settings import Settings, make_settings, settings_dict

from . import shared_sweep, study, sweep_maps

NAME = "macridvae"  # the contender that is swept
# A sweep is about what settings do to the mixture; a path beside it would hide that.
MOST_POINTS = 10_000
_MIXTURE = {"linear_weight": 0.0, "popularity_power": 0.0}


def points(settings: dict[str, Any], preset: str, grid: dict[str, list]) -> list[tuple[dict[str, Any], Settings]]:
    """Every point of the grid, the last setting changing fastest: what it sets, and all its settings.

    settings: what is changed in the preset at every point; there is no linear path unless they ask for one. Raises
    InputError for an empty grid, an unknown setting or a value that it cannot have.
    """
    settings = _MIXTURE | settings
    names = [field.name for field in fields(Settings)]
    for name, values in grid.items():
        if name not in names:
            near = difflib.get_close_matches(name, names, 3, 0.4) or names
            raise InputError(f"--grid {name}: there is no setting {name!r}; did you mean {', '.join(near)}?")
        for value in values:
            try:
                make_settings(preset, settings | {name: value})
            except InputError as error:
                raise InputError(f"--grid {name}: {error}") from error
        if len({repr(getattr(make_settings(preset, {name: value}), name)) for value in values}) < len(values):
            raise InputError(f"--grid {name}: a value in {', '.join(map(str, values))} occurs twice; give each once")
    if not grid:
        raise InputError("the grid is empty; give --grid key=a,b,c, such as --grid anneal_cap=0.05,0.2,1 kfac=1,7")
    count = prod(len(values) for values in grid.values())
    if count > MOST_POINTS:
        raise InputError(f"the grid has {count:,} points, each of them a training; at most {MOST_POINTS:,} go into a sweep")
    combinations = []
    for combination in product(*grid.values()):
        whole = make_settings(preset, settings | dict(zip(grid, combination, strict=True)))
        plain = settings_dict(whole)
        combinations.append(({name: plain[name] for name in grid}, whole))
    return combinations


def sweep(plan: study.Plan, settings: dict[str, Any], grid: dict[str, list],
          report: study.Report = lambda key, event, value: None, storage: str | None = None) -> dict[str, Any]:
    """Train and measure every point, `plan.jobs` at once, and write the file `plan.out`; see `results.file` for what it
    holds, and `sweep_maps` for the maps that are kept beside it.

    settings: what is changed in the preset at every point. `study.prepare` must have been called for the plan. storage: the
    address of a database, as SQLAlchemy has it, by which machines share the points, see `shared_sweep`. A point whose loss
    does not stay finite is listed as failed.
    """
    tasks, varied = {}, {}
    for point, whole in points(settings, plan.preset, grid):
        key, task = study.task(NAME, whole, plan, mapped=True)
        tasks[key], varied[key] = task, point
    records = shared_sweep.run(tasks, plan, report, storage) if storage else study.run(tasks, plan, report)
    value = study.head("sweep", plan, make_settings(plan.preset, _MIXTURE | settings))
    done = {key: record for key, record in records.items() if "failed" not in record}
    good = [{"settings": varied[key], "figures": record["figures"], "training": record["training"]}
            for key, record in done.items()]
    bad = [{"settings": varied[key], "reason": record["failed"]} for key, record in records.items() if key not in done]
    value |= {"grid": _values(varied.values(), grid), "jobs": plan.jobs, "points": good, "failed": bad}
    maps = {run: record["map"] for run, record in enumerate(done.values()) if "map" in record}  # older records have none
    if maps:
        value["maps"] = sweep_maps.save(plan.out, maps, plan.split.items)
    return study.finish(plan.out, value)


def _values(points: Iterable[dict[str, Any]], names: Iterable[str]) -> dict[str, list]:
    """The values that each setting takes among some points, each once, in their order."""
    rows = list(points)
    return {name: list({repr(row[name]): row[name] for row in rows}.values()) for name in names}
