"""Measures of ranking: pure functions on arrays."""

import numpy as np
from scipy.sparse import csr_matrix


def top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """The columns of the k highest scores of each row, best first: (B, M) -> (B, min(k, M)). Ties go to the lower column."""
    k = min(k, scores.shape[1])
    least = np.partition(scores, -k, axis=1)[:, -k, None]  # (B, 1); far faster than argpartition
    taken = scores >= least
    tied = np.flatnonzero(taken.sum(axis=1) > k)  # of the items equal to the least only the first
    if len(tied):
        above, level = scores[tied] > least[tied], scores[tied] == least[tied]
        taken[tied] = above | (level & (level.cumsum(axis=1) <= k - above.sum(axis=1, keepdims=True)))
    columns = (np.flatnonzero(taken) % scores.shape[1]).reshape(len(scores), k)  # faster than nonzero()
    order = np.argsort(-np.take_along_axis(scores, columns, axis=1), axis=1, kind="stable")
    return np.take_along_axis(columns, order, axis=1)


def hits(scores: np.ndarray, answers: csr_matrix, k: int) -> np.ndarray:
    """Which of the k best-scored items of each person are answers, best first: (B, M), binary (B, M) -> bool (B, k)."""
    return are_answers(top_k(scores, k), answers, k)


def are_answers(top: np.ndarray, answers: csr_matrix, k: int) -> np.ndarray:
    """Which items of lists top (B, at most k) are answers, binary (B, M): bool (B, k)."""
    hit = np.zeros((len(top), k), bool)
    row, column = answers.nonzero()
    first = np.arange(len(top))[:, None] * answers.shape[1]  # a number for each pair of a person and an item
    hit[:, : top.shape[1]] = np.isin(first + top, row * np.int64(answers.shape[1]) + column)
    return hit


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


