"""The linear path of a trained model: solved from the training clicks, its weight and what popular items lose chosen on the
validation people."""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from scipy.sparse import csr_matrix

from macrid.data.split import HeldOut, Split
from macrid.measures.evaluate import people_at_once
from macrid.measures.ranking import ndcg_at, top_k
from macrid.model.linear import EDLAE
from macrid.model.linear_path import LinearPath, strongest
from macrid.model.macridvae import MacridVAE
from macrid.model.neighbours import neighbour_edlae
from macrid.model.settings import Settings

KEPT = 100  # entries of a column; of 20, 50, 100, 200, 400 and all the fewest that lose nothing on MovieLens-1M
MOST_DENSE = 10_000  # items for which B is solved as a whole: a minute and 3.4 GB; neighbours rank as well and take less
NEIGHBOURS = 200  # of an item, above MOST_DENSE: those whose weights are solved for
WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0)  # that are tried
POWERS = (0.0, 0.1, 0.2, 0.3)  # of popularity, that are tried
LISTED = 100  # items of the lists whose NDCG chooses
CHOOSING = 2000  # validation people that both are chosen on, at most

Report = Callable[[str, float], None]  # ("solving" or "choosing its weight", the share of it that is done)


def add_linear_path(model: MacridVAE, split: Split, report: Report = lambda step, done: None,
                    path: csr_matrix | None = None) -> csr_matrix | None:
    """Give a trained model the linear path that its settings ask for: `linear_weight` w and `popularity_power` a, or, where
    one is None, that of WEIGHTS or POWERS with the highest validation NDCG@100 (the least of equals); none if both are 0.
    The model itself stays as it is.

    path: B, if it is solved already; what is returned, so that a twin need not solve it again. None if there is to be none.
    """
    pairs = tried(model.settings)
    if pairs == [(0.0, 0.0)]:
        return None
    if path is None:
        weighed = any(weight > 0 for weight, _ in pairs)  # popularity alone needs no B
        path = solve(split.train, lambda done: report("solving", done)) if weighed else _nothing(model.n_items)
    popularity, (weight, power) = log_popularity(split.train), pairs[0]
    if len(pairs) > 1:
        weight, power = best_of(model, path, popularity, split.validation, pairs,
                                lambda done: report("choosing its weight", done))
    if weight > 0 or power > 0:
        model.linear = LinearPath(path if weight > 0 else _nothing(model.n_items), weight, -np.float32(power) * popularity)
    return path


def _nothing(n_items: int) -> csr_matrix:
    """B (M, M) without an entry."""
    return csr_matrix((n_items, n_items), dtype=np.float32)


def tried(settings: Settings) -> list[tuple[float, float]]:
    """The pairs of a weight w and a power a that settings leave to be tried; one, where both are given."""
    return list(product(WEIGHTS if settings.linear_weight is None else (settings.linear_weight,),
                        POWERS if settings.popularity_power is None else (settings.popularity_power,)))


def solve(clicks: csr_matrix, report: Callable[[float], None] = lambda done: None) -> csr_matrix:
    """B (M, M) of EDLAE from the clicks (U, M), of each column the KEPT strongest entries; for more than MOST_DENSE items of
    those of NEIGHBOURS neighbours. `linear_path_cost` says what it takes."""
    if clicks.shape[1] <= MOST_DENSE:
        return strongest(EDLAE(clicks).weights, KEPT)
    return neighbour_edlae(clicks, NEIGHBOURS, KEPT, report)


def log_popularity(clicks: csr_matrix) -> np.ndarray:
    """log (n_i + 1) (M,) float32 of the clicks n_i of each item."""
    return np.log1p(np.asarray(clicks.sum(axis=0)).ravel()).astype(np.float32)


def best_of(model: MacridVAE, path: csr_matrix, popularity: np.ndarray, held: HeldOut, pairs: Sequence[tuple[float, float]],
            report: Callable[[float], None] = lambda done: None) -> tuple[float, float]:
    """The pair of a weight w and a power a with which the mixture, w times the path and -a times the popularity (M,), a
    logarithm, rank the answers of held-out people best, by NDCG@100; of more than CHOOSING people so many count, evenly
    spread."""
    people, count = held.fold_in.shape[0], min(held.fold_in.shape[0], CHOOSING)
    chosen, ndcg = np.arange(count) * people // count, np.zeros(len(pairs))
    weights, powers = (np.array(each, np.float32)[:, None] for each in zip(*pairs, strict=True))  # (P, 1)
    at_once = people_at_once(path.shape[1])
    for start in range(0, count, at_once):
        rows = chosen[start : start + at_once]
        mixture, linear = model.mixture(held.fold_in[rows]), (held.fold_in[rows] @ path).tocsr()
        mixture[held.seen[rows].nonzero()] = -np.inf
        answers = held.answers[rows]
        for person, scores in enumerate(mixture):
            told = linear[person].toarray()[0]
            some = _in_question(scores, told, np.unique(powers), popularity)
            summed = scores[some] + weights * told[some] - powers * popularity[some]  # (P, m)
            wanted = np.isin(some, answers[person].indices)
            hit = np.zeros((len(pairs), LISTED), bool)
            hit[:, : len(some)] = wanted[top_k(summed, LISTED)]
            ndcg += ndcg_at(hit, np.diff(answers.indptr)[[person]], LISTED)
        report((start + len(rows)) / count)
    return pairs[int(ndcg.argmax())]


def _in_question(scores: np.ndarray, linear: np.ndarray, powers: np.ndarray, popularity: np.ndarray) -> np.ndarray:
    """Positions, ascending, of the items among which are the LISTED best for every weight and power: all that the path says
    something of, and of the others, which no weight moves, the best for each power. scores, linear, popularity (M,)."""
    untold = np.where(linear == 0, scores, -np.inf)
    best = [top_k((untold - power * popularity)[None], LISTED)[0] for power in powers]
    return np.unique(np.concatenate([np.flatnonzero(linear), *best]))
