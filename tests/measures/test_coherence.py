"""Coherence: perfect blocks, factors that mean nothing, a slow loop from the words, what cannot be measured, its error."""

import numpy as np
import pytest
from conftest import random_clicks
from scipy.sparse import csr_matrix

from macrid.measures import coherence as measure
from macrid.measures.coherence import coherence


def blocks(people=300, groups=4, each=30, inside=0.5, outside=0.02, seed=0):
    """People who click half of one group's items and hardly any other: clicks (n, M), the group of each item (M,)."""
    rng = np.random.default_rng(seed)
    group, item = rng.integers(0, groups, people), np.repeat(np.arange(groups), each)
    share = np.where(group[:, None] == item, inside, outside)
    return csr_matrix((rng.random(share.shape) < share).astype(np.float32)), item


def test_perfect_blocks_are_near_one_and_factors_without_meaning_at_a_third():
    clicks, group = blocks()
    assert coherence(group, clicks).mean > 0.95
    shuffled = np.array([coherence(np.random.default_rng(seed).permutation(group), clicks, seed).mean for seed in range(20)])
    assert shuffled.mean() == pytest.approx(1 / 3, abs=4 * shuffled.std() / 20**0.5)
    assert shuffled.mean() == pytest.approx(1 / 3, abs=0.03)


def test_chance_is_a_third_whatever_the_popularity():
    """Items of very different popularity, nobody with a taste, factors that go with popularity."""
    rng = np.random.default_rng(0)
    share = np.geomspace(0.5, 0.01, 400)
    clicks = csr_matrix((rng.random((600, 400)) < share).astype(np.float32))
    found = coherence(np.arange(400) * 5 // 400, clicks)
    assert found.mean == pytest.approx(1 / 3, abs=4 * found.se)


def test_merged_and_split_blocks_are_less_coherent():
    clicks, group = blocks(groups=6)
    assert coherence(group // 2, clicks).mean < coherence(group, clicks).mean - 0.1
    within = np.arange(len(group)) % 2
    assert coherence(2 * group + within, clicks).mean < coherence(group, clicks).mean


def slow(factor, clicks):
    """The share from its words: all triples, one after another."""
    x = clicks.toarray() > 0
    n, size = len(x), x.sum(axis=0)
    items = [i for i in range(len(size)) if size[i] >= measure.LEAST_CLICKS]
    count = min(10, max(1, len(items) // measure.BAND_ITEMS))
    edges = [np.quantile(size[items], b / count) for b in range(1, count)]
    band = {i: sum(size[i] >= edge for edge in edges) for i in items}

    def lift(a, b):
        return n * int((x[:, a] & x[:, b]).sum()) / (int(size[a]) * int(size[b]))

    shares = []
    for i in items:
        mates = [j for j in items if j != i and band[j] == band[i] and factor[j] == factor[i]]
        others = [o for o in items if band[o] == band[i] and factor[o] != factor[i]]
        values = []
        for j in mates:
            for o in others:
                pair, *rest = lift(i, j), lift(i, o), lift(j, o)
                values.append(0 if max(rest) > pair + 1e-12 else 1 / (1 + sum(abs(r - pair) <= 1e-12 for r in rest)))
        if values:
            shares.append(np.mean(values))
    return np.mean(shares)


@pytest.mark.parametrize("made", [lambda: blocks(60, 3, 20, 0.4, 0.1), lambda: (random_clicks(40, 60), np.arange(60) % 4),
                                  lambda: (random_clicks(30, 90, 0.2), np.arange(90) // 89)])
def test_it_is_what_a_slow_loop_finds(made):
    clicks, factor = made()
    found = [coherence(factor, clicks, seed).mean for seed in range(4)]
    assert np.mean(found) == pytest.approx(slow(factor, clicks), abs=4 * 0.5 / 80_000**0.5)


def test_names_of_factors_and_the_order_of_people_do_not_matter():
    clicks, group = blocks(outside=0.1)
    same = coherence(group, clicks).mean
    assert coherence(np.array([3, 9, 1, 4])[group], clicks).mean == pytest.approx(same, abs=0.015)  # other triples
    order = np.random.default_rng(1).permutation(clicks.shape[0])
    assert coherence(group, clicks[order]).mean == same
    assert coherence(group, clicks, seed=5) == coherence(group, clicks, seed=5)


def test_pairs_counted_in_pieces(monkeypatch):
    clicks, group = blocks()
    whole = coherence(group, clicks)
    monkeypatch.setattr(measure, "CLICKS_AT_ONCE", 1000)
    assert coherence(group, clicks) == whole


def test_its_error_is_the_spread_over_people():
    found = [coherence(item, clicks, triples=5_000)
             for clicks, item in (blocks(150, outside=0.15, inside=0.35, seed=seed) for seed in range(40))]
    spread = np.std([one.mean for one in found], ddof=1)
    assert 0.6 < np.mean([one.se for one in found]) / spread < 1.7


@pytest.mark.parametrize(("factor", "clicks"), [
    (np.zeros(120, int), blocks()[0]),  # one factor
    (np.arange(120), blocks()[0]),  # nobody has a mate
    (blocks()[1], blocks()[0][:9]),  # too few people
    (blocks()[1], csr_matrix((50, 120), dtype=np.float32)),  # no clicks
    (blocks()[1], blocks(60, inside=0.05, outside=0.0)[0])])  # too few clicks of any item
def test_what_cannot_be_measured(factor, clicks):
    if clicks.nnz and clicks.shape[0] == 60:
        clicks = csr_matrix(clicks.multiply(np.asarray(clicks.sum(axis=0)) < measure.LEAST_CLICKS))
    found = coherence(factor, clicks)
    assert np.isnan([found.mean, found.se]).all()
