"""Groups of items by people: against the formula, planted groups, what is told, and what is left to find."""

import numpy as np
import pytest
from conftest import random_clicks
from scipy.sparse import csr_matrix

from macrid.measures.factors import agreement
from macrid.training import grouping, seeded, spectral_start


def planted(people=600, groups=4, each=25, seed=0, loyal=0.3):
    """Everybody clicks a third of one group's items and some of any."""
    rng = np.random.default_rng(seed)
    group, category = rng.integers(0, groups, people), np.repeat(np.arange(groups), each)
    share = np.where(group[:, None] == category, loyal, 0.04)
    return csr_matrix((rng.random(share.shape) < share).astype(np.float32)), category


def slow_evidence(x, group, kfac, prior):
    """The formula, person by person and item by item."""
    popularity = x.sum(axis=0)
    usual = np.array([popularity[group == k].sum() for k in range(kfac)]) / x.sum()
    evidence = np.zeros((x.shape[1], kfac))
    for u, i in np.argwhere(x):
        for k in range(kfac):
            rest = x[u].copy()
            if group[i] == k:
                rest[i] = 0  # what they clicked of the item itself
            evidence[i, k] += np.log((rest[group == k].sum() + prior * usual[k]) / ((rest.sum() + prior) * usual[k]))
    return evidence


def test_evidence_is_that_of_the_formula(monkeypatch):
    monkeypatch.setattr(grouping, "PRIORS", (2.0,))
    clicks, group = random_clicks(20, 9, 0.4), np.arange(9) % 3
    found = grouping.regrouped(clicks, group, 3, steps=1)
    wanted = slow_evidence(clicks.toarray().astype(float), group, 3, 2.0)
    np.testing.assert_allclose(found.evidence, wanted, atol=1e-9)
    own = wanted[np.arange(9), group].sum() / clicks.nnz
    assert found.lift == pytest.approx(own)


def test_a_bad_beginning_becomes_the_planted_groups():
    clicks, category = planted()
    rng = np.random.default_rng(1)
    begun = np.where(rng.random(len(category)) < 0.4, rng.integers(0, 4, len(category)), category)
    assert agreement(begun, category)["nmi"] < 0.7
    found = grouping.regrouped(clicks, begun, 4)
    assert agreement(found.group, category)["nmi"] == pytest.approx(1)
    assert found.lift > grouping.regrouped(clicks, begun, 4, steps=1).lift
    shuffled = clicks[:, rng.permutation(100)]
    assert grouping.regrouped(shuffled, category, 4, steps=1).lift < 0.3 * found.lift


def test_what_is_told_stays():
    clicks, category = planted()
    known = np.full(100, -1)
    known[[0, 30]] = 3, 0  # both wrong
    found = grouping.regrouped(clicks, category, 4, known)
    assert found.group[[0, 30]].tolist() == [3, 0]
    near = grouping.affinity(found, known)
    np.testing.assert_array_equal(near[0], [0, 0, 0, 1])
    np.testing.assert_array_equal(near.argmax(axis=1), found.group)


def test_affinity_is_short_where_little_is_known():
    evidence = np.array([[30.0, -10, -10], [0.3, -0.1, -0.1], [0, 0, 0]])
    near = grouping.affinity(grouping.Grouping(evidence, 0.0))
    lengths = np.linalg.norm(near, axis=1)
    assert 1 > lengths[0] > 0.9 > 0.2 > lengths[1] > lengths[2] == 0
    assert near.argmax(axis=1).tolist() == [0, 0, 0]


def test_people_are_drawn_where_there_are_many_clicks(monkeypatch):
    clicks, _ = planted()
    assert grouping.some_people(clicks, np.random.default_rng(0)) is clicks
    monkeypatch.setattr(grouping, "MOST_CLICKS", clicks.nnz // 3)
    some = grouping.some_people(clicks, np.random.default_rng(0))
    assert 0.8 * grouping.MOST_CLICKS < some.nnz <= grouping.MOST_CLICKS


def started(clicks, kfac, known):
    return spectral_start.spectral_start(clicks, kfac, 8, 0, known)


def test_a_few_labels_name_the_groups():
    clicks, category = planted(loyal=0.2)
    wanted = np.array([2, 0, 3, 1])[category]  # in an order of the teller's
    known = np.full(100, -1)
    for k in range(4):
        known[np.flatnonzero(wanted == k)[:3]] = k
    start = started(clicks, 4, known)
    assert (start.affinity.argmax(axis=1) == wanted).mean() > 0.97
    assert start.prototypes.shape == (4, 8)


def test_groups_without_labels_are_found():
    clicks, category = planted()
    known = np.full(100, -1)
    known[category == 2] = np.where(np.arange(25) < 3, 0, -1)  # three of one group
    group = started(clicks, 4, known).affinity.argmax(axis=1)
    assert set(group[category == 2]) == {0}
    assert agreement(group, category)["nmi"] == pytest.approx(1)
    nothing = np.full(100, -1)
    np.testing.assert_array_equal(started(clicks, 4, nothing).affinity, started(clicks, 4, None).affinity)


def test_one_factor_that_is_told():
    clicks, _ = planted()
    known = np.where(np.arange(100) == 5, 0, -1)
    assert set(started(clicks, 1, known).affinity.argmax(axis=1)) == {0}


def test_a_trained_model_is_grouped_anew_without_its_clicks():
    """A model that has joined two of four groups; people of others are few and say little."""
    clicks, category = planted()
    vectors = spectral_start.spectral_vectors(clicks, 8, np.random.default_rng(0))
    joined = np.minimum(category, 2)
    log_c = np.log(np.where(np.eye(3)[joined] > 0, 0.8, 0.1))
    known = np.full(100, -1)
    for k in range(4):
        known[np.flatnonzero(category == k)[:2]] = k
    few, _ = planted(people=30, seed=5)
    assert (seeded.regrouped_anew(few, vectors, log_c, 4, known).group == category).mean() > 0.95
    known[category > 0] = -1  # three are to be found, one of them within a factor
    group = seeded.regrouped_anew(few, vectors, log_c, 4, known).group
    assert set(group[category == 0]) == {0}
    assert agreement(group, category)["nmi"] > 0.9


def test_chances_of_groups_without_an_example():
    vectors, examples = np.eye(4), np.array([2, 2, 0, -1])
    chances = seeded.log_chances(vectors, examples, 4)
    assert chances.shape == (4, 4)
    assert (chances[:, [1, 3]] == seeded.NEVER).all()
    assert chances.argmax(axis=1)[:3].tolist() == [2, 2, 0]
    assert set(seeded.log_chances(vectors, np.where(examples == 2, 3, -1), 4).argmax(axis=1)) == {3}


def test_more_groups_than_different_items_can_be_held():
    clicks, vectors = random_clicks(12, 4, 0.5), np.eye(4)
    log_c = np.log(np.full((4, 2), 0.5))
    found = seeded.regrouped_anew(clicks, vectors, log_c, 7, np.array([0, -1, -1, -1]))
    assert found.evidence.shape == (4, 7)
    assert np.isfinite(grouping.affinity(found)).all()


def test_halves_of_two_bunches():
    vectors = np.concatenate([np.eye(3)[[0] * 4], np.eye(3)[[2] * 6]])
    second = seeded.halves(vectors)
    assert len(set(second[:4])) == len(set(second[4:])) == 1
    assert second[0] != second[-1]
    assert not seeded.halves(vectors[:1]).any()
