"""The dials of each factor: their ranges, the items along them, and what they are called."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix

from macrid.data import attributes
from macrid.dials import given_dials, moves, names, steered_scores
from macrid.dials.choose import Scored
from macrid.dials.given_dials import Given
from macrid.dials.poles import POPULARITY
from macrid.dials.wishes import Attributes
from macrid.errors import InputError
from macrid.model.macridvae import MacridVAE

from .cache import Cache, FactorItems

MOST_TRIED = 1000  # people whose lists tell what dials do
WELL_KNOWN = 20  # a factor with more items is shown by the better known half of them


class Follows(NamedTuple):
    """An attribute, and how closely a dial follows it over its factor's items, from -1 to 1."""

    attribute: str
    closeness: float


class Shown(NamedTuple):
    """What dials are tried out on where the bundle does not say what they do: the model, and the clicks of some people
    (n, M)."""

    model: MacridVAE
    clicks: csr_matrix


@dataclass(frozen=True)
class FactorDials:
    """The dials of a trained model: M items, K factors of D dials; m items are a factor's own. A dial is named by its factor
    and `dim`, a column of the factor's axes. A coordinate is in [-1, 1], a share of a dial's range in [0, 1]."""

    name: str  # of the bundle, for messages
    items: pd.DataFrame  # M rows
    vectors: np.ndarray  # (M, D) as they are scored
    factor: np.ndarray  # (M,) the factor of each item
    axes: np.ndarray  # (K, D, D), columns are dials, the strongest first
    influence: np.ndarray  # (K, D) from 0 to 1: how much of a list the dial changes
    aligned: dict[tuple[int, int], dict]  # what bundle.json says of the dials that were learned from labels,
    given: dict[tuple[int, int], Given]  # and of those that somebody has named
    cache: Cache
    wished: Attributes  # what may be wished for: what lists are judged by
    shown: Shown
    stored: pd.DataFrame | None = None  # what the bundle says of what dials do to lists

    def check(self, factor: int, dim: int) -> None:
        """InputError unless there is a dial `dim` of `factor`."""
        kfac, dims = self.influence.shape
        for name, value, size in (("factor", factor, kfac), ("dim", dim, dims)):
            if not 0 <= value < size:
                raise InputError(f"{name} is {value}: {self.name} has {size}, so it must be from 0 to {size - 1}")

    @cached_property
    def attributes(self) -> pd.DataFrame:
        """What is known of the items (M rows): see `attributes.attribute_table`."""
        return attributes.attribute_table(self.items)

    def factor_items(self, factor: int) -> FactorItems:
        """The items of a factor, and where they are on its dials."""
        return self.cache.factor_items.get(factor, lambda: self._factor_items(factor))

    def _factor_items(self, factor: int) -> FactorItems:
        mine = np.flatnonzero(self.factor == factor)
        return FactorItems(mine, self.vectors[mine] @ self.axes[factor])

    def quantiles(self, factor: int) -> pd.DataFrame:
        """The attributes of the factor's items (m rows): numeric ones as quantiles from 0 to 1 among these items, yes/no
        ones as they are; only those that are informative here."""
        return self.cache.quantiles.get(factor, lambda: self._quantiles(factor))

    def _quantiles(self, factor: int) -> pd.DataFrame:
        table = self.attributes.iloc[self.factor_items(factor).positions]
        columns = {}
        for name, column in table.items():
            if attributes.yes_no(column) and attributes.is_informative(column):
                columns[name] = column
            elif attributes.is_informative(column):
                columns[name] = (column.rank() - 1) / (column.count() - 1)
        return pd.DataFrame(columns, index=table.index)

    def _coordinates(self, factor: int, dim: int) -> np.ndarray:
        """Where the factor's items are on a dial (m,)."""
        self.check(factor, dim)
        return self.factor_items(factor).coordinates[:, dim]

    def range(self, factor: int, dim: int) -> tuple[float, float]:
        """The 1st and 99th percentile of the coordinates of the factor's items."""
        return steered_scores.dial_range(self._coordinates(factor, dim))

    def coordinate(self, factor: int, dim: int, share: float) -> float:
        """The coordinate at a share of a dial's range."""
        low, high = self.range(factor, dim)
        return low + (high - low) * share

    def turned_by(self, factor: int, dim: int, parts: np.ndarray, share: float) -> np.ndarray:
        """The coordinates (B,) of a dial turned by a share of its range from where people with parts (B, K, D) stand, kept
        within the range."""
        low, high = self.range(factor, dim)
        return np.clip(parts[:, factor] @ self.axes[factor][:, dim] + share * (high - low), low, high)

    def stands(self, positions: ArrayLike, factor: int, dim: int) -> np.ndarray:
        """Where the items at `positions` (n,) are, as shares of the dial's range (n,); NaN for an item of another factor,
        which the dial does not move."""
        low, high = self.range(factor, dim)
        positions = np.asarray(positions, np.int64)
        share = (self.vectors[positions] @ self.axes[factor][:, dim] - low) / max(high - low, 1e-9)
        return np.where(self.factor[positions] == factor, np.clip(share, 0, 1), np.nan)

    def ends(self, factor: int, dim: int, n: int = 3) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the n items at the low and at the high end of a dial, the outermost first, chosen among the better
        known half of the factor's items, so that they mean something to people."""
        positions, coordinates = self._known_items(factor, dim)
        order = positions[np.argsort(coordinates, kind="stable")]
        return order[:n], order[::-1][:n]

    def along(self, factor: int, dim: int, n: int) -> np.ndarray:
        """Positions of n items of a factor spread evenly over a dial, low to high; better known ones, as in `ends`."""
        positions, coordinates = self._known_items(factor, dim)
        if not len(positions):
            return np.zeros(0, np.int64)
        low, high = np.percentile(coordinates, [3, 97])
        chosen: list[int] = []
        for wanted in np.linspace(low, high, n):
            nearest = positions[np.argsort(np.abs(coordinates - wanted), kind="stable")].tolist()
            chosen.append(next((item for item in nearest if item not in chosen), nearest[0]))
        return np.array(chosen, dtype=np.int64)

    def _known_items(self, factor: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions and coordinates on a dial of the better known half of a factor's items."""
        positions, coordinates = self.factor_items(factor).positions, self._coordinates(factor, dim)
        if "clicks" in self.items and len(positions) > WELL_KNOWN:
            clicks = self.items["clicks"].to_numpy()[positions]
            known = clicks >= np.median(clicks)
            return positions[known], coordinates[known]
        return positions, coordinates

    def follows(self, factor: int, dim: int) -> Follows | None:
        """The attribute of a dial, and how closely the dial follows it: Spearman's rho, or 2 AUC - 1 of a yes/no attribute.
        It is the one that the dial was aligned with, or else the one that it follows most; None if no attribute is
        informative here. An aligned attribute that the items table lacks has its cross-validated figure instead: the square
        root of R2, or 2 AUC - 1."""
        coordinates, table = self._coordinates(factor, dim), self.quantiles(factor)
        aligned = self.aligned.get((factor, dim))
        if aligned and aligned["attribute"] not in table:
            value = aligned["confidence"]
            return Follows(aligned["attribute"], 2 * value - 1 if aligned["measure"] == "AUC" else value**0.5)
        candidates = [aligned["attribute"]] if aligned else table.columns
        followed = [Follows(str(name), attributes.association(coordinates, table[name].to_numpy())) for name in candidates]
        return max(followed, key=lambda each: abs(each.closeness), default=None)

    @cached_property
    def moves(self) -> pd.DataFrame:
        """What dials do to lists: a row for each dial and attribute that it moves, see `moves.measure`."""
        if self.stored is not None:
            return self.stored
        model, clicks = self.shown
        some = clicks[np.linspace(0, clicks.shape[0] - 1, min(MOST_TRIED, clicks.shape[0])).astype(int)]
        scored = Scored(self.vectors, self.factor, model.represent(some), model.scale, model.linear)
        return moves.measure(scored, self.axes, some, self.wished)

    @cached_property
    def _moved(self) -> dict[tuple[int, int], pd.DataFrame]:
        known = self.moves[self.moves["attribute"].isin(list(self.wished))]
        return {(int(rows["factor"].iloc[0]), int(rows["dim"].iloc[0])): rows for _, factor in known.groupby("factor")
                for rows in moves.told_apart([rows for _, rows in factor.groupby("dim", sort=False)])}

    def moved(self, factor: int, dim: int) -> pd.DataFrame:
        """The rows of `moves` of a dial, first what it is named after: what it moves most, if no other dial of the factor
        that moves more is named after that, or else the next that it moves nearly as much."""
        self.check(factor, dim)
        return self._moved.get((factor, dim), self.moves.iloc[:0])

    def order(self, factor: int) -> list[int]:
        """The dials of a factor in the order in which people should meet them: those learned from labels, those that
        somebody has named, those that move something with a name, each name once, what moves most first, then the others as
        they stand."""
        dims = range(self.influence.shape[1])
        aligned = [*(j for j in dims if (factor, j) in self.aligned),
                   *(j for j in dims if (factor, j) in self.given and (factor, j) not in self.aligned)]
        named = [j for j in dims if (factor, j) in self._moved and j not in aligned]
        named.sort(key=lambda j: -abs(self.moved(factor, j)["effect"].iloc[0]))
        first = {self.moved(factor, j)["attribute"].iloc[0]: j for j in reversed(named)}
        chosen = [*aligned, *sorted(first.values(), key=named.index)]
        chosen += [j for j in named if j not in chosen]
        return [*chosen, *(j for j in dims if j not in chosen)]

    def label(self, factor: int, dim: int) -> names.DialLabel | None:
        """What a dial is called: the attribute that it was learned from, the name that somebody gave it, or what it does to
        lists, or what the items along it follow; None if it does nothing that is known."""
        return self.cache.labels.get((factor, dim), lambda: self._label(factor, dim))

    def _label(self, factor: int, dim: int) -> names.DialLabel | None:
        found = self._measured_label(factor, dim)
        given = self.given.get((factor, dim))
        return given_dials.label(given, found) if given and (factor, dim) not in self.aligned else found

    def _measured_label(self, factor: int, dim: int) -> names.DialLabel | None:
        if (factor, dim) not in self.aligned:
            told = moves.label(self.moved(factor, dim), self.wished)
            if told:
                return told
        followed = self.follows(factor, dim)
        if followed is None:
            return None
        yes_no = followed.attribute in self.attributes and attributes.yes_no(self.attributes[followed.attribute])
        return names.name_dial(followed.attribute, followed.closeness, yes_no, self.aligned.get((factor, dim)))

    def named(self, factor: int, name: str) -> tuple[int, int]:
        """The dial of a factor by its number, or by the attribute that it bears or moves, and the way, 1 or -1, in which
        there is more of that. InputError names the dials that there are."""
        self.check(factor, 0)
        if re.fullmatch(r"[0-9]{1,9}", name):
            return int(name), 1
        known: dict[str, tuple[int, int]] = {}
        for j in self.order(factor):
            if label := self.label(factor, j):
                known.setdefault(label.name, (j, label.sign))
        if name not in known:
            told = f"its named dials are {', '.join(known)}" if known else "it has no named dial, so give its number"
            raise InputError(f"factor {factor} of {self.name} has no dial {name!r:.60}; {told}")
        return known[name]

    @cached_property
    def showcase(self) -> tuple[int, int]:
        """The dial that most surely does what is said of it, as (factor, dim): of those that are named after what they do to
        lists, the one that does most of it to people whom the name was not made from, rather of what can be seen of an item
        than of its popularity; where nothing is known of the items, the one that changes lists most."""
        told = {dial: rows.iloc[0] for dial, rows in self._moved.items()}
        named = [dial for dial, first in told.items() if (label := self.label(*dial)) and label.name == first["attribute"]]
        if not named:
            factor, dim = np.unravel_index(int(self.influence.argmax()), self.influence.shape)
            return int(factor), int(dim)

        def done(dial: tuple[int, int]) -> tuple[bool, float]:
            first = told[dial]
            return first["attribute"] != POPULARITY, abs(first["effect"]) * first["again"] / first["change"] * first["holds"]

        return max(named, key=done)
