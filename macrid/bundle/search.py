"""Finding items by what people type: words and beginnings of words in any order, without accents and signs, and, where that
finds nothing, titles that are nearly the same."""

import re
import unicodedata

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

COLUMNS = ("title", "category", "genres", "year")
ALIKE = 72  # of 100: so much a title must be like what was typed, where no words are found


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
        self.text = " " + text.astype(str)
        self.clicks = items["clicks"].to_numpy() if "clicks" in items else np.zeros(len(items))

    def find(self, typed: str, n: int) -> list[int]:
        """Positions of n items."""
        wanted = normal(typed)
        matches = np.ones(len(self.titles), bool)
        for word in wanted.split():
            matches &= self.text.str.contains(" " + word, regex=False).to_numpy(bool)
        found = np.flatnonzero(matches)
        if wanted and not len(found):
            near = process.extract(wanted, self.titles, scorer=fuzz.WRatio, score_cutoff=ALIKE, limit=n)
            return [position for _, _, position in near]
        words = sorted(wanted.split())
        other = np.array([sorted(self.titles[position].split()) != words for position in found], bool)
        return found[np.lexsort((-self.clicks[found], other))][:n].tolist()


def _told(value: object) -> str:
    """A cell as text: a year without its fraction, nothing where nothing is known."""
    if value is None or value != value:
        return ""
    return f"{value:.0f}" if isinstance(value, float) else str(value)
