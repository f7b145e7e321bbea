"""How much every part sees of other factors' clicks: more where they tell something, little where they do not."""

import numpy as np
import pytest
from conftest import tiny_settings
from scipy.sparse import csr_matrix

from macrid.training import context
from macrid.training.start import untrained

FACTORS = np.eye(2)[[0] * 30 + [1] * 15]  # of 30 items and 15
ROUTING = np.where(FACTORS > 0, 0.99, 0.01)


def clicks_of(together: bool) -> csr_matrix:
    """People who like one of fifteen pairs of items in the first factor and click one item or none of the second: that of
    their pair, or any. No other click of the second factor can foretell it, only those of the first."""
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(1500):
        liked = rng.integers(15)
        row = np.zeros(45)
        row[[2 * liked, 2 * liked + 1]] = rng.random(2) < 0.8
        row[30 + (liked if together else rng.integers(15))] = rng.random() < 0.7
        rows.append(row)
    return csr_matrix(np.stack(rows), dtype=np.float32)


@pytest.mark.parametrize("seed", range(2))
def test_more_where_factors_tell_of_each_other(seed):
    assert context.choose(clicks_of(together=True), ROUTING, seed) == context.MORE
    assert context.choose(clicks_of(together=False), ROUTING, seed) == context.LITTLE


def test_too_few_people_tell_nothing():
    assert context.choose(clicks_of(together=True)[:9], ROUTING, 0) == context.LITTLE


def test_a_training_begins_with_what_was_chosen(tiny_split, monkeypatch):
    monkeypatch.setattr(context, "choose", lambda clicks, routing, seed: 0.25)
    assert untrained(tiny_split.train, tiny_settings(context=None)).settings.context == 0.25
    assert untrained(tiny_split.train, tiny_settings(context=0.5)).settings.context == 0.5
