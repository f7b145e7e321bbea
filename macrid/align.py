"""A bundle with other micro axes: the model's own, independent ones, or learned from a few labels. No score changes."""

from pathlib import Path

import pandas as pd

from . import build, bundle, dials
from .errors import InputError
from .recommender import Recommender


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
    if labels is not None:
        source.positions(labels.index)  # all of them are items of the bundle
        labels = labels.reindex(source.items["item_id"])
    found = dials.choose(method, source.vectors, source.factor, build.shown_parts(source), source.model.scale,
                         source.meta["seed"], labels)
    meta = {key: value for key, value in source.meta.items() if key not in ("format", "settings", "aligned")}
    meta |= {"name": out.name, "axes": method}
    if row := found.all_refused:
        raise InputError(f"no attribute can be learned from these labels: in factor {row['factor']} "
                         f"({source.factors[row['factor']].name}), {row['attribute']} is refused, as {row['reason']}")
    if found.aligned:
        meta["aligned"] = found.aligned
    if meta["twin"] and not (out.parent / meta["twin"] / "bundle.json").is_file():
        meta["twin"] = None
    meta["metrics"] = ({key: value for key, value in meta["metrics"].items() if key != "steering"}
                       | build.steering_figures(source.model, source.held_out("test"), source.items, found.axes, found.borne,
                                                source.meta["seed"]))
    bundle.save(out, meta=meta, model=source.model, items=source.items, maps=source.maps, axes=found.axes,
                strength=found.strength, users=source.users, history=source.history)
    return bundle.load(out)
