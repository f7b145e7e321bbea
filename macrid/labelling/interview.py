"""Naming the dimensions of a bundle: its items and a person's answers, brought to the arrays that `next_question` works
on."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import rankdata

from macrid.bundle.cache import Store
from macrid.bundle.recommender import Recommender
from macrid.data import attributes
from macrid.dials import axes
from macrid.errors import InputError
from macrid.measures.vectors import unit

from . import next_question
from .answers import Answers, Attribute

FRAMES, EACH = 7, 2  # of the film strip along an axis
CURVE = 40  # with more answers, given at once as a rule, only the last few steps are looked at
NEAR_END = 0.3  # of a scale: so near to an end a step speaks for it
KEPT = 512  # results of recent answers that are cached: CURVE of each of a dozen attributes


@dataclass(frozen=True)
class Progress:
    """One attribute in one factor: what was learned after each of the last answers and before them, the latest last, and
    whether to ask on."""

    curve: list[next_question.Learned]
    verdict: next_question.Verdict

    @property
    def learned(self) -> next_question.Learned:
        return self.curve[-1]


@dataclass(frozen=True)
class Interview:
    """Questions about the items of one factor of a bundle. Rows are those of the factor's items, positions those of all."""

    bundle: Recommender
    factor: int

    @cached_property
    def mine(self) -> np.ndarray:
        """The positions (m,) of the factor's items."""
        return np.flatnonzero(self.bundle.factor == self.factor)

    @cached_property
    def ids(self) -> dict[str, int]:
        """The row of each of the factor's items, by item id."""
        return {item: row for row, item in enumerate(self.bundle.items["item_id"].iloc[self.mine])}

    @cached_property
    def _vectors(self) -> np.ndarray:
        return unit(self.bundle.vectors[self.mine].astype(np.float64))  # (m, D)

    @cached_property
    def _base(self) -> np.ndarray:
        """The factor's independent components (D, D), those that `align` starts from, the most varying first."""
        (base,) = axes.ica(self._vectors, np.zeros(len(self.mine), int), 1, self.bundle.meta["seed"]).astype(np.float64)
        return base[:, np.argsort(-(self._vectors @ base).var(axis=0), kind="stable")] if len(self.mine) else base

    @cached_property
    def _familiar(self) -> np.ndarray:
        """How well known each item is (m,), from 0 to 1, by its rank in clicks."""
        if "clicks" not in self.bundle.items:
            return np.ones(len(self.mine))
        return rankdata(self.bundle.items["clicks"].to_numpy()[self.mine]) / max(len(self.mine), 1)

    @cached_property
    def _known(self) -> Store[bytes, next_question.Learned]:
        """A digest of answers in their order -> what was learned from them."""
        return Store(KEPT)

    def given(self, answers: Answers, name: str) -> dict[int, float]:
        """row -> answer about an attribute, in the order in which they were given; NaN where it does not apply."""
        return {self.ids[item]: value for item, value in answers.given[name].items() if item in self.ids}

    def progress(self, answers: Answers, name: str) -> Progress:
        """What the answers about an attribute have taught of this factor."""
        said = {row: value for row, value in self.given(answers, name).items() if np.isfinite(value)}
        rows, values = np.array(list(said), int), np.array(list(said.values()))
        close = max(0, len(rows) - next_question.LOOKED_BACK)
        learned = [self._learned(rows[:n], values[:n]) for n in range(close if len(rows) > CURVE else 0, len(rows) + 1)]
        return Progress(learned, next_question.verdict(self._vectors, learned[-1 - next_question.LOOKED_BACK :]))

    def _learned(self, rows: np.ndarray, values: np.ndarray) -> next_question.Learned:
        table = np.full(len(self.mine), np.nan)
        table[rows] = values
        return self._known.get(hashlib.sha256(rows.tobytes() + values.tobytes()).digest(), lambda: next_question.learn(
            self._vectors, self._base, table, self.bundle.meta["seed"]))

    def missing(self, answers: Answers, name: str, progress: Progress) -> str:
        """What has to come before what was learned of an attribute can be believed, in words; empty once it is."""
        if not progress.learned.reason:
            return ""
        attribute, (low, *_, high) = answers.attributes[name], answers.scale(name)
        said = np.array([value for value in self.given(answers, name).values() if np.isfinite(value)])
        near = 0.0 if attribute.yes_no else (high - low) * NEAR_END
        wanted = [f"an item at “{word}”" for word, end in ((attribute.low, low), (attribute.high, high))
                  if not (np.abs(said - end) <= near).any()]
        fewest = axes.FEWEST_LABELS - len(said)
        if fewest > 0:
            wanted.insert(0, f"{fewest} more {'answer' if fewest == 1 else 'answers'}")
        elif not wanted:
            return (f"about {max(1, progress.verdict.more)} more answers, as those so far agree no better than chance with "
                    "where the model puts the items")
        return " and ".join([", ".join(wanted[:-1]), wanted[-1]] if len(wanted) > 1 else wanted)

    def question(self, answers: Answers, name: str, towards: int | None = None) -> int | None:
        """The position of the item to ask about next; None if there is none left. towards: the dial of `dials` that is
        meant, if a person has begun with one."""
        said = self.given(answers, name)
        table, passed = np.full(len(self.mine), np.nan), np.zeros(len(self.mine), bool)
        table[list(said)] = list(said.values())
        passed[[row for row, value in said.items() if np.isnan(value)]] = True
        rng = np.random.default_rng([self.bundle.meta["seed"], self.factor, len(said)])
        if towards is not None:
            towards = int(np.abs(self._base.T @ self.bundle.axes[self.factor][:, towards]).argmax())
        asked = next_question.Asked(table, passed, self._familiar, towards)
        row = next_question.most_uncertain(self._vectors, self._base, asked, rng)
        return None if row is None else int(self.mine[row])

    def placed(self, answers: Answers, name: str) -> list[list[int]]:
        """For each step of the attribute's scale the positions of this factor's items placed there, the latest first."""
        scale = np.array(answers.scale(name))
        steps: list[list[int]] = [[] for _ in scale]
        for row, value in reversed(self.given(answers, name).items()):
            if np.isfinite(value):
                steps[int(np.abs(scale - value).argmin())].append(int(self.mine[row]))
        return steps

    def strip(self, axis: np.ndarray, each: int = EACH) -> list[tuple[float, np.ndarray]]:
        """The factor's items along an axis (D,), low to high, as (place from 0 to 1, positions)."""
        frames = next_question.strip(self._vectors @ axis, self._familiar, FRAMES, each)
        return [(place / max(len(frames) - 1, 1), self.mine[rows]) for place, rows in enumerate(frames)]

    def dials(self, n: int) -> list[int]:
        """The n dials of the bundle that change a list of this factor most, the strongest first; of those that bear the same
        name only that one."""
        called: dict[str | int, int] = {}
        for j in map(int, np.argsort(-self.bundle.influence[self.factor], kind="stable")):
            label = self.bundle.dials.label(self.factor, j)
            called.setdefault(label.name if label else j, j)
            if len(called) == n:
                break
        return list(called.values())

    @cached_property
    def ready(self) -> dict[str, Attribute]:
        """What is known of this factor's items and can serve as labels, by name."""
        ready: dict[str, Attribute] = {}
        table = self.bundle.attributes.iloc[self.mine]
        for name in map(str, table.columns):
            if attributes.is_informative(table[name]):
                with suppress(InputError):  # of a name that no attribute can have
                    ready[name] = Attribute(name, yes_no=attributes.yes_no(self.bundle.attributes[name]))
        return ready

    def fill(self, answers: Answers, attribute: Attribute, everywhere: bool) -> Answers:
        """The answers with what is known of an attribute that is `ready`: of the items of this factor, or of all."""
        values = self.bundle.attributes[attribute.name].to_numpy()
        at = np.isfinite(values) if everywhere else np.isfinite(values) & (self.bundle.factor == self.factor)
        given = dict(zip(self.bundle.items["item_id"][at], values[at].tolist(), strict=True))
        return answers.with_labels(attribute, given, f"{attribute.name} of {len(given):,} items")

