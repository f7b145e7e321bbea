"""What goes with a map, as plotly figures: factors against groups, how the factors share the items, norms against
popularity, and the poster's three panels in one figure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from .colours import GREY, plain, shape_of, still, two_lines
from .maps import Groups

# From the ground of a page to the strongest, light and dark; opaque, since plotly writes on a cell by the colour that it has
TEAL = ["#EEF3F1", "#BFDFDB", "#7FBDB8", "#459A99", "#1b7f7b"]
TEAL_ON_DARK = ["#1C2529", "#1A4A4D", "#1b7f7b", "#4FB3AA", "#9BE0D6"]
UPRIGHT = 10  # more columns have their names upright, so that none covers another
PANEL_HEIGHT, LEGEND_LINE = 390, 20  # pixels
LEGEND_COLUMNS, LEGEND_LETTERS = 3, 18


class Panel(NamedTuple):
    """One of some maps side by side: xy (M, 2), the items' groups, and the positions drawn (n,)."""

    title: str
    xy: np.ndarray
    by: Groups
    shown: np.ndarray


def confusion(counts: np.ndarray, factors: list[str], groups: list[str], dark: bool = False) -> go.Figure:
    """Counts of items (K, C): a row for each factor, the share of its items that each group has by colour, of the largest
    share that there is. dark: for a dark page."""
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    text = np.where(counts > 0, np.char.mod("%d", counts.astype(int)), "") if counts.shape[1] <= 10 else None
    fig = go.Figure(go.Heatmap(
        z=np.round(share, 4), x=[plain(g) for g in groups], y=list(range(len(factors))), text=text,
        colorscale=TEAL_ON_DARK if dark else TEAL,
        texttemplate="%{text}" if text is not None else None, zmin=0, zmax=max(float(share.max(initial=0)), 0.01),
        showscale=False, xgap=2, ygap=2,
        customdata=counts, textfont={"size": 11}, hovertext=[[plain(f)] * len(groups) for f in factors],
        hovertemplate="factor %{hovertext}<br>group %{x}<br>%{customdata:,} items, %{z:.0%} of the factor<extra></extra>"))
    names = {"tickvals": list(range(len(factors))), "ticktext": [two_lines(f) + " " for f in factors]}
    angle = -40 if len(groups) <= UPRIGHT else -90
    fig.update_layout(height=150 + 34 * len(factors), margin={"l": 0, "r": 0, "t": 0, "b": 0},
                      yaxis=names | {"autorange": "reversed", "automargin": True, "showgrid": False, "zeroline": False},
                      xaxis={"tickangle": angle, "automargin": True, "showgrid": False, "dtick": 1})
    return still(fig)


def shares(counts: np.ndarray, names: list[str], colours: list[str]) -> go.Figure:
    """How many items each factor took (K,), the most first."""
    order = np.argsort(-counts, kind="stable")
    fig = go.Figure(go.Bar(x=[f"{place + 1}" for place in range(len(order))], y=counts[order],
                           marker={"color": [colours[k] for k in order], "cornerradius": 4},
                           hovertext=[plain(names[k]) for k in order],
                           hovertemplate="%{hovertext}: %{y:,} items<extra></extra>"))
    fig.update_layout(height=170, margin={"l": 0, "r": 0, "t": 4, "b": 0}, bargap=0.25,
                      xaxis={"title": {"text": "factors, the largest first"}, "showticklabels": False},
                      yaxis={"title": {"text": "items"}, "gridcolor": GREY})
    return still(fig)


def norms(clicks: np.ndarray, norm: np.ndarray, most: int = 800) -> go.Figure:
    """The norm of item vectors (M,) against the items' clicks (M,): at most `most` of them, drawn at random, and the mean
    norm of ten groups of equally many items, from the least to the most clicked."""
    order = np.argsort(clicks, kind="stable")
    tenths = [part for part in np.array_split(order, min(10, len(order))) if len(part)]
    at = np.sort(np.random.default_rng(0).choice(len(clicks), min(most, len(clicks)), replace=False))
    clicks = np.maximum(clicks, 1)
    fig = go.Figure(go.Scatter(x=clicks[at], y=norm[at], mode="markers", hoverinfo="skip",
                               marker={"size": 3.5, "color": "rgba(128,128,128,0.45)"}))
    fig.add_scatter(x=[float(np.exp(np.log(clicks[part]).mean())) for part in tenths],
                    y=[float(norm[part].mean()) for part in tenths], mode="lines+markers",
                    line={"color": "#1b7f7b", "width": 2.5}, hovertemplate="%{x:.3g} clicks: norm %{y:.3g}<extra></extra>")
    fig.update_layout(height=190, margin={"l": 0, "r": 0, "t": 4, "b": 0}, showlegend=False,
                      xaxis={"type": "log", "title": {"text": "clicks of an item"}, "gridcolor": GREY, "dtick": 1},
                      yaxis={"title": {"text": "length of vector"}, "gridcolor": GREY, "rangemode": "tozero"})
    return still(fig)


def panels(maps: Sequence[Panel]) -> go.Figure:
    """Some maps side by side in one figure, each with its legend below, to be kept as PNG or SVG."""
    names_high = LEGEND_LINE * max(-(-len(panel.by.names) // LEGEND_COLUMNS) for panel in maps)
    fig = make_subplots(rows=2, cols=len(maps), subplot_titles=[plain(panel.title) for panel in maps],
                        horizontal_spacing=0.03, vertical_spacing=0.02, row_heights=[PANEL_HEIGHT, names_high])
    for column, (_, xy, by, shown) in enumerate(maps, start=1):
        for code, (name, colour) in enumerate(zip(by.names, by.colours, strict=True)):
            at = shown[by.codes[shown] == code]
            marker = {"color": colour, "symbol": shape_of(colour)}
            fig.add_scatter(x=xy[at, 0], y=xy[at, 1], mode="markers", row=1, col=column, hoverinfo="skip",
                            marker=marker | {"size": 3.2})
            # plotly's own legends cannot stand side by side below the maps
            name = name if len(name) <= LEGEND_LETTERS else name[: LEGEND_LETTERS - 1].rstrip() + "…"
            fig.add_scatter(x=[code % LEGEND_COLUMNS], y=[code // LEGEND_COLUMNS], mode="markers+text", text=[plain(name)],
                            textposition="middle right", textfont={"size": 11}, row=2, col=column, hoverinfo="skip",
                            marker=marker | {"size": 8})
        number = str(column) if column > 1 else ""
        fig.update_xaxes(constrain="domain", visible=False, range=[-1.06, 1.06], row=1, col=column)
        fig.update_yaxes(scaleanchor="x" + number, visible=False, range=[-1.06, 1.06], row=1, col=column)
        fig.update_xaxes(visible=False, range=[-0.08, LEGEND_COLUMNS], row=2, col=column)
        fig.update_yaxes(visible=False, range=[names_high / LEGEND_LINE - 0.5, -0.5], row=2, col=column)
    fig.update_layout(height=PANEL_HEIGHT + names_high + 50, margin={"l": 8, "r": 8, "t": 34, "b": 8}, showlegend=False,
                      plot_bgcolor="#ffffff", paper_bgcolor="#ffffff", font={"color": "#1C2A30"})
    return fig
