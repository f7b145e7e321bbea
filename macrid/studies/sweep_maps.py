"""The maps of a sweep: where some of its items lie after each run, kept in one table beside the file of results.

The table, NAME.maps.parquet beside NAME.json, has a row for each run and item: `run` (its place among the points of the
file), `item_id`, `title`, `category`, `factor`, `name` (of the factor), `x`, `y`. The file holds the table's SHA-256 as
`maps`; older files, and sweeps of which no map was kept, do not.
"""

import hashlib
import io
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import vstack

from macrid.data.split import Split
from macrid.dials.names import name_factors
from macrid.errors import InputError
from macrid.files import write_bytes
from macrid.maps import projections
from macrid.model.macridvae import MacridVAE

MOST = 1_000  # items; of more, the same ones are drawn at random for every run


def lay_out(model: MacridVAE, split: Split, seed: int) -> dict[str, list]:
    """The map of one MacridVAE, as JSON values: {at (n,), the items' positions; x, y, factor (n,); names (K,)}."""
    n_items, factor = len(split.items), model.factors()
    at = np.arange(n_items)
    if n_items > MOST:
        at = np.sort(np.random.default_rng(seed).choice(n_items, MOST, replace=False))
    metric = "cosine" if model.settings.similarity == "cosine" else "euclidean"
    xy = np.round(projections.tsne(model.item_vectors()[at], metric, seed).astype(np.float64), 4)
    certainty = np.exp(model.routing().max(axis=1))
    items = split.items.assign(clicks=np.asarray(split.train.sum(axis=0)).ravel())
    people = vstack([split.validation.fold_in, split.test.fold_in]).tocsr()
    names = [f.name for f in name_factors(items, factor, certainty, model.settings.kfac, people)]
    return {"at": at.tolist(), "x": xy[:, 0].tolist(), "y": xy[:, 1].tolist(), "factor": factor[at].tolist(), "names": names}


def path_of(out: Path) -> Path:
    """Where the table of the file of results `out` is."""
    return out.with_name(f"{out.stem}.maps.parquet")


def save(out: Path, maps: dict[int, dict], items: pd.DataFrame) -> str:
    """Write the table of the file of results `out` from what `lay_out` gave for some of its runs, {run: map}, and return its
    SHA-256. Every map is turned onto the first, so that they can be compared."""
    tables, first = [], None
    for run, laid_out in maps.items():
        xy = np.array([laid_out["x"], laid_out["y"]], np.float32).T
        first = xy if first is None else first
        xy = projections.turned(xy, first)
        known = items[["item_id", "title", "category"]].iloc[laid_out["at"]].reset_index(drop=True)
        factor = np.array(laid_out["factor"], np.int16)
        name = np.array(laid_out["names"], object)[laid_out["factor"]]
        tables.append(known.assign(run=np.int16(run), factor=factor, x=xy[:, 0], y=xy[:, 1], name=name))
    written = io.BytesIO()
    pd.concat(tables, ignore_index=True).to_parquet(written, index=False, compression="zstd")
    write_bytes(path_of(out), written.getvalue())
    return hashlib.sha256(written.getvalue()).hexdigest()


def load(path: Path, sweep: dict) -> pd.DataFrame | None:
    """The table that belongs to a sweep, read from the file `path`; None where none was kept or it has been left behind.
    Raises InputError for the table of another sweep."""
    if "maps" not in sweep or not path_of(path).is_file():
        return None
    data = path_of(path).read_bytes()
    if hashlib.sha256(data).hexdigest() != sweep["maps"]:
        raise InputError(f"{path_of(path)} is not the one that was written with {path.name}; restore both together, or run "
                         "the sweep again")
    return pd.read_parquet(io.BytesIO(data))
