"""One person before a bundle: lists, dials and what they move, against the model and against full sorts."""

import numpy as np
import pandas as pd
import pytest

from macrid.bundle.person import Person
from macrid.errors import InputError


@pytest.fixture(scope="module")
def someone(bundle) -> Person:
    return bundle.person(bundle.history_of(bundle.people[0]))


def history(bundle, person) -> list[str]:
    return bundle.items["item_id"].iloc[person.seen].tolist()


def test_who_it_is(bundle, someone):
    np.testing.assert_array_equal(someone.parts, bundle.model.represent(bundle.clicks(someone.seen))[0])
    assert bundle.person(list(someone.seen)).parts is someone.parts  # computed once
    assert bundle.person(someone.seen[1:]).parts is not someone.parts
    assert someone.position(2, 1) == pytest.approx(float(someone.parts[2] @ bundle.axes[2][:, 1]))


def test_a_list_of_one_intention_is_ranked_by_its_part(bundle, someone):
    """After a dial is turned, the items of the factor come by their cosine with the altered part."""
    factor, dim, value = 2, 1, 0.7
    found = bundle.steer({(factor, dim): value}, user=bundle.people[0], factor=factor, n=1000)
    axis = bundle.axes[factor][:, dim].astype(float)
    part = someone.parts[factor].astype(float)
    rest = part - (part @ axis) * axis
    query = (1 - value**2) ** 0.5 * rest / np.linalg.norm(rest) + value * axis
    mine = [i for i in np.flatnonzero(bundle.factor == factor) if i not in someone.seen]
    wanted = sorted(mine, key=lambda i: -float(bundle.vectors[i] @ query))
    assert found.after["index"].tolist() == wanted
    np.testing.assert_allclose(found.after["score"], bundle.model.scale * bundle.vectors[wanted] @ query, atol=1e-5)
    assert found.before["index"].tolist() == sorted(mine, key=lambda i: -float(bundle.vectors[i] @ part))
    again = bundle.steer({(factor, dim): value}, items=history(bundle, someone), factor=factor, n=1000)
    pd.testing.assert_frame_equal(again.after, found.after)


def test_the_whole_catalogue_is_ranked_by_the_model(bundle, someone):
    found = someone.steer({(2, 1): 0.7}, n=1000)
    assert len(found.after) == len(bundle.items) - len(someone.seen)
    assert found.before["item_id"].tolist() == bundle.recommend(history(bundle, someone), 1000)["item_id"].tolist()
    scores = bundle.model.scores(bundle.clicks(someone.seen))[0]
    np.testing.assert_allclose(np.diff(found.before["score"]), np.diff(scores[found.before["index"]]), atol=1e-5)


def test_only_the_dials_of_the_listed_intention_are_heard(bundle, someone):
    one = someone.steer({(1, 0): 0.8}, factor=1, n=12)
    both = someone.steer({(1, 0): 0.8, (2, 0): -0.8}, factor=1, n=12)
    pd.testing.assert_frame_equal(one.after, both.after)
    several = someone.steer({(1, 0): 0.8, (1, 1): -0.5}, factor=1, n=12)
    assert several.after["item_id"].tolist() != one.after["item_id"].tolist()


def test_marks(someone):
    """`after` says of every item whether it is new or where it stood before; `gone` is what is missing."""
    found = someone.steer({(0, 0): 0.9}, factor=0, n=15)
    was = dict(zip(found.before["item_id"], found.before["rank"], strict=True))
    for row in found.after.itertuples():
        if row.item_id not in was:
            assert row.mark == "new"
        else:
            moved = was[row.item_id] - row.rank
            assert row.mark == ("same" if moved == 0 else f"up {moved}" if moved > 0 else f"down {-moved}")
    assert set(found.gone["item_id"]) == set(was) - set(found.after["item_id"])
    assert someone.steer({}, factor=0, n=15).after["mark"].eq("same").all()


@pytest.mark.parametrize("factor", [None, 0])
def test_strength_leads_from_the_own_list_to_the_steered_one(someone, factor):
    turned = {(0, 0): 0.9}
    full, none = someone.steer(turned, factor=factor, n=15), someone.steer(turned, factor=factor, n=15, strength=0.0)
    assert none.after["item_id"].tolist() == none.before["item_id"].tolist()
    shared = [len(set(someone.steer(turned, factor=factor, n=15, strength=s).after["item_id"]) & set(full.after["item_id"]))
              for s in (0.0, 0.5, 1.0)]
    assert shared[0] <= shared[1] <= shared[2] == 15


def test_a_dial_moves_the_list_its_way(bundle, someone):
    """The mean coordinate of the listed items rises with the dial."""
    factor = int(bundle.factor[0])
    axis = bundle.axes[factor][:, 0]
    low, high = bundle.dials.range(factor, 0)
    means = [(bundle.vectors[someone.steer({(factor, 0): v}, factor=factor, n=5).after["index"]] @ axis).mean()
             for v in np.linspace(low, high, 5)]
    assert means[-1] > means[0]


def test_more_and_less(bundle, someone):
    low, high = bundle.dials.range(3, 0)
    here = someone.position(3, 0)
    assert someone.turned_by(3, 0) == pytest.approx(min(high, max(low, here + 0.25 * (high - low))))
    assert someone.turned_by(3, 0, -0.1) == pytest.approx(min(high, max(low, here - 0.1 * (high - low))))
    assert someone.turned_by(3, 0, 9) == pytest.approx(high)
    assert someone.turned_by(3, 0, -9) == pytest.approx(low)


def test_the_film_strip_has_seven_frames(bundle, someone):
    strip = someone.film_strip(1, 0, n=3)
    np.testing.assert_allclose([value for value, _ in strip], np.linspace(*bundle.dials.range(1, 0), 7))
    for value, index in strip:
        assert index.tolist() == someone.steer({(1, 0): value}, factor=1, n=3).after["index"].tolist()
    others = {(1, 1): 0.5}
    assert any(index.tolist() != other.tolist() for (_, index), (_, other)
               in zip(strip, someone.film_strip(1, 0, others), strict=True))


def test_curves_are_means_over_the_first_ten(bundle, someone):
    found = someone.curves(1, 0)
    np.testing.assert_allclose(found.index, np.linspace(*bundle.dials.range(1, 0), 9))
    assert list(found.columns) == ["size", "shade", "warmth", "price"]
    mine = np.flatnonzero(bundle.factor == 1)
    for value, row in found.iterrows():
        top = someone.steer({(1, 0): value}, factor=1, n=10).after["index"]
        for name in found.columns:
            column = bundle.items[name].to_numpy()
            quantile = [(column[mine] < column[i]).sum() / (len(mine) - 1) for i in top]
            assert row[name] == pytest.approx(np.mean(quantile), abs=1e-9)


def test_on_dial(bundle):
    mine = np.flatnonzero(bundle.factor == 1)
    at = bundle.dials.stands(mine, 1, 0)
    coordinate = bundle.vectors[mine] @ bundle.axes[1][:, 0]
    assert (np.argsort(at[np.argsort(coordinate)], kind="stable") == np.arange(len(mine))).all()
    assert (at.min(), at.max()) == (0, 1)
    assert np.isnan(bundle.dials.stands(np.flatnonzero(bundle.factor != 1), 1, 0)).all()


BAD = [
    ({}, "either items or a user"), ({"items": ["mugs-0001"], "user": "person-00001"}, "either items or a user"),
    ({"user": "nobody"}, "'nobody'"), ({"items": ["mug-1"]}, "mug-1"), ({"items": []}, "empty"),
    ({"dials": {(7, 0): 0.5}}, "factor is 7: tiny has 7, so it must be from 0 to 6"),
    ({"dials": {(-1, 0): 0}}, "factor is -1"),
    ({"dials": {(0, 8): 0}}, "dim is 8"), ({"dials": {(0, -1): 0}}, "dim is -1"), ({"factor": 7}, "factor is 7"),
    *[({"dials": {(0, 0): value}}, f"value is {value}") for value in (1.01, -7, float("nan"), float("inf"))],
    ({"n": 0}, "n is 0"), ({"strength": 1.5}, "strength is 1.5"), ({"strength": float("nan")}, "strength is nan")]


@pytest.mark.parametrize(("arguments", "named"), BAD)
def test_bad_arguments(bundle, arguments, named):
    who = {} if "either" in named or "user" in arguments or "items" in arguments else {"user": bundle.people[0]}
    with pytest.raises(InputError, match=named) as caught:
        bundle.steer(**{"dials": {(0, 0): 0.5}} | who | arguments)
    assert "\n" not in str(caught.value)
