"""MacridVAE as the app steers it: by a wish, by the dials that bear a tag, or by both."""

import numpy as np
from scipy.sparse import csr_matrix

from macrid.data.attributes import FEWEST_ITEMS
from macrid.dials import label_regression, wishes
from macrid.measures.vectors import unit
from macrid.model.macridvae import MacridVAE

from .protocol import LENGTH, Scores, Tags


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


class SameReach(Wished):
    """Tried: a wish lifts as far for everybody, by the mean reach of those who ask."""

    def steer(self, clicks: csr_matrix, tag: np.ndarray) -> Scores:
        own = self.model.scores(clicks)
        lift = np.mean([wishes.reach(row) for row in own]) * self.leans[tag]
        return lambda strength: own + wishes.weight(strength, True) * lift


class Expected(Wished):
    """Tried: what is added to is not the logarithm of a probability but the probability itself, flattened by a power and as
    a share of the 20 likeliest: what a list is expected to hit is then traded for the tag at one price."""

    def __init__(self, model: MacridVAE, tags: Tags, power: float) -> None:
        super().__init__(model, tags)
        self.power = power

    def steer(self, clicks: csr_matrix, tag: np.ndarray) -> Scores:
        own = self.model.scores(clicks)
        own = np.exp(self.power * (own - own.max(axis=1, keepdims=True)))
        own[clicks.nonzero()] = 0.0
        own = own / -np.sort(-own, axis=1)[:, :LENGTH].sum(axis=1, keepdims=True)
        lift = 0.3 * self.leans[tag]  # six times what an item of the 20 has
        return lambda strength: own + wishes.weight(strength, True) * lift


class Dials:
    """The dial that bears a tag in each factor: the direction that ridge regression finds in the factor's items, as learning
    dials from labels does, from the labels of all items; none where it does not predict an item left out.

    way: `turned`, from where a person stands to the end of the sphere, as dials are; `pushed`, twice the strength is added
    to the coordinate and nothing shortened, which no dial does but a program may.
    """

    def __init__(self, model: MacridVAE, tags: Tags) -> None:
        self.model = model
        self.items, self.log_c = model.item_vectors(), model.routing()  # (M, D), (M, K)
        factor = model.factors()
        self.of_tag = [{k: axis for k in range(self.log_c.shape[1])
                        if (axis := self._learned(values, factor == k)) is not None} for values in tags.values]

    def _learned(self, values: np.ndarray, mine: np.ndarray) -> np.ndarray | None:
        """The direction (D,) of length one in which a tag's values (M,) rise among the items `mine` (M,)."""
        mine = mine & np.isfinite(values)
        y = values[mine]
        if min((y == 1).sum(), (y == 0).sum()) < FEWEST_ITEMS:
            return None
        x = self.items[mine].astype(np.float64)
        found, r2 = label_regression.fit(x[None], y[None], float(x.var(axis=0).mean()), sharpness=0.0)
        best = int(r2[0].argmax())
        return found[0, best] / np.linalg.norm(found[0, best]) if r2[0, best] > 0 else None

    def parts(self, clicks: csr_matrix, tag: np.ndarray, way: str) -> Scores:
        """The parts (P, K, D) of people with the dials of their tags turned, by strength."""
        own = self.model.represent(clicks)

        def turned(strength: float) -> np.ndarray:
            parts = own.copy()
            for a in np.unique(tag) if strength else ():
                rows = np.flatnonzero(tag == a)
                for k, axis in self.of_tag[a].items():
                    part = own[rows, k]  # (p, D)
                    stands = np.clip(part @ axis, -1, 1)
                    ends = stands + abs(strength) * (np.sign(strength) - stands)
                    across = unit(part - stands[:, None] * axis)
                    parts[rows, k] = (part + 2 * strength * axis if way == "pushed" else  # as `steered_scores.altered`
                                      np.sqrt(1 - ends**2)[:, None] * across + ends[:, None] * axis)
            return parts

        return turned

    def steer(self, clicks: csr_matrix, tag: np.ndarray, way: str) -> Scores:
        parts = self.parts(clicks, tag, way)
        linear = 0.0 if self.model.linear is None else self.model.linear.scores(clicks)

        def scores(strength: float) -> np.ndarray:
            at = parts(strength)
            terms = np.stack([self.model.scale * at[:, k] @ self.items.T + self.log_c[:, k] for k in range(at.shape[1])])
            top = terms.max(axis=0)
            return top + np.log(np.exp(terms - top).sum(axis=0)) + linear

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
