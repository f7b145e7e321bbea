"""Questions: their shape, and what they mean to a bundle."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from macrid.bundle.person import MORE, Listing, Person
from macrid.bundle.recommender import Recommender

from .options import Options
from .problems import Problem

LONGEST = 400  # signs of an id, a name or a search; words take ten times as many
MOST_DIALS = 64
Text = Annotated[str, Field(max_length=LONGEST)]
HOW = {"more": MORE, "less": -MORE}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Dial(_Strict):
    """A dial, by its number or name, and where it is turned: to a coordinate (value, from -1 to 1), to a share of its range
    (share, from 0 to 1), or by a share of it from where the person stands (by, or more and less)."""

    factor: int = Field(ge=0, le=1 << 20)
    dim: int | Text
    value: float | None = None
    share: float | None = Field(None, ge=0, le=1)
    by: float | str | None = None

    @model_validator(mode="after")
    def _one(self) -> "Dial":
        if sum(each is not None for each in (self.value, self.share, self.by)) != 1:
            raise ValueError("give one of value, share and by")
        if isinstance(self.by, str) and self.by not in HOW:
            raise ValueError("by is a share of the dial's range, more or less")
        return self

    def turned(self, bundle: Recommender, person: Person) -> tuple[tuple[int, int], float]:
        """(factor, dim), and the coordinate."""
        dim, sign = bundle.dials.named(self.factor, str(self.dim)) if isinstance(self.dim, str) else (self.dim, 1)
        if self.share is not None:
            share = self.share if sign > 0 else 1 - self.share
            return (self.factor, dim), bundle.dials.coordinate(self.factor, dim, share)
        if self.by is not None:
            by = HOW[self.by] if isinstance(self.by, str) else self.by
            return (self.factor, dim), person.turned_by(self.factor, dim, sign * by)
        return (self.factor, dim), float(self.value or 0)


class Who(_Strict):
    """Whose lists they are: a held-out person of the bundle, or a history of item ids."""

    user: Text | None = None
    items: list[Text] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Who":
        if (self.user is None) == (self.items is None):
            raise ValueError("give either user or items")
        return self

    def person(self, bundle: Recommender, options: Options) -> Person:
        if self.user is not None:
            return bundle.person(bundle.history_of(self.user))
        history = self.items or []
        at_most("items", len(history), options.most_items)
        return bundle.person(dict.fromkeys(bundle.positions(history).tolist()))


class Recommend(Who):
    """A list: n items after the first `offset` ones, of the whole catalogue or of the factor `scope`."""

    n: int = Field(20, ge=1)
    offset: int = Field(0, ge=0)
    scope: int | None = Field(None, ge=0, le=1 << 20, description="The factor whose items are listed; null: all items")
    hide_seen: bool = Field(True, description="Leave out what the history holds")
    hide: list[Text] = Field([], description="Ids of other items to leave out")
    why: bool = Field(False, description="Say of each item why it is in the list")

    def listing(self, bundle: Recommender, options: Options) -> Listing:
        """As `Person.steer` takes it; n counts from the first item of the list."""
        at_most("n + offset", self.n + self.offset, options.most_items)
        at_most("hide", len(self.hide), options.most_items)
        return {"factor": self.scope, "n": self.n + self.offset, "hide_seen": self.hide_seen,
                "without": tuple(bundle.positions(self.hide).tolist())}


class Steer(Recommend):
    """A list, with dials turned and wishes heard."""

    dials: list[Dial] = Field([], max_length=MOST_DIALS)
    wishes: dict[Text, float] = Field({}, max_length=MOST_DIALS, description="Attribute: from -1, less of it, to 1, more")
    words: str | None = Field(None, max_length=10 * LONGEST, description="Wishes in somebody's own words")
    strength: float = Field(1.0, ge=0, le=1)

    def heard(self, bundle: Recommender) -> tuple[dict[str, float], list[str]]:
        """The wishes, those of the words before the others, and the words that nobody understood."""
        wishes = {bundle.wishes.named(name).name: value for name, value in self.wishes.items()}
        if not self.words:
            return wishes, []
        said = bundle.wishes.understand(self.words)
        return said.wishes | wishes, said.unknown


class Batch(_Strict):
    """Several questions in one."""

    requests: list[Steer] = Field(min_length=1)


def at_most(what: str, value: int, most: int) -> None:
    """Problem where a question asks for more than it may."""
    if value > most:
        raise Problem(422, f"{what} is {value}: at most {most} go into one question; ask for less")
