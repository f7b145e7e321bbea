"""A sweep: MacridVAE at every point of a grid of settings, to see accuracy beside independence and disentanglement (the
analysis of the paper's poster: anneal_cap over K = 1 and K = 7)."""

import difflib
from dataclasses import fields
from itertools import product
from pathlib import Path

from macrid.data.split import Split
from macrid.errors import InputError
from macrid.model.settings import Settings, make_settings

from . import study, sweep_maps

NAME = "macridvae"  # the contender that is swept


def points(settings: dict, preset: str, grid: dict[str, list]) -> list[tuple[dict, Settings]]:
    """Every point of the grid, the last setting changing fastest: what it sets, and all its settings.

    settings: what is changed in the preset at every point. Raises InputError for an empty grid, an unknown setting or a
    value that it cannot have.
    """
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
    found = []
    for values in product(*grid.values()):
        whole = make_settings(preset, settings | dict(zip(grid, values, strict=True)))
        shown = {name: getattr(whole, name) for name in grid}
        found.append(({k: list(v) if isinstance(v, tuple) else v for k, v in shown.items()}, whole))
    return found


def sweep(split: Split, settings: dict, grid: dict[str, list], out: Path, *, preset: str, seed: int = 0,
          device: str = "cpu", side_by_side: int = 1,
          report: study.Report = lambda key, event, value: None) -> dict:
    """Train and measure every point, `side_by_side` at once, and write the file `out`; see `results` for what it holds, and
    `sweep_maps` for the maps that are kept beside it.

    `study.prepare` must have been called for `out`. A point whose loss does not stay finite is listed as failed.
    """
    tasks, given = {}, {}
    for shown, whole in points(settings, preset, grid):
        key, task = study.task(NAME, whole, split, seed, device, out, mapped=True)
        tasks[key], given[key] = task, shown
    records = study.run(tasks, out, side_by_side, report)
    value = study.head("sweep", split, make_settings(preset, settings), preset, seed, device, side_by_side)
    good = [{"settings": given[key], "figures": r["figures"], "training": r["training"]}
            for key, r in records.items() if "failed" not in r]
    bad = [{"settings": given[key], "reason": r["failed"]} for key, r in records.items() if "failed" in r]
    shown = {name: list({repr(s[name]): s[name] for s in given.values()}.values()) for name in grid}
    value |= {"grid": shown, "jobs": side_by_side, "points": good, "failed": bad}
    done = [r for r in records.values() if "failed" not in r]
    maps = {run: r["map"] for run, r in enumerate(done) if "map" in r}  # records of older versions have none
    if maps:
        value["maps"] = sweep_maps.save(out, maps, split.items)
    return study.finish(out, value)
