"""The stage of the Steer page: one list, the wishes that move it, and why an item is in it. The page shows it, and while a
slider is dragged the routes of app.py give the same lists without a run of the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np

from macrid.bundle import places
from macrid.bundle.catalogue import Reading, figure
from macrid.bundle.person import Listing, Person, Steered
from macrid.bundle.recommender import Recommender
from macrid.data.ids import ids_text
from macrid.data.titles import split_genres, year_of
from macrid.dials import names
from macrid.dials.poles import POPULARITY
from macrid.dials.wishes import LIKE
from macrid.dials.words import Understood
from macrid.errors import InputError

from . import address, item_pictures, sliders, widgets
from .address import Percents, Wanted
from .bundles import load

LIST_ROUTE, WHY_ROUTE = "/steered/{bundle}/{version}", "/why/{bundle}/{version}/{position:int}"
MOST_LISTED = 48
FIRST = 6  # wishes and dials, those that move this person's list most
LOVED = 3  # titles that stand for a person
PRESETS = ("more comedy, newer", "newer, funnier", "older classics", "hidden gems", "no horror, less violent", "for kids",
           "more romantic", "cheaper", "bigger", "darker")
MOST_PRESETS = 5
BUT = 80  # percent of the wish in "like this, but newer"


@dataclass(frozen=True)
class Scene:
    """Whose list is shown, and what is done to it: positions of the history, percents of wishes and dials, the strength, of
    which factor the list is (None: of all), how many items, whether with the history, and ids of liked and hidden items."""

    history: tuple[int, ...]
    wishes: Wanted
    dials: Percents
    strength: int
    factor: int | None
    n: int
    keep: bool
    likes: tuple[str, ...]
    hides: tuple[str, ...]

    def person(self, bundle: Recommender) -> Person:
        """Who it is: likes count as clicks."""
        return bundle.person(dict.fromkeys([*self.history, *bundle.positions(self.likes).tolist()]))

    def turned(self, bundle: Recommender) -> tuple[dict[tuple[int, int], float], dict[str, float], Listing]:
        """The dials, the wishes and the listing as `Person.steer` takes them."""
        dials = {dial: bundle.dials.coordinate(*dial, percent / 100) for dial, percent in self.dials.items()}
        wishes = {name: percent / 100 for name, percent in self.wishes.items()}
        return dials, wishes, {"factor": self.factor, "n": self.n, "hide_seen": not self.keep,
                               "strength": self.strength / 100, "without": tuple(bundle.positions(self.hides).tolist())}

    def steered(self, bundle: Recommender) -> Steered:
        """The lists before and after."""
        dials, wishes, listing = self.turned(bundle)
        return self.person(bundle).steer(dials, wishes, **listing)

    def query(self, who: Mapping[str, str]) -> str:
        """The scene as the query of an address; who: user or items."""
        listed = {"factor": str(self.factor)} if self.factor is not None else {}
        return urlencode({**who, **listed, "wishes": address.wishes_text(self.wishes),
                          "dials": address.dials_text(self.dials), "strength": self.strength, "n": self.n, "keep": self.keep,
                          "likes": ids_text(self.likes), "hides": ids_text(self.hides)})


def scene_of(bundle: Recommender, query: Mapping[str, str]) -> Scene:
    """The scene in a query, as `Scene.query` writes it. Raises InputError or ValueError for what is none."""
    kfac, dims = bundle.influence.shape
    known = bundle.item_ids
    items = address.ids_from(query.get("items", ""), known)
    history = bundle.positions(items) if items else bundle.history_of(query.get("user", ""))
    n = min(max(1, int(query.get("n", 12))), MOST_LISTED)
    strength = min(max(0, int(query.get("strength", 100))), 100)
    return Scene(tuple(int(p) for p in history), address.wishes_from(query.get("wishes", ""), bundle.wishes.attributes),
                 address.dials_from(query.get("dials", ""), range(kfac), range(dims)), strength,
                 int(query["factor"]) if "factor" in query else None, n, query.get("keep") == "True",
                 *(tuple(address.ids_from(query.get(key, ""), known)) for key in ("likes", "hides")))


def answer(name: str, version: str, make: Callable[[Recommender], dict]) -> dict | None:
    """What a route says of the bundle `name`, by `make`; None where there is no such bundle, or what is asked makes no
    sense."""
    try:
        bundle = load(name) if name in places.names() else None
        if bundle is None or item_pictures.version_of(bundle) != version:
            return None
        return make(bundle)
    except (InputError, ValueError):
        return None


def listed(bundle: Recommender, scene: Scene, shown: list[str]) -> dict[str, Any]:
    """The list after steering, what is gone from the list before, and readings of the attributes `shown` and of what is
    turned, by name."""
    dials, wishes, listing = scene.turned(bundle)
    before, after, marks = scene.person(bundle).ranked(dials, wishes, **listing)
    asked = dict.fromkeys([*scene.wishes, *shown, *_dialled(bundle, scene)])
    readings = bundle.wishes.readings([name for name in asked if name in bundle.wishes.attributes], before, after)
    return {"items": [card(bundle, int(p), mark) for p, mark in zip(after, marks, strict=True)],
            "gone": [card(bundle, int(p), "gone") for p in before[~np.isin(before, after)]],
            "readings": {each.attribute: _told(each, len(after)) for each in readings}}


def _dialled(bundle: Recommender, scene: Scene) -> list[str]:
    labels = [bundle.dials.label(*dial) for dial in scene.dials]
    return [label.name for label in labels if label]


def _told(reading: Reading, listed: int) -> str:
    """A reading in few letters: "4 → 7 of 12", "1982 → 1990"; one figure where nothing changes."""
    before, after = (f"{value:.0f}" if reading.yes_no else figure(value) for value in (reading.before, reading.after))
    change = after if before == after else f"{before} → {after}"
    if reading.called:
        return f"likeness {reading.before:.2f} → {reading.after:.2f}"
    return f"{change} of {listed}" if reading.yes_no else change


def card(bundle: Recommender, position: int, mark: str = "") -> dict[str, Any]:
    """What the stage shows of an item."""
    item = bundle.item(position)
    year = year_of(item.get("year"))
    genres = split_genres(item.get("genres")) or ((str(item["category"]),) if item["category"] else ())
    return {"at": position, "id": str(item["item_id"]), "title": str(item["title"]), "year": str(year or ""),
            "genres": " · ".join(genres), "picture": item_pictures.picture_src(bundle, position), "mark": mark}


def explained(bundle: Recommender, scene: Scene, position: int) -> dict[str, Any]:
    """Why an item is in the list: the items of the history nearest to it, and what each wish and dial did to its rank."""
    if not 0 <= position < len(bundle.items):
        raise InputError(f"there is no item at position {position}: {bundle.name} has {len(bundle.items)}")
    dials, wishes, listing = scene.turned(bundle)
    why = scene.person(bundle).why(position, dials, wishes, **listing)
    ranks = [(wish_words(bundle, name, scene.wishes[name]), rank) for name, rank in why.without_wish.items()]
    ranks += [(_dial_words(bundle, scene, dial), rank) for dial, rank in why.without_dial.items()]
    return {"near": [card(bundle, int(p)) for p in why.near], "rank": why.rank, "factor": _factor(bundle, position),
            "lines": [f"{words}: {_moved(rank, why.rank)}" for words, rank in ranks]}


def _factor(bundle: Recommender, position: int) -> str:
    return bundle.factors[int(bundle.factor[position])].name


def _moved(without: int | None, rank: int | None) -> str:
    if without == rank:
        return "no other place without it"
    return f"from place {without or 'none'} to {rank or 'none'}"


def wish_words(bundle: Recommender, name: str, percent: float) -> str:
    """A wish in few words: more Comedy, newer."""
    low, high = bundle.wishes.attributes[name].poles
    return high if percent > 0 else low


def _dial_words(bundle: Recommender, scene: Scene, dial: tuple[int, int]) -> str:
    """A turned dial in few words: more Comedy at 80 %, 1970s to 80s."""
    label, percent = bundle.dials.label(*dial), scene.dials[dial]
    towards = f"dial {dial[1] + 1}"
    if label:
        towards = label.high if percent / 100 > scene.person(bundle).stands(*dial) else label.low
    return f"{towards} at {percent} %, {names.short(bundle.factors[dial[0]].name)}"


def loved(bundle: Recommender, history: np.ndarray) -> list[str]:
    """Titles that stand for a person: the best known of their history."""
    return [str(bundle.item(int(p))["title"]) for p in bundle.best_known(history, LOVED)]


def turns(bundle: Recommender, wishes: list[str]) -> list[tuple[str, Wanted]]:
    """What may be wished besides "more like this": both ends of the first number among `wishes`."""
    known = bundle.wishes.attributes
    numbers = [name for name in wishes if not known[name].yes_no and not name.startswith(LIKE)]
    number = min(numbers, key=lambda name: name == POPULARITY, default=None)
    if number is None:
        return []
    return [(f"Like this, but {wish_words(bundle, number, value)}", {number: value}) for value in (-BUT, BUT)]


def heard(bundle: Recommender, understood: Understood) -> list[str]:
    """What was understood, a line for each part of a text: “no horror and romance”: less Horror, less Romance."""
    parts: dict[str, list[str]] = {}
    for each in understood.heard:
        parts.setdefault(each.said, []).append(wish_words(bundle, each.attribute, each.value))
    return [f"“{said}”: {', '.join(words)}" for said, words in parts.items()]


def chips(bundle: Recommender, scene: Scene) -> list[dict[str, Any]]:
    """What is turned, wished, liked and hidden, as chips that can be taken off."""
    titles = {item: str(bundle.item(int(at))["title"]) for item, at in
              zip([*scene.likes, *scene.hides], bundle.positions([*scene.likes, *scene.hides]), strict=True)}
    found = [("wish", name, f"{wish_words(bundle, name, value)} {abs(value)}", value)
             for name, value in scene.wishes.items()]
    found += [("dial", sliders.key(dial), _dial_words(bundle, scene, dial), value) for dial, value in scene.dials.items()]
    found += [("like", item, f"♥ {titles[item]}", 0) for item in scene.likes]
    found += [("hide", item, f"hidden: {titles[item]}", 0) for item in scene.hides]
    return [{"kind": kind, "key": key, "text": text, "value": value} for kind, key, text, value in found]


def presets(bundle: Recommender) -> list[str]:
    """Words to tap, all of which this catalogue understands."""
    understood = [text for text in PRESETS if (found := bundle.wishes.understand(text)).wishes and not found.unknown]
    return understood[:MOST_PRESETS]


def live_address(bundle: Recommender) -> dict[str, str] | None:
    """Where the routes are, None where nobody serves them."""
    if not item_pictures.serving.pictures:
        return None
    name, version = item_pictures.quoted(bundle), item_pictures.version_of(bundle)
    return {"list": f"steered/{name}/{version}", "why": f"why/{name}/{version}/"}


def of_bundle(bundle: Recommender, event: dict[str, Any]) -> dict[str, Any] | None:
    """What happened on the stage without wishes that this bundle does not know; None where it is about nothing that there
    is."""
    attributes, (kfac, dims) = bundle.wishes.attributes, bundle.influence.shape
    what = event["what"]
    if what == "wish":
        return event | {"wishes": {name: value for name, value in event["wishes"].items() if name in attributes}}
    if what == "add":
        return event if event["name"] in attributes else None
    if what in ("like", "hide"):
        return event if event["item"] in bundle.item_ids else None
    if what == "dial":
        return event if address.dials_from(f"{event['key']}-0", range(kfac), range(dims)) else None
    return event


def show(bundle: Recommender, data: dict[str, Any], on_event: Callable[[dict[str, Any]], None], style: str = "") -> None:
    """The stage, or what a style sheet makes of it. data: `signature` (what changes when it is built anew), `live` and
    `query` (see `live_address`, `Scene`), `sliders`, `others` (names of attributes that may be added), `chips`, `presets`,
    `turns`, `said`, `heard`, `unknown`, `list` (see `listed`), `before` (cards), `who` (in words), `kept_file` (what is
    kept, by name), `earlier` (turns that can be taken back), `seq`, `can_undo`, `turned`.

    on_event gets {what: wish, dial, words, add, like, hide, drop, keep, recall, forget, bring, earlier, undo or
    reset; seq; and wishes, text, name, item, turns, key and value, or kind and key}.
    """
    def heard(event: dict[str, Any]) -> None:
        if known := of_bundle(bundle, event):
            on_event(known)

    widgets.mount("stage", style or "stage", data, "did", heard, style)
