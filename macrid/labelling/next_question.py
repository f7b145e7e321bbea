"""Asking a person about the items of one factor: which item to ask about next, what the answers have taught, when to stop.

Letters: m items of the factor, D coordinates of each in its base axes. Answers are numbers (m,), NaN where there is none.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from macrid.dials import axes, label_regression

PRIOR = 5.0  # answers that the assumption "no direction is special" counts for; of 0.1, 1 and 5 the best on the shop
FLOOR = 0.1  # of a direction that the answers say nothing about, against the one that they go with most
FAMILIAR = 0.5  # how much less an unknown item counts than the best known one
JITTER = 0.2  # the share of an item's worth that is chance, so that two seeds do not ask the same
SETTLED = 0.97  # correlation of the axis with those a few answers before, from which on more answers change little
LOOKED_BACK = 3  # answers
MOST_IN_VAIN = 25  # answers after which an attribute that is still not told from chance is given up
ENDS = 3, 97  # percentiles of the coordinates between which a strip of items runs


@dataclass(frozen=True)
class Learned:
    """What answers teach about one attribute. `axis` grows with the attribute; while there is a `reason` not to believe it
    yet, it is only the best guess. `confidence` as in `axes.Labelled`: cross-validated R2, or AUC for yes and no."""

    axis: np.ndarray | None  # (D,) of length one, in the coordinates of the model; None before two answers differ
    confidence: float  # NaN while it is not believed
    yes_no: bool
    count: int  # of answers
    reason: str  # why it is not believed yet; empty if it is


class Asked(NamedTuple):
    """What is known before the next question. answers (m,): NaN where there is none. passed (m,): bool, items not to ask
    about. familiar (m,): how well known the items are, from 0 to 1. towards: the base axis that is meant, if a person has
    chosen one to begin with."""

    answers: np.ndarray
    passed: np.ndarray
    familiar: np.ndarray
    towards: int | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether to ask on: `state` is more, settled or vain; `more`: about how many answers are wanted until it is settled."""

    state: str
    more: int


def learn(items: np.ndarray, base: np.ndarray, answers: np.ndarray, seed: int) -> Learned:
    """The axis that `axes.labels` learns of one attribute in one factor, or the reason why not and a guess.

    items: unit vectors (m, D). base: orthogonal (D, D).
    """
    labelled = axes.labels(items, np.zeros(len(items), int), base[None], answers[:, None], seed)
    believed = labelled.bears[0, 0] == 0
    axis = labelled.axes[0][:, 0].astype(np.float64) if believed else _guess(items, base, answers)
    count = int(labelled.counts[0, 0])
    reason = "" if believed else labelled.refused.get((0, 0), "nothing has been answered yet")
    return Learned(axis, float(labelled.confidence[0, 0]), bool(labelled.yes_no[0]), count, reason)


def _guess(items: np.ndarray, base: np.ndarray, answers: np.ndarray) -> np.ndarray | None:
    known = np.isfinite(answers)
    y = answers[known]
    if len(y) < 2 or np.ptp(y) == 0:
        return None
    x = items @ base  # (m, D)
    spread = x.var(axis=0).mean()
    directions, r2 = label_regression.fit(x[known][None], ((y - y.mean()) / y.std())[None], spread, sharpness=1.0)
    direction = base @ directions[0, r2[0].argmax()]
    length = np.linalg.norm(direction)
    return direction / length if length > 0 else None  # items that are all alike have no direction


def most_uncertain(items: np.ndarray, base: np.ndarray, asked: Asked, rng: np.random.Generator) -> int | None:
    """The item to ask about next, as its row; None if there is none left.

    The one whose answer is least certain after the answers so far: the largest x' (prior + X' X)^-1 x, X (n, D) the items
    answered, x the candidate (MacKay, 1992). Each direction of x is scaled by how far it goes with the answers so far: the
    first items spread along the directions in which the items vary most, later ones to both ends of what is being learned.
    Well known items are preferred, as people can place them.

    items: unit vectors (m, D). base (D, D): its columns are those directions.
    """
    known = np.isfinite(asked.answers)
    free = np.flatnonzero(~known & ~asked.passed)
    if not len(free):
        return None
    x = (items - items.mean(axis=0)) @ base  # (m, D)
    x = x * _importance(x[known], asked.answers[known], asked.towards)
    prior = max(PRIOR * (x**2).mean(), 1e-12)
    uncertain = np.linalg.inv(prior * np.eye(x.shape[1]) + x[known].T @ x[known])  # (D, D)
    worth = ((x[free] @ uncertain) * x[free]).sum(axis=1) * (1 - FAMILIAR + FAMILIAR * asked.familiar[free])
    return int(free[(worth * rng.uniform(1 - JITTER, 1, len(free))).argmax()])


def _importance(x: np.ndarray, y: np.ndarray, towards: int | None) -> np.ndarray:
    """How much each direction (D,) matters, from FLOOR to 1: its |correlation| with the answers y (n,) at x (n, D), over
    the largest one; before two answers differ, that which is meant, or all alike."""
    x, y = x - x.mean(axis=0) if len(x) else x, y - y.mean() if len(y) else y
    if not y.any():
        return np.ones(x.shape[1]) if towards is None else np.where(np.arange(x.shape[1]) == towards, 1.0, FLOOR)
    r = np.abs(y @ x) / np.maximum(np.linalg.norm(x, axis=0), 1e-12)
    return np.maximum(r / max(r.max(), 1e-12), FLOOR)


def verdict(items: np.ndarray, learned: list[Learned]) -> Verdict:
    """Whether to ask on, from what was learned after each of the last LOOKED_BACK answers and before them, the latest last.

    Settled: it is believed and was before the last answer (a test repeated after every answer passes by chance at times),
    and the items' coordinates on the axis correlate by SETTLED or more with those on each of the axes before (stopping when
    predictions are stable: Bloodgood & Vijay-Shanker, 2009). In vain: MOST_IN_VAIN answers do not tell it from chance. How
    many more: the axis of n answers is off by about 1 / sqrt(n), and one more answer moves it by about 1 / n, thus
    1 - correlation falls with 1 / n^2.
    """
    now = learned[-1]
    if now.reason and now.count >= MOST_IN_VAIN:
        return Verdict("vain", 0)
    directions = [then.axis for then in learned if then.axis is not None]
    if len(directions) < len(learned) or len(learned) <= LOOKED_BACK:
        return Verdict("more", max(LOOKED_BACK, axes.FEWEST_LABELS + LOOKED_BACK - now.count))
    agreement = min(_alike(items, directions[-1], then) for then in directions[-1 - LOOKED_BACK : -1])
    if agreement >= SETTLED and not (now.reason or learned[-2].reason):
        return Verdict("settled", 0)
    wanted = now.count * math.sqrt((1 - agreement) / (1 - SETTLED))
    return Verdict("more", max(LOOKED_BACK if now.reason else 1, math.ceil(min(wanted, MOST_IN_VAIN) - now.count)))


def _alike(items: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    """The correlation of the items' coordinates on two axes."""
    a, b = ((items - items.mean(axis=0)) @ axis for axis in (one, other))
    return float(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-12))


def strip(coordinate: np.ndarray, familiar: np.ndarray, frames: int, each: int) -> list[np.ndarray]:
    """Rows of items for a film strip along an axis, low to high: for each of some evenly spread positions the `each` nearest
    items, none twice, of the better known half where there are enough. coordinate (m,), familiar (m,)."""
    rows = np.arange(len(coordinate))
    if not len(rows):
        return []
    if len(rows) >= 4 * frames * each:
        rows = rows[familiar >= np.median(familiar)]
    low, high = np.percentile(coordinate[rows], ENDS)
    shown, free = [], np.ones(len(rows), bool)
    for value in np.linspace(low, high, frames):
        near = np.flatnonzero(free)
        near = near[np.argsort(np.abs(coordinate[rows[near]] - value), kind="stable")][:each]
        free[near] = False
        shown.append(rows[near])
    return shown
