"""Names for macro factors, made from the items that they hold."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

CLEAR_SHARE = 0.6  # a tag that this share of a factor's items bear names it alone


@dataclass(frozen=True)
class Factor:
    """A macro factor for people: its index, a name made from its items, the share of the items that it took (0 to 1), and
    the positions of its most typical items, best first."""

    index: int
    name: str
    share: float
    typical: tuple[int, ...]


def name_factors(items: pd.DataFrame, factor: np.ndarray, certainty: np.ndarray, kfac: int) -> list[Factor]:
    """The K factors with names that differ.

    items: the table (M rows), with `category` and, where they are known, `genres` ("A|B"), `year`, `clicks`. factor (M,):
    the factor of each item; certainty (M,): its c. A name is the tag that most of the items bear, or the two tags that set
    the factor apart from the rest of the catalogue; failing that, the title of its most typical item.
    """
    tags = _tags(items)
    overall = Counter(tag for row in tags for tag in row)
    weight = certainty * (1 + items["clicks"].to_numpy() if "clicks" in items else 1)
    found, used = [], set()
    for k in range(kfac):
        mine = np.flatnonzero(factor == k)
        typical = mine[np.argsort(-weight[mine], kind="stable")]
        name = next((name for name in _candidates([tags[i] for i in mine], overall, len(items)) if name not in used), None)
        if name is None:
            name = f"Like {items['title'].iloc[typical[0]]}" if len(typical) else f"Unused {k + 1}"
        while name in used:
            name = f"{name} ({k + 1})"
        used.add(name)
        found.append(Factor(k, name, len(mine) / len(items), tuple(int(i) for i in typical[:24])))
    return found


def _tags(items: pd.DataFrame) -> list[list[str]]:
    genres = items["genres"] if "genres" in items else items["category"]
    decade = items["year"] // 10 * 10 if "year" in items else pd.Series(np.nan, items.index)
    return [[tag for tag in str(g if isinstance(g, str) else "").split("|") if tag]
            + ([f"{int(d)}s"] if np.isfinite(d) else []) for g, d in zip(genres, decade, strict=True)]


def _candidates(mine: list[list[str]], overall: Counter, total: int):
    """Names from best to worst: one clear tag, then pairs of telling tags."""
    count = Counter(tag for row in mine for tag in row)
    if not count:
        return
    share = {tag: n / len(mine) for tag, n in count.items()}
    lift = {tag: s / (overall[tag] / total) for tag, s in share.items()}
    telling = sorted((tag for tag in share if share[tag] >= 0.1 and lift[tag] > 1.05),
                     key=lambda tag: (-share[tag] * np.log(lift[tag]), tag))
    for tag in telling[:2]:
        if share[tag] >= CLEAR_SHARE and lift[tag] >= 2:
            yield tag.capitalize() if tag.islower() else tag
    for i in range(min(4, len(telling))):
        for j in range(i + 1, min(5, len(telling))):
            yield f"{telling[i]} · {telling[j]}"
    for tag in telling:
        yield tag
