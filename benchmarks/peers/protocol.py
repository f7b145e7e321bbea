"""How steering is measured: what is asked of whom, the lists at rising strength, and what these gain and cost.

The protocol is that of "From Knots to Knobs" (Spišák, Peška, Škoda, Vančura and Alves, 2026, arXiv 2601.11182): a person
asks for the tag that is more frequent among their held-out items than among those that the model was shown; personal NDCG@20
is towards the held-out items, segment NDCG@20 towards all items with the tag that the person has not seen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.sparse import csr_matrix

from macrid.data.split import HeldOut
from macrid.measures import steering
from macrid.measures.ranking import top_k

STRENGTHS, FEWER = np.linspace(0, 1, 21), np.linspace(0, 1, 11)
LENGTH = 20
RESAMPLED = 1000  # times, for the errors of a difference
Scores = Callable[[float], np.ndarray]  # strength -> (P, M); from 0, one's own list, to 1; below 0: less of the tag


class Steered(Protocol):
    """A recommender that can be steered towards tags."""

    def steer(self, clicks: csr_matrix, tag: np.ndarray) -> Scores:
        """The scores of people with binary rows `clicks` (P, M), each of whom asks for a tag (P,), by strength."""
        ...


@dataclass(frozen=True)
class Tags:
    """What may be asked for: A names, and what is known of the items: values (A, M), 1, 0 or NaN where unknown."""

    names: list[str]
    values: np.ndarray

    @property
    def borne(self) -> np.ndarray:
        """Which tag is known to be of which item: bool (A, M)."""
        return self.values == 1


@dataclass(frozen=True)
class People:
    """P people: their clicks as the model sees them, and what was seen and what is asked for, bool (P, M)."""

    clicks: csr_matrix
    seen: np.ndarray
    answers: np.ndarray

    def some(self, rows: np.ndarray) -> "People":
        return People(self.clicks[rows], self.seen[rows], self.answers[rows])

    def __len__(self) -> int:
        return len(self.seen)


def people_of(held: HeldOut, most: int, seed: int = 0) -> People:
    """Held-out people, `most` of them at random."""
    count = len(held.user_ids)
    rows = np.sort(np.random.default_rng(seed).choice(count, min(most, count), replace=False))
    return People(held.fold_in[rows], held.seen[rows].toarray() > 0, held.answers[rows].toarray() > 0)


def own_tags(people: People, borne: np.ndarray) -> np.ndarray:
    """What each person asks for (P,): of the tags borne (A, M) that with the largest share of the held-out items less its
    share of the shown ones; -1 where no tag is more frequent in the former."""
    shares = [(rows @ borne.T) / np.maximum(rows.sum(axis=1, keepdims=True), 1)
              for rows in (people.answers.astype(float), people.clicks.toarray())]
    more = shares[0] - shares[1]  # (P, A)
    return np.where(more.max(axis=1) > 0, more.argmax(axis=1), -1)


@dataclass(frozen=True)
class Curves:
    """What the lists of P people hold at S strengths, each (S, P): NDCG towards a person's own answers, towards the segment,
    and towards their own answers of the segment, NaN where they have none."""

    personal: np.ndarray
    segment: np.ndarray
    within: np.ndarray

    def some(self, rows: np.ndarray) -> "Curves":
        return Curves(self.personal[:, rows], self.segment[:, rows], self.within[:, rows])


def lists(steered: Steered, people: People, tag: np.ndarray, strengths: np.ndarray = STRENGTHS) -> np.ndarray:
    """The lists (S, P, n) of people who ask for tags (P,), without what they have seen."""
    scores = steered.steer(people.clicks, tag)
    found = []
    for strength in strengths:
        at = np.array(scores(float(strength)), np.float64)
        at[people.seen] = -np.inf
        found.append(top_k(at, LENGTH))
    return np.array(found)


def follow(steered: Steered, people: People, tag: np.ndarray, borne: np.ndarray,
           strengths: np.ndarray = STRENGTHS) -> Curves:
    """The curves of people who ask for tags (P,)."""
    segment = borne[tag]  # (P, M)
    own, wanted = people.answers & segment, segment & ~people.seen
    listed = lists(steered, people, tag, strengths)
    return Curves(*(np.array([steering.list_ndcg(at, relevant) for at in listed])
                    for relevant in (people.answers, wanted, own)))


def less(steered: Steered, people: People, borne: np.ndarray, asked: np.ndarray) -> dict[str, float]:
    """Less of each of the tags `asked`: its share of the lists without steering, at -0.6 and at -1, and NDCG towards
    people's own answers that are not of it, means over the tags."""
    rows = []
    for a in asked:
        listed = lists(steered, people, np.full(len(people), a), np.array([0.0, -0.6, -1.0]))
        others = people.answers & ~borne[a]
        told = others.any(axis=1)
        rows.append([*(float(steering.attribute_share(at, borne[a].astype(float)).mean()) for at in listed),
                     *(float(np.nanmean(steering.list_ndcg(at[told], others[told]))) for at in listed)])
    names = [f"{key}_{at}" for key in ("share", "others") for at in ("before", "less", "none")]
    return dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True))


# Figures of curves (S,) -----------------------------------------------------------------------------------------------


def at_floor(personal: np.ndarray, segment: np.ndarray, floor: float) -> float:
    """The largest segment NDCG with a personal NDCG of at least `floor`, straight lines between the strengths; 0 where
    personal NDCG is below the floor at every strength."""
    fine = np.linspace(0, len(personal) - 1, 100 * (len(personal) - 1) + 1)
    between = [np.interp(fine, np.arange(len(curve)), curve) for curve in (personal, segment)]
    return float(np.where(between[0] >= floor, between[1], 0.0).max())


def volume(personal: np.ndarray, segment: np.ndarray) -> float:
    """The area that the curve dominates in absolute figures (Zitzler and Thiele's hypervolume, 1999): the mean over segment
    NDCG x from 0 to 1 of the best personal NDCG at any strength that reaches x or more, 0 beyond the largest x."""
    order = np.argsort(segment)
    x, best = segment[order], np.maximum.accumulate(personal[order][::-1])[::-1]
    return float(x[0] * best[0] + ((best[1:] + best[:-1]) / 2 * np.diff(x)).sum())


FIGURES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "gain": steering.gain_at_loss, "area": steering.trade_off_area, "volume": volume,
    "reached": lambda personal, segment: at_floor(personal, segment, 0.9 * personal[0])}


def figures(personal: np.ndarray, segment: np.ndarray, floor: float) -> dict[str, float]:
    """Figures of mean curves (S,): FIGURES, and `common`, the segment NDCG reached above the same floor for all. 0 where
    there is none: of a gain or an area whose lists hold nothing of the segment, or nothing but it, without steering."""
    if not 0 < segment[0] < 1 or not personal[0] > 0:
        return dict.fromkeys(FIGURES, 0.0) | {"common": at_floor(personal, segment, floor)}
    return {name: of(personal, segment) for name, of in FIGURES.items()} | {"common": at_floor(personal, segment, floor)}


def mean_of(curve: np.ndarray) -> np.ndarray:
    """The mean (S,) of a curve (S, P) over those who have one; 0 where nobody has."""
    has = np.isfinite(curve)
    return np.where(has, curve, 0).sum(axis=1) / np.maximum(has.sum(axis=1), 1)


def told(curves: Curves, floor: float) -> dict:
    """What is kept of curves: their means over people and figures of these."""
    mean = {name: mean_of(getattr(curves, name)) for name in ("personal", "segment", "within")}
    kept = np.flatnonzero(np.minimum.accumulate(mean["personal"]) >= 0.9 * mean["personal"][0])[-1]
    return {name: [round(float(x), 4) for x in values] for name, values in mean.items()} | figures(
        mean["personal"], mean["segment"], floor) | {"within_at_loss": float(mean["within"][kept])}


def resampled(curves: Curves, floor: float, times: int = RESAMPLED, seed: int = 0) -> dict[str, np.ndarray]:
    """Each figure (times + 1,) of P people as they are, [0], and drawn again with replacement; the same draws for any curves
    of as many people, which makes them pairs."""
    count = curves.personal.shape[1]
    weights = np.full((1, count), 1 / count)
    weights = np.vstack([weights, np.random.default_rng(seed).multinomial(count, weights[0], times) / count])
    means = [weights @ np.nan_to_num(of.T) for of in (curves.personal, curves.segment)]  # (times + 1, S)
    rows = [figures(personal, segment, floor) for personal, segment in zip(*means, strict=True)]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def paired(ours: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Ours less the other's, for each figure as `resampled` gives it: {less, low, high, p}, the middle 95 % of the
    differences, and p, twice the share of them on the far side of 0 (the paired bootstrap; Efron and Tibshirani, 1993)."""
    found = {}
    for name in ours:
        gap = ours[name] - other[name]
        low, high = np.quantile(gap[1:], [0.025, 0.975])
        p = 2 * min((gap[1:] <= 0).mean(), (gap[1:] >= 0).mean())
        found[name] = {"less": float(gap[0]), "low": float(low), "high": float(high),
                       "p": float(min(1.0, max(p, 1 / (len(gap) - 1))))}
    return found
