"""What counts as a click, said: the rows that were read, the scale that was found, the rule, and what is left out and
why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .scale import Scale

EXAMPLES = 3


@dataclass(frozen=True, eq=False)
class Found:
    """What was read: files, columns, the scale, and how many rows have each value."""

    where: str
    layout: str
    files: int
    columns: dict[str, str]  # by role
    scale: Scale
    rows: int  # of all files, after `--events`
    values: np.ndarray  # (V,) different ratings in order
    counts: np.ndarray  # (V,) how many rows have each
    events: dict[str, int] = field(default_factory=dict)  # how many rows each event has
    counted_events: tuple[str, ...] = ()  # those that count; none named: all
    notes: tuple[str, ...] = ()

    def rows_from(self, rating: float) -> int:
        """How many rows have this rating or more, those without a rating only if any counts."""
        return self.rows if not np.isfinite(rating) else int(self.counts[self.values >= rating].sum())


@dataclass(frozen=True)
class Out:
    """Some that are left out, why, and a few of them."""

    what: str  # rows, people, items
    number: int
    why: str
    examples: tuple[str, ...] = ()

    def words(self) -> str:
        such = f", such as {', '.join(self.examples)}" if self.examples else ""
        what = {"people": "person", "rows": "row", "items": "item"}[self.what] if self.number == 1 else self.what
        return f"{self.number:,} {what} left out: {self.why}{such}"


@dataclass(frozen=True)
class Statement:
    """What counts as a click in a data set, and what does not."""

    found: Found
    rating: float  # from here, -inf: all
    asked: bool  # for this rating, with --min-rating or by the split
    counted: int  # rows
    clicks: int  # different pairs of a user and an item among these
    min_clicks: int
    people: int  # that are left
    items: int
    out: tuple[Out, ...] = ()

    def and_out(self, out: Sequence[Out], people: int, items: int) -> Statement:
        """This statement after a split, which left out more."""
        return replace(self, out=(*self.out, *(o for o in out if o.number)), people=people, items=items)

    def lines(self) -> list[str]:
        """The statement in lines of text."""
        found = self.found
        columns = ", ".join(f"{role} {name}" for role, name in found.columns.items())
        files = f" in {found.files} files" if found.files > 1 else ""
        lines = [f"{found.where}: {found.rows:,} rows{files} ({found.layout}; {columns})"]
        if found.events:
            shown = ", ".join(f"{name} {count:,}" for name, count in found.events.items())
            lines.append(f"events: {shown}; {', '.join(found.counted_events) or 'all'} count")
        lines.append(f"values: {found.scale.words()}")
        lines.append(f"what counts as a click: {self.rule()}")
        different = f", {self.clicks:,} different clicks" if self.clicks != self.counted else ""
        lines.append(f"{self.counted:,} of {found.rows:,} rows count{different}")
        lines += [out.words() for out in self.out]
        lines.append(f"left: {self.people:,} people, {self.items:,} items")
        return lines + [f"note: {note}" for note in found.notes]

    def rule(self) -> str:
        """The rule that was used, in words."""
        if not self.asked or self.found.scale.kind == "none":
            more = "; --min-rating changes it" if self.found.scale.kind == "rating" else ""
            return self.found.scale.rule() + more
        return f"{self.found.scale.column} of {self.rating:g} and more, as asked" if np.isfinite(self.rating) else \
            "every row, whatever its value, as the split asks"

    def as_json(self) -> dict[str, Any]:
        """The statement as JSON values."""
        found, scale = self.found, self.found.scale
        return {
            "source": found.where, "layout": found.layout, "files": found.files, "columns": found.columns,
            "rows": found.rows,
            "scale": {"kind": scale.kind, "column": scale.column or None, "from": scale.low, "to": scale.high,
                      "unrated": list(scale.unrated)} if scale.kind != "none" else {"kind": "none"},
            "events": found.events or None, "rule": self.rule(),
            "min_rating": float(self.rating) if np.isfinite(self.rating) and scale.kind != "none" else None,
            "min_clicks": self.min_clicks, "counted": self.counted, "not_counted": found.rows - self.counted,
            "clicks": self.clicks, "people": self.people, "items": self.items,
            "left_out": [{"what": o.what, "number": o.number, "why": o.why, "examples": list(o.examples)} for o in self.out],
            "notes": list(found.notes),
        }


def rows_out(found: Found, rating: float, pairs: Sequence[tuple[float, str]]) -> list[Out]:
    """The rows that do not count, by reason. pairs: a few that do not, their value and their words."""
    if not np.isfinite(rating) or found.scale.kind == "none":
        return []
    scale = found.scale
    shown = [(value, words) for value, words in pairs]
    out = []
    blank = found.rows - int(found.counts.sum())
    reasons = [(blank, f"no {scale.column} given", [w for v, w in shown if np.isnan(v)])]
    for mark in scale.unrated:
        if mark < rating:
            number = int(found.counts[found.values == mark].sum())
            shown_here = [w for v, w in shown if v == mark]
            reasons.append((number, f"{scale.column} {mark:g}, which stands for no mark", shown_here))
    below = (found.values < rating) & ~np.isin(found.values, scale.unrated)
    why = {"label": f"{scale.column} says no", "count": f"{scale.column} is 0 or less"}.get(
        scale.kind, f"{scale.column} below {rating:g}")
    reasons.append((int(found.counts[below].sum()), why, [w for v, w in shown if v < rating and v not in scale.unrated]))
    for number, reason, examples in reasons:
        if number:
            out.append(Out("rows", number, reason, tuple(examples[:EXAMPLES])))
    return out
