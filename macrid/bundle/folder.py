"""A trained model as a folder: save, load, check.

The folder holds no pickle: bundle.json (format, name, data set, settings, seed, metrics, versions, twin, and, where axes
were learned from labels, which dial has which attribute and which attributes were refused), weights.safetensors,
items.parquet, maps.parquet (method, kind, id, x, y, factor: see `maps.layout`), axes.safetensors (R_k, and the influence
of each dial), users.parquet (user_id, item_id, part of the held-out people), history.json (a row an epoch); and,
where axes were learned from labels, labels.csv with these; where somebody has told the intentions of items,
intentions.csv with these; where there is a linear path, linear.safetensors; where the course of the training was noted,
course.parquet (each item's factor after some epochs); of many items, index.safetensors (clusters, by which lists are
found); and moves.parquet (what each dial does to lists: see `dials.moves`),
which older bundles lack.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from macrid.beside import beside, place, swap
from macrid.data import label_file
from macrid.data.intention_file import Intentions
from macrid.data.interactions import PARTS
from macrid.errors import InputError
from macrid.files import replacing, write_json, write_tensors
from macrid.model.macridvae import MacridVAE, weight_shapes
from macrid.model.settings import Settings, make_settings, settings_dict
from macrid.retrieval import index
from macrid.retrieval.index import Clusters

from . import places, schema
from .optional_files import (
    COURSE,
    INDEX,
    INTENTIONS,
    LABELS,
    LINEAR,
    MOVES,
    read_course,
    read_index,
    read_intentions,
    read_labels,
    read_linear,
    read_moves,
    write_index,
    write_linear,
)
from .reading import TRAIN_AGAIN, read_json, read_table, read_tensors, shape_of
from .recommender import Recommender, scored_of

FORMAT = 1
FILES = ("bundle.json", "weights.safetensors", "items.parquet", "maps.parquet", "axes.safetensors", "users.parquet",
         "history.json")
_STORED = {"skip_gain": "linear_gain"}  # weights that the file has under the name of before


@dataclass(frozen=True)
class Contents:
    """What a bundle holds: M items, K factors, D dimensions of a factor."""

    meta: dict  # bundle.json without `format` and `settings`
    model: MacridVAE
    items: pd.DataFrame  # M rows
    maps: pd.DataFrame
    axes: np.ndarray  # (K, D, D), columns are dials, the strongest first
    influence: np.ndarray  # (K, D) from 0 to 1: how much of a list the dial changes
    users: pd.DataFrame
    history: list[dict]
    labels: pd.DataFrame | None = None  # those that the axes were learned from, as `label_file.read` gives them
    course: pd.DataFrame | None = None  # M rows, a column an epoch: the factor of each item after it
    intentions: Intentions | None = None
    moves: pd.DataFrame | None = None  # what dials do to lists, as `moves.measure` gives it
    clusters: Clusters | None = None  # of the items; many get some where there are none, or none of these weights


def save(path: Path, contents: Contents, replace: bool = True) -> None:
    """Write a bundle to the folder `path`, beside it first and then renamed, so that it is there whole or not at all. An
    earlier bundle at `path` is replaced, or, without `replace`, kept with an InputError: of those who save to one path at
    the same time, one does."""
    path = Path(path)
    with beside(path, folder=True) as new:
        _write(new, contents)
        if replace:
            swap(new, path)
        else:
            place_new(new, path)


def place_new(new: Path, path: Path) -> None:
    """Put the finished bundle `new` at `path`; InputError if something stands there."""
    if not place(new, path):
        raise InputError(f"there is a bundle called {path.name} already, and it is not replaced; choose another name")


def _write(folder: Path, contents: Contents) -> None:
    model, items = contents.model, contents.items
    meta = {"format": FORMAT, **contents.meta, "settings": settings_dict(model.settings)}
    write_json(folder / "bundle.json", meta)
    write_json(folder / "history.json", contents.history)
    weights = {_STORED.get(name, name): tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}
    write_tensors(folder / "weights.safetensors", weights)
    if model.linear is not None:
        write_linear(folder / LINEAR, model.linear)
    dials = {"axes": torch.as_tensor(contents.axes), "strength": torch.as_tensor(contents.influence)}
    write_tensors(folder / "axes.safetensors", dials)
    if len(items) >= index.WORTH and index.installed():
        write_index(folder / INDEX, index.fitting(scored_of(model), contents.clusters))
    for name, table in (("items", items), ("maps", contents.maps), ("users", contents.users)):
        table.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
    if contents.course is not None:
        contents.course.to_parquet(folder / COURSE, index=False, compression="zstd")
    if contents.moves is not None:
        contents.moves.to_parquet(folder / MOVES, index=False, compression="zstd")
    if contents.labels is not None:
        text = label_file.to_csv(contents.labels, items.set_index("item_id")["title"])
        (folder / LABELS).write_text(text, encoding="utf-8")
    if contents.intentions is not None:
        text = contents.intentions.to_csv(items.set_index("item_id")["title"])
        (folder / INTENTIONS).write_text(text, encoding="utf-8")


def replace_maps(path: Path, maps: pd.DataFrame) -> None:
    """Put other maps into the bundle at `path`; the time of bundle.json tells whoever keeps it open that it has changed."""
    with replacing(path / "maps.parquet") as new:
        maps.to_parquet(new, index=False, compression="zstd")
    os.utime(path / "bundle.json")


def add_index(bundle: Recommender) -> bool:
    """Put an index into the folder of a bundle, if it has none that fits; whether it had none. Whoever keeps it open is told
    as by `replace_maps`. InputError where faiss is not installed."""
    fitting = index.fitting(bundle.scored, bundle.clusters)
    if fitting is bundle.clusters:
        return False
    write_index(bundle.path / INDEX, fitting)
    os.utime(bundle.path / "bundle.json")
    return True


def load(path: str | Path) -> Recommender:
    """Load a bundle, given as a folder or as the name of one (see `places.resolved`), and check it: the format's version,
    every file, key and shape, and what stands in them. Raises InputError that says what is wrong with which file. Where
    another bundle takes its place meanwhile, that one is loaded: what is given is never half of each."""
    path = places.resolved(path)
    while True:
        before = places.stamp(path)
        try:
            found = _load(path)
        except InputError:
            if places.stamp(path) == before:
                raise
        else:
            if places.stamp(path) == before:
                return found


def _load(path: Path) -> Recommender:
    _check_complete(path)
    meta = _read_meta(path / "bundle.json")
    settings = _read_settings(path / "bundle.json", meta)
    n_items = _count_items(path / "weights.safetensors")
    items = _read_items(path / "items.parquet", n_items)
    item_ids = items["item_id"]
    model = _read_model(path / "weights.safetensors", n_items, settings)
    model.linear = read_linear(path / LINEAR, n_items)
    axes, influence = _read_dials(path / "axes.safetensors", settings)
    users = _read_users(path / "users.parquet", item_ids)
    maps = _read_maps(path / "maps.parquet", item_ids, settings.kfac)
    history = read_json(path / "history.json", list)
    schema.check_history(path / "history.json", history)
    return Recommender(path, meta, model, items, maps, axes, influence, users, history,
                       read_labels(path / LABELS, item_ids), read_course(path / COURSE, n_items, settings.kfac),
                       read_intentions(path / INTENTIONS, item_ids), read_moves(path / MOVES, settings),
                       read_index(path / INDEX, n_items, settings))


def _check_complete(path: Path) -> None:
    """InputError unless there is a folder with every file."""
    if not path.is_dir():
        raise InputError(f"there is no bundle at {path}; `python -m macrid train --data shop --out {path}` makes one")
    missing = [name for name in FILES if not (path / name).is_file()]
    if missing:
        what = "is not a bundle" if "bundle.json" in missing else "is incomplete"
        raise InputError(f"{path} {what}: {', '.join(missing)} missing; {TRAIN_AGAIN}")


def _read_meta(path: Path) -> dict:
    meta = read_json(path, dict)
    if meta.get("format") != FORMAT:
        raise InputError(f"{path} has format {meta.get('format')!r:.40}, this program reads format {FORMAT}; "
                         "train again, or use the version of macrid that wrote it")
    schema.check_meta(path, meta)
    return meta


def _read_settings(path: Path, meta: dict) -> Settings:
    """The settings in bundle.json, and the check that what it says of aligned dials goes with them. Older bundles lack some,
    which mean that they have none of it, and what they call `dot` is `dot-raw` today."""
    given = dict(meta["settings"])
    if "user_norm" not in meta["settings"] and given.get("similarity") == "dot":
        given["similarity"] = "dot-raw"
    try:
        settings = make_settings(None, given)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    schema.check_aligned(path, meta, settings.kfac, settings.embedding_size)
    schema.check_named(path, meta.get("named", []), settings.kfac, settings.embedding_size)
    schema.check_given_names(path, meta.get("intentions"), settings.kfac)
    return settings


def _count_items(path: Path) -> int:
    """M, by the head of the weights: the tables are held against it before they are read."""
    shape = shape_of(path, "items")
    if len(shape) != 2 or not shape[0]:
        raise InputError(f"{path}: items should be a table of vectors, it is {shape or 'missing'}; {TRAIN_AGAIN}")
    return shape[0]


def _read_items(path: Path, n_items: int) -> pd.DataFrame:
    items = read_table(path, dict.fromkeys(schema.TEXTS, "text"), rows=n_items)
    schema.check_items(path, items)
    return items


def _read_model(path: Path, n_items: int, settings: Settings) -> MacridVAE:
    shapes = weight_shapes(n_items, settings)
    stored = {_STORED.get(name, name): name for name in shapes}
    # Before there is a model: that takes as much memory as its settings say.
    tensors = read_tensors(path, {name: shapes[known] for name, known in stored.items()})
    model = MacridVAE(n_items, settings)
    model.load_state_dict({stored[name]: tensor for name, tensor in tensors.items()})
    return model.eval()


def _read_dials(path: Path, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """The axes (K, D, D) and the influence of each dial (K, D), which the file calls its strength."""
    kfac, dims = settings.kfac, settings.embedding_size
    tensors = read_tensors(path, {"axes": (kfac, dims, dims), "strength": (kfac, dims)})
    axes = tensors["axes"].numpy()
    if np.abs(axes.transpose(0, 2, 1) @ axes - np.eye(dims)).max() > 1e-3:
        raise InputError(f"{path}: the axes are not orthogonal; {TRAIN_AGAIN}")
    return axes, tensors["strength"].numpy()


def _read_users(path: Path, item_ids: pd.Series) -> pd.DataFrame:
    users, wanted = read_table(path, dict.fromkeys(("user_id", "item_id", "part"), "text")), PARTS[1:]
    if users[["user_id", "item_id", "part"]].isna().any(axis=None):
        raise InputError(f"{path} has rows without a person, item or part; {TRAIN_AGAIN}")
    if set(users["part"]) != set(wanted):
        parts = ", ".join(f"{part:.40}" for part in users["part"].unique()[:9]) or "none"
        raise InputError(f"{path} has the parts {parts}, not {', '.join(wanted)}; {TRAIN_AGAIN}")
    if not _texts(item_ids).issuperset(_texts(users["item_id"])):
        raise InputError(f"{path} names items that items.parquet does not; {TRAIN_AGAIN}")
    return users


def _read_maps(path: Path, item_ids: pd.Series, kfac: int) -> pd.DataFrame:
    """The maps; every item is on each of them, and every part that is on one belongs to a factor. Bundles of before parts
    were laid out have none, and no column `factor`."""
    maps = read_table(path, {"method": "text", "kind": "text", "id": "text", "x": "number", "y": "number"})
    parts = maps[maps["kind"] == "part"]
    for method in ("tsne", "umap", *parts["method"].unique()):
        points = maps.loc[(maps["method"] == method) & (maps["kind"] == "item"), "id"]
        known = _texts(points)
        if not known.issuperset(_texts(item_ids)) or len(known) < len(points):
            raise InputError(f"{path} does not have one point by {method} for each item; {TRAIN_AGAIN}")
    if not np.isfinite(maps[["x", "y"]].to_numpy(float, na_value=np.nan)).all():
        raise InputError(f"{path} holds NaN or infinite numbers; {TRAIN_AGAIN}")
    if len(parts) and ("factor" not in maps or not parts["factor"].isin(range(kfac)).all()):
        raise InputError(f"{path} holds a person's part of a factor that the model lacks; {TRAIN_AGAIN}")
    return maps


def _texts(column: pd.Series) -> set[str]:
    """The values of a column. As objects: Series.isin goes through Arrow's strings one by one, seconds for 100,000."""
    return set(column.to_numpy(object))
