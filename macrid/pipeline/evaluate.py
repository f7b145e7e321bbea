"""The figures of a bundle on its own held-out people or on others, beside those of baselines."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

from macrid.bundle.recommender import Recommender
from macrid.data.attributes import numeric_columns
from macrid.data.interactions import Interactions
from macrid.data.split import HeldOut, Split, fold_in, to_clicks
from macrid.dials import sweep_quality
from macrid.dials.choose import Scored
from macrid.errors import InputError
from macrid.measures import evaluate as measuring
from macrid.measures.contract import Scorer
from macrid.model.linear import EASE, Popularity
from macrid.model.macridvae import MacridVAE
from macrid.training.linear_path import MOST_DENSE


def baseline_figures(split: Split) -> dict[str, dict[str, float]]:
    """The ranking figures of the baselines on the test people; EASE's of at most MOST_DENSE items, as of more it would take
    longer than all else of a training."""
    models: dict[str, Scorer] = {"popularity": Popularity(split.train)}
    if split.train.shape[1] <= MOST_DENSE:
        models["ease"] = EASE(split.train)
    return {name: measuring.summary(measuring.ranking(model, split.test, split.kind)) for name, model in models.items()}


def evaluate(trained: Recommender, data: Interactions | None = None) -> dict[str, Any]:
    """The figures of a bundle on its own test people, or on the people of other data over the same items: those of
    `measuring.evaluate`, and `steering` where items have attributes."""
    model, items = trained.model, trained.items
    if data is not None:
        held = other_people(trained, data)
        figures = measuring.evaluate(model, held, items)
    else:
        held, kind = trained.held_out("test"), trained.meta["data"]["split"]
        figures = measuring.evaluate(model, held, items, kind, shown_parts(trained))
    return figures | steering_figures(model, held, items, trained.axes, trained.aligned_dials, trained.meta["seed"])


def shown_parts(trained: Recommender) -> np.ndarray:
    """The user vectors (n, K, D) of a bundle's held-out people: those that independence and dials are measured over."""
    return trained.model.represent(shown_people_of(trained).clicks)


def steering_figures(model: MacridVAE, held: HeldOut, items: pd.DataFrame, axes: np.ndarray,
                     aligned_dials: dict[tuple[int, int], dict], seed: int) -> dict[str, dict]:
    """{"steering": {"monotonicity", "leakage", "dials"}} over the numeric columns of the items table, each on the dial that
    bears it (`Recommender.aligned_dials`) or follows it most; {} where there are none."""
    columns = numeric_columns(items)
    bearing = {(k, columns.index(row["attribute"])): j for (k, j), row in aligned_dials.items()
               if row["attribute"] in columns}
    attributes = items[columns].to_numpy(np.float64, na_value=np.nan)  # (M, A)
    scored = Scored(model.item_vectors(), model.factors(), model.represent(held.fold_in), model.scale, model.linear)
    steering = sweep_quality.figures(scored, axes, attributes, held.fold_in, bearing, seed)
    return {"steering": steering} if steering else {}


class ShownPeople(NamedTuple):
    """The people over whom independence is measured: all held-out people, each once."""

    ids: np.ndarray  # (n,)
    clicks: csr_matrix  # (n, M): what their user vectors are made from


def shown_people(kind: str, validation: HeldOut, test: HeldOut) -> ShownPeople:
    """Those of a split of this kind; of `recbole`'s, those who are tested: all that it holds out are the same."""
    if kind != "strong":
        return ShownPeople(test.user_ids, test.fold_in)
    return ShownPeople(np.concatenate([validation.user_ids, test.user_ids]),
                       vstack([validation.fold_in, test.fold_in], format="csr"))


def shown_people_of(trained: Recommender) -> ShownPeople:
    """Those of a bundle."""
    return shown_people(trained.meta["data"]["split"], trained.held_out("validation"), trained.held_out("test"))


def counted(trained: Recommender, data: Interactions, min_clicks: int | None = None) -> Interactions:
    """What counts as a click in other data by the rule of the bundle's training, or with another number of clicks that
    people must have."""
    least = trained.meta["data"].get("least")
    if least is None:  # older bundles do not say
        return to_clicks(data, None, min_clicks)
    rating = -np.inf if least["rating"] is None else least["rating"]
    return to_clicks(data, rating, least["clicks"] if min_clicks is None else min_clicks)


def other_people(trained: Recommender, data: Interactions) -> HeldOut:
    """The people of other data over the same items, counted by the rule of the bundle's training, each with some of their
    clicks to show. Raises InputError where the data share no item with the bundle."""
    matrix, user_ids = known_clicks(trained, data)
    rng = np.random.default_rng(trained.meta["seed"])
    return fold_in(matrix, user_ids, np.arange(matrix.shape[0]), rng, data.name)


def known_clicks(trained: Recommender, data: Interactions, min_clicks: int | None = None) -> tuple[csr_matrix, np.ndarray]:
    """What the people of other data clicked of a bundle's items, binary (P, M), by the rule of the bundle's training, or
    with another number of clicks that people must have; and their ids (P,). InputError where they share no item."""
    clicks = counted(trained, data, min_clicks)
    at = pd.Index(clicks.item_ids.astype(str)).get_indexer(trained.items["item_id"])
    if not (at >= 0).any():
        raise InputError(f"{data.name} shares no item_id with {trained.path}; give data over the same items")
    matrix = csr_matrix(clicks.matrix.tocsc()[:, np.maximum(at, 0)].multiply(at >= 0))
    matrix.eliminate_zeros()
    return matrix, clicks.user_ids
