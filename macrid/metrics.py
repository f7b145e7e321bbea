"""Measures of ranking, of disentanglement and of steering: pure functions on arrays."""

import numpy as np
from scipy.sparse import csr_matrix
from scipy.stats import rankdata
from scipy.stats import t as student
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score


def top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """The columns of the k highest scores of each row, best first: (B, M) -> (B, min(k, M)). Ties go to the lower column."""
    k = min(k, scores.shape[1])
    least = np.partition(scores, -k, axis=1)[:, -k, None]  # (B, 1); far faster than argpartition
    taken = scores >= least
    tied = np.flatnonzero(taken.sum(axis=1) > k)  # of those equal to the least only the first
    if len(tied):
        above, level = scores[tied] > least[tied], scores[tied] == least[tied]
        taken[tied] = above | (level & (level.cumsum(axis=1) <= k - above.sum(axis=1, keepdims=True)))
    found = (np.flatnonzero(taken) % scores.shape[1]).reshape(len(scores), k)  # faster than nonzero()
    order = np.argsort(-np.take_along_axis(scores, found, axis=1), axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1)


def hits(scores: np.ndarray, answers: csr_matrix, k: int) -> np.ndarray:
    """Which of the k best-scored items of each person are answers, best first: (B, M), binary (B, M) -> bool (B, k)."""
    top = top_k(scores, k)
    found = np.zeros((len(top), k), bool)
    found[:, : top.shape[1]] = np.take_along_axis(answers.toarray() > 0, top, axis=1)
    return found


def ndcg_at(hit: np.ndarray, n_answers: np.ndarray, k: int) -> np.ndarray:
    """NDCG@k (B,) = sum_r hit_r / log2(r + 1) over that of a perfect list, which has min(k, n) hits first (r from 1)."""
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(n_answers, k)]
    return hit[:, :k] @ discount / ideal


def recall_at(hit: np.ndarray, n_answers: np.ndarray, k: int, truncated: bool = True) -> np.ndarray:
    """Recall@k (B,) = hits in the first k, divided by min(k, n); by n where `truncated` is False, as RecBole does."""
    return hit[:, :k].sum(axis=1) / (np.minimum(n_answers, k) if truncated else n_answers)


def precision_at(hit: np.ndarray, k: int) -> np.ndarray:
    """Precision@k (B,) = hits in the first k, divided by k."""
    return hit[:, :k].sum(axis=1) / k


def reciprocal_rank_at(hit: np.ndarray, k: int) -> np.ndarray:
    """1 / rank of the first hit within the first k (B,), 0 if there is none; its mean is MRR@k."""
    first = hit[:, :k].argmax(axis=1)
    return np.where(hit[:, :k].any(axis=1), 1 / (first + 1), 0.0)


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """The mean over people and its standard error, s / sqrt(n) with s of n - 1 degrees of freedom."""
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else float("nan")
    return float(values.mean()), float(error)


def paired_difference(mine: np.ndarray, other: np.ndarray) -> dict[str, float | bool]:
    """mine (n,) less other (n,), the same people in the same order: mean and se of the differences, p of a two-sided paired
    t-test (Student, 1908) and whether p < 0.05 (significant). Far sharper than two standard errors, since hard people are
    hard for every recommender."""
    mean, se = mean_and_error(mine - other)
    p = float(2 * student.sf(abs(mean) / se, len(mine) - 1)) if se > 0 else float(mean == 0)
    return {"mean": mean, "se": se, "p": p, "significant": p < 0.05}


def agreement(factor: np.ndarray, category: np.ndarray) -> dict[str, float]:
    """How well factors (M,) match categories (M,): nmi and ari as in scikit-learn (arithmetic mean of the entropies), and
    purity = the share of items whose category is the most frequent one of their factor."""
    table = np.zeros((factor.max() + 1, category.max() + 1))
    np.add.at(table, (factor, category), 1)
    return {"nmi": float(normalized_mutual_info_score(category, factor)),
            "ari": float(adjusted_rand_score(category, factor)),
            "purity": float(table.max(axis=1).sum() / table.sum())}


def prototype_match(prototypes: np.ndarray, vectors: np.ndarray, category: np.ndarray) -> int:
    """How well K prototypes (K, D) match K categories, 0 to 3, as the paper's release counts it before it draws its figure.

    By cosine of the prototypes with the mean direction of each category's items, vectors (M, D), category (M,): one point if
    every category has a nearest prototype of its own, one if every prototype has a nearest category of its own, and one
    more if both agree on the pairs.
    """
    kfac = len(prototypes)
    if category.max() + 1 != kfac:
        raise ValueError(f"{kfac} prototypes cannot be matched one to one with {category.max() + 1} categories")
    centres = np.zeros_like(prototypes, dtype=np.float64)
    np.add.at(centres, category, _unit(vectors))
    cosine = _unit(prototypes) @ _unit(centres).T  # (K prototypes, K categories)
    category_of, prototype_of = cosine.argmax(axis=1), cosine.argmax(axis=0)
    own = [len(set(found.tolist())) == kfac for found in (prototype_of, category_of)]
    return sum(own) + (all(own) and bool((prototype_of[category_of] == np.arange(kfac)).all()))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def effective_factors(factor: np.ndarray) -> float:
    """exp of the entropy of the factors' use by the items (M,): K if all are used alike, 1 if one takes everything."""
    share = np.bincount(factor) / len(factor)
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum()))


def independence(parts: np.ndarray) -> float:
    """1 - 2 / (D (D - 1)) sum_{i<j} |corr_ij| of a part's dimensions over people, mean over factors: (n, K, D) -> number.

    1 if no two dimensions go together, 0 if all do (Ma et al., 2019, section 4.3). A dimension that does not vary counts
    as uncorrelated.
    """
    dims = parts.shape[2]
    upper = np.triu_indices(dims, 1)
    per_factor = []
    for k in range(parts.shape[1]):
        centred = parts[:, k] - parts[:, k].mean(axis=0)  # (n, D)
        scale = np.sqrt((centred**2).sum(axis=0))
        unit = centred / np.where(scale > 1e-12, scale, np.inf)
        per_factor.append(1 - np.abs((unit.T @ unit)[upper]).mean())
    return float(np.mean(per_factor))


def monotonicity(curves: np.ndarray) -> float:
    """Mean over curves of |Spearman's rho| between the positions of a dial and what the list shows there: 1 if it only rises
    or only falls, 0 if it stays the same or goes to and fro.

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
    sweep is to move. A list of ten items moves a little at every turn, so that even perfect dials stay above 0. NaN with
    one attribute alone, or where the meant ones never move; an attribute that is NaN in a sweep does not count there.
    (Defined here; a quotient of means, not a mean of quotients, as a person whose list hardly moves would otherwise decide
    it.)
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
