"""The dials of a bundle: axes by a method, how much each changes a list, in which order they stand, what they bear.

Letters: n people, M items, K factors, D dimensions of a factor, A attributes.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from macrid.data.attributes import association, is_informative
from macrid.errors import InputError
from macrid.measures.contract import Scorer
from macrid.measures.vectors import unit

from . import axes as micro_axes
from . import steered_scores
from .names import CLOSE

METHODS = ("none", "ica", "labels")
PEOPLE = 64  # whose lists decide which dials are the strongest


@dataclass(frozen=True)
class Scored:
    """What scores are made of: vectors (M, D) of the items as they are scored, the factor (M,) of each item, the parts
    (n, K, D) of some people, the scale of their dot products (1 / tau, or 1 for `dot-raw`), and the linear
    path, where there is one: it scores items by people's clicks, and its scores are added."""

    vectors: np.ndarray
    factor: np.ndarray
    parts: np.ndarray
    scale: float
    linear: Scorer | None = None


@dataclass(frozen=True)
class Dials:
    """axes (K, D, D), columns are dials: those that bear an attribute first, then those that change lists most. influence
    (K, D) from 0 to 1: how much of a list a dial changes. aligned: with the method `labels`, what bundle.json says of it:
    `dials`, and which attributes were `refused`."""

    method: str
    axes: np.ndarray
    influence: np.ndarray
    aligned: dict | None = None

    @property
    def aligned_dials(self) -> dict[tuple[int, int], dict]:
        """(factor, dim) -> the row of `aligned` that says which attribute the dial bears."""
        return {(row["factor"], row["dim"]): row for row in self.aligned["dials"]} if self.aligned else {}

    @property
    def all_refused(self) -> dict | None:
        """Where no attribute could be learned from the labels: the refusal, a row of `aligned`, with the most labels."""
        refused = self.aligned and not self.aligned["dials"] and self.aligned["refused"]
        return max(refused, key=lambda row: row["labels"]) if refused else None


def choose(method: str, scored: Scored, seed: int, attributes: pd.DataFrame, labels: pd.DataFrame | None = None) -> Dials:
    """Dials by one of METHODS.

    attributes: what is known of the items (M rows, see `attributes.attribute_table`). Independent components point to where
    the attribute that they follow, if they follow one, is more: the choice of a sign learns nothing. labels: for the method
    `labels`, M rows in the order of the items, a column for each attribute, NaN where there is no label. An attribute that
    cannot be learned in a factor is refused there; if all are, these are the dials of `ica`.
    """
    kfac, dims = scored.parts.shape[1:]
    if method == "labels" and labels is None:
        raise InputError("labels is None, and the method 'labels' learns from them; give a table, or choose another method")
    learned = None
    if method == "none":
        axes = micro_axes.none(kfac, dims)
    else:
        items = unit(scored.vectors)
        axes = _oriented(micro_axes.ica(items, scored.factor, kfac, seed), scored, attributes)
        if method == "labels" and labels is not None:
            table = labels.to_numpy(np.float64)
            learned = micro_axes.labels(items, scored.factor, axes, table, seed, list(labels.columns))
            axes = learned.axes
    influence = _influence(scored, axes)
    by = micro_axes.order(influence, learned.bears if learned else None)  # (K, D)
    axes, influence = np.take_along_axis(axes, by[:, None, :], axis=2), np.take_along_axis(influence, by, axis=1)
    if learned is None or labels is None:
        return Dials(method, axes, influence)
    return Dials(method, axes, influence, _record(learned, np.take_along_axis(learned.bears, by, axis=1), labels))


def _oriented(axes: np.ndarray, scored: Scored, attributes: pd.DataFrame) -> np.ndarray:
    """The axes (K, D, D); an axis that falls with the attribute it follows most is turned around."""
    axes = axes.copy()
    for k in range(len(axes)):
        mine = np.flatnonzero(scored.factor == k)
        known = attributes.iloc[mine]
        informative = [known[name].to_numpy() for name in known if is_informative(known[name])]
        for j, coordinate in enumerate((scored.vectors[mine] @ axes[k]).T):
            if max((association(coordinate, attribute) for attribute in informative), key=abs, default=0.0) < -CLOSE:
                axes[k][:, j] *= -1
    return axes


def _influence(scored: Scored, axes: np.ndarray) -> np.ndarray:
    """How much each dial changes a list, (K, D) from 0 to 1, measured over PEOPLE of the people at most."""
    people = scored.parts[np.linspace(0, len(scored.parts) - 1, min(PEOPLE, len(scored.parts))).astype(int)]
    return np.stack([steered_scores.list_change(people[:, k], scored.vectors[scored.factor == k], scored.scale, turn)
                     for k, turn in enumerate(axes)])


def _record(learned: micro_axes.Labelled, bears: np.ndarray, labels: pd.DataFrame) -> dict:
    """What bundle.json says of aligned dials: bears (K, D) is that of `learned` in the order of the dials. A dial grows
    towards `high`, if its ends have names."""
    names = list(labels.columns)
    ends = labels.attrs.get("ends", {})
    dials = []
    for k, j in np.argwhere(bears >= 0):
        a = bears[k, j]
        dial = {"factor": int(k), "dim": int(j), "attribute": names[a], "measure": "AUC" if learned.yes_no[a] else "R2",
                "confidence": math.floor(1e4 * learned.confidence[k, a]) / 1e4, "labels": int(learned.counts[k, a])}
        if names[a] in ends:
            dial["low"], dial["high"] = ends[names[a]]
        dials.append(dial)
    refused = [{"factor": int(k), "attribute": names[a], "labels": int(learned.counts[k, a]), "reason": reason}
               for (k, a), reason in learned.refused.items()]
    return {"dials": dials, "refused": refused}
