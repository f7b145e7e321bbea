"""Wishes: sliders for what is known of items. A wish from -1 (less) to 1 (more) adds its attribute to every score.

Letters: M items, W wishes. An attribute enters as its *lean*: what is known of it less the mean, over the square root of its
standard deviation. Dividing by the standard deviation itself makes rare genres overrule a person's taste, not dividing lets
frequent ones win; between the two, personal against segment NDCG was best (benchmarks/RESULTS.md, "Wishes").
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import csc_matrix
from scipy.stats import rankdata
from sklearn.linear_model import RidgeCV

from macrid.data.attributes import FEWEST_ITEMS, numeric_columns
from macrid.data.titles import given
from macrid.measures.vectors import unit

from . import claims
from .poles import POPULARITY, Poles, plain, poles

FEWEST_TO_PREDICT = 20  # items of which an attribute is known: fewer say nothing of others
MOST_TO_LEARN_FROM = 20_000
LIKE = "like:"  # and an item's id: the attribute of being like that item
PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)  # of the ridge; leave-one-out chooses
Wishes = Mapping[str, float]  # the name of an attribute -> from -1, less of it, to 1, more


@dataclass(frozen=True)
class Attribute:
    """Something that may be wished for: its name, words for less and more of it, whether it is yes or no, the share of the
    items of which it is known, and of these the share that has it (NaN for a number)."""

    name: str
    poles: Poles
    yes_no: bool
    known: float
    share: float


class Attributes(Mapping[str, Attribute]):
    """What may be wished of the items of a table (M rows): popularity, every numeric and every yes/no column, every genre,
    tag and group that FEWEST_ITEMS items have and as many lack; numbers first, then the most frequent first. Likeness to an
    item (LIKE and its id) is found, too, but not listed."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table
        self._tags: dict[str, tuple[csc_matrix, int, np.ndarray]] = {}  # name -> who bears it, in which column; known (M,)

    @cached_property
    def _found(self) -> dict[str, Attribute]:
        numbers = {name: self._number(name) for name in self._numeric}
        numbers = {name: each for name, each in numbers.items() if np.isfinite(each).sum() >= FEWEST_ITEMS and _differ(each)}
        found = {name: Attribute(name, poles(name, False), False, float(np.isfinite(each).mean()), float("nan"))
                 for name, each in numbers.items()}
        tagged = sorted(self._find_tags(), key=lambda each: (-each.share, each.name))
        return found | {each.name: each for each in tagged if each.name not in found}

    @cached_property
    def _numeric(self) -> list[str]:
        return ([POPULARITY] if "clicks" in self.table else []) + numeric_columns(self.table)

    def _find_tags(self) -> Iterator[Attribute]:
        """The yes/no attributes; `_tags` remembers where each stands."""
        columns = [c for c in claims.TAG_COLUMNS if c in self.table]
        columns += [c for c in claims.group_columns(self.table) if c not in columns]
        seen: set[str] = set()
        for column in columns:
            known = self.table[column].map(given).to_numpy(bool)  # (M,)
            words, bears = claims.tags(self.table[[column]])
            counts = np.asarray(bears.sum(axis=0)).ravel()
            enough = (counts >= FEWEST_ITEMS) & (known.sum() - counts >= FEWEST_ITEMS)
            by_tag = csc_matrix(bears)
            for t in np.flatnonzero(enough):
                if plain(words[t]) not in seen:
                    seen.add(plain(words[t]))
                    self._tags[words[t]] = by_tag, int(t), known
                    yield Attribute(words[t], poles(words[t], True), True, float(known.mean()), counts[t] / known.sum())
        for column in self.table.select_dtypes("number").columns:
            values = self.table[column].to_numpy(np.float64, na_value=np.nan)
            known = np.isfinite(values)
            counts = np.array([(values == 0).sum(), (values == 1).sum()])
            if counts.sum() == known.sum() and counts.min() >= FEWEST_ITEMS and plain(column) not in seen:
                self._tags[column] = csc_matrix(np.where(known, values, 0)[:, None]), 0, known
                yield Attribute(column, poles(column, True), True, float(known.mean()), counts[1] / known.sum())

    def _number(self, name: str) -> np.ndarray:
        column = self.table["clicks" if name == POPULARITY else name]
        return column.to_numpy(np.float64, na_value=np.nan)

    def of_items(self, name: str) -> np.ndarray:
        """An attribute of the items (M,), NaN where unknown."""
        attribute = self[name]
        if not attribute.yes_no:
            return self._number(name)
        by_tag, t, known = self._tags[name]
        values = np.where(known, 0.0, np.nan)
        values[by_tag.indices[by_tag.indptr[t]:by_tag.indptr[t + 1]]] = 1.0
        return np.where(known, values, np.nan)

    @cached_property
    def _items(self) -> pd.Index:
        return pd.Index(self.table["item_id"].astype(str) if "item_id" in self.table else [])

    def item_of(self, name: str) -> int | None:
        """The position of the item that an attribute is likeness to; None for any other attribute."""
        if not name.startswith(LIKE) or name in self._found:
            return None
        at = int(self._items.get_indexer(pd.Index([name.removeprefix(LIKE)]))[0])
        return at if at >= 0 else None

    def __getitem__(self, name: str) -> Attribute:
        at = self.item_of(name)
        if at is None:
            return self._found[name]
        title = str(self.table["title"].iloc[at])
        return Attribute(name, Poles(f"less like {title}", f"more like {title}"), False, 1.0, float("nan"))

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def _differ(values: np.ndarray) -> bool:
    return bool(np.ptp(values[np.isfinite(values)]) > 0)


def lean(values: np.ndarray, vectors: np.ndarray, by_rank: bool = True) -> np.ndarray:
    """How much each item speaks for an attribute (M,), 0 on the average of those of which it is known.

    values (M,), NaN where unknown. A number counts by its rank, from 0 to 1, as prices and clicks have long tails, unless
    by_rank says otherwise: of likeness, the few items that are much alike are what counts. An item
    of which it is unknown has what ridge regression makes of its vector, vectors (M, D), which is nearer to 0 the less the
    vectors say of the attribute.
    """
    known = np.isfinite(values)
    x = values[known]
    if by_rank and not np.isin(x, (0, 1)).all():
        x = (rankdata(x) - 1) / max(len(x) - 1, 1)
    found = np.zeros(len(values), np.float32)
    spread = x.std() if len(x) else 0.0
    if spread > 0:
        found[known] = (x - x.mean()) / np.sqrt(spread)
        if len(x) >= FEWEST_TO_PREDICT and not known.all():
            some = np.flatnonzero(known)[:: 1 + len(x) // MOST_TO_LEARN_FROM]
            ridge = RidgeCV(PENALTIES).fit(unit(vectors[some]), found[some])
            found[~known] = ridge.predict(unit(vectors[~known]))
    return found


def reach(scores: np.ndarray) -> float:
    """How far a wish of 1 lifts: the best of some scores less their mean, minus infinity left out. 0 without scores."""
    told = scores[np.isfinite(scores)]
    return float(told.max() - told.mean()) if len(told) else 0.0


def weight(wish: float, yes_no: bool) -> float:
    """What a lean is multiplied by, in units of `reach`: the wish's square with its sign, or of a yes/no attribute, which
    fills a list sooner, its third power, so that small wishes, where most happens, can be told apart."""
    return wish**3 if yes_no else wish * abs(wish)
