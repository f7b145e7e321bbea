"""What an address asks for and this bundle does not have, a person, an intention, items: it is said, the nearest offered."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import streamlit as st

from macrid.bundle.recommender import Recommender
from macrid.data.ids import ids_from, near

from . import words
from .state import Steer

NEAREST = 3


class Amiss(NamedTuple):
    """Something that is not there: what is said, and what is offered instead: what it is called and under which key of the
    session its value goes."""

    said: str
    offers: list[tuple[str, str, object]]


def amiss(bundle: Recommender, query: Mapping[str, str], used: Sequence[int]) -> list[Amiss]:
    """What the address asked for in vain. used: the factors that there are."""
    found = []
    offers: list[tuple[str, str, object]]
    user, factor = query.get("user"), query.get("factor")
    if user is not None and user not in bundle.people and query.get("who") != "profile":
        offers = [(f"Person {each}" if each.isdecimal() else each, "user", each)
                  for each in near(user, bundle.people, NEAREST)]
        found.append(Amiss(f"There is no person “{user}” here.", offers))
    if factor is not None and factor not in map(str, used):
        asked = int(factor) if factor.isdecimal() else 0
        offers = [(bundle.factors[k].name, "factor", k) for k in sorted(used, key=lambda k: abs(k - asked))[:NEAREST]]
        found.append(Amiss(f"There is no intention “{factor}” here.", offers))
    for key in ("items", "likes", "hides"):
        given = ids_from(query.get(key, ""), bundle.item_ids)
        lost = [item for item in given if item not in bundle.item_ids]
        if lost:
            kept = [item for item in given if item in bundle.item_ids]
            offers = [(str(bundle.item(int(bundle.positions([each])[0]))["title"]), key, list(dict.fromkeys([*kept, each])))
                      for each in near(lost[0], bundle.item_ids, NEAREST)]
            found.append(Amiss(f"There is no item {', '.join(f'“{item}”' for item in lost[:NEAREST])} here.", offers))
    return found


def show(state: Steer) -> None:
    """Say what is amiss, and offer what is near."""
    for at, (said, offers) in enumerate(state.amiss):
        say(said, f"amiss-{at}", [(called, partial(_take, state, at, *instead)) for called, *instead in offers],
            partial(_take, state, at))


def say(said: str, key: str, offers: Sequence[tuple[str, Callable[[], None]]], close: Callable[[], None]) -> None:
    """One line that says what is not there, with a button for each offer; the last one closes it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=key):
        st.markdown(f":material/link_off: {words.plain(said)} The nearest:")
        for called, take in offers:
            st.button(words.plain(called), key=f"{key}-{called}", on_click=take)
        st.button("", icon=":material/close:", key=f"{key}-close", help="Close", on_click=close)


def _take(state: Steer, at: int, key: str = "", value: object = None) -> None:
    state.amiss = [each for i, each in enumerate(state.amiss) if i != at]
    if key:
        setattr(state, key, value)
