"""One person before a trained model: where they stand on the dials, and their lists when dials are turned.
`Recommender.person` makes one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypedDict, Unpack

import numpy as np
import pandas as pd

from macrid.dials import wishes as wishing
from macrid.dials.steered_scores import STRIP_POSITIONS, SteeredScores, altered, mixture, top_items
from macrid.dials.wishes import Wishes
from macrid.errors import InputError
from macrid.measures.vectors import unit
from macrid.model.macridvae import MacridVAE
from macrid.retrieval.index import MOST_LISTED, ItemIndex

from .cache import Computed
from .catalogue import Catalogue, Reading
from .factor_dials import FactorDials

Dials = Mapping[tuple[int, int], float]  # (factor, dim) -> the coordinate that a dial is turned to, in [-1, 1]

NEAREST = 3  # items of the profile that tell why another is listed
CURVE_POSITIONS = 9
CURVE_LENGTH = 10  # of the lists whose attributes are followed along a dial
MORE = 0.25  # of a dial's range: what "more" and "less" turn it by


@dataclass(frozen=True)
class Steered:
    """The lists before and after dials were turned and wishes heard, as tables (rank, item_id, title, category, score;
    `after` also `mark`: new, up n, down n or same), and `gone`: the rows of `before` that are not in `after`. `index`
    columns hold positions in the items table. dials: the coordinates that were asked for; wishes: what was wished for;
    readings: what both lists hold of it."""

    before: pd.DataFrame
    after: pd.DataFrame
    gone: pd.DataFrame
    dials: dict[tuple[int, int], float]
    wishes: dict[str, float]
    readings: list[Reading]


@dataclass(frozen=True)
class Request:
    """What is listed: the turned dials, the wishes, of which factor (None: of the whole catalogue), how many items, whether
    without those of the profile, with which strength, and without which other items (positions)."""

    dials: Dials
    wishes: Wishes
    factor: int | None = None
    n: int = 20
    hide_seen: bool = True
    strength: float = 1.0
    without: Sequence[int] = ()


@dataclass(frozen=True)
class Why:
    """Why an item is in a list: positions of the profile's items that are nearest to it, in its own factor where there are
    any; its rank; and the rank that it would have without each wish, and without each turned dial (None: not listed)."""

    near: np.ndarray
    rank: int | None
    without_wish: dict[str, int | None]
    without_dial: dict[tuple[int, int], int | None]


class Ranked(NamedTuple):
    """Positions of the listed items before and after dials were turned and wishes heard, and what became of those after:
    new, up n, down n or same."""

    before: np.ndarray
    after: np.ndarray
    marks: list[str]


class Listing(TypedDict, total=False):
    """How `Person.steer` lists; `Person` says what each means."""

    factor: int | None
    n: int
    hide_seen: bool
    strength: float
    without: Sequence[int]


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
    def index(self) -> ItemIndex | None: ...

    @property
    def axes(self) -> np.ndarray: ...

    @property
    def dials(self) -> FactorDials: ...

    @property
    def wishes(self) -> Catalogue: ...

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
        return float(self.dials.turned_by(factor, dim, self.parts[None], share)[0])

    def steer(self, dials: Dials | None = None, wishes: Wishes | None = None, **listing: Unpack[Listing]) -> Steered:
        """The lists of n items (20) before and after some dials are turned and wishes heard; none leaves the list as it is.

        wishes: {attribute: from -1, less of it, to 1, more}; `trained.wishes` has those that there are. They are heard
        beside the dials, in the whole catalogue or among the items of the factor.
        """
        asked = Request(dials or {}, wishes or {}, **listing)
        (was, was_scored), (now, now_scored) = self._both(asked)
        before, after = self.trained.table(was, was_scored), self.trained.table(now, now_scored)
        after["mark"] = _marks(was, now)
        gone = before[~before["index"].isin(now)].reset_index(drop=True)
        readings = self.trained.wishes.readings(asked.wishes, was, now)
        return Steered(before, after, gone, dict(asked.dials), dict(asked.wishes), readings)

    def ranked(self, dials: Dials | None = None, wishes: Wishes | None = None, **listing: Unpack[Listing]) -> Ranked:
        """The lists that `steer` gives, as positions alone: no table is made, for whoever asks many times a second."""
        (was, _), (now, _) = self._both(Request(dials or {}, wishes or {}, **listing))
        return Ranked(was, now, _marks(was, now))

    def listed(self, dials: Dials | None = None, wishes: Wishes | None = None,
               **listing: Unpack[Listing]) -> tuple[np.ndarray, np.ndarray]:
        """The list that `steer` gives after: positions of items (n,) and their scores (n,)."""
        asked = Request(dials or {}, wishes or {}, **listing)
        self._check(asked)
        return self._top(replace(asked, n=self.trained.number(asked.n)))

    def _both(self, asked: Request) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """The lists before and after, each as positions and scores."""
        self._check(asked)
        asked = replace(asked, n=self.trained.number(asked.n))
        return self._top(replace(asked, dials={}, wishes={}, strength=1.0)), self._top(asked)

    def why(self, position: int, dials: Dials | None = None, wishes: Wishes | None = None,
            **listing: Unpack[Listing]) -> Why:
        """Why the item at a position stands where it does in the list that `steer` gives."""
        return self.whys([position], dials, wishes, **listing)[0]

    def whys(self, positions: Sequence[int], dials: Dials | None = None, wishes: Wishes | None = None,
             **listing: Unpack[Listing]) -> list[Why]:
        """`why` of several items; a list without a wish or dial is made once for all of them."""
        asked = Request(dials or {}, wishes or {}, **listing)
        self._check(asked)
        ranks = self._ranks(positions, asked)
        by_wish = {name: self._ranks(positions, replace(asked, wishes={w: v for w, v in asked.wishes.items() if w != name}))
                   for name in asked.wishes}
        by_dial = {dial: self._ranks(positions, replace(asked, dials={d: v for d, v in asked.dials.items() if d != dial}))
                   for dial in asked.dials}
        return [Why(self._near(position), ranks[at], {name: found[at] for name, found in by_wish.items()},
                    {dial: found[at] for dial, found in by_dial.items()}) for at, position in enumerate(positions)]

    def _near(self, position: int) -> np.ndarray:
        """Positions of the profile's items that are nearest to one."""
        t = self.trained
        near = self.seen[self.dials.factor[self.seen] == self.dials.factor[position]]
        near = near if len(near) else self.seen
        likeness = unit(t.vectors[near]) @ unit(t.vectors[position])  # (n,)
        return near[np.argsort(-likeness, kind="stable")][:NEAREST]

    def _ranks(self, positions: Sequence[int], asked: Request) -> list[int | None]:
        """The places of some items in a list of everything, from 1; None for one that isn't listed."""
        places = np.zeros(len(self.trained.items), np.int64)
        found = self._top(replace(asked, n=len(places)))[0]
        places[found] = np.arange(1, len(found) + 1)
        return [int(places[position]) or None for position in positions]

    def film_strip(self, factor: int, dim: int, others: Dials | None = None, *, wishes: Wishes | None = None, n: int = 3,
                   hide_seen: bool = True) -> list[tuple[float, np.ndarray]]:
        """The n best items of the factor at seven positions of a dial, other dials staying where they are turned to, and
        wishes as they are: [(coordinate, positions of items)]."""
        return [(value, self._top(Request({**(others or {}), (factor, dim): value}, wishes or {}, factor, n, hide_seen))[0])
                for value in self._positions(factor, dim, STRIP_POSITIONS)]

    def curves(self, factor: int, dim: int, others: Dials | None = None, wishes: Wishes | None = None) -> pd.DataFrame:
        """What a dial moves: for each attribute (a column) the mean over the first ten items of the factor at nine positions
        (the index: coordinates). A numeric attribute counts by its quantile among the factor's items, 0 to 1, a yes/no one
        as the share that has it; items of which it is unknown do not count."""
        mine, known = self.dials.factor_items(factor).positions, self.dials.quantiles(factor)  # (m,), (m, A)
        row_of = np.empty(len(self.trained.items), np.int64)
        row_of[mine] = np.arange(len(mine))
        values = self._positions(factor, dim, CURVE_POSITIONS)
        rows = []
        for value in values:
            top, _ = self._top(Request({**(others or {}), (factor, dim): value}, wishes or {}, factor, CURVE_LENGTH))
            shown = known.to_numpy()[row_of[top]]  # (n, A)
            counted = np.isfinite(shown)
            total, count = np.where(counted, shown, 0).sum(axis=0), counted.sum(axis=0)
            rows.append(total / np.where(count > 0, count, np.nan))
        return pd.DataFrame(rows, index=values, columns=known.columns)

    def _positions(self, factor: int, dim: int, count: int) -> list[float]:
        low, high = self.dials.range(factor, dim)
        return [float(value) for value in np.linspace(low, high, count)]

    def _check(self, asked: Request) -> None:
        for (k, dim), value in asked.dials.items():
            self.dials.check(k, dim)
            if not -1 <= value <= 1:  # also catches NaN
                raise InputError(f"value is {value}: it must be a number from -1 to 1, the coordinate on the dial")
        self.trained.wishes.check(asked.wishes)
        if asked.factor is not None:
            self.dials.check(asked.factor, 0)
        if not 0 <= asked.strength <= 1:
            raise InputError(f"strength is {asked.strength}: it must be a number from 0 (one's own list) to 1 (the steered "
                             "one)")

    def _top(self, asked: Request) -> tuple[np.ndarray, np.ndarray]:
        """Positions in the items table and scores of the n best items."""
        hidden = np.concatenate([self.seen if asked.hide_seen else self.seen[:0], np.asarray(asked.without, np.int64)])
        if asked.factor is None and self.trained.index is not None:
            if asked.n <= MOST_LISTED and not any(asked.wishes.values()):
                return self._top_near(self.trained.index, asked, hidden)
            return self._top_of_all(asked, hidden)
        added, scores = self._added(asked.wishes, asked.factor), self._scores(asked.factor)
        if asked.factor is None:
            return scores.top(asked.dials, asked.n, asked.strength, hidden, added)
        mine = self.dials.factor_items(asked.factor).positions
        own_dials = {(0, dim): value for (k, dim), value in asked.dials.items() if k == asked.factor}
        rows, found = scores.top(own_dials, asked.n, asked.strength, np.flatnonzero(np.isin(mine, hidden)), added)
        return mine[rows], found

    def _top_near(self, index: ItemIndex, asked: Request, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same of the whole catalogue, from the items that an index finds."""
        turned = self._turned(asked.dials) if asked.dials and asked.strength else self.parts
        parts = np.stack([self.parts, turned] if turned is not self.parts and asked.strength < 1 else [turned])
        some = index.near(parts, asked.n + len(hidden), self._computed.linear.lifted)
        rows, found = self.scores_of(some).top(asked.dials, asked.n, asked.strength, np.flatnonzero(np.isin(some, hidden)))
        return some[rows], found

    def _top_of_all(self, asked: Request, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same, all items scored in blocks: what `_scores` keeps for dials would be too much of so many."""
        own, added = self._own(), self._added(asked.wishes, None)
        steered = self._mixture(self._turned(asked.dials)) if asked.dials and asked.strength else own
        scores = (1 - asked.strength) * own + asked.strength * (steered if added is None else steered + added)
        scores[hidden] = -np.inf
        best = top_items(scores, asked.n, np.isfinite(scores))
        return best, scores[best]

    def _own(self) -> np.ndarray:
        """The person's own scores of all items (M,)."""
        if self.trained.index is None:
            return self._scores(None).own
        if self._computed.own is None:
            self._computed.own = self._mixture(self.parts)
        return self._computed.own

    def _mixture(self, parts: np.ndarray) -> np.ndarray:
        """The scores of all items (M,) by parts (K, D)."""
        t = self.trained
        return mixture(parts, t.vectors, t.log_c, t.model.scale) + self._computed.linear.all

    def _turned(self, dials: Dials) -> np.ndarray:
        """The parts (K, D) with dials turned."""
        parts = self.parts.copy()
        for k in {factor for factor, _ in dials}:
            values = {dim: value for (factor, dim), value in dials.items() if factor == k}
            parts[k] = altered(self.parts[k], self.trained.axes[k][:, list(values)], list(values.values()))
        return parts

    def _added(self, wishes: Wishes, factor: int | None) -> np.ndarray | None:
        """What wishes add to the scores of the whole catalogue (M,), or of a factor's items (m,); None without a wish."""
        heard = {name: value for name, value in wishes.items() if value}
        if not heard:
            return None
        if factor not in self._computed.reach:
            self._computed.reach[factor] = wishing.reach(self._own() if factor is None else self._scores(factor).own)
        reach = self._computed.reach[factor]
        mine = slice(None) if factor is None else self.dials.factor_items(factor).positions
        known = self.trained.wishes
        terms = [np.float32(reach * wishing.weight(value, known.attributes[name].yes_no)) * known.lean(name)[mine]
                 for name, value in heard.items()]
        return np.asarray(sum(terms[1:], terms[0]))

    def _scores(self, factor: int | None) -> SteeredScores:
        """The scores of the whole catalogue, or those of a factor's items. The latest of both are kept."""
        kept = self._computed.scores
        if factor in kept:
            return kept[factor]
        scores = self.scores_of(None if factor is None else self.dials.factor_items(factor).positions, factor)
        other = {key: value for key, value in kept.items() if (key is None) != (factor is None)}
        self._computed.scores = other | {factor: scores}
        return scores

    def scores_of(self, some: np.ndarray | None, factor: int | None = None) -> SteeredScores:
        """The scores of the items at some positions (m,), None for all: of the mixture, or of a factor's part, as of a model
        of one factor."""
        t, row = self.trained, self._computed.linear
        vectors, log_c = (t.vectors, t.log_c) if some is None else (t.vectors[some], t.log_c[some])
        linear = (row.all if some is None else row.at(some))[:, None]  # whatever the factor: exp of it multiplies the sum
        if factor is None:
            return SteeredScores(self.parts, vectors, log_c + linear, t.model.scale, t.axes)
        return SteeredScores(self.parts[[factor]], vectors, linear, t.model.scale, t.axes[[factor]])


def _marks(before: np.ndarray, after: np.ndarray) -> list[str]:
    """What became of the items `after` since they were listed `before`."""
    was = {int(position): place for place, position in enumerate(before)}
    moved = [was[int(p)] - place if int(p) in was else None for place, p in enumerate(after)]
    return ["new" if by is None else "same" if by == 0 else f"up {by}" if by > 0 else f"down {-by}" for by in moved]
