"""Lists, and what belongs to them, as JSON: the same from the command line and from the service."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from .catalogue import Reading
from .person import Person, Steered
from .recommender import Recommender

LISTED = ("rank", "item_id", "title", "category", "score")


def rows(table: pd.DataFrame, extra: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The rows of a list, with the columns LISTED and some more."""
    names = [*LISTED, *extra]
    return [dict(zip(names, row, strict=True)) for row in zip(*(table[name].tolist() for name in names), strict=True)]


def reading(each: Reading) -> dict[str, Any]:
    """What lists hold of an attribute; null where nothing is known."""
    return {name: None if value != value else value for name, value in asdict(each).items()}


def dial(bundle: Recommender, person: Person, at: tuple[int, int], value: float) -> dict[str, Any]:
    """A turned dial: where it is turned to, and where the person stands."""
    factor, dim = at
    return {"factor": factor, "factor_name": bundle.factors[factor].name, "dim": dim, "value": value,
            "position": person.position(factor, dim), "range": list(bundle.dials.range(factor, dim))}


def steered(bundle: Recommender, person: Person, lists: Steered) -> dict[str, Any]:
    """The lists before and after, and what was turned and wished for."""
    return {"dials": [dial(bundle, person, at, value) for at, value in lists.dials.items()], "wishes": lists.wishes,
            "readings": [reading(each) for each in lists.readings], "before": rows(lists.before),
            "items": rows(lists.after, ["mark"]), "gone": [str(item) for item in lists.gone["item_id"]]}


def wishes(bundle: Recommender) -> list[dict[str, Any]]:
    """What may be wished for."""
    return [{"attribute": a.name, "less": a.poles.low, "more": a.poles.high, "yes_no": a.yes_no, "known": a.known,
             "share": a.share if a.yes_no else None} for a in bundle.wishes.attributes.values()]


def factors(bundle: Recommender) -> list[dict[str, Any]]:
    """The factors, with the titles of their most typical items."""
    return [{"factor": f.index, "name": f.name, "share": f.share,
             "typical": [str(title) for title in bundle.items["title"].iloc[list(f.typical[:3])]]} for f in bundle.factors]


def dials(bundle: Recommender, factor: int) -> list[dict[str, Any]]:
    """The dials of a factor in the order in which people should meet them; the names are null where none is known."""
    found = []
    for dim in bundle.dials.order(factor):
        label = bundle.dials.label(factor, dim)
        found.append({"factor": factor, "dim": dim, "name": label.name if label else None,
                      "low": label.low if label else None, "high": label.high if label else None,
                      "influence": finite(bundle.influence[factor, dim]), "range": list(bundle.dials.range(factor, dim))})
    return found


def finite(value: float | np.floating) -> float | None:
    """A number, or None for what JSON has no number for."""
    return float(value) if np.isfinite(value) else None
