"""Covers are valid for any text, legible, and different for each genre."""

import math
import xml.etree.ElementTree as ET

import pandas as pd
from hypothesis import given as chosen
from hypothesis import settings
from hypothesis import strategies as st
from seeing import checked, contrast

from macrid.pictures.covers import GENRES, PAPER, cover


def test_covers_escape_what_they_show():
    title = '<script>alert("&")</script>'
    root = checked(cover(title, ["<b>&"]))
    assert "".join(root.itertext()).startswith("<script>alert")


@settings(max_examples=100, deadline=None)
@chosen(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=3), st.text(max_size=20))
def test_any_text_makes_a_valid_cover(title, genres, category):
    ET.fromstring(cover(title, genres, None, category).encode())


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
