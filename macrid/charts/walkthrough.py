"""The steps of a walk through the model as plotly figures."""

import numpy as np
import plotly.graph_objects as go

from .colours import GREY, plain, still

DIVERGING = [[0.0, "#5B2A86"], [0.5, "rgba(150,150,150,0.08)"], [1.0, "#0F6468"]]  # the two ends of a dial


def stacked(values: np.ndarray, rows: list[str], names: list[str], colours: list[str], axis: str, digits: str) -> go.Figure:
    """A horizontal bar for each row, divided among the factors: values (n, K); the first row on top."""
    labels = [f"{place + 1}. {plain(row)[:34]}" for place, row in enumerate(rows)]  # two titles may be alike
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
    most = float(np.abs(values).max(initial=1e-6))
    fig = go.Figure(go.Heatmap(z=np.round(values, 4), y=[plain(name) for name in names], x=np.arange(1, values.shape[1] + 1),
                               colorscale=DIVERGING, zmin=-most, zmax=most, xgap=1, ygap=3,
                               colorbar={"thickness": 9, "outlinewidth": 0, "nticks": 5},
                               hovertemplate="%{y}, dimension %{x}: %{z:.3f}<extra></extra>"))
    fig.update_layout(height=70 + 30 * len(names), margin={"l": 0, "r": 0, "t": 4, "b": 0},
                      xaxis={"title": {"text": "dimension"}, "showgrid": False, "zeroline": False},
                      yaxis={"autorange": "reversed", "ticksuffix": "  ", "automargin": True, "showgrid": False})
    return still(fig)
