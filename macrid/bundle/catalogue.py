"""What may be wished of a bundle's items, found by name and by words, and what lists hold of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from macrid.data.ids import near
from macrid.dials import words
from macrid.dials.poles import POPULARITY
from macrid.dials.wishes import Attribute, Attributes, Wishes, lean
from macrid.errors import InputError

from .cache import Cache

WELL_KNOWN = 200  # items that may stand for an end of an attribute
MOST_NAMED = 8  # attributes in a message


@dataclass(frozen=True)
class Reading:
    """What a list holds of an attribute before and after steering: a mean, or of a yes/no attribute how many of the `of`
    items have it; `of` counts the items of the list after of which it is known. NaN where it is known of none."""

    attribute: str
    yes_no: bool
    before: float
    after: float
    of: int

    def told(self, listed: int) -> str:
        """In words: "Comedy: 4 to 9 of 12", "mean year: 1982 to 1990"."""
        if self.yes_no:
            return f"{self.attribute}: {self.before:.0f} to {self.after:.0f} of {listed}"
        before, after = (figure(value) for value in (self.before, self.after))
        return f"mean {self.attribute}: {before} to {after}"


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
        return self.cache.values.get(name, lambda: self.attributes.of_items(name))

    def lean(self, name: str) -> np.ndarray:
        """How much each item speaks for an attribute (M,); recent ones are cached."""
        return self.cache.leans.get(name, lambda: lean(self.values(name), self.vectors))

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
        """The wishes in somebody's own words ("newer, funnier, no horror")."""
        return words.understand(text, self.attributes)

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
            found.append(Reading(name, yes_no, _held(values[before], yes_no), _held(values[after], yes_no),
                                 int(np.isfinite(values[after]).sum())))
        return found


def figure(value: float) -> str:
    """A mean for people: whole from 100 on, as years and prices are; unknown where it is NaN."""
    return "unknown" if np.isnan(value) else f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _held(values: np.ndarray, yes_no: bool) -> float:
    known = values[np.isfinite(values)]
    return float("nan") if not len(known) else float(known.sum() if yes_no else known.mean())
