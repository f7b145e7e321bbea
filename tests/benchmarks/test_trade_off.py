"""Lists at rising strength: the engine's own, and against plain versions of their formulas."""

import numpy as np
import pandas as pd
import pytest
import trade_off

from macrid.data.attributes import attribute_table
from macrid.dials.steered_scores import SteeredScores
from macrid.measures import steering


@pytest.fixture(scope="module")
def asked(bundle):
    """The large items of the small shop, and which dials lead to them."""
    large = trade_off.segments(attribute_table(bundle.items))["size, high"]
    signs = trade_off.following(bundle.vectors, bundle.factor, bundle.axes, large)
    return large, signs, trade_off.range_ends(bundle.vectors, bundle.factor, bundle.axes, signs)


@pytest.fixture(scope="module")
def people(bundle):
    held = bundle.held_out("test")
    return [SteeredScores(parts, bundle.vectors, bundle.log_c, bundle.model.scale, bundle.axes)
            for parts in bundle.model.represent(held.fold_in[:4])], held


def test_segments():
    table = pd.DataFrame({"size": np.arange(9.0), "Drama": [1, 0, np.nan] * 3,
                          "year": [np.nan, 1, 2, 3, 4, 5, 6, np.nan, 9]})
    found = trade_off.segments(table)
    assert {name: np.flatnonzero(of).tolist() for name, of in found.items()} == {
        "size, high": [6, 7, 8], "size, low": [0, 1, 2], "Drama": [0, 3, 6], "year, high": [6, 8], "year, low": [1, 2]}


def test_the_dial_that_follows_and_its_direction():
    rng = np.random.default_rng(0)
    vectors, factor = rng.normal(size=(90, 3)), np.repeat([0, 1, 2], 30)
    axes = np.stack([np.eye(3), np.eye(3)[:, [2, 0, 1]], np.eye(3)])
    segment = np.where(factor == 0, vectors[:, 1] > 0.3, vectors[:, 0] < -0.3) & (factor < 2)  # none in the third factor
    assert trade_off.following(vectors, factor, axes, segment) == {(0, 1): 1, (1, 1): -1}
    ends = trade_off.range_ends(vectors, factor, axes, {(0, 1): 1, (1, 1): -1})
    assert ends == pytest.approx({(0, 1): np.percentile(vectors[:30, 1], 99), (1, 1): np.percentile(vectors[30:60, 0], 1)})


def test_without_strength_every_way_shows_the_persons_own_list(people, asked):
    large, _, ends = asked
    for dials in people[0]:
        seen = np.array([3, 5])
        own = dials.top({}, 20, without=seen)[0]
        for lists in (trade_off.moved(dials, ends, seen), trade_off.blended(dials, ends, seen),
                      trade_off.pushed(dials, ends, seen), trade_off.reranked(dials.own, large, seen)):
            assert lists.shape == (len(trade_off.STRENGTHS), 20)
            np.testing.assert_array_equal(lists[0], own)
            assert not np.isin(lists, seen).any()


def test_full_strength_stands_at_the_ends(people, asked):
    large, _, ends = asked
    for dials in people[0]:
        none = np.array([], int)
        at_end = dials.top(ends, 20)[0]
        np.testing.assert_array_equal(trade_off.moved(dials, ends, none)[-1], at_end)
        np.testing.assert_array_equal(trade_off.blended(dials, ends, none)[-1], at_end)
        reranked = trade_off.reranked(dials.own, large, none)[-1]
        assert large[reranked].all()
        np.testing.assert_array_equal(reranked, [i for i in dials.top({}, len(dials.items))[0] if large[i]][:20])


def test_half_way(people, asked):
    large, _, ends = asked
    at, dials, none = 10, people[0][1], np.array([], int)  # STRENGTHS[10] is 1/2
    position = {dial: 0.5 * (dials.position(*dial) + end) for dial, end in ends.items()}
    np.testing.assert_array_equal(trade_off.moved(dials, ends, none)[at], dials.top(position, 20)[0])
    parts = dials.parts.astype(float)
    for (k, j), end in ends.items():
        parts[k] += end * dials.axes[k][:, j]
    dense = np.log(np.exp(dials.scale * parts @ dials.items.T + dials.log_c.T).sum(axis=0))
    np.testing.assert_array_equal(trade_off.pushed(dials, ends, none)[at], np.argsort(-dense, kind="stable")[:20])
    span = dials.own.max() - dials.own.min()
    loop = sorted(range(len(large)), key=lambda i: -(dials.own[i] + 0.25 * span * large[i]))[:20]
    np.testing.assert_array_equal(trade_off.reranked(dials.own, large, none)[at], loop)


def test_what_is_followed(people, asked):
    large, _, ends = asked
    dials, held = people
    seen, answers = (matrix[:4].toarray() > 0 for matrix in (held.fold_in, held.answers))
    lists = trade_off.listed(dials, seen, lambda of, hidden: trade_off.moved(of, ends, hidden))
    assert lists.shape == (21, 4, 20)
    curves = trade_off.follow(lists, seen, answers, large)
    assert {name: of.shape for name, of in curves.items()} == dict.fromkeys(("personal", "segment", "share"), (21,))
    s = 14
    lists = [trade_off.moved(of, ends, np.flatnonzero(row))[s] for of, row in zip(dials, seen, strict=True)]
    personal = [steering.list_ndcg(at[None], row[None])[0] for at, row in zip(lists, answers, strict=True)]
    assert curves["personal"][s] == pytest.approx(np.mean(personal))
    wanted = [steering.list_ndcg(at[None], (large & ~row)[None])[0] for at, row in zip(lists, seen, strict=True)]
    assert curves["segment"][s] == pytest.approx(np.mean(wanted))
    assert curves["share"][s] == pytest.approx(np.mean([large[at].mean() for at in lists]))
    assert curves["share"][-1] > curves["share"][0]
