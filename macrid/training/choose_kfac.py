"""`kfac: auto`: how many factors, by the coherence of the spectral start's factors on validation people."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from macrid.data.split import Split
from macrid.errors import InputError, InputWarning
from macrid.measures.coherence import Coherence, coherence, over_people
from macrid.measures.evaluate import unseen
from macrid.model.settings import AUTO, Settings

from . import spectral_start

CANDIDATES = range(4, 21)  # K
CLEAR = 3  # standard errors: the highest of many is high by chance, too


@dataclass(frozen=True)
class Choice:
    """How many factors were chosen, and from what."""

    kfac: int
    clear: bool  # whether people tell; if not, kfac is that of the settings
    coherence: Mapping[int, Coherence]  # of each candidate

    def record(self) -> dict[str, Any]:
        """As plain JSON values: {kfac, clear, candidates: [{kfac, coherence, se}]}, null for what cannot be measured."""
        rows = [{"kfac": kfac, "coherence": _number(of.mean), "se": _number(of.se)} for kfac, of in self.coherence.items()]
        return {"kfac": self.kfac, "clear": self.clear, "candidates": rows}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def without_auto(changes: Mapping[str, Any] | None) -> tuple[dict[str, Any], bool]:
    """Changes of settings without `kfac: auto`, which no Settings can hold, and whether it was among them."""
    changes = dict(changes or {})
    auto = isinstance(changes.get("kfac"), str) and changes["kfac"] == AUTO
    if auto:
        del changes["kfac"]
    return changes, auto


def settle(settings: Settings, split: Split, seed: int = 0) -> tuple[Settings, dict[str, Any]]:
    """The settings with the K that `choose` gives, and what bundle.json says of it; a warning where people do not tell.
    Raises InputError as `choose` does."""
    choice = choose(split, settings, seed)
    if not choice.clear:
        warnings.warn(f"kfac: auto: {split.validation.fold_in.shape[0]} validation people do not tell how many factors "
                      f"there are, {choice.kfac} are taken; hold out more people, or set kfac to a number", InputWarning,
                      stacklevel=2)
    return replace(settings, kfac=choice.kfac), choice.record()


def people(split: Split) -> csr_matrix:
    """The clicks (n, M) of the validation people. Raises InputError for RecBole's split, whose people are all trained on."""
    clicks = unseen(split.validation, split.kind)
    if clicks is None:
        raise InputError("kfac: auto measures on people whom the model never saw, and RecBole's split has none; set kfac to "
                         "a number, or take the split strong")
    return clicks


def choose(split: Split, settings: Settings, seed: int = 0) -> Choice:
    """How many factors K: the candidate behind which more factors gain little coherence.

    Each candidate's factors are those of its spectral start on the training people, whatever `settings.init` says, and
    their coherence is measured on the validation people. It grows with K nearly always, as small factors are more alike
    within, so the largest says nothing: fast while a factor more parts what people keep apart, slowly when it cuts through
    what they keep together. The knee between the two is chosen (see `knee`). Where there is none, as where tastes shade into
    each other and every factor more gains as much, it is the K of the settings.

    Raises InputError as `people` does.
    """
    clicks = people(split)
    rng = np.random.default_rng(seed)
    vectors = spectral_start.spectral_vectors(split.train, settings.embedding_size, rng)  # (M, D)
    curve: dict[int, Coherence] = {}
    for kfac in CANDIDATES:
        curve[kfac] = coherence(spectral_start.factors(split.train, vectors, kfac, seed).group, clicks, seed)
    at = knee(list(curve.values()))
    return Choice(settings.kfac if at is None else CANDIDATES[at], at is not None, curve)


def knee(curve: Sequence[Coherence]) -> int | None:
    """The place of the figure that is farthest above the straight line from the first to the last (Satopää and others,
    2011), or the first that is within a standard error of it. None where it is above by less than CLEAR standard errors, or
    a figure is NaN.

    The error is of the figure less the line, both over the same people, and of all the drawing of triples.
    """
    if not all(math.isfinite(of.mean) for of in curve):
        return None
    share = np.linspace(0, 1, len(curve))  # how much of the line is of the last figure

    def above(values: np.ndarray) -> np.ndarray:
        """(n,) or (n, GROUPS)."""
        return values - (np.multiply.outer(1 - share, values[0]) + np.multiply.outer(share, values[-1]))

    height = above(np.array([of.mean for of in curve]))
    at = int(height.argmax())
    drawing = np.array([curve[at].drawing, (1 - share[at]) * curve[0].drawing, share[at] * curve[-1].drawing])
    error = math.hypot(over_people(above(np.array([of.without for of in curve]))[at]), *drawing)
    return int(np.argmax(height >= height[at] - error)) if height[at] > CLEAR * error else None
