"""Re-ranking: the head of a recommender's list is ordered anew by relevance and attribute together, as is commonly done when
a model itself can't be steered."""

import numpy as np
from scipy.sparse import csr_matrix

from macrid.measures.contract import Scorer
from macrid.measures.ranking import top_k

from .protocol import Scores, Tags


class Reranked:
    """Of the `head` best items that a person has not clicked, (1 - w) relevance + w attribute; relevance is the score, from
    0 at the end of the head to 1 at its beginning. w is the strength, negative for less of the attribute."""

    def __init__(self, model: Scorer, tags: Tags, head: int) -> None:
        self.model, self.borne, self.head = model, tags.borne, head

    def steer(self, clicks: csr_matrix, tag: np.ndarray) -> Scores:
        own = np.array(self.model.scores(clicks), np.float64)
        own[clicks.nonzero()] = -np.inf
        best = np.take_along_axis(own, top_k(own, self.head), axis=1)  # (P, head)
        low, high = best[:, -1:], best[:, :1]
        relevance = np.where(own >= low, (own - low) / np.maximum(high - low, 1e-12), -np.inf)
        has = self.borne[tag].astype(float)

        def scores(strength: float) -> np.ndarray:
            weight = strength * (1 - 1e-6)  # at the end relevance still decides among equals
            return (1 - abs(weight)) * relevance + weight * has

        return scores
