"""Widgets of our own, made of the HTML that stands here and a script and a style sheet each in assets/: intentions as chips,
dials with pictures at their ends, cards that can be clicked, shelves. Each is a Streamlit component: it shows what it is
given and reports what a person did; the page decides what that means."""

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

import numpy as np
import streamlit as st

from macrid.bundle.recommender import Recommender
from macrid.dials import moves
from macrid.labelling.shelves import Shelves
from macrid.pictures import item_picture

from . import events, html, item_pictures, words

_WITH = {"board": ["element", "drawn"], "shelves": ["element", "drawn"], "finder": ["element", "drawn"], "chips": ["drawn"],
         "strip": ["element", "drawn"], "picker": ["drawn"], "drop": ["element"],
         "stage": ["element", "drawn", "share"]}  # scripts that stand before a widget's own, which calls what they have
_HTML = {"board": '<div class="board" role="group" aria-label="Dials"></div>', "stage": '<div class="stage"></div>',
         "drop": '<div class="drop"></div>',
         "chips": '<div class="chips" role="radiogroup"></div>', "picker": '<div class="picker" role="group"></div>',
         "finder": '<div class="finder"></div>', "strip": '<div class="strip" role="group"></div>',
         "shelves": '<div class="shelves" role="group" aria-label="Shelves"></div>'}


@st.cache_data(show_spinner=False)
def _asset(name: str) -> str:
    return (words.ROOT / "assets" / name).read_text(encoding="utf-8")


def mount(name: str, key: str, data: dict, event: str, on_event: Callable[[Any], None], style: str = "") -> None:
    """Show a component; `on_event` runs, with what was reported, before the page does, unless a component with these data
    cannot report that (see `events`). style: a style sheet in assets/ that says how it looks in another place."""
    script = "".join(_asset(f"{part}.js") for part in [*_WITH.get(name, []), name])
    css = _asset(f"{name}.css") + (_asset(f"{style}.css") if style else "")
    component = st.components.v2.component(f"macrid_{style or name}", html=_HTML[name], css=css, js=script)

    fits = events.REPORTS[name](data)

    def report() -> None:
        value = st.session_state.get(key, {}).get(event)
        if fits(value):
            on_event(value)

    callbacks: dict[str, Any] = {f"on_{event}_change": report}
    component(key=key, data=data, **callbacks)


def chips(bundle: Recommender, interest: np.ndarray, stands: dict[int, list[float]], chosen: int, turned: Container[int],
          on_choose: Callable[[int], None]) -> None:
    """Intentions: a picture, the name, the share of each (interest, (K,)) and where the person stands on its first dials
    (stands: factor -> from 0 to 1, in the order in which they are shown); those with turned dials are marked."""
    described = []
    for k in stands:
        factor = bundle.factors[k]
        described.append({"factor": k, "name": factor.name, "share": round(100 * float(interest[k])), "stands": stands[k],
                      "turned": k in turned,
                      "picture": item_pictures.picture_src(bundle, factor.typical[0]),
                      "hint": f"{factor.name}: {interest[k]:.0%} of this history. The dots show where it stands on the "
                              "strongest dials of this intention, low to high."})
    mount("chips", "chips", {"chosen": chosen, "label": "Intention", "chips": described}, "chose", on_choose)


def picker(bundle: Recommender, positions: Iterable[int], action: str, label: str, on_pick: Callable[[int], None]) -> None:
    """Items as cards that a click adds to the profile or removes from it; action: add or remove."""
    items = []
    for position in map(int, positions):
        item = bundle.item(position)
        items.append({"position": position, "picture": item_pictures.picture_src(bundle, position),
                      "title": str(item["title"]), "subtitle": html.subtitle(item)})
    mount("picker", f"picker-{action}", {"items": items, "action": action, "label": label}, "picked", on_pick)


def dial(bundle: Recommender, factor: int, dim: int) -> dict:
    """What the board shows of a dial, apart from where it stands."""
    label = bundle.dials.label(factor, dim)
    change = f"From end to end it exchanges {bundle.influence[factor, dim]:.0%} of a list of 20."
    name, confidence, low, high = f"dial {dim + 1}", None, "", ""
    hint = f"{change} No known attribute goes with it: its pictures say what it does."
    moved = bundle.dials.moved(factor, dim)
    amount = ""
    if label and len(moved) and moved["attribute"].iloc[0] == label.name:
        amount = moves.amount(moved.iloc[0].to_dict(), bundle.wishes.attributes[label.name])
    if label:
        name, confidence, low, high = label.name, label.confidence, label.low, label.high
        hint = f"{label.source} {change}"
    lowest, highest = bundle.dials.ends(factor, dim, 3)
    return {"dim": dim, "name": name, "amount": amount, "confidence": confidence, "hint": hint,
            "low": {"word": low, "pictures": pictures(bundle, lowest)},
            "high": {"word": high, "pictures": pictures(bundle, highest[::-1])}}


def pictures(bundle: Recommender, positions: Iterable[int]) -> list[tuple[str, str]]:
    """The address and the words of items' pictures."""
    return [(item_pictures.picture_src(bundle, int(p)), item_picture.alt(bundle.item(int(p)))) for p in positions]


def board(data: dict, on_event: Callable[[dict], None]) -> None:
    """Dials under one another. data: `dials` as `dial` makes them with `at` (where the person stands) and `value` (both in
    percent of the range), `chosen`, `strength`, `signature` (what changes when the dials are others), `seq` (the number of
    the last event taken), `who`, `can_undo`, `turned`, `more` (the words of the button that shows more dials).

    on_event gets {what: turn, strength, choose, undo, reset or more; seq, values: {dim: percent}, strength, chosen}.
    """
    mount("board", "board", data, "did", on_event)


def strip(bundle: Recommender, frames: Sequence[tuple[float, np.ndarray]], here: float, name: str,
          on_choose: Callable[[int], None]) -> None:
    """A film strip of the dial called `name`: at some coordinates, low to high, positions of items; `here`: where the dial
    stands. on_choose gets the percent of the dial's range that was clicked."""
    shown = [{"percent": round(100 * i / (len(frames) - 1)), "pictures": pictures(bundle, positions)}
             for i, (_, positions) in enumerate(frames)]
    nearest = int(np.argmin([abs(value - here) for value, _ in frames]))
    mount("strip", "strip", {"frames": shown, "here": nearest, "name": name, "label": "Top items along the dial"}, "chose",
          on_choose)


def drop(key: str, data: dict, on_drop: Callable[[dict], None]) -> None:
    """A place to drop files. data: `token` of the folder that they go to (see `uploads`), `title`, `hint`, and, if wanted,
    `multiple`, `accept` (kinds of files, as of <input>), `slim`. on_drop gets {names} of those that came."""
    mount("drop", key, {"multiple": True, "accept": "", "slim": False} | data, "dropped", on_drop)


def shelves(bundle: Recommender, shelving: Shelves, group: np.ndarray, colours: Sequence[str], seq: int,
            on_event: Callable[[dict], None]) -> None:
    """Shelves with pictures, names and acts. group (M,): the shelf that each item would go to; colours: of each shelf; seq:
    the number of the last event taken.

    on_event gets {what: move (item, to), rename (shelf, name), split (shelf) or merge (shelf, into); seq}.
    """
    described = []
    for k, shelf in enumerate(shelving.shelves):
        items = []
        for item_id, position in zip(shelf.items, bundle.positions(shelf.items), strict=True):
            items.append({"id": item_id, "picture": item_pictures.picture_src(bundle, int(position)),
                          "title": str(bundle.item(int(position))["title"])})
        described.append({"name": shelf.name, "colour": colours[k], "share": f"{(group == k).mean():.0%}", "items": items})
    mount("shelves", "shelves", {"shelves": described, "seq": seq}, "did", on_event)
