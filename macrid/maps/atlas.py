"""What a map shows of a bundle: what its dots may be coloured by, which of them are drawn, where the prototypes stand, what
is near an item, how factors and categories go together. Arrays and tables; `macrid.charts.maps` draws them."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from macrid.bundle.recommender import Recommender
from macrid.data.attributes import group_columns, numeric_columns
from macrid.measures.factors import agreement, prototype_match

from .layout import WITH_PEOPLE

DRAWN = 20_000  # points that a browser moves smoothly; of more, a sample is drawn
STAR_ITEMS = 10  # a prototype stands among so many of its surest items


class Column(NamedTuple):
    """Something to colour items by: values (M,), numbers (NaN: unknown) or text ("" : unknown), and what it is, in words."""

    name: str
    values: pd.Series
    note: str

    @property
    def grouped(self) -> bool:
        """Whether the values name groups rather than measure something."""
        return not pd.api.types.is_numeric_dtype(self.values)


def colourings(bundle: Recommender) -> dict[str, str]:
    """What the dots may be coloured by: {key: label}. The key of a column of the items table is its name behind a colon."""
    labels = {"factor": "Macro factor"}
    if bundle.course is not None:
        labels["course"] = "Macro factor, epoch by epoch"
    labels |= {f":{c}": c.capitalize() for c in group_columns(bundle.items)}
    labels |= {f":{c}": c.capitalize() for c in numeric_columns(bundle.items)}
    if "clicks" in bundle.items:
        labels["popularity"] = "Popularity"
    return labels | {"certainty": "Certainty of the factor", "dial": "One dimension of a factor"}


def colouring(bundle: Recommender, key: str, factor: int = 0, dim: int = 0, epoch: int = 0) -> Column:
    """The column of a key of `colourings`; factor and dim choose the dimension for `dial`, epoch that for `course`."""
    if key == "course":
        names = np.array([f.name for f in bundle.factors], object)[factors_after(bundle, epoch)]
        return Column("macro factor", pd.Series(names), f"The factor of each item after {epoch} epochs of training; places "
                      "and names are those of the end.")
    if key == "factor":
        names = np.array([f.name for f in bundle.factors], object)[bundle.factor]
        return Column("macro factor", pd.Series(names), "The factor that holds most of the item's share c.")
    if key == "popularity":
        return Column("clicks", bundle.items["clicks"].astype(np.float64), "Clicks of the training people.")
    if key == "certainty":
        return Column("certainty", pd.Series(certainty(bundle.log_c)), "1 if an item belongs to one factor alone, 0 if to "
                      "all alike: one minus the entropy of c, divided by the logarithm of K.")
    if key == "dial":
        mine = bundle.factor == factor
        position = np.where(mine, bundle.vectors @ bundle.axes[factor][:, dim], np.nan)
        return Column("position", pd.Series(position), f"Where the items of {bundle.factors[factor].name} stand on this "
                      "dimension, from one end to the other; other items are grey.")
    values: pd.Series = bundle.items[key[1:]]
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return Column(key[1:], values.fillna("").astype(str), "A column of the items table; the model never saw it.")
    return Column(key[1:], values.astype(np.float64), "A column of the items table; the model never saw it.")


def epochs(bundle: Recommender) -> list[int]:
    """The epochs of the training after which each item's factor was noted, none for a bundle without a course."""
    return [] if bundle.course is None else list(map(int, bundle.course.columns))


def factors_after(bundle: Recommender, epoch: int) -> np.ndarray:
    """The factor of each item (M,) after one of `epochs`."""
    assert bundle.course is not None
    return bundle.course[str(epoch)].to_numpy(np.int64)


def certainty(log_c: np.ndarray) -> np.ndarray:
    """1 - H(c_i) / log K (M,) of log c (M, K): 1 if an item belongs to one factor alone, 0 if to all alike."""
    c, kfac = np.exp(log_c), log_c.shape[1]
    return 1 + (c * log_c).sum(axis=1) / np.log(kfac) if kfac > 1 else np.ones(len(c))


def sample(factor: np.ndarray, most: int, among: np.ndarray | None = None, seed: int = 0) -> np.ndarray:
    """Positions of at most about `most` items, sorted: all if there are no more, else the same share of each factor, drawn
    at random, at least one of each. factor (M,); among: the positions to draw from, all if None."""
    among = np.arange(len(factor)) if among is None else among
    if len(among) <= most:
        return among
    rng, kept = np.random.default_rng(seed), []
    for k in np.unique(factor[among]):
        mine = among[factor[among] == k]
        kept.append(rng.choice(mine, max(1, round(most * len(mine) / len(among))), replace=False))
    return np.sort(np.concatenate(kept))


def within(xy: np.ndarray, window: tuple[float, float, float, float]) -> np.ndarray:
    """Positions of the points (M, 2) in the window (left, right, low, high)."""
    left, right, low, high = window
    return np.flatnonzero((xy[:, 0] >= left) & (xy[:, 0] <= right) & (xy[:, 1] >= low) & (xy[:, 1] <= high))


def stars(bundle: Recommender, xy: np.ndarray) -> np.ndarray:
    """Where the K prototypes stand on a map (M, 2): at the one of their surest items that is nearest to the others; NaN for
    a factor without items. A prototype itself is a direction, which a map of items has no place for."""
    places = np.full((bundle.settings.kfac, 2), np.nan)
    for k in range(bundle.settings.kfac):
        mine = np.flatnonzero(bundle.factor == k)
        surest = xy[mine[np.argsort(-bundle.log_c[mine, k], kind="stable")[:STAR_ITEMS]]]
        if len(surest):
            places[k] = surest[np.linalg.norm(surest[:, None] - surest, axis=2).sum(axis=1).argmin()]
    return places


def neighbours(bundle: Recommender, position: int, n: int = 10) -> np.ndarray:
    """Positions of the n items of an item's factor whose vectors have the highest cosine with its own, nearest first."""
    mine = np.flatnonzero(bundle.factor == bundle.factor[position])
    mine = mine[mine != position]
    vectors = bundle.vectors[mine]
    cosine = vectors @ bundle.vectors[position] / np.maximum(np.linalg.norm(vectors, axis=1), 1e-12)
    return mine[np.argsort(-cosine, kind="stable")[:n]]


def people_on(bundle: Recommender, method: str) -> pd.DataFrame:
    """The parts on the map `method` with people: id (of the person), factor, x, y. None for bundles that have none."""
    return bundle.maps[(bundle.maps["method"] == method + WITH_PEOPLE) & (bundle.maps["kind"] == "part")]


class Confusion(NamedTuple):
    """Factors against the groups of a column: counts (K, C) of items, rows and columns as they should stand, and how well
    they agree (nmi, ari, purity, and `match` where as many factors as groups)."""

    counts: np.ndarray
    factors: list[int]
    groups: list[str]
    agreement: dict[str, float]


def confusion(bundle: Recommender, column: str) -> Confusion:
    """How the factors go together with the groups of a column of the items table, items without a group left out.

    The diagonal holds the pairs that overlap most in all (Hungarian method; Kuhn, 1955), the largest first; what has no
    partner comes after.
    """
    values = bundle.items[column].fillna("").astype(str)
    known = np.flatnonzero(values != "")
    codes, groups = pd.factorize(values.iloc[known], sort=True)
    counts = np.zeros((bundle.settings.kfac, len(groups)))
    np.add.at(counts, (bundle.factor[known], codes), 1)
    pairs = sorted(zip(*linear_sum_assignment(-counts), strict=True), key=lambda pair: -counts[pair])
    rows, columns = [row for row, _ in pairs], [column for _, column in pairs]
    rows += sorted(set(range(counts.shape[0])) - set(rows))
    columns += sorted(set(range(counts.shape[1])) - set(columns), key=lambda c: -counts[:, c].sum())
    agree = agreement(bundle.factor[known], codes) if len(known) else {}
    if len(known) and counts.shape[0] == counts.shape[1]:
        prototypes = bundle.model.prototypes.detach().cpu().numpy()
        agree["match"] = prototype_match(prototypes, bundle.vectors[known], codes)
    return Confusion(counts[np.ix_(rows, columns)], [int(k) for k in rows], [str(groups[c]) for c in columns], agree)


def coordinates(bundle: Recommender, method: str) -> pd.DataFrame:
    """The map `method` as a table: a row for each item, and for each part where people are on it."""
    rows = bundle.maps[bundle.maps["method"] == method].rename(columns={"factor": "part_of_factor"})
    names = np.array([f.name for f in bundle.factors], object)[bundle.factor]
    known = bundle.items[["item_id", "title", "category"]].assign(factor=names)
    return rows.drop(columns="method").merge(known, how="left", left_on="id", right_on="item_id").drop(columns="item_id")


def raw_norms(bundle: Recommender) -> np.ndarray:
    """The length of each item's vector (M,) as it was trained: cosine does away with it, a dot product does not."""
    return np.linalg.norm(bundle.model.items.detach().cpu().numpy(), axis=1)
