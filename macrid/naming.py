"""Names for macro factors, made from the items that they hold, and for dials, from what they follow."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

CLOSE, CLOSE_YES_NO = 0.5, 0.7  # a dial that goes this closely with an attribute may bear its name
CLEAR_SHARE = 0.6  # a tag that this share of a factor's items bear names it alone


@dataclass(frozen=True)
class Factor:
    """A macro factor for people: its index, a name made from its items, the share of the items that it took (0 to 1), and
    the positions of its most typical items, best first."""

    index: int
    name: str
    share: float
    typical: tuple[int, ...]


@dataclass(frozen=True)
class DialLabel:
    """What a dial is called: the attribute, words for its two ends, how sure that is (0 to 1), and how it is known."""

    name: str
    low: str
    high: str
    confidence: float
    source: str


def name_dial(attribute: str, follows: float, yes_no: bool, aligned: dict | None) -> DialLabel | None:
    """The label of a dial that goes with `attribute` as closely as `follows` says (-1 to 1); None if that is not close
    enough to be named after it. aligned: what bundle.json says of a dial that was learned from labels."""
    if aligned:
        flag = aligned["measure"] == "AUC"
        low, high = (f"not {attribute}", attribute) if flag else (f"lower {attribute}", f"higher {attribute}")
        said = (f"Learned from {aligned['labels']} labels; on items left out, {aligned['measure']} is "
                f"{aligned['confidence']:.2f} (1 is perfect{', 0.5 is chance' if flag else ''}).")
        sure = 2 * aligned["confidence"] - 1 if flag else aligned["confidence"]
        return DialLabel(attribute, aligned.get("low", low), aligned.get("high", high), max(0.0, sure), said)
    if abs(follows) < (CLOSE_YES_NO if yes_no else CLOSE):
        return None
    ends = (f"not {attribute}", attribute) if yes_no else (f"lower {attribute}", f"higher {attribute}")
    low, high = ends if follows > 0 else ends[::-1]
    how = f"AUC {(1 + abs(follows)) / 2:.2f}" if yes_no else f"rank correlation {abs(follows):.2f}"
    return DialLabel(attribute, low, high, abs(follows), f"Found without labels: it follows the items' {attribute} ({how}).")


def name_factors(items: pd.DataFrame, factor: np.ndarray, certainty: np.ndarray, kfac: int) -> list[Factor]:
    """The K factors with names that differ.

    items: the table (M rows), with `category` and, where they are known, `genres` ("A|B"), `year`, `clicks`. factor (M,):
    the factor of each item; certainty (M,): its c. A name is the tag that most of the items bear, or the two tags that set
    the factor apart from the rest of the catalogue; failing that, the title of its most typical item.
    """
    genres, decades = _tags(items)
    weight = certainty * (1 + items["clicks"].to_numpy() if "clicks" in items else 1)  # (M,) well known and typical
    found, used = [], set()
    for k in range(kfac):
        mine = np.flatnonzero(factor == k)
        typical = mine[np.argsort(-weight[mine], kind="stable")]
        name = next((name for name in _candidates(genres, decades, mine, weight) if name not in used), None)
        if name is None:
            name = f"Like {items['title'].iloc[typical[0]]}" if len(typical) else f"Unused {k + 1}"
        while name in used:
            name = f"{name} ({k + 1})"
        used.add(name)
        found.append(Factor(k, name, len(mine) / len(items), tuple(int(i) for i in typical[:24])))
    return found


def _tags(items: pd.DataFrame) -> tuple[list[list[str]], list[list[str]]]:
    """The genres (or the category) and the decade of every item, as lists of tags."""
    genres = items["genres"] if "genres" in items else items["category"]
    decade = items["year"] // 10 * 10 if "year" in items else pd.Series(np.nan, items.index)
    return ([[tag for tag in str(g if isinstance(g, str) else "").split("|") if tag] for g in genres],
            [[f"{int(d)}s"] if np.isfinite(d) else [] for d in decade])


def _candidates(genres: list[list[str]], decades: list[list[str]], mine: np.ndarray, weight: np.ndarray):
    """Names from best to worst: one clear genre, pairs of telling genres, a genre and a decade, one genre."""
    share, telling = _telling(genres, mine, weight)
    for tag in telling[:2]:
        if share[tag] >= CLEAR_SHARE:
            yield tag.capitalize() if tag.islower() else tag
    for i, tag in enumerate(telling[:4]):
        for other in telling[i + 1 : 5]:
            yield f"{tag} · {other}"
        for decade in _telling(decades, mine, weight)[1][:2]:
            yield f"{tag} · {decade}"
    yield from telling


def _telling(tags: list[list[str]], mine: np.ndarray, weight: np.ndarray) -> tuple[dict[str, float], list[str]]:
    """The share of each tag among the items `mine`, by weight, and the tags that set them apart from all items, the most
    telling first: by share * log(lift), for tags of at least a tenth of the items."""
    overall, share = (_shares(tags, positions, weight) for positions in (range(len(tags)), mine))
    lift = {tag: s / overall[tag] for tag, s in share.items()}
    found = [tag for tag in share if share[tag] >= 0.1 and lift[tag] > 1.05]
    return share, sorted(found, key=lambda tag: (-share[tag] * np.log(lift[tag]), tag))


def _shares(tags: list[list[str]], positions, weight: np.ndarray) -> dict[str, float]:
    """The share of the weight of the items at `positions` that bears each tag."""
    total: Counter = Counter()
    for i in positions:
        for tag in tags[i]:
            total[tag] += weight[i]
    whole = sum(weight[i] for i in positions)
    return {tag: value / whole for tag, value in total.items()}
