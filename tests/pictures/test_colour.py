"""Colours are lawful: shade is lightness alone, warmth is hue and chroma alone, and both run evenly."""

import math
import re

import numpy as np
import pytest
from seeing import linear, oklab

from macrid.pictures.colour import material, oklch

STEPS = np.linspace(0, 1, 21)


@pytest.mark.parametrize("warmth", [0, 0.25, 0.5, 0.75, 1])
def test_shade_darkens_every_tone_evenly(warmth):
    for tone in ("light", "base", "dark"):
        lightness = [oklab(getattr(material(shade, warmth), tone))[0] for shade in STEPS]
        assert np.all(np.diff(lightness) < 0)
    steps = np.diff([oklab(material(shade, warmth).base)[0] for shade in STEPS])
    assert steps.max() / steps.min() > 0.7


@pytest.mark.parametrize("shade", [0, 0.25, 0.5, 0.75, 1])
def test_warmth_runs_evenly_from_blue_to_orange_at_one_lightness(shade):
    colours = np.array([oklab(material(shade, warmth).base) for warmth in STEPS])
    assert np.ptp(colours[:, 0]) < 0.01
    orange = np.array([math.cos(math.radians(50)), math.sin(math.radians(50))])
    assert np.all(np.diff(colours[:, 1:] @ orange) > 0)
    assert np.linalg.norm(colours[10, 1:]) < 0.005  # grey in the middle
    assert np.linalg.norm(colours[0] - colours[-1]) > 0.06


def test_oklch_reaches_known_colours_and_stays_in_gamut():
    assert oklch(1, 0, 0) == "#ffffff"
    assert oklch(0, 0, 0) == "#000000"
    assert linear(oklch(0.628, 0.2577, 29.23)) == pytest.approx([1, 0, 0], abs=0.01)
    assert re.fullmatch("#[0-9a-f]{6}", oklch(0.9, 9.0, 250))
    assert oklab(oklch(0.6, 0.1, 140))[0] == pytest.approx(0.6, abs=0.005)
