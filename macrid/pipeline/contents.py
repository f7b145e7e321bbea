"""What goes into the bundle of a trained model: its dials, its figures, its maps, and a record of how it came about."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from macrid import bundle
from macrid.data.attributes import attribute_table
from macrid.data.intention_file import Intentions
from macrid.data.interactions import Interactions
from macrid.data.split import Split
from macrid.dials import choose, moves
from macrid.dials.given_names import names_of_factors
from macrid.dials.wishes import Attributes
from macrid.errors import InputError, InputWarning
from macrid.measures import evaluate as measuring
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import AUTO, Settings
from macrid.training.workers import ALONE, Workers

from . import maps
from .evaluate import shown_people, steering_figures
from .provenance import fingerprint, versions
from .renew import Renewed


@dataclass(frozen=True)
class Training:
    """What a bundle is made from."""

    split: Split
    settings: Settings
    source: Interactions  # what was divided
    seed: int = 0
    labels: pd.DataFrame | None = None  # what `label_file.of_items` gives: dials are learned from them
    twin: str | None = None  # whether a twin is trained, too, and which: a name of `results.collapse.VARIANTS`
    device: str = "cpu"
    kfac_auto: dict[str, Any] | None = None  # how K was chosen, if it was: what `choose_kfac.settle` gives
    intentions: Intentions | None = None  # what somebody has told of the items, with settings from `intended`
    workers: Workers = ALONE  # that train together
    renewed: Renewed | None = None  # the bundle that it goes on from, if it does

    @property
    def item_labels(self) -> pd.DataFrame | None:
        """The labels of the M items in their order, NaN where there is none."""
        return None if self.labels is None else self.labels.reindex(self.split.items["item_id"])

    @property
    def known(self) -> np.ndarray | None:
        """The factor of each item (M,), -1 where nobody has told it."""
        return None if self.intentions is None else self.intentions.known(self.split.items["item_id"])


@dataclass(frozen=True)
class Trained:
    """What came of a training: the model, its history (a row an epoch), the name of the twin's bundle, if it has one, and
    each item's factor (M,) after some epochs, if that was noted; and whether a training that went on from a bundle made its
    model better."""

    model: MacridVAE
    history: list[dict]
    twin: str | None = None
    course: dict[int, np.ndarray] | None = None
    better: bool = True


def finish(out: Path, trained: Trained, training: Training, baselines: Mapping[str, dict[str, float]],
           beside: pd.DataFrame | None = None) -> bundle.Contents:
    """Everything that goes into the bundle `out` of one trained model.

    baselines: what `baseline_figures` gives. beside: the maps of the model that it is compared with. Where no dial can be
    learned from the labels, the dials are those of `ica`, with a warning.
    """
    model, split, labels = trained.model.eval(), training.split, training.item_labels
    people = shown_people(split.kind, split.validation, split.test)
    parts = model.represent(people.clicks)  # (n, K, D)
    scored = choose.Scored(model.item_vectors(), model.factors(), parts, model.scale, model.linear)
    renewed = training.renewed
    dials = renewed.dials if renewed else _dials(out, scored, training)
    items = split.items.copy()
    items["clicks"] = np.asarray(split.train.sum(axis=0)).ravel().astype(np.int32)
    meta = {
        "name": out.name, "seed": training.seed, "twin": trained.twin, "axes": dials.method, "data": _data(training),
        "metrics": (measuring.evaluate(model, split.test, split.items, split.kind, parts)
                    | steering_figures(model, split.test, split.items, dials.axes, dials.aligned_dials, training.seed)),
        "baselines": baselines, "training": _record(trained), "versions": versions(),
    }
    if training.kfac_auto:
        meta["kfac_auto"] = training.kfac_auto
    if dials.aligned:
        meta["aligned"] = dials.aligned
    if training.intentions:
        meta["intentions"] = given_names(training.intentions, model.factors(), model.settings.kfac, items)
    learned_from = labels.dropna(how="all") if labels is not None and dials.aligned else None
    if renewed:
        meta |= {"intentions": renewed.names, "renewed": renewed.moved(items, split, trained.better), **renewed.named}
        learned_from = renewed.labels(items)
    laid_out = maps.lay_out(model, items, people, training.seed, beside)
    moved = moves.measure(scored, dials.axes, people.clicks, Attributes(items))
    return bundle.Contents(meta, model, items, laid_out, dials.axes, dials.influence, _users(split), trained.history,
                           learned_from, _course(trained), renewed.intentions(items) if renewed else training.intentions,
                           moved)


def intended(settings: Settings, intentions: Intentions, changes: Mapping[str, Any]) -> Settings:
    """The settings of a training whose factors begin at intentions and are held there. changes: what somebody has changed in
    the preset. There are as many factors as names, unless that says how many; of `kfac: auto`, which the settings have by
    now, at least as many. Raises InputError if somebody has said too few."""
    names, said = len(intentions.names), changes.get("kfac")
    if said is None or said == AUTO:
        return replace(settings, routing="held", kfac=names if said is None else max(names, settings.kfac))
    if settings.kfac < names:
        raise InputError(f"kfac is {settings.kfac}, and {names} intentions are named ({', '.join(intentions.names[:9])}); "
                         "name fewer, or set kfac higher")
    return replace(settings, routing="held")


def given_names(intentions: Intentions, factor: np.ndarray, kfac: int, items: pd.DataFrame) -> list[str | None]:
    """The given name of each factor, with a warning for a name that no factor is found for. factor: of each item (M,)."""
    given = names_of_factors(intentions.with_items, intentions.to_be_found, factor, kfac, items)
    lost = [name for name in intentions.names if name not in given]
    if lost:
        warnings.warn(f"nothing tells which of the factors found is {' or '.join(lost)}; give each an item or two",
                      InputWarning, stacklevel=3)
    return given


def _dials(out: Path, scored: choose.Scored, training: Training) -> choose.Dials:
    labels = training.item_labels
    dials = choose.choose("ica" if labels is None else "labels", scored, training.seed,
                          attribute_table(training.split.items), labels)
    row = dials.all_refused
    if not row:
        return dials
    warnings.warn(f"{out}: no dial is named, as no attribute can be learned from the labels: {row['attribute']} is "
                  f"refused in factor {row['factor']}, as {row['reason']}", InputWarning, stacklevel=2)
    return replace(dials, method="ica", aligned=None)


def _data(training: Training) -> dict[str, Any]:
    """What bundle.json says of the data."""
    split, source = training.split, training.source
    people, items = split.train.shape
    said = {} if split.statement is None else {"counted": split.statement.as_json()}
    return said | {"name": split.name, "split": split.kind, "people": int(people), "items": int(items),
            "clicks": int(split.train.nnz), "held_out": len(split.test.user_ids), "fingerprint": fingerprint(split),
            "least": _least(split),
            "read": {"people": source.n_users, "items": source.n_items, "interactions": source.n_interactions}}


def _least(split: Split) -> dict[str, float | int | None] | None:
    """What ratings and people had to have to count, as JSON values; a rating of None: any."""
    if split.least is None:
        return None
    rating, clicks = split.least
    return {"rating": rating if np.isfinite(rating) else None, "clicks": clicks}


def _record(trained: Trained) -> dict[str, Any]:
    """What bundle.json says of the training."""
    history = trained.history
    return {"epochs": len(history), "best": history[-1]["best"] if history else 0,
            "seconds": round(sum(row["seconds"] for row in history), 1), "device": trained.model.items.device.type}


def _course(trained: Trained) -> pd.DataFrame | None:
    """Each item's factor, a row an item, a column an epoch; None if nothing was noted."""
    return pd.DataFrame({str(epoch): factor for epoch, factor in trained.course.items()}) if trained.course else None


def _users(split: Split) -> pd.DataFrame:
    """The clicks of the held-out people: user_id, item_id, part."""
    tables = []
    for which, held in (("validation", split.validation), ("test", split.test)):
        for part, clicks in (("tr", held.fold_in), ("te", held.answers)):
            entries = clicks.tocoo()
            tables.append(pd.DataFrame({"user_id": held.user_ids[entries.row],
                                        "item_id": split.items["item_id"].to_numpy()[entries.col],
                                        "part": f"{which}_{part}"}))
    return pd.concat(tables, ignore_index=True)
