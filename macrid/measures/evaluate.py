"""All figures of a recommender on held-out people. Knows the recommenders' contract, not the models."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from macrid.data.split import HeldOut

from . import factors, statistics
from .coherence import coherence
from .contract import Factored, Scorer
from .ranking import hits, ndcg_at, precision_at, recall_at, reciprocal_rank_at

SCORED_AT_ONCE = 500  # people
SCORES_AT_ONCE = 25_000_000  # people times items


def people_at_once(n_items: int) -> int:
    """How many people are scored together, so that their scores stay within memory."""
    return max(1, min(SCORED_AT_ONCE, SCORES_AT_ONCE // max(1, n_items)))


def validation_ndcg(model: Scorer, held: HeldOut) -> np.ndarray:
    """NDCG@100 of every held-out person (n,), by which a training chooses its best epoch."""
    return np.concatenate([ndcg_at(hit, n, 100) for hit, n in _ranked(model, held, 100)])


def _ranked(model: Scorer, held: HeldOut, k: int, nudge: float = 0.0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The hits (b, k) and numbers of answers (b,) of some people at a time, what they have seen left out."""
    people, n_items = held.fold_in.shape
    at_once = people_at_once(n_items)
    for start in range(0, people, at_once):
        rows = slice(start, start + at_once)
        scores = model.scores(held.fold_in[rows])
        seen = held.seen[rows].tocoo()
        scores[seen.row, seen.col] = -np.inf
        answers = held.answers[rows]
        if nudge:
            scores += nudge * answers.toarray()
        yield hits(scores, answers, k), np.diff(answers.indptr)


def ranking_names(kind: str) -> tuple[list[str], str]:
    """The names of a split's ranking metrics, and the one that models are compared by."""
    if kind == "strong":
        return ["ndcg@100", "recall@20", "recall@50"], "ndcg@100"
    return ["recall@10", "mrr@10", "ndcg@10", "hit@10", "precision@10"], "ndcg@10"


def ranking(model: Scorer, held: HeldOut, kind: str = "strong", nudge: float = 0.0) -> dict[str, np.ndarray]:
    """The ranking metrics of every held-out person, {name: (n,)}: those of the paper, or of RecBole's protocol. nudge: is
    added to the scores of all answers, to see how much hangs on ties."""
    figures: dict[str, list[np.ndarray]] = {}
    for hit, n in _ranked(model, held, 100 if kind == "strong" else 10, nudge):
        if kind == "strong":
            values = {"ndcg@100": ndcg_at(hit, n, 100), "recall@20": recall_at(hit, n, 20),
                      "recall@50": recall_at(hit, n, 50)}
        else:
            values = {"recall@10": recall_at(hit, n, 10, truncated=False),
                      "mrr@10": reciprocal_rank_at(hit, 10), "ndcg@10": ndcg_at(hit, n, 10),
                      "hit@10": hit.any(axis=1).astype(float), "precision@10": precision_at(hit, 10)}
        for name, value in values.items():
            figures.setdefault(name, []).append(value)
    return {name: np.concatenate(value) for name, value in figures.items()}


def summary(per_person: dict[str, np.ndarray]) -> dict[str, float]:
    """The mean of each metric under its name, and its standard error under the name with `_se`."""
    figures: dict[str, float] = {}
    for name, values in per_person.items():
        figures[name], figures[name + "_se"] = statistics.mean_and_error(values)
    return figures


def evaluate(model: Scorer, held: HeldOut, items: pd.DataFrame, kind: str = "strong",
             people: np.ndarray | None = None) -> dict[str, float]:
    """All figures of a trained model on held-out people: ranking with standard errors and, for a model with factors,
    what `disentanglement` gives.

    people: the user vectors (n, K, D) that independence is measured over; those of `held` if None.
    """
    figures = summary(ranking(model, held, kind))
    if isinstance(model, Factored):
        figures |= disentanglement(model, items, model.represent(held.fold_in) if people is None else people,
                                  unseen(held, kind))
    return figures


def unseen(held: HeldOut, kind: str = "strong") -> csr_matrix | None:
    """All clicks (n, M) of held-out people whom the model never saw; None for RecBole's split, as it saw everybody."""
    return csr_matrix(held.fold_in + held.answers) if kind == "strong" else None


def disentanglement(model: Factored, items: pd.DataFrame, people: np.ndarray,
                    clicks: csr_matrix | None = None) -> dict[str, float]:
    """The figures of a model's factors: agreement with categories, where there are some, effective factors, certainty,
    independence over the user vectors people (n, K, D), and, where it can be measured, coherence with its standard error
    over the clicks (n, M) of people whom the model never saw."""
    figures: dict[str, float] = {}
    factor, known = model.factors(), items["category"].to_numpy() != ""
    if known.any():
        codes = pd.factorize(items["category"][known])[0]
        figures |= factors.agreement(factor[known], codes)
    figures |= {"effective_factors": factors.effective_factors(factor), "certainty": factors.certainty(model.routing()),
                "independence": factors.independence(people)}
    if clicks is not None:
        together = coherence(factor, clicks)
        if np.isfinite(together.mean):
            figures |= {"coherence": together.mean, "coherence_se": together.se}
    return figures
