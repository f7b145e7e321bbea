"""The steps of a walk through the model as plotly figures."""

import textwrap

import numpy as np
import plotly.graph_objects as go

from .colours import GREY, plain, still, two_lines

DIVERGING = [[0.0, "#8A5BC0"], [0.5, "rgba(150,150,150,0.08)"], [1.0, "#1F8F88"]]  # the two ends of a dial, light or dark
TITLE_LETTERS, NAME_LETTERS = 24, 16  # of a row: bars have room on a phone, too
WIDE = 40  # dimensions: more stand without gaps between them
FAINT = 0.02  # the share of the values that may be off the scale of colours


def stacked(values: np.ndarray, rows: list[str], names: list[str], colours: list[str], axis: str, digits: str) -> go.Figure:
    """A horizontal bar for each row, divided among the factors: values (n, K); the first row on top."""
    short = [textwrap.shorten(row, TITLE_LETTERS, placeholder=" …") for row in rows]
    labels = [f"{place + 1}. {plain(row)}" for place, row in enumerate(short)]  # two titles may be alike
    fig = go.Figure()
    for k, (name, colour) in enumerate(zip(names, colours, strict=True)):
        if values[:, k].max(initial=0) > 0:
            fig.add_bar(y=labels, x=values[:, k], orientation="h", name=plain(name), marker={"color": colour},
                        hovertemplate=f"%{{y}}<br>{plain(name)}: %{{x:{digits}}}<extra></extra>")
    fig.update_layout(height=58 + 27 * len(rows), margin={"l": 0, "r": 8, "t": 4, "b": 0}, barmode="stack", bargap=0.3,
                      showlegend=False,
                      xaxis={"title": {"text": axis}, "gridcolor": GREY, "tickformat": digits, "nticks": 6},
                      yaxis={"autorange": "reversed", "ticksuffix": "  ", "automargin": True})
    return still(fig)


def parts(values: np.ndarray, names: list[str]) -> go.Figure:
    """A person's parts (K, D): a row for each factor, a column for each dimension, violet below zero and teal above."""
    most = max(float(np.quantile(np.abs(values), 1 - FAINT)), 1e-6) if values.size else 1e-6
    dims = values.shape[1]
    fig = go.Figure(go.Heatmap(z=np.round(values, 4), y=list(range(len(names))), x=np.arange(1, dims + 1),
                               hovertext=[[plain(name)] * dims for name in names],
                               colorscale=DIVERGING, zmin=-most, zmax=most, xgap=1 if dims <= WIDE else 0, ygap=3,
                               colorbar={"thickness": 9, "outlinewidth": 0, "nticks": 5},
                               hovertemplate="%{hovertext}, dimension %{x}: %{z:.3f}<extra></extra>"))
    rows = {"tickvals": list(range(len(names))), "ticktext": [two_lines(name, NAME_LETTERS) + "  " for name in names]}
    fig.update_layout(height=70 + 34 * len(names), margin={"l": 0, "r": 0, "t": 4, "b": 0},
                      xaxis={"title": {"text": "dimension"}, "showgrid": False, "zeroline": False},
                      yaxis=rows | {"autorange": "reversed", "automargin": True, "showgrid": False})
    return still(fig)
