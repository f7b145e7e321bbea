"""What recommenders promise, whatever they are made of. B users in a batch, M items, K factors, D dimensions of a factor."""

from typing import Protocol, runtime_checkable

import numpy as np
from scipy.sparse import csr_matrix


@runtime_checkable
class Scorer(Protocol):
    """A recommender: it scores all items for people of whom it knows nothing but their clicks.

    The suite that every one passes is tests/model/test_recommenders.py.
    """

    def scores(self, batch: csr_matrix) -> np.ndarray:
        """float32 (B, M), finite, for binary rows (B, M): the higher, the better for this person; only the order counts.

        B may be 0 and a row may be empty. A row's scores do not depend on the others; what was clicked is scored, too.
        Nothing is drawn at random and nothing changed, in train mode as in eval mode; the array is the caller's to change.
        """
        ...


@runtime_checkable
class Factored(Scorer, Protocol):
    """A recommender that gives every item shares in K factors, and people and items vectors of D dimensions."""

    @property
    def scale(self) -> float:
        """What a product of a person's part and an item's vector is multiplied by in the scores."""
        ...

    def item_vectors(self) -> np.ndarray:
        """(M, D), as they are scored."""
        ...

    def routing(self) -> np.ndarray:
        """log c (M, K): the logarithm of each item's share in each factor; the shares of an item add up to 1."""
        ...

    def factors(self) -> np.ndarray:
        """The factor that has the largest share of each item, whole numbers (M,)."""
        ...

    def represent(self, batch: csr_matrix) -> np.ndarray:
        """User vectors (B, K, D), each of the K parts of length one unless that is free, for binary rows (B, M)."""
        ...
