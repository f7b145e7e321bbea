"""One person before a trained model: where they stand on the dials, and their lists when dials are turned.
`Recommender.person` makes one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypedDict

import numpy as np
import pandas as pd

from macrid.dials.steered_scores import STRIP_POSITIONS, SteeredScores
from macrid.errors import InputError
from macrid.model.macridvae import MacridVAE

from .cache import Computed
from .factor_dials import FactorDials

Dials = Mapping[tuple[int, int], float]  # (factor, dim) -> the coordinate that a dial is turned to, in [-1, 1]

CURVE_POSITIONS = 9
CURVE_LENGTH = 10  # of the lists whose attributes are followed along a dial
MORE = 0.25  # of a dial's range: what "more" and "less" turn it by


@dataclass(frozen=True)
class Steered:
    """The lists before and after dials were turned, as tables (rank, item_id, title, category, score; `after` also `mark`:
    new, up n, down n or same), and `gone`: the rows of `before` that are not in `after`. `index` columns hold positions in
    the items table. dials: the coordinates that were asked for."""

    before: pd.DataFrame
    after: pd.DataFrame
    gone: pd.DataFrame
    dials: dict[tuple[int, int], float]


class Listing(TypedDict, total=False):
    """How `Person.steer` lists; `Person` says what each means."""

    factor: int | None
    n: int
    hide_seen: bool
    strength: float


class Trained(Protocol):
    """What a person asks of a recommender: M items, K factors, D dimensions; `recommender.Recommender` says what each is."""

    @property
    def model(self) -> MacridVAE: ...

    @property
    def items(self) -> pd.DataFrame: ...

    @property
    def vectors(self) -> np.ndarray: ...

    @property
    def log_c(self) -> np.ndarray: ...

    @property
    def axes(self) -> np.ndarray: ...

    @property
    def dials(self) -> FactorDials: ...

    def table(self, positions: np.ndarray, scores: np.ndarray) -> pd.DataFrame: ...

    def number(self, n: int) -> int: ...


class Person:
    """What `trained` makes of the items at the positions `seen` (n,). computed: what is known of this person already.

    Dials are named (factor, dim) and turned to coordinates in [-1, 1]. A list is of the whole catalogue, ranked by the
    model's p(i | u), or of the items of one `factor`, ranked by what that factor's part says of them, scale z_k . h_i,
    which no other part drowns, and by the linear path, if there is one. hide_seen leaves out the items of the profile.
    strength from 0 to 1 blends between the person's own list and the steered one.
    """

    def __init__(self, trained: Trained, seen: np.ndarray, computed: Computed) -> None:
        self.trained, self.dials, self.seen = trained, trained.dials, seen
        self._computed = computed

    @property
    def parts(self) -> np.ndarray:
        """The user vector (K, D)."""
        return self._computed.parts

    def position(self, factor: int, dim: int) -> float:
        """Where the person stands on a dial, in [-1, 1]."""
        self.dials.check(factor, dim)
        return float(self.parts[factor] @ self.trained.axes[factor][:, dim])

    def stands(self, factor: int, dim: int) -> float:
        """Where the person stands, as a share of the dial's range, from 0 to 1."""
        low, high = self.dials.range(factor, dim)
        return float(np.clip((self.position(factor, dim) - low) / max(high - low, 1e-9), 0, 1))

    def turned_by(self, factor: int, dim: int, share: float = MORE) -> float:
        """The coordinate of a dial turned by a share of its range from where the person stands, kept within the range: more
        of it, or with a negative share less."""
        low, high = self.dials.range(factor, dim)
        return float(np.clip(self.position(factor, dim) + share * (high - low), low, high))

    def steer(self, dials: Dials, *, factor: int | None = None, n: int = 20, hide_seen: bool = True,
              strength: float = 1.0) -> Steered:
        """The lists of n items before and after some dials are turned; none turned leaves the list as it is."""
        self._check(dials, factor, strength)
        before = self._listed({}, factor, n, hide_seen, 1.0)
        after = self._listed(dials, factor, n, hide_seen, strength)
        was = dict(zip(before["item_id"], before["rank"], strict=True))
        after["mark"] = [_mark(was.get(i), rank) for i, rank in zip(after["item_id"], after["rank"], strict=True)]
        gone = before[~before["item_id"].isin(after["item_id"])].reset_index(drop=True)
        return Steered(before, after, gone, dict(dials))

    def film_strip(self, factor: int, dim: int, others: Dials | None = None, *, n: int = 3,
                   hide_seen: bool = True) -> list[tuple[float, np.ndarray]]:
        """The n best items of the factor at seven positions of a dial, other dials staying where they are turned to:
        [(coordinate, positions of items)]."""
        return [(value, self._top({**(others or {}), (factor, dim): value}, factor, n, hide_seen, 1.0)[0])
                for value in self._positions(factor, dim, STRIP_POSITIONS)]

    def curves(self, factor: int, dim: int, others: Dials | None = None) -> pd.DataFrame:
        """What a dial moves: for each attribute (a column) the mean over the first ten items of the factor at nine positions
        (the index: coordinates). A numeric attribute counts by its quantile among the factor's items, 0 to 1, a yes/no one
        as the share that has it; items of which it is unknown do not count."""
        mine, known = self.dials.factor_items(factor).positions, self.dials.quantiles(factor)  # (m,), (m, A)
        row_of = np.empty(len(self.trained.items), np.int64)
        row_of[mine] = np.arange(len(mine))
        values = self._positions(factor, dim, CURVE_POSITIONS)
        rows = []
        for value in values:
            top, _ = self._top({**(others or {}), (factor, dim): value}, factor, CURVE_LENGTH, True, 1.0)
            shown = known.to_numpy()[row_of[top]]  # (n, A)
            counted = np.isfinite(shown)
            total, count = np.where(counted, shown, 0).sum(axis=0), counted.sum(axis=0)
            rows.append(total / np.where(count > 0, count, np.nan))
        return pd.DataFrame(rows, index=values, columns=known.columns)

    def _positions(self, factor: int, dim: int, count: int) -> list[float]:
        low, high = self.dials.range(factor, dim)
        return [float(value) for value in np.linspace(low, high, count)]

    def _check(self, dials: Dials, factor: int | None, strength: float) -> None:
        for (k, dim), value in dials.items():
            self.dials.check(k, dim)
            if not -1 <= value <= 1:  # also catches NaN
                raise InputError(f"value is {value}: it must be a number from -1 to 1, the coordinate on the dial")
        if factor is not None:
            self.dials.check(factor, 0)
        if not 0 <= strength <= 1:
            raise InputError(f"strength is {strength}: it must be a number from 0 (one's own list) to 1 (the steered one)")

    def _listed(self, dials: Dials, factor: int | None, n: int, hide_seen: bool, strength: float) -> pd.DataFrame:
        return self.trained.table(*self._top(dials, factor, self.trained.number(n), hide_seen, strength))

    def _top(self, dials: Dials, factor: int | None, n: int, hide_seen: bool,
             strength: float) -> tuple[np.ndarray, np.ndarray]:
        """Positions in the items table and scores of the n best items."""
        hidden = self.seen if hide_seen else self.seen[:0]
        if factor is None:
            return self._scores(None).top(dials, n, strength, hidden)
        mine = self.dials.factor_items(factor).positions
        own_dials = {(0, dim): value for (k, dim), value in dials.items() if k == factor}
        rows, scores = self._scores(factor).top(own_dials, n, strength, np.flatnonzero(np.isin(mine, hidden)))
        return mine[rows], scores

    def _scores(self, factor: int | None) -> SteeredScores:
        """The scores of the whole catalogue, or those of a factor's items. The latest of both are kept."""
        kept = self._computed.scores
        if factor in kept:
            return kept[factor]
        scores = self._all_scores() if factor is None else self._factor_scores(factor)
        other = {key: value for key, value in kept.items() if (key is None) != (factor is None)}
        self._computed.scores = other | {factor: scores}
        return scores

    def _all_scores(self) -> SteeredScores:
        t = self.trained
        log_c = t.log_c + self._computed.linear[:, None]  # whatever the factor: exp of it multiplies the whole sum
        return SteeredScores(self.parts, t.vectors, log_c, t.model.scale, t.axes)

    def _factor_scores(self, factor: int) -> SteeredScores:
        """Its part and its items, as a model of one factor."""
        t = self.trained
        mine = self.dials.factor_items(factor).positions
        log_c = self._computed.linear[mine, None]  # (m, 1)
        return SteeredScores(self.parts[[factor]], t.vectors[mine], log_c, t.model.scale, t.axes[[factor]])


def _mark(was: int | None, rank: int) -> str:
    if was is None:
        return "new"
    return "same" if was == rank else f"up {was - rank}" if was > rank else f"down {rank - was}"
