"""MacridVAE as the app steers it: by a wish, by the dials that bear a tag, or by both."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.special import logsumexp

from macrid.data.split import Split
from macrid.dials import choose, wishes
from macrid.dials.steered_scores import altered
from macrid.model.macridvae import MacridVAE
from macrid.pipeline.evaluate import shown_people

from .protocol import Scores, Tags


class Wished:
    """A wish from -1 to 1 for the tag."""

    def __init__(self, model: MacridVAE, tags: Tags) -> None:
        self.model = model
        vectors = model.item_vectors()
        self.leans = np.array([wishes.lean(values, vectors) for values in tags.values])  # (A, M)

    def added(self, own: np.ndarray, tag: np.ndarray) -> Scores:
        """What wishes add to people's own scores (P, M)."""
        lift = np.array([wishes.reach(row) for row in own])[:, None] * self.leans[tag]  # (P, M)
        return lambda strength: wishes.weight(strength, True) * lift

    def steer(self, clicks: csr_matrix, tag: np.ndarray) -> Scores:
        own = self.model.scores(clicks)
        added = self.added(own, tag)
        return lambda strength: own + added(strength)


class Dials:
    """The dials that bear each tag in any factor, learned from the tags of all items.

    way: `turned`, from where a person stands to the end of the sphere, as dials are; `pushed`, twice the strength is added
    to the coordinate and nothing shortened, which no dial does but a program may.
    """

    def __init__(self, model: MacridVAE, split: Split, tags: Tags, seed: int = 0) -> None:
        self.model = model
        self.items, self.log_c = model.item_vectors(), model.routing()  # (M, D), (M, K)
        table = pd.DataFrame(tags.values.T, columns=tags.names)
        shown = shown_people(split.kind, split.validation, split.test)
        scored = choose.Scored(self.items, model.factors(), model.represent(shown.clicks), model.scale, model.linear)
        found = choose.choose("labels", scored, seed, table, table)
        self.axes = found.axes
        bearing = found.aligned_dials.items()
        self.of_tag = [[dial for dial, row in bearing if row["attribute"] == name] for name in tags.names]

    def parts(self, clicks: csr_matrix, tag: np.ndarray, way: str) -> Scores:
        """The parts (P, K, D) of people with the dials of their tags turned, by strength."""
        own = self.model.represent(clicks)

        def turned(strength: float) -> np.ndarray:
            parts = own.copy()
            for p, a in enumerate(tag):
                for k in {k for k, _ in self.of_tag[a]} if strength else ():
                    axes = self.axes[k][:, [j for factor, j in self.of_tag[a] if factor == k]]  # (D, J)
                    if way == "pushed":
                        parts[p, k] += 2 * strength * axes.sum(axis=1)
                    else:
                        stands = own[p, k] @ axes
                        parts[p, k] = altered(own[p, k], axes, stands + abs(strength) * (np.sign(strength) - stands))
            return parts

        return turned

    def steer(self, clicks: csr_matrix, tag: np.ndarray, way: str) -> Scores:
        parts = self.parts(clicks, tag, way)
        linear = 0.0 if self.model.linear is None else self.model.linear.scores(clicks)

        def scores(strength: float) -> np.ndarray:
            at = parts(strength)
            terms = [self.model.scale * at[:, k] @ self.items.T + self.log_c[:, k] for k in range(at.shape[1])]
            return logsumexp(np.stack(terms), axis=0) + linear

        return scores


class Turned:
    """Dials alone."""

    def __init__(self, dials: Dials, way: str) -> None:
        self.dials, self.way = dials, way

    def steer(self, clicks: csr_matrix, tag: np.ndarray) -> Scores:
        return self.dials.steer(clicks, tag, self.way)


class Both:
    """A wish, and dials turned by `share` of its strength."""

    def __init__(self, wished: Wished, dials: Dials, way: str, share: float) -> None:
        self.wished, self.dials, self.way, self.share = wished, dials, way, share

    def steer(self, clicks: csr_matrix, tag: np.ndarray) -> Scores:
        added = self.wished.added(self.dials.model.scores(clicks), tag)
        turned = self.dials.steer(clicks, tag, self.way)
        return lambda strength: turned(self.share * strength) + added(strength)
