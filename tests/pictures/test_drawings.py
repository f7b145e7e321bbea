"""Drawings are valid, self-contained, distinct and lawful: a larger value of an attribute always shows more of it."""

import itertools
import math
import re

import numpy as np
import pytest
from seeing import checked, oklab

from macrid.data.shop import ATTRIBUTES, CATEGORIES
from macrid.errors import InputError
from macrid.pictures.drawings import draw, extent

STEPS = np.linspace(0, 1, 21)


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_drawing_is_valid_small_and_self_contained(category):
    for values in itertools.product((0, 1), (0, 1), (0, 0.5, 1), (0, 0.3, 0.6, 1), range(3)):
        document = draw(category, *values)
        checked(document)
        assert len(document) < 4500


def test_drawings_are_deterministic_and_differ():
    every = [
        (c, s, h, 0.5, p, v) for c in CATEGORIES for s in (0, 1) for h in (0, 1) for p in (0, 1) for v in (0, 1)
    ]
    documents = [draw(*values) for values in every]
    assert len(set(documents)) == len(documents)
    draw.cache_clear()
    assert [draw(*values) for values in every] == documents
    assert draw("mugs", np.float64(0.5), 0, 1, 0.25, np.int64(4)) == draw("mugs", 0.5, 0.0, 1.0, 0.25, 4)


def test_size_fills_more_of_the_frame():
    scales = [float(re.search(r"scale\(([\d.]+)\)", draw("lamps", size, 0.5, 0.5, 0.5))[1]) for size in STEPS]
    assert np.all(np.diff(scales) > 0)
    assert scales == pytest.approx([extent(size) for size in STEPS], abs=1e-3)
    assert scales[-1] / scales[0] > 2


def test_price_adds_dots_and_turns_fittings_golden():
    dots, gold = [], []
    for price in STEPS:
        document = draw("watches", 0.5, 0.5, 0.5, price)
        dots.append(document.count('fill="#b07f24"'))
        fittings = re.search(r'id="\w+f".*?</linearGradient>', document)[0]
        middle = re.findall(r'stop-color="(#\w+)"', fittings)[1]
        gold.append(oklab(middle)[2])
    assert dots[0] == 1
    assert dots[-1] == 4
    assert set(np.diff(dots)) <= {0, 1}
    assert np.all(np.diff(gold[5:]) > -0.005)
    assert gold[-1] > gold[5] + 0.08


@pytest.mark.parametrize("category", CATEGORIES)
def test_price_adds_work(category):
    for variant in range(3):
        parts = [len(list(checked(draw(category, 0.5, 0.5, 0.5, p, variant)).iter())) for p in (0.1, 0.4, 0.6, 0.9)]
        assert parts == sorted(set(parts))


@pytest.mark.parametrize("value", [-0.01, 1.01, math.nan, math.inf, None, "large"])
@pytest.mark.parametrize("name", ATTRIBUTES)
def test_bad_attributes_are_named(name, value):
    values = dict.fromkeys(ATTRIBUTES, 0.5) | {name: value}
    with pytest.raises(InputError, match=rf"{name} is .*{value}"):
        draw("mugs", **values)


def test_an_unknown_category_is_named():
    with pytest.raises(InputError, match=r"'sofas'.*handbags"):
        draw("sofas", 0.5, 0.5, 0.5, 0.5)
