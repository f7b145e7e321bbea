"""Turns as text: those that somebody keeps by name, in the address and as a file, and those that can be taken back, which
the browser remembers over a reload."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from macrid.bundle.recommender import Recommender
from macrid.data.ids import ids_text

from . import address
from .events import KEPT_NAME, NAME, PERCENT
from .state import KEPT, UNDONE, Turn


def written(kept: Mapping[str, Turn]) -> dict[str, dict[str, Any]]:
    """Turns as an address has them, by name; what is as at first is left out."""
    return dict(zip(kept, told(kept.values()), strict=True))


def told(turns: Iterable[Turn]) -> list[dict[str, Any]]:
    """Turns as an address has them; what is as at first is left out."""
    return [{key: value for key, value in (
        ("wishes", address.wishes_text(turn.wishes)), ("dials", address.dials_text(turn.dials)),
        ("strength", turn.strength if turn.strength != 100 else ""), ("likes", ids_text(turn.likes)),
        ("hides", ids_text(turn.hides))) if value != ""} for turn in turns]


def heard(bundle: Recommender, given: object) -> list[Turn]:
    """The turns that a browser remembers, as `told` has them; what is none of this bundle is left out."""
    return [_turn(bundle, each) for each in given if isinstance(each, dict)][-UNDONE:] if isinstance(given, list) else []


def text(kept: Mapping[str, Turn]) -> str:
    """Turns for the address; nothing where none is kept."""
    return json.dumps(written(kept), separators=(",", ":"), ensure_ascii=False) if kept else ""


def read(bundle: Recommender, given: str) -> dict[str, Turn]:
    """The turns in a text that `text` or a file of `written` holds; what is none of this bundle is left out."""
    try:
        found = json.loads(given) if given else {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    turns = {name[:KEPT_NAME]: _turn(bundle, each) for name, each in found.items()
             if name and NAME(name) and isinstance(each, dict)}
    return {name: turn for name, turn in list(turns.items())[:KEPT] if turn != Turn({}, 100, {}, [], [])}


def _turn(bundle: Recommender, given: Mapping[str, Any]) -> Turn:
    kfac, dims = bundle.influence.shape
    said = {key: str(given.get(key, "")) for key in ("wishes", "dials", "likes", "hides")}
    strength = given.get("strength", 100)
    return Turn(address.dials_from(said["dials"], range(kfac), range(dims)),
                strength if PERCENT(strength) else 100,
                address.wishes_from(said["wishes"], bundle.wishes.attributes),
                address.ids_from(said["likes"], bundle.item_ids), address.ids_from(said["hides"], bundle.item_ids))
