"""Factors that begin from a few items whose intention somebody has told."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression

from .grouping import Grouping, regrouped

DIMS = 40  # leading directions that the examples are told apart in
LEAST = 5  # examples of a factor that was found
NEVER = -50.0  # the logarithm of no chance
SHARES = 1.0  # of a vector that stands beside an item's, its shares of the factors


def grouped(clicks: csr_matrix, vectors: np.ndarray, kfac: int, known: np.ndarray,
            found: np.ndarray | None = None) -> Grouping:
    """K = kfac groups of items, clicks (U, M) and vectors (M, D), of which some are told: known (M,), -1 for the others.

    A logistic regression on the leading directions learns from what is told where every other item belongs, and the grouping
    by people goes on from there; what is told stays. No other label is used. found: K groups (M,) found without any, for
    those that nobody gave an example of; None where all have some.
    """
    examples = known if found is None else with_found(vectors, kfac, known, found)
    return regrouped(clicks, log_chances(vectors[:, :DIMS], examples, kfac).argmax(axis=1), kfac, known)


def log_chances(vectors: np.ndarray, examples: np.ndarray, kfac: int) -> np.ndarray:
    """The logarithm of the chance of each of K = kfac groups, (M, K), that a logistic regression on vectors (M, D) of length
    one learns from examples (M,), -1 where there is none; NEVER at the least, and for a group without an example."""
    told = np.flatnonzero(examples >= 0)
    groups, chances = np.unique(examples[told]), np.full((len(vectors), kfac), NEVER)
    if len(groups) == 1:
        chances[:, groups] = 0.0
        return chances
    features = vectors * np.sqrt(vectors.shape[1])  # entries of about one
    model = LogisticRegression(C=10.0, max_iter=1000).fit(features[told], examples[told])
    chances[:, groups] = np.maximum(model.predict_log_proba(features), NEVER)
    return chances


def regrouped_anew(clicks: csr_matrix, vectors: np.ndarray, log_c: np.ndarray, kfac: int, known: np.ndarray) -> Grouping:
    """K = kfac groups of the items of a trained model, without the clicks it was trained on: item vectors (M, D) and log
    shares (M, K') say what those people told of each item, and clicks (U, M) of some others are added to that.

    known: groups of items (M,) that are told, -1 for the others. Groups that nobody told of are those factors of the model,
    or, if there are more groups than factors, those parts of them, that hold least of what is told.
    """
    examples = known
    if set(known[known >= 0]) != set(range(kfac)):
        examples = with_found(vectors, kfac, known, _cut(vectors, log_c.argmax(axis=1), kfac))
    chances = log_chances(np.hstack([vectors, SHARES * np.exp(log_c)]), examples, kfac)
    return regrouped(clicks, chances.argmax(axis=1), kfac, known, beforehand=chances)


def _cut(vectors: np.ndarray, group: np.ndarray, kfac: int) -> np.ndarray:
    """K = kfac groups of items with vectors (M, D), made of some groups (M,): the largest are cut in two until there are as
    many, or the smallest are left out."""
    size = np.bincount(group)
    order = np.argsort(-size, kind="stable")
    place = np.empty(len(size), np.int64)
    place[order] = np.arange(len(size))
    group = place[group]  # by size
    if len(size) >= kfac:
        away = group >= kfac
        if away.any():
            centres = np.stack([vectors[group == k].sum(axis=0) for k in range(kfac)])
            group[away] = (vectors[away] @ centres.T).argmax(axis=1)
        return group
    for k in range(len(size), kfac):
        largest = np.flatnonzero(group == np.bincount(group).argmax())
        group[largest[halves(vectors[largest])]] = k
    return group


def halves(vectors: np.ndarray) -> np.ndarray:
    """Which of some items (m, D) stand apart from the others, when they are cut in two: (m,) of bool."""
    if len(vectors) < 2:
        return np.zeros(len(vectors), bool)
    return KMeans(2, n_init=10, random_state=0).fit_predict(vectors) == 1


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
