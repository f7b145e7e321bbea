"""Turning a dial as people say it: to a coordinate, or by a share of its range from where somebody stands."""

import re
from dataclasses import dataclass

import numpy as np

from macrid.errors import InputError

from .factor_dials import FactorDials
from .person import MORE


@dataclass(frozen=True)
class Turn:
    """A dial (factor, dim) turned to the coordinate `to`, from -1 to 1, or, where that is None, by a share of its range."""

    factor: int
    dim: int
    to: float | None
    by: float = 0.0

    def coordinates(self, parts: np.ndarray, dials: FactorDials) -> np.ndarray:
        """Where it is turned to for people with parts (B, K, D), (B,)."""
        if self.to is not None:
            return np.full(len(parts), self.to)
        return dials.turned_by(self.factor, self.dim, parts, self.by)


def read(dials: FactorDials, text: str, factor: int | None = None) -> Turn:
    """A turn from DIAL=HOW, or FACTOR.DIAL=HOW, which needs no factor: the dial by number or name; HOW a number from -1 to
    1, more, less, or a share of the range as +20%. InputError names what is wrong with it."""
    name, equals, how = text.partition("=")
    if not equals:
        raise InputError(f"--turn {text!r}: write it as DIAL=HOW, such as --turn 0=0.5 or --turn size=more")
    other = re.fullmatch(r"([0-9]{1,9})\.(.+)", name.strip())
    if other:
        factor, name = int(other[1]), other[2]
    if factor is None:
        raise InputError(f"--turn {text!r}: say of which factor the dial is, as in --turn 0.{name.strip()}={how.strip()}")
    dim, sign = dials.named(factor, name.strip())
    dials.check(factor, dim)
    share = {"more": MORE, "less": -MORE}.get(how.strip())
    relative = re.fullmatch(r"([-+]\d+(?:\.\d*)?)\s*%", how.strip())
    if share is None and relative:
        share = float(relative[1]) / 100
    if share is not None:
        return Turn(factor, dim, None, sign * share)
    try:
        value = float(how)
    except ValueError as error:
        raise InputError(f"--turn {text!r}: {how!r} is not a number from -1 to 1, more, less, or a share as +20%") from error
    if not -1 <= value <= 1:  # also catches NaN
        raise InputError(f"--turn {text!r}: value is {value}: it must be a number from -1 to 1, the coordinate on the dial")
    return Turn(factor, dim, value)
