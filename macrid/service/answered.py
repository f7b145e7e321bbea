"""What answers look like, for /openapi.json: names and types, held against real answers by a test."""

from pydantic import BaseModel, ConfigDict


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Problem(_Strict):
    """application/problem+json: `detail` says in one line what was wrong and what to do about it."""

    type: str
    title: str
    status: int
    detail: str


class Bundle(_Strict):
    bundle: str
    name: str
    people: int
    items: int
    clicks: int
    factors: int
    dims: int
    similarity: str


class Bundles(_Strict):
    bundles: list[Bundle]


class Item(_Strict):
    item_id: str
    title: str
    category: str
    factor: int
    certainty: float


class Items(_Strict):
    items: list[Item]


class People(_Strict):
    people: list[str]
    of: int


class Factor(_Strict):
    factor: int
    name: str
    share: float
    typical: list[str]
    interest: float | None = None


class Factors(_Strict):
    factors: list[Factor]


class Dial(_Strict):
    factor: int
    dim: int
    name: str | None
    low: str | None
    high: str | None
    influence: float | None
    range: tuple[float, float]
    position: float | None = None
    stands: float | None = None


class Dials(_Strict):
    dials: list[Dial]


class Wish(_Strict):
    attribute: str
    less: str
    more: str
    yes_no: bool
    known: float
    share: float | None


class Wishes(_Strict):
    wishes: list[Wish]
    moving: list[str] | None = None


class WithoutDial(_Strict):
    factor: int
    dim: int
    rank: int | None


class Why(_Strict):
    near: list[Item]
    without_wish: dict[str, int | None]
    without_dial: list[WithoutDial]


class Listed(_Strict):
    rank: int
    item_id: str
    title: str
    category: str
    score: float
    mark: str | None = None
    why: Why | None = None


class Recommended(_Strict):
    items: list[Listed]


class Turned(_Strict):
    factor: int
    factor_name: str
    dim: int
    value: float
    position: float
    range: tuple[float, float]


class Reading(_Strict):
    attribute: str
    called: str  # in words, where the attribute's name says little
    yes_no: bool
    before: float | None
    after: float | None
    of: int


class Steered(_Strict):
    dials: list[Turned]
    wishes: dict[str, float]
    readings: list[Reading]
    before: list[Listed]
    items: list[Listed]
    gone: list[str]
    not_understood: list[str]
    strength: float


class NotAnswered(_Strict):
    problem: Problem


class Answers(_Strict):
    answers: list[Steered | NotAnswered]


class FoldedIn(_Strict):
    parts: list[list[float]]
    interest: list[float]
