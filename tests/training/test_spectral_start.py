"""The spectral start: finds planted groups, gives unit vectors whatever the data are, and follows its seed."""

import numpy as np
import pytest
from conftest import binary, random_clicks
from scipy.sparse import csr_matrix

from macrid.measures.factors import agreement
from macrid.training import spectral_start as spectral
from macrid.training.spectral_start import spectral_start


def planted(people=200, groups=3, each=20, seed=0):
    """Everybody clicks a third of one group's items and, rarely, anything."""
    rng = np.random.default_rng(seed)
    group, category = rng.integers(0, groups, people), np.repeat(np.arange(groups), each)
    share = np.where(group[:, None] == category, 0.33, 0.01)
    return csr_matrix((rng.random(share.shape) < share).astype(np.float32)), category


def test_it_finds_planted_groups():
    clicks, category = planted()
    *_, near = spectral_start(clicks, 3, 8, 0)
    assert agreement(near.argmax(axis=1), category)["nmi"] == pytest.approx(1)


def uneven(people=60, n_items=12, seed=2):
    """Items of which the first is clicked by nearly everybody and the last by few, people of very different numbers."""
    rng = np.random.default_rng(seed)
    share = np.geomspace(0.9, 0.05, n_items) * rng.uniform(0.3, 1.1, (people, 1))
    clicks = rng.random((people, n_items)) < share
    clicks[rng.integers(0, people, n_items), np.arange(n_items)] = True  # every item is clicked
    return csr_matrix(clicks.astype(np.float32))


@pytest.mark.parametrize("exact_up_to", [spectral.EXACT_UP_TO, 0])
@pytest.mark.parametrize("dims", [3, 10])
def test_items_are_the_singular_vectors_of_the_normalised_clicks(dims, exact_up_to, monkeypatch):
    """Against the dense decomposition: the cosines of all pairs of items, which no sign or turn of the axes changes."""
    monkeypatch.setattr(spectral, "EXACT_UP_TO", exact_up_to)
    clicks = uneven()
    x = clicks.toarray().astype(np.float64)
    person, item = x.sum(axis=1, keepdims=True), x.sum(axis=0, keepdims=True)
    _, values, right = np.linalg.svd(x / np.sqrt(np.maximum(person, 1) * item), full_matrices=False)
    np.testing.assert_allclose(values[0], 1)  # the trivial direction
    wanted = (values[1 : dims + 1, None] * right[1 : dims + 1]).T
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    items, *_ = spectral_start(clicks, 3, dims, 0)
    np.testing.assert_allclose(items @ items.T, wanted @ wanted.T, atol=0.03)


@pytest.mark.parametrize("seed", range(3))
def test_groups_are_found_whatever_the_popularity_of_their_items(seed):
    """Each group's first items are clicked five times as often as its last, and the first group four times as often as the
    third; people click a fifth as much outside their own group."""
    rng = np.random.default_rng(seed)
    group, category = rng.integers(0, 3, 1000), np.repeat(np.arange(3), 15)
    share = np.concatenate([np.geomspace(0.9, 0.2, 15) / 2**g for g in range(3)])
    share = np.where(group[:, None] == category, share, 0.2 * share)
    clicks = csr_matrix((rng.random(share.shape) < share).astype(np.float32))
    *_, near = spectral_start(clicks, 3, 8, 0)
    assert agreement(near.argmax(axis=1), category)["nmi"] == pytest.approx(1)


def test_scrambled_clicks_have_no_groups():
    clicks, category = planted()
    mixed = clicks[:, np.random.default_rng(1).permutation(60)]
    *_, near = spectral_start(mixed, 3, 8, 0)
    assert agreement(near.argmax(axis=1), category)["nmi"] < 0.3


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
@pytest.mark.parametrize(("people", "n_items", "kfac", "dims"), [
    (60, 30, 4, 8), (60, 30, 1, 8), (5, 40, 3, 16), (40, 6, 3, 16), (2, 9, 2, 4), (9, 2, 2, 4), (12, 3, 7, 4), (1, 5, 2, 4),
    (5, 1, 1, 4), (1, 1, 2, 4)])
def test_shapes_and_lengths_at_every_size(people, n_items, kfac, dims):
    clicks = random_clicks(people, n_items, 0.6)
    items, prototypes, near = spectral_start(clicks, kfac, dims, 0)
    assert (items.shape, prototypes.shape, near.shape) == ((n_items, dims), (kfac, dims), (n_items, kfac))
    assert items.dtype == prototypes.dtype == near.dtype == np.float32
    assert (np.linalg.norm(near, axis=1) < 1).all()
    np.testing.assert_allclose(np.linalg.norm(items, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(prototypes, axis=1), 1, atol=1e-5)


def test_people_without_clicks_and_clicked_items_by_all():
    items, prototypes, _ = spectral_start(binary([[0, 1], [0, 2], [], [0, 1, 2, 3]], 5), 2, 3, 0)
    assert np.isfinite(items).all()
    assert np.isfinite(prototypes).all()


def test_one_seed_one_start():
    clicks, _ = planted()
    first, again, other = (spectral_start(clicks, 3, 8, seed)[0] for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_trivial_direction_is_left_out():
    """The first singular vector is sqrt(degree): alone it would point all items the same way."""
    clicks, _ = planted()
    items, *_ = spectral_start(clicks, 3, 8, 0)
    assert abs(items.mean(axis=0)).max() < 0.5
