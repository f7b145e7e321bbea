"""Titles that are nearly what somebody typed: those that share pairs of letters with it are found first, by an index of
pairs, and only these are compared letter by letter."""

from collections.abc import Sequence

import numpy as np
from rapidfuzz import fuzz, process
from scipy.sparse import csc_matrix

ALIKE = 72  # of 100: so much a title must be like what was typed
COMPARED = 2_000  # titles, those that share most
SIGNS = 512  # letters are told apart by their number modulo this


class Nearly:
    """Titles (M,), in small letters, words apart by one blank."""

    def __init__(self, titles: Sequence[str]) -> None:
        self.titles = titles
        pairs, rows = _pairs(titles)
        bears = csc_matrix((np.ones(len(pairs), np.float32), (rows, pairs)), (len(titles), SIGNS**2))
        bears.sum_duplicates()
        self._rows, self._starts = bears.indices, bears.indptr
        frequency = np.diff(bears.indptr)  # of each pair
        self._weight = np.log((1 + len(titles)) / (1 + frequency)).astype(np.float32)
        self._length = np.array([len(title) for title in titles], np.float32)

    def find(self, typed: str, n: int) -> list[int]:
        """Positions of n titles that are nearly `typed`, the most alike first."""
        if len(self.titles) <= COMPARED:
            some = np.arange(len(self.titles))
        else:
            shared = np.zeros(len(self.titles), np.float32)
            for pair in np.unique(_pairs([typed])[0]):
                shared[self._rows[self._starts[pair]:self._starts[pair + 1]]] += self._weight[pair]
            # Of those that share as much, the shorter ones are more alike.
            shared *= 1 - 0.25 * np.abs(self._length - len(typed)) / (self._length + len(typed))
            some = np.sort(np.argpartition(-shared, COMPARED)[:COMPARED])
        titles = [self.titles[int(at)] for at in some]
        found = process.extract(typed, titles, scorer=fuzz.WRatio, score_cutoff=ALIKE, limit=n)
        return [int(some[at]) for _, _, at in found]


def _pairs(titles: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of neighbouring letters of some titles, blanks around each, as numbers, and the row of each."""
    signs = np.frombuffer("".join(f" {title} " for title in titles).encode("utf-32-le"), np.int32) % SIGNS
    rows = np.repeat(np.arange(len(titles), dtype=np.int32), [len(title) + 2 for title in titles])
    same = rows[1:] == rows[:-1]
    return (signs[:-1] * SIGNS + signs[1:])[same], rows[:-1][same]
