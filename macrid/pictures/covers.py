"""Typographic covers for items without a picture: one poster series, a palette and a motif for each genre.

The title stands in near-white on the genre's darkest colour (contrast above 12:1). What varies within a genre (where a
sun stands, how wide the rays are) is derived from the title, so a film always has the same cover.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import blake2b
from html import escape
from typing import NamedTuple

from macrid.data.titles import given, printable, split_genres, tidy_title, year_of

from .lettering import fit_title
from .svg import area, box, disc

__all__ = ["GENRES", "PAPER", "cover"]

PAPER = "#fbf7ef"  # the title's colour


# ---- motifs ----------------------------------------------------------------------------------------------------------


class _Inks(NamedTuple):
    """A cover's colours, from dark to light, and `spare`: the light colour of its second genre."""

    ground: str
    field: str
    mid: str
    accent: str
    spare: str


_Motif = Callable[[_Inks, list[float]], str]  # inks and numbers in [0, 1) -> SVG for the area 200 x 130


def _ring(x: float, y: float, radius: float, ink: str, width: float) -> str:
    return disc(x, y, radius, "none", f'stroke="{ink}" stroke-width="{width:.3g}"')


def _burst(ink: _Inks, r: list[float]) -> str:
    x, y, count = 30 + 140 * r[0], 96 + 20 * r[1], 9 + int(4 * r[2])
    wedges = ""
    for ray in range(count):
        a, b = (math.pi + math.pi * (ray + side) / count for side in (0.08, 0.62))
        wedges += f"M{x:.0f} {y:.0f}L{x + 260 * math.cos(a):.0f} {y + 260 * math.sin(a):.0f}"
        wedges += f"L{x + 260 * math.cos(b):.0f} {y + 260 * math.sin(b):.0f}Z"
    return area(wedges, ink.mid) + disc(x, y, 40, ink.field) + disc(x, y, 30, ink.accent) + disc(x, y, 16, ink.spare)


def _peaks(ink: _Inks, r: list[float]) -> str:
    x, sun = 60 + 60 * r[0], 40 + 120 * r[1]
    far = f"M-10 130L{x - 40:.0f} 58L{x:.0f} 92L{x + 55:.0f} 36L210 130Z"
    near = f"M-10 140L{x + 10:.0f} 82L{x + 45:.0f} 104L{x + 95:.0f} 70L210 140Z"
    snow = f"M{x + 55:.0f} 36l-17 17 12-3 6 9 8-10 13 5Z"
    return disc(sun, 40, 24, ink.accent) + area(far, ink.mid) + area(snow, PAPER) + area(near, ink.ground)


def _mesa(ink: _Inks, r: list[float]) -> str:
    x, left = 70 + 60 * r[0], 10 + 30 * r[1]
    stripes = "".join(box((0, 66 + 11 * i, 200, 2 + 1.6 * i, 0), ink.field) for i in range(4))
    rock = f"M{left:.0f} 130l8-52h12l3-8h26l3 8h10l8 52Z"
    cactus = "M158 130V72a6 6 0 0 1 12 0V130ZM146 84a4 4 0 0 1 8 0v10h6v9h-6a8 8 0 0 1-8-8Z"
    cactus += "M182 78a4 4 0 0 0-8 0v12h-6v9h6a8 8 0 0 0 8-8Z"
    return disc(x, 66, 46, ink.accent) + stripes + area(rock, ink.mid) + area(cactus, ink.ground)


def _bubbles(ink: _Inks, r: list[float]) -> str:
    spots = ((46, 76, 34), (112, 48, 26), (160, 92, 30), (92, 108, 16), (168, 34, 14), (24, 28, 15))
    tones = (ink.mid, ink.accent, ink.spare, PAPER, ink.mid, ink.accent)
    out = ""
    for i, (middle, y, full) in enumerate(spots):
        x, radius = middle + 16 * r[i] - 8, full * (0.85 + 0.3 * r[i + 1])
        shine = disc(x - radius * 0.35, y - radius * 0.35, radius * 0.2, "#fff", 'opacity=".6"')
        out += disc(x, y, radius, tones[i]) + shine
    return out


def _arches(ink: _Inks, r: list[float]) -> str:
    x, y = 70 + 60 * r[0], 116
    tones = (ink.mid, ink.accent, PAPER, ink.spare, ink.field)
    out = "".join(disc(x, y, 88 - 16 * i, tone) for i, tone in enumerate(tones))
    return out + disc(30 if r[0] > 0.5 else 172, 28, 13, ink.accent)


def _smiles(ink: _Inks, r: list[float]) -> str:
    out = ""
    for i in range(8):
        x, y, turn = 25 + 50 * (i % 4), 34 + 50 * (i // 4), 180 * (r[i] > 0.62)
        tone = (ink.mid, ink.accent, ink.spare, PAPER)[int(4 * r[i + 4])]
        out += area("M-21 0H21A21 21 0 0 1-21 0Z", tone, f'transform="translate({x} {y}) rotate({turn})"')
    return out


def _blinds(ink: _Inks, r: list[float]) -> str:
    x = 50 + 100 * r[0]
    cone = f"M{x:.0f} -10L{x - 90:.0f} 140H{x + 70:.0f}Z"
    slats = "".join(box((-10, 10 + 15 * i, 220, 7.5, 0), ink.ground, 'opacity=".85"') for i in range(9))
    shoulders = "M-46 90C-44 62-30 56-10 54H10C30 56 44 62 46 90Z"
    head = "M-13 26V40C-13 62 13 62 13 40V26Z"
    brim = "M-32 26A32 6 0 0 1 32 26A32 6 0 0 1-32 26Z"
    hat = "M-18 25L-14 2Q-7-4 0 1Q7-4 14 2L18 25Z"
    figure = "".join(area(part, ink.ground) for part in (shoulders, head, brim, hat))
    figure = f'<g transform="translate({x - 8:.0f} 46)">{figure}</g>'
    tilt = f'<g transform="rotate({-8 + 16 * r[1]:.0f} 100 60)">{slats}</g>'
    return area(cone, ink.accent) + disc(x - 8, 62, 34, ink.spare, 'opacity=".5"') + tilt + figure


def _frames(ink: _Inks, r: list[float]) -> str:
    lit = int(8 * r[0])
    out = ""
    for i in range(8):
        tone = ink.accent if i == lit else (ink.mid if r[i] > 0.45 else ink.ground)
        out += box((16 + 43.5 * (i % 4), 18 + 48 * (i // 4), 37, 40, 3), tone)
    x, y = 34.5 + 43.5 * (lit % 4), 38 + 48 * (lit // 4)
    return out + disc(x, y, 11, ink.ground) + disc(x, y, 4.5, PAPER)


def _eclipse(ink: _Inks, r: list[float]) -> str:
    x, lean = 74 + 52 * r[0], 26 + 16 * r[1]
    side = 1 if r[2] > 0.5 else -1
    halo = "".join(_ring(x, 64, 62 + 14 * i, ink.mid, 1.2) for i in range(3))
    shadow, far = x + side * lean, x + side * (lean + 22)
    return (
        halo
        + disc(x, 64, 48, ink.accent)
        + disc(shadow, 64 - 10 * r[3], 44, ink.field)
        + disc(far, 64, 22, ink.spare, 'opacity=".85"')
    )


def _moon(ink: _Inks, r: list[float]) -> str:
    x = 60 + 80 * r[0]
    stars = ""
    for i in range(9):
        sx, sy, size = 12 + 176 * r[i], 10 + 96 * r[(i + 5) % 16], 3 + 6 * r[i + 3]
        star = f"M0-{size:.1f}Q.6-.6 {size:.1f} 0Q.6 .6 0 {size:.1f}Q-.6 .6-{size:.1f} 0Q-.6-.6 0-{size:.1f}Z"
        stars += area(star, (ink.accent, PAPER, ink.spare)[i % 3], f'transform="translate({sx:.0f} {sy:.0f})"')
    hills = area("M-10 140Q40 88 100 116T210 96V140Z", ink.mid)
    hills += area("M-10 140Q70 108 130 126T210 118V140Z", ink.ground)
    crescent = f"M{x + 4:.0f} 18A36 36 0 1 0 {x + 36:.0f} 66A31 31 0 0 1 {x + 4:.0f} 18Z"
    return stars + area(crescent, ink.accent) + hills


def _fangs(ink: _Inks, r: list[float]) -> str:
    x = 70 + 60 * r[0]
    top = "M-5-5" + "".join(f"L{20 * i:.0f} {14 + 34 * r[i]:.0f}L{20 * i + 10} 8" for i in range(11)) + "L205-5Z"
    low = (
        "M-5 140"
        + "".join(f"L{20 * i - 8} {118 - 34 * r[i + 5]:.0f}L{20 * i + 4} 122" for i in range(11))
        + "L205 140Z"
    )
    slit = f"M{x:.0f} 38Q{x + 12:.0f} 64 {x:.0f} 90Q{x - 12:.0f} 64 {x:.0f} 38Z"
    eye = disc(x, 64, 30, ink.accent) + area(slit, ink.ground)
    return disc(x, 64, 46, ink.mid) + eye + area(top + low, ink.ground)


def _bars(ink: _Inks, r: list[float]) -> str:
    tones = (ink.mid, ink.accent, ink.mid, ink.spare)
    out = ""
    for i in range(9):
        high = 24 + 84 * (0.55 * r[i] + 0.45 * math.sin(math.pi * (i + 0.5) / 9))
        out += box((16 + 19 * i, 64 - high / 2, 13, high, 6.5), tones[i % 4])
    return out


def _rings(ink: _Inks, r: list[float]) -> str:
    x, y = 60 + 80 * r[0], 50 + 26 * r[1]
    tones = (ink.mid, ink.accent, ink.mid)
    waves = "".join(_ring(x + 2 * i, y, 22 + 15 * i, tones[i % 3], 5.5 - 0.6 * i) for i in range(7))
    return waves + disc(x, y, 12, ink.spare) + disc(x, y, 5, ink.ground)


def _pair(ink: _Inks, r: list[float]) -> str:
    x, y, apart = 80 + 40 * r[0], 64, 22 + 10 * r[1]
    rise = math.sqrt(44**2 - apart**2)
    lens = f"M{x:.4g} {y - rise:.4g}A44 44 0 0 1 {x:.4g} {y + rise:.4g}A44 44 0 0 1 {x:.4g} {y - rise:.4g}Z"
    return disc(x - apart, y, 44, ink.mid) + disc(x + apart, y, 44, ink.accent) + area(lens, PAPER)


def _orbits(ink: _Inks, r: list[float]) -> str:
    x, tilt = 76 + 48 * r[0], -34 + 24 * r[1]
    out = "".join(disc(200 * r[i], 126 * r[i + 4], 1.2, PAPER, 'opacity=".8"') for i in range(12))
    ovals = ""
    for i in range(3):
        oval = f'rx="{58 + 22 * i}" ry="{17 + 10 * i}" fill="none" stroke="{(ink.spare, ink.mid, ink.mid)[i]}"'
        ovals += f'<ellipse {oval} stroke-width="{4 - 1.2 * i:.2g}"/>'
    planet = disc(0, 0, 34, ink.accent) + area("M-34 0A34 34 0 0 0 34 0Q0 14-34 0Z", ink.mid)
    front = area("M-58 0A58 17 0 0 0 58 0", "none", f'stroke="{ink.spare}" stroke-width="4"')
    moon = disc(80, 0, 6, PAPER)
    return out + f'<g transform="translate({x:.0f} 64) rotate({tilt:.0f})">{ovals}{planet}{front}{moon}</g>'


def _tunnel(ink: _Inks, r: list[float]) -> str:
    x, y, turn = 70 + 60 * r[0], 52 + 20 * r[1], 8 + 14 * r[2]
    out = ""
    for i in range(8):
        half = 130 * 0.72**i
        tone = (ink.mid, ink.field)[i % 2] if i < 7 else ink.accent
        place = f'transform="translate({x:.0f} {y:.0f}) rotate({turn * i:.0f})"'
        out += box((-half, -half, 2 * half, 2 * half, 0), tone, place)
    return out + disc(x, y, 5, ink.ground)


def _chevrons(ink: _Inks, r: list[float]) -> str:
    x, out = 70 + 60 * r[0], ""
    for i in range(5):
        tone = ink.accent if i == int(5 * r[1]) else (ink.mid, ink.ground)[i % 2]
        out += area(f"M{x:.0f} {10 + 24 * i}l150 70v16l-150-70l-150 70v-16Z", tone)
    return out + disc(x, 58 + 30 * r[2], 13, ink.spare)


def _waves(ink: _Inks, r: list[float]) -> str:
    out = disc(50 + 100 * r[0], 42, 26, ink.accent)
    for i, tone in enumerate((ink.mid, ink.spare, ink.mid, ink.ground)):
        y, swing = 62 + 18 * i, 12 + 12 * r[i]
        thin = f'opacity="{(0.9, 0.5, 0.9, 1)[i]}"'
        out += area(f"M-10 {y}Q30 {y - swing:.0f} 70 {y}T150 {y}T230 {y}V150H-10Z", tone, thin)
    return out


# Each genre's ground, field, mid and accent (OKLCH lightness .25, .40, .60, .84 at one hue, the accent at another).
GENRES: dict[str, tuple[str, str, str, str]] = {
    "Action": ("#3b130f", "#762c26", "#ce5247", "#ffbb69"),
    "Adventure": ("#002a14", "#00572f", "#009957", "#e7c952"),
    "Animation": ("#00272b", "#005259", "#00919d", "#e0cc55"),
    "Children": ("#03233f", "#0c4a7d", "#1a83db", "#f4c352"),
    "Comedy": ("#301d00", "#624000", "#ac7300", "#e7c952"),
    "Crime": ("#122040", "#2b4480", "#507adf", "#ffba81"),
    "Documentary": ("#002826", "#005350", "#00948e", "#83e499"),
    "Drama": ("#1f1c3f", "#433d7d", "#796eda", "#ffb797"),
    "Fantasy": ("#2b1739", "#593571", "#9d60c6", "#1be5ee"),
    "Film-Noir": ("#24211c", "#4c473e", "#887f70", "#d9caa1"),
    "Horror": ("#3b1215", "#762b32", "#ce505b", "#ffb5a9"),
    "IMAX": ("#002633", "#005066", "#008db3", "#83d7ff"),
    "Musical": ("#361329", "#6d2d54", "#c05296", "#fac053"),
    "Mystery": ("#002537", "#004e6f", "#008bc1", "#3ce8ce"),
    "Romance": ("#3a121d", "#742b40", "#cb4f73", "#ffb79d"),
    "Sci-Fi": ("#161f40", "#324280", "#5c77df", "#1ee6e7"),
    "Thriller": ("#002631", "#005063", "#008fad", "#d0d25d"),
    "War": ("#1e2500", "#414e00", "#768c00", "#ffbd58"),
    "Western": ("#391601", "#733301", "#c85d00", "#fac053"),
}
_MOTIFS: dict[str, _Motif] = {
    "Action": _burst,
    "Adventure": _peaks,
    "Animation": _bubbles,
    "Children": _arches,
    "Comedy": _smiles,
    "Crime": _blinds,
    "Documentary": _frames,
    "Drama": _eclipse,
    "Fantasy": _moon,
    "Film-Noir": _blinds,
    "Horror": _fangs,
    "IMAX": _waves,
    "Musical": _bars,
    "Mystery": _rings,
    "Romance": _pair,
    "Sci-Fi": _orbits,
    "Thriller": _tunnel,
    "War": _chevrons,
    "Western": _mesa,
}
_OTHER_NAMES = {"Children's": "Children", "Science Fiction": "Sci-Fi", "Music": "Musical", "Noir": "Film-Noir"}


def _known(name: str) -> str:
    """The genre whose colours a name takes: its own, or one picked by the name itself."""
    name = _OTHER_NAMES.get(name, name)
    return name if name in GENRES else list(GENRES)[blake2b(name.encode("utf-8", "replace")).digest()[0] % len(GENRES)]


# ---- the cover -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _drawn(title: str, genres: tuple[str, ...], year: int | None, category: str) -> str:
    label = "".join(letter for letter in (genres[0] if genres else category) if printable(letter))
    key = "\0".join((title, *genres, str(year), category)).encode("utf-8", "replace")
    digest = blake2b(key, digest_size=24).digest()
    uid, numbers = f"c{digest[:5].hex()}", [byte / 256 for byte in digest[5:]]
    names = [_known(name) for name in genres] or [_known(category or title)]
    spare = next((GENRES[name][3] for name in names[1:] if GENRES[name][3] != GENRES[names[0]][3]), "#f6d9c4")
    ink = _Inks(*GENRES[names[0]], spare)
    size, lines = fit_title(title)
    leading = 1.1 * size
    first = 178 - 6 - leading * (len(lines) - 1) - 0.2 * size  # baseline of the first line
    edge = first - size - 9  # where the text's ground begins
    text = "".join(
        f'<text x="16" y="{first + leading * i:.1f}" font-size="{size}" font-weight="700">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    small = " · ".join(part for part in (str(year or ""), label.upper()[:24]) if part)
    note = f'<text x="16" y="188" font-size="10.5" font-weight="600" letter-spacing="1.2" fill="{ink.accent}">'
    fonts = "'Avenir Next','Segoe UI','Helvetica Neue',Arial,'Noto Sans',sans-serif"
    lift = min(0.0, (edge - 118) / 2)  # the motif moves up where the title is long
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200"><defs><clipPath id="{uid}c">'
        f'<rect width="200" height="200" rx="14"/></clipPath><linearGradient id="{uid}f" x2="0" y2="1">'
        f'<stop stop-color="{ink.field}"/><stop offset="1" stop-color="{ink.ground}"/></linearGradient></defs>'
        f'<g clip-path="url(#{uid}c)"><rect width="200" height="200" fill="url(#{uid}f)"/>'
        f'<g transform="translate(0 {lift:.1f})">{_MOTIFS[names[0]](ink, numbers)}</g>'
        f"{box((0, edge, 200, 201 - edge, 0), ink.ground)}{box((16, edge - 2, 30, 4, 0), ink.accent)}"
        f'<g fill="{PAPER}" font-family="{fonts}">{text}{note}{escape(small)}</text></g></g></svg>'
    )


def cover(title: object, genres: Iterable[str] | str = (), year: object = None, category: object = "") -> str:
    """An SVG document (200 x 200): a poster with the title, the year and a motif in the colours of the first genre.

    `genres` is a list or "Crime|Drama"; any name is welcome, MovieLens's have motifs of their own. Title, year and
    category may be None or NaN, as a table's cells are; a missing year is read from a title like "Heat (1995)".
    `category` stands in where there are no genres. Any Unicode title will do; it is wrapped, and cut with an ellipsis
    where it can't fit.
    """
    clean, year_in_title = tidy_title(str(title) if given(title) else "")
    return _drawn(clean, split_genres(genres), year_of(year) or year_in_title, str(category) if given(category) else "")
