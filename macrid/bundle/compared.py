"""Two bundles side by side: their figures, what differs in their settings, and whether one is better."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from macrid.measures import statistics
from macrid.measures.evaluate import validation_ndcg
from macrid.model.settings import settings_dict

from .recommender import Recommender

FIGURES = ("ndcg@100", "recall@20", "recall@50", "recall@10", "ndcg@10", "hit@10", "coherence", "effective_factors",
           "certainty", "independence", "nmi")


@dataclass(frozen=True)
class Compared:
    """figures: (name, of the one, of the other), None where a bundle lacks it; settings: (name, one, other) where they
    differ; difference: of NDCG@100 over the same test people (see `statistics.paired_difference`), None where these are not
    the same."""

    figures: list[tuple[str, float | None, float | None]]
    settings: list[tuple[str, Any, Any]]
    difference: dict[str, float | bool] | None


def compare(one: Recommender, other: Recommender) -> Compared:
    """Compare two bundles. The difference is measured anew, which takes a moment."""
    a, b = one.meta["metrics"], other.meta["metrics"]
    figures = [(name, a.get(name), b.get(name)) for name in FIGURES if name in a or name in b]
    mine, theirs = settings_dict(one.settings), settings_dict(other.settings)
    settings = [(name, mine.get(name), theirs.get(name)) for name in mine if mine.get(name) != theirs.get(name)]
    return Compared(figures, settings, _difference(one, other) if same_people(one, other) else None)


def same_people(one: Recommender, other: Recommender) -> bool:
    """Whether both were trained on the same clicks and tested on the same ones of the same people."""
    if one.meta["data"].get("fingerprint") != other.meta["data"].get("fingerprint"):
        return False
    held, others = one.held_out("test"), other.held_out("test")
    return held.answers.shape == others.answers.shape and np.array_equal(held.user_ids, others.user_ids) and (
        held.answers != others.answers).nnz == 0


def _difference(one: Recommender, other: Recommender) -> dict[str, float | bool]:
    return statistics.paired_difference(*(validation_ndcg(each.model, each.held_out("test")) for each in (one, other)))
