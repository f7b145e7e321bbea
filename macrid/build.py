"""From clicks to a finished bundle: train, evaluate, choose axes, lay out the maps, save; and its dot-product twin."""

import hashlib
import json
import os
import platform
import shutil
import warnings
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

from . import __version__, bundle, dials, steering, train
from . import labels as labelling
from . import maps as mapping
from .attributes import attribute_table, numeric_columns
from .baselines import EASE, Popularity
from .data import Interactions
from .errors import InputError, InputWarning
from .model import MacridVAE, Settings, settings_dict
from .recommender import Recommender
from .spectral import spectral_start
from .split import HeldOut, Split, fold_in, to_clicks

EASE_ITEMS = 20_000  # above, EASE's M x M matrix is too large to be a quick comparison
LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn", "pandas")


def partial_of(out: Path) -> Path:
    """The folder in which a training that is to become `out` keeps its checkpoints."""
    return out.with_name(out.name + ".partial")


def twin_of(out: Path) -> Path:
    """Where the dot-product twin of the bundle `out` goes."""
    return out.with_name(out.name + "-dot")


def check_free(out: Path, overwrite: bool) -> None:
    """InputError unless a bundle may be written to `out`: nothing stands there, or a bundle and `overwrite` is given."""
    if out.name in ("", ".."):
        raise InputError(f"--out is {out}; give the name of a new folder, such as models/mine")
    if out.exists() and not overwrite:
        raise InputError(f"{out} exists already; choose another --out, or add --overwrite to replace it")
    strange = [p.name for p in out.iterdir() if p.name not in (*bundle.FILES, bundle.LABELS)] if out.is_dir() else []
    if strange or out.is_file():
        raise InputError(f"{out} is not a bundle" + (f", it holds {strange[0]}" if strange else "")
                         + ", and is not replaced; choose another --out")


def prepare(out: Path, run: dict, *, overwrite: bool, resume: bool, twin: bool) -> None:
    """Make sure that `out` may be written and that a checkpoint found there belongs to this `run` (its JSON description).

    Raises InputError when there is a bundle already (without `overwrite`) or something else (even with it), a stopped
    training (without `resume` or `overwrite`), or one with other arguments; with both, such a one is begun again.
    """
    check_free(out, overwrite)
    if twin:
        check_free(twin_of(out), overwrite)
    partial = partial_of(out)
    claim(partial, run, overwrite=overwrite, resume=resume)


def claim(partial: Path, run: dict, *, overwrite: bool, resume: bool) -> None:
    """Make the folder `partial` that of this `run`, or find it so; InputError as `prepare` says."""
    if partial.is_file():
        raise InputError(f"{partial} is a file where the training is to be kept; choose another --out")
    record = partial / "run.json"
    if partial.exists():
        why = _why_not_resume(record, run) if resume else "holds a training that was stopped; add --resume to go on with it"
        if why is None:
            return
        if not overwrite:
            raise InputError(f"{partial} {why}, or --overwrite to begin again")
        shutil.rmtree(partial)
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"cannot write to {partial.parent} ({error.strerror}); choose another --out") from error
    beside = partial / "run.json.new"
    beside.write_text(json.dumps(run), encoding="utf-8")
    os.replace(beside, record)


def _why_not_resume(record: Path, run: dict) -> str | None:
    """What keeps the training recorded in `record` from being continued as `run`; None if nothing does."""
    try:
        before = dict(json.loads(record.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        return f"has a missing or damaged run.json ({type(error).__name__}); delete it"
    other = [key for key in run if before.get(key) != run[key]]
    return f"was begun with another {', '.join(other)}; give the same arguments with --resume" if other else None


def describe(split: Split, settings: Settings, seed: int, labels: pd.DataFrame | None = None) -> dict:
    """What makes a run what it is, as JSON values: two runs with the same description give the same numbers."""
    return {"data": split.name, "split": split.kind, "fingerprint": fingerprint(split), "seed": seed,
            "settings": settings_dict(settings), "labels": None if labels is None else labelling.fingerprint(labels)}


def build(split: Split, out: Path, settings: Settings, seed: int = 0, *, source: Interactions, twin: bool = False,
          labels: pd.DataFrame | None = None, device: str = "cpu",
          report: Callable[[str, dict], None] = lambda stage, row: None) -> Recommender:
    """Train on `split` and save the bundle `out`, and with `twin` also its dot-product twin, trained just as long.

    labels: what `labels.of_items` gives: they enter the loss with the weight `settings.label_weight`, and the dials are
        learned from them, as by `align`; a model in which they can't be learned gets those of `ica`, with a warning.
    report: called with ("train", row of the history), ("twin", row), after each batch with ("step", {"stage": either of
        these, "epoch", "done": the share of its people}), and with ("start", {}), ("maps", {}), ("save", {}) as each begins.
    Checkpoints stand in `partial_of(out)` until the bundle is complete; a training found there is continued.
    """
    partial = partial_of(out)
    start = None
    if settings.init == "spectral":
        report("start", {})
        start = spectral_start(split.train, settings.kfac, settings.embedding_size, seed)
    table = None
    if labels is not None:
        labels = labels.reindex(split.items["item_id"])  # M rows
        table = ((labels - labels.mean()) / labels.std()).to_numpy()  # so that float32 tells 1e9 from 1e9 + 1
    model = MacridVAE(split.train.shape[1], settings, seed, start, table).to(device)

    def fit(model: MacridVAE, stage: str, folder: Path) -> list[dict]:
        return train.fit(model, split, seed, lambda row: report(stage, row), folder,
                         lambda epoch, done: report("step", {"stage": stage, "epoch": epoch, "done": done}))

    history = fit(model, "train", partial / "main")
    finished = [(out, model, history, twin_of(out).name if twin else None)]
    if twin:
        same = replace(settings, similarity="dot", epochs=len(history), stopping_step=max(1, len(history)))
        other = MacridVAE(split.train.shape[1], same, seed, start, table).to(device)
        finished.append((twin_of(out), other, fit(other, "twin", partial / "twin"), None))
    report("maps", {})
    baselines = baseline_figures(split)
    ready: list[tuple[Path, dict]] = []
    for each in finished:
        ready.append(finish(*each, split, seed, baselines, source, labels, ready[0][1]["maps"] if ready else None))
    report("save", {})
    for path, contents in reversed(ready):  # the twin first, so that a bundle never names one that is not there
        bundle.save(path, **contents)
    shutil.rmtree(partial, ignore_errors=True)
    return bundle.load(out)


def finish(out: Path, model, history, twin, split: Split, seed: int, baselines: dict, source: Interactions,
           labels: pd.DataFrame | None = None, beside: pd.DataFrame | None = None) -> tuple[Path, dict]:
    """Everything that goes into the bundle of one trained model. beside: the maps of the model that it is compared with."""
    model.eval()
    vectors = model.item_vectors()
    clicks = shown(split.kind, split.validation, split.test)
    parts = model.represent(clicks)  # (n, K, D)
    found = dials.choose("ica" if labels is None else "labels", vectors, model.factors(), parts, model.scale, seed,
                         attribute_table(split.items), labels)
    if row := found.all_refused:
        warnings.warn(f"{out}: no dial is named, as no attribute can be learned from the labels: {row['attribute']} is "
                      f"refused in factor {row['factor']}, as {row['reason']}", InputWarning, stacklevel=2)
        found = replace(found, method="ica", aligned=None)
    items = split.items.copy()
    items["clicks"] = np.asarray(split.train.sum(axis=0)).ravel().astype(np.int32)
    meta = {
        "name": out.name, "seed": seed, "twin": twin, "axes": found.method,
        "data": {"name": split.name, "split": split.kind, "people": int(split.train.shape[0]),
                 "items": int(split.train.shape[1]), "clicks": int(split.train.nnz),
                 "held_out": len(split.test.user_ids), "fingerprint": fingerprint(split), "least": _least(split),
                 "read": {"people": source.n_users, "items": source.n_items, "interactions": source.n_interactions}},
        "metrics": (train.evaluate(model, split.test, split.items, split.kind, parts)
                    | steering_figures(model, split.test, split.items, found.axes, found.borne, seed)),
        "baselines": baselines,
        "training": {"epochs": len(history), "best": history[-1]["best"] if history else 0,
                     "seconds": round(sum(row["seconds"] for row in history), 1), "device": model.items.device.type},
        "versions": versions(),
    }
    if found.aligned:
        meta["aligned"] = found.aligned
    return out, {"meta": meta, "model": model, "items": items, "axes": found.axes, "strength": found.strength,
                 "history": history, "users": _users(split), "labels": labels.dropna(how="all") if found.aligned else None,
                 "maps": _maps(model, items, _shown_ids(split.kind, split.validation, split.test), clicks, seed, beside)}


def _least(split: Split) -> dict | None:
    """What ratings and people had to have to count, as JSON values; a rating of None: any."""
    if split.least is None:
        return None
    rating, clicks = split.least
    return {"rating": rating if np.isfinite(rating) else None, "clicks": clicks}


def versions() -> dict[str, str]:
    """The versions of what computes."""
    return {"macrid": __version__, "python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


def baseline_figures(split: Split) -> dict[str, dict[str, float]]:
    """The ranking figures of the baselines on the test people."""
    models = {"popularity": Popularity(split.train)}
    if split.train.shape[1] <= EASE_ITEMS:
        models["ease"] = EASE(split.train)
    found = {}
    for name, model in models.items():
        found[name] = train.summary(train.ranking(model, split.test, split.kind))
    return found


def _maps(model: MacridVAE, items: pd.DataFrame, people: np.ndarray, clicks: csr_matrix, seed: int,
          beside: pd.DataFrame | None) -> pd.DataFrame:
    parts = mapping.choose_parts(people, clicks, model.represent(clicks), model.factors(), seed)
    return mapping.lay_out(items["item_id"].to_numpy(object), model.item_vectors(), model.settings.similarity, parts, seed,
                           beside)


def remap(trained: Recommender, beside: pd.DataFrame | None = None) -> pd.DataFrame:
    """Lay out the maps of a bundle anew and write them into its folder; nothing else of it changes. beside: the maps of the
    model that it is compared with. The same as `build` makes."""
    people = _shown_ids(trained.meta["data"]["split"], trained.held_out("validation"), trained.held_out("test"))
    maps = _maps(trained.model, trained.items, people, _shown_of(trained), trained.meta["seed"], beside)
    bundle.replace_maps(trained.path, maps)
    return maps


def _users(split: Split) -> pd.DataFrame:
    tables = []
    for which, held in (("validation", split.validation), ("test", split.test)):
        for part, matrix in (("tr", held.fold_in), ("te", held.answers)):
            matrix = matrix.tocoo()
            tables.append(pd.DataFrame({"user_id": held.user_ids[matrix.row],
                                        "item_id": split.items["item_id"].to_numpy()[matrix.col],
                                        "part": f"{which}_{part}"}))
    return pd.concat(tables, ignore_index=True)


def fingerprint(split: Split) -> str:
    """SHA-256 of the training clicks and the item ids."""
    digest = hashlib.sha256()
    for array in (split.train.indptr.astype(np.int64), split.train.indices.astype(np.int64)):
        digest.update(array.tobytes())
    digest.update("\n".join(map(str, split.items["item_id"])).encode())
    return digest.hexdigest()


def evaluate(trained: Recommender, data: Interactions | None = None) -> dict:
    """The figures of a bundle on its own test people, or on the people of other data over the same items: those of
    `train.evaluate`, and `steering` where items have attributes."""
    model, items = trained.model, trained.items
    if data is not None:
        held = _other_people(trained, data)
        figures = train.evaluate(model, held, items)
    else:
        held, kind = trained.held_out("test"), trained.meta["data"]["split"]
        figures = train.evaluate(model, held, items, kind, shown_parts(trained))
    return figures | steering_figures(model, held, items, trained.axes, trained.borne, trained.meta["seed"])


def shown_parts(trained: Recommender) -> np.ndarray:
    """The user vectors (n, K, D) of a bundle's held-out people: those that independence and dials are measured over."""
    return trained.model.represent(_shown_of(trained))


def steering_figures(model: MacridVAE, held: HeldOut, items: pd.DataFrame, axes: np.ndarray,
                     borne: dict[tuple[int, int], dict], seed: int) -> dict[str, dict]:
    """{"steering": {"monotonicity", "leakage", "dials"}} over the numeric columns of the items table, each on the dial that
    bears it (`Recommender.borne`) or follows it most; {} where there are none."""
    columns = numeric_columns(items)
    bearing = {(k, columns.index(row["attribute"])): j for (k, j), row in borne.items() if row["attribute"] in columns}
    attributes = items[columns].to_numpy(np.float64, na_value=np.nan)  # (M, A)
    found = steering.figures(model.item_vectors(), model.factors(), axes, attributes,
                             model.represent(held.fold_in), held.fold_in, bearing, seed)
    return {"steering": found} if found else {}


def shown(kind: str, validation: HeldOut, test: HeldOut) -> csr_matrix:
    """The clicks of the people over whom independence is measured: all held-out people, each once."""
    return vstack([validation.fold_in, test.fold_in], format="csr") if kind == "strong" else test.fold_in


def _shown_of(trained: Recommender) -> csr_matrix:
    return shown(trained.meta["data"]["split"], trained.held_out("validation"), trained.held_out("test"))


def _shown_ids(kind: str, validation: HeldOut, test: HeldOut) -> np.ndarray:
    """The ids of the people of `shown`, (n,)."""
    return np.concatenate([validation.user_ids, test.user_ids]) if kind == "strong" else test.user_ids


def _other_people(trained: Recommender, data: Interactions) -> HeldOut:
    least = trained.meta["data"].get("least")  # older bundles do not say
    clicks = to_clicks(data, *((-np.inf if least["rating"] is None else least["rating"], least["clicks"]) if least else ()))
    at = pd.Index(clicks.item_ids.astype(str)).get_indexer(trained.items["item_id"])
    if not (at >= 0).any():
        raise InputError(f"{data.name} shares no item_id with {trained.path}; give data over the same items")
    matrix = csr_matrix(clicks.matrix.tocsc()[:, np.maximum(at, 0)].multiply(at >= 0))
    matrix.eliminate_zeros()
    rng = np.random.default_rng(trained.meta["seed"])
    return fold_in(matrix, clicks.user_ids, np.arange(matrix.shape[0]), rng, data.name)
