"""A bundle with other micro axes: the model's own, independent ones, or learned from a few labels. No score changes."""

import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from . import axes as micro_axes
from . import build, bundle
from .errors import InputError
from .recommender import Recommender

METHODS = ("none", "ica", "labels")
STAGES = ("learn the axes", "measure the dials", "measure how well they steer", "save")
_RESERVED = ("-dot", ".new", ".old", ".partial")  # endings of folders that stand for something else


def align(source: Recommender, out: Path, method: str, labels: pd.DataFrame | None = None, *,
          overwrite: bool = False, report: Callable[[str], None] = lambda stage: None) -> Recommender:
    """Save a copy of `source` with axes by `method` to `out`, and load it. labels: what `labels.read` gives. report: called
    with each of STAGES as it begins.

    Everything but the axes, their strengths, what they bear and the figures of steering is as in `source`, the name is
    that of `out`; a twin is kept where it stands beside `out`, and the labels are kept, too. Raises InputError when `out`
    is the source, or exists (without `overwrite`), or when no attribute can be learned from the labels.
    """
    if out.resolve() == source.path.resolve():
        raise InputError(f"--out is the bundle itself, {out}, which is never changed; choose another folder")
    build.check_free(out, overwrite)
    seed, kfac, dims = source.meta["seed"], source.settings.kfac, source.settings.embedding_size
    learned = None
    report(STAGES[0])
    if method == "none":
        axes = micro_axes.none(kfac, dims)
    else:
        axes = build.independent_axes(source.vectors, source.factor, source.items, kfac, seed)
        if method == "labels":
            learned = _learned(source, axes, labels)
            axes = learned.axes
    report(STAGES[1])
    strength = build.strengths(source.vectors, source.factor, build.shown_parts(source), source.model.scale, axes)
    by = micro_axes.order(strength, learned.bears if learned else None)  # (K, D)
    axes, strength = np.take_along_axis(axes, by[:, None, :], axis=2), np.take_along_axis(strength, by, axis=1)
    meta = {key: value for key, value in source.meta.items() if key not in ("format", "settings", "aligned")}
    meta |= {"name": out.name, "axes": method}
    if learned:
        meta["aligned"] = _record(learned, np.take_along_axis(learned.bears, by, axis=1), labels)
    if meta["twin"] and not (out.parent / meta["twin"] / "bundle.json").is_file():
        meta["twin"] = None
    borne = {(row["factor"], row["dim"]): row for row in meta.get("aligned", {}).get("dials", [])}
    report(STAGES[2])
    meta["metrics"] = ({key: value for key, value in meta["metrics"].items() if key != "steering"}
                       | build.steering_figures(source.model, source.held_out("test"), source.items, axes, borne, seed))
    report(STAGES[3])
    bundle.save(out, meta=meta, model=source.model, items=source.items, maps=source.maps, axes=axes, strength=strength,
                users=source.users, history=source.history, labels=labels if learned else None)
    return bundle.load(out)


def save_as(source: Recommender, folder: Path, name: str, labels: pd.DataFrame,
            report: Callable[[str], None] = lambda stage: None) -> Recommender:
    """`align` by labels to a new bundle `name` in `folder`. Raises InputError as that does, and for a name that is taken, or
    that no bundle may have."""
    if not re.fullmatch(r"\w[\w.-]{0,59}", name) or name.endswith(_RESERVED):
        raise InputError(f"{name!r} cannot be the name of a bundle; use letters, digits, - and _, and none of the endings "
                         f"{', '.join(_RESERVED)}")
    if _taken(folder, name):
        raise InputError(f"there is a bundle called {name} already, and it is not replaced; choose another name")
    try:
        return align(source, folder / name, "labels", labels, report=report)
    except OSError as error:
        raise InputError(f"cannot write to {folder} ({error.strerror}); make room there, or make it writable") from error


def free_name(folder: Path, wanted: str) -> str:
    """`wanted`, or with a number behind it, so that no bundle in `folder` has that name."""
    return next(name for name in (wanted, *(f"{wanted}-{i}" for i in range(2, 10**6))) if not _taken(folder, name))


def _taken(folder: Path, name: str) -> bool:
    return any((folder / other).exists() for other in (name, f"{name}-dot"))


def _learned(source: Recommender, base: np.ndarray, labels: pd.DataFrame) -> micro_axes.Labelled:
    table = np.full((len(source.items), labels.shape[1]), np.nan)
    table[source.positions(labels.index)] = labels.to_numpy(np.float64)
    learned = micro_axes.labels(build.unit(source.vectors), source.factor, base, table, source.meta["seed"],
                                list(labels.columns))
    if (learned.bears < 0).all():
        (k, a), reason = max(learned.refused.items(), key=lambda entry: learned.counts[entry[0]])
        raise InputError(f"no attribute can be learned from these labels: in factor {k} ({source.factors[k].name}), "
                         f"{labels.columns[a]} is refused, as {reason}")
    return learned


def _record(learned: micro_axes.Labelled, bears: np.ndarray, labels: pd.DataFrame) -> dict:
    """What bundle.json says of aligned dials: bears (K, D) is that of `learned` in the order of the dials. A dial grows
    towards `high`, if its ends have names."""
    names = list(labels.columns)
    ends = {name: {"low": low, "high": high} for name, (low, high) in labels.attrs.get("ends", {}).items()}
    dials = [{"factor": int(k), "dim": int(j), "attribute": names[a], "measure": "AUC" if learned.yes_no[a] else "R2",
              "confidence": math.floor(1e4 * learned.confidence[k, a]) / 1e4, "labels": int(learned.counts[k, a])}
             | ends.get(names[a], {}) for k, j in np.argwhere(bears >= 0) for a in [bears[k, j]]]
    refused = [{"factor": int(k), "attribute": names[a], "labels": int(learned.counts[k, a]), "reason": reason}
               for (k, a), reason in learned.refused.items()]
    return {"dials": dials, "refused": refused}
