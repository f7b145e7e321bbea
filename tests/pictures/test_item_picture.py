"""An item's picture is its own, else a drawing, else a cover; its text says what is seen."""

import base64
import math
import re

import numpy as np
import pandas as pd
from hypothesis import given as chosen
from hypothesis import settings
from hypothesis import strategies as st

from macrid.data.shop import ATTRIBUTES, CATEGORIES, simulate
from macrid.pictures.covers import GENRES, cover
from macrid.pictures.drawings import draw
from macrid.pictures.item_picture import alt, picture

STEPS = np.linspace(0, 1, 21)
ITEM = {"item_id": 7, "category": "handbags", "size": 0.7, "shade": 0.7, "warmth": 0.7, "price": 0.7, "title": "Bag 7"}


def test_ids_of_two_pictures_do_not_clash():
    documents = [draw(c, 0.5, 0.5, w, 0.9) for c in CATEGORIES for w in STEPS]
    documents += [cover(title, genre) for title in ("Heat", "Fargo") for genre in GENRES]
    ids = [name for document in documents for name in re.findall(r' id="([^"]+)"', document)]
    assert len(ids) == len(set(ids))


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
    for price in ("dear", 39.9, -1, math.inf):  # somebody's own handbags, whose prices are prices
        assert read(ITEM | {"price": price}) == cover("Bag 7", category="handbags")
        assert alt(ITEM | {"price": price}) == "cover of Bag 7, handbags"


@settings(max_examples=100, deadline=None)
@chosen(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=3), st.text(max_size=20))
def test_any_text_has_a_picture_and_an_alt(title, genres, category):
    assert picture({"title": title, "genres": genres, "category": category}).startswith("data:image/svg+xml;base64,")
    assert alt({"title": title, "genres": genres}).startswith("cover of ")


def test_every_item_of_the_shop_is_drawn():
    items = simulate(n_items=10 * len(CATEGORIES), n_people=1).data.items
    for item in items.to_dict("records"):
        values = {name: item[name] for name in ATTRIBUTES}
        assert base64.b64decode(picture(item).split(",")[1]).decode() in {
            draw(item["category"], **values, variant=variant) for variant in range(3)
        }
        assert item["category"].startswith(alt(item).split(",")[0].split()[-1])


def test_silhouettes_vary_by_item_only():
    pictures = {picture(ITEM | {"item_id": number}) for number in range(30)}
    assert len(pictures) == 3
    assert picture(pd.Series(ITEM).to_dict()) == picture(ITEM)


def test_alt_says_what_is_seen():
    assert alt(ITEM) == "a large dark warm handbag, expensive"
    assert alt(ITEM | dict.fromkeys(ATTRIBUTES, 0)) == "a tiny very light blue handbag, cheap"
    assert alt({"title": "Heat (1995)", "genres": "Crime|Drama"}) == "cover of Heat (1995), Crime, Drama"
    assert alt({"title": "Emma", "year": math.nan, "category": "books"}) == "cover of Emma, books"
