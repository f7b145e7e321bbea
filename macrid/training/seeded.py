"""Factors that begin from a few items whose intention somebody has told."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from .grouping import Grouping, regrouped

DIMS = 40  # leading directions that the examples are told apart in
LEAST = 5  # examples of a factor that was found


def grouped(clicks: csr_matrix, vectors: np.ndarray, kfac: int, known: np.ndarray,
            found: np.ndarray | None = None) -> Grouping:
    """K = kfac groups of items, clicks (U, M) and vectors (M, D), of which some are told: known (M,), -1 for the others.

    A logistic regression on the leading directions learns from what is told where every other item belongs, and the grouping
    by people goes on from there; what is told stays. No other label is used. found: K groups (M,) found without any, for
    those that nobody gave an example of; None where all have some.
    """
    examples = known if found is None else with_found(vectors, kfac, known, found)
    return regrouped(clicks, predicted(vectors, examples), kfac, known)


def predicted(vectors: np.ndarray, examples: np.ndarray) -> np.ndarray:
    """The group (M,) that a logistic regression gives every item, learned from examples (M,), -1 where there is none."""
    told = np.flatnonzero(examples >= 0)
    if len(set(examples[told])) < 2:
        return np.full(len(vectors), examples[told[0]])
    leading = vectors[:, :DIMS] * np.sqrt(min(DIMS, vectors.shape[1]))  # entries of about one
    model = LogisticRegression(C=10.0, max_iter=1000).fit(leading[told], examples[told])
    return model.predict(leading)


def with_found(vectors: np.ndarray, kfac: int, known: np.ndarray, found: np.ndarray) -> np.ndarray:
    """What is told (M,), and examples of the groups that nobody told of: each gets a group of `found` (M,) that holds least
    of what is told, and the items in the middle of that are its examples, as many as of the others on average."""
    told = np.flatnonzero(known >= 0)
    named = np.unique(known[told])
    shared = np.zeros((len(named), kfac))
    np.add.at(shared, (np.searchsorted(named, known[told]), found[told]), 1.0)
    shared /= shared.sum(axis=1, keepdims=True)
    taken = set(linear_sum_assignment(-shared)[1])
    left = [group for group in np.argsort(-np.bincount(found, minlength=kfac), kind="stable") if group not in taken]
    examples, count = known.copy(), max(LEAST, len(told) // len(named))
    for k, group in zip((k for k in range(kfac) if k not in named), left, strict=True):
        mine = np.flatnonzero((found == group) & (examples < 0))
        nearest = np.argsort(-(vectors[mine] @ vectors[mine].sum(axis=0)), kind="stable")
        examples[mine[nearest[:count]]] = k
    return examples
