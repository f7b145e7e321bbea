"""Colours of groups, and what every figure needs: a transparent background, and titles that plotly reads as text."""

import textwrap

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from scipy.optimize import linear_sum_assignment

# Seven by Okabe & Ito (2008), made for colour-blind people, and three that such people tell from them and from each other
# as well; then ten that can be told apart among themselves, drawn as diamonds (`shape_of`).
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8F7EE6", "#861309", "#005066", "#C2C09B",
           "#91C1FF", "#BD4D00", "#718FFF", "#EF8600", "#443493", "#B08C9F", "#4057DA", "#D7B79E", "#7A5F77", "#7A1F5C")
ROUND = 10  # the first ten are drawn as circles
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
    colours = [PALETTE[i % len(PALETTE)] for i in range(count)]
    return [*colours[:-1], REST] if rest else colours


def shape_of(colour: str) -> str:
    """The marker of a colour's group: a circle for the first ten colours, a diamond for the others."""
    return "diamond" if colour in PALETTE[ROUND:] else "circle"


def matched(codes: np.ndarray, reference: np.ndarray, reference_colours: list[str], count: int) -> list[str]:
    """Colours for the groups `codes` (M,), each that of the reference group it overlaps most with, no colour twice
    (Hungarian method), so the two maps can be compared."""
    overlap = np.zeros((count, len(reference_colours)))  # items by group and reference group
    np.add.at(overlap, (codes, reference), 1)
    taken = dict(zip(*linear_sum_assignment(-overlap), strict=True))  # group -> reference group
    spare = iter([colour for colour in PALETTE if colour not in reference_colours] * 2)
    colours = []
    for group_code in range(count):
        colour = reference_colours[taken[group_code]] if group_code in taken else REST
        colours.append(colour if colour != REST else next(spare))
    return colours


def still(fig: go.Figure) -> go.Figure:
    """The figure without a background and without zooming, so a finger on it scrolls the page."""
    fig.update_xaxes(fixedrange=True)
    fig.update_yaxes(fixedrange=True)
    return fig.update_layout(plot_bgcolor="rgba(0,0,0,0)", paper_bgcolor="rgba(0,0,0,0)")


def plain(text: object) -> str:
    """Text with &, < and > escaped, which plotly would read as markup."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def two_lines(text: object, letters: int = 22) -> str:
    """Text as `plain` gives it, on at most two lines of about so many letters, with an ellipsis where more was cut off."""
    return "<br>".join(map(plain, textwrap.wrap(str(text), letters, max_lines=2, placeholder=" …")))
