"""The benchmarks of sampled items and of several processes, in small."""

import numpy as np
import pytest
from conftest import tiny_settings

from macrid.training.start import untrained


def test_the_error_of_a_gradient_is_none_with_all_items(benchmark, tiny_split):
    sampled = benchmark("sampled")
    model = untrained(tiny_split.train, tiny_settings(nogb=True, dropout_prob=0.0), 0)
    items = tiny_split.train.shape[1]
    some, every = (sampled.gradient_error(model, tiny_split, count) for count in (items // 4, items))
    assert model.sampler is None
    assert abs(every["nll_error"]) < 1e-3
    for which in ("items", "encoder"):
        assert every[which]["cosine"] == pytest.approx(1, abs=1e-4)
        assert every[which]["length"] == pytest.approx(1, abs=1e-3)
        assert some[which]["cosine"] < some[which]["of_mean"][0] <= 1
    assert sampled.report([], [some, every]).count("\n") > 4


def test_clicks_of_a_step(benchmark):
    step = benchmark("sampled_step")
    clicks = step.drawn(1000, 50)
    assert clicks.shape == (50, 1000)
    assert set(clicks.data) == {1.0}
    assert 8 <= np.diff(clicks.indptr).mean() <= 40
