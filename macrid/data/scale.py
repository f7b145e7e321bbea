"""What the values beside the clicks mean: marks on a scale, counts of plays, yes and no; and which of them make a click.

Of a scale of marks the upper two fifths count, as 4 and 5 of five do in the papers; of counts any; of yes and no, yes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from macrid.errors import InputError

ANY = -np.inf
_TOPS = (5, 6, 7, 10, 20, 100)  # of the scales that people use; marks above the last are none
_MANY = 1000  # marks; among fewer, that nobody gave a 5 may be chance


@dataclass(frozen=True)
class Scale:
    """What the values of a column are and from where they count."""

    kind: str  # none: every row counts; rating, count, label
    column: str = ""
    low: float = 0.0  # of the marks that were given
    high: float = 0.0
    top: float = 0.0  # where the scale ends
    unrated: tuple[float, ...] = ()  # values that stand for no mark
    threshold: float = ANY  # values from here count

    def words(self) -> str:
        """The scale in words."""
        if self.kind == "none":
            return f"{self.column} is {self.low:g} everywhere" if self.column else "no ratings"
        if self.kind == "label":
            return f"yes and no ({self.column}: {f'{self.low:g} and ' if self.low < self.high else ''}{self.high:g})"
        if self.kind == "count":
            return f"counts ({self.column}: {self.low:g} to {self.high:g})"
        unrated = f", {' and '.join(f'{v:g}' for v in self.unrated)} for no mark" if self.unrated else ""
        return f"marks from {self.low:g} to {self.high:g} on a scale to {self.top:g} ({self.column}{unrated})"

    def rule(self) -> str:
        """The rule for what counts, in words."""
        return {"none": "every row counts", "count": "any count above 0 counts", "label": f"{self.threshold:g} counts",
                "rating": f"{self.threshold:g} and more count, the upper two fifths of a scale to {self.top:g}"}[self.kind]


@dataclass(frozen=True)
class Column:
    """A column of values: its name; what that says, rating, count, label, or value where it is open; the file, for messages;
    and the rating from which the person said that one counts."""

    name: str
    kind: str
    where: str
    told: float | None = None
    blank: bool = False  # whether some rows have none


def scale_of(values: np.ndarray, counts: np.ndarray, column: Column) -> Scale:
    """The scale of a column whose different values are `values` (V,), NaN aside, in order, each in `counts` (V,) rows.
    Raises InputError where the values could be marks or counts and the person did not say from where they count."""
    kind, name = column.kind, column.name
    if not len(values):
        return Scale("none", name)
    low, high = float(values[0]), float(values[-1])
    yes_no = set(values.tolist()) <= {-1.0, 0.0, 1.0}
    if kind == "label" or (yes_no and len(values) > 1 and kind != "count"):
        if yes_no:
            return Scale("label", name, low, high, 1.0, threshold=1.0)
        kind = "value"
    if kind == "count":
        above = values[values > 0]
        return Scale("count", name, low, high, high, threshold=float(above[0]) if len(above) else 1.0)
    if len(values) == 1 and column.blank and kind == "rating":
        return Scale("label", name, low, high, high, threshold=low)
    if len(values) == 1:
        return Scale("none", name, low, high)
    return _marks(values, int(counts.sum()), kind, column)


def _marks(values: np.ndarray, rows: int, kind: str, column: Column) -> Scale:
    """A scale of marks. 0 below whole marks from 1, and -1 below any, stand for no mark."""
    whole = bool((values == np.floor(values)).all())
    unrated: list[float] = []
    if values[0] == -1 and values[1] >= 0:
        unrated, values = [-1.0], values[1:]
    if whole and len(values) > 1 and values[0] == 0 and values[1] >= 1:
        unrated, values = [*unrated, 0.0], values[1:]
    low, high, name = float(values[0]), float(values[-1]), column.name
    if low < 0:
        reach = max(-low, high)
        top = next((t for t in (1, 2, 3, 5, 10, 100) if reach <= t), reach)
        return Scale("rating", name, low, high, float(top), tuple(unrated), threshold=round(0.2 * top, 6))
    if high <= 1 and not whole:
        return Scale("rating", name, low, high, 1.0, tuple(unrated), threshold=0.6)
    top = next((t for t in _TOPS if high <= t), 0)
    if whole and high in (2, 3, 4) and rows >= _MANY:
        top = int(high)
    if (not top or (kind == "value" and top > 10)) and column.told is not None:
        return Scale("rating", name, low, high, high, tuple(unrated), threshold=column.told)
    if not top or (kind == "value" and top > 10):
        raise InputError(f"{column.where}: the values of {name} go from {low:g} to {high:g}: marks or counts? say "
                         f"--min-rating {low:g} if each counts, or --min-rating N for the mark from which one does")
    threshold = float(top - round(0.4 * top) + 1)
    return Scale("rating", name, low, high, float(top), tuple(unrated), threshold=threshold)
