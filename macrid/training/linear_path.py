"""The linear path of a trained model: solved from the training clicks, its weight and what popular items lose chosen on the
validation people."""

import warnings
from collections.abc import Sequence
from itertools import product

import numpy as np
from scipy.sparse import csr_matrix

from macrid.data.split import HeldOut, Split
from macrid.errors import InputWarning
from macrid.measures.evaluate import SCORED_AT_ONCE
from macrid.measures.ranking import hits, ndcg_at
from macrid.model.linear import EDLAE, MOST_ITEMS
from macrid.model.linear_path import LinearPath, strongest
from macrid.model.macridvae import MacridVAE

KEPT = 100  # entries of a column; of 20, 50, 100, 200, 400 and all the fewest that lose nothing on MovieLens-1M
WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0)  # that are tried
POWERS = (0.0, 0.1, 0.2, 0.3)  # of popularity, that are tried


def add_linear_path(model: MacridVAE, split: Split) -> None:
    """Give a trained model the linear path that its settings ask for: `linear_weight` w and `popularity_power` a, or, where
    one is None, that of WEIGHTS or POWERS with the highest validation NDCG@100 (the least of equals). There is none if both
    are 0, or, with a warning, for more than MOST_ITEMS items. The model itself stays as it is.
    """
    weights = WEIGHTS if model.settings.linear_weight is None else (model.settings.linear_weight,)
    powers = POWERS if model.settings.popularity_power is None else (model.settings.popularity_power,)
    if weights == powers == (0.0,):
        return
    if model.n_items > MOST_ITEMS:
        warnings.warn(f"there is no linear path, as it is solved for {MOST_ITEMS:,} items at most and there are "
                      f"{model.n_items:,}; linear_weight=0 asks for none", InputWarning, stacklevel=2)
        return
    path, popularity = solve(split.train), log_popularity(split.train)
    weight, power = weights[0], powers[0]
    if len(weights) * len(powers) > 1:
        weight, power = best_of(model, path, popularity, split.validation, weights, powers)
    if weight > 0 or power > 0:
        model.linear = LinearPath(path, weight, -np.float32(power) * popularity)


def solve(clicks: csr_matrix) -> csr_matrix:
    """B (M, M) of EDLAE from the clicks (U, M), of each column the KEPT strongest entries. Takes memory for three M x M
    matrices of float64 and a time that grows with M^3: two seconds for 3,500 items, some minutes for 20,000."""
    return strongest(EDLAE(clicks).weights, KEPT)


def log_popularity(clicks: csr_matrix) -> np.ndarray:
    """log (n_i + 1) (M,) float32 of the clicks n_i of each item."""
    return np.log1p(np.asarray(clicks.sum(axis=0)).ravel()).astype(np.float32)


def best_of(model: MacridVAE, path: csr_matrix, popularity: np.ndarray, held: HeldOut, weights: Sequence[float],
            powers: Sequence[float]) -> tuple[float, float]:
    """The weight w and the power a with which the mixture, w times the path and -a times the popularity (M,), a logarithm,
    rank the answers of held-out people best, by NDCG@100."""
    tried = list(product(weights, powers))
    ndcg = np.zeros(len(tried))
    for start in range(0, held.fold_in.shape[0], SCORED_AT_ONCE):
        rows = slice(start, start + SCORED_AT_ONCE)
        mixture, linear = model.mixture(held.fold_in[rows]), (held.fold_in[rows] @ path).toarray()
        mixture[held.seen[rows].nonzero()] = -np.inf
        answers = held.answers[rows]
        for i, (weight, power) in enumerate(tried):
            hit = hits(mixture + np.float32(weight) * linear - np.float32(power) * popularity, answers, 100)
            ndcg[i] += ndcg_at(hit, np.diff(answers.indptr), 100).sum()
    return tried[int(ndcg.argmax())]
