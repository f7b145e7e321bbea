"""The experiment on collapse: the same model trained with cosine similarity and with dot products, from the same start, with
some seeds. Does a dot product lose factors, as the paper says, and which one? `results.collapse` has the form of the file.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from macrid.data.split import Split
from macrid.measures.factors import agreement
from macrid.model.settings import Settings, settings_dict
from macrid.results.collapse import VARIANTS
from macrid.training.course import Course
from macrid.training.fit import Trainer
from macrid.training.start import untrained

COURSE = ("epoch", "ndcg@100", "effective_factors", "largest_share", "prototype_min", "prototype_mean",
          "prototype_max")  # of an epoch's row
DIGITS = 5


def outline(split: Split, settings: Settings, changes: Mapping[str, Any]) -> dict[str, Any]:
    """An experiment without trainings. changes: those of its settings that make it one of its own."""
    return {"data": split.name, "people": int(split.train.shape[0]), "items": int(split.train.shape[1]),
            "clicks": int(split.train.nnz), "kfac": settings.kfac, "settings": settings_dict(settings),
            "changes": dict(changes), "trainings": []}


def training(split: Split, settings: Settings, key: Mapping[str, Any], every: int = 5,
             on_epoch: Callable[[dict], None] = lambda row: None) -> dict[str, Any]:
    """Train one of an experiment for `settings.epochs`, without early stopping, and return it: its key {variant, init, seed}
    and its `course`, a row for the first epochs and for each that `every` divides.

    Two with one seed begin with the same weights and see the same people in the same order. A row has the figures of
    `training.course`, `ndcg@100` on the validation people, `item_mean` and `item_max`, the lengths of item vectors, and,
    where items have categories, `nmi` over those that do. on_epoch: called with every epoch's row.
    """
    same = replace(settings, **VARIANTS[key["variant"]], init=key["init"], stopping_step=max(1, settings.epochs))
    model, course = untrained(split.train, same, key["seed"]), Course()
    trainer = Trainer(model, split.train, key["seed"], course=course)
    category = split.items["category"]
    known = np.flatnonzero(category != "")
    codes = pd.factorize(category.iloc[known])[0]
    rows = []
    while not trainer.is_over:
        row = trainer.epoch(split.validation)
        epoch = row["epoch"]
        length = np.linalg.norm(model.items.detach().numpy(), axis=1)
        kept = {name: value for name, value in row.items() if name in COURSE}
        kept |= {"item_mean": float(length.mean()), "item_max": float(length.max())}
        if len(known):
            kept["nmi"] = agreement(course.factors[epoch][known], codes)["nmi"]
        kept = {name: round(value, DIGITS) for name, value in kept.items()}
        on_epoch(kept)
        if epoch <= 2 or epoch % every == 0 or epoch == settings.epochs:
            rows.append(kept)
    return {**key, "course": rows}

