"""A bundle with other micro axes: the model's own, independent ones, or learned from a few labels. No score changes."""

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pandas as pd

from macrid import bundle
from macrid.bundle import shelf
from macrid.bundle.recommender import Recommender
from macrid.data import fetch
from macrid.dials import choose, given_dials, moves
from macrid.dials.given_dials import Given
from macrid.dials.wishes import Attributes
from macrid.errors import InputError

from . import evaluate, run_folder

STAGES = ("learn the axes", "measure how well they steer", "save")
RESERVED_NAMES = frozenset([*fetch.NAMES, "shop", "skewed-shop"])  # whoever sees one takes the bundle for that of these data
_RESERVED = ("-dot", ".new", ".old", ".partial")  # endings of folders that stand for something else


def align(source: Recommender, out: Path, method: str, labels: pd.DataFrame | None = None, *,
          overwrite: bool = False, report: Callable[[str], None] = lambda stage: None) -> Recommender:
    """Save a copy of `source` with axes by `method` to `out`, and load it. labels: what `label_file.read` gives. report:
    called with each of STAGES as it begins.

    Everything but the axes, their influence, what they bear and the figures of steering is as in `source`, the name is
    that of `out`; a twin is kept where it stands beside `out`, and the labels are kept, too. Raises InputError when `out`
    is the source, or exists (without `overwrite`), or when no attribute can be learned from the labels and no
    dial has a given name. These names go to the dials that point the same way.
    """
    if out.resolve() == source.path.resolve():
        raise InputError(f"--out is the bundle itself, {out}, which is never changed; choose another folder")
    run_folder.check_free(out, overwrite)
    report(STAGES[0])
    item_labels = None
    if labels is not None:
        source.positions(labels.index)  # all of them are items of the bundle
        item_labels = labels.reindex(source.items["item_id"])  # M rows
    scored = choose.Scored(source.vectors, source.factor, evaluate.shown_parts(source), source.model.scale,
                           source.model.linear)
    dials = choose.choose(method, scored, source.meta["seed"], source.attributes, item_labels)
    meta = {key: value for key, value in source.meta.items() if key not in ("format", "settings", "aligned", "named")}
    meta |= {"name": out.name, "axes": method}
    if named := given_dials.carried(source.meta.get("named", []), source.axes, dials.axes, dials.aligned_dials):
        meta["named"] = named
    if (row := dials.all_refused) and not source.given_dials:
        raise InputError(f"no attribute can be learned from these labels: in factor {row['factor']} "
                         f"({source.factors[row['factor']].name}), {row['attribute']} is refused, as {row['reason']}")
    if dials.aligned:
        meta["aligned"] = dials.aligned
    meta["twin"] = _twin_beside(source, out)
    report(STAGES[1])
    steering = evaluate.steering_figures(source.model, source.held_out("test"), source.items, dials.axes,
                                         dials.aligned_dials, source.meta["seed"])
    meta["metrics"] = {key: value for key, value in meta["metrics"].items() if key != "steering"} | steering
    report(STAGES[2])
    moved = moves.measure(scored, dials.axes, evaluate.shown_people_of(source).clicks, Attributes(source.items))
    bundle.save(out, bundle.Contents(meta, source.model, source.items, source.maps, dials.axes, dials.influence,
                                     source.users, source.history, labels, source.course, source.intentions, moved,
                                     source.clusters), overwrite)
    return bundle.load(out)


def named(source: Recommender, names: Sequence[Given]) -> Recommender:
    """`source` with names for some dials, in place of those that they had."""
    return replace(source, meta=source.meta | {"named": list(names)})


def save_as(source: Recommender, folder: Path, name: str, labels: pd.DataFrame,
            report: Callable[[str], None] = lambda stage: None) -> Recommender:
    """`align` by labels to a new bundle `name` in `folder`; where there are none, a copy with the names that dials of
    `source` have. Raises InputError as `align` does, and for a name that is taken, or that no bundle may have."""
    check_name(folder, name)
    out = folder / name
    try:
        if len(labels):
            return align(source, out, "labels", labels, report=report)
        report(STAGES[-1])
        meta = {key: value for key, value in source.meta.items() if key not in ("format", "settings")}
        meta |= {"name": name, "twin": _twin_beside(source, out)}
        bundle.save(out, bundle.Contents(meta, source.model, source.items, source.maps, source.axes,
                                         source.influence, source.users, source.history, source.labels, source.course,
                                         source.intentions, source.dials.moves, source.clusters), replace=False)
        return bundle.load(out)
    except OSError as error:
        raise InputError(f"cannot write to {folder} ({error.strerror}); make room there, or make it writable") from error


def _twin_beside(source: Recommender, out: Path) -> str | None:
    """The twin of `source`, if it stands beside `out`, too."""
    twin = source.meta["twin"]
    return twin if twin and (out.parent / twin / "bundle.json").is_file() else None


def check_name(folder: Path, name: str) -> None:
    """InputError for a name that is taken in `folder`, or that no bundle may have, and where there is no room for more."""
    shelf.check_room(folder)
    if not re.fullmatch(r"\w[\w.-]{0,59}", name) or name.endswith(_RESERVED):
        raise InputError(f"{name!r} cannot be the name of a bundle; use letters, digits, - and _, and none of the endings "
                         f"{', '.join(_RESERVED)}")
    if name in RESERVED_NAMES:
        raise InputError(f"{name} is the name of a data set that everybody knows; choose another, such as my-{name}")
    if _taken(folder, name):
        raise InputError(f"there is a bundle called {name} already, and it is not replaced; choose another name, such as "
                         f"{free_name(folder, name)}")


def plain_name(text: str) -> str:
    """A name that a bundle may have, from any text."""
    name = re.sub(r"[^\w-]+", "-", text).strip("-_")[:40]
    return f"{name}-2" if name.endswith(_RESERVED) else name or "mine"


def free_name(folder: Path, wanted: str, taken: Container[str] = ()) -> str:
    """`wanted`, or with a number behind it, so that no bundle in `folder` has that name, and it is none of `taken`."""
    numbered = (f"{wanted}-{i}" for i in range(2, 10**6))
    return next(name for name in chain([wanted], numbered) if name not in taken and not _taken(folder, name))


def _taken(folder: Path, name: str) -> bool:
    there = (name, f"{name}-dot", run_folder.partial_of(folder / name).name)
    return name in RESERVED_NAMES or any((folder / other).exists() for other in there)
