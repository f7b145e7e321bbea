"""Measures of steering: pure functions on arrays."""

import numpy as np
from scipy.stats import rankdata

from .ranking import ndcg_at


def monotonicity(curves: np.ndarray) -> float:
    """Mean over curves of |Spearman's rho| between the positions of a dial and what the list shows there: 1 if it only rises
    or only falls, 0 if it stays the same or goes back and forth.

    curves (N, P): for each of N sweeps (of a person along a dial), the mean of the meant attribute over the top of the list
    at P positions from low to high. rho is the correlation of the ranks, ties sharing theirs (Spearman, 1904).
    """
    ranks = rankdata(curves, axis=1)
    ranks = ranks - ranks.mean(axis=1, keepdims=True)
    steps = np.arange(curves.shape[1]) - (curves.shape[1] - 1) / 2
    size = np.sqrt((ranks**2).sum(axis=1) * (steps**2).sum())  # 0 for a list that never changes
    return float(np.mean(np.abs(ranks @ steps) / np.where(size > 0, size, np.inf)))


def leakage(curves: np.ndarray, meant: np.ndarray) -> float:
    """How far the other attributes move while a dial moves the meant one: 0 if not at all, 1 if as far.

        (mean over sweeps and the attributes not meant of range) / (mean over sweeps of the meant attribute's range),

    range = the largest less the smallest over the P positions. curves (N, P, A): the mean of each of A attributes over the
    top of the list, in units of the attribute's standard deviation within the factor; meant (N,): the attribute that each
    sweep is to move. A list of ten items moves a little at every turn, so even perfect dials stay above 0. NaN with one
    attribute alone, or where the meant ones never move; an attribute that is NaN in a sweep does not count there. (Defined
    here; a quotient of means, not a mean of quotients, which a person whose list hardly moves would dominate.)
    """
    ranges = np.ptp(curves, axis=1)  # (N, A)
    own = np.zeros(ranges.shape, bool)
    own[np.arange(len(meant)), meant] = True
    moved, others = ranges[own].mean(), ranges[~own & np.isfinite(ranges)]
    return float(others.mean() / moved) if len(others) and moved > 0 else float("nan")


def list_ndcg(lists: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """NDCG@n (B,) of lists (B, n) of items, best first, towards `relevant` items, bool (B, M); NaN where there are none.

    *Personal* NDCG@20 of steered lists has a person's own held-out items as relevant ones, *segment* NDCG@20 all items with
    the attribute that is asked for, without those seen already, which no list shows. The pair, followed over the strength of
    steering, is what Spišák, Peška, Škoda, Vančura and Alves use in "From Knots to Knobs" (2026, arXiv 2601.11182).
    """
    hit, count = np.take_along_axis(relevant, lists, axis=1), relevant.sum(axis=1)
    return np.where(count > 0, ndcg_at(hit, np.maximum(count, 1), lists.shape[1]), np.nan)


def trade_off_area(personal: np.ndarray, segment: np.ndarray) -> float:
    """The area under the trade-off curve of personal (S,) against segment NDCG (S,), both over S strengths of steering from
    none, [0], upwards: 0 if nothing is gained, 1 if lists fill with the segment and lose nothing; more only if they gain.

    x = (segment_s - segment_0) / (1 - segment_0) is the share of what could be gained, y = personal_s / personal_0 what is
    kept. The curve has over each x the largest y of any strength that gains x or more: which strength somebody would choose,
    and what makes it independent of how a method counts its strengths, so that methods can be compared. The area is by the
    trapezoid rule between x = 0 and the largest x reached; what lies beyond is 0. (Defined here: the area that a set of
    points dominates, as in Zitzler and Thiele's hypervolume, 1999, with straight lines between the points.)
    """
    gained, kept = (segment - segment[0]) / (1 - segment[0]), personal / personal[0]
    order = np.lexsort((kept, gained))  # by gain; of equal ones the best kept last
    gained, kept = gained[order], kept[order]
    kept = np.maximum.accumulate(kept[::-1])[::-1]
    x = np.maximum(gained, 0)  # what is lost towards the segment has no width
    return float(((kept[1:] + kept[:-1]) / 2 * np.diff(x)).sum())


def gain_at_loss(personal: np.ndarray, segment: np.ndarray, loss: float = 0.1) -> float:
    """The largest segment NDCG, as a multiple of that without steering, before personal NDCG has lost the share `loss`.

    personal, segment (S,) over strengths from none, [0], upwards; straight lines between them. inf where there was none.
    """
    floor = (1 - loss) * personal[0]
    below = np.flatnonzero(personal < floor)
    reached = segment[: below[0]] if len(below) else segment
    if len(below):
        a, b = below[0] - 1, below[0]
        share = (personal[a] - floor) / (personal[a] - personal[b])
        reached = np.append(reached, segment[a] + share * (segment[b] - segment[a]))
    return float(reached.max() / segment[0]) if segment[0] > 0 else float("inf")


def attribute_share(lists: np.ndarray, attribute: np.ndarray) -> np.ndarray:
    """The share (B,) of lists of items (B, n) that has a yes/no attribute (M,), 1 or 0, NaN where unknown: the *genre share*
    of a genre. Items of which it is unknown do not count; NaN for a list of nothing else."""
    shown = attribute[lists]  # (B, n)
    known = np.isfinite(shown)
    return np.where(known.any(axis=1), np.where(known, shown, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1), np.nan)


def regret(worth: np.ndarray, lists: np.ndarray) -> np.ndarray:
    """What lists lack against the best possible ones: (B,) = the mean worth of the n best items less that of the list's n.

    worth (B, M): what each item is truly worth to each person (for the simulated shop, the probability that they accept it,
    `shop.acceptance`), minus infinity for items that may not be listed. lists (B, n). 0 for the best list. (The simple
    regret of bandits, of a whole list.)
    """
    n = lists.shape[1]
    best = -np.partition(-worth, n - 1, axis=1)[:, :n]
    return best.mean(axis=1) - np.take_along_axis(worth, lists, axis=1).mean(axis=1)
