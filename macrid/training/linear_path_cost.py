"""What the linear path will take, told before a training."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from macrid.model.linear import MOST_ITEMS

from .linear_path import NEIGHBOURS, WEIGHED

# Of one core of an AMD EPYC, and of simulated shops: benchmarks/results/linear-path-cost.json.


@dataclass(frozen=True)
class Cost:
    """The linear path of so many items: seconds of one free core, and bytes at the highest; both roughly."""

    items: int
    seconds: float
    bytes: float

    @property
    def gigabytes(self) -> str:
        return f"{max(self.bytes / 1e9, 0.1):.1f} GB"

    @property
    def text(self) -> str:
        """Such as "100,000 items, 200 neighbours each, about 1.2 GB and 6 minutes"."""
        how = "dense" if self.items <= MOST_ITEMS else f"{NEIGHBOURS} neighbours each"
        return f"{self.items:,} items, {how}, about {self.gigabytes} and {_time(self.seconds)}"


def pairs(clicks: csr_matrix) -> int:
    """The pairs of clicks of one person, over all people: sum_u n_u^2."""
    return int((np.diff(clicks.indptr).astype(np.int64) ** 2).sum())


def _time(seconds: float) -> str:
    """Such as "4 seconds", "6 minutes" or "2.5 hours"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} second{'s' if round(seconds) > 1 else ''}"
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
