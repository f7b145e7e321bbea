"""Who takes part: every way to steer with the settings that it may have, each chosen on validation people."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from macrid.data.split import Split
from macrid.model.macridvae import MacridVAE
from macrid.model.multvae import AutoencoderSettings
from macrid.model.settings import Settings
from macrid.studies import contenders

from . import ours, teaser
from .elsa import BATCH as PEOPLE_AT_ONCE
from .elsa import ELSA
from .protocol import Steered, Tags
from .reranking import Reranked
from .sparse import BY, PASSES, Coder, DenseCode, Knobs, Reconstructed, SparseAutoencoder
from .training import best_epoch, ndcg20

OURS = ("wish", "dial", "both")
TITLES = {"wish": "ours, a wish", "dial": "ours, dials", "both": "ours, a wish and dials",
          "wish-same": "tried: a wish as far for everybody", "wish-expected": "tried: a wish on expected hits",
          "elsa-1": "ELSA + SAE, 1 neuron", "elsa-10": "ELSA + SAE, 10 neurons", "multvae-1": "Mult-VAE + SAE, 1 neuron",
          "multvae-10": "Mult-VAE + SAE, 10 neurons", "teaser": "TEASER", "rerank-ours": "ours, its head re-ranked",
          "rerank-elsa": "ELSA, its head re-ranked"}
Report = Callable[[str], None]


@dataclass(frozen=True)
class Grids:
    """What is tried, and how long is trained."""

    dims: tuple[int, ...] = (128, 256)  # of ELSA
    anneal_caps: tuple[float, ...] = (0.2,)  # of Mult-VAE
    layers: dict[str, Any] = field(default_factory=dict)  # of Mult-VAE, other than its paper's
    widths: tuple[int, ...] = (4,)  # of the sparse autoencoder, times the dense dimensions
    active: tuple[int, ...] = (16, 32, 64)
    steps: int = 1500  # of a training, at most
    heads: tuple[int, ...] = (50, 100, 200, 500)
    near: tuple[float | None, ...] = (None, 10.0, 100.0, 1000.0)
    ridges: tuple[float, ...] = (0.01, 0.1, 1.0)
    shares: tuple[float, ...] = (0.1, 0.3, 1.0)  # of a wish's strength, for the dials beside it


NARROW = Grids(dims=(128,), active=(16, 64), steps=1000, heads=(100, 200, 500), near=(None, 100.0), shares=(0.1, 0.3))


@dataclass(frozen=True)
class Neurons:
    """A trained sparse autoencoder, what each item alone excites of it (M, W), what it was trained with, and its figures:
    NDCG@20 of the validation people by what it gives back of codes, and the share of neurons that no item excites."""

    model: SparseAutoencoder
    excited: np.ndarray
    settings: dict[str, int]
    figures: dict[str, float]


@dataclass(frozen=True)
class Trained:
    """The recommenders of a data set. sparse: the sparse autoencoders on each; figures: what was tried, with NDCG@20 of the
    validation people."""

    split: Split
    ours: MacridVAE
    elsa: ELSA
    sparse: dict[str, list[Neurons]]
    spectrum: tuple[np.ndarray, np.ndarray]
    figures: dict[str, list[dict]]


def train(split: Split, settings: Settings, grids: Grids, folder: Path, report: Report,
          mine: MacridVAE | None = None) -> Trained:
    """Train what is to be steered, or go on with what `folder` holds of it. mine: ours, if it is trained already."""
    if mine is None:
        report("ours")
        mine = _trained("macridvae", settings, split, folder / "ours")
    figures: dict[str, list[dict]] = {"ours": [{"ndcg@20": ndcg20(mine, split.validation)}]}
    elsas = []
    for dims in grids.dims:
        report(f"ELSA, {dims} dimensions")
        model = ELSA(split.train.shape[1], dims)
        best_epoch(model, split.train, partial(ndcg20, model, split.validation), _epochs(split, grids.steps),
                   folder / f"elsa-{dims}-{grids.steps}.safetensors")
        elsas.append(({"dims": dims, "ndcg@20": ndcg20(model, split.validation)}, model))
    autoencoders = []
    for cap in grids.anneal_caps:
        report(f"Mult-VAE, anneal_cap {cap}")
        epochs, patience = _epochs(split, grids.steps)
        chosen = AutoencoderSettings(**{"anneal_cap": cap, "train_batch_size": PEOPLE_AT_ONCE, "epochs": epochs,
                                        "stopping_step": patience} | grids.layers)
        model = _trained("multvae", chosen, split, folder / f"multvae-{cap}-{grids.steps}")
        autoencoders.append(({"anneal_cap": cap, "ndcg@20": ndcg20(model, split.validation)}, DenseCode(model)))
    best = {}
    for name, tried in (("elsa", elsas), ("multvae", autoencoders)):
        figures[name] = [row for row, _ in tried]
        best[name] = max(tried, key=lambda each: each[0]["ndcg@20"])
    sparse = {name: list(_sparse(f"{name}-{next(iter(row.values()))}", base, split, grids, folder, report))
              for name, (row, base) in best.items()}
    figures |= {f"{name} + SAE": [each.settings | each.figures for each in tried] for name, tried in sparse.items()}
    return Trained(split, mine, best["elsa"][1], sparse, teaser.spectrum(split.train), figures)


def _trained(name: str, settings: contenders.ContenderSettings, split: Split, folder: Path) -> Any:
    return contenders.trained(contenders.Task(name, settings, split, 0, "cpu", folder), lambda row: None).model


def _epochs(split: Split, steps: int) -> tuple[int, int]:
    """So many epochs at most, and so many without a better one, for a training of `steps` steps."""
    epochs = -(-steps * PEOPLE_AT_ONCE // split.train.shape[0])
    return epochs, max(5, epochs // 10)


def _sparse(name: str, base: Coder, split: Split, grids: Grids, folder: Path, report: Report) -> Iterator[Neurons]:
    """Sparse autoencoders on a recommender, called `name`."""
    dims = base.encode(split.train[:1]).shape[1]
    for width in grids.widths:
        for active in grids.active:
            report(f"{name}, {width * dims} neurons, {active} active")
            model = SparseAutoencoder(base, dims, width * dims, active)
            best_epoch(model, split.train, partial(model.likeness, split.validation.fold_in),
                       _epochs(split, grids.steps // PASSES),
                       folder / f"{name}-sparse-{width}-{active}-{grids.steps}.safetensors")
            excited = model.of_items(split.train.shape[1])
            figures = {"ndcg@20": ndcg20(Reconstructed(model), split.validation),
                       "dead": float((excited == 0).all(axis=0).mean())}
            yield Neurons(model, excited, {"width": width * dims, "active": active}, figures)


Entrant = tuple[dict[str, Any], Callable[[], Steered]]  # settings, and what makes it


def entrants(trained: Trained, tags: Tags, grids: Grids) -> dict[str, list[Entrant]]:
    """Every way to steer, each with all the settings that it is tried with."""
    split, mine = trained.split, trained.ours
    wished, dials = ours.Wished(mine, tags), ours.Dials(mine, tags)
    found: dict[str, list[Entrant]] = {
        "wish": [({}, lambda: wished)],
        "dial": [({"way": way}, partial(ours.Turned, dials, way)) for way in ("turned", "pushed")],
        "both": [({"way": way, "share": share}, partial(ours.Both, wished, dials, way, share))
                 for way in ("turned", "pushed") for share in grids.shares],
        "wish-same": [({}, partial(ours.SameReach, mine, tags))],
        "wish-expected": [({"power": power}, partial(ours.Expected, mine, tags, power)) for power in (0.2, 0.5)]}
    for name, tried in trained.sparse.items():
        for count in (1, 10):
            found[f"{name}-{count}"] = [
                (each.settings | {"by": by, "error": error},
                 partial(Knobs, each.model, BY[by](each.excited, tags.borne), count, error))
                for each in tried for by in ("tfidf", "correlation") for error in (False, True)]
    found["teaser"] = [({"near": near, "ridge": ridge},
                        partial(teaser.TagAutoencoder, split.train, trained.spectrum, tags, near, ridge))
                       for near in grids.near for ridge in grids.ridges]
    for name, model in (("ours", mine), ("elsa", trained.elsa)):
        found[f"rerank-{name}"] = [({"head": head}, partial(Reranked, model, tags, head)) for head in grids.heads]
    return found
