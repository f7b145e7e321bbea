"""What a setting may be: rules that return a value in the setting's type, or raise an InputError that names the setting, the
value found and what is allowed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeVar

from macrid.errors import InputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
Rule = Callable[[str, object], object]  # (name of the setting, value) -> value
INFINITY = float("inf")


@dataclass(frozen=True)
class Choice:
    """One of some words."""

    options: tuple[str, ...]

    def __call__(self, name: str, value: object) -> str:
        for option in self.options:
            if value == option:
                return option
        raise InputError(f"{name} is {value!r:.80}: choose one of {', '.join(self.options)}")


def switch(name: str, value: object) -> bool:
    """True or false, not 1 or 0."""
    if not isinstance(value, bool):
        raise InputError(f"{name} is {value!r:.80}: it must be true or false")
    return value


@dataclass(frozen=True)
class Number:
    """A number from `low` to `high`, both included; `high` itself not where `less` is true, and never infinity. whole: 4.0
    is taken for 4, and 4.5 refused."""

    low: float
    high: float
    whole: bool = False
    less: bool = False

    def __call__(self, name: str, value: object) -> float:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and self._holds(value):
            return int(value) if self.whole else float(value)
        kind = "a whole number" if self.whole else "a number"
        raise InputError(f"{name} is {value!r:.80}: it must be {kind} {self._range()}")

    def _holds(self, value: float) -> bool:
        if not self.low <= value <= self.high or (self.less and value == self.high) or value == INFINITY:
            return False
        return not self.whole or value == int(value)

    def _range(self) -> str:
        if self.high == INFINITY:
            return f"of at least {self.low}"
        return f"from {self.low} to {'less than ' if self.less else ''}{self.high}"


def or_none(rule: Rule) -> Rule:
    """What the rule allows, and None."""
    return lambda name, value: None if value is None else rule(name, value)


@dataclass(frozen=True)
class LayerSizes:
    """Whole numbers, the hidden units of each layer: at least `fewest` layers. One number is a list of one."""

    fewest: int = 1

    def __call__(self, name: str, value: object) -> tuple[int, ...]:
        sizes = tuple(value) if isinstance(value, (list, tuple)) else (value,)
        if len(sizes) < self.fewest or not all(type(size) is int and 1 <= size <= 65536 for size in sizes):
            raise InputError(f"{name} is {value!r:.80}: it must be a list of whole numbers such as [600]")
        return sizes


def two_weights(name: str, value: object) -> tuple[float, float]:
    """Two numbers of at least 0."""
    weights = value if isinstance(value, (list, tuple)) else ()
    if len(weights) != 2 or not all(isinstance(w, (int, float)) and 0 <= w < INFINITY for w in weights):
        raise InputError(f"{name} is {value!r:.80}: it must be two numbers of at least 0, such as [0.0, 0.0]")
    return float(weights[0]), float(weights[1])


def check_fields(settings: "DataclassInstance", rules: Mapping[str, Rule]) -> None:
    """Check every field of a frozen dataclass by the rule of its name and put it into its type; for its __post_init__."""
    for field in fields(settings):
        object.__setattr__(settings, field.name, rules[field.name](field.name, getattr(settings, field.name)))


def check_values(values: Mapping[str, object], rules: Mapping[str, Callable[[str, object], T]]) -> dict[str, T]:
    """Settings that are a dictionary, each checked by the rule of its name and in its type."""
    return {name: rules[name](name, value) for name, value in values.items()}
