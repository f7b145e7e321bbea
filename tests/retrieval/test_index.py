"""The index itself, where faiss is installed: what it finds against all items scored, one after the other."""

import numpy as np
import pytest
from conftest import contents

from macrid.bundle import INDEX, add_index, load, save
from macrid.retrieval import index as indexes
from macrid.retrieval.index import ItemIndex, Scored, grow

pytest.importorskip("faiss")


@pytest.fixture(scope="module")
def scored():
    """3,000 items around 60 places, K = 3, D = 8; some shares are 0."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((60, 8))[rng.integers(0, 60, 3000)] + 0.2 * rng.standard_normal((3000, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    share = rng.dirichlet([0.3] * 3, 3000)
    share[:10] = 1, 0, 0
    with np.errstate(divide="ignore"):
        return Scored(vectors, np.log(share).astype(np.float32), -rng.random(3000).astype(np.float32), 10.0)


@pytest.fixture(scope="module")
def found(scored):
    return ItemIndex(scored, grow(scored))


def test_the_best_items_of_every_factor_are_found(scored, found):
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(5):
        parts = rng.standard_normal((1, 3, 8)).astype(np.float32)
        parts /= np.linalg.norm(parts, axis=2, keepdims=True)
        listed = found.near(parts, 20, np.array([7, 2999]))
        assert {7, 2999} <= set(listed.tolist()) <= set(range(3000))
        assert list(listed) == sorted(set(listed.tolist()))
        for k in range(3):
            score = np.array([10 * parts[0, k] @ h for h in scored.vectors]) + scored.log_c[:, k] + scored.bias
            hits += len(np.intersect1d(np.argsort(-score)[:20], listed))
    assert len(found) == 3000
    assert hits >= 0.99 * 300


def test_clusters_are_the_same_again_and_know_their_items(scored):
    first, again = grow(scored), grow(scored)
    assert np.array_equal(first.of, again.of)
    moved = Scored(scored.vectors[::-1], scored.log_c[::-1], scored.bias[::-1], scored.scale)
    assert first.fingerprint == again.fingerprint == scored.fingerprint != moved.fingerprint


def test_a_bundle_of_many_items_gets_its_index_and_lists_by_it(bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(indexes, "WORTH", 100)
    save(tmp_path / "b", contents(bundle))
    opened = load(tmp_path / "b")
    person = bundle.people[0]
    assert opened.index is not None
    assert list(opened.steer(user=person).after["index"]) == list(bundle.steer(user=person).after["index"])
    assert not add_index(opened)  # it fits
    (tmp_path / "b" / INDEX).unlink()
    assert load(tmp_path / "b").index is None
    assert add_index(load(tmp_path / "b"))
    assert load(tmp_path / "b").clusters.fingerprint == opened.clusters.fingerprint
