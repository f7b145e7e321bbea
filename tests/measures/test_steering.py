"""Measures of steering on cases small enough to work out by hand, and against sums and loops."""

import numpy as np
import pytest
from conftest import random_clicks
from hypothesis import given, settings
from hypothesis import strategies as st

from macrid.measures import ranking, steering


def test_monotonicity_by_hand():
    up, down, still = [1.0, 2, 3, 5], [4.0, 3, 2, 1], [2.0, 2, 2, 2]
    assert steering.monotonicity(np.array([up])) == pytest.approx(1)
    assert steering.monotonicity(np.array([up, down])) == pytest.approx(1)
    assert steering.monotonicity(np.array([still])) == 0
    assert steering.monotonicity(np.array([up, still])) == pytest.approx(0.5)
    # ranks 2, 1, 4, 3: differences 1, 1, 1, 1: rho = 1 - 6 * 4 / (4 * 15)
    assert steering.monotonicity(np.array([[2.0, 1, 9, 8]])) == pytest.approx(0.6)
    assert steering.monotonicity(np.array([[1.0, 3, 3, 1]])) == pytest.approx(0)  # there and back


def test_monotonicity_is_spearmans():
    from scipy.stats import spearmanr

    curves = np.random.default_rng(0).integers(0, 6, (40, 9)).astype(float)  # with ties
    assert steering.monotonicity(curves) == pytest.approx(np.mean([abs(spearmanr(np.arange(9), c)[0]) for c in curves]))
    assert steering.monotonicity(curves**3 - 7) == pytest.approx(steering.monotonicity(curves))  # only the order counts


def test_leakage_by_hand():
    first = np.array([[0.0, 1, 5], [2, 1, 5], [4, 0, 6]])  # ranges 4, 1, 1
    second = np.array([[0.0, 3, 5], [0, 3, 5], [3, 1, 5]])  # ranges 3, 2, 0
    curves = np.stack([first, second])
    assert steering.leakage(curves, np.array([0, 1])) == pytest.approx(((1 + 1 + 3 + 0) / 4) / ((4 + 2) / 2))
    assert steering.leakage(curves[:1], np.array([0])) == pytest.approx(1 / 4)
    still = np.stack([np.arange(4.0), np.ones(4)], axis=1)[None]
    assert steering.leakage(still, np.array([0])) == 0
    assert steering.leakage(np.stack([np.arange(4.0)] * 3, axis=1)[None], np.array([1])) == pytest.approx(1)
    assert np.isnan(steering.leakage(still, np.array([1])))  # the meant one never moves
    assert np.isnan(steering.leakage(still[:, :, :1], np.array([0])))  # there is no other
    unknown = curves.copy()
    unknown[0, :, 2] = np.nan
    assert steering.leakage(unknown, np.array([0, 1])) == pytest.approx(((1 + 3 + 0) / 3) / 3)


def test_ndcg_of_lists_by_hand():
    lists = np.array([[2, 0, 1], [0, 1, 3], [3, 2, 1]])
    relevant = np.array([[0, 1, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]], bool)
    # first: hits at ranks 1 and 3 of two relevant ones; second: nothing is relevant; third: all are
    np.testing.assert_allclose(steering.list_ndcg(lists, relevant), [1.5 / (1 + 1 / np.log2(3)), np.nan, 1])


def test_ndcg_of_lists_is_that_of_scores():
    rng = np.random.default_rng(0)
    scores, answers = rng.random((20, 30)), random_clicks(20, 30, 0.2, 1)
    expected = ranking.ndcg_at(ranking.hits(scores, answers, 7), np.maximum(np.diff(answers.indptr), 1), 7)
    found = steering.list_ndcg(ranking.top_k(scores, 7), answers.toarray() > 0)
    some = np.diff(answers.indptr) > 0
    np.testing.assert_allclose(found[some], expected[some])
    assert np.isnan(found[~some]).all()


def test_trade_off_area_by_hand():
    # gains 0, 1/2, 1 of what there is to gain, keeping 1, 1/2, 1/4: two trapezoids
    personal, segment = np.array([0.4, 0.2, 0.1]), np.array([0.2, 0.6, 1.0])
    assert steering.trade_off_area(personal, segment) == pytest.approx(0.5 * 0.75 + 0.5 * 0.375)
    assert steering.trade_off_area(personal[:2], segment[:2]) == pytest.approx(0.5 * 0.75)  # the rest is not reached
    assert steering.trade_off_area(np.full(3, 0.4), segment) == pytest.approx(1)  # nothing is lost
    assert steering.trade_off_area(personal, np.full(3, 0.2)) == 0  # nothing is gained
    assert steering.trade_off_area(personal, np.array([0.2, 0.1, 0.0])) == 0


def test_trade_off_area_knows_no_order_and_no_bad_strengths():
    personal, segment = np.array([0.4, 0.2, 0.1]), np.array([0.2, 0.6, 1.0])
    area = steering.trade_off_area(personal, segment)
    assert steering.trade_off_area(personal[[0, 2, 1]], segment[[0, 2, 1]]) == pytest.approx(area)
    worse = np.append(personal, 0.05), np.append(segment, 0.5)  # nobody would choose it
    more = steering.trade_off_area(np.append(personal, 0.39), np.append(segment, 0.6))
    assert steering.trade_off_area(*worse) <= area + 1e-12
    assert steering.trade_off_area(*worse) == pytest.approx(area, abs=0.05)
    assert more > area


def envelope(personal, segment, steps=200_000):
    """The area by a fine sum over heights of the broken line through the points that no other beats, from the definition."""
    points = sorted(((s - segment[0]) / (1 - segment[0]), p / personal[0]) for p, s in zip(personal, segment, strict=True))
    best = [(max(x, 0), max(y for other, y in points if other >= x)) for x, _ in points]
    at = (np.arange(steps) + 0.5) / steps
    heights = np.interp(at, [x for x, _ in best], [y for _, y in best])
    return np.where(at <= best[-1][0], heights, 0).mean()


@given(st.lists(st.tuples(st.floats(0.01, 1), st.floats(0, 0.99)), min_size=1, max_size=8))
@settings(max_examples=50, deadline=None)
def test_trade_off_area_against_a_sum(points):
    personal, segment = np.array(points).T
    assert steering.trade_off_area(personal, segment) == pytest.approx(envelope(personal, segment), rel=1e-3, abs=1e-3)


def test_gain_at_loss_by_hand():
    personal, segment = np.array([0.5, 0.48, 0.42, 0.1]), np.array([0.1, 0.2, 0.4, 0.9])
    assert steering.gain_at_loss(personal, segment) == pytest.approx(3)  # 0.45 lies half way from 0.48 to 0.42
    assert steering.gain_at_loss(personal, segment, loss=1) == pytest.approx(9)  # never lost
    assert steering.gain_at_loss(personal, segment, loss=0) == pytest.approx(1)
    assert steering.gain_at_loss(personal, segment[::-1]) == pytest.approx(1)  # it only falls
    assert steering.gain_at_loss(personal, np.array([0, 0.1, 0.2, 0.3])) == np.inf
    back = steering.gain_at_loss(np.append(personal, 0.5), np.append(segment, 1.0))
    assert back == pytest.approx(3)  # what comes after the loss does not count


def test_attribute_share_by_hand():
    genre = np.array([1, 0, 1, np.nan, np.nan])
    lists = np.array([[0, 1], [0, 2], [2, 3], [3, 4]])
    np.testing.assert_allclose(steering.attribute_share(lists, genre), [0.5, 1, 1, np.nan])


def test_regret_by_hand_and_against_loops():
    worth = np.array([[0.1, 0.9, 0.5, 0.4], [0.2, -np.inf, 0.6, 0.0]])
    np.testing.assert_allclose(steering.regret(worth, np.array([[1, 2], [0, 3]])), [0, 0.4 - 0.1])
    rng = np.random.default_rng(0)
    worth, lists = rng.random((20, 30)), np.stack([rng.permutation(30)[:7] for _ in range(20)])
    expected = [np.mean(sorted(w)[-7:]) - np.mean([w[i] for i in row]) for w, row in zip(worth, lists, strict=True)]
    np.testing.assert_allclose(steering.regret(worth, lists), expected)
    np.testing.assert_allclose(steering.regret(worth, ranking.top_k(worth, 30)), 0, atol=1e-12)
