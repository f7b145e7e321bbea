"""The maps of a bundle: every item and part has its place, the layouts of two models lie onto each other."""

import numpy as np
import pytest
from conftest import binary

from macrid.maps import layout, projections


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Principal components from where it is told to start: laying out is tested with the projections."""
    monkeypatch.setattr(layout, "METHODS", {"tsne": lambda v, metric, seed, start: projections.pca(v)})


def people(n=5, kfac=3, dims=4, items=12, seed=0):
    rng = np.random.default_rng(seed)
    parts = rng.normal(size=(n, kfac, dims))
    parts /= np.linalg.norm(parts, axis=2, keepdims=True)
    factor = np.arange(items) % kfac
    clicks = binary([[0, 3], [1], [0, 1, 2], [5], [4, 8]], items)
    return np.array([f"u{i}" for i in range(n)], object), clicks, parts, factor


def test_parts_of_the_factors_that_somebody_clicked_in():
    users, clicks, parts, factor = people()
    found = layout.choose_parts(users, clicks, parts, factor)
    wanted = [("u0", 0), ("u1", 1), ("u2", 0), ("u2", 1), ("u2", 2), ("u3", 2), ("u4", 1), ("u4", 2)]
    assert list(zip(found.user_ids, found.factor, strict=True)) == wanted
    for user, k, vector in zip(found.user_ids, found.factor, found.vectors, strict=True):
        np.testing.assert_array_equal(vector, parts[int(user[1:]), k])


def test_of_many_parts_some_are_drawn(monkeypatch):
    monkeypatch.setattr(layout, "MOST_PARTS", 5)
    found = [layout.choose_parts(*people(), seed) for seed in (0, 0, 1)]
    assert [len(each.user_ids) for each in found] == [5, 5, 5]
    pairs = [list(zip(each.user_ids, each.factor, strict=True)) for each in found]
    assert pairs[0] == pairs[1] != pairs[2]
    assert pairs[0] == sorted(pairs[0])


def vectors(seed=0, n=12):
    found = np.random.default_rng(seed).normal(size=(n, 4))
    return found / np.linalg.norm(found, axis=1, keepdims=True)


IDS = np.array([f"i{j}" for j in range(12)], object)


def test_a_point_for_each_item_and_part():
    parts = layout.choose_parts(*people())
    table = layout.lay_out(IDS, vectors(), "cosine", parts)
    assert table["method"].unique().tolist() == ["tsne", "tsne+people"]
    alone = table[table["method"] == "tsne"]
    assert alone["id"].tolist() == list(IDS)
    assert set(alone["factor"]) == {-1}
    both = table[table["method"] == "tsne+people"]
    assert both["id"].tolist() == [*IDS, *parts.user_ids]
    assert both["kind"].tolist() == ["item"] * 12 + ["part"] * 8
    assert both["factor"].tolist() == [-1] * 12 + parts.factor.tolist()


def test_without_people_there_is_one_map():
    users, clicks, parts, factor = people()
    none = layout.choose_parts(users[:0], clicks[:0], parts[:0], factor)
    assert layout.lay_out(IDS, vectors(), "cosine", none)["method"].unique().tolist() == ["tsne"]


def test_the_second_model_begins_where_the_first_ended_and_is_turned_onto_it(monkeypatch):
    parts = layout.choose_parts(*people())
    first = layout.lay_out(IDS, vectors(), "cosine", parts)
    starts = []

    def mirrored(v, metric, seed, start):
        starts.append(start)
        return projections.pca(v) @ np.array([[0, 1], [-1, 0]])

    monkeypatch.setattr(layout, "METHODS", {"tsne": mirrored})
    second = layout.lay_out(IDS, vectors(), "dot", parts, beside=first)
    item = (first["method"] == "tsne").to_numpy()
    places = first.loc[item, ["x", "y"]].to_numpy()
    np.testing.assert_array_equal(starts[0], places)
    np.testing.assert_allclose(second.loc[item, ["x", "y"]].to_numpy(), places, atol=1e-5)
    assert len(starts[1]) == 12 + 8
    np.testing.assert_allclose(starts[1][:12], places, atol=1e-5)


def test_a_part_begins_at_the_item_nearest_to_it():
    v, rng = vectors(), np.random.default_rng(3)
    near = rng.integers(12, size=20)
    found = layout.nearest_of(v[near] + 0.01 * rng.normal(size=(20, 4)), v * rng.uniform(0.5, 3, (12, 1)), "cosine", 1)
    np.testing.assert_array_equal(found[:, 0], near)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("count", [1, 3])
def test_the_nearest_of_others(metric, count):
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(300, 4)) * rng.uniform(0.1, 3, (300, 1)), rng.normal(size=(40, 4)) * 2
    found = layout.nearest_of(one, other, metric, count)
    for vector, chosen in zip(one, found, strict=True):
        if metric == "cosine":
            far = -(other @ vector) / np.linalg.norm(other, axis=1)
        else:
            far = np.linalg.norm(other - vector, axis=1)
        assert set(chosen) == set(np.argsort(far)[:count])


def test_a_large_catalogue_is_laid_out_in_part(monkeypatch):
    """The others stand within the spread of the ones that are like them; the ones laid out stand as without the others."""
    rng, groups = np.random.default_rng(0), np.eye(4)[np.arange(400) % 3]
    many = groups + rng.normal(0, 0.05, (400, 4))
    ids = np.array([f"i{j}" for j in range(400)], object)
    users, clicks, parts, factor = people(items=400)
    chosen = layout.choose_parts(users, clicks, parts, factor)
    monkeypatch.setattr(layout, "MOST_ITEMS", 90)
    table = layout.lay_out(ids, many, "cosine", chosen, seed=3)
    some = np.sort(np.random.default_rng(3).choice(400, 90, replace=False))
    for method in ("tsne", "tsne+people"):
        items = table[(table["method"] == method) & (table["kind"] == "item")]
        assert items["id"].tolist() == list(ids)
        xy = items[["x", "y"]].to_numpy()
        centres = np.stack([xy[some][some % 3 == k].mean(axis=0) for k in range(3)])
        assert (np.linalg.norm(xy[:, None] - centres, axis=2).argmin(axis=1) == np.arange(400) % 3).all()
    np.testing.assert_array_equal(table[table["method"] == "tsne"][["x", "y"]].to_numpy()[some], projections.pca(many[some]))
