"""From a checkpoint that RecBole 1.2.1 saved to a bundle: the same scores, its people divided as RecBole divided them.

RecBole's MacridVAE is ours with `input_norm: user`. Row i of its item tables is the i-th item in the order of
first appearance in the .inter file (row 0 is padding), so that file must be there; its random split is drawn again from the
seed. The second half of its encoder's last layer is the log variance, -b here.
"""

from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix

from macrid import bundle
from macrid.bundle.recommender import Recommender
from macrid.data import interactions
from macrid.data.interactions import Interactions
from macrid.data.reading.find import Finder
from macrid.data.reading.rows import gather
from macrid.data.reading.tree import Tree
from macrid.data.split import HeldOut, Split, to_clicks
from macrid.errors import InputError
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import Settings, make_settings

from . import run_folder, safe_unpickle
from .contents import Trained, Training, finish
from .evaluate import baseline_figures

_FILTERS = {"val_interval": None, "rm_dup_inter": None, "benchmark_filename": None, "user_inter_num_interval": "[0,inf)",
            "item_inter_num_interval": "[0,inf)"}  # and what they are when nothing is filtered
_DEFAULTS = {"seed": 2020, "eval_args": {"split": {"RS": [0.8, 0.1, 0.1]}, "order": "RO", "group_by": "user"}}


def convert(checkpoint: Path, data: Path, out: Path, *, overwrite: bool = False) -> Recommender:
    """Write the bundle `out` from a checkpoint and the atomic files that it was trained on.

    Raises InputError for a file that is no such checkpoint, names what it may not (see `safe_unpickle`), is of another
    model, or does not go with the data.
    """
    run_folder.check_free(out, overwrite)
    saved = safe_unpickle.read(checkpoint)
    config = _config(checkpoint, saved)
    settings = _settings(checkpoint, config)
    source = interactions.read(data)
    users, items = _rows(data)
    known = pd.unique(items)
    clicks = to_clicks(source, -np.inf, 1)
    at = pd.Index(known).get_indexer(clicks.item_ids) + 1  # rows of RecBole's tables
    weights = _weights(checkpoint, settings, saved.get("state_dict"), len(known) + 1, source.name)
    model = _model(settings, weights, at)
    training = Training(_split(clicks, users, items, config), settings, source, config["seed"])
    contents = finish(out, Trained(model, []), training, baseline_figures(training.split))
    imported = {"from": "RecBole", "file": checkpoint.name, "epoch": int(saved.get("epoch", -1)) + 1}
    bundle.save(out, replace(contents, meta=contents.meta | {"imported": imported}))
    return bundle.load(out)


def default_split(data: Path, name: str) -> Split:
    """The split that RecBole 1.2.1 makes of atomic files with nothing but its defaults; the data set is called `name`."""
    return _split(to_clicks(interactions.read(data, name), -np.inf, 1), *_rows(data), _DEFAULTS)


def _config(checkpoint: Path, saved: dict[str, Any]) -> dict[str, Any]:
    """RecBole's settings as plain values."""
    config = getattr(saved.get("config"), "state", None)
    config = config.get("final_config_dict") if isinstance(config, dict) else None
    if not isinstance(config, dict) or "state_dict" not in saved:
        raise InputError(f"{checkpoint} is a file of PyTorch, but not a checkpoint that RecBole saved; give one from its "
                         "folder `saved`")
    if config.get("model") != "MacridVAE":
        raise InputError(f"{checkpoint} holds {config.get('model')!r:.40}, only MacridVAE can be imported")
    filtered = [name for name, nothing in _FILTERS.items() if config.get(name) not in (None, nothing)]
    if filtered:
        raise InputError(f"{checkpoint} was trained with {filtered[0]}: {config[filtered[0]]!r:.60}, and which item is "
                         "which cannot be told from the atomic files alone; train without it")
    if type(config.get("seed")) is not int or config["seed"] < 0:
        raise InputError(f"{checkpoint} has the seed {config.get('seed')!r:.40}, it must be a whole number of at least 0")
    return config


def _settings(checkpoint: Path, config: dict[str, Any]) -> Settings:
    names = {field.name for field in fields(Settings)} - {"init", "input_norm", "similarity", "user_norm"}
    try:
        return make_settings("recbole", {name: config[name] for name in names if config.get(name) is not None})
    except InputError as error:
        raise InputError(f"{checkpoint}: {error}") from error


def _rows(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """The user and item ids of every row of the .inter file, in its order."""
    with Tree(data) as tree:
        fit = Finder(tree).find()
        if fit.layout != "atomic":
            raise InputError(f"--data {data} does not hold RecBole's atomic files; give the folder with the .inter file "
                             "that the model was trained on")
        rows = gather([table.settled() for table in fit.tables], fit.roles(), fit.asked)
    return rows.user_ids[rows.users], rows.item_ids[rows.items]


def _weights(checkpoint: Path, settings: Settings, state: object, rows: int, name: str) -> dict[str, np.ndarray]:
    """The weights of a checkpoint's `state_dict` that the model needs, each of the shape that its settings ask for.

    rows: how many the item tables should have; name: of the data. Raises InputError where one is missing or misshapen.
    """
    weights = state if isinstance(state, dict) else {}
    items = weights.get("item_embedding.weight")
    if isinstance(items, np.ndarray) and items.ndim == 2 and len(items) != rows:
        raise InputError(f"{checkpoint} knows {len(items) - 1} items, the .inter file of {name} has {rows - 1}; give the "
                         "atomic files that it was trained on")
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
    model.load_state_dict({key: torch.as_tensor(np.ascontiguousarray(value, np.float32)) for key, value in state.items()})
    return model.eval()


def _split(clicks: Interactions, users: np.ndarray, items: np.ndarray, config: dict[str, Any]) -> Split:
    """RecBole's own division of the rows, drawn again: all rows shuffled, then each user's rows cut by the ratios."""
    how = config.get("eval_args") or {}
    ratios = (how.get("split") or {}).get("RS")
    if how.get("order") != "RO" or how.get("group_by") != "user" or not isinstance(ratios, list) or len(ratios) != 3:
        raise InputError("the model was trained on another split than RecBole's random one by user (eval_args: "
                         f"{how!r:.80}), which is not imported; train with the default eval_args")
    generator = torch.Generator().manual_seed(config["seed"])
    order = torch.randperm(len(users), generator=generator).numpy()
    row, column = (pd.Index(ids).get_indexer(values[order]) for ids, values in
                   ((clicks.user_ids, users), (clicks.item_ids, items)))
    part = np.empty(len(order), np.int8)
    by_user = np.argsort(row, kind="stable")
    for mine in np.split(by_user, np.flatnonzero(np.diff(row[by_user])) + 1):
        part[mine] = np.repeat(range(3), _counts(len(mine), np.array(ratios) / sum(ratios)))
    train, validation, test = (_binary(row[part == p], column[part == p], clicks.matrix.shape) for p in range(3))

    def held(answers: csr_matrix, seen: csr_matrix) -> HeldOut:
        people = np.diff(answers.indptr) > 0
        if people.sum() < 2:
            raise InputError(f"{clicks.name}: {people.sum()} people have a held-out click, at least 2 are needed")
        return HeldOut(clicks.user_ids[people], train[people], answers[people], seen[people])

    both = _binary(row[part < 2], column[part < 2], clicks.matrix.shape)
    return Split(clicks.name, "recbole", clicks.items, train, held(validation, train), held(test, both), clicks.least)


def _counts(total: int, ratios: np.ndarray) -> list[int]:
    """How many of a user's rows go into each part: rounded down but for the first; a later part that would get nothing gets
    one, the last part first, while the first keeps more than one."""
    counts = [int(ratio * total) for ratio in ratios]
    counts[0] = total - sum(counts[1:])
    for i in (2, 1):
        if counts[0] <= 1:
            break
        if 0 < ratios[i] * total < 1:
            counts[i] += 1
            counts[0] -= 1
    return counts


def _binary(row: np.ndarray, column: np.ndarray, shape: tuple[int, int]) -> csr_matrix:
    matrix = csr_matrix((np.ones(len(row), np.float32), (row, column)), shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix
