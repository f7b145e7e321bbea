"""Colours of groups, and what all figures share: transparent backgrounds, text in the page's colour, for light and dark."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from scipy.optimize import linear_sum_assignment

# Seven by Okabe & Ito (2008), made for colour-blind people, and three that stay as far apart from them and each other in
# their eyes as those do; then ten that stay apart among themselves, drawn as diamonds (`shape_of`).
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8F7EE6", "#861309", "#005066", "#C2C09B",
           "#91C1FF", "#BD4D00", "#718FFF", "#EF8600", "#443493", "#B08C9F", "#4057DA", "#D7B79E", "#7A5F77", "#7A1F5C")


ROUND = 10  # so many of them are drawn as circles
REST = "#9AA0A6"  # what is not among the named groups
GREY = "rgba(128,128,128,0.35)"
NAMED_GROUPS = 10  # more categories than these cannot be told apart by colour


def group(categories: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Codes (M,) and names of the groups to colour by: the most frequent categories, and the rest as one."""
    names = list(categories[categories != ""].value_counts().index)
    named = names if len(names) <= NAMED_GROUPS else names[: NAMED_GROUPS - 1]
    codes = pd.Index(named, dtype=object).get_indexer(categories)
    if (codes < 0).any():
        codes[codes < 0] = len(named)
        named = [*named, "other" if len(names) > len(named) else "unknown"]
    return codes, named


def colours_for(count: int, rest: bool = False) -> list[str]:
    """Colours for `count` groups; with `rest`, the last one is grey."""
    found = [PALETTE[i % len(PALETTE)] for i in range(count)]
    return [*found[:-1], REST] if rest else found


def shape_of(colour: str) -> str:
    """The marker of a colour's group: what colours alone cannot tell apart, circles and diamonds do."""
    return "diamond" if colour in PALETTE[ROUND:] else "circle"


def matched(codes: np.ndarray, reference: np.ndarray, reference_colours: list[str], count: int) -> list[str]:
    """Colours for the groups `codes` (M,), each that of the reference group it overlaps most with, no colour twice
    (Hungarian method), so that the eye can compare two maps."""
    overlap = np.zeros((count, len(reference_colours)))
    np.add.at(overlap, (codes, reference), 1)
    rows, columns = linear_sum_assignment(-overlap)
    found: dict[int, str] = {row: reference_colours[column] for row, column in zip(rows, columns, strict=True)}
    spare = iter([c for c in PALETTE if c not in reference_colours] * 2)
    return [found[k] if k in found and found[k] != REST else next(spare) for k in range(count)]


def still(fig: go.Figure) -> go.Figure:
    """A figure to be read, not explored: without a background, and a finger on it scrolls the page."""
    fig.update_xaxes(fixedrange=True)
    fig.update_yaxes(fixedrange=True)
    return fig.update_layout(plot_bgcolor="rgba(0,0,0,0)", paper_bgcolor="rgba(0,0,0,0)")


def plain(text) -> str:
    """Text without what plotly would read as markup."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
