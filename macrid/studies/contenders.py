"""The recommenders that `compare`, `sweep` and `tune` train, by name: their settings, how each is made and measured."""

import difflib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from macrid.data.attributes import attribute_table, numeric_columns
from macrid.data.split import Split
from macrid.dials import choose
from macrid.errors import InputError
from macrid.measures import known_truth
from macrid.measures.evaluate import disentanglement, ranking, summary
from macrid.measures.vectors import unit
from macrid.model.linear import EASE, EDLAE, Popularity
from macrid.model.macridvae import MacridVAE
from macrid.model.multvae import MULT_DAE, MULT_VAE, Autoencoder
from macrid.model.settings import Settings
from macrid.pipeline.evaluate import shown
from macrid.training.fit import fit
from macrid.training.spectral_start import spectral_start

from . import memory, sweep_maps

TITLES = {"popularity": "Popularity", "ease": "EASE", "edlae": "EDLAE", "multdae": "Mult-DAE", "multvae": "Mult-VAE",
          "macridvae": "MacridVAE", "macridvae-k1": "MacridVAE"}
_SOLVED = {"popularity": Popularity, "ease": EASE, "edlae": EDLAE}
_OWN = {"popularity": {}, "ease": {"regularisation": 500.0}, "edlae": {"regularisation": 300.0, "dropout": 0.5},
        "multdae": MULT_DAE, "multvae": MULT_VAE}
_BELOW = {"regularisation": float("inf"), "dropout": 1.0}  # numbers from 0 to less than this


def title(name: str, settings) -> str:
    """What people read for a contender."""
    return f"{TITLES[name]}, K = {settings.kfac}" if isinstance(settings, Settings) else TITLES[name]


def settings_of(name: str, settings: Settings, changes: dict | None = None):
    """The settings of the contender `name`: `settings` for MacridVAE (with K = 1 for macridvae-k1), its own ones with
    `changes` for the others. InputError for an unknown name, setting or value."""
    if name not in TITLES:
        near = difflib.get_close_matches(name, TITLES, 3, 0.5) or TITLES
        raise InputError(f"there is no model {name!r}; did you mean {', '.join(near)}? There are {', '.join(TITLES)}")
    if name == "macridvae-k1":
        settings = replace(settings, kfac=1)
    own = _OWN.get(name, settings)
    allowed = [f.name for f in fields(own) if f.name != "variational"] if is_dataclass(own) else list(own)
    for key in changes or {}:
        if key not in allowed:
            near = difflib.get_close_matches(str(key), allowed, 3, 0.4) or allowed
            remedy = f"did you mean {', '.join(f'{name}.{k}' for k in near)}?" if near else "it has none"
            raise InputError(f"there is no setting {f'{name}.{key}'!r}; {remedy}")
    try:
        return replace(own, **changes or {}) if is_dataclass(own) else _checked(own | (changes or {}))
    except InputError as error:
        raise InputError(f"{name}.{error}") from error


def _checked(values: dict) -> dict:
    for key, value in values.items():
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < _BELOW[key]:
            raise InputError(f"{key} is {value!r}: it must be a number from 0" +
                             (f" to less than {_BELOW[key]:g}" if _BELOW[key] < float("inf") else ""))
    return {key: float(value) for key, value in values.items()}


def plain(settings) -> dict:
    """Settings as JSON values."""
    values = asdict(settings) if is_dataclass(settings) else settings
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


@dataclass(frozen=True)
class Task:
    """A contender to train on a split and to measure on its test people. folder: where its checkpoint is kept; mapped:
    whether a map of its items is made, too."""

    name: str
    settings: Settings | object
    split: Split
    seed: int
    device: str
    folder: Path
    mapped: bool = False


def work(task: Task, report: Callable[[dict], None]) -> dict:
    """Train and measure: {figures, people, training}, see `results`; people holds each ranking figure of every test person,
    and `map`, if one was wished for, what `sweep_maps.lay_out` gives.
    report: gets each epoch's row of the history. Raises FloatingPointError for a training that blows up."""
    memory.reset_peak()
    before = memory.now()
    model, training, _ = trained(task, report)
    training["peak_bytes"] = max(0, memory.peak() - before)
    people = ranking(model, task.split.test, task.split.kind)
    found = {"figures": summary(people) | factor_figures(model, task.split, task.seed), "training": training,
             "people": {metric: values.tolist() for metric, values in people.items()}}
    return found | {"map": sweep_maps.lay_out(model, task.split, task.seed)} if task.mapped else found


def trained(task: Task, report: Callable[[dict], None]) -> tuple[object, dict, list[dict]]:
    """The trained model; {seconds, epochs, best}: the time of its start and of all epochs, before a stop and after; and the
    history, empty for what is solved."""
    started = time.perf_counter()
    if task.name in _SOLVED:
        model = _SOLVED[task.name](task.split.train, **task.settings)
        return model, {"seconds": round(time.perf_counter() - started, 3), "epochs": None, "best": None}, []
    model = untrained(task.split, task.settings, task.seed).to(task.device)
    seconds = time.perf_counter() - started
    history = fit(model, task.split, task.seed, report, task.folder)
    training = {"seconds": round(seconds + sum(row["seconds"] for row in history), 3), "epochs": len(history),
                "best": history[-1]["best"] if history else 0}
    return model, training, history


def untrained(split: Split, settings, seed: int):
    """A model of the kind that the settings are of, at its start."""
    n_items = split.train.shape[1]
    if not isinstance(settings, Settings):
        return Autoencoder(n_items, settings, seed)
    start = None
    if settings.init == "spectral":
        start = spectral_start(split.train, settings.kfac, settings.embedding_size, seed)
    return MacridVAE(n_items, settings, seed, start)


def factor_figures(model, split: Split, seed: int) -> dict:
    """The figures of a model with factors: independence, effective_factors; nmi, ari, purity and macro where items have
    categories; micro, on independent dials, and micro_raw, on the model's own dimensions, where they have attributes."""
    if not isinstance(model, MacridVAE):
        return {}
    people = model.represent(shown(split.kind, split.validation, split.test))  # (n, K, D)
    figures = disentanglement(model, split.items, people)
    vectors, factor = model.item_vectors(), model.factors()  # (M, D), (M,)
    table = attribute_table(split.items)
    axes = choose.choose("ica", vectors, factor, people, model.scale, seed, table).axes  # (K, D, D)
    vectors = unit(vectors)
    turned = np.empty_like(vectors)  # each item on the dials of its own factor
    for k in range(len(axes)):
        turned[factor == k] = vectors[factor == k] @ axes[k]
    known = split.items["category"].to_numpy() != ""
    category = np.where(known, pd.factorize(split.items["category"])[0], -1)
    attributes = table[numeric_columns(split.items)].to_numpy()  # (M, A)
    found = {"macro": known_truth.macro(model.routing(), category, seed),
             "micro": known_truth.micro(turned, factor, attributes, seed),
             "micro_raw": known_truth.micro(vectors, factor, attributes, seed)}
    return figures | {name: value for name, value in found.items() if value}
