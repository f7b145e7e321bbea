"""Steer: choose a person or build a profile, wish for what is known or turn dials, and see the list change."""

from dataclasses import replace
from functools import cache

import numpy as np
import streamlit as st

from macrid.charts import figures
from macrid.data import cells
from macrid.data.ids import ids_text
from ui import address, bundles, events, finder, html, kept, links, sliders, stage, widgets, words
from ui.state import DIALS, Steer

SIZES = (6, 12, 24, 48)  # of the lists
OFFERED = 10  # items to add to a profile
BESIDE = {"": "Nothing beside it", "before": "The list before", "person": "Another person"}

bundle = bundles.chosen()
state = Steer()
known = bundle.item_ids


def titles_of(user: str) -> str:
    """Titles that stand for a person."""
    return ", ".join(stage.loved(bundle, bundle.history_of(user)))


def surprise():
    state.user = str(np.random.default_rng().choice(bundle.people))


def example():
    typical = np.random.default_rng().choice([f for f in bundle.factors if f.typical]).typical
    state.items = bundle.items["item_id"].iloc[list(typical[:4])].tolist()


def id_of(position: int) -> str:
    return str(bundle.items["item_id"].iloc[position])


def find_person(key: str, name: str):
    """A box that finds people by what they like, and shows the one under that name of the state."""
    finder.box(bundle, key, finder.PEOPLE, {
        "label": "Person", "placeholder": "Find a person by what they like, or by number",
        "value": f"{getattr(state, name)} · {titles_of(getattr(state, name))}"}, lambda user: setattr(state, name, user))


# Who
used = [factor.index for factor in bundle.factors if factor.share > 0]
if not state.is_set("user"):
    state.amiss = links.amiss(bundle, st.query_params, used)
address.from_address("who", ["person", "profile"], "person")
address.from_address("user", bundle.people, bundle.people[0])
with st.container(horizontal=True, vertical_alignment="center", key="who-row"):
    html.begin("Steer", "")
    kind = st.segmented_control("Who", ["person", "profile"], required=True, key="who", label_visibility="collapsed",
                                persist_state="session", format_func={"person": "A person", "profile": "Me"}.get,
                                help="People whom the model has never seen in training, or a profile that you put together.")
    if kind == "person":
        user = state.user
        find_person("find-person", "user")
        st.button("Surprise me", icon=":material/casino:", on_click=surprise)
        seen = bundle.history_of(user)
    else:
        if not state.is_set("items"):
            state.items = address.ids_from(st.query_params.get("items", ""), known)
        finder.box(bundle, "find-item", finder.ITEMS, {
            "label": "Search the catalogue", "placeholder": "Find titles, categories, years", "value": "",
            "taken": state.items}, state.add)
        st.button("An example", icon=":material/casino:", on_click=example)
        seen = bundle.positions(state.items)
links.show(state)
if kind == "profile":
    with st.expander(f"Your profile, {html.count(len(seen))}", expanded=len(seen) < 3):
        yours, offered = st.columns(2, gap="large")
        with yours:
            if len(seen):
                st.html('<p class="mc-note">A click takes one out</p>')
                widgets.picker(bundle, seen, "remove", "Your profile", lambda position: state.remove(id_of(position)))
            else:
                st.info("Click a few items that go together, find some above, or take an example.")
        with offered:
            offers = [position for position in bundle.typical(OFFERED + len(seen)) if position not in seen][:OFFERED]
            st.html('<p class="mc-note">Typical of the intentions: a click adds one</p>')
            widgets.picker(bundle, offers, "add", "Items to add", lambda position: state.add(id_of(position)))
    address.to_address(who=(kind, "person"), user=(None, None), items=(ids_text(state.items), ""))
    if not len(seen):
        address.to_address(**dict.fromkeys(("factor", "dim", "dials", "strength", "wishes", "likes", "hides", "kept", "said",
                                            "added", "side", "other"), (None, None)))
        st.stop()

loved = ", ".join(stage.loved(bundle, seen))
for_whom = f"For someone who loves {loved}"
more = f" and {html.count(len(seen) - stage.LOVED)} more" if len(seen) > stage.LOVED else ""
st.html(f'<p class="mc-for">For someone who loves <strong>{words.escaped(loved)}</strong>{more}</p>')

# What is turned: percents of wishes and of dials
interest = bundle.interest(seen)
used.sort(key=lambda k: -interest[k])
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
    state.kept = kept.read(bundle, asked.get("kept", ""))
    state.said = asked.get("said", "")[:events.MOST_SAID]
    state.added = address.names_from(asked.get("added", ""), bundle.wishes.attributes)
    address.from_address("strength", range(101), 100, int)
address.from_address("dim", every, bundle.dials.order(state.factor)[0], int)
address.from_address("scope", ["factor", "all"], "all")
address.from_address("n", SIZES, 12, int)
address.from_address("keep", [True, False], False, lambda text: text == "True")
beside = ["", "before", "person", *(f"kept:{name}" for name in state.kept)]
address.from_address("side", beside, "", lambda text: {"True": "before"}.get(text, text))
address.from_address("other", bundle.people, bundle.people[-1])
if state.side not in beside:  # what was kept is forgotten
    state.side = ""
address.to_address(who=(kind, "person"), user=(user if kind == "person" else None, bundle.people[0]),
                   items=(None if kind == "person" else ids_text(state.items), ""))


def scene() -> stage.Scene:
    return stage.Scene(tuple(int(p) for p in seen), state.wishes, state.dials, state.strength,
                       state.factor if state.scope == "factor" else None, state.n, state.keep, tuple(state.likes),
                       tuple(state.hides))


def other_scene(now: stage.Scene) -> stage.Scene:
    """The list that stands beside this one: of another person, or with turns that were kept."""
    if state.side == "person":
        return replace(now, history=tuple(int(p) for p in bundle.history_of(state.other)))
    turn = state.kept[state.side.removeprefix("kept:")]
    return replace(now, wishes=turn.wishes, dials=turn.dials, strength=turn.strength, likes=tuple(turn.likes),
                   hides=tuple(turn.hides))


def understand(text: str) -> dict[str, int]:
    return {name: round(100 * value) for name, value in bundle.wishes.understand(text).wishes.items()}


def hear(event: dict):
    """What happened on the stage."""
    if event["what"] == "bring":
        state.bring(kept.read(bundle, event["text"]), event["seq"])
    elif event["what"] == "earlier":
        state.remember(kept.heard(bundle, event["turns"]), event["seq"])
    else:
        state.hear(event, understand)


def first(now: stage.Scene) -> list[sliders.Of]:
    """What has a slider beside the list: wishes that were asked for, and what moves the list most."""
    most = [each.of for each in bundle.sliders(seen, stage.FIRST, now.factor)]
    asked = [name for name in dict.fromkeys([*state.added, *state.wishes]) if name not in most]
    return [*asked, *(of for i, of in enumerate(most)
                      if of in state.wishes or of in state.dials or i + len(asked) < stage.FIRST)]


def the_stage(now: stage.Scene, shown: list[sliders.Of]):
    """The list and the sliders beside it."""
    rows = sliders.sliders(bundle, bundle.person(seen), shown, state.wishes, state.dials)
    names, read = sliders.wished(shown), sliders.read(rows)
    found = bundle.wishes.understand(state.said)
    query = now.query({"user": user} if kind == "person" else {"items": ids_text(state.items)})
    before = stage.Scene(now.history, {}, {}, 100, now.factor, now.n, now.keep, (), ()).steered(bundle).before["index"]
    data = {"signature": f"{bundle.name} {user if kind == 'person' else ''}", "live": stage.live_address(bundle),
            "query": query, "sliders": rows,
            "others": [name for name in bundle.wishes.attributes if name not in names],
            "chips": stage.chips(bundle, now), "presets": stage.presets(bundle), "said": state.said,
            "turns": stage.turns(bundle, names), "heard": stage.heard(bundle, found), "who": for_whom,
            "kept_file": kept.written(state.kept), "unknown": found.unknown, "list": stage.listed(bundle, now, read),
            "before": [stage.card(bundle, int(p)) for p in before], "seq": state.staged,
            "earlier": kept.told(state.earlier), "can_undo": bool(state.earlier), "turned": state.is_turned}
    stage.show(bundle, data, hear)


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


def compare(now: stage.Scene, face):
    """Another list beside this one."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.selectbox("Beside", beside, key="side", persist_state="session", label_visibility="collapsed", width=280,
                     format_func=lambda side: BESIDE.get(side) or f"★ {side.removeprefix('kept:')}")
        if state.side == "person":
            find_person("find-other", "other")
    if not state.side:
        st.caption("Choose what stands beside this list. Turns that you keep (“Keep & share”) can be chosen, too.")
        return
    steered = now.steered(bundle)
    after, other = steered.after, steered.before if state.side == "before" else other_scene(now).steered(bundle).after
    common = set(after["index"]) & set(other["index"])
    left, right = st.columns(2, gap="medium")
    of = {"before": "Before", "person": f"Person {state.other}, turned alike"}.get(state.side, f"★ {state.side[5:]}")
    with left:
        st.markdown(f"**{words.plain(of)}**")
        marks = None if state.side == "before" else ["both" if item in common else "same" for item in other["index"]]
        html.cards(bundle, other["index"], marks, label="List before" if state.side == "before" else "List beside",
                   stands=bundle.dials.stands(other["index"], state.factor, state.dim))
    with right.container(key="after"):
        st.markdown("**After**" if state.side == "before" else "**This list**")
        marks = list(after["mark"]) if state.side == "before" else ["both" if item in common else "same"
                                                                    for item in after["index"]]
        html.cards(bundle, after["index"], marks, label="List after",
                   stands=bundle.dials.stands(after["index"], state.factor, state.dim))
    st.caption(f"{len(common)} of {len(after)} are in both lists. The dot under a picture shows where the item stands on "
               f"{words.plain(face(state.dim)['name'])}: what stands near where you turn a dial moves up.")


def along(person, now, face, at):
    """What the chosen dial does from end to end: a film strip and the attributes."""
    factor, dim = state.factor, state.dim
    dials, wishes, _ = now.turned(bundle)
    shown, others = face(dim), {dial: value for dial, value in dials.items() if dial != (factor, dim)}
    name, ends = words.plain(shown["name"]), (shown["low"]["word"] or "left end", shown["high"]["word"] or "right end")
    strip, curve = st.columns([3, 2], gap="large")
    with strip:
        st.markdown(f"**Film strip**: the first three items at seven positions of {name}; a click turns it there")
        here = dials.get((factor, dim), person.position(factor, dim))
        frames = person.film_strip(factor, dim, others, wishes=wishes, hide_seen=not state.keep)
        widgets.strip(bundle, frames, here, name, lambda percent: state.put(factor, dim, percent, at(dim)))
        st.html('<div class="mc-scale">' + "".join(f"<span>{words.escaped(word)}</span>" for word in
                                                   (f"← {ends[0]}", f"{ends[1]} →")) + "</div>")
    curves = person.curves(factor, dim, others, wishes)
    if len(curves.columns):
        with curve:
            st.markdown(f"**What {name} moves** in the first ten items")

            def clicked():
                for x in events.selected(st.session_state["along"], "x", events.number(0, 100))[:1]:
                    state.put(factor, dim, round(x), at(dim))

            st.plotly_chart(figures.along_dial(curves, shown["name"]), key="along", config={"displayModeBar": False},
                            on_select=clicked, selection_mode="points",
                            alt=f"Lines: how each attribute of the list changes along the dial {shown['name']}")
            st.caption("Bold: what the dial is named after. Thin and flat: what it leaves alone." if shown["name"] in curves
                       else "The steeper a line, the more the dial moves that." if shown["confidence"] is not None
                       else "This dial has no name yet; the steeper a line, the more the dial moves that.")


def by_intention(now: stage.Scene, person, face, at):
    """The dials of an intention, what is listed, and what the chosen dial does from end to end."""
    stands = {k: [person.stands(k, j) for j in bundle.dials.order(k)[:DIALS]] for k in used}
    widgets.chips(bundle, interest, stands, state.factor, {k for k, _ in state.dials},
                  lambda k: state.choose(k, bundle.dials.order(k)[0]))
    turn(face, at)
    options()
    along(person, now, face, at)
    listed = cells.safe_table(now.steered(bundle).after.drop(columns="index"))
    st.download_button("List as CSV", lambda: listed.to_csv(index=False).encode(),
                       f"{bundle.name}-list.csv", "text/csv", icon=":material/download:", type="tertiary",
                       on_click="ignore")


def unfolding(key: str, label: str, at_first: bool = False):
    """A part of the page that is made only while it is open."""
    st.session_state.setdefault(key, at_first)
    return st.expander(label, key=key, on_change="rerun")


@st.fragment
def results():
    """The stage and all that follows from it; what is turned there redraws nothing else, and what is closed isn't made."""
    now = scene()
    shown = first(now)
    the_stage(now, shown)
    person = bundle.person(seen)

    @cache
    def face(dim: int) -> dict:
        return widgets.dial(bundle, state.factor, dim)

    @cache
    def at(dim: int) -> int:
        """Where the person stands, in percent of the dial's range."""
        return round(100 * person.stands(state.factor, dim))

    with unfolding("more", "More, by intention: dials that the model found itself",
                   not state.dials.keys() <= set(shown)) as fold:
        if fold.open:
            by_intention(now, person, face, at)
    with unfolding("beside", "Side by side with another list", bool(state.side)) as fold:
        if fold.open:
            compare(now, face)
    with unfolding("history", f"The history, {html.count(len(seen))}") as fold:
        if fold.open:
            st.html(html.thumbs(bundle, seen, label="History", limit=len(seen), titled=True))
    address.to_address(factor=(state.factor, favourite), dim=(state.dim, bundle.dials.order(state.factor)[0]),
                       dials=(address.dials_text(state.dials), ""), wishes=(address.wishes_text(state.wishes), ""),
                       likes=(ids_text(state.likes), ""), hides=(ids_text(state.hides), ""), strength=(state.strength, 100),
                       scope=(state.scope, "all"), n=(state.n, 12), keep=(state.keep, False), side=(state.side, ""),
                       other=(state.other if state.side == "person" else None, None), kept=(kept.text(state.kept), ""),
                       said=(state.said, ""), added=(address.names_text(state.added), ""))


results()
