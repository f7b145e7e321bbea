"""Files of results as plotly figures: a sweep's points with their trends, and training time against accuracy."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from macrid.results.findings import Curve

from .colours import GREY, PALETTE, colours_for, plain, still


def sweep(curves: list[Curve], labels: list[str], x_name: str, y_name: str) -> go.Figure:
    """Accuracy against a measure, a colour for each curve, with its trend and confidence band. labels: what hovering shows
    of each point of the file, whose place stands in `customdata`."""
    fig = go.Figure()
    for curve, colour in zip(curves, PALETTE, strict=False):
        if curve.trend is not None:
            t = curve.trend
            fig.add_scatter(x=np.concatenate([t.x, t.x[::-1]]), y=np.concatenate([t.high, t.low[::-1]]), fill="toself",
                            fillcolor=f"rgba({','.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))},0.13)",
                            line={"width": 0}, hoverinfo="skip", mode="lines")
            fig.add_scatter(x=t.x, y=t.mean, mode="lines", line={"color": colour, "width": 2}, hoverinfo="skip")
        fig.add_scatter(x=curve.x, y=curve.y, mode="markers", name=curve.name, customdata=curve.at,
                        text=[labels[i] for i in curve.at], marker={"size": 11, "color": colour, "opacity": 0.9},
                        error_y={"array": curve.error, "thickness": 1, "width": 3, "color": GREY},
                        unselected={"marker": {"opacity": 0.9}},
                        hovertemplate="<b>%{text}</b><br>" + plain(x_name) + ": %{x:.3g}<br>" + plain(y_name)
                        + ": %{y:.3g}<extra></extra>")
    fig.update_layout(height=430, margin={"l": 0, "r": 0, "t": 8, "b": 0}, showlegend=False,
                      clickmode="event+select",
                      xaxis={"title": {"text": plain(x_name)}, "gridcolor": GREY, "zeroline": False},
                      yaxis={"title": {"text": plain(y_name)}, "gridcolor": GREY, "zeroline": False})
    return still(fig)


def time_and_accuracy(comparison: dict[str, Any], metric: str, name: str) -> go.Figure:
    """Training time in seconds (logarithmic) against a metric called `name`, a dot for each model in its colour of
    `colours_for`; MacridVAE's are stars."""
    models = comparison["models"]
    fig = go.Figure(go.Scatter(
        x=[max(row["training"]["seconds"], 1e-3) for row in models], y=[row["figures"][metric] for row in models],
        mode="markers", text=[plain(row["title"]) for row in models],
        error_y={"array": [row["figures"][f"{metric}_se"] for row in models], "thickness": 1.2, "width": 4, "color": GREY},
        marker={"size": [18 if row["name"].startswith("macridvae") else 13 for row in models],
                "symbol": ["star" if row["name"].startswith("macridvae") else "circle" for row in models],
                "color": colours_for(len(models)), "opacity": 1, "line": {"width": 1, "color": GREY}},
        hovertemplate="<b>%{text}</b><br>%{x:.3g} s, " + plain(name) + " %{y:.3g}<extra></extra>"))
    fig.update_layout(height=340, margin={"l": 0, "r": 0, "t": 20, "b": 0},
                      xaxis={"type": "log", "title": {"text": "training time in seconds"}, "gridcolor": GREY, "dtick": 1},
                      yaxis={"title": {"text": plain(name)}, "gridcolor": GREY, "zeroline": False})
    return still(fig)
