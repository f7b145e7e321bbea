"""Figures of the pages Overview and Steer: recommenders compared, and a list's attributes along a dial."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from .colours import GREY, REST, plain


def comparison(figures: dict[str, dict[str, float]], metric: str, ours: str, colour: str) -> go.Figure:
    """Horizontal bars of one metric for some recommenders, {name: metrics}, with standard errors; ours in colour."""
    names = sorted(figures, key=lambda name: figures[name][metric])
    values = [figures[name][metric] for name in names]
    fig = go.Figure(go.Bar(
        y=[f"{name}  <b>{value:.3f}</b>" for name, value in zip(names, values, strict=True)], x=values, orientation="h",
        error_x={"array": [figures[name].get(metric + "_se", 0) for name in names], "thickness": 1.2, "width": 4,
                 "color": "rgba(128,128,128,.9)"},
        marker={"color": [colour if name == ours else GREY for name in names], "cornerradius": 5},
        hovertemplate="%{y}: %{x:.4f}<extra></extra>"))
    fig.update_layout(height=52 * len(names) + 46, margin={"l": 0, "r": 12, "t": 4, "b": 0}, bargap=0.32,
                      plot_bgcolor="rgba(0,0,0,0)", paper_bgcolor="rgba(0,0,0,0)",
                      xaxis={"rangemode": "tozero", "zeroline": False, "title": {"text": metric.upper()}, "gridcolor": GREY},
                      yaxis={"ticksuffix": "  "})
    return fig


MEANT = "#1b7f7b"
NAMED_CURVES = 4  # beside the meant one, those that move most
NAME_GAP = 9.0  # between two names, in percent of the axis


def along_dial(curves: pd.DataFrame, meant: str) -> go.Figure:
    """The attributes of a list along a dial, as `Person.curves` gives them: the meant one bold, the others thin; the names
    of those that move most stand at their ends."""
    moves = (curves.max() - curves.min()).drop(meant, errors="ignore").sort_values(ascending=False, kind="stable")
    bold = [meant] if meant in curves else []
    named = [*moves.index[:NAMED_CURVES], *bold]
    ends = curves[named].ffill().iloc[-1].fillna(0) * 100
    lines = [_curve(curves[name], name, meant, name in named) for name in [*moves.index[::-1], *bold]]
    heights = _apart(ends.to_numpy(), NAME_GAP)
    names = [_name_at_end(name, meant, height) for name, height in zip(named, heights, strict=True)]
    axis = {"gridcolor": GREY, "zeroline": False, "dtick": 50, "fixedrange": True, "ticksuffix": " %"}
    return go.Figure(lines, {
        "height": 300, "margin": {"l": 0, "r": 92, "t": 6, "b": 0}, "showlegend": False, "hovermode": "x",
        "clickmode": "event+select", "annotations": names, "plot_bgcolor": "rgba(0,0,0,0)", "paper_bgcolor": "rgba(0,0,0,0)",
        "xaxis": axis | {"range": [0, 100], "title": {"text": "Position of the dial"}},
        "yaxis": axis | {"range": [-3, 103]}})


def _curve(shares: pd.Series, name: str, meant: str, named: bool) -> go.Scatter:
    """One attribute (n,), 0 to 1, along the dial."""
    bold = name == meant
    colour = MEANT if bold else REST if named else GREY
    return go.Scatter(x=np.linspace(0, 100, len(shares)), y=100 * shares, mode="lines+markers", name=plain(name),
                      marker={"size": 8 if bold else 5, "color": colour}, unselected={"marker": {"opacity": 1}},
                      line_shape="spline", line={"width": 4 if bold else 1.6, "color": colour},
                      hovertemplate=f"{plain(name)}: %{{y:.0f}} %<extra></extra>")


def _name_at_end(name: str, meant: str, height: float) -> dict[str, Any]:
    """The annotation that names a curve at its right end."""
    note = {"xref": "paper", "x": 1.02, "y": height, "showarrow": False, "xanchor": "left"}
    if name == meant:
        return note | {"text": f"<b>{plain(name)}</b>", "font": {"size": 12, "color": MEANT}, "opacity": 1}
    return note | {"text": plain(name), "font": {"size": 12}, "opacity": 0.75}


def _apart(values: np.ndarray, gap: float) -> np.ndarray:
    """The values moved as little as needed to lie `gap` apart, from the lowest up, and within 0 to 100."""
    order = np.argsort(values, kind="stable")
    out = values.astype(float)
    for before, after in pairwise(order):
        out[after] = max(out[after], out[before] + gap)
    if len(out):
        out[order[-1]] = min(out[order[-1]], 100)
    for after, before in pairwise(order[::-1]):
        out[before] = min(out[before], out[after] - gap)
    return out


