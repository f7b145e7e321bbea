"""What moves a person's list most: wishes and dials, measured in one unit."""

from collections.abc import Hashable, Iterable, Mapping
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np

from macrid.dials import wishes as wishing
from macrid.dials.moves import LEAST_EFFECT

from .factor_dials import FactorDials
from .person import Person

Key = TypeVar("Key", bound=Hashable)

LENGTH = 12  # of the lists that are compared, or a quarter of the items
PLACES = (0.5, 1.0)  # of the way to an end, where a slider is tried
LEAST = 0.1  # of a list: what moves less is not worth a slider
ALIKE = 0.3  # correlation among the items above which two attributes say much the same: action and adventure, not comedy
MOST_ATTRIBUTES = 24  # that are tried
MOST_FACTORS, MOST_DIALS = 3, 5  # that are tried: factors that the person is most after, dials of each
MOST_ITEMS = 20_000  # of a larger catalogue the most clicked stand for it


class Mover(NamedTuple):
    """A wish, by the name of its attribute, or a dial (factor, dim); how much of a list it exchanges, from 0 to 1; and what
    it tells of: attributes, or the name that somebody gave the dial."""

    of: str | tuple[int, int]
    moves: float
    tells: tuple[str, ...]


class Movers:
    """What moves the list of a person, of the whole catalogue or of one factor. How much: the share of the first LENGTH
    items of one's own list that it exchanges, mean over PLACES on the way to both of its ends."""

    def __init__(self, person: Person, factor: int | None = None) -> None:
        self.person, self.factor = person, factor
        trained = person.trained
        items = np.arange(len(trained.items)) if factor is None else person.dials.factor_items(factor).positions
        if len(items) > MOST_ITEMS and "clicks" in trained.items:
            clicks = trained.items["clicks"].to_numpy()[items]
            items = np.sort(items[np.argsort(-clicks, kind="stable")[:MOST_ITEMS]])
        self._length = min(LENGTH, max(1, len(items) // 4))  # a list of all the items of a small factor would never change
        self._items, self._seen = items, np.flatnonzero(np.isin(items, person.seen))
        self._scores = person.scores_of(items, factor)
        self._reach = wishing.reach(self._scores.own)
        self._own = self._list({})

    @cached_property
    def wishes(self) -> list[Mover]:
        """Of the first MOST_ATTRIBUTES attributes those that move something, what moves most first."""
        known = list(self.person.trained.wishes.attributes)[:MOST_ATTRIBUTES]
        moves = {name: self._moves(self._wished(name)) for name in known}
        return [Mover(name, moves[name], (name,)) for name in _strongest(moves)]

    @cached_property
    def dials(self) -> list[Mover]:
        """The dials with a name, after what they do or by somebody, that move this list and do to it what their name says,
        what moves most first."""
        dials = self.person.dials
        interest = np.exp(self.person.trained.log_c[self.person.seen]).mean(axis=0)  # (K,)
        factors = np.argsort(-interest, kind="stable")[:MOST_FACTORS] if self.factor is None else [self.factor]
        named = [(int(k), j) for k in factors for j in dials.order(int(k))[:MOST_DIALS]
                 if (int(k), j) in dials.given or len(dials.moved(int(k), j))]
        moves = {dial: self._moves(self._turned(*dial)) for dial in named}
        return [Mover(dial, moves[dial], tells(dials, *dial)) for dial in _strongest(moves) if self._keeps(*dial)]

    def most(self, n: int) -> list[Mover]:
        """The n wishes that move most, numbers being no more than half of them, and no two alike."""
        attributes = self.person.trained.wishes.attributes
        numbers = [each for each in self.wishes if not attributes[str(each.of)].yes_no]
        chosen: list[Mover] = []
        for each in self.wishes:
            if each not in numbers[(n + 1) // 2:] and self._tells_more(each, chosen):
                chosen.append(each)
        return chosen[:n]

    def first(self, n: int) -> list[Mover]:
        """What to begin with: n wishes and dials, half of them wishes, more where no dial tells of something else; what
        moves most first."""
        chosen: list[Mover] = []
        for each in [*self.most(n - n // 2), *self.dials, *self.wishes]:
            if len(chosen) < n and each.tells and self._tells_more(each, chosen):
                chosen.append(each)
        return sorted(chosen, key=lambda each: -each.moves)

    def _tells_more(self, each: Mover, chosen: Iterable[Mover]) -> bool:
        """Whether it tells of something that none of the others tells, nor much the same."""
        return not any(name == other or self._alike(name, other)
                       for name in each.tells for has in chosen for other in has.tells)

    def _alike(self, name: str, other: str) -> bool:
        known = self.person.trained.wishes
        if not {name, other} <= known.attributes.keys():
            return False  # a name that somebody gave
        one, two = known.lean(name)[self._items], known.lean(other)[self._items]
        return bool(np.ptp(one) and np.ptp(two) and np.corrcoef(one, two)[0, 1] > ALIKE)

    def _keeps(self, k: int, dim: int) -> bool:
        """Whether from end to end a dial does to this list what its name says: something beyond LEAST_EFFECT, nothing to the
        contrary. What is called in somebody's own words is believed."""
        label, told = self.person.dials.label(k, dim), tells(self.person.dials, k, dim)
        signs = (-1, 1) if len(told) > 1 else (label.sign if label else 1,)
        _, low, _, high = self._turned(k, dim)
        effects = [sign * self._effect(name, low, high) for sign, name in zip(signs, told, strict=False)
                   if name in self.person.dials.wished]
        return not effects or (max(effects) >= LEAST_EFFECT and min(effects) >= 0)

    def _effect(self, name: str, low: np.ndarray, high: np.ndarray) -> float:
        """How much more of an attribute one list has than another, in standard deviations among all the items; 0 where that
        is unknown."""
        values = self.person.trained.wishes.values(name)[self._items]
        of, one, other = (each[np.isfinite(each)] for each in (values, values[low], values[high]))
        return float((other.mean() - one.mean()) / of.std()) if len(one) and len(other) and of.std() > 0 else 0.0

    def _moves(self, lists: Iterable[np.ndarray]) -> float:
        return float(np.mean([1 - len(np.intersect1d(found, self._own)) / max(len(self._own), 1) for found in lists]))

    def _wished(self, name: str) -> Iterable[np.ndarray]:
        known = self.person.trained.wishes
        lean, yes_no = known.lean(name)[self._items], known.attributes[name].yes_no
        for wish in (sign * place for sign in (-1, 1) for place in PLACES):
            yield self._list({}, np.float32(self._reach * wishing.weight(wish, yes_no)) * lean)

    def _turned(self, k: int, dim: int) -> Iterable[np.ndarray]:
        here = self.person.stands(k, dim)
        for share in (here + place * (end - here) for end in (0, 1) for place in PLACES):
            yield self._list({(k if self.factor is None else 0, dim): self.person.dials.coordinate(k, dim, share)})

    def _list(self, turned: dict[tuple[int, int], float], added: np.ndarray | None = None) -> np.ndarray:
        return self._scores.top(turned, self._length, 1.0, self._seen, added)[0]


def tells(dials: FactorDials, factor: int, dim: int) -> tuple[str, ...]:
    """What a dial tells of: the attributes that its two ends are called after, or what it is called; nothing where it has no
    name."""
    label = dials.label(factor, dim)
    if label is None:
        return ()
    both = label.low, label.high
    return both if all(word in dials.wished for word in both) else (label.name,)


def _strongest(moves: Mapping[Key, float]) -> list[Key]:
    return sorted((of for of in moves if moves[of] >= LEAST), key=lambda of: -moves[of])
