"""What a person puts together: shelves with names and items. Every change gives a new object that knows the last ones before
it, so that changes can be undone."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field, replace

import numpy as np

from macrid.bundle.recommender import Recommender
from macrid.data.intention_file import LONGEST, Intentions
from macrid.errors import InputError
from macrid.training.seeded import halves

SHOWN = 12  # items of a shelf, at first
UNDO_STEPS = 50


@dataclass(frozen=True)
class Shelf:
    """A name and item ids."""

    name: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Shelves:
    """Some shelves, a factor each. did: words for the last change. past: the states before it, the latest last; they have no
    past of their own."""

    shelves: tuple[Shelf, ...]
    did: str = ""
    past: tuple[Shelves, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, bundle: Recommender) -> Shelves:
        """The factors of a bundle that are in use, each with its most typical items, those first that somebody has told."""
        ids, told = bundle.items["item_id"].to_numpy(object), bundle.intentions.items if bundle.intentions else {}
        shelves = []
        for factor in bundle.factors:
            mine = [item for item, name in told.items() if name == factor.name]
            typical = [str(ids[i]) for i in factor.typical if str(ids[i]) not in told]
            if mine or typical:
                name = textwrap.shorten(factor.name, LONGEST, placeholder=" …")
                shelves.append(Shelf(name, tuple([*mine, *typical][:max(SHOWN, len(mine))])))
        return cls(tuple(shelves))

    def moved(self, item: str, to: int) -> Shelves:
        """The item on another shelf, as its first; an item of no shelf is put there."""
        self._check(to)
        left = [replace(shelf, items=tuple(i for i in shelf.items if i != item)) for shelf in self.shelves]
        left[to] = replace(left[to], items=(item, *left[to].items))
        if any(shelf.items and not kept.items for shelf, kept in zip(self.shelves, left, strict=True)):
            raise InputError("a shelf needs an item, and this is its last one; put another there first, or merge the two")
        return self._now(f"an item to {self.shelves[to].name}", left)

    def renamed(self, k: int, name: str) -> Shelves:
        self._check(k)
        name = " ".join(name.split())
        Intentions((name,), {})  # raises InputError for what is no name
        if any(shelf.name == name for i, shelf in enumerate(self.shelves) if i != k):
            raise InputError(f"there is a shelf called {name!r} already; choose another name, or merge the two")
        return self._now(f"{self.shelves[k].name} renamed {name}", [
            replace(shelf, name=name) if i == k else shelf for i, shelf in enumerate(self.shelves)])

    def merged(self, k: int, into: int) -> Shelves:
        """Shelf k and its items are a part of the shelf `into`."""
        self._check(k)
        self._check(into)
        if k == into or len(self.shelves) < 2:
            raise InputError("a shelf is merged with another one; choose which")
        both = replace(self.shelves[into], items=self.shelves[into].items + self.shelves[k].items)
        return self._now(f"{self.shelves[k].name} merged into {both.name}", [
            both if i == into else shelf for i, shelf in enumerate(self.shelves) if i != k])

    def split(self, k: int, bundle: Recommender) -> Shelves:
        """Shelf k cut in two by where its items' vectors point, the second with a name of its own."""
        self._check(k)
        shelf = self.shelves[k]
        if len(shelf.items) < 2:
            raise InputError(f"{shelf.name} has one item and cannot be split; move another there first")
        second = halves(bundle.vectors[bundle.positions(shelf.items)].astype(np.float64))
        parts = [tuple(np.array(shelf.items, object)[second == which].tolist()) for which in (False, True)]
        if not all(parts):
            raise InputError(f"the items of {shelf.name} are alike to the model, which cannot split them; move some instead")
        used = {other.name for other in self.shelves}
        name = next(name for name in (f"{shelf.name[:56]} {n}" for n in range(2, len(used) + 3)) if name not in used)
        return self._now(f"{shelf.name} split", [*self.shelves[:k], Shelf(shelf.name, parts[0]), Shelf(name, parts[1]),
                                                 *self.shelves[k + 1 :]])

    def told(self, intentions: Intentions, did: str) -> Shelves:
        """The items of some intentions on the shelves of their names; a name that there is not yet gets a shelf."""
        moving = set(intentions.items)
        items = {shelf.name: [item for item in shelf.items if item not in moving] for shelf in self.shelves}
        for item, name in intentions.items.items():
            items.setdefault(name, []).insert(0, item)
        return self._now(did, [Shelf(name, tuple(mine)) for name, mine in items.items() if mine])

    def undone(self) -> Shelves:
        """Before the last change."""
        return replace(self.past[-1], past=self.past[:-1]) if self.past else self

    def intentions(self) -> Intentions:
        """The names, and all items on the shelves: what somebody saw there and left there is told, too."""
        return Intentions(tuple(shelf.name for shelf in self.shelves),
                          {item: shelf.name for shelf in self.shelves for item in shelf.items})

    def _check(self, k: int) -> None:
        if not 0 <= k < len(self.shelves):
            raise InputError(f"there is no shelf {k}; they are numbered from 0 to {len(self.shelves) - 1}")

    def _now(self, did: str, shelves: list[Shelf]) -> Shelves:
        return Shelves(tuple(shelves), did, (*self.past, replace(self, past=()))[-UNDO_STEPS:])
