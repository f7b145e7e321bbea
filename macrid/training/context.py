"""How much of a click every factor's part should see (`context`), measured before training.

A part that sees its own factor's clicks alone knows little where tastes hang together: whoever likes westerns likes other
old films. Where intentions have nothing to do with one another, as in a shop of bags and phones, other clicks are noise.
"""

import numpy as np
from scipy.sparse import csr_matrix

from macrid.data.split import fold_in
from macrid.measures.evaluate import validation_ndcg
from macrid.measures.statistics import paired_difference
from macrid.model.linear import Linear, edlae_penalty, gram_of

LITTLE, MORE = 0.1, 0.3  # one or the other
MOST_ITEMS, MOST_PEOPLE = 2_000, 10_000  # that it is measured on
ASKED = 1_000  # people of each half whose clicks are hidden and ranked, at most
CLEAR = 0.01  # of NDCG@100: a gain of less is none


def choose(clicks: csr_matrix, routing: np.ndarray, seed: int) -> float:
    """MORE where the clicks of other factors help to tell a person's next click beyond chance, otherwise LITTLE.

    clicks (U, M): binary, of training people. routing (M, K): the shares c of the items. Measured by EDLAE on the most
    clicked items, of either half of the people with the weights of the other: how much better it ranks clicks that are
    hidden, by NDCG@100, than the same weights without those between items of different factors.
    """
    rng = np.random.default_rng(seed)
    items = np.sort(np.argsort(-np.asarray(clicks.sum(axis=0)).ravel(), kind="stable")[:MOST_ITEMS])
    clicks, factor = clicks[:, items].tocsr(), routing[items].argmax(axis=1)
    people = rng.permutation(np.flatnonzero(np.diff(clicks.indptr) >= 2))[:MOST_PEOPLE]  # one click shown, one asked for
    if len(people) < 4:  # a standard error of each half needs two
        return LITTLE
    halves, whole, within = (people[::2], people[1::2]), [], []
    for asked, others in (halves, halves[::-1]):
        held = fold_in(clicks, np.arange(clicks.shape[0]), asked[:ASKED], rng, "the training people")
        gram = gram_of(clicks[others])
        model = Linear(gram, edlae_penalty(np.diag(gram)))
        whole.append(validation_ndcg(model, held))
        model.weights[factor[:, None] != factor] = 0
        within.append(validation_ndcg(model, held))
    ndcg = np.concatenate(whole)
    gain = paired_difference(ndcg, np.concatenate(within))
    return MORE if gain["significant"] and gain["mean"] > CLEAR * ndcg.mean() else LITTLE
