"""Steer: choose a person or build a profile, turn dials of one intention, and see the list change."""

import time
from functools import cache

import numpy as np
import streamlit as st

from macrid.charts import figures
from macrid.data.ids import ids_from, ids_text
from ui import address, bundles, html, widgets, words
from ui.state import DIALS, Steer

SIZES = (6, 12, 24, 48)  # of the lists
CARDS = 12  # of a history
OFFERED = 10  # items to add to a profile

bundle = bundles.chosen()
html.begin("Steer", "Choose a person, choose what they are after, turn a **dial**, and watch their list change. "
         "The items are retrieved with the altered vector, never generated.")
state = Steer()


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"


def label_of(user: str) -> str:
    positions = bundle.history_of(user)
    interest = bundle.interest(positions)
    first = bundle.factors[int(interest.argmax())].name
    return f"{user} · {_items(len(positions))} · mostly {first} ({interest.max():.0%})"


def surprise():
    state.user = str(np.random.default_rng().choice(bundle.people))


def example():
    typical = np.random.default_rng().choice([f for f in bundle.factors if f.typical]).typical
    state.items = bundle.items["item_id"].iloc[list(typical[:4])].tolist()


def id_of(position: int) -> str:
    return str(bundle.items["item_id"].iloc[position])


# Who
address.from_address("who", ["person", "profile"], "person")
address.from_address("user", bundle.people, bundle.people[0])
who, pick, lucky = st.columns([2, 4, 1.2], vertical_alignment="bottom")
kind = who.segmented_control("Who", ["person", "profile"], required=True, key="who",
                             persist_state="session", format_func={"person": "A person", "profile": "My own profile"}.get,
                             help="People whom the model has never seen in training, or a profile that you put together.")
if kind == "person":
    user = pick.selectbox("Person", bundle.people, key="user", persist_state="session", format_func=label_of)
    lucky.button("Surprise me", icon=":material/casino:", on_click=surprise, width="stretch")
    seen = bundle.history_of(user)
    st.html(f'<p class="mc-note">Their history, {_items(len(seen))}</p>'
            + html.thumbs(bundle, seen, label="History", limit=CARDS, titled=True))
else:
    known = set(bundle.items["item_id"])
    if not state.is_set("items"):
        state.items = [i for i in dict.fromkeys(ids_from(st.query_params.get("items", ""), known)) if i in known]
    wanted = pick.text_input("Search the catalogue", key="search", persist_state="session", icon=":material/search:",
                             placeholder="Words of a title or a category")
    lucky.button("An example", icon=":material/casino:", on_click=example, width="stretch")
    seen = bundle.positions(state.items)
    yours, offered = st.columns(2, gap="large")
    with yours:
        st.html(f'<p class="mc-note">Your profile, {_items(len(seen))}{": a click takes one out" if len(seen) else ""}</p>')
        if len(seen):
            widgets.picker(bundle, seen, "remove", "Your profile", lambda position: state.remove(id_of(position)))
        else:
            st.info("Click a few items that go together, or take an example.")
    with offered:
        most = OFFERED + len(seen)  # of which those in the profile are left out
        candidates = bundle.search(wanted, most) if wanted.strip() else bundle.typical(most)
        offers = [position for position in candidates if position not in seen][:OFFERED]
        note = f"Found for “{wanted.strip()}”" if wanted.strip() else "Typical of the intentions"
        st.html(f'<p class="mc-note">{words.escaped(note)}: a click adds one</p>')
        if offers:
            widgets.picker(bundle, offers, "add", "Items to add", lambda position: state.add(id_of(position)))
        else:
            st.caption("No item has these words in its title or category.")
    address.to_address(who=(kind, "person"), user=(None, None), items=(ids_text(state.items), ""))
    if not len(seen):
        address.to_address(**dict.fromkeys(("factor", "dim", "dials", "strength"), (None, None)))
        st.stop()

# Which intention
interest = bundle.interest(seen)
person = bundle.person(seen)
used = sorted((factor.index for factor in bundle.factors if factor.share > 0), key=lambda k: -interest[k])
favourite = used[0]
address.from_address("factor", used, favourite, int)
state.meet(bundle.name, seen, favourite)
strongest = range(min(DIALS, bundle.settings.embedding_size))
widgets.chips(bundle, used, interest, {k: [person.stands(k, j) for j in strongest] for k in used}, state.factor,
              state.choose)
factor = state.factor

# What is turned: {(factor, dim): percent of the dial's range}
every = range(bundle.settings.embedding_size)
if not state.is_set("dials"):
    state.dials = address.dials_from(st.query_params.get("dials", ""), used, every)
    address.from_address("strength", range(101), 100, int)
address.from_address("dim", every, 0, int)
state.show_what_is_turned()


@cache
def face(dim: int) -> dict:
    return widgets.dial(bundle, factor, dim)


@cache
def at(dim: int) -> int:
    """Where the person stands, in percent of the dial's range."""
    return round(100 * person.stands(factor, dim))


address.to_address(who=(kind, "person"), factor=(factor, favourite),
                   user=(user if kind == "person" else None, bundle.people[0]),
                   items=(None if kind == "person" else ids_text(state.items), ""))


def turn():
    """The board of dials of this intention."""
    dims = every[: state.shown]
    shown = [face(j) | {"at": at(j), "value": state.dials.get((factor, j), at(j))} for j in dims]
    more = "" if len(every) <= DIALS else "Fewer dials" if len(dims) == len(every) else "More dials"
    widgets.board({"signature": f"{bundle.name} {factor} {len(dims)}", "dials": shown, "chosen": state.dim,
                   "strength": state.strength, "seq": state.seq, "can_undo": bool(state.earlier), "more": more,
                   "turned": state.is_turned, "who": "this person" if kind == "person" else "you"},
                  lambda event: state.take(event, at, len(every)))


def options():
    """Which items are listed, how many, and whether those of the history are, too."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.segmented_control("From", ["factor", "all"], required=True, key="scope", persist_state="session",
                             label_visibility="collapsed",
                             format_func={"factor": "This intention only", "all": "Whole catalogue"}.get)
        st.selectbox("Items", SIZES, key="n", persist_state="session", label_visibility="collapsed", width=105,
                     format_func=lambda n: f"{n} items")
        st.toggle("Show the history, too", key="keep", persist_state="session")


def lists(turned: dict[tuple[int, int], float]):
    """The list before and after, side by side."""
    steered = person.steer(turned, factor=factor if state.scope == "factor" else None, n=state.n,
                           hide_seen=not state.keep, strength=state.strength / 100)
    changed = len(steered.gone) / max(1, len(steered.before))
    st.html(f'<p class="mc-note">{changed:.0%} of the list has changed</p>'
            f'<div class="mc-change"><i style="width:{changed:.0%}"></i></div>')
    before, after = st.columns(2, gap="medium")
    with before:
        st.markdown("**Before**")
        html.cards(bundle, steered.before["index"], label="List before",
                   stands=bundle.dials.stands(steered.before["index"], factor, state.dim))
    with after.container(key="after"):
        st.markdown("**After**")
        html.cards(bundle, steered.after["index"], list(steered.after["mark"]), label="List after",
                   stands=bundle.dials.stands(steered.after["index"], factor, state.dim))
    if len(steered.gone):
        st.html('<p class="mc-note" style="margin-top:4px">Gone from the list</p>'
                + html.thumbs(bundle, steered.gone["index"], label="Gone from the list", faded=True))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"The dot under a picture shows where the item stands on {words.plain(face(state.dim)['name'])}: what "
                   "stands near where you turn a dial moves up.")
        st.download_button("List as CSV", lambda: steered.after.drop(columns="index").to_csv(index=False).encode(),
                           f"{bundle.name}-list.csv", "text/csv", icon=":material/download:", type="tertiary",
                           on_click="ignore")


def along(turned: dict[tuple[int, int], float]):
    """What the chosen dial does from end to end: a film strip and the attributes."""
    dim = state.dim
    shown, others = face(dim), {dial: value for dial, value in turned.items() if dial != (factor, dim)}
    name, ends = words.plain(shown["name"]), (shown["low"]["word"] or "left end", shown["high"]["word"] or "right end")
    strip, curve = st.columns([3, 2], gap="large")
    with strip:
        st.markdown(f"**Film strip**: the first three items at seven positions of {name}")
        here = turned.get((factor, dim), person.position(factor, dim))
        html.film_strip(bundle, person.film_strip(factor, dim, others, hide_seen=not state.keep), here,
                      label="Top items along the dial")
        st.html('<div class="mc-scale">' + "".join(f"<span>{words.escaped(word)}</span>" for word in
                                                   (f"← {ends[0]}", f"{ends[1]} →")) + "</div>")
    curves = person.curves(factor, dim, others)
    if len(curves.columns):
        with curve:
            st.markdown(f"**What {name} moves** in the first ten items")
            st.plotly_chart(figures.along_dial(curves, shown["name"]), key="along", config={"displayModeBar": False},
                            alt=f"Lines: how each attribute of the list changes along the dial {shown['name']}")
            st.caption("Bold: what the dial is named after. Thin and flat: what it leaves alone." if shown["name"] in curves
                       else "This dial has no name yet; the steeper a line, the more the dial moves that.")


@st.fragment
def results():
    """The dials and all that follows from them; turning one redraws nothing else, and the lists come first."""
    address.from_address("scope", ["factor", "all"], "factor")
    address.from_address("n", SIZES, 12, int)
    address.from_address("keep", [True, False], False, lambda text: text == "True")
    left, right = st.columns([2, 3], gap="large")
    dials, chosen = left.container(key="board-column"), right.container()
    turned = {dial: bundle.dials.coordinate(*dial, percent / 100) for dial, percent in state.dials.items()}
    with right:
        lists(turned)
    time.sleep(0.001)  # lets the server's thread send the lists while the rest is made
    with chosen:
        options()
    with dials:
        turn()
    along(turned)
    address.to_address(dim=(state.dim, 0), dials=(address.dials_text(state.dials), ""), strength=(state.strength, 100),
                       scope=(state.scope, "factor"), n=(state.n, 12), keep=(state.keep, False))


results()
