"""What a bundle keeps: recent answers only, and nothing that keeps the bundle itself alive."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from macrid.bundle import load
from macrid.bundle.cache import PEOPLE_MB, Cache, Store


def test_the_keys_asked_for_last_are_kept():
    store, made = Store(2), []

    def get(key):
        return store.get(key, lambda: made.append(key) or key * 10)

    assert [get(1), get(2), get(1), get(3), get(1), get(2)] == [10, 20, 10, 30, 10, 20]
    assert made == [1, 2, 3, 2]  # 3 took the place of 2, as 1 was asked for again
    assert len(store) == 2


def test_what_cannot_be_made_is_not_kept():
    store = Store(2)
    with pytest.raises(KeyError):
        store.get(1, {}.popitem)
    assert store.get(1, lambda: "made") == "made"


def test_several_threads_may_ask():
    store = Store(8)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda key: store.get(key % 16, lambda: key % 16), range(4000)))
    assert answers == [key % 16 for key in range(4000)]
    assert len(store) == 8


def test_few_people_of_many_items_are_kept_unless_they_are_given_room(monkeypatch):
    monkeypatch.delenv(PEOPLE_MB, raising=False)
    assert [Cache(n, 7).people.most for n in (100, 500_000, 10**7)] == [256, 15, 4]
    monkeypatch.setenv(PEOPLE_MB, "4000")
    assert [Cache(n, 7).people.most for n in (100, 500_000, 10**7)] == [256, 100, 5]
    monkeypatch.setenv(PEOPLE_MB, "much")
    assert Cache(500_000, 7).people.most == 15


def use(bundle) -> None:
    """Ask everything that is kept."""
    person = bundle.person(bundle.history_of(bundle.people[0]))
    for factor in (None, 0, 1):
        person.steer({(0, 0): 0.5}, factor=factor, n=5)
    person.film_strip(0, 0)
    person.curves(0, 0)
    bundle.recommend([bundle.items["item_id"].iloc[3]])
    bundle.search("lamp", 3)
    bundle.item(3)
    bundle.map_of("tsne")
    bundle.dials.label(0, 0)
    assert bundle.dials.showcase
    bundle.held_out("test")
    bundle.typical(5)


def test_bundles_that_are_dropped_leave_nothing_behind(trained):
    """The app switches collections off: a cycle would keep every model that was ever opened."""
    gc.collect()
    gc.disable()
    try:
        alive = []
        for _ in range(8):
            bundle = load(trained)
            use(bundle)
            person = bundle.person([1, 2, 3])
            alive += [weakref.ref(bundle), weakref.ref(bundle.model), weakref.ref(bundle.vectors), weakref.ref(bundle.dials)]
            del bundle
            assert len(person.steer({}, n=3).after) == 3  # a person can be asked as long as somebody holds them
            del person
        assert not [ref() for ref in alive if ref() is not None]
    finally:
        gc.enable()


def test_answers_are_computed_once(trained):
    bundle = load(trained)
    assert bundle.item(np.int64(3)) is bundle.item(3)
    assert bundle.map_of("umap") is bundle.map_of("umap")
    assert bundle.factor_items(2).coordinates is bundle.factor_items(2).coordinates
    assert bundle.quantiles(2) is bundle.quantiles(2)
    again = bundle.person([1, 2, 3])
    again.steer({(0, 0): 0.5})
    assert bundle.person([1, 2, 3])._scores(None) is again._scores(None)
