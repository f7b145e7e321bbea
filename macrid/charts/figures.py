"""Colours of groups, and what all figures share: transparent backgrounds, text in the page's colour, for light and dark."""

from itertools import pairwise

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


NAMED_CURVES = 4  # beside the meant one, those that move most


def along_dial(curves: pd.DataFrame, meant: str) -> go.Figure:
    """The attributes of a list along a dial, as `Person.curves` gives them: the meant one bold, the others thin; the names
    of those that move most stand at their ends."""
    x = np.linspace(0, 100, len(curves))
    moves = (curves.max() - curves.min()).drop(meant, errors="ignore").sort_values(ascending=False, kind="stable")
    named = [*moves.index[:NAMED_CURVES], *([meant] if meant in curves else [])]
    last = curves[named].ffill().iloc[-1].fillna(0) * 100
    at = dict(zip(named, _apart(last.to_numpy(), 9.0), strict=True))
    lines, names = [], []
    for name in [*moves.index[::-1], *([meant] if meant in curves else [])]:
        bold = name == meant
        colour = "#1b7f7b" if bold else REST if name in named else GREY
        lines.append(go.Scatter(x=x, y=100 * curves[name], mode="lines", name=plain(name), line_shape="spline",
                                line={"width": 4 if bold else 1.6, "color": colour},
                                hovertemplate=f"{plain(name)}: %{{y:.0f}} %<extra></extra>"))
        if name in at:
            text, font = (f"<b>{plain(name)}</b>", {"size": 12, "color": colour}) if bold else (plain(name), {"size": 12})
            names.append({"xref": "paper", "x": 1.02, "y": at[name], "text": text, "showarrow": False, "xanchor": "left",
                          "font": font, "opacity": 1 if bold else 0.75})
    still = {"gridcolor": GREY, "zeroline": False, "dtick": 50, "fixedrange": True, "ticksuffix": " %"}
    return go.Figure(lines, {
        "height": 300, "margin": {"l": 0, "r": 92, "t": 6, "b": 0}, "showlegend": False, "hovermode": "x",
        "annotations": names, "plot_bgcolor": "rgba(0,0,0,0)", "paper_bgcolor": "rgba(0,0,0,0)",
        "xaxis": still | {"range": [0, 100], "title": {"text": "Position of the dial"}},
        "yaxis": still | {"range": [-3, 103]}})


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


