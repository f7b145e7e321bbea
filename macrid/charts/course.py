"""The course of trainings as plotly figures: a figure of each epoch, a line a training."""

from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from .colours import GREY, plain, still

COLOURS = {"cosine": "#0072B2", "dot": "#D55E00", "dot-raw": "#CC79A7", "dot-free": "#8F7EE6"}  # of the variants
HEIGHT = 230


class Line(NamedTuple):
    """A line of a course: its values (n,) at the epochs (n,); bold for what matters, thin for what lies around it."""

    name: str
    colour: str
    epochs: Sequence[int]
    values: Sequence[float]
    bold: bool = True


def curve(line: Line, best: int | None = None, reach: tuple[float, float] | None = None) -> go.Figure:
    """One line over epochs, as high and as low as it goes, or as `reach` says; the epoch `best` is marked."""
    fig = go.Figure()
    fig.add_scatter(x=list(line.epochs), y=list(line.values), mode="lines+markers" if len(line.epochs) < 3 else "lines",
                    line={"color": line.colour, "width": 2.4},
                    hovertemplate=f"{plain(line.name)}, epoch %{{x}}: %{{y:.3f}}<extra></extra>")
    if best is not None and best in line.epochs:
        fig.add_scatter(x=[best], y=[line.values[list(line.epochs).index(best)]], mode="markers", hoverinfo="skip",
                        marker={"color": line.colour, "size": 9, "line": {"color": "white", "width": 1.5}})
    fig.update_layout(height=190, margin={"l": 0, "r": 8, "t": 6, "b": 0}, showlegend=False,
                      xaxis={"gridcolor": GREY, "zeroline": False, "rangemode": "tozero", "nticks": 5},
                      yaxis={"gridcolor": GREY, "zeroline": False, "nticks": 5, "range": reach})
    return still(fig)


def course(lines: Sequence[Line], top: float | None = None, percent: bool = False) -> go.Figure:
    """Lines over epochs, from 0 to `top` or to what they reach."""
    fig, digits = go.Figure(), ".0%" if percent else ".2f"
    for line in lines:
        fig.add_scatter(x=list(line.epochs), y=list(line.values), mode="lines+markers" if len(line.epochs) < 3 else "lines",
                        line={"color": line.colour, "width": 2.6 if line.bold else 1}, opacity=1 if line.bold else 0.55,
                        hovertemplate=f"{plain(line.name)}, epoch %{{x}}: %{{y:{digits}}}<extra></extra>")
    reached = max((max(line.values) for line in lines), default=1)
    fig.update_layout(height=HEIGHT, margin={"l": 0, "r": 8, "t": 6, "b": 0}, showlegend=False,
                      xaxis={"title": {"text": "epoch"}, "gridcolor": GREY, "zeroline": False, "rangemode": "tozero"},
                      yaxis={"range": [0, 1.05 * (top or reached)], "gridcolor": GREY, "zeroline": False,
                             "tickformat": ".0%" if percent else None})
    return still(fig)
