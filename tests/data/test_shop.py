"""The simulated shop: what it says of itself is true."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from macrid.data.shop import ATTRIBUTES, CATEGORIES, TOLERANCES, acceptance, simulate
from macrid.errors import InputError


@pytest.fixture(scope="module")
def shop():
    return simulate(n_items=700, n_people=1500, seed=1)


def test_categories_are_balanced_and_attributes_in_range(shop):
    items = shop.data.items
    assert items["category"].value_counts().to_dict() == dict.fromkeys(CATEGORIES, 100)
    assert items["item_id"].is_unique
    assert items["title"].is_unique
    assert ((items[list(ATTRIBUTES)] >= 0) & (items[list(ATTRIBUTES)] <= 1)).all().all()
    assert items["popularity"].mean() == pytest.approx(1, abs=1e-5)
    counts = simulate(n_items=103, n_people=3).data.items["category"].value_counts()
    assert counts.max() - counts.min() <= 1


def test_people_have_one_to_four_intentions(shop):
    people = shop.people.groupby("user_id")
    assert set(people.size()) == {1, 2, 3, 4}
    assert people.size().value_counts(normalize=True)[1] == pytest.approx(0.35, abs=0.05)
    np.testing.assert_allclose(people["share"].sum(), 1)
    assert not shop.people.duplicated(["user_id", "category"]).any()
    assert shop.data.n_users == people.ngroups == 1500


def test_a_skewed_shop_is_as_unequal_as_alishop(shop):
    """The Gini coefficient of clicks is .53 there, and the largest of seven categories has a quarter of them, the least a
    twentieth (measured on the part of AliShop-7C that the authors released)."""
    def gini(counts):
        counts = np.sort(counts)
        return ((2 * np.arange(1, len(counts) + 1) - len(counts) - 1) @ counts) / (len(counts) * counts.sum())

    skewed = simulate(n_items=1400, n_people=3000, seed=1, skewed=True)
    clicks = np.asarray(skewed.data.matrix.sum(axis=0)).ravel()
    assert gini(clicks) == pytest.approx(0.53, abs=0.04)
    assert gini(clicks) > gini(np.asarray(shop.data.matrix.sum(axis=0)).ravel()) + 0.08
    share = pd.Series(clicks).groupby(skewed.data.items["category"].to_numpy()).sum().sort_values() / clicks.sum()
    assert share.iloc[-1] == pytest.approx(0.25, abs=0.03)
    assert share.iloc[0] == pytest.approx(0.053, abs=0.02)
    assert (skewed.data.name, shop.data.name) == ("skewed-shop", "shop")
    assert skewed.data.items["category"].value_counts().to_dict() == dict.fromkeys(CATEGORIES, 200)


def purchases(shop) -> pd.DataFrame:
    coo = shop.data.matrix.tocoo()
    rows = shop.data.items.iloc[coo.col].reset_index(drop=True)
    return rows.assign(user_id=shop.data.user_ids[coo.row])


def test_purchases_are_binary_and_within_the_intentions(shop):
    assert set(np.unique(shop.data.matrix.data)) == {1.0}
    assert not shop.data.rated
    bought = set(map(tuple, purchases(shop)[["user_id", "category"]].drop_duplicates().to_numpy()))
    assert bought <= set(map(tuple, shop.people[["user_id", "category"]].to_numpy()))
    assert 15 < shop.data.matrix.nnz / 1500 < 40


def test_purchases_follow_taste(shop):
    """In every attribute, what people buy lies near what they want: the means go with the wishes."""
    mean = purchases(shop).groupby(["user_id", "category"])[list(ATTRIBUTES)].mean()
    wanted = shop.people.set_index(["user_id", "category"]).loc[mean.index]
    for attribute in ATTRIBUTES:
        assert np.corrcoef(mean[attribute], wanted[attribute])[0, 1] > 0.7, attribute
    crossed = [np.corrcoef(mean[a], wanted[b])[0, 1] for a in ATTRIBUTES for b in ATTRIBUTES if a != b]
    assert np.abs(crossed).max() < 0.1  # and with no other wish


def test_the_tolerant_buy_further_from_what_they_want(shop):
    assert shop.people[list(TOLERANCES)].to_numpy().min() >= 0.18
    assert shop.people[list(TOLERANCES)].to_numpy().max() <= 0.45
    people = shop.people.set_index(["user_id", "category"])
    bought = purchases(shop)
    wishes = people.loc[bought[["user_id", "category"]].itertuples(index=False, name=None)]
    for attribute in ATTRIBUTES:
        off = np.abs(bought[attribute].to_numpy() - wishes[attribute].to_numpy())
        tolerance = wishes[f"{attribute}_tolerance"].to_numpy()
        assert off[tolerance > 0.36].mean() > 1.2 * off[tolerance < 0.27].mean()


def test_acceptance_by_hand():
    np.testing.assert_allclose(acceptance(np.array([[0, 0], [1, 0], [-1, 2]])), np.exp([0, -0.5, -2.5]))


def test_purchases_follow_popularity_and_shares(shop):
    clicks = np.asarray(shop.data.matrix.sum(axis=0)).ravel()
    assert pd.Series(clicks).corr(shop.data.items["popularity"], method="spearman") > 0.8
    bought = purchases(shop).groupby("user_id")["category"].value_counts(normalize=True)
    two = shop.people.set_index(["user_id", "category"])["share"]
    two = two[two < 0.999]
    assert np.corrcoef(two, bought.reindex(two.index).fillna(0))[0, 1] > 0.6


def test_seeds(shop):
    again, other = simulate(700, 1500, seed=1), simulate(700, 1500, seed=2)
    assert (shop.data.matrix != again.data.matrix).nnz == 0
    pd.testing.assert_frame_equal(shop.data.items, again.data.items)
    pd.testing.assert_frame_equal(shop.people, again.people)
    assert (shop.data.matrix != other.data.matrix).nnz > 0


@pytest.mark.parametrize("sizes", [{"n_items": 0}, {"n_items": 69}, {"n_items": -5}, {"n_people": 0}, {"n_people": -1}])
def test_sizes_that_do_not_do(sizes):
    (name, value), = sizes.items()
    with pytest.raises(InputError, match=f"^{name} is {value}: a shop needs at least"):
        simulate(**sizes)


def test_the_smallest_shop():
    data = simulate(n_items=70, n_people=1).data
    assert (data.n_users, data.n_items) == (1, 70)


def test_memory_grows_with_the_result():
    """Nothing of the size people x items: the peak stays a small multiple of what is returned."""
    simulate(70, 10)
    tracemalloc.start()
    shop = simulate(n_items=30_000, n_people=8_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    matrix = shop.data.matrix
    kept = matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes + \
        shop.data.items.memory_usage(deep=True).sum() + shop.people.memory_usage(deep=True).sum()
    assert peak < 6 * kept
    assert peak < 8_000 * 30_000 / 4
