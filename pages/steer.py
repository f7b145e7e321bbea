"""Steer: choose a person or build a profile, wish for what is known or turn dials, and see the list change."""

from functools import cache

import numpy as np
import streamlit as st

from macrid.charts import figures
from macrid.data.ids import ids_text
from ui import address, bundles, html, stage, widgets, words
from ui.state import DIALS, Steer

SIZES = (6, 12, 24, 48)  # of the lists
CARDS = 12  # of a history
OFFERED = 10  # items to add to a profile

bundle = bundles.chosen()
state = Steer()
known = bundle.item_ids


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"


def label_of(user: str) -> str:
    positions = bundle.history_of(user)
    return f"{user} · {', '.join(stage.loved(bundle, positions))} · {_items(len(positions))}"


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
with st.container(horizontal=True, vertical_alignment="center", key="who-row"):
    html.begin("Steer", "")
    kind = st.segmented_control("Who", ["person", "profile"], required=True, key="who", label_visibility="collapsed",
                                persist_state="session", format_func={"person": "A person", "profile": "Me"}.get,
                                help="People whom the model has never seen in training, or a profile that you put together.")
    if kind == "person":
        user = st.selectbox("Person", bundle.people, key="user", persist_state="session", format_func=label_of,
                            label_visibility="collapsed")
        st.button("Surprise me", icon=":material/casino:", on_click=surprise)
        seen = bundle.history_of(user)
    else:
        wanted = st.text_input("Search the catalogue", key="search", persist_state="session", icon=":material/search:",
                               placeholder="Titles, categories, years", label_visibility="collapsed")
        st.button("An example", icon=":material/casino:", on_click=example)
if kind == "profile":
    if not state.is_set("items"):
        state.items = address.ids_from(st.query_params.get("items", ""), known)
    seen = bundle.positions(state.items)
    with st.expander(f"Your profile, {_items(len(seen))}", expanded=len(seen) < 3 or bool(wanted.strip())):
        yours, offered = st.columns(2, gap="large")
        with yours:
            if len(seen):
                st.html('<p class="mc-note">A click takes one out</p>')
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
                st.caption("No item is called anything like it.")
    address.to_address(who=(kind, "person"), user=(None, None), items=(ids_text(state.items), ""))
    if not len(seen):
        address.to_address(**dict.fromkeys(("factor", "dim", "dials", "strength", "wishes", "likes", "hides"), (None, None)))
        st.stop()

loved = ", ".join(words.escaped(title) for title in stage.loved(bundle, seen))
others = _items(max(0, len(seen) - stage.LOVED))
st.html(f'<p class="mc-for">For someone who loves <strong>{loved}</strong> and {others} more</p>')

# What is turned: percents of wishes and of dials
interest = bundle.interest(seen)
used = sorted((factor.index for factor in bundle.factors if factor.share > 0), key=lambda k: -interest[k])
favourite = used[0]
address.from_address("factor", used, favourite, int)
state.meet(bundle.name, seen, favourite)
every = range(bundle.settings.embedding_size)
if not state.is_set("dials"):
    asked = st.query_params
    state.dials = address.dials_from(asked.get("dials", ""), used, every)
    state.wishes = address.wishes_from(asked.get("wishes", ""), bundle.wishes.attributes)
    state.likes = address.ids_from(asked.get("likes", ""), known)
    state.hides = address.ids_from(asked.get("hides", ""), known)
    address.from_address("strength", range(101), 100, int)
address.from_address("dim", every, bundle.dials.order(state.factor)[0], int)
address.from_address("scope", ["factor", "all"], "all")
address.from_address("n", SIZES, 12, int)
address.from_address("keep", [True, False], False, lambda text: text == "True")
address.from_address("side", [True, False], False, lambda text: text == "True")
address.to_address(who=(kind, "person"), user=(user if kind == "person" else None, bundle.people[0]),
                   items=(None if kind == "person" else ids_text(state.items), ""))


def scene() -> stage.Scene:
    return stage.Scene(tuple(int(p) for p in seen), state.wishes, state.dials, state.strength,
                       state.factor if state.scope == "factor" else None, state.n, state.keep, tuple(state.likes),
                       tuple(state.hides))


def understand(text: str) -> dict[str, int]:
    return {name: round(100 * value) for name, value in bundle.wishes.understand(text).wishes.items()}


@cache
def moving() -> list[str]:
    """The wishes that move this person's list most."""
    return bundle.person(seen).moving_wishes(stage.WISHES)


def the_stage(now: stage.Scene):
    """The wishes and the list."""
    asked = [name for name in dict.fromkeys([*state.added, *state.wishes]) if name not in moving()]
    names = [*asked, *(name for i, name in enumerate(moving()) if name in state.wishes or i + len(asked) < stage.WISHES)]
    found = bundle.wishes.understand(state.said)
    query = now.query({"user": user} if kind == "person" else {"items": ids_text(state.items)})
    before = stage.Scene(now.history, {}, {}, 100, now.factor, now.n, now.keep, (), ()).steered(bundle).before["index"]
    stage.show({"signature": f"{bundle.name} {user if kind == 'person' else ''}", "live": stage.live_address(bundle),
                "query": query, "sliders": stage.sliders(bundle, names, state.wishes),
                "others": [name for name in bundle.wishes.attributes if name not in names],
                "chips": stage.chips(bundle, now), "presets": stage.presets(bundle), "said": state.said,
                "heard": [f"“{each.said}”: {stage.wish_words(bundle, each.attribute, each.value)}" for each in found.heard],
                "unknown": found.unknown, "list": stage.listed(bundle, now, names),
                "before": [stage.card(bundle, int(p)) for p in before], "seq": state.staged,
                "can_undo": bool(state.earlier), "turned": state.is_turned}, lambda event: state.hear(event, understand))


def turn(face, at):
    """The board of dials of this intention."""
    factor, order = state.factor, bundle.dials.order(state.factor)
    dims = order[: state.shown]
    dims += [j for j in order[state.shown:] if j == state.dim or (factor, j) in state.dials]
    shown = [face(j) | {"at": at(j), "value": state.dials.get((factor, j), at(j))} for j in dims]
    more = "" if len(every) <= DIALS else "Fewer dials" if len(dims) == len(every) else "More dials"
    elsewhere = {f"{k}.{j}": value for (k, j), value in state.dials.items() if k != factor or j not in dims}
    widgets.board({"signature": f"{bundle.name} {factor} {dims}", "dials": shown, "chosen": state.dim, "factor": factor,
                   "elsewhere": elsewhere, "strength": state.strength, "seq": state.seq, "can_undo": bool(state.earlier),
                   "more": more, "turned": state.is_turned, "who": "this person" if kind == "person" else "you"},
                  lambda event: state.take(event, at, len(every)))


def options():
    """Which items are listed, how many, and whether those of the history are, too."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.segmented_control("From", ["all", "factor"], required=True, key="scope", persist_state="session",
                             label_visibility="collapsed",
                             format_func={"factor": "This intention only", "all": "Whole catalogue"}.get)
        st.selectbox("Items", SIZES, key="n", persist_state="session", label_visibility="collapsed", width=105,
                     format_func=lambda n: f"{n} items")
        st.toggle("Show the history, too", key="keep", persist_state="session")
        st.toggle("Before and after, side by side", key="side", persist_state="session")


def side_by_side(steered, face):
    """The lists before and after, beside one another."""
    before, after = st.columns(2, gap="medium")
    with before:
        st.markdown("**Before**")
        html.cards(bundle, steered.before["index"], label="List before",
                   stands=bundle.dials.stands(steered.before["index"], state.factor, state.dim))
    with after.container(key="after"):
        st.markdown("**After**")
        html.cards(bundle, steered.after["index"], list(steered.after["mark"]), label="List after",
                   stands=bundle.dials.stands(steered.after["index"], state.factor, state.dim))
    st.caption(f"The dot under a picture shows where the item stands on {words.plain(face(state.dim)['name'])}: what stands "
               "near where you turn a dial moves up.")


def along(person, now, face):
    """What the chosen dial does from end to end: a film strip and the attributes."""
    factor, dim = state.factor, state.dim
    dials, wishes, _ = now.turned(bundle)
    shown, others = face(dim), {dial: value for dial, value in dials.items() if dial != (factor, dim)}
    name, ends = words.plain(shown["name"]), (shown["low"]["word"] or "left end", shown["high"]["word"] or "right end")
    strip, curve = st.columns([3, 2], gap="large")
    with strip:
        st.markdown(f"**Film strip**: the first three items at seven positions of {name}")
        here = dials.get((factor, dim), person.position(factor, dim))
        html.film_strip(bundle, person.film_strip(factor, dim, others, wishes=wishes, hide_seen=not state.keep), here,
                        label="Top items along the dial")
        st.html('<div class="mc-scale">' + "".join(f"<span>{words.escaped(word)}</span>" for word in
                                                   (f"← {ends[0]}", f"{ends[1]} →")) + "</div>")
    curves = person.curves(factor, dim, others, wishes)
    if len(curves.columns):
        with curve:
            st.markdown(f"**What {name} moves** in the first ten items")
            st.plotly_chart(figures.along_dial(curves, shown["name"]), key="along", config={"displayModeBar": False},
                            alt=f"Lines: how each attribute of the list changes along the dial {shown['name']}")
            st.caption("Bold: what the dial is named after. Thin and flat: what it leaves alone." if shown["name"] in curves
                       else "This dial has no name yet; the steeper a line, the more the dial moves that.")


@st.fragment
def results():
    """The stage and all that follows from it; what is turned there redraws nothing else."""
    now = scene()
    the_stage(now)
    person = bundle.person(seen)

    @cache
    def face(dim: int) -> dict:
        return widgets.dial(bundle, state.factor, dim)

    @cache
    def at(dim: int) -> int:
        """Where the person stands, in percent of the dial's range."""
        return round(100 * person.stands(state.factor, dim))

    with st.expander("More, by intention: dials that the model found itself", expanded=bool(state.dials), key="more"):
        stands = {k: [person.stands(k, j) for j in bundle.dials.order(k)[:DIALS]] for k in used}
        widgets.chips(bundle, interest, stands, state.factor, {k for k, _ in state.dials},
                      lambda k: state.choose(k, bundle.dials.order(k)[0]))
        turn(face, at)
        options()
        steered = now.steered(bundle)
        if state.side:
            side_by_side(steered, face)
        along(person, now, face)
        st.download_button("List as CSV", lambda: steered.after.drop(columns="index").to_csv(index=False).encode(),
                           f"{bundle.name}-list.csv", "text/csv", icon=":material/download:", type="tertiary",
                           on_click="ignore")
    with st.expander(f"The history, {_items(len(seen))}"):
        st.html(html.thumbs(bundle, seen, label="History", limit=len(seen), titled=True))
    address.to_address(factor=(state.factor, favourite), dim=(state.dim, bundle.dials.order(state.factor)[0]),
                       dials=(address.dials_text(state.dials), ""), wishes=(address.wishes_text(state.wishes), ""),
                       likes=(ids_text(state.likes), ""), hides=(ids_text(state.hides), ""), strength=(state.strength, 100),
                       scope=(state.scope, "all"), n=(state.n, 12), keep=(state.keep, False), side=(state.side, False))


results()
