"""Means with their errors and paired differences, by hand."""

import numpy as np
import pytest

from macrid.measures import statistics


def test_mean_and_error():
    # deviations -1, 0, 1: variance 2 / 2 = 1, error 1 / sqrt 3
    assert statistics.mean_and_error(np.array([1.0, 2, 3])) == pytest.approx((2, 3**-0.5))


def test_paired_difference_by_hand():
    found = statistics.paired_difference(np.array([1.0, 2, 3, 4]), np.array([0.0, 2, 2, 5]))
    assert found["mean"] == 0.25
    assert found["se"] == pytest.approx(np.std([1, 0, 1, -1], ddof=1) / 2)
    assert not found["significant"]
    same = np.arange(3.0)
    assert statistics.paired_difference(same, same) == {"mean": 0.0, "se": 0.0, "p": 1.0, "significant": False}
    assert statistics.paired_difference(same, same - 1) == {"mean": 1.0, "se": 0.0, "p": 0.0, "significant": True}
