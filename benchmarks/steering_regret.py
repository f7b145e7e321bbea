"""How far a dial brings a person whose wish has changed: regret against the true taste of the shop's simulated people.

One wanted value of a held-out person, in one intention, is drawn anew; clicks and model stay as they were. A list of ten of
that intention's unseen items is judged by what this person would now accept (`shop.acceptance`): regret is the mean of the
best ten less that of the list (`metrics.regret`).
"""

import numpy as np
from label_curve import drawn
from record import table
from trade_off import following

from macrid.bundle.recommender import Recommender
from macrid.data import shop
from macrid.dials import choose
from macrid.dials.steered_scores import SteeredScores, dial_range, top_items
from macrid.measures import statistics, steering
from macrid.pipeline import evaluate

PEOPLE, LENGTH, POSITIONS = 200, 10, 9
WORDS = {"untouched": "no dial turned", "best": "the dial that bears it, best of nine positions",
         "rule": "that dial, where items with the wanted value stand", "ica": "independent dial, best of nine",
         "raw": "raw dimension, best of nine", "reranked": "re-ranking by the true attribute, best of nine weights"}


def measure(of: Recommender, labels: int, seed: int = 0, report=lambda: None) -> dict:
    """Mean regret and its standard error over people of every method (WORDS), and `known`, that of the untouched list before
    the wish changed. of: a bundle of the simulated shop. labels: how many of each factor, for the dials."""
    read, held = of.meta["data"]["read"], of.held_out("test")
    people = shop.simulate(read["items"], read["people"], of.meta["seed"]).people
    taste = {user: rows for user, rows in people.groupby("user_id")}
    rng = np.random.default_rng(seed)
    who = np.sort(rng.choice(len(held.user_ids), min(PEOPLE, len(held.user_ids)), replace=False))
    scored = choose.Scored(of.vectors, of.factor, evaluate.shown_parts(of), of.model.scale)
    about = scored, of.meta["seed"], of.attributes
    axes = {name: choose.choose(name, *about).axes for name in ("none", "ica")}
    learned = choose.choose("labels", *about, drawn(of.factor, of.attributes, labels, seed))
    bearing = {(k, row["attribute"]): j for (k, j), row in learned.aligned_dials.items()}
    parts, attributes = of.model.represent(held.fold_in[who]), of.items[list(shop.ATTRIBUTES)].to_numpy(np.float64)
    category = of.items["category"].to_numpy()
    regrets: dict[str, list[list[float]]] = {name: [] for name in ("known", *WORDS)}  # one list for each person
    for u, part in zip(who, parts, strict=True):
        found: dict[str, list[float]] = {name: [] for name in regrets}
        for row in taste[held.user_ids[u]].to_dict("records"):
            k = int(np.bincount(of.factor[category == row["category"]]).argmax())
            mine, _ = of.factor_items(k)
            seen = np.flatnonzero(held.fold_in[u].toarray()[0, mine] > 0)
            if not len(seen):
                continue  # they never showed this intention
            for a, name in enumerate(shop.ATTRIBUTES):
                wish = rng.random()
                if (k, name) in bearing:
                    asked = _Asked(of, part[k], k, mine, seen, row, attributes[mine], a, wish)
                    for method, value in asked.regrets(learned.axes, bearing[k, name], axes).items():
                        found[method].append(value)
        for method, values in found.items():
            if values:
                regrets[method].append(values)
        report()
    wishes = sum(len(values) for values in regrets["known"])
    errors = {name: statistics.mean_and_error(np.array([np.mean(values) for values in rows]))
              for name, rows in regrets.items()}
    return {"people": len(regrets["known"]), "wishes": wishes, "labels": labels, "n": LENGTH,
            "regret": {name: {"mean": mean, "se": error} for name, (mean, error) in errors.items()}}


class _Asked:
    """One person before one shelf (m items of factor k), with one wanted value, of attribute a, drawn anew."""

    def __init__(self, of, part, k, mine, seen, row, attributes, a, wish):
        self.of, self.part, self.k, self.mine, self.seen = of, part, k, mine, seen
        self.attributes, self.a, self.wish = attributes, a, wish
        self.tolerance = np.array([row[name] for name in shop.TOLERANCES])
        wanted = np.array([row[name] for name in shop.ATTRIBUTES])
        self.before = self._worth(wanted)
        self.worth = self._worth(np.where(np.arange(len(wanted)) == a, wish, wanted))

    def _worth(self, wanted: np.ndarray) -> np.ndarray:
        worth = shop.acceptance((self.attributes - wanted) / self.tolerance)
        worth[self.seen] = -np.inf
        return worth

    def regrets(self, aligned: np.ndarray, dim: int, others: dict[str, np.ndarray]) -> dict[str, float]:
        own = self._dials(aligned)
        untouched = own.top({}, LENGTH, without=self.seen)[0]
        column = self.attributes[:, self.a]
        coordinate = self.of.vectors[self.mine] @ aligned[self.k][:, dim]
        near = np.argsort(np.abs(column - self.wish), kind="stable")[: max(5, len(column) // 20)]
        there = {(0, dim): float(coordinate[near].mean())}
        weights, log_worth = np.linspace(0, 2, POSITIONS), -0.5 * ((column - self.wish) / self.tolerance[self.a]) ** 2
        allowed = np.isfinite(self.worth)
        reranked = np.stack([top_items(own.own + w * log_worth, LENGTH, allowed) for w in weights])
        found = {"known": self._regret(untouched[None], self.before), "untouched": self._regret(untouched[None]),
                 "best": self._regret(self._along(own, aligned, dim)),
                 "rule": self._regret(own.top(there, LENGTH, without=self.seen)[0][None]),
                 "reranked": self._regret(reranked)}
        for name, axes in (("ica", others["ica"]), ("raw", others["none"])):
            (_, j), = following(self.of.vectors[self.mine], np.zeros(len(self.mine), int), axes[[self.k]],
                                column > np.median(column))
            found[name] = self._regret(self._along(self._dials(axes), axes, j))
        return found

    def _dials(self, axes: np.ndarray) -> SteeredScores:
        items = self.of.vectors[self.mine]
        alone = np.zeros((len(items), 1), items.dtype)  # log c
        return SteeredScores(self.part[None], items, alone, self.of.model.scale, axes[[self.k]])

    def _along(self, person: SteeredScores, axes: np.ndarray, dim: int) -> np.ndarray:
        """The lists at nine positions over the dial's range."""
        values = np.linspace(*dial_range(self.of.vectors[self.mine] @ axes[self.k][:, dim]), POSITIONS)
        return np.stack([person.top({(0, dim): float(v)}, LENGTH, without=self.seen)[0] for v in values])

    def _regret(self, lists: np.ndarray, worth: np.ndarray | None = None) -> float:
        """The least regret of some lists (positions, n): of what somebody who looks at all of them would choose."""
        worth = self.worth if worth is None else worth
        return float(steering.regret(np.broadcast_to(worth, (len(lists), len(worth))), lists).min())


def summary(measured: dict) -> str:
    words = {"known": "(before the wish changed, no dial turned)"} | WORDS
    return table(["list", "regret"], [[words[name], f"{f['mean']:.3f} ± {f['se']:.3f}"]
                                      for name, f in measured["regret"].items()])
