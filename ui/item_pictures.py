"""Where the picture of an item is: at an address of its own, or within the page."""

from dataclasses import dataclass
from urllib.parse import quote

from macrid.bundle import places
from macrid.bundle.recommender import Recommender
from macrid.errors import InputError
from macrid.pictures import item_picture

from .bundles import load

DRAWN = "#drawn="  # between an item's own picture and the drawn one, which assets/drawn.js shows where the former fails
PICTURE_ROUTE = "/picture/{bundle}/{version}/{position:int}"


@dataclass
class Serving:
    """Whether this process answers PICTURE_ROUTE, so that pictures need not travel inside the page; app.py says so."""

    pictures: bool = False


serving = Serving()


def picture_svg(name: str, version: str, position: int) -> str | None:
    """The drawn picture of the item at `position`, for the address that `picture_src` made; None if there is none."""
    try:
        bundle = load(name) if name in places.names() else None
    except InputError:
        return None
    if bundle is None or version_of(bundle) != version or not 0 <= position < len(bundle.items):
        return None
    return item_picture.svg(bundle.item(position))


def version_of(bundle: Recommender) -> str:
    """What an address holds besides the bundle's name, so that browsers may keep what it gives for good."""
    return bundle.seal


def quoted(bundle: Recommender) -> str:
    """The name of a bundle's folder as part of an address: # and ? have a meaning there."""
    return quote(bundle.path.name, safe="")


def pictures_address(bundle: Recommender) -> str | None:
    """The address under which the pictures of a bundle are served, to be followed by a position; None where they are not."""
    if not serving.pictures:
        return None
    return f"picture/{quoted(bundle)}/{version_of(bundle)}/"


def picture_src(bundle: Recommender, position: int) -> str:
    """What to write into <img src>: the item's own image_url with the address of its drawn picture behind it, that address
    alone, or, where no pictures are served, the picture itself."""
    address = pictures_address(bundle)
    item = bundle.item(position)
    if address is None:
        return item_picture.picture(item)
    own = item_picture.image_url(item)
    return f"{own.partition('#')[0]}{DRAWN}{address}{position}" if own else f"{address}{position}"
