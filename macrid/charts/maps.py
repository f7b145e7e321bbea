"""Maps as plotly figures: items by group or by number, people's parts, prototypes, an item searched for, and the density
of many items.

A figure begins with `frame`, and each `add_...` adds one layer to it. An item's point bears its position in
`customdata`, a prototype's -1 - factor, a part's None; `layout.meta.pictures` is the address of the items' pictures.
"""

import base64
import struct
import zlib
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale
from scipy.stats import rankdata

from .colours import GREY, REST, colours_for, group, matched, plain, shape_of, two_lines

Window = tuple[float, float, float, float]
WHOLE: Window = (-1.06, 1.06, -1.06, 1.06)  # left, right, low, high
SCALE = "Viridis"  # one lightness for one number, in every kind of colour blindness
INK, LIGHT_INK = "#1C2A30", "#F4F7F6"  # of names, on light and on dark ground
FADED = {"marker": {"color": "#9AA0A6", "opacity": 0.22}}  # items while others are selected
PIXELS = 480  # width and height of a density picture
FOUND = "#C2185B"  # the item that somebody searched for
NEAREST_VIEW = 0.12  # of a map that goes from -1 to 1: as near as a search goes
STARS = "prototypes"  # the name of their trace
EDGE = 0.6  # of a map that goes from -1 to 1: beyond it names grow inwards
ABOVE = 20  # pixels from a mark to its name
LETTER = (7.0, 15.0)  # of a name, width and height in pixels
PHONE = 165  # pixels of a map's 1 on a phone, where names are nearest to each other
NO_HOVER = {"hoverinfo": "skip"}


class Groups(NamedTuple):
    """Items in named groups: codes (M,) into names and colours."""

    codes: np.ndarray
    names: list[str]
    colours: list[str]


class Points(NamedTuple):
    """The items that a map shows: their places (n, 2), their positions among all items (n,), and what hovering says (n,)."""

    xy: np.ndarray
    at: np.ndarray
    text: np.ndarray

    def only(self, chosen: np.ndarray) -> "Points":
        """Some of the points, by a mask (n,) or by places in it."""
        return Points(self.xy[chosen], self.at[chosen], self.text[chosen])

    @property
    def size(self) -> float:
        """The diameter of a dot in pixels: the more points, the smaller."""
        return float(np.clip(7 - len(self.at) / 2500, 2.5, 6))


def points(xy: np.ndarray, items: pd.DataFrame, factor_names: np.ndarray, shown: np.ndarray) -> Points:
    """The items `shown` (n,) of a map xy (M, 2); hovering says their title, category and factor's name (M,)."""
    return Points(xy[shown], shown, _described(items.iloc[shown], factor_names[shown]))


def groups(values: pd.Series) -> Groups:
    """The groups of a column of text, the most frequent first, the rest as one in grey."""
    codes, names = group(values)
    return Groups(codes, names, colours_for(len(names), names[-1] in ("other", "unknown")))


def alike(by: Groups, other: Groups) -> Groups:
    """Groups in the colours of those of `other` that they overlap most, no colour twice; what is grey stays grey."""
    grey = by.colours[-1:] == [REST]
    count = len(by.names) - grey
    mine = np.flatnonzero(by.codes < count)
    colours = matched(by.codes[mine], other.codes[mine], other.colours, count)
    return by._replace(colours=[*colours, REST] if grey else colours)


def frame(height: int, pictures: str | None = None, window: Window = WHOLE) -> go.Figure:
    """An empty map of the window (left, right, low, high), both axes in one scale."""
    blank = {"visible": False, "constrain": "domain"}
    up = {"range": list(window[2:]), "scaleanchor": "x", "constraintoward": "top"}
    return go.Figure(layout={
        "height": height, "margin": {"l": 0, "r": 0, "t": 0, "b": 0}, "showlegend": False, "dragmode": "pan",
        "xaxis": blank | {"range": list(window[:2])}, "yaxis": blank | up,
        "plot_bgcolor": "rgba(0,0,0,0)", "paper_bgcolor": "rgba(0,0,0,0)", "hoverlabel": {"align": "left"},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "rgba(128,128,128,0.8)", "activecolor": "#1b7f7b"},
        "meta": {"pictures": pictures}})


def _described(items: pd.DataFrame, factor_names: np.ndarray) -> np.ndarray:
    """What hovering says of items (n,)."""
    title, category, factor = (_escaped(column) for column in (items["title"], items["category"], factor_names))
    return ("<b>" + title + "</b><br>" + np.where(category == "", "no category", category) + "<br>factor: "
            + factor).to_numpy(object)


def _escaped(column: pd.Series | np.ndarray) -> pd.Series:
    return pd.Series(np.asarray(column, object), dtype=object).map(plain)


def add_groups(fig: go.Figure, shown: Points, by: Groups) -> None:
    """Items coloured by group, a trace for each group."""
    for code, (name, colour) in enumerate(zip(by.names, by.colours, strict=True)):
        mine = shown.only(np.flatnonzero(by.codes[shown.at] == code))
        _add_items(fig, mine, name, {"size": shown.size, "color": colour, "symbol": shape_of(colour)})


def add_scale(fig: go.Figure, shown: Points, values: pd.Series, title: str) -> None:
    """Items coloured by numbers (M,), each by its place among all; those that are NaN grey and below."""
    number = values.to_numpy(np.float64)
    place, ticks = places(number), tick_values(number)
    known = np.isfinite(number[shown.at])
    _add_items(fig, shown.only(~known), "not known", {"size": shown.size, "color": REST, "opacity": 0.3})
    mine = shown.only(known)
    text = [f"{about}<br>{plain(title)}: {value:.3g}" for about, value in zip(mine.text, number[mine.at], strict=True)]
    bar = {"orientation": "h", "title": {"text": plain(title), "side": "top"}, "thickness": 9, "len": 0.7, "y": -0.01,
           "yanchor": "top", "outlinewidth": 0, "tickvals": list(TICKS), "ticktext": [f"{value:.4g}" for value in ticks]}
    fig.update_layout(margin_b=48)
    _add_items(fig, mine._replace(text=np.array(text, object)), title,
               {"size": shown.size, "color": place[mine.at].astype(np.float32), "colorscale": SCALE, "cmin": 0, "cmax": 1,
                "colorbar": bar})


TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of a scale of places


def places(values: np.ndarray) -> np.ndarray:
    """The place of each number (M,) among those that are known, from 0, the least, to 1; NaN where it is not known. Colours
    by place are told apart wherever items are, and one outlier does not take them all."""
    known = np.isfinite(values)
    found = np.full(len(values), np.nan)
    found[known] = (rankdata(values[known]) - 1) / max(known.sum() - 1, 1)
    return found


def tick_values(values: np.ndarray) -> np.ndarray:
    """The numbers at the places TICKS."""
    finite = values[np.isfinite(values)]
    return np.quantile(finite, TICKS) if len(finite) else np.zeros(len(TICKS))


def _add_items(fig: go.Figure, shown: Points, name: str, marker: dict[str, Any]) -> None:
    fig.add_scattergl(x=shown.xy[:, 0], y=shown.xy[:, 1], mode="markers", name=plain(name), text=shown.text,
                      customdata=shown.at, hovertemplate="%{text}<extra></extra>", unselected=FADED,
                      marker={"opacity": 0.85, "line": {"width": 0.4, "color": GREY}} | marker)


def add_parts(fig: go.Figure, parts: pd.DataFrame, names: list[str], colours: list[str]) -> None:
    """People's parts, hollow, in the colours of their factors; a trace for each factor."""
    for factor, (name, colour) in enumerate(zip(names, colours, strict=True)):
        mine = parts[parts["factor"] == factor]
        text = [f"<b>{plain(user)}</b><br>their part for {plain(name)}" for user in mine["id"]]
        fig.add_scattergl(x=mine["x"].to_numpy(), y=mine["y"].to_numpy(), mode="markers", name=f"people: {plain(name)}",
                          text=text, hovertemplate="%{text}<extra></extra>", unselected=FADED,
                          marker={"size": 5, "color": colour, "symbol": shape_of(colour) + "-open", "opacity": 0.6})


def add_stars(fig: go.Figure, places: np.ndarray, names: list[str], colours: list[str],
              labels: list[str] | None = None, ink: str = INK) -> None:
    """The prototypes as named stars at places (K, 2), outlined in the colour `ink`; one whose place is NaN is left out.
    labels: what stands beside them, if it should be shorter than the names."""
    at = np.flatnonzero(np.isfinite(places[:, 0]))
    text = [f"<b>{plain(names[k])}</b><br>prototype: click for its items" for k in at]
    _add_marks(fig, places[at], STARS,
               {"symbol": "star", "size": 19, "color": [colours[k] for k in at], "line": {"width": 1.8, "color": ink}},
               {"customdata": -1 - at, "text": text, "hovertemplate": "%{text}<extra></extra>"})
    beside = [(labels or names)[k] for k in at]
    for k, name, above in zip(at, beside, _sides(places[at], beside), strict=True):
        _name(fig, places[k], name, ABOVE if above else -ABOVE, ink)


def _sides(places: np.ndarray, texts: list[str]) -> np.ndarray:
    """Of stars at places (n, 2), whether the name of each stands above it (n,): below it where, on a phone, it would cover
    the name of a star further up, unless there it would cover one, too."""
    taken: list[np.ndarray] = []
    above = np.ones(len(places), bool)
    for k in np.argsort(-places[:, 1], kind="stable"):
        lines = two_lines(texts[k]).split("<br>")
        wide, high = max(map(len, lines)) * LETTER[0], len(lines) * LETTER[1]
        left = -np.array({"left": 0, "center": wide / 2, "right": wide}[_anchor(places[k, 0])])
        boxes = [np.array([left, left + wide, up - high / 2, up + high / 2]) / PHONE + np.repeat(places[k], 2)
                 for up in (ABOVE, -ABOVE)]
        free = [not any(_cover(box, other) for other in taken) for box in boxes]
        above[k] = free[0] or not free[1]
        taken.append(boxes[0 if above[k] else 1])
    return above


def _cover(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two boxes (left, right, low, high) overlap."""
    return bool((one[::2] < other[1::2]).all() and (other[::2] < one[1::2]).all())


def _anchor(x: float) -> str:
    """Where a name's place is in it: near the left or right edge the name grows away from that."""
    return "left" if x < -EDGE else "right" if x > EDGE else "center"


def around(xy: np.ndarray, position: int, near: np.ndarray) -> Window:
    """The part of a map (M, 2) around an item in which most of those nearest to it are."""
    x, y = map(float, xy[position])
    away = np.abs(xy[near] - xy[position]).max(axis=1) if len(near) else np.zeros(1)
    half = float(np.clip(1.25 * np.quantile(away, 0.8), NEAREST_VIEW, WHOLE[1]))
    return x - half, x + half, y - half, y + half


def add_found(fig: go.Figure, xy: np.ndarray, position: int, near: np.ndarray, title: str, ink: str = INK) -> None:
    """An item marked by its name in the colour `ink`, and rings around those nearest to it; all others are dimmed."""
    for trace in fig.data:
        if trace.customdata is not None and trace.name != STARS:
            trace.selectedpoints = np.flatnonzero(np.isin(trace.customdata, [position, *near]))
    ring = {"symbol": "circle-open", "size": 14, "color": FOUND, "line": {"width": 2.5}}
    cross = {"symbol": "x", "size": 14, "color": FOUND, "line": {"width": 2, "color": "#fff"}}
    _add_marks(fig, xy[near], "nearest", ring, NO_HOVER)
    _add_marks(fig, xy[[position]], "found", cross, NO_HOVER)
    _name(fig, xy[position], title, -ABOVE, ink)


def _add_marks(fig: go.Figure, xy: np.ndarray, name: str, marker: dict[str, Any], hover: dict[str, Any]) -> None:
    """Marks at xy (n, 2) that keep their looks while items are selected. `hover`: what the trace says of hovering. WebGL,
    as all dots: it lies above what is drawn as SVG."""
    fig.add_scattergl(x=xy[:, 0], y=xy[:, 1], mode="markers", name=name, unselected={"marker": {"opacity": 1}}, **hover,
                      marker=marker | {"opacity": 1})


def _name(fig: go.Figure, at: np.ndarray, text: str, above: float, colour: str) -> None:
    """A name beside the mark at (2,), so many pixels above it; a shadow sets it off from the dots below."""
    x, y = float(at[0]), float(at[1])
    fig.add_annotation(x=x, y=y, text=f"<b>{two_lines(text)}</b>", showarrow=False, yshift=above, align="left",
                       xanchor=_anchor(x),
                       font={"size": 12, "color": colour, "shadow": "auto"})


def tints(by: Groups | pd.Series) -> np.ndarray:
    """The colour of every item (M, 3), 0 to 255: of its group, or of its number."""
    if isinstance(by, Groups):
        return np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in by.colours], np.uint8)[by.codes]
    place = places(by.to_numpy(np.float64))
    steps = sample_colorscale(SCALE, np.linspace(0, 1, 256), colortype="tuple")
    table = np.vstack([np.round(np.array(steps) * 255), [154, 160, 166]]).astype(np.uint8)
    return table[np.where(np.isfinite(place), place * 255, 256).astype(np.int64)]


def add_density(fig: go.Figure, xy: np.ndarray, tint: np.ndarray, window: Window = WHOLE) -> None:
    """All points of a map (M, 2) as one picture behind it: the mean colour of a pixel's points, the denser the more opaque
    (by the logarithm of their number)."""
    left, right, low, high = window
    column = ((xy[:, 0] - left) * (PIXELS / (right - left))).astype(np.int32)
    row = ((high - xy[:, 1]) * (PIXELS / (high - low))).astype(np.int32)
    inside = (column >= 0) & (column < PIXELS) & (row >= 0) & (row < PIXELS)
    pixel = row[inside] * PIXELS + column[inside]
    count = np.bincount(pixel, minlength=PIXELS**2)
    mean = np.stack([np.bincount(pixel, tint[inside, i], PIXELS**2) / np.maximum(count, 1) for i in range(3)], axis=1)
    opacity = np.where(count > 0, 60 + 195 * np.log1p(count) / np.log1p(max(count.max(), 1)), 0)
    pixels = np.concatenate([mean, opacity[:, None]], axis=1).astype(np.uint8).reshape(PIXELS, PIXELS, 4)
    fig.add_layout_image(source="data:image/png;base64," + base64.b64encode(png(pixels)).decode(), xref="x", yref="y",
                         x=left, y=high, sizex=right - left, sizey=high - low, sizing="stretch", layer="below")


def png(pixels: np.ndarray) -> bytes:
    """A picture (height, width, 4) of bytes, red, green, blue and opacity, as a PNG file (ISO/IEC 15948)."""
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)  # filter 0 of each row

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)  # 8 bits, colour with opacity
    data = zlib.compress(rows.tobytes(), 3)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def item_map(shown: Points, by: Groups, pictures: str | None = None, height: int = 330) -> go.Figure:
    """A small map of items by group, with nothing else on it."""
    fig = frame(height, pictures)
    add_groups(fig, shown, by)
    return fig
