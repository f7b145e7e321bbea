"""The figures of a bundle on its own held-out people or on others, beside those of baselines."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

from macrid.bundle.recommender import Recommender
from macrid.data.attributes import numeric_columns
from macrid.data.interactions import Interactions
from macrid.data.split import HeldOut, Split, fold_in, to_clicks
from macrid.dials import sweep_quality
from macrid.errors import InputError
from macrid.measures import evaluate as measuring
from macrid.model.linear import EASE, Popularity
from macrid.model.macridvae import MacridVAE

EASE_ITEMS = 20_000  # above, EASE's M x M matrix is too large to be a quick comparison


def baseline_figures(split: Split) -> dict[str, dict[str, float]]:
    """The ranking figures of the baselines on the test people."""
    models = {"popularity": Popularity(split.train)}
    if split.train.shape[1] <= EASE_ITEMS:
        models["ease"] = EASE(split.train)
    found = {}
    for name, model in models.items():
        found[name] = measuring.summary(measuring.ranking(model, split.test, split.kind))
    return found


def evaluate(trained: Recommender, data: Interactions | None = None) -> dict:
    """The figures of a bundle on its own test people, or on the people of other data over the same items: those of
    `measuring.evaluate`, and `steering` where items have attributes."""
    model, items = trained.model, trained.items
    if data is not None:
        held = _other_people(trained, data)
        figures = measuring.evaluate(model, held, items)
    else:
        held, kind = trained.held_out("test"), trained.meta["data"]["split"]
        figures = measuring.evaluate(model, held, items, kind, shown_parts(trained))
    return figures | steering_figures(model, held, items, trained.axes, trained.aligned_dials, trained.meta["seed"])


def shown_parts(trained: Recommender) -> np.ndarray:
    """The user vectors (n, K, D) of a bundle's held-out people: those that independence and dials are measured over."""
    return trained.model.represent(_shown_of(trained))


def steering_figures(model: MacridVAE, held: HeldOut, items: pd.DataFrame, axes: np.ndarray,
                     aligned_dials: dict[tuple[int, int], dict], seed: int) -> dict[str, dict]:
    """{"steering": {"monotonicity", "leakage", "dials"}} over the numeric columns of the items table, each on the dial that
    bears it (`Recommender.aligned_dials`) or follows it most; {} where there are none."""
    columns = numeric_columns(items)
    bearing = {(k, columns.index(row["attribute"])): j for (k, j), row in aligned_dials.items()
               if row["attribute"] in columns}
    attributes = items[columns].to_numpy(np.float64, na_value=np.nan)  # (M, A)
    found = sweep_quality.figures(model.item_vectors(), model.factors(), axes, attributes,
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
