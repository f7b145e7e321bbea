"""The recommenders that `compare`, `sweep` and `tune` train, by name: their settings, how each is made and measured."""

import difflib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from macrid.data.attributes import attribute_table, numeric_columns
from macrid.data.split import Split
from macrid.dials import choose
from macrid.errors import InputError
from macrid.measures import known_truth
from macrid.measures.contract import Factored, Scorer
from macrid.measures.evaluate import disentanglement, ranking, summary, unseen
from macrid.measures.vectors import unit
from macrid.model.checks import INFINITY, Number, check_values
from macrid.model.linear import EASE, EDLAE, Popularity
from macrid.model.macridvae import MacridVAE
from macrid.model.multvae import MULT_DAE, MULT_VAE, Autoencoder, AutoencoderSettings
from macrid.model.settings import Settings
from macrid.pipeline.evaluate import shown_people
from macrid.training import start
from macrid.training.fit import fit
from macrid.training.linear_path import add_linear_path

from . import memory, sweep_maps

TITLES = {"popularity": "Popularity", "ease": "EASE", "edlae": "EDLAE", "multdae": "Mult-DAE", "multvae": "Mult-VAE",
          "macridvae": "MacridVAE", "macridvae-k1": "MacridVAE"}
ContenderSettings = Settings | AutoencoderSettings | dict[str, float]  # of what is trained; of what is solved
_SOLVED: dict[str, Callable[..., Scorer]] = {"popularity": Popularity, "ease": EASE, "edlae": EDLAE}
_OWN: dict[str, ContenderSettings] = {
    "popularity": {}, "ease": {"regularisation": 500.0}, "edlae": {"regularisation": 300.0, "dropout": 0.5},
    "multdae": MULT_DAE, "multvae": MULT_VAE}
_RULES = {"regularisation": Number(0, INFINITY), "dropout": Number(0, 1, less=True)}  # of the settings of what is solved


def title(name: str, settings: ContenderSettings) -> str:
    """What people read for a contender."""
    return f"{TITLES[name]}, K = {settings.kfac}" if isinstance(settings, Settings) else TITLES[name]


def settings_of(name: str, settings: Settings, changes: Mapping[str, Any] | None = None) -> ContenderSettings:
    """The settings of the contender `name`: `settings` for MacridVAE (with K = 1 for macridvae-k1), its own ones with
    `changes` for the others. InputError for an unknown name, setting or value."""
    if name not in TITLES:
        near = difflib.get_close_matches(name, TITLES, 3, 0.5) or TITLES
        raise InputError(f"there is no model {name!r}; did you mean {', '.join(near)}? There are {', '.join(TITLES)}")
    if name == "macridvae-k1":
        settings = replace(settings, kfac=1)
    own, changes = _OWN.get(name, settings), dict(changes or {})
    if isinstance(own, dict):
        _check_known(name, changes, list(own))
    else:
        _check_known(name, changes, [field.name for field in fields(own) if field.name != "variational"])
    try:
        return check_values(own | changes, _RULES) if isinstance(own, dict) else replace(own, **changes)
    except InputError as error:
        raise InputError(f"{name}.{error}") from error


def _check_known(name: str, changes: Mapping[str, Any], allowed: Sequence[str]) -> None:
    """InputError for a change of a setting that the contender does not have."""
    for key in changes:
        if key not in allowed:
            near = difflib.get_close_matches(str(key), allowed, 3, 0.4) or allowed
            remedy = f"did you mean {', '.join(f'{name}.{k}' for k in near)}?" if near else "it has none"
            raise InputError(f"there is no setting {f'{name}.{key}'!r}; {remedy}")


def plain(settings: ContenderSettings) -> dict[str, Any]:
    """Settings as JSON values."""
    values = settings if isinstance(settings, dict) else asdict(settings)
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


@dataclass(frozen=True)
class Task:
    """A contender to train on a split and to measure on its test people. folder: where its checkpoint is kept; mapped:
    whether a map of its items is made, too."""

    name: str
    settings: ContenderSettings
    split: Split
    seed: int
    device: str
    folder: Path
    mapped: bool = False


class Finished(NamedTuple):
    """A contender after its training. training: {seconds, epochs, best}: the time of its start and of all epochs, before a
    stop and after; history: a row an epoch, none for what is solved."""

    model: Scorer
    training: dict[str, Any]
    history: list[dict]


def work(task: Task, report: Callable[[dict], None]) -> dict[str, Any]:
    """Train and measure: {figures, people, training}, see `results.file`; people holds each ranking figure of every test
    person, and `map`, if one was asked for, what `sweep_maps.lay_out` gives.
    report: gets each epoch's row of the history. Raises FloatingPointError for a training that blows up."""
    memory.reset_peak()
    before = memory.now()
    model, training, _ = trained(task, report)
    training["peak_bytes"] = max(0, memory.peak() - before)
    people = ranking(model, task.split.test, task.split.kind)
    record = {"figures": summary(people) | factor_figures(model, task.split, task.seed), "training": training,
              "people": {metric: values.tolist() for metric, values in people.items()}}
    if task.mapped and isinstance(model, MacridVAE):
        record["map"] = sweep_maps.lay_out(model, task.split, task.seed)
    return record


def trained(task: Task, report: Callable[[dict], None]) -> Finished:
    """The contender, trained; report: gets each epoch's row of the history."""
    started = time.perf_counter()
    if isinstance(task.settings, dict):
        solved = _SOLVED[task.name](task.split.train, **task.settings)
        return Finished(solved, {"seconds": round(time.perf_counter() - started, 3), "epochs": None, "best": None}, [])
    model = untrained(task.split, task.settings, task.seed).to(task.device)
    seconds = time.perf_counter() - started
    history = fit(model, task.split, task.seed, report, task.folder)
    started = time.perf_counter()
    if isinstance(model, MacridVAE):
        add_linear_path(model, task.split)
    seconds += time.perf_counter() - started
    training = {"seconds": round(seconds + sum(row["seconds"] for row in history), 3), "epochs": len(history),
                "best": history[-1]["best"] if history else 0}
    return Finished(model, training, history)


def untrained(split: Split, settings: Settings | AutoencoderSettings, seed: int) -> MacridVAE | Autoencoder:
    """A model of the kind that the settings are of, at its start."""
    if isinstance(settings, Settings):
        return start.untrained(split.train, settings, seed)
    return Autoencoder(split.train.shape[1], settings, seed)


def factor_figures(model: Scorer, split: Split, seed: int) -> dict[str, Any]:
    """The figures of a model with factors: independence, effective_factors, certainty, coherence (with `strong`); nmi, ari,
    purity and macro where items have categories; micro, on independent dials, and micro_raw, on the model's own dimensions,
    where they have attributes."""
    if not isinstance(model, Factored):
        return {}
    people = shown_people(split.kind, split.validation, split.test)
    parts = model.represent(people.clicks)  # (n, K, D)
    figures: dict[str, Any] = dict(disentanglement(model, split.items, parts, unseen(split.test, split.kind)))
    vectors, factor = model.item_vectors(), model.factors()  # (M, D), (M,)
    table = attribute_table(split.items)
    axes = choose.choose("ica", choose.Scored(vectors, factor, parts, model.scale), seed, table).axes  # (K, D, D)
    vectors = unit(vectors)
    turned = np.empty_like(vectors)  # each item on the dials of its own factor
    for k in range(len(axes)):
        turned[factor == k] = vectors[factor == k] @ axes[k]
    known = split.items["category"].to_numpy() != ""
    category = np.where(known, pd.factorize(split.items["category"])[0], -1)
    attributes = table[numeric_columns(split.items)].to_numpy()  # (M, A)
    against_truth = {"macro": known_truth.macro(model.routing(), category, seed),
                     "micro": known_truth.micro(turned, factor, attributes, seed),
                     "micro_raw": known_truth.micro(vectors, factor, attributes, seed)}
    return figures | {name: value for name, value in against_truth.items() if value}
