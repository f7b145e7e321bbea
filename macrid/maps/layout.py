"""The maps of a bundle: where its items, and the parts of some of its people, lie on a plane by t-SNE and by UMAP.

The table has a row for each point: `method` (tsne, umap for the items alone; tsne+people, umap+people for items and parts in
one layout), `kind` (item, part), `id` (of the item or the person), `x`, `y`, and `factor` (whose part it is; -1 for items).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix

from macrid.measures.vectors import unit

from . import projections

Projection = Callable[[np.ndarray, str, int, np.ndarray | None], np.ndarray]  # vectors, metric, seed, start -> points
METHODS: dict[str, Projection] = {"tsne": projections.tsne, "umap": projections.umap}
WITH_PEOPLE = "+people"  # behind the method
MOST_PARTS = 2_000
MOST_ITEMS = 50_000  # that are laid out; of a larger catalogue so many, and the others go where their nearest ones are
NEAREST = 5  # of those laid out, among whose places another item's is the middle one
_AT_ONCE = 256  # vectors whose nearest items are searched together


@dataclass(frozen=True)
class Parts:
    """Some people's parts: user_ids (n,), factor (n,) and vectors (n, D)."""

    user_ids: np.ndarray
    factor: np.ndarray
    vectors: np.ndarray


def choose_parts(user_ids: np.ndarray, clicks: csr_matrix, parts: np.ndarray, factor: np.ndarray, seed: int = 0) -> Parts:
    """The parts of people in the factors of the items that they clicked, as in the paper's figure; of more than MOST_PARTS
    a random sample.

    user_ids (B,), clicks (B, M), parts (B, K, D), factor (M,): the factor of each item.
    """
    kfac = parts.shape[1]
    touched = clicks @ np.eye(kfac, dtype=np.float32)[factor]  # (B, K)
    person, k = np.nonzero(touched)
    if len(person) > MOST_PARTS:
        drawn = np.sort(np.random.default_rng(seed).choice(len(person), MOST_PARTS, replace=False))
        person, k = person[drawn], k[drawn]
    return Parts(np.asarray(user_ids, object)[person], k, parts[person, k])


def lay_out(item_ids: np.ndarray, vectors: np.ndarray, similarity: str, parts: Parts, seed: int = 0,
            beside: pd.DataFrame | None = None) -> pd.DataFrame:
    """The table of maps of items (M,) with the vectors (M, D) by which they are scored, and of people's parts.

    beside: the maps of another model of the same items. The new ones begin where those ended and are turned onto them, so
        the two can be compared.
    """
    metric = "cosine" if similarity == "cosine" else "euclidean"
    some = np.arange(len(vectors))
    if len(vectors) > MOST_ITEMS:
        some = np.sort(np.random.default_rng(seed).choice(len(vectors), MOST_ITEMS, replace=False))
    chosen = vectors[some]  # (m, D)
    among = nearest_of(vectors, chosen, metric, NEAREST) if len(some) < len(vectors) else None  # (M, NEAREST)
    both, nearest = np.concatenate([chosen, parts.vectors]), nearest_of(parts.vectors, chosen, "cosine", 1)[:, 0]
    tables = []
    for method, project in METHODS.items():
        other = None if beside is None else _points(beside, method, item_ids[some])
        alone = project(chosen, metric, seed, other)
        if other is not None:
            alone = projections.turned(alone, other)
        tables.append(_table(method, item_ids, _with_others(alone, some, among)))
        if len(parts.vectors):
            # By cosine in every model: a part has length one, so that only its direction can be compared with an item's.
            joint = projections.turned(project(both, "cosine", seed, np.concatenate([alone, alone[nearest]])), alone)
            tables.append(_table(method + WITH_PEOPLE, item_ids, _with_others(joint[: len(some)], some, among)))
            tables.append(_table(method + WITH_PEOPLE, parts.user_ids, joint[len(some) :], "part", parts.factor))
    return pd.concat(tables, ignore_index=True)


def _with_others(points: np.ndarray, some: np.ndarray, among: np.ndarray | None) -> np.ndarray:
    """Where all items are (M, 2): those of positions `some` (m,) at points (m, 2), every other one at the middle, by each
    coordinate, of the points that are nearest to it, among (M, NEAREST); None where there are no others."""
    if among is None:
        return points
    places = np.median(points[among], axis=1).astype(np.float32)
    places[some] = points
    return places


def _table(method: str, ids: np.ndarray, xy: np.ndarray, kind: str = "item",
           factor: np.ndarray | int = -1) -> pd.DataFrame:
    table = pd.DataFrame({"method": method, "kind": kind, "id": ids, "x": xy[:, 0], "y": xy[:, 1]})
    return table.assign(factor=np.asarray(factor, np.int16))


def _points(maps: pd.DataFrame, method: str, item_ids: np.ndarray) -> np.ndarray:
    """Where the items (M,) stand on the map `method`, (M, 2)."""
    rows = maps[(maps["method"] == method) & (maps["kind"] == "item")].set_index("id")
    return rows.loc[item_ids, ["x", "y"]].to_numpy(np.float32)


def nearest_of(vectors: np.ndarray, others: np.ndarray, metric: str, count: int) -> np.ndarray:
    """The `count` of the others (m, D) that are nearest to each vector (n, D), in no order, (n, count); metric: cosine or
    euclidean."""
    if metric == "cosine":
        others, off = unit(others), np.zeros(len(others))
    else:
        off = 0.5 * np.square(others).sum(axis=1)  # |a - b|^2 = |a|^2 - 2 (a . b - |b|^2 / 2)
    others, off = others.T.astype(np.float32), off.astype(np.float32)
    nearest = np.zeros((len(vectors), count), np.int64)
    for start in range(0, len(vectors), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        closeness = vectors[some].astype(np.float32, copy=False) @ others - off
        nearest[some] = torch.topk(torch.from_numpy(closeness), count, dim=1, sorted=False).indices.numpy()
    return nearest
