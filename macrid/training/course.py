"""The course of a training: what becomes of the factors from epoch to epoch, in figures, and now and then of every item."""

from typing import Protocol

import numpy as np
from torch import Tensor

from macrid.measures.factors import effective_factors

KEPT = 12  # epochs of which every item's factor is kept, at most


class Factors(Protocol):
    """What a course asks of a model: prototypes (K, D), and the factor of each item (M,)."""

    prototypes: Tensor

    def factors(self) -> np.ndarray: ...


def figures(model: Factors, factor: np.ndarray) -> dict[str, float]:
    """Of the items' factors (M,): `effective_factors` and `largest_share`, the share of items of the largest one; of the
    prototypes' lengths: `prototype_min`, `prototype_mean`, `prototype_max`."""
    length = np.linalg.norm(model.prototypes.detach().cpu().numpy(), axis=1)  # (K,)
    return {"effective_factors": effective_factors(factor), "largest_share": float(np.bincount(factor).max() / len(factor)),
            "prototype_min": float(length.min()), "prototype_mean": float(length.mean()),
            "prototype_max": float(length.max())}


class Course:
    """Notes of a training: `factors`, {epoch: the factor of each item (M,)}, of KEPT epochs at most.

    Factors move most at first, so the epochs lie the further apart the later: 1, 2, 3, 5, 8, 13 and so on, and the last.
    Where these are too many, the early ones go.
    """

    def __init__(self) -> None:
        self.factors: dict[int, np.ndarray] = {}

    def note(self, epoch: int, model: Factors) -> dict[str, float]:
        """Note how the factors are after an epoch; returns its `figures`."""
        factor = model.factors()
        chosen = [e for e in self.factors if _is_fibonacci(e)][-(KEPT - 1):]
        self.factors = {e: self.factors[e] for e in chosen} | {epoch: factor.astype(np.int16)}
        return figures(model, factor)


def _is_fibonacci(number: int) -> bool:
    a, b = 1, 2
    while a < number:
        a, b = b, a + b
    return a == number
