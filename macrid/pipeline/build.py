"""From clicks to a finished bundle: train, evaluate, choose axes, lay out the maps, save; and its dot-product twin."""

import shutil
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from macrid import bundle
from macrid.bundle.recommender import Recommender
from macrid.data.attributes import attribute_table
from macrid.data.interactions import Interactions
from macrid.data.split import Split
from macrid.dials import choose
from macrid.errors import InputWarning
from macrid.maps import layout
from macrid.measures import evaluate
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import Settings
from macrid.training.fit import fit
from macrid.training.spectral_start import spectral_start

from .evaluate import _shown_ids, _shown_of, baseline_figures, shown, steering_figures
from .provenance import fingerprint, versions
from .run_folder import partial_of, twin_of


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

    def train(model: MacridVAE, stage: str, folder: Path) -> list[dict]:
        return fit(model, split, seed, lambda row: report(stage, row), folder,
                         lambda epoch, done: report("step", {"stage": stage, "epoch": epoch, "done": done}))

    history = train(model, "train", partial / "main")
    finished = [(out, model, history, twin_of(out).name if twin else None)]
    if twin:
        same = replace(settings, similarity="dot", epochs=len(history), stopping_step=max(1, len(history)))
        other = MacridVAE(split.train.shape[1], same, seed, start, table).to(device)
        finished.append((twin_of(out), other, train(other, "twin", partial / "twin"), None))
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
    found = choose.choose("ica" if labels is None else "labels", vectors, model.factors(), parts, model.scale, seed,
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
        "metrics": (evaluate.evaluate(model, split.test, split.items, split.kind, parts)
                    | steering_figures(model, split.test, split.items, found.axes, found.aligned_dials, seed)),
        "baselines": baselines,
        "training": {"epochs": len(history), "best": history[-1]["best"] if history else 0,
                     "seconds": round(sum(row["seconds"] for row in history), 1), "device": model.items.device.type},
        "versions": versions(),
    }
    if found.aligned:
        meta["aligned"] = found.aligned
    return out, {"meta": meta, "model": model, "items": items, "axes": found.axes, "influence": found.influence,
                 "history": history, "users": _users(split), "labels": labels.dropna(how="all") if found.aligned else None,
                 "maps": _maps(model, items, _shown_ids(split.kind, split.validation, split.test), clicks, seed, beside)}


def _least(split: Split) -> dict | None:
    """What ratings and people had to have to count, as JSON values; a rating of None: any."""
    if split.least is None:
        return None
    rating, clicks = split.least
    return {"rating": rating if np.isfinite(rating) else None, "clicks": clicks}


def _maps(model: MacridVAE, items: pd.DataFrame, people: np.ndarray, clicks: csr_matrix, seed: int,
          beside: pd.DataFrame | None) -> pd.DataFrame:
    parts = layout.choose_parts(people, clicks, model.represent(clicks), model.factors(), seed)
    return layout.lay_out(items["item_id"].to_numpy(object), model.item_vectors(), model.settings.similarity, parts, seed,
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


