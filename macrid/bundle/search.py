"""Finding items by what people type: words and beginnings of words in any order, without accents and signs, and, where that
finds nothing, titles that are nearly the same."""

import re
import unicodedata
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .nearly import Nearly

COLUMNS = ("title", "category", "genres", "year")
FEWEST_LETTERS = 4  # less is not guessed at


def normal(text: str) -> str:
    """Small letters and numbers, words apart: "L.A. Confidential" and "la confidential" are the same, and so are "Amélie"
    and "amelie", "Schindler's" and "schindlers"."""
    flat = unicodedata.normalize("NFKD", re.sub(r"['’`.]", "", text.casefold()))
    return " ".join(re.sub(r"[^\w]+|_", " ", "".join(c for c in flat if not unicodedata.combining(c))).split())


class Search:
    """A search over the items of a table (M rows): titles without another word come first, then the most clicked."""

    def __init__(self, items: pd.DataFrame) -> None:
        self.titles = [normal(str(title)) for title in items["title"]]
        text = pd.Series(self.titles, items.index, dtype=object)
        for name in COLUMNS[1:]:
            if name in items:
                text = text + " " + items[name].map(_told).map(normal)
        self.text = pa.array(" " + text.astype(str), pa.large_string())
        self.lengths = np.array([len(title) for title in self.titles])
        self.clicks = items["clicks"].to_numpy() if "clicks" in items else np.zeros(len(items))

    def find(self, typed: str, n: int) -> list[int]:
        """Positions of n items."""
        wanted = normal(typed)
        if typed.strip() and not wanted:
            return []  # nothing but signs
        found, text = np.arange(len(self.titles)), self.text
        for word in sorted(wanted.split(), key=len, reverse=True):  # the rarest, most often, so that few are left for others
            has = pc.match_substring(text, f" {word}")
            found, text = found[has.to_numpy(zero_copy_only=False)], text.filter(has)
        if len(wanted) >= FEWEST_LETTERS and not len(found):
            return self._nearly.find(wanted, n)
        other = np.ones(len(found), bool)
        words = sorted(wanted.split())
        for at in np.flatnonzero(self.lengths[found] == len(wanted)):
            other[at] = sorted(self.titles[found[at]].split()) != words
        return found[np.lexsort((-self.clicks[found], other))][:n].tolist()

    @cached_property
    def _nearly(self) -> Nearly:
        return Nearly(self.titles)


def _told(value: object) -> str:
    """A cell as text: a year without its fraction, nothing where nothing is known."""
    if value is None or value != value:
        return ""
    return f"{value:.0f}" if isinstance(value, float) else str(value)
