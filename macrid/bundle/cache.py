"""What a bundle keeps of its answers: named stores, each of a bounded number of recent ones."""

import os
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from macrid.dials.names import DialLabel
from macrid.dials.steered_scores import SteeredScores
from macrid.model.linear_path import LinearRow

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

ITEMS = 20_000  # rows of the items table
MAPS = 8
LEANS = 64  # attributes
DIALS = 10_000
SLIDERS = 512  # people
PEOPLE_MB, PEOPLE = "MACRID_PEOPLE_MB", 600  # what the people may take: the environment's, or so much
FEWEST_PEOPLE, MOST_PEOPLE = 4, 256


class Store(Generic[Key, Value]):
    """The values of the `most` keys that were asked for last. Several threads may ask."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._values: dict[Key, Value] = {}  # the most recent last
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value of a key, by `make` if it is not there."""
        with self._lock:
            if key in self._values:
                value = self._values[key] = self._values.pop(key)
                return value
        value = make()  # outside of the lock: it takes long, and may ask this store for other keys
        with self._lock:
            value = self._values.setdefault(key, value)
            while len(self._values) > self.most:
                del self._values[next(iter(self._values))]
        return value


class FactorItems(NamedTuple):
    """The positions (m,) of the items of a factor, and their coordinates (m, D) on its dials."""

    positions: np.ndarray
    coordinates: np.ndarray


@dataclass
class Computed:
    """What is computed once for a person: the user vector (K, D), what the linear path adds to the scores, and the scores by
    what is listed: of the whole catalogue (None), and of the factor listed last."""

    parts: np.ndarray
    linear: LinearRow
    scores: dict[int | None, SteeredScores] = field(default_factory=dict)
    own: np.ndarray | None = None  # the scores of all items (M,), where those are not kept by factor
    reach: dict[int | None, float] = field(default_factory=dict)  # of a wish, by what is listed


class Cache:
    """The stores of a bundle of M items and K factors. They hold tables and arrays, nothing that refers back to the bundle:
    its memory is free as soon as nobody holds it, without a garbage collection."""

    def __init__(self, n_items: int, kfac: int) -> None:
        self.items: Store[int, dict] = Store(ITEMS)
        self.maps: Store[str, np.ndarray] = Store(MAPS)
        self.values: Store[str, np.ndarray] = Store(LEANS)
        self.leans: Store[str, np.ndarray] = Store(LEANS)
        self.factor_items: Store[int, FactorItems] = Store(kfac)
        self.quantiles: Store[int, pd.DataFrame] = Store(kfac)
        self.labels: Store[tuple[int, int], DialLabel | None] = Store(DIALS)
        self.sliders: Store[tuple[tuple[int, ...], int, int | None], list] = Store(SLIDERS)
        self.people: Store[tuple[int, ...], Computed] = Store(people_kept(n_items, kfac))


def people_kept(n_items: int, kfac: int) -> int:
    """Of how many people the answers are kept in what PEOPLE_MB says: one takes K + 13 floats an item, measured in the
    memory of a process (K + 7 in arrays)."""
    given = os.environ.get(PEOPLE_MB, "")
    most = float(given) if re.fullmatch(r"\d{1,9}", given) else PEOPLE
    return max(FEWEST_PEOPLE, min(MOST_PEOPLE, int(most * 1e6 / (4 * n_items * (kfac + 13)))))
