"""The large map of the items: what of it is shown, its figure, and what somebody picked on it."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from macrid.bundle.recommender import Recommender
from macrid.charts import maps
from macrid.charts.colours import colours_for
from macrid.dials.names import short
from macrid.maps import atlas

from . import events
from .item_pictures import pictures_address

HEIGHT, MODEBAR = 590, 30  # pixels of the map with the buttons above it


@dataclass(frozen=True)
class View:
    """What a map shows of a bundle."""

    bundle: Recommender
    method: str  # of the layout
    people: bool = False  # whether they are on it, too
    colour: str = "factor"  # a key of `atlas.colourings`
    factor: int = 0  # the dimension that `dial` colours by
    dim: int = 0
    window: maps.Window | None = None  # the part that is shown, all if None
    epoch: int = 0  # of the training, that `course` colours by


class Drawing(NamedTuple):
    """A map: its figure, the groups that it is coloured by (None for a scale), what the colours mean, and whether the points
    are a sample before a picture of all."""

    figure: go.Figure
    by: maps.Groups | None
    note: str
    sampled: bool


class Picked(NamedTuple):
    """What was clicked or framed on a map: a prototype's star, and the positions of items, sorted."""

    star: int | None
    items: list[int]


def by_factor(bundle: Recommender, base: maps.Groups | None = None) -> maps.Groups:
    """The factors of a bundle in the colours that they have on every page; those of its twin in the colours of the factors
    of the bundle itself, `base`, that they overlap most."""
    own = maps.Groups(bundle.factor, [factor.name for factor in bundle.factors], colours_for(bundle.settings.kfac))
    return own if base is None else maps.alike(own, base)


def factor_names(bundle: Recommender) -> np.ndarray:
    """The name of each item's factor (M,)."""
    return np.array([factor.name for factor in bundle.factors], object)[bundle.factor]


def on_dark() -> bool:
    """Whether the page is dark."""
    return st.context.theme.type == "dark"


def draw(view: View, base: maps.Groups, item: int | None) -> Drawing:
    """The map. base: the factors of the bundle itself, whose colours all groups take up. item: the position of one that is
    marked and gone to, with those nearest to it."""
    bundle = view.bundle
    xy = bundle.map_of(view.method + (atlas.WITH_PEOPLE if view.people else ""))
    inside = atlas.within(xy, view.window) if view.window else np.arange(len(xy))
    drawn = atlas.sample(bundle.factor, atlas.DRAWN, inside)
    factors, column = by_factor(bundle, base), atlas.colouring(bundle, view.colour, view.factor, view.dim, view.epoch)
    by = factors if view.colour == "factor" else maps.alike(maps.groups(column.values), base) if column.grouped else None
    if view.colour == "course":  # the colours of now, so that the maps of two epochs can be compared
        by = factors._replace(codes=atlas.factors_after(bundle, view.epoch))
    near = np.zeros(0, np.int64) if item is None else atlas.neighbours(bundle, item)
    window = view.window or (maps.WHOLE if item is None else maps.around(xy, item, near))
    figure = maps.frame(HEIGHT, pictures_address(bundle), window).update_layout(margin_t=MODEBAR)
    points, sampled = maps.points(xy, bundle.items, factor_names(bundle), drawn), len(drawn) < len(inside)
    if sampled:
        maps.add_density(figure, xy, maps.tints(by or column.values), view.window or maps.WHOLE)
    if by:
        maps.add_groups(figure, points, by)
    else:
        maps.add_scale(figure, points, column.values, column.name)
    if view.people:
        maps.add_parts(figure, atlas.people_on(bundle, view.method), factors.names, factors.colours)
    ink = maps.LIGHT_INK if on_dark() else maps.INK
    maps.add_stars(figure, atlas.stars(bundle, xy), factors.names, factors.colours, [short(name) for name in factors.names],
                   ink)
    if item is not None:
        maps.add_found(figure, xy, item, near, bundle.items["title"].iloc[item], ink)
    note = column.note if by else f"{column.note} Between two marks of the scale lies a quarter of the items."
    return Drawing(figure, by, note, sampled)


def picked(chart: object, bundle: Recommender) -> Picked:
    """What the selected points of a map stand for: `customdata` is the position of an item, -1 - k for the star of factor
    k."""
    shown = events.whole(-bundle.settings.kfac, len(bundle.items) - 1)
    places = events.selected(chart, "customdata", shown)
    star = next((-1 - place for place in places if place < 0), None)
    return Picked(star, sorted({place for place in places if place >= 0}))
