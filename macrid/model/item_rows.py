"""Which rows of the items' tables a model holds: here all of them.

The tables have a row an item: item vectors, the encoder's first layer, shares that are held. Where several workers hold a
model together, each some of its items (`training.shared_rows`), a model's tables, and all that it computes item by item, are
of the items that are here, counted among these, and sums over items are of part of them until they are added up.

B people in a batch, E clicks of it, M items.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor

OF_ITEMS = ("items", "weights.0", "held_log_c")  # a model's tables, by their names in its state


class Here(NamedTuple):
    """What a worker computes with of a batch: clicks, binary, (B, M) or the columns of the items that are here, for the
    people `share` of it. among (e,), counts (B,): where only some items are here, which of the batch's clicks these are, and
    how many each person has in all."""

    clicks: csr_matrix
    share: slice = slice(None)
    among: np.ndarray | None = None
    counts: np.ndarray | None = None


class ItemRows:
    """All rows are here: nothing is to be done."""

    are_all = True

    def made(self, make: Callable[[int], Tensor], n_items: int) -> Tensor:
        """The rows that are here of a table of n_items rows, which make(n) makes n after n."""
        return make(n_items)

    def own(self, table: Tensor, items: Tensor | None = None) -> Tensor:
        """The rows that are here of a table that is whole, or has those of `items` (m,)."""
        return table

    def of_draw(self, items: Tensor, log_weight: Tensor) -> tuple[Tensor, Tensor]:
        """Of items (n,) that were drawn, with their weights, those that are here, as they are counted here."""
        return items, log_weight

    def of_batch(self, batch: csr_matrix, share: slice = slice(None)) -> Here:
        """What is to be computed here of binary rows (B, M), of which the people `share` are this worker's."""
        return Here(batch, share)

    def summed(self, *of_clicks: Tensor) -> tuple[Tensor, ...]:
        """Sums (k, B, n) over the clicks of B people, once those of all items are added up, for this worker's people."""
        return of_clicks

    def joined(self, of_people: Tensor, people: int) -> Tensor:
        """What there is of this worker's people (b, ...), of all of so many."""
        return of_people

    def highest(self, values: Tensor) -> Tensor:
        """The highest of what every worker has, element by element; without a gradient, as is `total`."""
        return values

    def total(self, values: Tensor) -> Tensor:
        """The sum of what every worker has."""
        return values

    def picked(self, table: Tensor, items: Tensor, sparse: bool = False) -> Tensor:
        """The rows of a table of some of all items (m,). sparse: so is the gradient of the table."""
        return F.embedding(items, table, sparse=sparse)

    def norm(self, table: Tensor) -> Tensor:
        """The L2 norm of a whole table."""
        return table.norm()

    def whole(self, table: Tensor) -> Tensor:
        """The whole of a table, without a gradient."""
        return table


ALL_HERE = ItemRows()
