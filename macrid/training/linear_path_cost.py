"""What the linear path will take, told before a training."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from macrid.measures.evaluate import people_at_once
from macrid.model.neighbours import POPULAR

from .linear_path import CHOOSING, KEPT, MOST_DENSE, NEIGHBOURS


@dataclass(frozen=True)
class Cost:
    """The linear path of so many items: seconds of one free core, and bytes at the highest beside what is held already; both
    roughly."""

    items: int
    seconds: float
    bytes: float

    @property
    def gigabytes(self) -> str:
        return f"{max(self.bytes / 1e9, 0.1):.1f} GB"

    @property
    def text(self) -> str:
        """Such as "100,000 items, 200 neighbours each, about 1.2 GB and 6 minutes"."""
        how = "dense" if self.items <= MOST_DENSE else f"{NEIGHBOURS} neighbours each"
        return f"{self.items:,} items, {how}, about {self.gigabytes} and {_time(self.seconds)}"


def cost(clicks: csr_matrix, people: int, tried: int) -> Cost:
    """Of the training clicks (U, M), so many pairs of a weight and a power being tried on so many people."""
    return cost_of(clicks.shape[1], clicks.nnz, pairs(clicks), people if tried > 1 else 0, tried)


def cost_of(items: int, clicks: int, pairs: int, people: int, tried: int) -> Cost:
    """The constants are of shops in benchmarks/results/linear-path-cost.json, one core of an AMD EPYC."""
    if items <= MOST_DENSE:  # the inverse; what is done with each entry of M x M
        seconds, memory = 4e-11 * items**3 + 1.5e-7 * items**2, 34.0 * items**2
    else:  # a column; the pairs of clicks that tell neighbours. G of the popular items, clicks by item, and B three times
        seconds = 2.2e-3 * items + 1e-8 * pairs
        memory = 4.0 * POPULAR**2 + 16.0 * clicks + 25.0 * KEPT * items
    scores = min(people, CHOOSING) * items
    seconds += 1.5e-8 * tried * scores
    return Cost(items, seconds, max(memory, 24.0 * min(scores, people_at_once(items) * items)))


def pairs(clicks: csr_matrix) -> int:
    """The pairs of clicks of one person, over all people: sum_u n_u^2."""
    return int((np.diff(clicks.indptr).astype(np.int64) ** 2).sum())


def _time(seconds: float) -> str:
    """Such as "4 seconds", "6 minutes" or "2.5 hours"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} second{'s' if round(seconds) > 1 else ''}"
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
