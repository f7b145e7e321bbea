"""Shelves: what a person does to them, what cannot be done, and what follows for intentions."""

import pytest

from macrid.errors import InputError
from macrid.labelling.shelves import SHOWN, UNDO_STEPS, Shelf, Shelves

THREE = Shelves((Shelf("bags", ("a", "b")), Shelf("shoes", ("c",)), Shelf("lamps", ("d", "e"))))


def contents(shelves):
    return {shelf.name: shelf.items for shelf in shelves.shelves}


def test_the_shelves_of_a_bundle_are_its_factors(bundle):
    shelves = Shelves.of(bundle)
    used = [factor for factor in bundle.factors if factor.share]
    assert [shelf.name for shelf in shelves.shelves] == [factor.name for factor in used]
    for shelf, factor in zip(shelves.shelves, used, strict=True):
        assert bundle.positions(shelf.items).tolist() == list(factor.typical[:SHOWN])
    assert set(bundle.items["item_id"]) > set(shelves.intentions().items)


def test_an_item_moves_and_nothing_is_lost():
    moved = THREE.moved("b", 1)
    assert contents(moved) == {"bags": ("a",), "shoes": ("b", "c"), "lamps": ("d", "e")}
    assert moved.intentions().items == {"a": "bags", "b": "shoes", "c": "shoes", "d": "lamps", "e": "lamps"}
    assert contents(THREE.moved("new", 0))["bags"] == ("new", "a", "b")
    with pytest.raises(InputError, match="this is its last one; put another there first, or merge"):
        THREE.moved("c", 0)


def test_shelves_merge_and_get_names():
    assert contents(THREE.merged(1, 0)) == {"bags": ("a", "b", "c"), "lamps": ("d", "e")}
    assert contents(THREE.merged(0, 2)) == {"shoes": ("c",), "lamps": ("d", "e", "a", "b")}
    assert [shelf.name for shelf in THREE.renamed(1, "  new   name ").shelves] == ["bags", "new name", "lamps"]
    for name, message in (("lamps", "a shelf called 'lamps' already"), ("  ", "cannot be called ''"), ("x" * 61, "called")):
        with pytest.raises(InputError, match=message):
            THREE.renamed(1, name)
    for k, into in ((1, 1), (0, 3), (-1, 0)):
        with pytest.raises(InputError, match=r"merged with another|no shelf"):
            THREE.merged(k, into)


def test_a_shelf_is_cut_where_its_items_part(bundle):
    first, second = (factor.typical[:4] for factor in bundle.factors[:2])
    ids = bundle.items["item_id"].iloc[[*first, *second]].tolist()
    cut = Shelves((Shelf("both", tuple(ids)),)).split(0, bundle)
    assert [shelf.name for shelf in cut.shelves] == ["both", "both 2"]
    assert sorted(item for shelf in cut.shelves for item in shelf.items) == sorted(ids)
    with pytest.raises(InputError, match="has one item and cannot be split"):
        Shelves((Shelf("one", (ids[0],)),)).split(0, bundle)


def test_changes_are_undone_one_by_one():
    changed = THREE.moved("b", 1).renamed(0, "sacks")
    assert changed.did == "bags renamed sacks"
    assert changed.undone().undone() == THREE
    assert THREE.undone() is THREE
    many = THREE
    for i in range(UNDO_STEPS + 5):
        many = many.renamed(0, f"name {i}")
    assert len(many.past) == UNDO_STEPS
    assert all(not state.past for state in many.past)


def test_what_a_file_tells_goes_to_the_shelves_of_its_names():
    from macrid.data.intention_file import Intentions

    told = THREE.told(Intentions(("shoes", "hats"), {"a": "shoes", "z": "hats", "c": "hats"}), "import")
    assert contents(told) == {"bags": ("b",), "shoes": ("a",), "lamps": ("d", "e"), "hats": ("c", "z")}
