"""One person before a trained model: where they stand on the dials, and their lists when dials are turned.
`Recommender.person` makes one."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from macrid.dials.steered_scores import STRIP_POSITIONS, SteeredScores
from macrid.errors import InputError

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


class Person:
    """What `trained`, a Recommender, makes of the items at the positions `seen` (n,).

    Dials are named (factor, dim) and turned to coordinates in [-1, 1]. A list is of the whole catalogue, ranked by the
    model's p(i | z), or of the items of one `factor`, ranked by what that factor's part says of them, scale z_k . h_i,
    which no other part drowns. hide_seen leaves out the items of the profile. strength from 0 to 1 blends between the
    person's own list and the steered one.
    """

    def __init__(self, trained, seen: np.ndarray):
        if not len(seen):
            raise InputError("the profile is empty: give at least one item id")
        self.trained, self.seen = trained, seen
        self._kept: dict[int | None, SteeredScores] = {}

    @cached_property
    def parts(self) -> np.ndarray:
        """The user vector (K, D)."""
        return self.trained.model.represent(self.trained.clicks(self.seen))[0]

    def position(self, factor: int, dim: int) -> float:
        """Where the person stands on a dial, in [-1, 1]."""
        self.trained.check_dial(factor, dim)
        return float(self.parts[factor] @ self.trained.axes[factor][:, dim])

    def stands(self, factor: int, dim: int) -> float:
        """Where the person stands, as a share of the dial's range, from 0 to 1."""
        low, high = self.trained.dial_range(factor, dim)
        return float(np.clip((self.position(factor, dim) - low) / max(high - low, 1e-9), 0, 1))

    def turned_by(self, factor: int, dim: int, share: float = MORE) -> float:
        """The coordinate of a dial turned by a share of its range from where the person stands, kept within the range: more
        of it, or with a negative share less."""
        low, high = self.trained.dial_range(factor, dim)
        return float(np.clip(self.position(factor, dim) + share * (high - low), low, high))

    def steer(self, dials: dict[tuple[int, int], float], *, factor: int | None = None, n: int = 20, hide_seen: bool = True,
              strength: float = 1.0) -> Steered:
        """The lists of n items before and after some dials are turned; none turned leaves the list as it is."""
        self._check(dials, factor, strength)
        before = self._listed({}, factor, n, hide_seen, 1.0)
        after = self._listed(dials, factor, n, hide_seen, strength)
        was = dict(zip(before["item_id"], before["rank"], strict=True))
        after["mark"] = [_mark(was.get(i), rank) for i, rank in zip(after["item_id"], after["rank"], strict=True)]
        gone = before[~before["item_id"].isin(after["item_id"])].reset_index(drop=True)
        return Steered(before, after, gone, dict(dials))

    def film_strip(self, factor: int, dim: int, others: dict[tuple[int, int], float] | None = None, *, n: int = 3,
                   hide_seen: bool = True) -> list[tuple[float, np.ndarray]]:
        """The n best items of the factor at seven positions of a dial, other dials staying where they are turned to:
        [(coordinate, positions of items)]."""
        return [(value, self._top({**(others or {}), (factor, dim): value}, factor, n, hide_seen, 1.0)[0])
                for value in self._positions(factor, dim, STRIP_POSITIONS)]

    def curves(self, factor: int, dim: int, others: dict[tuple[int, int], float] | None = None) -> pd.DataFrame:
        """What a dial moves: for each attribute (a column) the mean over the first ten items of the factor at nine positions
        (the index: coordinates). A numeric attribute counts by its quantile among the factor's items, 0 to 1, a yes/no one
        as the share that has it; items of which it is unknown do not count."""
        mine, known = self.trained.factor_items(factor)[0], self.trained.quantiles(factor)  # (m,), (m, A)
        at = np.empty(len(self.trained.items), np.int64)
        at[mine] = np.arange(len(mine))
        values = self._positions(factor, dim, CURVE_POSITIONS)
        rows = []
        for value in values:
            top, _ = self._top({**(others or {}), (factor, dim): value}, factor, CURVE_LENGTH, True, 1.0)
            shown = known.to_numpy()[at[top]]  # (n, A)
            counted = np.isfinite(shown)
            rows.append(np.where(counted, shown, 0).sum(axis=0) / np.where(counted.any(axis=0), counted.sum(axis=0), np.nan))
        return pd.DataFrame(rows, index=values, columns=known.columns)

    def _positions(self, factor: int, dim: int, count: int) -> list[float]:
        return [float(v) for v in np.linspace(*self.trained.dial_range(factor, dim), count)]

    def _check(self, dials: dict[tuple[int, int], float], factor: int | None, strength: float) -> None:
        for (k, dim), value in dials.items():
            self.trained.check_dial(k, dim)
            if not -1 <= value <= 1:  # also catches NaN
                raise InputError(f"value is {value}: it must be a number from -1 to 1, the coordinate on the dial")
        if factor is not None:
            self.trained.check_dial(factor, 0)
        if not 0 <= strength <= 1:
            raise InputError(f"strength is {strength}: it must be a number from 0 (one's own list) to 1 (the steered one)")

    def _listed(self, dials, factor, n, hide_seen, strength) -> pd.DataFrame:
        return self.trained.table(*self._top(dials, factor, self.trained.number(n), hide_seen, strength))

    def _top(self, dials, factor, n, hide_seen, strength) -> tuple[np.ndarray, np.ndarray]:
        """Positions in the items table and scores of the n best items."""
        hidden = self.seen if hide_seen else self.seen[:0]
        if factor is None:
            return self._dials(None).top(dials, n, strength, hidden)
        mine = self.trained.factor_items(factor)[0]
        heard = {(0, dim): value for (k, dim), value in dials.items() if k == factor}
        found, scores = self._dials(factor).top(heard, n, strength, np.flatnonzero(np.isin(mine, hidden)))
        return mine[found], scores

    def _dials(self, factor: int | None) -> SteeredScores:
        """The dials over the whole catalogue, or those of a factor over its items. The latest of both are kept."""
        found = self._kept.get(factor)
        if found is None:
            t = self.trained
            if factor is None:
                found = SteeredScores(self.parts, t.vectors, t.log_c, t.model.scale, t.axes)
            else:  # its part and its items: a model of one factor
                items = t.vectors[t.factor_items(factor)[0]]  # (m, D)
                alone = np.zeros((len(items), 1), items.dtype)  # log c
                found = SteeredScores(self.parts[[factor]], items, alone, t.model.scale, t.axes[[factor]])
            other = {key: dials for key, dials in self._kept.items() if (key is None) != (factor is None)}
            self._kept = other | {factor: found}
        return found


def _mark(was: int | None, rank: int) -> str:
    if was is None:
        return "new"
    return "same" if was == rank else f"up {was - rank}" if was > rank else f"down {rank - was}"
