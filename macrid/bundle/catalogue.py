"""What may be wished of a bundle's items, found by name and by words, and what lists hold of it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from macrid.data.ids import near
from macrid.dials import words
from macrid.dials.poles import POPULARITY
from macrid.dials.wishes import LIKE, Attribute, Attributes, Wishes, lean
from macrid.errors import InputError
from macrid.measures.vectors import unit

from .cache import Cache
from .search import Search, normal

WELL_KNOWN = 200  # items that may stand for an end of an attribute
MOST_NAMED = 8  # attributes in a message
_LIKE = re.compile(r"(?:\bmore\s+)?\blike\s+(.+?)(?=\s*(?:[,;!?\n]|\bbut\b|$))", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """What a list holds of an attribute before and after steering: a mean, or of a yes/no attribute how many of the `of`
    items have it; `of` counts the items of the list after of which it is known. NaN where it is known of none."""

    attribute: str
    yes_no: bool
    before: float
    after: float
    of: int
    called: str = ""  # in words, where the attribute's name says little

    def told(self, listed: int) -> str:
        """In words: "Comedy: 4 to 9 of 12", "mean year: 1982 to 1990"."""
        if self.yes_no:
            return f"{self.attribute}: {self.before:.0f} to {self.after:.0f} of {listed}"
        before, after = (figure(value) for value in (self.before, self.after))
        return f"mean {self.called or self.attribute}: {before} to {after}"


@dataclass(frozen=True)
class Catalogue:
    """What may be wished of the items of a bundle. A wish: the name of an attribute, and from -1, less of it, to 1, more."""

    name: str  # of the bundle, for messages
    items: pd.DataFrame  # M rows
    vectors: np.ndarray  # (M, D) as they are scored
    cache: Cache

    @cached_property
    def attributes(self) -> Attributes:
        """What may be wished for: name -> Attribute."""
        return Attributes(self.items)

    def named(self, name: str) -> Attribute:
        """The attribute of that name, whatever its case; InputError names the nearest ones."""
        if name in self.attributes:
            return self.attributes[name]
        found = self._by_plain.get(words.plain(name))
        if found is None:
            known = [self._by_plain[each].name for each in near(words.plain(name), self._by_plain, MOST_NAMED)]
            raise InputError(f"{self.name} knows no {name!r:.80} of its items; wish for {', '.join(known)}" if known else
                             f"{self.name} knows nothing of its items but their titles, so there is nothing to wish for")
        return found

    @cached_property
    def _by_plain(self) -> dict[str, Attribute]:
        return {words.plain(name): attribute for name, attribute in self.attributes.items()}

    def values(self, name: str) -> np.ndarray:
        """An attribute of the items (M,), NaN where unknown; recent ones are cached."""
        item = self.attributes.item_of(name)
        return self.cache.values.get(name, lambda: self.attributes.of_items(name) if item is None else
                                     unit(self.vectors) @ unit(self.vectors[item]))

    def lean(self, name: str) -> np.ndarray:
        """How much each item speaks for an attribute (M,); recent ones are cached."""
        by_rank = self.attributes.item_of(name) is None
        return self.cache.leans.get(name, lambda: lean(self.values(name), self.vectors, by_rank))

    def ends(self, name: str, n: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Positions of n well known items that have least, and of n that have most of an attribute, the outermost first."""
        among = np.arange(len(self.items)) if name == POPULARITY else self._well_known
        leaning = self.lean(name)[among]
        return among[np.argsort(leaning, kind="stable")[:n]], among[np.argsort(-leaning, kind="stable")[:n]]

    @cached_property
    def _well_known(self) -> np.ndarray:
        """The most clicked items, the most clicked first."""
        clicks = self.items["clicks"].to_numpy() if "clicks" in self.items else np.zeros(len(self.items))
        return np.argsort(-clicks, kind="stable")[:WELL_KNOWN]

    def wish(self, text: str) -> tuple[str, float]:
        """A wish from `ATTRIBUTE=HOW`, as the command line has it; HOW: a number from -1 to 1, + or -, more or less, or one
        of the attribute's own words ("year=newer")."""
        name, equals, how = text.partition("=")
        attribute = self.named(name.strip())
        value = words.how(how.strip(), attribute) if equals else None
        if value is None:
            low, high = attribute.poles
            raise InputError(f"wish {text!r}: write {attribute.name}=HOW with a number from -1 to 1, + or -, more or less, "
                             f"or {low!r} or {high!r}")
        return attribute.name, value

    def understand(self, text: str) -> words.Understood:
        """The wishes in somebody's own words ("newer, funnier, no horror"; "like Toy Story, but older")."""
        alike: list[words.Heard] = []

        def hear(match: re.Match[str]) -> str:
            item = self._meant(match[1])
            if item is None:
                return match[0]
            alike.append(words.Heard(match[0], f"{LIKE}{self.items['item_id'].iloc[item]}", words.SOME))
            return ","

        found = words.understand(_LIKE.sub(hear, text), self.attributes)
        return words.Understood({each.attribute: each.value for each in alike} | found.wishes, alike + found.heard,
                                found.unknown)

    def _meant(self, title: str) -> int | None:
        """The item that somebody means by a title; None where it isn't one, or words for attributes."""
        found = self.search.find(title, 1)
        if not found or normal(title) == self.search.titles[found[0]]:
            return found[0] if found else None
        return found[0] if words.understand(title, self.attributes).unknown else None

    @cached_property
    def search(self) -> Search:
        """Items found by what people type."""
        return Search(self.items)

    def check(self, wishes: Wishes) -> None:
        """InputError unless all wishes are of known attributes and from -1 to 1."""
        for name, value in wishes.items():
            if name not in self.attributes:
                raise InputError(f"{self.name} has no attribute spelt {name!r}; it has {self.named(name).name!r}")
            if not -1 <= value <= 1:  # also catches NaN
                raise InputError(f"the wish for {name} is {value}: it must be a number from -1 (less) to 1 (more)")

    def readings(self, names: Iterable[str], before: np.ndarray, after: np.ndarray) -> list[Reading]:
        """What two lists, given as positions of items, hold of some attributes."""
        found = []
        for name in names:
            values, yes_no = self.values(name), self.attributes[name].yes_no
            item = self.attributes.item_of(name)
            called = "" if item is None else f"likeness to {self.items['title'].iloc[item]}"
            found.append(Reading(name, yes_no, _held(values[before], yes_no), _held(values[after], yes_no),
                                 int(np.isfinite(values[after]).sum()), called))
        return found


def figure(value: float) -> str:
    """A mean for people: whole from 100 on, as years and prices are; unknown where it is NaN."""
    return "unknown" if np.isnan(value) else f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _held(values: np.ndarray, yes_no: bool) -> float:
    known = values[np.isfinite(values)]
    return float("nan") if not len(known) else float(known.sum() if yes_no else known.mean())
