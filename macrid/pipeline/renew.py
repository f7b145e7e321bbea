"""A bundle's model over newer data: known items keep what they have, new ones are placed, those that are gone leave.

Letters: M items of the new data, N of them new, D dimensions, K factors, H hidden units.
"""

import copy
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix

from macrid.bundle.recommender import Recommender
from macrid.data.intention_file import Intentions
from macrid.data.split import Split
from macrid.dials import choose
from macrid.errors import InputError, InputWarning
from macrid.measures import evaluate as measuring
from macrid.measures.vectors import unit
from macrid.model.linear_path import LinearPath
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import Settings, make_settings, settings_dict
from macrid.training.spectral_start import Start
from macrid.training.start import untrained

NEIGHBOURS = 20  # items that people clicked together with a new one: it begins among them
FEWEST_KNOWN = 20  # held-out people of the bundle, to validate and to test each, to hold out the same again
# What may be another than in the bundle; all else decides what its numbers mean.
CHANGEABLE = ("dropout_prob", "anneal_cap", "total_anneal_steps", "person_power", "reg_weights", "learning_rate",
              "weight_averaging", "train_batch_size", "epochs", "stopping_step", "linear_weight", "popularity_power",
              "sampled_items", "routing_mass", "precision")
EXAMPLES = 5


@dataclass(frozen=True, eq=False)
class Renewed:
    """What a training goes on from. `model` is over the new items, and changes as it is trained; `state` is what it was."""

    source: Recommender
    model: MacridVAE
    at: np.ndarray  # (M,): where each item stands in the source, -1 if it is new
    state: dict[str, torch.Tensor]
    before: dict[str, float]  # figures on the test people before training, with the source's linear path
    validation: float  # NDCG@100 on the validation people before training, without it

    @property
    def kept(self) -> np.ndarray:
        """Which items the source had (M,), a mask."""
        return self.at >= 0

    def keep_the_better(self, history: list[dict]) -> bool:
        """Whether training has made the model better on the validation people; if not, it is again what it was."""
        better = bool(history) and max(row["ndcg@100"] for row in history) > self.validation
        if not better:
            self.model.load_state_dict(self.state)
        return better

    @property
    def names(self) -> list[str | None]:
        """What the factors are called."""
        return [factor.name for factor in self.source.factors]

    @property
    def named(self) -> dict[str, Any]:
        """What bundle.json says of names that somebody gave to dials."""
        return {"named": self.source.meta["named"]} if "named" in self.source.meta else {}

    @property
    def dials(self) -> choose.Dials:
        """The dials as they were."""
        source = self.source
        return choose.Dials(source.meta["axes"], source.axes, source.influence, source.meta.get("aligned"))

    def intentions(self, items: pd.DataFrame) -> Intentions | None:
        """What somebody has told of the items that are left."""
        told, left = self.source.intentions, set(items["item_id"])
        return told and Intentions(told.names, {item: name for item, name in told.items.items() if item in left})

    def labels(self, items: pd.DataFrame) -> pd.DataFrame | None:
        """What the source's dials were learned from, of the items that are left."""
        return None if self.source.labels is None else self.source.labels.loc[
            self.source.labels.index.isin(items["item_id"])]

    def moved(self, items: pd.DataFrame, split: Split, better: bool) -> dict[str, Any]:
        """What has become of items and factors, as JSON values. items: the table with clicks."""
        model, source, kept = self.model, self.source, self.kept
        vectors, factor = unit(model.item_vectors()), model.factors()
        cosine = (vectors[kept] * unit(source.vectors[self.at[kept]])).sum(axis=1).clip(-1, 1)
        turned = np.degrees(np.arccos(cosine))
        clicks, ids = items["clicks"].to_numpy(), items["item_id"].to_numpy(object)
        other = np.flatnonzero(kept)[factor[kept] != source.factor[self.at[kept]]]
        new = np.flatnonzero(~kept)
        gone = np.setdiff1d(np.arange(len(source.items)), self.at)

        def first(positions: np.ndarray) -> np.ndarray:
            return positions[np.argsort(-clicks[positions], kind="stable")][:EXAMPLES]

        near = {i: int(np.where(kept, vectors @ vectors[i], -2).argmax()) for i in first(new)}
        return {
            "from": source.name, "trained": better, "before": self.before,
            "items": {"kept": int(kept.sum()), "new": len(new), "gone": len(gone)},
            "new_items": [{"item_id": ids[i], "factor": int(factor[i]), "near": ids[j]} for i, j in near.items()],
            "gone_items": source.items["item_id"].iloc[gone[:EXAMPLES]].tolist(),
            "degrees": {"median": round(float(np.median(turned)), 2), "most": round(float(turned.max()), 2)},
            "other_factor": {"number": len(other), "items": [
                {"item_id": ids[i], "before": int(source.factor[self.at[i]]), "now": int(factor[i])} for i in first(other)]},
        }


def settings_of(source: Recommender, changes: Mapping[str, Any]) -> Settings:
    """The settings of a training that goes on from a bundle: its own with the KL term at full weight from the first step,
    and `changes`. Raises InputError for a change of what decides what the bundle's numbers mean."""
    known = {field.name for field in fields(Settings)}
    fixed = [name for name in changes if name in known and name not in CHANGEABLE]
    if fixed:
        had = settings_dict(source.settings)[fixed[0]]
        raise InputError(f"{fixed[0]} is that of {source.name}, {had!r}, and its weights go with it; leave it out, or train "
                         f"anew without --from (what may change: {', '.join(CHANGEABLE)})")
    return make_settings(None, settings_dict(source.settings) | {"total_anneal_steps": 0} | dict(changes))


def known_people(source: Recommender, user_ids: np.ndarray) -> tuple[list[str], list[str]] | None:
    """Whom to hold out among some people: those whom the bundle held out, to validate and to test; None where too few of
    them are there, with a warning."""
    there = set(map(str, user_ids))
    held = [[str(u) for u in source.held_out(which).user_ids if str(u) in there] for which in ("validation", "test")]
    if source.meta["data"]["split"] == "strong" and min(map(len, held)) >= FEWEST_KNOWN:
        return held[0], held[1]
    warnings.warn(f"{len(held[0])} and {len(held[1])} of the people whom {source.name} held out are in these data, at least "
                  f"{FEWEST_KNOWN} each are needed to hold out the same: others are, and if it was trained on them, the "
                  "figures flatter it", InputWarning, stacklevel=2)
    return None


def renewed(source: Recommender, split: Split, settings: Settings, seed: int) -> Renewed:
    """The model of a bundle over the items of a split. Raises InputError where they share no item."""
    at = source.item_ids.get_indexer(pd.Index(split.items["item_id"], dtype=object))
    if (at >= 0).sum() < 2:
        raise InputError(f"{split.name} shares {(at >= 0).sum()} items with {source.path}; give data of the same items, or "
                         "train anew without --from")
    among = _neighbours(split, at, source)  # (N, M of the source)
    old = {name: tensor.detach().cpu().numpy() for name, tensor in source.model.state_dict().items()}
    vectors, lengths = _placed(old["items"], at, among), np.linalg.norm(old["items"], axis=1)
    short = np.linalg.norm(vectors[at < 0], axis=1)  # a mean of directions is shorter than they are
    vectors[at < 0] *= ((among @ lengths) / np.maximum(short, 1e-12))[:, None]
    shares = _placed(np.exp(source.log_c), at, among)  # (M, K)
    near = np.log(np.maximum(shares, 1e-30)) * settings.routing_tau  # of which the model makes shares again
    model = untrained(split.train, settings, seed, None, Start(vectors, old["prototypes"], near))
    weights = {name: torch.as_tensor(value) for name, value in old.items() if name not in ("items", "held_log_c")}
    weights["weights.0"] = torch.as_tensor(_placed(old["weights.0"], at, among))
    model.load_state_dict({**model.state_dict(), **weights})
    model.eval()
    validation = float(measuring.validation_ndcg(model, split.validation).mean())
    state = copy.deepcopy(model.state_dict())
    model.linear = _linear(source, at)
    before = measuring.summary(measuring.ranking(model, split.test, split.kind))
    model.linear = None
    return Renewed(source, model, at, state, before, validation)


def _neighbours(split: Split, at: np.ndarray, source: Recommender) -> csr_matrix:
    """How much each of the source's items is in each new one (N, M of the source), rows add up to 1: by how many people
    clicked both, popular ones counting less; else those of its category; else all alike."""
    train, new, kept = split.train.tocsc(), np.flatnonzero(at < 0), np.flatnonzero(at >= 0)
    both = (train[:, new].T @ train[:, kept]).tocsr()  # (N, kept)
    popular = np.maximum(np.asarray(train[:, kept].sum(axis=0)).ravel(), 1) ** -0.5
    categories = split.items["category"].to_numpy(object)
    rows, columns, values = [], [], []
    for row, item in enumerate(new):
        mine = slice(both.indptr[row], both.indptr[row + 1])
        where, how = both.indices[mine], both.data[mine] * popular[both.indices[mine]]
        if not len(where):
            same = (categories[kept] == categories[item]) & (categories[item] != "")
            where = np.flatnonzero(same) if same.any() else np.arange(len(kept))
            how = np.ones(len(where))
        best = np.argsort(-how, kind="stable")[: NEIGHBOURS if mine.stop > mine.start else None]
        rows += [row] * len(best)
        columns += at[kept[where[best]]].tolist()
        values += (how[best] / how[best].sum()).tolist()
    return csr_matrix((np.array(values, np.float32), (rows, columns)), (len(new), len(source.items)))


def _placed(table: np.ndarray, at: np.ndarray, among: csr_matrix) -> np.ndarray:
    """The rows (M, ...) of a table of the source's items: those of known items, and for new ones the mean of their
    neighbours'."""
    rows = table[np.maximum(at, 0)].copy()
    rows[at < 0] = among @ table
    return rows


def _linear(source: Recommender, at: np.ndarray) -> LinearPath | None:
    """The source's linear path over the new items, which it says nothing of."""
    path, kept = source.model.linear, np.flatnonzero(at >= 0)
    if path is None:
        return None
    old = path.weights[at[kept]][:, at[kept]].tocoo()
    weights = csr_matrix((old.data, (kept[old.row], kept[old.col])), (len(at), len(at)))
    bias = np.full(len(at), np.median(path.bias), np.float32)
    bias[kept] = path.bias[at[kept]]
    return replace(path, weights=weights, bias=bias)


def lines(moved: Mapping[str, Any], names: list[str], titles: Mapping[str, str], metrics: Mapping[str, float]) -> list[str]:
    """What `Renewed.moved` found, in words. names: of the factors; titles: by item id; metrics: after the training."""
    items, dots = moved["items"], " ..." if moved["items"]["gone"] > EXAMPLES else ""
    gone = f" ({', '.join(moved['gone_items'])}{dots})" if items["gone"] else ""
    told = [f"{items['kept']:,} items kept, {items['new']:,} new, {items['gone']:,} gone{gone}"]
    told += [f"new: {titles[row['item_id']]} is placed in {names[row['factor']]}, nearest to {titles[row['near']]}"
             for row in moved["new_items"]]
    other, turned = moved["other_factor"], moved["degrees"]
    such = [f"{titles[row['item_id']]} from {names[row['before']]} to {names[row['now']]}" for row in other["items"]]
    told.append(f"{other['number']:,} items have another factor" + (f": {'; '.join(such)}" if such else ""))
    told.append(f"item vectors turned by {turned['median']:g} degrees in the median, {turned['most']:g} at most"
                if moved["trained"] else "no training has made it better on the validation people: its weights are kept")
    ranked = [f"{name} {value:.4f} to {metrics[name]:.4f}" for name, value in moved["before"].items()
              if name in metrics and not name.endswith("_se")]
    return [*told, f"on the test people, before and after: {', '.join(ranked)}"]
