"""Wishes before a bundle: what they add to scores, what lists then hold, and what cannot be wished for."""

import numpy as np
import pytest

from macrid.bundle.person import Person
from macrid.dials import wishes
from macrid.errors import InputError


@pytest.fixture(scope="module")
def someone(bundle) -> Person:
    return bundle.person(bundle.history_of(bundle.people[0]))


@pytest.mark.parametrize("factor", [None, 1])
@pytest.mark.parametrize("dials", [{}, {(1, 0): 0.6}])
def test_a_wish_adds_its_attribute_to_the_scores(bundle, someone, factor, dials):
    """score(with wishes) = score(without) + reach * sum_a weight(wish_a) * lean_a, with the dials or without."""
    asked = {"size": 0.7, "mugs": -0.4}
    plain = someone.steer(dials, factor=factor, n=1000).after.set_index("index")["score"]
    wished = someone.steer(dials, asked, factor=factor, n=1000).after.set_index("index")["score"]
    mine = np.arange(len(bundle.items)) if factor is None else np.flatnonzero(bundle.factor == factor)
    own = someone.steer(factor=factor, n=1000, hide_seen=False).before["score"]
    assert len(own) == len(mine)
    reach = own.max() - own.mean()
    for item in plain.index:
        added = sum(reach * wishes.weight(value, name == "mugs") * bundle.wishes.lean(name)[item]
                    for name, value in asked.items())
        assert wished[item] - plain[item] == pytest.approx(added, abs=1e-4)
    assert wished.is_monotonic_decreasing


def test_more_and_less_of_something(bundle, someone):
    means = [someone.steer(wishes={"size": value}, n=12).readings[0].after for value in (-1, -0.6, 0, 0.6, 1)]
    assert means == sorted(means)
    assert means[-1] > means[0]
    mugs = [someone.steer(wishes={"mugs": value}, n=12).readings[0].after for value in (-1, 0, 1)]
    assert mugs[0] == 0
    assert mugs[2] >= mugs[1]
    assert mugs[2] > 0


def test_no_wish_changes_nothing(bundle, someone):
    one, other = someone.steer(), someone.steer({}, {"size": 0.0})
    assert one.after["mark"].eq("same").all()
    assert other.after["item_id"].tolist() == one.after["item_id"].tolist()
    still = someone.steer(wishes={"size": 1.0}, strength=0.0)
    assert still.after["item_id"].tolist() == still.before["item_id"].tolist()


def test_readings_are_those_of_the_lists(bundle, someone):
    found = someone.steer(wishes={"size": 0.8, "mugs": 0.5}, n=12)
    size, mugs = found.readings
    assert (size.before, size.after) == tuple(
        pytest.approx(bundle.items["size"].iloc[each["index"]].mean(), rel=1e-6) for each in (found.before, found.after))
    assert mugs.after == (found.after["category"] == "mugs").sum()
    assert (mugs.yes_no, size.yes_no, size.of) == (True, False, 12)
    assert mugs.told(12) == f"mugs: {mugs.before:.0f} to {mugs.after:.0f} of 12"
    assert size.told(12).startswith("mean size: 0.")


@pytest.mark.parametrize(("text", "name", "sign"), [("size=larger", "size", 1), ("Size=-0.5", "size", -1),
                                                    ("mugs=no", "mugs", -1), ("price=cheap", "price", -1),
                                                    ("popularity=famous", "popularity", 1)])
def test_a_wish_from_the_command_line(bundle, text, name, sign):
    found, value = bundle.wishes.wish(text)
    assert found == name
    assert value * sign > 0


@pytest.mark.parametrize(("text", "named"), [("sise=1", "size"), ("size", "larger"), ("size=2", "-1 to 1"),
                                            ("size=red", "smaller")])
def test_what_cannot_be_wished(bundle, text, named):
    with pytest.raises(InputError, match=named):
        bundle.wishes.wish(text)


@pytest.mark.parametrize(("asked", "named"), [({"size": 1.5}, "1.5"), ({"size": float("nan")}, "nan"),
                                              ({"colour": 0.5}, "colour"), ({"Size": 0.5}, "'size'")])
def test_bad_wishes(someone, asked, named):
    with pytest.raises(InputError, match=named) as caught:
        someone.steer(wishes=asked)
    assert "\n" not in str(caught.value)


def test_words(bundle):
    found = bundle.wishes.understand("bigger, cheaper, no mugs, with sequins")
    assert found.wishes["mugs"] == -1
    assert found.wishes["size"] > 0 > found.wishes["price"]
    assert found.unknown == ["sequins"]


def test_what_is_hidden_is_never_listed(bundle, someone):
    first = someone.steer(n=3).after["index"].tolist()
    assert not set(first) & set(someone.steer(wishes={"size": 0.2}, n=1000, without=first).after["index"])
    inside = someone.steer(factor=1, n=3).after["index"].tolist()
    assert someone.steer(factor=1, n=1000, without=inside).before["index"].tolist()[:1] != inside[:1]


def test_why_an_item_is_listed(bundle, someone):
    """Its rank is its place in the list, and without a wish or a dial that in the list without it."""
    dials, wanted = {(1, 0): 0.6}, {"size": 0.9, "mugs": -0.3}
    everything = someone.steer(dials, wanted, n=1000).after["index"].tolist()
    for rank in (1, 5, 20):
        item = everything[rank - 1]
        why = someone.why(item, dials, wanted)
        assert why.rank == rank
        without = someone.steer(dials, {"mugs": -0.3}, n=1000).after["index"].tolist()
        assert why.without_wish["size"] == without.index(item) + 1
        assert why.without_dial == {(1, 0): someone.steer({}, wanted, n=1000).after["index"].tolist().index(item) + 1}
        assert set(why.near) <= set(someone.seen)
        likeness = bundle.vectors[why.near] @ bundle.vectors[item]
        assert (np.diff(likeness) <= 1e-6).all()
        own = [i for i in someone.seen if bundle.factor[i] == bundle.factor[item]]
        assert set(why.near) <= set(own or someone.seen)
    assert someone.why(int(someone.seen[0]), dials, wanted).rank is None  # what was clicked is not listed


def test_the_same_lists_without_tables(someone):
    asked = {"size": 0.7}, {"n": 12, "strength": 0.8}
    steered, ranked = someone.steer(None, asked[0], **asked[1]), someone.ranked(None, asked[0], **asked[1])
    assert ranked.before.tolist() == steered.before["index"].tolist()
    assert ranked.after.tolist() == steered.after["index"].tolist()
    assert ranked.marks == steered.after["mark"].tolist()


def test_more_like_an_item(bundle, someone):
    """Likeness to an item is an attribute: 1 of the item itself, and a wish for it brings what is like it."""
    item = int(someone.steer(n=20).before["index"].iloc[-1])
    name = f"like:{bundle.items['item_id'].iloc[item]}"
    likeness = bundle.wishes.values(name)
    assert likeness[item] == pytest.approx(1)
    assert likeness.argmax() == item
    means = [someone.steer(wishes={name: value}, n=12).readings[0].after for value in (-1, 0, 0.6, 1)]
    assert means == sorted(means)
    assert means[-1] > means[1] > means[0]
    assert item in someone.steer(wishes={name: 1}, n=12).after["index"].tolist()
    assert name not in list(bundle.wishes.attributes)  # it is found, not listed
    with pytest.raises(InputError, match="knows no 'like:nothing'"):
        bundle.wishes.wish("like:nothing=+")


def test_like_a_title_in_words(bundle):
    title, item = bundle.items["title"].iloc[7], bundle.items["item_id"].iloc[7]
    found = bundle.wishes.understand(f"like {title}, but cheaper")
    assert {name: value > 0 for name, value in found.wishes.items()} == {f"like:{item}": True, "price": False}
    assert not found.unknown
    assert bundle.wishes.understand("I would like mugs").wishes.keys() == {"mugs"}
