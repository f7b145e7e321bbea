"""Measures of ranking on cases small enough to work out by hand, and against plain loops."""

import numpy as np
import pytest
from conftest import binary, random_clicks
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from macrid.measures import ranking


def full_sort(row, k):
    """The reference for every cut-off: best first, ties by the lower column."""
    return sorted(range(len(row)), key=lambda i: (-row[i], i))[:k]


@given(arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 40)),
              elements=st.sampled_from([0.0, 1.0, 2.0, -np.inf])), st.integers(1, 45))
@settings(max_examples=100, deadline=None)
def test_top_k_is_a_full_sort_with_ties_to_the_lower_column(scores, k):
    np.testing.assert_array_equal(ranking.top_k(scores, k), [full_sort(row, k) for row in scores])


def test_top_k_of_many_ties():
    scores = np.zeros((2, 1000), np.float32)
    scores[0, [400, 800]] = 1
    np.testing.assert_array_equal(ranking.top_k(scores, 5), [[400, 800, 0, 1, 2], [0, 1, 2, 3, 4]])


def test_hits():
    # order of the first person: 2, 0, 3, 1; of the second: 0, 1, 2, 3
    scores = np.array([[3, 1, 4, 2], [9, 8, 7, 6]], np.float32)
    np.testing.assert_array_equal(ranking.hits(scores, binary([[0, 1], [3]], 4), 3), [[0, 1, 0], [0, 0, 0]])
    assert ranking.hits(scores, binary([[0], [3]], 4), 6).shape == (2, 6)  # a shorter catalogue: the rest are misses
    assert ranking.hits(scores, binary([[0], [3]], 4), 6).sum() == 2


def test_ndcg_by_hand():
    hit = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 1]], bool)
    # 1: (1 + 1/2) / (1 + 1/log2 3) with 2 answers; 2: (1/log2 3) / 1 with 1; 3: 0; 4: perfect, though 9 answers exist
    expected = [1.5 / (1 + 1 / np.log2(3)), 1 / np.log2(3), 0, 1]
    np.testing.assert_allclose(ranking.ndcg_at(hit, np.array([2, 1, 4, 9]), 3), expected)


def test_recall_by_hand():
    hit = np.array([[1, 0, 1], [0, 1, 0]], bool)
    np.testing.assert_allclose(ranking.recall_at(hit, np.array([2, 6]), 3), [1, 1 / 3])  # over min(3, n)
    np.testing.assert_allclose(ranking.recall_at(hit, np.array([2, 6]), 3, truncated=False), [1, 1 / 6])  # over n
    np.testing.assert_allclose(ranking.recall_at(hit, np.array([2, 6]), 1), [1, 0])


def test_precision_and_reciprocal_rank_by_hand():
    hit = np.array([[0, 0, 1], [1, 1, 0], [0, 0, 0]], bool)
    np.testing.assert_allclose(ranking.precision_at(hit, 3), [1 / 3, 2 / 3, 0])
    np.testing.assert_allclose(ranking.reciprocal_rank_at(hit, 3), [1 / 3, 1, 0])
    np.testing.assert_allclose(ranking.reciprocal_rank_at(hit, 2), [0, 1, 0])


@pytest.mark.parametrize("k", [1, 7, 100])
def test_ranking_metrics_against_loops(k):
    rng = np.random.default_rng(0)
    scores, answers = rng.random((20, 30)).astype(np.float32), random_clicks(20, 30, 0.2, 1)
    answers[np.flatnonzero(np.diff(answers.indptr) == 0), 0] = 1
    hit, n = ranking.hits(scores, answers, k), np.diff(answers.indptr)
    for u in range(20):
        wanted = set(answers[u].indices)
        found = [i in wanted for i in full_sort(scores[u], k)]
        gain = sum(1 / np.log2(r + 2) for r, is_hit in enumerate(found) if is_hit)
        best = sum(1 / np.log2(r + 2) for r in range(min(k, len(wanted))))
        assert ranking.ndcg_at(hit, n, k)[u] == pytest.approx(gain / best)
        assert ranking.recall_at(hit, n, k)[u] == pytest.approx(sum(found) / min(k, len(wanted)))
        assert ranking.precision_at(hit, k)[u] == pytest.approx(sum(found) / k)
        assert ranking.reciprocal_rank_at(hit, k)[u] == pytest.approx(1 / (found.index(True) + 1) if any(found) else 0)


def test_a_perfect_ranking_has_one_everywhere():
    answers = binary([[0, 3, 5], [1]], 8)
    hit, n = ranking.hits(answers.toarray(), answers, 5), np.array([3, 1])
    assert ranking.ndcg_at(hit, n, 5).tolist() == ranking.recall_at(hit, n, 5).tolist() == [1, 1]
    assert ranking.reciprocal_rank_at(hit, 5).tolist() == [1, 1]
