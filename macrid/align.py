"""A bundle with other micro axes: the model's own, independent ones, or learned from a few labels. No score changes."""

import math
from pathlib import Path

import numpy as np
import pandas as pd

from . import axes as micro_axes
from . import build, bundle
from .errors import InputError
from .recommender import Recommender

METHODS = ("none", "ica", "labels")


def align(source: Recommender, out: Path, method: str, labels: pd.DataFrame | None = None, *,
          overwrite: bool = False) -> Recommender:
    """Save a copy of `source` with axes by `method` to `out`, and load it. labels: what `labels.read` gives.

    Everything but the axes, their strengths, what they bear and the figures of steering is as in `source`, the name is
    that of `out`; a twin is kept where it stands beside `out`. Raises InputError when `out` is the source, or exists
    (without `overwrite`), or when no attribute can be learned from the labels.
    """
    if out.resolve() == source.path.resolve():
        raise InputError(f"--out is the bundle itself, {out}, which is never changed; choose another folder")
    build.check_free(out, overwrite)
    seed, kfac, dims = source.meta["seed"], source.settings.kfac, source.settings.embedding_size
    learned = None
    if method == "none":
        axes = micro_axes.none(kfac, dims)
    else:
        axes = build.independent_axes(source.vectors, source.factor, source.items, kfac, seed)
        if method == "labels":
            learned = _learned(source, axes, labels)
            axes = learned.axes
    strength = build.strengths(source.vectors, source.factor, build.shown_parts(source), source.model.scale, axes)
    by = micro_axes.order(strength, learned.bears if learned else None)  # (K, D)
    axes, strength = np.take_along_axis(axes, by[:, None, :], axis=2), np.take_along_axis(strength, by, axis=1)
    meta = {key: value for key, value in source.meta.items() if key not in ("format", "settings", "aligned")}
    meta |= {"name": out.name, "axes": method}
    if learned:
        meta["aligned"] = _record(learned, np.take_along_axis(learned.bears, by, axis=1), list(labels.columns))
    if meta["twin"] and not (out.parent / meta["twin"] / "bundle.json").is_file():
        meta["twin"] = None
    borne = {(row["factor"], row["dim"]): row for row in meta.get("aligned", {}).get("dials", [])}
    meta["metrics"] = ({key: value for key, value in meta["metrics"].items() if key != "steering"}
                       | build.steering_figures(source.model, source.held_out("test"), source.items, axes, borne, seed))
    bundle.save(out, meta=meta, model=source.model, items=source.items, maps=source.maps, axes=axes, strength=strength,
                users=source.users, history=source.history)
    return bundle.load(out)


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


def _record(learned: micro_axes.Labelled, bears: np.ndarray, names: list[str]) -> dict:
    """What bundle.json says of aligned dials: bears (K, D) is that of `learned` in the order of the dials."""
    dials = [{"factor": int(k), "dim": int(j), "attribute": names[bears[k, j]],
              "measure": "AUC" if learned.yes_no[bears[k, j]] else "R2",
              "confidence": math.floor(1e4 * learned.confidence[k, bears[k, j]]) / 1e4,
              "labels": int(learned.counts[k, bears[k, j]])} for k, j in np.argwhere(bears >= 0)]
    refused = [{"factor": int(k), "attribute": names[a], "labels": int(learned.counts[k, a]), "reason": reason}
               for (k, a), reason in learned.refused.items()]
    return {"dials": dials, "refused": refused}
