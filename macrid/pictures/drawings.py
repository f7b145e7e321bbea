"""Pictures of the simulated shop's items, drawn from their attributes.

Each of the four attributes has its own way to show, so that a sorted row looks sorted:

- size: how much of the frame the object fills, with fittings that grow more slowly than the object;
- shade: the lightness of the main material;
- warmth: its hue, on an even path in OKLCH from blue over grey to orange;
- price: fittings from none over steel to gold, more finely worked details, and one to four dots on a tag.

The lightness of a colour never depends on warmth, so shade and warmth can be told apart.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from hashlib import blake2b
from typing import SupportsFloat

from macrid.errors import InputError

from .colour import fittings, material
from .silhouettes import SILHOUETTES, Kit
from .svg import area, disc, faint, gradient, line, oval

__all__ = ["draw", "extent"]


def extent(size: float) -> float:
    """How much of the room in the frame an object of this size in [0, 1] fills: from 0.45 to 1."""
    return 0.45 + 0.55 * size


def _level(price: float) -> int:
    return 1 + min(3, int(4 * price))


def _tag(level: int) -> str:
    dots = "".join(disc(19, 49.5 - 8.2 * i, 3, "#b07f24" if i < level else "#dcd5c7") for i in range(4))
    shape = area("M16 8H22L28 15V52a4 4 0 0 1-4 4H14a4 4 0 0 1-4-4V15Z", "#fffdf8", 'stroke="#c9c0af"')
    return shape + disc(19, 15.5, 2, "#e4dfd6", 'stroke="#c9c0af" stroke-width=".8"') + dots


@lru_cache(maxsize=4096)
def draw(category: str, size: float, shade: float, warmth: float, price: float, variant: int = 0) -> str:
    """An SVG document (200 x 200) of one item of the simulated shop.

    `category` is one of the shop's seven; `size`, `shade` (light to dark), `warmth` (cool to warm) and `price` lie in
    [0, 1]; `variant` is any integer and picks one of three silhouettes. The same arguments give the same text, and
    different ones give different ids, so many pictures can stand in one page. Raises InputError for an unknown
    category and for an attribute that isn't a number in [0, 1].
    """
    if category not in SILHOUETTES:
        raise InputError(f"category is {category!r}: use one of {', '.join(SILHOUETTES)}")
    values = {"size": size, "shade": shade, "warmth": warmth, "price": price}
    for name, value in values.items():
        if not isinstance(value, SupportsFloat) or not 0 <= float(value) <= 1:
            raise InputError(f"{name} is {value!r}: give a number from 0 to 1")
    key = repr((category, *map(float, values.values()), int(variant)))
    uid = "p" + base64.b32encode(blake2b(key.encode(), digest_size=5).digest()).decode().lower()
    tones, scale = material(float(shade), float(warmth)), extent(size)
    metal = fittings(price, tones)
    kit = Kit(uid, size, price, _level(price), int(variant) % 3, tones, scale**-0.45)
    light, base, dark, deep = tones.light, tones.base, tones.dark, tones.deep
    defs = [
        gradient(f"{uid}b", "0 1", (0, "#f0ede9"), (0.66, "#e8e4de"), (0.74, "#dad5cd"), (1, "#e6e2db")),
        gradient(f"{uid}s", "", (0, "#2b2520", 0.42), (0.6, "#2b2520", 0.2), (1, "#2b2520", 0)),
        gradient(f"{uid}m", "1 .2", (0.2, light), (0.55, base), (1, dark)),
        gradient(f"{uid}v", ".3 1", (0, light), (1, base)),
        gradient(f"{uid}o", "0 1", (0.5, deep, 0), (1, deep, 0.6)),
        gradient(f"{uid}f", "1 1", (0, metal[0]), (0.45, metal[1]), (0.75, metal[2]), (1, metal[1])),
    ]
    if category == "lamps":
        defs.append(gradient(f"{uid}g", "", (0, "#ffdf80", 0.75), (0.5, "#ffe9a8", 0.35), (1, "#fff1c9", 0)))
        defs.append(gradient(f"{uid}l", "0 1", (0.55, "#fff3c8", 0), (1, "#fff3c8", 0.38)))
    if category == "handbags" and kit.level == 4:
        frame = f'id="{uid}q" width="13" height="13" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"'
        defs.append(f"<pattern {frame}>{line('M0 0H13M0 0V13', deep, 1.6, faint(0.6))}</pattern>")
    ground = 156 + 30 * size - (18 * scale if category == "shoes" and kit.kind < 2 else 0)
    silhouette, half_width = SILHOUETTES[category]
    body = oval(4, 1, half_width * 1.12, 8, kit.fill("s")) + silhouette(kit)
    if price >= 0.75:
        place = f'transform="translate(182 20) scale({0.4 + 2 * (price - 0.75):.2f})"'
        star = area("M0-13Q1.5-1.5 13 0Q1.5 1.5 0 13Q-1.5 1.5-13 0Q-1.5-1.5 0-13Z", metal[1], place)
    else:
        star = ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200"><defs>{"".join(defs)}</defs>'
        f'<rect width="200" height="200" rx="14" fill="{kit.fill("b")}"/>'
        f'<g transform="translate(100 {ground:.1f}) scale({scale:.3f})" fill="none" stroke-linecap="round">{body}</g>'
        f"{_tag(kit.level)}{star}</svg>"
    )
