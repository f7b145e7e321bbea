"""Colours in OKLCH, and the tones that show shade, warmth and price: lightness never depends on warmth."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

__all__ = ["Material", "fittings", "material", "oklch"]


def _linear_rgb(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """OKLCH to linear sRGB, unclamped (Ottosson 2020, "A perceptual color space for image processing")."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    l3 = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    m3 = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    s3 = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * l3 - 3.3077115913 * m3 + 0.2309699292 * s3,
        -1.2684380046 * l3 + 2.6097574011 * m3 - 0.3413193965 * s3,
        -0.0041960863 * l3 - 0.7034186147 * m3 + 1.7076147010 * s3,
    )


@lru_cache(maxsize=1 << 14)
def _chroma_limit(lightness: float, hue: float) -> float:
    """The largest chroma that sRGB can show at this lightness and hue."""
    low, high = 0.0, 0.4
    for _ in range(14):
        middle = (low + high) / 2
        if all(-1e-4 <= channel <= 1.0001 for channel in _linear_rgb(lightness, middle, hue)):
            low = middle
        else:
            high = middle
    return low


def oklch(lightness: float, chroma: float, hue: float) -> str:
    """An OKLCH colour as sRGB "#rrggbb"; lightness in [0, 1], hue in degrees, chroma cut to what sRGB can show."""
    chroma = min(chroma, _chroma_limit(round(lightness, 2), round(hue)))
    codes = []
    for channel in _linear_rgb(lightness, chroma, hue):
        channel = min(1.0, max(0.0, channel))
        coded = 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055
        codes.append(f"{round(255 * coded):02x}")
    return "#" + "".join(codes)


class Material(NamedTuple):
    """The tones of one material, "#rrggbb" each, from the lightest to the darkest, and `ink`, seen on all of them."""

    pale: str
    light: str
    base: str
    dark: str
    deep: str
    ink: str


@lru_cache(maxsize=1 << 13)
def material(shade: float, warmth: float) -> Material:
    """The main material of an item: shade in [0, 1] sets lightness only, warmth in [0, 1] sets hue and chroma only."""
    lightness = 0.93 - 0.62 * shade
    away = abs(2 * warmth - 1)
    hue = 72 - 32 * away if warmth > 0.5 else 212 + 34 * away
    colourful = away * min(0.155, 0.92 * _chroma_limit(round(lightness, 2), round(hue)))

    def tone(step: float, strength: float = 1.0) -> str:
        return oklch(min(0.985, max(0.13, lightness + step)), colourful * strength, hue)

    ink = tone(-0.30) if lightness > 0.6 else tone(0.36, 0.7)
    return Material(tone(0.10 + 0.08 * shade, 0.7), tone(0.045 + 0.04 * shade), tone(0), tone(-0.085), tone(-0.19), ink)


def fittings(price: float, plain: Material) -> tuple[str, str, str]:
    """Light, middle and dark tone of the fittings: the material itself when cheap, then steel, turning to gold."""
    if price < 0.25:
        return plain.base, plain.dark, plain.deep
    gold = min(1.0, max(0.0, (price - 0.35) / 0.5))
    chroma, hue = 0.012 + 0.125 * gold, 240 if gold == 0 else 84
    return oklch(0.95, chroma, hue), oklch(0.78, chroma, hue), oklch(0.55, chroma, hue)
