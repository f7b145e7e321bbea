"""People found by what they like ("alien, blade runner"), or by the beginning of their number."""

import re
from collections.abc import Callable, Mapping

import numpy as np

MOST_MEANT = 12  # items that one title may mean
MOST_PARTS = 8  # titles that are looked for at once


class People:
    """Some people, by their histories (positions of items), and a search for items: (text, n) -> positions."""

    def __init__(self, histories: Mapping[str, np.ndarray], search: Callable[[str, int], list[int]]) -> None:
        self.names, self.search = list(histories), search
        self._sizes = np.array([len(history) for history in histories.values()])
        self._items = np.concatenate([*histories.values(), np.empty(0, np.int64)])  # (n,) of one after another
        self._owner = np.repeat(np.arange(len(self.names)), self._sizes)  # (n,)

    def find(self, text: str, n: int) -> list[tuple[str, np.ndarray]]:
        """n people at most, and the items of their histories that were meant. First those whose number begins so; then those
        who like something of most of the titles, which commas part, those of whose history it is a larger share first. An
        empty text finds the first people."""
        numbered = [name for name in self.names if name.startswith(text.strip())][:n]
        found = [(name, np.empty(0, np.int64)) for name in numbered]
        parts = [part for part in re.split(r"[,;&+]", text) if part.strip()][:MOST_PARTS]
        if len(found) == n or not parts:
            return found
        meant = [np.array(self.search(part, MOST_MEANT), np.int64) for part in parts]
        hits = [np.isin(self._items, each) for each in meant]  # (n,) each
        counts = np.stack([np.bincount(self._owner, hit, len(self.names)) for hit in hits])  # (parts, people)
        covered, share = (counts > 0).sum(axis=0), counts.sum(axis=0) / np.maximum(self._sizes, 1)
        order = np.lexsort((-share, -covered))
        any_hit = np.any(hits, axis=0)
        likers = [person for person in order[: n + len(found)] if covered[person] and self.names[person] not in numbered]
        found += [(self.names[person], self._items[any_hit & (self._owner == person)]) for person in likers]
        return found[:n]
