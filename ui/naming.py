"""What somebody has named of a bundle so far; the page "Name the dimensions" asks and shows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from macrid.bundle.recommender import Recommender
from macrid.errors import InputError
from macrid.labelling.answers import Answers, Attribute
from macrid.labelling.interview import Interview


class Saved(NamedTuple):
    """A bundle that was saved: its name, its named dials, and what could not be learned, as bundle.json says it."""

    name: str
    dials: list[dict[str, Any]]
    refused: list[dict[str, Any]]


@dataclass
class Naming:
    """The answers about one bundle, and what is known while they are given."""

    answers: Answers
    interviews: dict[int, Interview] = field(default_factory=dict)  # by factor
    fault: str | None = None  # why the last change could not be made
    saved: Saved | None = None  # as long as the answers are those that were saved
    kept: bool = True  # whether the draft could be written

    def interview(self, bundle: Recommender, factor: int) -> Interview:
        """The questions about a factor; begun anew when the bundle was read again."""
        known = self.interviews.get(factor)
        if known is None or known.bundle is not bundle:
            known = self.interviews[factor] = Interview(bundle, factor)
        return known

    def change(self, make: Callable[[], Answers]) -> bool:
        """Replace the answers by `make()`, and say whether that could be done; why not is kept as `fault`."""
        try:
            self.answers = make()
        except InputError as error:
            self.fault = str(error)
            return False
        self.saved = None
        return True

    def meant(self, factor: int, name: str) -> int | None:
        """The dial of a factor that was named as an attribute."""
        return next((dim for (k, dim), named in self.answers.dials.items() if (k, named) == (factor, name)), None)

    def take_fault(self) -> str | None:
        """The fault, which is told once."""
        fault, self.fault = self.fault, None
        return fault

    def unnamed(self) -> str:
        """A name for what has none yet."""
        names = ("unnamed", *(f"unnamed {i}" for i in range(2, len(self.answers.attributes) + 3)))
        return next(name for name in names if name not in self.answers.attributes)


def described(name: str, ends: tuple[str, str], yes_no: bool, default: str) -> Attribute:
    """The attribute that the fields of a form describe: its name, or `default`, and what little and much of it is called."""
    name, low, high = (" ".join(text.split()) for text in (name, *ends))
    return Attribute(name or default, (low, high) if low or high else None, yes_no)
