"""EDLAE on neighbours: all of them give EDLAE itself, few of them the exact answer on these."""

import numpy as np
import pytest
from conftest import random_clicks
from scipy.sparse import csr_matrix

from macrid.model import neighbours
from macrid.model.linear import EDLAE
from macrid.model.neighbours import neighbour_edlae


def by_hand(clicks, most: int) -> np.ndarray:
    """B (M, M), from the words of the module, one column at a time."""
    x = clicks.toarray().astype(float)
    gram, found = x.T @ x, np.zeros((x.shape[1], x.shape[1]))
    penalty = 300 + np.diag(gram)
    for j in range(len(gram)):
        gain = gram[:, j] ** 2 / (np.diag(gram) + penalty)
        gain[j] = 0
        near = [i for i in np.argsort(-gain, kind="stable")[:most] if gain[i] > 0]
        found[near, j] = np.linalg.solve(gram[np.ix_(near, near)] + np.diag(penalty[near]), gram[near, j])
    return found


@pytest.fixture
def clicks() -> csr_matrix:
    """Of 600 people on 40 items of unlike popularity, the gains of no two neighbours of an item alike."""
    rng = np.random.default_rng(5)
    return csr_matrix((rng.random((600, 40)) < rng.uniform(0.05, 0.4, 40)).astype(np.float32))


def test_all_neighbours_give_edlae(clicks):
    for kept in (39, 1000):
        np.testing.assert_allclose(neighbour_edlae(clicks, 1000, kept).toarray(), EDLAE(clicks).weights, atol=2e-7)


def test_few_neighbours_are_solved_exactly(clicks):
    found = neighbour_edlae(clicks, 7, 7)
    np.testing.assert_allclose(found.toarray(), by_hand(clicks, 7), atol=2e-7)
    assert found.dtype == np.float32
    assert (np.bincount(found.tocoo().col, minlength=40) == 7).all()


def test_the_strongest_are_kept(clicks):
    found, whole = neighbour_edlae(clicks, 9, 4).toarray(), by_hand(clicks, 9)
    least = np.sort(np.abs(whole), axis=0)[-4]
    np.testing.assert_allclose(found, np.where(np.abs(whole) >= least, whole, 0), atol=2e-7)


def test_no_diagonal_and_the_same_again(clicks):
    found = neighbour_edlae(clicks, 12, 12)
    assert (found.diagonal() == 0).all()
    assert found.nnz == (found.toarray() != 0).sum()
    assert (found != neighbour_edlae(clicks.copy(), 12, 12)).nnz == 0


def test_two_items_by_hand():
    """Of n people half click both items and all the first: G is [[n, n / 2], [n / 2, n / 2]]."""
    n = 400
    clicks = csr_matrix(np.column_stack([np.ones(n), np.arange(n) % 2]).astype(np.float32))
    wanted = [[0, 200 / (400 + 300 + 400)], [200 / (200 + 300 + 200), 0]]
    np.testing.assert_allclose(neighbour_edlae(clicks, 5, 5).toarray(), wanted, rtol=1e-6)


def test_alike_items_are_weighed_alike():
    """Clicks that are the same whichever two of four items change places: one number off the diagonal."""
    clicks = csr_matrix(np.tile(np.array([[1, 1, 1, 0], [1, 1, 0, 1], [1, 0, 1, 1], [0, 1, 1, 1]], np.float32), (90, 1)))
    found = neighbour_edlae(clicks, 3, 3).toarray()
    np.testing.assert_allclose(found, found[0, 1] * (1 - np.eye(4)), atol=1e-7)
    g, together = 270, 180  # of an item; of two
    np.testing.assert_allclose(found[0, 1], together / (g + 300 + g + 2 * together), rtol=1e-6)


def test_items_without_neighbours_have_no_weights():
    """Nobody clicks two items; and of three items one is clicked with nothing else."""
    assert neighbour_edlae(csr_matrix(np.eye(5, dtype=np.float32)), 3, 2).nnz == 0
    clicks = csr_matrix(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], np.float32))
    found = neighbour_edlae(clicks, 2, 2).toarray()
    assert np.argwhere(found).tolist() == [[0, 1], [1, 0]]


def test_blocks_and_what_is_kept_of_the_popular_change_nothing(monkeypatch):
    clicks = random_clicks(300, 70, 0.1)
    wanted, shares = neighbour_edlae(clicks, 20, 20).toarray(), []
    for at_once, solved, popular in ((7, 3, 10), (64, 64, 0), (1, 1, 70)):
        monkeypatch.setattr(neighbours, "AT_ONCE", at_once)
        monkeypatch.setattr(neighbours, "SOLVED_AT_ONCE", solved)
        monkeypatch.setattr(neighbours, "POPULAR", popular)
        found = neighbour_edlae(clicks, 20, 20, shares.append).toarray()
        np.testing.assert_allclose(found, wanted, atol=1e-7)
    assert shares[-70:] == [(i + 1) / 70 for i in range(70)]  # one at a time
