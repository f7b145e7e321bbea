"""Boxes that find items and people as one types: what a route of app.py tells them, and what they show."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from macrid.bundle.recommender import Recommender
from macrid.data.ids import ids_from, ids_text

from . import html, item_pictures, widgets
from .events import MOST_SAID

ROUTE = "/find/{bundle}/{version}"
MOST = 8  # that are found
PICTURED = 3  # items that stand for a person
ITEMS, PEOPLE = "items", "people"


def found(bundle: Recommender, query: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """What is found for `text`: people, or items without those that are `taken` (ids, with commas); for no text, the first
    people or items typical of the factors."""
    text = query.get("text", "")[:MOST_SAID]
    if query.get("what") == PEOPLE:
        return {"found": [_person(bundle, user, meant) for user, meant in bundle.people_liking(text, MOST)]}
    taken = set(ids_from(query.get("taken", ""), bundle.item_ids))
    most = MOST + len(taken)
    positions = bundle.search(text, most) if text.strip() else bundle.typical(most)
    items = [_item(bundle, position) for position in positions]
    return {"found": [item for item in items if item["id"] not in taken][:MOST]}


def _item(bundle: Recommender, position: int) -> dict[str, Any]:
    item = bundle.item(position)
    return {"id": str(item["item_id"]), "title": str(item["title"]), "about": html.subtitle(item),
            "pictures": [item_pictures.picture_src(bundle, position)]}


def _person(bundle: Recommender, user: str, meant: np.ndarray) -> dict[str, Any]:
    history = bundle.history_of(user)
    shown = list(dict.fromkeys([*meant.tolist(), *bundle.best_known(history, PICTURED).tolist()]))[:PICTURED]
    titles = [str(bundle.item(position)["title"]) for position in shown]
    return {"id": user, "title": f"{user} · {', '.join(titles)}", "about": html.count(len(history)),
            "pictures": [item_pictures.picture_src(bundle, position) for position in shown]}


def box(bundle: Recommender, key: str, what: str, shown: Mapping[str, Any], on_found: Callable[[str], None]) -> None:
    """A box that finds `what`. shown: `label`, `placeholder`, `value` (what stands in it; "": it is emptied), `taken` (ids
    that are not to be found). on_found gets the id of what was chosen."""
    query = {"what": what, "taken": ids_text(shown.get("taken", ()))}
    name, version = item_pictures.quoted(bundle), item_pictures.version_of(bundle)
    live = {"url": f"find/{name}/{version}", "query": query} if item_pictures.serving.pictures else None

    def did(event: dict[str, str]) -> None:
        first = found(bundle, query | {"text": event["text"]})["found"][:1] if event["what"] == "typed" else [event]
        if first and first[0]["id"] in (bundle.people if what == PEOPLE else bundle.item_ids):
            on_found(first[0]["id"])

    data = {name: shown[name] for name in ("label", "placeholder", "value")}
    widgets.mount("finder", key, data | {"live": live}, "did", did)
