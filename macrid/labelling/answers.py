"""What a person said of items: attributes, each with answers by item id. Every change gives a new object that knows the
last ones before it, so that changes can be undone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from macrid.data import label_file
from macrid.data.attributes import yes_no
from macrid.errors import InputError

STEPS = 5  # of the scale on which items are placed: 1 to 5
UNDO_STEPS = 50  # the last changes that can be undone; older states are forgotten


@dataclass(frozen=True)
class Attribute:
    """What is asked about: its name, the names of its low and high end, and whether it is only a matter of no or yes."""

    name: str
    ends: tuple[str, str] | None = None
    yes_no: bool = False

    def __post_init__(self) -> None:
        label_file.heading(self.name, self.ends)  # raises InputError for what no CSV could hold

    @property
    def low(self) -> str:
        return self.ends[0] if self.ends else "no" if self.yes_no else f"less {self.name}"

    @property
    def high(self) -> str:
        return self.ends[1] if self.ends else "yes" if self.yes_no else f"more {self.name}"


@dataclass(frozen=True)
class Answers:
    """attributes: by name. given: attribute -> item id -> answer, in the order in which they were given; NaN for an item to
    which the attribute does not apply, which is remembered, so that it is not asked again. dials: (factor, dim) -> the
    attribute that a dial was named as, with answers or without. did: words for the last change. past: the UNDO_STEPS states
    before it at most, the latest last; they have no past of their own."""

    attributes: dict[str, Attribute] = field(default_factory=dict)
    given: dict[str, dict[str, float]] = field(default_factory=dict)
    dials: dict[tuple[int, int], str] = field(default_factory=dict)
    did: str = ""
    past: tuple[Answers, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, table: pd.DataFrame) -> Answers:
        """Those of a table as `label_file.read` gives it."""
        return replace(cls().with_table(table, ""), past=(), did="")

    def with_attribute(self, attribute: Attribute) -> Answers:
        if attribute.name in self.attributes:
            raise InputError(f"there is an attribute {attribute.name!r} already; choose it, or another name")
        return self._now(f"new attribute {attribute.name}", attribute, {})

    def with_dial(self, dial: tuple[int, int], attribute: Attribute) -> Answers:
        """A dial named as an attribute, which is new."""
        answers = self.with_attribute(attribute)
        return replace(answers, did=f"a dial named {attribute.name}", dials=self.dials | {dial: attribute.name})

    def with_dials(self, rows: Iterable[Mapping[str, Any]]) -> Answers:
        """With the dials that a bundle has names for; one whose name is taken is left out. Nothing of it can be undone."""
        answers = self
        for row in rows:
            if row["attribute"] not in answers.attributes:
                attribute = Attribute(row["attribute"], (row["low"], row["high"]))
                answers = answers.with_dial((row["factor"], row["dim"]), attribute)
        return replace(answers, past=self.past, did=self.did)

    def renamed(self, name: str, attribute: Attribute) -> Answers:
        """The attribute `name` under another name, or with other ends."""
        if attribute.name != name and attribute.name in self.attributes:
            raise InputError(f"there is an attribute {attribute.name!r} already; choose another name")
        names = {old: attribute.name if old == name else old for old in self.attributes}
        attributes = {new: attribute if old == name else self.attributes[old] for old, new in names.items()}
        given, dials = ({new: self.given[old] for old, new in names.items()},
                        {dial: names[old] for dial, old in self.dials.items()})
        return replace(self._then(attributes, given, f"{name} renamed"), dials=dials)

    def without(self, name: str) -> Answers:
        """Without an attribute and the answers about it."""
        attributes = {key: value for key, value in self.attributes.items() if key != name}
        answers = self._then(attributes, {key: value for key, value in self.given.items() if key != name}, f"{name} removed")
        return replace(answers, dials={dial: named for dial, named in self.dials.items() if named != name})

    def answered(self, name: str, item: str, value: float, did: str) -> Answers:
        """With one more answer (NaN: does not apply); one that replaces another comes last, too."""
        rest = {key: old for key, old in self.given[name].items() if key != item}
        return self._now(did, self.attributes[name], rest | {item: value})

    def with_labels(self, attribute: Attribute, values: dict[str, float], did: str) -> Answers:
        """With many answers at once, which replace those about the same items."""
        old = self.attributes.get(attribute.name, attribute)
        has = np.array(list(self.given.get(attribute.name, {}).values()))
        if old.yes_no != attribute.yes_no and np.isfinite(has).any():
            kinds = ("a scale", "yes or no")
            raise InputError(f"{attribute.name} is {kinds[old.yes_no]} so far and {kinds[attribute.yes_no]} there; "
                             "rename or remove the one here first")
        return self._now(did, attribute if attribute.ends or not old.ends else replace(attribute, ends=old.ends),
                         self.given.get(attribute.name, {}) | values)

    def with_table(self, table: pd.DataFrame, did: str) -> Answers:
        """With those of a table as `label_file.read` gives it."""
        answers = self
        for name in table.columns:
            labels = table[name].dropna()
            attribute = Attribute(name, table.attrs.get("ends", {}).get(name), yes_no(labels))
            answers = answers.with_labels(attribute, dict(zip(labels.index, labels.tolist(), strict=True)), did)
        return self._then(answers.attributes, answers.given, did)

    def cleared(self, name: str, items: set[str]) -> Answers:
        """Without the answers about some items."""
        rest = {key: value for key, value in self.given[name].items() if key not in items}
        return self._now(f"{name} begun again", self.attributes[name], rest)

    @property
    def before(self) -> Answers | None:
        """The answers before the last change; None where there is nothing to undo."""
        return replace(self.past[-1], past=self.past[:-1]) if self.past else None

    def undone(self) -> Answers:
        return self.before or self

    def scale(self, name: str) -> tuple[float, ...]:
        """The values of the steps on which items are placed: 0 and 1, or 1 to STEPS; where other answers were given, STEPS
        values from the least to the greatest of them."""
        if self.attributes[name].yes_no:
            return 0.0, 1.0
        steps = tuple(float(step) for step in range(1, STEPS + 1))
        values = [value for value in self.given[name].values() if not math.isnan(value)]
        if not values or set(values) <= set(steps):
            return steps
        return tuple(np.linspace(min(values), max(values), STEPS).tolist())

    def named_dials(self) -> list[dict[str, Any]]:
        """The dials that have been named, as bundle.json has them: see `macrid.dials.given_dials`."""
        return [{"factor": factor, "dim": dim, "attribute": name, "low": self.attributes[name].low,
                 "high": self.attributes[name].high} for (factor, dim), name in self.dials.items()]

    def as_json(self) -> dict[str, Any]:
        """All that was said, for `of_json`; what could be undone is not among it."""
        return {"attributes": [{"name": each.name, "ends": each.ends, "yes_no": each.yes_no,
                                "items": list(self.given[each.name]),
                                "values": [None if math.isnan(v) else v for v in self.given[each.name].values()]}
                               for each in self.attributes.values()],
                "dials": [[*dial, name] for dial, name in self.dials.items()]}

    @classmethod
    def of_json(cls, told: dict[str, Any]) -> Answers:
        """What `as_json` gave. Raises InputError, KeyError, TypeError or ValueError for anything else."""
        answers = cls()
        for each in told["attributes"]:
            attribute = Attribute(each["name"], (each["ends"][0], each["ends"][1]) if each["ends"] else None, each["yes_no"])
            values = [math.nan if value is None else float(value) for value in each["values"]]
            answers = answers.with_labels(attribute, dict(zip(each["items"], values, strict=True)), "")
        dials = {(int(factor), int(dim)): name for factor, dim, name in told["dials"]}
        if unknown := set(dials.values()) - set(answers.attributes):
            raise InputError(f"a dial is named {unknown.pop()!r}, which no attribute is")
        return replace(answers, dials=dials, past=(), did="")

    def counts(self) -> dict[str, int]:
        """The number of labels of each attribute that has any."""
        counts = {name: sum(not math.isnan(value) for value in given.values()) for name, given in self.given.items()}
        return {name: count for name, count in counts.items() if count}

    def table(self) -> pd.DataFrame:
        """All labels, as `label_file.read` gives them: a row for each item and a column for each attribute that has one, and
        `attrs["ends"]`."""
        labels = {name: {item: value for item, value in given.items() if not math.isnan(value)}
                  for name, given in self.given.items()}
        columns = {name: values for name, values in labels.items() if values}
        rows = dict.fromkeys(item for values in columns.values() for item in values)
        table = pd.DataFrame({name: [values.get(item, math.nan) for item in rows] for name, values in columns.items()},
                             index=pd.Index(list(rows), name="item_id", dtype=object), dtype=float)
        table.attrs["ends"] = {name: self.attributes[name].ends for name in columns if self.attributes[name].ends}
        return table

    def _now(self, did: str, attribute: Attribute, given: dict[str, float]) -> Answers:
        return self._then(self.attributes | {attribute.name: attribute}, self.given | {attribute.name: given}, did)

    def _then(self, attributes: dict[str, Attribute], given: dict[str, dict[str, float]], did: str) -> Answers:
        """The answers after a change, which can be undone."""
        return Answers(attributes, given, self.dials, did, (*self.past, replace(self, past=()))[-UNDO_STEPS:])
