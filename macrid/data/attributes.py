"""What is known of items besides clicks, as columns of numbers: attributes that dials may follow and lists be judged by."""

import numpy as np
import pandas as pd
from scipy.stats import rankdata

FEWEST = 0.02  # a genre that a smaller share of the items bears, or lacks, is no attribute
MOST_GENRES = 18
MOST_GROUPS = 200  # a column of text with more values, or a value for every other item, does not group the items
FEWEST_ITEMS = 8  # an attribute known of fewer says nothing
_NO_GROUPS = ("item_id", "title", "image_url", "genres", "tags")  # several genres and tags may go with one item


def numeric_columns(items: pd.DataFrame) -> list[str]:
    """The numeric columns of an items table that describe items: not how often they were clicked."""
    return [c for c in items.select_dtypes("number").columns if c not in ("clicks", "popularity") and items[c].nunique() > 2]


def group_columns(items: pd.DataFrame) -> list[str]:
    """The columns of an items table that divide the items into groups, `category` first if any item has one."""
    text = [c for c in items.select_dtypes(["object", "string", "category", "bool"]).columns if c not in _NO_GROUPS]
    most = min(MOST_GROUPS, len(items) // 2)
    columns = [c for c in text if 1 < _different(items[c]) <= most or (c == "category" and (items[c] != "").any())]
    return sorted(columns, key=lambda c: c != "category")


def _different(column: pd.Series) -> int:
    """How many different values a column has; 0 for lists and the like, which cannot be compared."""
    try:
        return int(column.nunique())
    except TypeError:
        return 0


def attribute_table(items: pd.DataFrame) -> pd.DataFrame:
    """The attributes (M, A) as floats, NaN where unknown: the numeric columns, then each common genre of a column `genres`
    ("A|B") as 1 or 0, the most frequent first; unknown where an item has no genre at all."""
    columns = {name: items[name].to_numpy(np.float64, na_value=np.nan) for name in numeric_columns(items)}
    if "genres" in items:
        tags = [str(text).split("|") if isinstance(text, str) and text else [] for text in items["genres"]]
        known = np.array([bool(t) for t in tags])
        counts = pd.Series([tag for t in tags for tag in t if tag], dtype=object).value_counts(sort=False)
        common = counts[(counts >= FEWEST * known.sum()) & (counts <= (1 - FEWEST) * known.sum())]
        for name in sorted(common.index, key=lambda tag: (-common[tag], tag))[:MOST_GENRES]:
            if name not in columns:
                columns[name] = np.where(known, [float(name in t) for t in tags], np.nan)
    return pd.DataFrame(columns, index=items.index)


def yes_no(values: np.ndarray | pd.Series) -> bool:
    """Whether an attribute, NaN where unknown, holds nothing but 1 and 0."""
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    return bool(len(known) and np.isin(known, (0, 1)).all())


def is_informative(column: pd.Series) -> bool:
    """Whether an attribute is known of enough items, and they differ enough in it, to say something of them: FEWEST_ITEMS,
    or as many of a yes/no attribute with it and without."""
    counts = column.value_counts()
    return column.count() >= FEWEST_ITEMS and len(counts) > 1 and not (yes_no(column) and counts.min() < FEWEST_ITEMS)


def association(coordinate: np.ndarray, attribute: np.ndarray) -> float:
    """How closely coordinates (m,) follow an attribute (m,), NaN where unknown, from -1 to 1: Spearman's rho, or for a
    yes/no attribute 2 AUC - 1 (Somers' D: the probability that an item with it stands higher than one without, less the
    converse). 0 where either is all the same."""
    known = np.isfinite(attribute)
    ranks, values = rankdata(coordinate[known]), attribute[known]
    if np.isin(values, (0, 1)).all():
        yes, no = ranks[values == 1], ranks[values == 0]
        return float(2 * (yes.mean() - no.mean()) / len(ranks)) if len(yes) and len(no) else 0.0
    x, y = ranks - ranks.mean(), rankdata(values) - (len(values) + 1) / 2
    size = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / size) if size > 0 else 0.0
