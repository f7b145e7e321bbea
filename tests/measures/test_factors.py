"""Measures of factors and of user vectors on cases small enough to work out by hand."""

import numpy as np
import pytest

from macrid.measures import factors


def test_agreement():
    category = np.array([0, 0, 1, 1, 2, 2])
    renamed = np.array([2, 2, 0, 0, 1, 1])
    assert factors.agreement(renamed, category) == pytest.approx({"nmi": 1, "ari": 1, "purity": 1})
    one = factors.agreement(np.zeros(6, int), category)
    assert one == pytest.approx({"nmi": 0, "ari": 0, "purity": 1 / 3}, abs=1e-12)
    # factors {0, 0, 1} and {1, 2, 2}: two of three right in each
    assert factors.agreement(np.array([0, 0, 0, 1, 1, 1]), category)["purity"] == pytest.approx(4 / 6)
    rng = np.random.default_rng(0)
    scrambled = factors.agreement(rng.integers(0, 4, 20_000), rng.integers(0, 4, 20_000))
    assert max(scrambled["nmi"], scrambled["ari"]) < 0.01


def test_effective_factors():
    assert factors.effective_factors(np.arange(70) % 7) == pytest.approx(7)
    assert factors.effective_factors(np.full(10, 3)) == pytest.approx(1)
    # shares 1/2, 1/4, 1/4: entropy 1.5 log 2
    assert factors.effective_factors(np.array([0, 0, 5, 2])) == pytest.approx(2**1.5)


def test_certainty_is_that_of_the_middle_item():
    c = np.array([[0.2, 0.8], [0.5, 0.5], [0.3, 0.7]])
    assert factors.certainty(np.log(c)) == pytest.approx(0.7)
    assert factors.certainty(np.full((9, 4), np.log(1 / 4))) == pytest.approx(1 / 4)
    assert factors.certainty(np.array([[0.0, -np.inf]])) == 1


def test_independence():
    x = np.array([-1.0, 0, 1, 0])
    y = np.array([0.0, 1, 0, -1])  # uncorrelated with x
    assert factors.independence(np.stack([x, y], axis=1)[:, None]) == pytest.approx(1)
    assert factors.independence(np.stack([x, -3 * x + 2], axis=1)[:, None]) == pytest.approx(0)
    # pairs (x, x), (x, y), (x, y): one of three correlates; the second factor is independent: mean of 2/3 and 1
    parts = np.stack([np.stack([x, x, y], 1), np.stack([x, y, np.ones(4)], 1)], axis=1)
    assert factors.independence(parts) == pytest.approx((2 / 3 + 1) / 2)


def test_independence_against_corrcoef():
    parts = np.random.default_rng(0).normal(size=(50, 3, 4)).cumsum(axis=2)
    loops = [1 - 2 / (4 * 3) * sum(abs(np.corrcoef(parts[:, k].T)[i, j]) for i in range(4) for j in range(i + 1, 4))
             for k in range(3)]
    assert factors.independence(parts) == pytest.approx(np.mean(loops))


# prototypes and categories ------------------------------------------------------------------------------------------------


def test_prototypes_that_point_at_their_categories_have_three_points():
    category = np.arange(30) % 3
    vectors = np.eye(3)[category] * np.random.default_rng(0).uniform(1, 9, (30, 1))
    assert factors.prototype_match(np.eye(3)[[2, 0, 1]] * 5, vectors, category) == 3


def test_prototypes_that_share_a_category_have_fewer():
    category = np.arange(30) % 3
    vectors = np.eye(3)[category]
    two = np.array([[1, 0.1, 0], [1, 0, 0.1], [0, 1, 0.0]])  # nobody's nearest category is the third
    assert factors.prototype_match(two, vectors, category) == 1  # but each category has a nearest prototype of its own
    assert factors.prototype_match(np.ones((3, 3)), vectors, category) == 0


def test_prototypes_match_only_as_many_categories():
    with pytest.raises(ValueError, match="2 prototypes cannot be matched one to one with 3 categories"):
        factors.prototype_match(np.eye(3)[:2], np.eye(3), np.arange(3))
