"""The course of trainings, figure beside figure: that of a bundle and its twin, and those of the experiment on collapse."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from macrid.charts.course import COLOURS, Line, course
from macrid.results.collapse import LABELS

from . import html

Trainings = Mapping[str, Sequence[Sequence[Mapping[str, Any]]]]  # of a variant the courses of its trainings, rows by epoch


def show(trainings: Trainings, kfac: int, key: str) -> None:
    """Effective factors, the share of the largest factor, lengths of prototypes, with a legend."""
    one, two, three = st.columns(3, gap="medium")
    with one:
        _chart("Effective factors", course(_each(trainings, "effective_factors"), kfac), f"{key}-factors")
    with two:
        _chart("Share of the largest factor", course(_each(trainings, "largest_share"), 1, percent=True), f"{key}-share")
    with three:
        _chart("Prototypes: shortest, mean, longest", course(_lengths(trainings)), f"{key}-lengths")
    html.legend([LABELS[name] for name in trainings], [COLOURS[name] for name in trainings])


def _chart(title: str, figure: go.Figure, key: str) -> None:
    st.markdown(f"**{title}**")
    st.plotly_chart(figure, key=key, config={"displayModeBar": False},
                    alt=f"{title} over epochs, a line for each similarity")


def _each(trainings: Trainings, figure: str) -> list[Line]:
    """A thin line for each training, and their mean in bold."""
    lines = []
    for name, courses in trainings.items():
        epochs, values = _table(courses, figure)
        if len(values) > 1:
            lines += [Line(LABELS[name], COLOURS[name], epochs, row, bold=False) for row in values]
        lines.append(Line(LABELS[name], COLOURS[name], epochs, values.mean(axis=0)))
    return lines


def _lengths(trainings: Trainings) -> list[Line]:
    """Means over trainings: the shortest and the longest prototype thin, the mean of all in bold."""
    return [Line(f"{LABELS[name]}, {what}", COLOURS[name], epochs, values.mean(axis=0), bold=what == "mean")
            for name, courses in trainings.items()
            for what, figure in (("shortest", "prototype_min"), ("longest", "prototype_max"), ("mean", "prototype_mean"))
            for epochs, values in [_table(courses, figure)]]


def _table(courses: Sequence[Sequence[Mapping[str, Any]]], figure: str) -> tuple[list[int], np.ndarray]:
    """The epochs (n,), and a figure of each training after each (S, n)."""
    return [row["epoch"] for row in courses[0]], np.array([[row[figure] for row in rows] for rows in courses])
