"""Pictures are valid, self-contained, distinct and lawful: a larger value of an attribute always shows more of it."""

import base64
import itertools
import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as chosen
from hypothesis import settings
from hypothesis import strategies as st

from macrid import shop
from macrid.covers import GENRES, PAPER, fit_title, tidy_title
from macrid.errors import InputError
from macrid.pictures import ATTRIBUTES, SHOP_CATEGORIES, alt, cover, draw, extent, material, oklch, picture

STEPS = np.linspace(0, 1, 21)
ITEM = {"item_id": 7, "category": "handbags", "size": 0.7, "shade": 0.7, "warmth": 0.7, "price": 0.7, "title": "Bag 7"}


def linear(colour: str) -> np.ndarray:
    """Linear sRGB of "#rrggbb"."""
    coded = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def oklab(colour: str) -> np.ndarray:
    """OKLab (lightness, a, b) of "#rrggbb": the inverse of what the module computes."""
    to_lms = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
    to_lms.append([0.0883024619, 0.2817188376, 0.6299787005])
    to_lab = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099]]
    to_lab.append([0.0259040371, 0.7827717662, -0.8086757660])
    return np.array(to_lab) @ np.cbrt(np.array(to_lms) @ linear(colour))


def contrast(one: str, other: str) -> float:
    """Contrast of two colours by WCAG 2: 1 to 21."""
    high, low = sorted((float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def checked(document: str) -> ET.Element:
    """The parsed document, after checks that hold for every picture."""
    root = ET.fromstring(document)
    ids = re.findall(r' id="([^"]+)"', document)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", document)) <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', document)) <= set(ids)
    assert root.get("viewBox") == "0 0 200 200"
    assert not re.search(r"<script|<image|<foreignObject|\bhref=\"[^#]|url\([^#]|\bnan\b|\binf\b|\de-\d", document)
    return root


@pytest.mark.parametrize("category", SHOP_CATEGORIES)
def test_every_drawing_is_valid_small_and_self_contained(category):
    for values in itertools.product((0, 1), (0, 1), (0, 0.5, 1), (0, 0.3, 0.6, 1), range(3)):
        document = draw(category, *values)
        checked(document)
        assert len(document) < 4500


def test_drawings_are_deterministic_and_differ():
    every = [
        (c, s, h, 0.5, p, v) for c in SHOP_CATEGORIES for s in (0, 1) for h in (0, 1) for p in (0, 1) for v in (0, 1)
    ]
    documents = [draw(*values) for values in every]
    assert len(set(documents)) == len(documents)
    draw.cache_clear()
    assert [draw(*values) for values in every] == documents
    assert draw("mugs", np.float64(0.5), 0, 1, 0.25, np.int64(4)) == draw("mugs", 0.5, 0.0, 1.0, 0.25, 4)


def test_ids_of_two_pictures_do_not_clash():
    documents = [draw(c, 0.5, 0.5, w, 0.9) for c in SHOP_CATEGORIES for w in STEPS]
    documents += [cover(title, genre) for title in ("Heat", "Fargo") for genre in GENRES]
    ids = [name for document in documents for name in re.findall(r' id="([^"]+)"', document)]
    assert len(ids) == len(set(ids))


def test_size_fills_more_of_the_frame():
    scales = [float(re.search(r"scale\(([\d.]+)\)", draw("lamps", size, 0.5, 0.5, 0.5))[1]) for size in STEPS]
    assert np.all(np.diff(scales) > 0)
    assert scales == pytest.approx([extent(size) for size in STEPS], abs=1e-3)
    assert scales[-1] / scales[0] > 2


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


@pytest.mark.parametrize("category", SHOP_CATEGORIES)
def test_price_adds_work(category):
    for variant in range(3):
        parts = [len(list(checked(draw(category, 0.5, 0.5, 0.5, p, variant)).iter())) for p in (0.1, 0.4, 0.6, 0.9)]
        assert parts == sorted(set(parts))


def test_oklch_reaches_known_colours_and_stays_in_gamut():
    assert oklch(1, 0, 0) == "#ffffff"
    assert oklch(0, 0, 0) == "#000000"
    assert linear(oklch(0.628, 0.2577, 29.23)) == pytest.approx([1, 0, 0], abs=0.01)
    assert re.fullmatch("#[0-9a-f]{6}", oklch(0.9, 9.0, 250))
    assert oklab(oklch(0.6, 0.1, 140))[0] == pytest.approx(0.6, abs=0.005)


@pytest.mark.parametrize("value", [-0.01, 1.01, math.nan, math.inf, None, "large"])
@pytest.mark.parametrize("name", ATTRIBUTES)
def test_bad_attributes_are_named(name, value):
    values = dict.fromkeys(ATTRIBUTES, 0.5) | {name: value}
    with pytest.raises(InputError, match=rf"{name} is .*{value}"):
        draw("mugs", **values)


def test_the_shop_has_these_categories_and_attributes():
    assert (SHOP_CATEGORIES, ATTRIBUTES) == (shop.CATEGORIES, shop.ATTRIBUTES)


def test_an_unknown_category_is_named():
    with pytest.raises(InputError, match=r"'sofas'.*handbags"):
        draw("sofas", 0.5, 0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("raw", "tidy"),
    [
        ("Heat (1995)", ("Heat", 1995)),
        ("Usual Suspects, The (1995)", ("The Usual Suspects", 1995)),
        ("City of Lost Children, The (Cité des enfants perdus, La) (1995)", ("The City of Lost Children", 1995)),
        ("Avventura, L' (Adventure, The) (1960)", ("L'Avventura", 1960)),
        ("2001: A Space Odyssey", ("2001: A Space Odyssey", None)),
        ("(500) Days of Summer (2009)", ("(500) Days of Summer", 2009)),
        ("1984", ("1984", None)),
        ("  ", ("Untitled", None)),
        ("a\x00\ud800b", ("ab", None)),
    ],
)
def test_titles_are_tidied(raw, tidy):
    assert tidy_title(raw) == tidy


def test_a_title_is_set_as_large_as_fits():
    assert fit_title("Heat") == (31, ["Heat"])
    sizes = [fit_title(" ".join(["word"] * n))[0] for n in range(1, 40)]
    assert sizes == sorted(sizes, reverse=True)
    size, lines = fit_title("wonderful " * 30)
    assert (size, len(lines)) == (16.5, 4)
    assert lines[-1].endswith("…")
    assert "".join(fit_title("七人の侍" * 5)[1]) == "七人の侍" * 5


def test_covers_escape_what_they_show():
    title = '<script>alert("&")</script>'
    root = checked(cover(title, ["<b>&"]))
    assert "".join(root.itertext()).startswith("<script>alert")


@settings(max_examples=100, deadline=None)
@chosen(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=3), st.text(max_size=20))
def test_any_text_makes_a_valid_cover(title, genres, category):
    document = cover(title, genres, None, category)
    ET.fromstring(document.encode())
    assert picture({"title": title, "genres": genres, "category": category}).startswith("data:image/svg+xml;base64,")
    assert alt({"title": title, "genres": genres}).startswith("cover of ")


def test_titles_stand_out_and_genres_look_different():
    for genre, (ground, _, _, accent) in GENRES.items():
        assert contrast(PAPER, ground) > 12
        assert contrast(accent, ground) > 4.5  # year and genre
        document = cover("Heat", genre)
        checked(document)
        assert ground in document
        assert len(document) < 6000
    assert len({cover("Heat", genre) for genre in GENRES}) == len(GENRES)
    assert len({colours[2] for colours in GENRES.values()}) == len(GENRES)


def test_covers_read_what_tables_hold():
    assert cover("Heat", "Crime|Drama", 1995.0) == cover("Heat (1995)", ["Crime", "Drama"], math.nan)
    assert ">1995 · CRIME<" in cover("Heat", "Crime", "1995")
    assert ">BOOKS<" in cover("Emma", "(no genres listed)", pd.NA, "Books")
    assert cover("Heat", None) == cover("Heat", math.nan) == cover("Heat")


def test_picture_prefers_an_address_then_a_drawing_then_a_cover():
    def read(item):
        head, code = picture(item).split(",")
        assert head == "data:image/svg+xml;base64"
        return base64.b64decode(code).decode()

    assert picture(ITEM | {"image_url": " https://example.org/a.png"}) == "https://example.org/a.png"
    assert picture(ITEM | {"image_url": "data:image/png;base64,AA=="}) == "data:image/png;base64,AA=="
    for empty in (None, math.nan, "", "javascript:alert(1)", "data:text/html,x"):
        assert picture(ITEM | {"image_url": empty}) == picture(ITEM)
    assert read(ITEM) in {draw("handbags", 0.7, 0.7, 0.7, 0.7, variant) for variant in range(3)}
    assert read(ITEM | {"price": math.nan}) == cover("Bag 7", category="handbags")
    assert read({"title": "Heat (1995)", "genres": "Crime", "size": 0.5}) == cover("Heat", "Crime", 1995)
    assert "Untitled" in read({})
    with pytest.raises(InputError, match="no number"):
        picture(ITEM | {"price": "dear"})


def test_silhouettes_vary_by_item_only():
    found = {picture(ITEM | {"item_id": number}) for number in range(30)}
    assert len(found) == 3
    assert picture(pd.Series(ITEM).to_dict()) == picture(ITEM)


def test_alt_says_what_is_seen():
    assert alt(ITEM) == "a large dark warm handbag, expensive"
    assert alt(ITEM | dict.fromkeys(ATTRIBUTES, 0)) == "a tiny very light blue handbag, cheap"
    assert alt({"title": "Heat (1995)", "genres": "Crime|Drama"}) == "cover of Heat (1995), Crime, Drama"
    assert alt({"title": "Emma", "year": math.nan, "category": "books"}) == "cover of Emma, books"
