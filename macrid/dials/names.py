"""Names for macro factors, made from the items that they hold, and for dials, from what they follow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

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
    factors: list[Factor] = []
    used: set[str] = set()
    for k in range(kfac):
        mine = np.flatnonzero(factor == k)
        typical = mine[np.argsort(-weight[mine], kind="stable")]
        name = next((name for name in _candidates(genres, decades, mine, weight) if name not in used), None)
        if name is None:
            name = f"Like {items['title'].iloc[typical[0]]}" if len(typical) else f"Unused {k + 1}"
        while name in used:
            name = f"{name} ({k + 1})"
        used.add(name)
        factors.append(Factor(k, name, len(mine) / len(items), tuple(int(i) for i in typical[:24])))
    return factors


class _Tags(NamedTuple):
    """T tags by name, and which item bears which: a matrix (M, T)."""

    names: list[str]
    of: csr_matrix


def _tags(items: pd.DataFrame) -> tuple[_Tags, _Tags]:
    """The genres (or the category) and the decades of the items."""
    genres = (items["genres"] if "genres" in items else items["category"]).to_numpy(object)
    years = items["year"].to_numpy(np.float64, na_value=np.nan) if "year" in items else np.full(len(items), np.nan)
    decades = np.array([f"{d:.0f}s" if np.isfinite(d) else "" for d in years // 10 * 10], object)
    return _tagged([g if isinstance(g, str) else "" for g in genres]), _tagged(decades)


def _tagged(texts: Sequence[str] | np.ndarray) -> _Tags:
    """The tags of texts (M,) such as "A|B"."""
    codes, kinds = pd.factorize(np.asarray(texts, object))
    tags = [[tag for tag in kind.split("|") if tag] for kind in kinds]
    names = sorted({tag for of_kind in tags for tag in of_kind})
    column = {name: t for t, name in enumerate(names)}
    rows = [row for row, of_kind in enumerate(tags) for _ in of_kind]
    columns = [column[tag] for of_kind in tags for tag in of_kind]
    return _Tags(names, csr_matrix((np.ones(len(rows)), (rows, columns)), (len(kinds), len(names)))[codes])


def _candidates(genres: _Tags, decades: _Tags, mine: np.ndarray, weight: np.ndarray) -> Iterator[str]:
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


def _telling(tags: _Tags, mine: np.ndarray, weight: np.ndarray) -> tuple[dict[str, float], list[str]]:
    """The share of each tag among the items `mine`, by weight, and the tags that set them apart from all items, the most
    telling first: by share * log(lift), for tags of at least a tenth of the items."""
    overall = _shares(tags.of, weight)  # (T,)
    here = _shares(tags.of[mine], weight[mine])  # (T,)
    share = {name: s for name, s in zip(tags.names, here, strict=True) if s > 0}
    lift = {name: s / whole for name, s, whole in zip(tags.names, here, overall, strict=True) if s > 0}
    telling = [name for name in share if share[name] >= 0.1 and lift[name] > 1.05]
    return share, sorted(telling, key=lambda name: (-share[name] * np.log(lift[name]), name))


def _shares(of: csr_matrix, weight: np.ndarray) -> np.ndarray:
    """The share of the items' weight (m,) that each tag has, (T,): of (m, T)."""
    return of.T @ weight / max(weight.sum(), 1e-300)
