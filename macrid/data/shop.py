"""The simulated shop: a catalogue with known truth, in the manner of the paper's AliShop-7C.

Every item has a category, four attributes in [0, 1] and a popularity. Every person has one to four intentions (categories)
and, for each, their own taste: a wanted value and a tolerance in every attribute. Within an intention they buy item i with
probability proportional to

    popularity_i * exp(-1/2 sum_a ((attribute_ia - wanted_a) / tolerance_a)^2).

So the macro factors (categories) and the micro factors (attributes) that a model should find are known exactly.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

from macrid.errors import InputError
from macrid.files import write_text

from .interactions import Interactions

ATTRIBUTES = ("size", "shade", "warmth", "price")
TOLERANCES = tuple(f"{name}_tolerance" for name in ATTRIBUTES)
CATEGORIES = ("handbags", "shirts", "shoes", "phones", "watches", "lamps", "mugs")

_SINGULAR = ("handbag", "shirt", "shoes", "phone", "watch", "lamp", "mug")
_COLOURS = (  # rows: cool to warm; columns: light to dark
    ("ice", "azure", "midnight"),
    ("mint", "teal", "pine"),
    ("pearl", "stone", "charcoal"),
    ("sand", "amber", "umber"),
    ("blush", "coral", "oxblood"),
)
_SPREAD = 0.8  # of the logarithm of items' popularity
_SKEWED_SPREAD = 1.1  # what, with these shares of the categories, gives clicks as unequal as those of AliShop-7C
_SKEWED_SHARES = (0.053, 0.124, 0.251, 0.185, 0.157, 0.056, 0.174)
_INTENTIONS = (0.35, 0.30, 0.20, 0.15)  # probability of one, two, three, four intentions
_TOLERANCE = (0.18, 0.45)  # uniform range
_PEOPLE_AT_ONCE = 10_000  # bounds the memory of one chunk of proposals
_ROUNDS = 400  # proposals per wanted purchase; what is left after that is not bought


@dataclass(frozen=True)
class Shop:
    """What `simulate` returns.

    data: the purchases; its items table has the columns of ATTRIBUTES and `popularity` (relative weight, mean 1).
    people: one row for each intention of each person: user_id, category, share (of their purchases; sums to 1 over a
        person), and in each attribute the wanted value (`size`) and the tolerance (`size_tolerance`).
    """

    data: Interactions
    people: pd.DataFrame


def simulate(n_items: int = 2_000, n_people: int = 10_000, seed: int = 0, skewed: bool = False) -> Shop:
    """Simulate a shop of `n_items` items in seven categories and the purchases of `n_people` people.

    skewed: categories are as unequally wanted, and items as unequally popular, as in the paper's AliShop-7C; else people
        want all categories alike, and popularity varies less.
    Time and memory grow with the number of purchases (about 30 a person). Raises InputError for sizes too small to fill
    the categories.
    """
    if n_items < 10 * len(CATEGORIES):
        raise InputError(f"n_items is {n_items}: a shop needs at least {10 * len(CATEGORIES)} items, 10 a category")
    if n_people < 1:
        raise InputError(f"n_people is {n_people}: a shop needs at least 1 person")
    rng = np.random.default_rng(seed)
    category = np.arange(n_items) % len(CATEGORIES)  # (M,)
    attributes = rng.random((n_items, len(ATTRIBUTES)))  # (M, A)
    popularity = rng.lognormal(0.0, _SKEWED_SPREAD if skewed else _SPREAD, n_items)
    popularity /= popularity.mean()

    wanted = np.array(_SKEWED_SHARES if skewed else np.ones(len(CATEGORIES)))

    shelves = _Shelves(category, attributes, popularity)
    matrices, people = [], []
    for start in range(0, n_people, _PEOPLE_AT_ONCE):
        count = min(_PEOPLE_AT_ONCE, n_people - start)
        tastes = _tastes(count, wanted, rng)
        matrices.append(_purchases(shelves, count, tastes, rng))
        people.append(pd.DataFrame({"user_id": _user_ids(start, count)[tastes.person],
                                    "category": np.array(CATEGORIES, object)[tastes.category],
                                    "share": tastes.share} | dict(zip(ATTRIBUTES, tastes.wanted.T, strict=True))
                                   | dict(zip(TOLERANCES, tastes.tolerance.T, strict=True))))
    items = _items_table(category, attributes, popularity)
    name = "skewed-shop" if skewed else "shop"
    data = Interactions(matrix=vstack(matrices, format="csr", dtype=np.float32), user_ids=_user_ids(0, n_people),
                        item_ids=items["item_id"].to_numpy(object), items=items, name=name, rated=False)
    return Shop(data, pd.concat(people, ignore_index=True))


def acceptance(off: np.ndarray) -> np.ndarray:
    """The probability that a person takes an item that they are shown, exp(-1/2 sum_a off_a^2), from how many tolerances off
    what is wanted it is: off (..., A) = (attribute - wanted) / tolerance -> (...)."""
    return np.exp(-0.5 * (off**2).sum(axis=-1))


def _user_ids(start: int, count: int) -> np.ndarray:
    return np.array([f"person-{i:05d}" for i in range(start, start + count)], object)


class _Tastes(NamedTuple):
    """Who wants what: a row for each of N (person, intention)."""

    person: np.ndarray  # (N,)
    category: np.ndarray  # (N,)
    share: np.ndarray  # (N,) of the person's purchases
    wanted: np.ndarray  # (N, A)
    tolerance: np.ndarray  # (N, A)


def _tastes(count: int, wanted: np.ndarray, rng: np.random.Generator) -> _Tastes:
    """Tastes of `count` people; a category is drawn with a probability proportional to `wanted` (C,)."""
    how_many = rng.choice(len(_INTENTIONS), count, p=_INTENTIONS) + 1
    race = -np.log1p(-rng.random((count, len(CATEGORIES)))) / wanted  # exponential times: who comes first is drawn
    order = race.argsort(1)  # a random order of the categories for each person
    person, rank = np.nonzero(np.arange(len(CATEGORIES)) < how_many[:, None])
    weight = rng.gamma(3.0, size=len(person))
    share = weight / np.bincount(person, weight, count)[person]
    shape = (len(person), len(ATTRIBUTES))
    return _Tastes(person, order[person, rank], share, rng.random(shape), rng.uniform(*_TOLERANCE, shape))


def write_csv(data: Interactions, folder: Path) -> None:
    """Write purchases and items as somebody might have them: clicks.csv and items.csv in `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = data.matrix.tocoo()
    clicks = pd.DataFrame({"user_id": data.user_ids[entries.row], "item_id": data.item_ids[entries.col]})
    for name, table in (("clicks.csv", clicks), ("items.csv", data.items)):
        write_text(folder / name, table.to_csv(index=False))


class _Shelves:
    """The items of each category in one row, with the cumulative popularity from which proposals are drawn."""

    def __init__(self, category: np.ndarray, attributes: np.ndarray, popularity: np.ndarray) -> None:
        self.order = np.argsort(category, kind="stable")  # (M,) item of each place
        self.attributes = attributes[self.order]
        # place <-> [category, category + 1): one sorted table serves the draws of all categories
        sorted_category = category[self.order]
        weight = popularity[self.order]
        total = np.bincount(sorted_category, weight)
        running = np.cumsum(weight) - np.concatenate([[0], np.cumsum(total)[:-1]])[sorted_category]
        self.cumulative = sorted_category + running / total[sorted_category]
        self.last = np.cumsum(np.bincount(sorted_category)) - 1  # the last place of each category

    def draw(self, category: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A place for each entry of `category` (n,), by popularity."""
        place = np.searchsorted(self.cumulative, category + rng.random(len(category)), side="right")
        return np.minimum(place, self.last[category])


def _purchases(shelves: _Shelves, count: int, tastes: _Tastes, rng: np.random.Generator) -> csr_matrix:
    """Binary (count, M) matrix, by rejection: propose by popularity, accept by taste. An item bought twice counts once."""
    basket = 8 + rng.poisson(rng.gamma(2.0, 11.0, count))  # purchases a person, about 30
    purchases = rng.poisson(basket[tastes.person] * tastes.share)  # (N,)
    slot = np.repeat(np.arange(len(purchases)), purchases)  # the row of `tastes` of each purchase still to be made
    people: list[np.ndarray] = []
    items: list[np.ndarray] = []
    for _ in range(_ROUNDS):
        if not len(slot):
            break
        place = shelves.draw(tastes.category[slot], rng)
        off = (shelves.attributes[place] - tastes.wanted[slot]) / tastes.tolerance[slot]
        bought = rng.random(len(slot)) < acceptance(off)
        people.append(tastes.person[slot[bought]])
        items.append(shelves.order[place[bought]])
        slot = slot[~bought]
    rows, columns = np.concatenate(people), np.concatenate(items)
    matrix = csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), (count, len(shelves.order)))
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def _items_table(category: np.ndarray, attributes: np.ndarray, popularity: np.ndarray) -> pd.DataFrame:
    colours = np.array(_COLOURS, object)
    third = np.minimum((attributes[:, 1] * colours.shape[1]).astype(int), colours.shape[1] - 1)
    fifth = np.minimum((attributes[:, 2] * colours.shape[0]).astype(int), colours.shape[0] - 1)
    number = np.arange(len(category)) // len(CATEGORIES) + 1
    singular = np.array(_SINGULAR, object)[category]
    titles = [f"{colour.capitalize()} {what} {n}"
              for colour, what, n in zip(colours[fifth, third], singular, number, strict=True)]
    names = np.array(CATEGORIES, object)[category]
    ids = [f"{name}-{n:04d}" for name, n in zip(names, number, strict=True)]
    columns = dict(zip(ATTRIBUTES, attributes.astype(np.float32).T, strict=True))
    return pd.DataFrame({"item_id": ids, "title": titles, "category": names} | columns
                        | {"popularity": popularity.astype(np.float32)})
