"""SVG shapes and gradients as text. `more` is further attributes; coordinates are rounded to what can be seen."""

from __future__ import annotations

__all__ = ["area", "box", "disc", "faint", "gradient", "line", "oval"]


def _shape(inside: str, more: str) -> str:
    return f"<{inside} {more}/>" if more else f"<{inside}/>"


def area(path: str, fill: str, more: str = "") -> str:
    return _shape(f'path d="{path}" fill="{fill}"', more)


def line(path: str, stroke: str, width: float, more: str = "") -> str:
    return _shape(f'path d="{path}" stroke="{stroke}" stroke-width="{width:.3g}"', more)


def disc(x: float, y: float, radius: float, fill: str, more: str = "") -> str:
    return _shape(f'circle cx="{x:.4g}" cy="{y:.4g}" r="{radius:.4g}" fill="{fill}"', more)


def oval(x: float, y: float, wide: float, high: float, fill: str, more: str = "") -> str:
    return _shape(f'ellipse cx="{x:.4g}" cy="{y:.4g}" rx="{wide:.4g}" ry="{high:.4g}" fill="{fill}"', more)


def box(place: tuple[float, float, float, float, float], fill: str, more: str = "") -> str:
    """A rectangle; its place is x, y, width, height and the radius of its corners."""
    x, y, width, height, corner = place
    rounded = f' rx="{corner:.3g}"' if corner else ""
    size = f'width="{width:.4g}" height="{height:.4g}"{rounded}'
    return _shape(f'rect x="{x:.4g}" y="{y:.4g}" {size} fill="{fill}"', more)


def faint(opacity: float, dx: float = 0, dy: float = 0) -> str:
    """Attributes that make a shape see-through and move it."""
    move = f' transform="translate({dx:g} {dy:g})"' if dx or dy else ""
    return f'opacity="{opacity:g}"{move}'


def gradient(name: str, towards: str, *stops: tuple[float, str] | tuple[float, str, float]) -> str:
    """A gradient with the id `name`; stops are (place, colour[, opacity]). It runs from the corner towards "x2 y2", in units
    of what it fills, or from the centre outwards if `towards` is empty."""
    inner = "".join(
        f'<stop offset="{at:g}" stop-color="{colour}"' + (f' stop-opacity="{solid[0]:g}"/>' if solid else "/>")
        for at, colour, *solid in stops
    )
    if not towards:
        return f'<radialGradient id="{name}">{inner}</radialGradient>'
    x2, y2 = towards.split()
    return f'<linearGradient id="{name}" x2="{x2}" y2="{y2}">{inner}</linearGradient>'
