"""One person's way through the model, step by step, with the real numbers: clicks, routing, parts, scores, list."""

from dataclasses import dataclass

import numpy as np

from macrid.dials.steered_scores import top_items

from .recommender import Recommender


@dataclass(frozen=True)
class Walk:
    """What the model makes of a profile of n clicks; L items are listed."""

    clicks: np.ndarray  # (n,) positions in the items table
    routing: np.ndarray  # (n, K) c of the clicks: how much each belongs to each factor; rows sum to 1
    interest: np.ndarray  # (K,) the mean of the routing
    parts: np.ndarray  # (K, D) mu_uk, each of length one
    listed: np.ndarray  # (L,) positions of the best items that are not among the clicks, best first
    shares: np.ndarray  # (L, K) p(i | z_u) of each, divided among the factors that it comes from; a row sums to p


def walk(bundle: Recommender, positions: np.ndarray, n: int = 10) -> Walk:
    """The walk of a profile, given as positions of its items, to a list of n.

    p(i | u) is proportional to sum_k c_ik exp(score(z_uk, h_i) + l_ui), over all M items, with l what the linear path adds,
    if there is one; its k-th term is the share of factor k.
    """
    positions = np.asarray(positions, np.int64)
    routing = np.exp(bundle.log_c[positions])
    clicks = bundle.clicks(positions)
    parts = bundle.model.represent(clicks)[0]
    terms = parts @ bundle.vectors.T * bundle.model.scale + bundle.log_c.T + bundle.linear(clicks)  # (K, M), logarithms
    terms = np.exp(terms.astype(np.float64) - terms.max())
    shares = terms / terms.sum()
    allowed = np.ones(len(bundle.items), bool)
    allowed[positions] = False
    listed = top_items(shares.sum(axis=0), min(n, len(bundle.items)), allowed)
    return Walk(positions, routing, bundle.interest(positions), parts, listed, shares[:, listed].T)
