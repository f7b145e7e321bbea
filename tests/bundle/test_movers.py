"""What moves a person's list most, against the lists that `Person.steer` gives."""

import numpy as np
import pytest

from macrid.bundle import movers
from macrid.bundle.movers import LENGTH, PLACES, Movers


@pytest.fixture(scope="module")
def someone(bundle):
    return bundle.person(bundle.history_of(bundle.people[0]))


def exchanged(person, factor, turns) -> float:
    """The mean share of one's own list that is exchanged by some turns, from the tables of `steer`, one after another."""
    items = person.trained.items if factor is None else person.dials.factor_items(factor).positions
    shares = []
    for dials, wishes in turns:
        lists = person.steer(dials, wishes, factor=factor, n=min(LENGTH, len(items) // 4))
        own, found = (set(table["item_id"]) for table in (lists.before, lists.after))
        shares.append(len(own - found) / len(own))
    return sum(shares) / len(shares)


def keeps_its_word(bundle, person, factor, dial) -> None:
    """From end to end lists hold more of what the high end is called after, or less of what the low end is."""
    label, n = bundle.dials.label(*dial.of), LENGTH if factor is None else len(bundle.factor_items(factor).positions) // 4
    low, high = (person.steer({dial.of: end}, factor=factor, n=n).after["index"] for end in bundle.dials.range(*dial.of))
    risen = {name: np.nanmean(bundle.wishes.values(name)[high]) - np.nanmean(bundle.wishes.values(name)[low])
             for name in dial.tells}
    if dial.tells == (label.low, label.high):
        assert risen[label.low] <= 0 <= risen[label.high]
        assert any(risen.values())
    else:
        assert label.sign * risen[label.name] > 0


@pytest.mark.parametrize("factor", [None, 2])
def test_how_much_wishes_and_dials_move(bundle, someone, factor):
    found = Movers(someone, factor)
    assert found.wishes
    for each in found.wishes:
        turns = [({}, {each.of: sign * place}) for sign in (-1, 1) for place in PLACES]
        assert each.moves == pytest.approx(exchanged(someone, factor, turns), abs=1e-6)
    for each in found.dials:
        low, high = bundle.dials.range(*each.of)
        here = np.clip(someone.position(*each.of), low, high)
        turns = [({each.of: here + place * (end - here)}, {}) for end in (low, high) for place in PLACES]
        assert each.moves == pytest.approx(exchanged(someone, factor, turns), abs=1e-6)
        keeps_its_word(bundle, someone, factor, each)
    for some in (found.wishes, found.dials, found.first(6)):
        assert [each.moves for each in some] == sorted((each.moves for each in some), reverse=True)
    assert factor is None or {each.of[0] for each in found.dials} <= {factor}


def test_what_comes_first(bundle, someone):
    """Wishes and dials by halves, none that tells what another tells; numbers are half of the wishes at most."""
    found = Movers(someone)
    first = found.first(6)
    told = [name for each in first for name in each.tells]
    assert len(told) == len(set(told))
    wishes = [each for each in first if isinstance(each.of, str)]
    assert found.most(3) == sorted(found.most(3), key=lambda each: -each.moves)
    assert set(found.most(3)) <= set(wishes)
    attributes = bundle.wishes.attributes
    for n in (3, 6):
        assert sum(not attributes[each.of].yes_no for each in found.most(n)) <= (n + 1) // 2
    assert 0 < len(first) - len(wishes) <= 3
    assert bundle.sliders(someone.seen, 6) == first
    assert bundle.sliders(someone.seen, 6, 2) == Movers(someone, 2).first(6)


def test_a_large_catalogue_is_told_by_its_best_known_items(bundle, someone, monkeypatch):
    monkeypatch.setattr(movers, "MOST_ITEMS", 60)
    found = Movers(someone)
    clicks = bundle.items["clicks"].to_numpy()
    assert clicks[found._items].min() >= np.sort(clicks)[-60]
    assert {each.of for each in found.wishes} <= set(bundle.wishes.attributes)


def test_what_says_much_the_same_does_not_come_twice(bundle, someone, monkeypatch):
    """Of two attributes that go together among the items, only one has a slider."""
    monkeypatch.setattr(movers, "ALIKE", 1.1)
    free = [each.of for each in Movers(someone).most(6)]
    leans = np.array([bundle.wishes.lean(name) for name in free])
    together = np.corrcoef(leans) - 2 * np.eye(len(free))
    one, other = np.unravel_index(together.argmax(), together.shape)
    monkeypatch.setattr(movers, "ALIKE", together.max() - 1e-6)
    kept = [each.of for each in Movers(someone).most(6)]
    assert free[min(one, other)] in kept  # what moves more
    assert free[max(one, other)] not in kept
