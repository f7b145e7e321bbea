"""The linear path of a trained model: solved from the training clicks, its weight chosen on the validation people."""

import warnings

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


def add_linear_path(model: MacridVAE, split: Split) -> None:
    """Give a trained model the linear path that its settings ask for: `linear_weight` w, or, if that is None, the one of
    WEIGHTS with the highest validation NDCG@100 (the least of equals). There is none if w is 0, or, with a warning, for more
    than MOST_ITEMS items. The model itself stays as it is.
    """
    weight = model.settings.linear_weight
    if weight == 0:
        return
    if model.n_items > MOST_ITEMS:
        warnings.warn(f"there is no linear path, as it is solved for {MOST_ITEMS:,} items at most and there are "
                      f"{model.n_items:,}; linear_weight=0 asks for none", InputWarning, stacklevel=2)
        return
    path = solve(split.train)
    if weight is None:
        weight = best_weight(model, path, split.validation)
    if weight > 0:
        model.linear = LinearPath(path, weight)


def solve(clicks: csr_matrix) -> csr_matrix:
    """B (M, M) of EDLAE from the clicks (U, M), of each column the KEPT strongest entries. Takes memory for three M x M
    matrices of float64 and a time that grows with M^3: two seconds for 3,500 items, some minutes for 20,000."""
    return strongest(EDLAE(clicks).weights, KEPT)


def best_weight(model: MacridVAE, path: csr_matrix, held: HeldOut) -> float:
    """The one of WEIGHTS with which the mixture and the path rank the answers of held-out people best, by NDCG@100."""
    ndcg = np.zeros(len(WEIGHTS))
    for start in range(0, held.fold_in.shape[0], SCORED_AT_ONCE):
        rows = slice(start, start + SCORED_AT_ONCE)
        mixture, linear = model.mixture(held.fold_in[rows]), (held.fold_in[rows] @ path).toarray()
        mixture[held.seen[rows].nonzero()] = -np.inf
        answers = held.answers[rows]
        for i, weight in enumerate(WEIGHTS):
            hit = hits(mixture + np.float32(weight) * linear, answers, 100)
            ndcg[i] += ndcg_at(hit, np.diff(answers.indptr), 100).sum()
    return WEIGHTS[int(ndcg.argmax())]
