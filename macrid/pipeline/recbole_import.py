"""From a checkpoint that RecBole 1.2.1 saved to a bundle: the same scores, its people divided as RecBole divided them.

RecBole's MacridVAE is ours with `input_norm: user`. Which row of its item tables is which item follows from its
configuration and the atomic files (`macrid.data.recbole`; row 0 is padding), so these must be there; its random order is
drawn again from the seed. The second half of its encoder's last layer is the log variance, -b here. That the files are those
of the training is held against two things that the checkpoint says: its score on the validation people, and which items had
no click.
"""

import math
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import torch

from macrid import bundle
from macrid.bundle.recommender import Recommender
from macrid.data.recbole import options, prepare
from macrid.data.recbole.division import divide
from macrid.data.recbole.prepare import Prepared
from macrid.data.split import Split
from macrid.errors import InputError
from macrid.measures import evaluate as measuring
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import Settings, make_settings

from . import run_folder, safe_unpickle
from .contents import Trained, Training, finish
from .evaluate import baseline_figures

NEAR = 1e-4  # scores that differ by less could be ranked the other way by another machine
ROUNDED = 6e-5  # RecBole keeps four digits of its figures


class Imported(NamedTuple):
    """What a checkpoint and its data are here."""

    model: MacridVAE
    split: Split
    rows: Prepared
    seed: int
    epoch: int  # from 1, 0 if it is not told


def convert(checkpoint: Path, data: Path, out: Path, *, overwrite: bool = False) -> Recommender:
    """Write the bundle `out` from a checkpoint and the atomic files that it was trained on. Raises InputError as `read`
    does."""
    run_folder.check_free(out, overwrite)
    model, split, rows, seed, epoch = read(checkpoint, data)
    training = Training(split, model.settings, rows.interactions(), seed)
    contents = finish(out, Trained(model, []), training, baseline_figures(split))
    imported = {"from": "RecBole", "file": checkpoint.name, "epoch": epoch}
    bundle.save(out, replace(contents, meta=contents.meta | {"imported": imported}))
    return bundle.load(out)


def read(checkpoint: Path, data: Path) -> Imported:
    """The model of a checkpoint, and the people and items that it was trained on, divided as they were. Where rows of one
    moment could stand in either order, that with which the checkpoint agrees.

    Raises InputError for a file that is no such checkpoint, names what it may not (see `safe_unpickle`), is of another
    model, was trained with an option that is not redone, or does not go with the data.
    """
    saved = safe_unpickle.read(checkpoint)
    config = _config(checkpoint, saved)
    settings = _settings(checkpoint, config)
    wrong = None
    for sort in get_args(prepare.Sort):
        rows = prepare.prepare(data, options.read(config, str(checkpoint)), sort)
        weights = _weights(checkpoint, settings, saved.get("state_dict"), rows)
        split, model = drawn(rows, config["seed"]), _model(settings, weights, rows.placed().items + 1)
        imported = Imported(model, split, rows, config["seed"], int(saved.get("epoch", -1)) + 1)
        contradiction = _contradiction(checkpoint, saved, config, imported)
        if contradiction is None:
            return imported
        wrong = wrong or contradiction
        if not rows.ties:
            break
    raise wrong or InputError(f"{checkpoint} does not go with {data}; give the files that it was trained on")


def default_split(data: Path, name: str) -> Split:
    """The split that RecBole 1.2.1 makes of atomic files with nothing but its defaults; the data set is called `name`."""
    rows = prepare.prepare(data, options.read({}, str(data)))
    return drawn(replace(rows, name=name), 2020)


def drawn(rows: Prepared, seed: int) -> Split:
    """RecBole's division of the rows, by its own generator."""
    shuffled = torch.randperm(len(rows.users), generator=torch.Generator().manual_seed(seed)).numpy()
    return divide(rows, shuffled)


def _config(checkpoint: Path, saved: dict[str, Any]) -> dict[str, Any]:
    """RecBole's settings as plain values."""
    config = getattr(saved.get("config"), "state", None)
    config = config.get("final_config_dict") if isinstance(config, dict) else None
    if not isinstance(config, dict) or "state_dict" not in saved:
        raise InputError(f"{checkpoint} is a file of PyTorch, but not a checkpoint that RecBole saved; give one from its "
                         "folder `saved`")
    if config.get("model") != "MacridVAE":
        raise InputError(f"{checkpoint} holds {config.get('model')!r:.40}, only MacridVAE can be imported")
    if type(config.get("seed")) is not int or config["seed"] < 0:
        raise InputError(f"{checkpoint} has the seed {config.get('seed')!r:.40}, it must be a whole number of at least 0")
    return config


def _settings(checkpoint: Path, config: dict[str, Any]) -> Settings:
    names = {field.name for field in fields(Settings)} - {"init", "input_norm", "similarity", "user_norm"}
    try:
        return make_settings("recbole", {name: config[name] for name in names if config.get(name) is not None})
    except InputError as error:
        raise InputError(f"{checkpoint}: {error}") from error


def _contradiction(checkpoint: Path, saved: dict[str, Any], config: dict[str, Any],
                   imported: Imported) -> InputError | None:
    """What speaks against these being the rows that a checkpoint was trained on, if anything does."""
    model, split, rows = imported[:3]
    such = "; or RecBole sorted rows of one time otherwise, which cannot be told (rm_dup_inter)" if rows.ties else ""
    remedy = f"give the very files that it was trained on{such}"
    moved = _moved(saved, config)
    if moved is not None:
        idle = np.flatnonzero(moved[rows.placed().items + 1] & (np.asarray(split.train.sum(axis=0)).ravel() == 0))
        if len(idle):
            return InputError(f"{checkpoint} has learned from clicks on the item {split.items['item_id'][idle[0]]}, which "
                              f"has none to train on in {rows.where}; {remedy}")
    theirs, name = safe_unpickle.number(saved.get("best_valid_score")), str(config.get("valid_metric")).lower()
    known = measuring.ranking_names("recbole")[0]
    full = str((config.get("eval_args") or {}).get("mode", "full")) in ("full", "{'valid': 'full', 'test': 'full'}")
    if theirs is None or not math.isfinite(theirs) or name not in known or not full:
        return None
    worst, ours, best = (float(measuring.ranking(model, split.validation, "recbole", nudge)[name].mean())
                         for nudge in (-NEAR, 0.0, NEAR))
    if not worst - ROUNDED <= theirs <= best + ROUNDED:
        return InputError(f"{checkpoint} had {name} {theirs:.4f} on its validation people; with {rows.where} it has "
                          f"{ours:.4f}, so that items or people are not the same; {remedy}")
    return None


def _moved(saved: dict[str, Any], config: dict[str, Any]) -> np.ndarray | None:
    """Which rows of RecBole's item table a click has had an effect on, by Adam's mean of squared gradients of the encoder's
    first layer; None where that does not tell."""
    state = saved.get("optimizer")
    state = state.get("state") if isinstance(state, dict) else None
    first = state.get(0) if isinstance(state, dict) else None
    squares = first.get("exp_avg_sq") if isinstance(first, dict) else None
    decays = config.get("weight_decay") or any(config.get("reg_weights") or ())
    if config.get("learner") != "adam" or decays or not isinstance(squares, np.ndarray) or squares.ndim != 2:
        return None
    return (squares != 0).any(axis=0)


def _weights(checkpoint: Path, settings: Settings, state: object, data: Prepared) -> dict[str, np.ndarray]:
    """The weights of a checkpoint's `state_dict` that the model needs, each of the shape that its settings ask for.

    data: tells how many rows the item tables should have. Raises InputError where a weight is missing or misshapen.
    """
    rows = len(data.item_ids) + 1
    weights = state if isinstance(state, dict) else {}
    items = weights.get("item_embedding.weight")
    if isinstance(items, np.ndarray) and items.ndim == 2 and len(items) != rows:
        raise InputError(f"{checkpoint} knows {len(items) - 1} items, and by its configuration {data.where} has {rows - 1}; "
                         "give the atomic files that it was trained on")
    sizes = (rows, *settings.encoder_hidden_size, 2 * settings.embedding_size)
    wanted: dict[str, tuple[int, ...]] = {"item_embedding.weight": (rows, settings.embedding_size),
                                          "k_embedding.weight": (settings.kfac, settings.embedding_size)}
    for i, (before, after) in enumerate(pairwise(sizes)):
        wanted |= {f"encoder.{2 * i}.weight": (after, before), f"encoder.{2 * i}.bias": (after,)}
    for key, shape in wanted.items():
        value = weights.get(key)
        if not isinstance(value, np.ndarray) or value.shape != shape or not np.isfinite(value).all():
            is_ = value.shape if isinstance(value, np.ndarray) else "missing"
            raise InputError(f"{checkpoint}: {key} should be {shape} finite numbers by its settings, it is {is_}")
    return {key: weights[key] for key in wanted}


def _model(settings: Settings, weights: dict[str, np.ndarray], at: np.ndarray) -> MacridVAE:
    """The model over the items whose rows in RecBole's tables are `at` (M,)."""
    model = MacridVAE(len(at), settings)
    sign = np.repeat([1.0, -1.0], settings.embedding_size)  # RecBole's log variance is -b
    state = {"items": weights["item_embedding.weight"][at], "prototypes": weights["k_embedding.weight"]}
    last = len(settings.encoder_hidden_size)
    for i in range(last + 1):
        weight, bias = weights[f"encoder.{2 * i}.weight"].T, weights[f"encoder.{2 * i}.bias"]
        if i == 0:
            weight = weight[at]
        if i == last:
            weight, bias = weight * sign, bias * sign
        state |= {f"weights.{i}": weight, f"biases.{i}": bias}
    model.load_state_dict({key: torch.as_tensor(np.array(value, np.float32, order="C")) for key, value in state.items()})
    return model.eval()
