"""Names that people gave to dials without labelling items: rows {factor, dim, attribute, low, high}, as bundle.json has them
under `named`; low and high are what the ends are called."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .names import DialLabel

Given = dict[str, Any]
SAME = 0.9  # |cosine| of two axes from which on they are one dial


def label(row: Given, does: DialLabel | None) -> DialLabel:
    """The label of a dial with a given name. does: what it is called after what it does to lists, which is told, too."""
    said = "Somebody gave this name, and no answers have checked it. "
    return DialLabel(row["attribute"], row["low"], row["high"], None, said + (
        f"Measured: {does.name}, {does.low} to {does.high}. {does.source}" if does else "Nothing known goes with it."))


def carried(named: Iterable[Given], before: np.ndarray, after: np.ndarray, learned: Mapping[tuple[int, int], Mapping]
            ) -> list[Given]:
    """The given names of dials on other axes: each goes to the dial that points the same way, its ends exchanged where that
    points the other way; where there is none, or that dial or another of the factor was learned from labels of the same
    name, it is left out. before, after (K, D, D): axes as columns. learned: (factor, dim) -> {attribute ...}."""
    found = {}
    known = {(factor, row["attribute"]) for (factor, _), row in learned.items()}
    for row in named:
        factor = row["factor"]
        alike = after[factor].T @ before[factor][:, row["dim"]]  # (D,)
        dim = int(np.abs(alike).argmax())
        if abs(alike[dim]) >= SAME and (factor, dim) not in learned and (factor, row["attribute"]) not in known:
            low, high = (row["low"], row["high"])[:: 1 if alike[dim] > 0 else -1]
            found[factor, dim] = row | {"dim": dim, "low": low, "high": high}
    return list(found.values())
