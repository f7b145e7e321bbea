"""Maps: a point for every vector, finite, in the frame, the same for the same seed, at any size."""

import sys

import numpy as np
import pytest

from macrid.errors import InputError
from macrid.maps import projections

METHODS = {"pca": lambda v, seed: projections.pca(v), "tsne": lambda v, seed: projections.tsne(v, seed=seed),
           "umap": lambda v, seed: projections.umap(v, seed=seed)}


def groups(n, seed=0):
    rng = np.random.default_rng(seed)
    return (np.eye(8)[np.arange(n) % 3] + 0.05 * rng.normal(size=(n, 8))).astype(np.float32)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 9, 17])
@pytest.mark.parametrize("method", METHODS)
def test_a_finite_point_for_each(method, n):
    vectors = groups(n)
    before = vectors.copy()
    xy = METHODS[method](vectors, 0)
    assert xy.shape == (n, 2)
    assert xy.dtype == np.float32
    assert np.isfinite(xy).all()
    assert np.abs(xy).max() <= 1 + 1e-6
    np.testing.assert_array_equal(vectors, before)


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_groups_stay_together_and_seeds_repeat(method):
    vectors = groups(60)
    xy = METHODS[method](vectors, 3)
    centre = np.stack([xy[k::3].mean(axis=0) for k in range(3)])
    nearest = np.linalg.norm(xy[:, None] - centre, axis=2).argmin(axis=1)
    assert (nearest == np.arange(60) % 3).mean() > 0.95
    np.testing.assert_array_equal(METHODS[method](vectors, 3), xy)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["identical", "two points", "a line"])
def test_degenerate_vectors(method, kind):
    angle = np.linspace(0, 1, 12)[:, None]
    vectors = {"identical": np.ones((12, 4)), "two points": np.eye(4)[np.arange(12) % 2],
               "a line": np.array([[1.0, 0, 0, 0]]) + angle * np.array([[0, 1.0, 0, 0]])}[kind]
    assert np.isfinite(METHODS[method](vectors.astype(np.float32), 0)).all()


def test_pca_keeps_distances_in_a_plane():
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(20, 2)) @ np.linalg.qr(rng.normal(size=(5, 5)))[0][:2]
    xy = projections.pca(plane)
    near, far = (np.linalg.norm(v[:, None] - v, axis=2) for v in (plane, xy))
    np.testing.assert_allclose(far / far.max(), near / near.max(), atol=1e-5)


@pytest.mark.parametrize("mirror", [1, -1])
def test_a_layout_is_turned_onto_another(mirror):
    rng = np.random.default_rng(1)
    onto = projections.pca(rng.normal(size=(30, 5)))
    turn = np.array([[np.cos(2), -np.sin(2)], [np.sin(2) * mirror, np.cos(2) * mirror]])
    more = rng.normal(size=(5, 2)) * 0.1
    found = projections.turned(np.concatenate([onto, more]) @ turn * 0.4, onto)
    assert found.shape == (35, 2)
    size = np.abs(np.concatenate([onto, more])).max()
    np.testing.assert_allclose(found[:30] - found[0], (onto - onto[0]) / size, atol=1e-4)


def test_turning_is_the_best_turn():
    """Against every turn and mirror image on a grid."""
    rng = np.random.default_rng(2)
    points, onto = rng.normal(size=(40, 2)), rng.normal(size=(40, 2))

    def cost(found):
        return ((found / np.linalg.norm(found) - (onto - onto.mean(axis=0)) / np.linalg.norm(onto)) ** 2).sum()

    centred = points - points.mean(axis=0)
    best = min(cost(centred @ np.array([[np.cos(a), -m * np.sin(a)], [np.sin(a), m * np.cos(a)]]))
               for a in np.linspace(0, 2 * np.pi, 720) for m in (1, -1))
    found = projections.turned(points, onto).astype(float)
    assert cost(found - found.mean(axis=0)) <= best + 1e-4


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_a_layout_begins_where_it_is_told(method):
    """Groups that start in other corners end in other corners."""
    vectors = groups(60)
    corners = np.array([[-1, -1], [1, -1], [0, 1]], np.float32)
    one, other = (getattr(projections, method)(vectors, "cosine", 0, c[np.arange(60) % 3]) for c in (corners, -corners))
    centres = [np.stack([xy[k::3].mean(axis=0) for k in range(3)]).ravel() for xy in (one, other)]
    assert centres[0] @ corners.ravel() > 0 > centres[1] @ corners.ravel()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_nearest_that_umap_is_given_are_the_nearest(metric):
    vectors = np.random.default_rng(0).normal(size=(40, 5))
    vectors[7] = vectors[3]  # a twin is not taken for the vector itself
    index, distance, _ = projections._nearest(vectors, 6, metric)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    every = 1 - unit @ unit.T if metric == "cosine" else np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    np.testing.assert_array_equal(index[:, 0], np.arange(40))  # itself the first
    np.testing.assert_allclose(distance, np.sort(every, axis=1)[:, :6], atol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(every, index, axis=1), distance, atol=1e-6)
    assert (index[7, 1], index[3, 1]) == (3, 7)


def test_without_umap_it_says_what_to_install(monkeypatch):
    projections.check_installed()
    monkeypatch.setitem(sys.modules, "umap", None)  # as if it were not installed
    for lay_out in (projections.check_installed, lambda: projections.umap(groups(20))):
        with pytest.raises(InputError, match=r"needs umap-learn.*pip install 'macrid\[maps\]'"):
            lay_out()


def test_without_opentsne_scikit_learn_serves(monkeypatch):
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    vectors = groups(60)
    xy = projections.tsne(vectors, seed=3)
    assert xy.shape == (60, 2)
    assert np.isfinite(xy).all()
    np.testing.assert_array_equal(projections.tsne(vectors, seed=3), xy)
