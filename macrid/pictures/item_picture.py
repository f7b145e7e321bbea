"""What the app asks of an item: its picture (its own, a drawing or a cover) and that picture in words."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from macrid.data.titles import given, split_genres, tidy_title, year_of

from .covers import cover
from .drawings import draw

_SINGULAR = {
    "handbags": "handbag",
    "shirts": "shirt",
    "shoes": "shoe",
    "phones": "phone",
    "watches": "watch",
    "lamps": "lamp",
    "mugs": "mug",
}
_WORDS = {
    "size": ("tiny", "small", "medium-sized", "large", "huge"),
    "shade": ("very light", "light", "medium-dark", "dark", "very dark"),
    "warmth": ("blue", "cool", "grey", "warm", "orange"),
    "price": ("cheap", "inexpensive", "mid-priced", "expensive", "luxurious"),
}


def image_url(item: Mapping[str, Any]) -> str | None:
    """The item's own picture: its `image_url` if that is a http, https or data:image address, else None."""
    address = item.get("image_url")
    if isinstance(address, str) and address.strip().lower().startswith(("http://", "https://", "data:image/")):
        return address.strip()
    return None


def svg(item: Mapping[str, Any]) -> str:
    """What is drawn for an item, as an SVG document: the item itself for the shop's categories, else a cover.

    Reads `category` with the attributes `size`, `shade`, `warmth` and `price`, `title`, `genres` ("Crime|Drama" or a list),
    `year` and `item_id`, all optional; missing values may be None or NaN.
    """
    values = _attributes(item)
    if values is not None:
        return draw(item["category"], **values, variant=_variant(item))
    genres = sorted(split_genres(item.get("genres")), key=lambda genre: genre != item.get("category"))  # the category leads
    return cover(item.get("title"), genres, item.get("year"), item.get("category"))


def picture(item: Mapping[str, Any]) -> str:
    """The `src` of an item's <img>: its `image_url`, else what `svg` draws for it, as a data address."""
    return image_url(item) or _as_address(svg(item))


def alt(item: Mapping[str, Any]) -> str:
    """An item's picture in words: "a large dark warm handbag, expensive" or "cover of Heat (1995), Crime"."""
    values = _attributes(item)
    if values is not None:
        size, shade, warmth, price = (_WORDS[name][min(4, int(5 * value))] for name, value in values.items())
        return f"a {size} {shade} {warmth} {_SINGULAR[item['category']]}, {price}"
    title, year_in_title = tidy_title(str(item["title"]) if given(item.get("title")) else "")
    year = year_of(item.get("year")) or year_in_title
    genres = split_genres(item.get("genres")) or ((str(item["category"]),) if given(item.get("category")) else ())
    return f"cover of {title}" + (f" ({year})" if year else "") + (f", {', '.join(genres)}" if genres else "")


def _attributes(item: Mapping[str, Any]) -> dict[str, float] | None:
    """The four attributes of an item of the shop by name; None for other items, whose numbers may mean anything."""
    if item.get("category") not in _SINGULAR or not all(given(item.get(name)) for name in _WORDS):
        return None
    try:
        values = {name: float(item[name]) for name in _WORDS}
    except (TypeError, ValueError):
        return None
    return values if all(0 <= value <= 1 for value in values.values()) else None


def _variant(item: Mapping[str, Any]) -> int:
    """A silhouette for the item, always the same one for its item_id."""
    name = str(item.get("item_id", item.get("title", "")))
    return blake2b(name.encode("utf-8", "replace"), digest_size=1).digest()[0] % 3


@lru_cache(maxsize=4096)
def _as_address(document: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(document.encode("utf-8", "replace")).decode()
