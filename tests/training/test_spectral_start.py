"""The spectral start: finds planted groups, gives unit vectors whatever the data are, and follows its seed."""

import numpy as np
import pytest
from conftest import binary, random_clicks
from scipy.sparse import csr_matrix

from macrid.measures.factors import agreement
from macrid.training.spectral_start import spectral_start


def planted(people=200, groups=3, each=20, seed=0):
    """Everybody clicks a third of one group's items and, rarely, anything."""
    rng = np.random.default_rng(seed)
    group, category = rng.integers(0, groups, people), np.repeat(np.arange(groups), each)
    share = np.where(group[:, None] == category, 0.33, 0.01)
    return csr_matrix((rng.random(share.shape) < share).astype(np.float32)), category


def test_it_finds_planted_groups():
    clicks, category = planted()
    items, prototypes = spectral_start(clicks, 3, 8, 0)
    assert agreement((items @ prototypes.T).argmax(axis=1), category)["nmi"] == pytest.approx(1)


def test_scrambled_clicks_have_no_groups():
    clicks, category = planted()
    mixed = clicks[:, np.random.default_rng(1).permutation(60)]
    items, prototypes = spectral_start(mixed, 3, 8, 0)
    assert agreement((items @ prototypes.T).argmax(axis=1), category)["nmi"] < 0.3


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
@pytest.mark.parametrize(("people", "n_items", "kfac", "dims"), [
    (60, 30, 4, 8), (60, 30, 1, 8), (5, 40, 3, 16), (40, 6, 3, 16), (2, 9, 2, 4), (9, 2, 2, 4), (12, 3, 7, 4), (1, 5, 2, 4),
    (5, 1, 1, 4), (1, 1, 2, 4)])
def test_shapes_and_lengths_at_every_size(people, n_items, kfac, dims):
    clicks = random_clicks(people, n_items, 0.6)
    items, prototypes = spectral_start(clicks, kfac, dims, 0)
    assert (items.shape, prototypes.shape) == ((n_items, dims), (kfac, dims))
    assert items.dtype == prototypes.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(items, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(prototypes, axis=1), 1, atol=1e-5)


def test_people_without_clicks_and_clicked_items_by_all():
    items, prototypes = spectral_start(binary([[0, 1], [0, 2], [], [0, 1, 2, 3]], 5), 2, 3, 0)
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
    items, _ = spectral_start(clicks, 3, 8, 0)
    assert abs(items.mean(axis=0)).max() < 0.5
