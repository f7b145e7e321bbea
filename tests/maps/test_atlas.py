"""What a map shows: colourings, samples, stars, neighbours, and factors against categories."""

from dataclasses import replace

import numpy as np
import pytest

from macrid.maps import atlas


def changed(bundle, **columns):
    return replace(bundle, items=bundle.items.assign(**columns))


# colours -----------------------------------------------------------------------------------------------------------------


def test_everything_that_can_be_coloured_by_has_a_value_for_every_item(bundle):
    labels = atlas.colourings(bundle)
    assert list(labels) == ["factor", "course", ":category", ":size", ":shade", ":warmth", ":price", "popularity",
                            "certainty", "dial"]
    for key in set(labels) - {"course"}:  # which needs an epoch, too
        column = atlas.colouring(bundle, key, factor=2, dim=1)
        assert len(column.values) == len(bundle.items)
        assert column.grouped == (key in ("factor", ":category"))


def test_columns_of_every_kind(bundle):
    n = len(bundle.items)
    odd = changed(bundle, brand=[f"b{i % 4}" for i in range(n)], note=[f"text {i}" for i in range(n)], one="same",
                  sold=np.arange(n) % 2 == 0, year=[np.nan if i % 5 == 0 else 1990.0 + i for i in range(n)])
    assert atlas.group_columns(odd.items) == ["category", "brand", "sold"]
    assert atlas.colouring(odd, ":sold").values.tolist()[:2] == ["True", "False"]
    assert np.isnan(atlas.colouring(odd, ":year").values[0])
    none = changed(bundle, brand=[None if i % 2 else "b" for i in range(n)])
    assert atlas.colouring(none, ":brand").values.tolist()[:2] == ["b", ""]


def test_a_dimension_colours_the_items_of_its_factor(bundle):
    values = atlas.colouring(bundle, "dial", factor=1, dim=2).values
    mine = bundle.factor == 1
    assert np.isfinite(values).tolist() == mine.tolist()
    np.testing.assert_allclose(values[mine], bundle.vectors[mine] @ bundle.axes[1][:, 2], rtol=1e-6)


def test_certainty_is_one_for_one_factor_and_zero_for_all_alike():
    log_c = np.log(np.array([[1 - 3e-12, 1e-12, 1e-12, 1e-12], [0.25] * 4, [0.5, 0.5 - 2e-12, 1e-12, 1e-12]]))
    np.testing.assert_allclose(atlas.certainty(log_c), [1, 0, 0.5], atol=1e-9)
    assert atlas.certainty(np.zeros((3, 1))).tolist() == [1, 1, 1]


# samples -----------------------------------------------------------------------------------------------------------------


def test_a_sample_has_the_same_share_of_every_factor():
    factor = np.repeat([0, 1, 2], [6000, 3000, 10])
    found = atlas.sample(factor, 900)
    counts = np.bincount(factor[found])
    assert counts.tolist() == [599, 300, 1]
    assert (np.diff(found) > 0).all()
    assert found[:599].max() > 5000  # at random, not the first
    np.testing.assert_array_equal(found, atlas.sample(factor, 900))
    assert not np.array_equal(found, atlas.sample(factor, 900, seed=1))


def test_few_items_are_all_drawn():
    np.testing.assert_array_equal(atlas.sample(np.array([1, 0, 1]), 3), [0, 1, 2])
    np.testing.assert_array_equal(atlas.sample(np.array([1, 0, 1]), 3, among=np.array([2])), [2])
    factor = np.zeros(100, int)
    assert set(atlas.sample(factor, 10, among=np.arange(50, 100))) <= set(range(50, 100))


def test_a_window():
    xy = np.array([[0, 0], [0.5, 0.5], [1, 0], [0.5, 2]])
    assert atlas.within(xy, (0.0, 0.6, -1.0, 1.0)).tolist() == [0, 1]


# places ------------------------------------------------------------------------------------------------------------------


def test_a_star_stands_on_an_item_among_the_surest(bundle):
    xy = bundle.map_of("tsne")
    for k, place in enumerate(atlas.stars(bundle, xy)):
        at = np.flatnonzero((xy == place).all(axis=1))
        assert (bundle.factor[at] == k).all()
        surer = (bundle.log_c[bundle.factor == k, k] > bundle.log_c[at[0], k]).sum()
        assert surer < atlas.STAR_ITEMS


def test_an_unused_factor_has_no_star(bundle):
    lonely = replace(bundle)
    object.__setattr__(lonely, "factor", np.zeros(len(bundle.items), int))
    places = atlas.stars(lonely, bundle.map_of("tsne"))
    assert np.isfinite(places[0]).all()
    assert np.isnan(places[1:]).all()


def test_neighbours_are_the_nearest_by_cosine_in_the_factor(twin):
    """Of the dot product's model, where vectors have different lengths."""
    at = 17
    found = atlas.neighbours(twin, at, 5)
    cosine = [(float(v @ twin.vectors[at] / np.linalg.norm(v)), i) for i, v in enumerate(twin.vectors)
              if i != at and twin.factor[i] == twin.factor[at]]
    assert found.tolist() == [i for _, i in sorted(cosine, reverse=True)[:5]]
    assert len(atlas.neighbours(twin, at, 10**6)) == (twin.factor == twin.factor[at]).sum() - 1


def test_people_and_coordinates(bundle):
    parts = atlas.people_on(bundle, "umap")
    assert set(parts["factor"]) <= set(range(7))
    assert set(parts["id"]) <= set(bundle.people)
    old = replace(bundle, maps=bundle.maps[~bundle.maps["method"].str.contains("people")].drop(columns="factor"))
    assert not len(atlas.people_on(old, "umap"))
    table = atlas.coordinates(bundle, "tsne")
    assert table["id"].tolist() == bundle.items["item_id"].tolist()
    np.testing.assert_array_equal(table[["x", "y"]].to_numpy(np.float32), bundle.map_of("tsne"))
    assert table["title"].tolist() == bundle.items["title"].tolist()
    assert "factor" in atlas.coordinates(old, "tsne")


# factors against groups --------------------------------------------------------------------------------------------------


def with_factor(bundle, factor, category):
    found = changed(bundle, category=np.asarray(category, object))
    object.__setattr__(found, "factor", np.asarray(factor))
    return found


def test_the_pairs_that_overlap_most_stand_on_the_diagonal(bundle):
    n = len(bundle.items)
    factor = np.arange(n) % 7
    names = np.array([f"c{(k * 3) % 7}" for k in range(7)])
    found = atlas.confusion(with_factor(bundle, factor, names[factor]), "category")
    np.testing.assert_array_equal(found.counts, np.diag(np.bincount(factor)[found.factors]))
    assert [names[k] for k in found.factors] == found.groups
    assert found.agreement["nmi"] == pytest.approx(1)
    assert 0 <= found.agreement["match"] <= 3


def test_items_without_a_group_do_not_count_and_odd_ones_come_last(bundle):
    n = len(bundle.items)
    factor = np.arange(n) % 7
    category = np.where(factor < 3, [f"c{k % 2}" for k in factor], "")
    found = atlas.confusion(with_factor(bundle, factor, category), "category")
    assert found.counts.sum() == (factor < 3).sum()
    assert sorted(found.groups) == ["c0", "c1"]
    assert sorted(found.factors) == list(range(7))
    assert found.counts[2:].sum() == found.counts.sum() - np.trace(found.counts)
    assert "match" not in found.agreement


def test_lengths_before_scoring(bundle, twin):
    assert np.ptp(atlas.raw_norms(bundle)) > 0.01  # though cosine scores unit vectors
    np.testing.assert_allclose(atlas.raw_norms(twin), np.linalg.norm(twin.vectors, axis=1), rtol=1e-5)
