"""Which items a step scores where a catalogue is too large to score all of it: some that are drawn, shared by the batch.

What an item that was drawn counts is divided by how often it is expected to be: then the sum over the items that were drawn
is, in the mean, the sum over all (Horvitz & Thompson, 1952). In a softmax that takes log q off a score ("logQ"; Bengio &
Senecal, 2008). The items that a person clicked are scored for that person whether they were drawn or not; they are no draws,
so nothing is taken off theirs, and they are left out of that person's draws (Khrylchenko et al., RecSys 2025).

E clicks in a batch, M items, n of them drawn, m of them in a step.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from .item_rows import Here
from .kernels import Clicks

POWER = 0.75  # of popularity, by which items are drawn
UNIFORM = 0.25  # the share of the draws that knows no popularity


class Sampler:
    """Draws about `count` of M items: item i is expected w_i times, w_i = min(1, a q_i), with the a that makes the sum of w
    `count`, and q = (1 - UNIFORM) popularity^POWER, as shares of their sum, + UNIFORM / M.

    The items lie one after the other on a line, each as long as its w, in random order but for those of w = 1, which come
    first; of every unit of the line the item at one random place is taken. So those of w = 1 always are, and with
    `count` = M all are.
    """

    def __init__(self, popularity: np.ndarray, count: int) -> None:
        """popularity (M,): clicks of each item."""
        rate = np.asarray(popularity, np.float64) ** POWER
        rate = (1 - UNIFORM) * rate / max(rate.sum(), 1e-9) + UNIFORM / len(rate)
        self.expected = _capped(rate, min(count, len(rate)))  # w (M,)
        shuffled = np.random.default_rng(0).permutation(len(rate))
        order = shuffled[np.argsort(self.expected[shuffled] < 1, kind="stable")]
        self._order, self._ends = torch.as_tensor(order), torch.as_tensor(self.expected[order].cumsum())
        self._log_expected = torch.as_tensor(np.log(self.expected))

    def draw(self, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Items (n,) in rising order, and log (times drawn / w) (n,), float64."""
        units = round(float(self._ends[-1]))
        place = torch.arange(units) + torch.rand(units, generator=generator, dtype=torch.float64)
        at = torch.searchsorted(self._ends, place, right=True).clamp_max(len(self._order) - 1)
        item, times = torch.unique(self._order[at], return_counts=True)
        return item, times.log() - self._log_expected[item]


def _capped(rate: np.ndarray, count: int) -> np.ndarray:
    """min(1, a rate) (M,) with the a that makes their sum `count`, of rates above 0."""
    certain = np.zeros(len(rate), bool)
    while True:
        a = (count - certain.sum()) / max(rate[~certain].sum(), 1e-300)
        more = ~certain & (a * rate >= 1)
        if not more.any():
            return np.where(certain, 1.0, a * rate)
        certain |= more


@dataclass(frozen=True)
class StepItems:
    """The items of a step: first those that were only drawn, then those drawn and clicked, at last those only clicked.

    item (m,): which of all they are; log_weight (n,): log (times drawn / w) of the first n; clicks: those of the batch,
    their items counted from the first that has any, which is the item `first_clicked` of the step.
    """

    item: Tensor
    log_weight: Tensor
    clicks: Clicks
    first_clicked: int

    @classmethod
    def of(cls, batch: csr_matrix | Here, draw: tuple[Tensor, Tensor], device: torch.device) -> Self:
        """Of binary rows (B, M) and what a Sampler has drawn; the items are those of the whole batch, the clicks those of a
        share of its people."""
        here = batch if isinstance(batch, Here) else Here(batch)
        clicks, (drawn, log_weight) = here.clicks, draw
        clicked = torch.as_tensor(np.unique(clicks.indices), dtype=torch.long)  # (c,)
        both = torch.isin(drawn, clicked)
        alone, rest = drawn[~both], clicked[~torch.isin(clicked, drawn)]
        columns = torch.cat([drawn[both], rest])
        local = columns.argsort()[torch.searchsorted(clicked, torch.as_tensor(clicks.indices, dtype=torch.long))]
        own = csr_matrix((clicks.data, local.numpy(), clicks.indptr), shape=(clicks.shape[0], len(columns)))
        weight = torch.cat([log_weight[~both], log_weight[both]]).to(torch.get_default_dtype())
        return cls(torch.cat([alone, columns]).to(device), weight.to(device), Clicks(here._replace(clicks=own), device),
                   len(alone))
