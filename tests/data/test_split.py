"""Laws of splitting: nobody in two places, no click lost or invented, the shares that the protocols ask for."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from macrid.data.interactions import PARTS, Interactions
from macrid.data.split import HELD_OUT_PEOPLE, recbole, strong, to_clicks
from macrid.errors import InputError


def interactions(ratings: np.ndarray, rated=True, name="some", parts=None) -> Interactions:
    """From a dense table (U, M) with NaN where there is nothing."""
    there = ~np.isnan(ratings)
    rows, columns = np.nonzero(there)
    matrix = csr_matrix((ratings[there].astype(np.float32), (rows, columns)), ratings.shape)
    matrix.sort_indices()
    codes = None
    if parts is not None:
        codes = csr_matrix((parts[there].astype(np.int8), matrix.indices, matrix.indptr), ratings.shape)
    ids = np.array([f"i{i}" for i in range(ratings.shape[1])], object)
    items = pd.DataFrame({"item_id": ids, "title": ids, "category": ""})
    users = np.array([f"u{u}" for u in range(len(ratings))], object)
    return Interactions(matrix, users, ids, items, name, rated, codes)


def some(people=60, n_items=40, share=0.4, seed=0, rated=False) -> Interactions:
    rng = np.random.default_rng(seed)
    ratings = rng.integers(1, 6, (people, n_items)).astype(float) if rated else np.ones((people, n_items))
    ratings[rng.random(ratings.shape) > share] = np.nan
    return interactions(ratings, rated)


def pairs(user_ids, matrix, item_ids) -> set:
    coo = matrix.tocoo()
    return {(user_ids[u], item_ids[i]) for u, i in zip(coo.row, coo.col, strict=True)}


sizes = st.tuples(st.integers(12, 60), st.integers(5, 40), st.floats(0.3, 0.9), st.integers(0, 2**31 - 1))


# clicks ---------------------------------------------------------------------------------------------------------------


def test_ratings_from_four_are_clicks_of_people_with_five():
    nan = np.nan
    data = interactions(np.array([
        [5, 4, 4, 5, 4, 1, nan],  # five clicks
        [5, 4, 4, 5, 3, 3, nan],  # four: left out
        [4, 4, 4, nan, 4, 4, nan],
    ]))
    clicks = to_clicks(data)
    assert clicks.user_ids.tolist() == ["u0", "u2"]
    assert clicks.item_ids.tolist() == ["i0", "i1", "i2", "i3", "i4", "i5"]  # i6 has no click
    assert clicks.items["item_id"].tolist() == clicks.item_ids.tolist()
    assert not clicks.rated
    np.testing.assert_array_equal(clicks.matrix.toarray(), [[1, 1, 1, 1, 1, 0], [1, 1, 1, 0, 1, 1]])


def test_both_thresholds_can_be_set():
    data = interactions(np.array([[0.0, 1, 2], [2, 2, np.nan]]))
    assert to_clicks(data, min_rating=2, min_clicks=1).matrix.nnz == 3
    assert to_clicks(data, min_rating=-np.inf, min_clicks=1).matrix.nnz == 5  # a rating of 0 is an interaction, too
    assert to_clicks(data, min_rating=0, min_clicks=3).user_ids.tolist() == ["u0"]


def test_without_ratings_everything_counts():
    assert to_clicks(interactions(np.ones((2, 5)), rated=False)).matrix.nnz == 10


def test_nobody_left_is_said_with_the_remedy():
    with pytest.raises(InputError, match="nobody has 5 ratings of at least 4; lower --min-clicks or --min-rating"):
        to_clicks(interactions(np.full((3, 9), 3.0)))
    with pytest.raises(InputError, match="nobody has 5 interactions"):
        to_clicks(interactions(np.ones((3, 4)), rated=False))


@given(sizes)
@settings(max_examples=25, deadline=None)
def test_clicks_are_the_ratings_that_qualify(size):
    people, n_items, share, seed = size
    data = some(people, n_items, share, seed, rated=True)
    try:
        clicks = to_clicks(data, 3, 2)
    except InputError:
        return
    rated = data.matrix.copy()
    rated.data = (rated.data >= 3).astype(np.float32)
    rated.eliminate_zeros()
    enough = {data.user_ids[u] for u in np.flatnonzero(np.diff(rated.indptr) >= 2)}
    wanted = {(u, i) for u, i in pairs(data.user_ids, rated, data.item_ids) if u in enough}
    assert pairs(clicks.user_ids, clicks.matrix, clicks.item_ids) == wanted
    assert set(np.unique(clicks.matrix.data)) == {1.0}
    assert (np.diff(clicks.matrix.tocsc().indptr) > 0).all()


# strong generalisation ------------------------------------------------------------------------------------------------


@given(sizes)
@settings(max_examples=25, deadline=None)
def test_strong_generalisation(size):
    people, n_items, share, seed = size
    clicks = to_clicks(some(people, n_items, share, seed), min_clicks=2)
    try:
        split = strong(clicks, seed)
    except InputError:
        return
    kept = split.items["item_id"].tolist()
    everything = pairs(clicks.user_ids, clicks.matrix, clicks.item_ids)
    # no person in two places; held-out people's clicks on kept items are all there, none twice, none invented
    validation, test = set(split.validation.user_ids), set(split.test.user_ids)
    assert not validation & test
    for held in (split.validation, split.test):
        shown, asked = (pairs(held.user_ids, m, kept) for m in (held.fold_in, held.answers))
        assert not shown & asked
        assert shown | asked == {(u, i) for u, i in everything if u in set(held.user_ids) and i in set(kept)}
        assert (held.seen != held.fold_in).nnz == 0
        hidden, total = np.diff(held.answers.indptr), np.diff(held.answers.indptr) + np.diff(held.fold_in.indptr)
        np.testing.assert_array_equal(hidden, np.maximum(1, total // 5))  # 20 %, at least one
        assert (np.diff(held.fold_in.indptr) >= 1).all()

    # items are those of the training people, and the training clicks are all of theirs
    assert (np.diff(split.train.tocsc().indptr) > 0).all()
    held_out = 2 * max(2, round(0.1 * len(clicks.user_ids)))
    assert split.train.shape == (len(clicks.user_ids) - held_out, len(kept))
    in_train = {u for u in clicks.user_ids if u not in validation | test}
    if len(in_train) == split.train.shape[0]:  # nobody was left out for want of clicks
        in_order = [u for u in clicks.user_ids if u in in_train]
        assert pairs(in_order, split.train, kept) == {(u, i) for u, i in everything if u in in_train}


def test_one_seed_one_split():
    clicks = to_clicks(some())
    first, again, other = (strong(clicks, seed) for seed in (3, 3, 4))
    for field in ("fold_in", "answers"):
        assert (getattr(first.test, field) != getattr(again.test, field)).nnz == 0
    assert first.test.user_ids.tolist() == again.test.user_ids.tolist()
    assert first.test.user_ids.tolist() != other.test.user_ids.tolist()


def test_how_many_are_held_out():
    clicks = to_clicks(some(people=200))
    assert len(strong(clicks).test.user_ids) == len(strong(clicks).validation.user_ids) == 20  # a tenth
    assert len(strong(clicks, held_out=7).test.user_ids) == 7
    assert len(strong(dataclasses.replace(clicks, usual_held_out=50)).test.user_ids) == 50  # as in the paper
    many = interactions(np.ones((110_000, 5)), rated=False)
    assert len(strong(to_clicks(many)).test.user_ids) == 10_000  # no more
    assert HELD_OUT_PEOPLE == {"ml-100k": 50, "ml-latest-small": 50, "ml-1m": 500, "ml-20m": 10_000}


@pytest.mark.parametrize("held_out", [0, -1, 1, 21, 1000])
def test_too_few_people_are_said(held_out):
    """Of one person there is no standard error."""
    with pytest.raises(InputError, match=r"60 people.*set --held-out from 2 to 20"):
        strong(to_clicks(some(people=60)), held_out=held_out)


def test_two_people_are_too_few():
    with pytest.raises(InputError, match=r"2 people.*give more data"):
        strong(to_clicks(some(people=2, n_items=9, share=1.0)))


def test_held_out_people_who_share_nothing_are_said():
    with pytest.raises(InputError, match="share two items"):
        strong(to_clicks(interactions(np.where(np.eye(12) > 0, 1.0, np.nan).repeat(5, axis=1), rated=False)))


# data that come divided -----------------------------------------------------------------------------------------------


def test_parts_are_kept():
    codes = np.array([
        [0, 0, 0, 0, -1],
        [0, 0, -1, 0, -1],
        [1, 1, 2, -1, 1],  # shown 0, 1, 4; asked 2. Item 4 is in nobody's training
        [3, -1, 3, 4, -1],
        [2, 1, 1, -1, -1],
        [-1, -1, 4, 3, -1],
    ])
    split = strong(to_clicks(interactions(np.where(codes >= 0, 1.0, np.nan), False, parts=codes), min_clicks=1), seed=9)
    assert PARTS == ("train", "validation_tr", "validation_te", "test_tr", "test_te")
    assert split.items["item_id"].tolist() == ["i0", "i1", "i2", "i3"]
    np.testing.assert_array_equal(split.train.toarray(), [[1, 1, 1, 1], [1, 1, 0, 1]])
    np.testing.assert_array_equal(split.validation.fold_in.toarray(), [[1, 1, 0, 0], [0, 1, 1, 0]])
    np.testing.assert_array_equal(split.validation.answers.toarray(), [[0, 0, 1, 0], [1, 0, 0, 0]])
    np.testing.assert_array_equal(split.test.fold_in.toarray(), [[1, 0, 1, 0], [0, 0, 0, 1]])
    np.testing.assert_array_equal(split.test.answers.toarray(), [[0, 0, 0, 1], [0, 0, 1, 0]])
    assert (split.validation.user_ids.tolist(), split.test.user_ids.tolist()) == (["u2", "u4"], ["u3", "u5"])


def test_people_whose_answers_are_on_unknown_items_are_left_out():
    """A person whose every answer, or every shown click, is on items that nobody trained on can't be ranked."""
    codes = np.array([
        [0, 0, 0, -1],
        [1, -1, -1, 2],  # the only answer is on item 3, which nobody in the training has
        *[[1, 2, -1, -1]] * 2,
        *[[3, 4, -1, -1]] * 2,
        [-1, 4, 4, 3],  # the only shown click is
        [3, -1, 4, -1],
    ])
    split = strong(to_clicks(interactions(np.where(codes >= 0, 1.0, np.nan), False, parts=codes), min_clicks=1))
    for held in (split.validation, split.test):
        assert len(held.user_ids) >= 2
        assert (np.diff(held.answers.indptr) > 0).all()
        assert (np.diff(held.fold_in.indptr) > 0).all()


# RecBole --------------------------------------------------------------------------------------------------------------


@given(sizes)
@settings(max_examples=25, deadline=None)
def test_recbole_divides_everybody(size):
    people, n_items, share, seed = size
    clicks = to_clicks(some(people, n_items, share, seed), min_clicks=1)
    try:
        split = recbole(clicks, seed)
    except InputError:
        return
    ids = clicks.item_ids
    train = pairs(clicks.user_ids, split.train, ids)
    validation, test = (pairs(held.user_ids, held.answers, ids) for held in (split.validation, split.test))
    assert not train & validation
    assert not train & test
    assert not validation & test
    assert train | validation | test == pairs(clicks.user_ids, clicks.matrix, ids)
    total, row = np.diff(clicks.matrix.indptr), {u: n for n, u in enumerate(split.test.user_ids)}
    for u, name in enumerate(clicks.user_ids):
        tested, validated = (max(1, total[u] // 10) if total[u] >= least else 0 for least in (2, 3))
        assert len(split.train[u].indices) == total[u] - tested - validated
        assert (split.test.answers[row[name]].nnz if name in row else 0) == tested
    # seen: training for validation; training and validation for test. Never an answer
    assert pairs(split.validation.user_ids, split.validation.seen, ids) == {
        (u, i) for u, i in train if u in set(split.validation.user_ids)}
    assert pairs(split.test.user_ids, split.test.seen, ids) == {
        (u, i) for u, i in train | validation if u in set(split.test.user_ids)}
    assert split.test.fold_in.multiply(split.test.answers).nnz == 0


def test_recbole_seeds_and_too_short_people():
    clicks = to_clicks(some(), min_clicks=1)
    first, again, other = (recbole(clicks, seed).test.answers for seed in (1, 1, 2))
    assert (first != again).nnz == 0
    assert (first != other).nnz > 0
    with pytest.raises(InputError, match="3 clicks"):
        recbole(to_clicks(interactions(np.ones((4, 2)), rated=False), min_clicks=1))
