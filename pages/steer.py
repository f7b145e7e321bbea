"""Steer: choose a person or build a profile, turn one dimension of one intention, and see the list change."""

import html

import numpy as np
import streamlit as st

import ui

SHOWN = 12  # items in each list
DIALS = 6  # offered at first; the strongest

bundle = ui.chosen()
ui.begin("Steer", "Choose a person, choose what they are after, turn **one** dimension, and watch their list change. "
         "The items are retrieved with the altered vector, never generated.")


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"


def label_of(user: str) -> str:
    positions = bundle.history_of(user)
    interest = bundle.interest(positions)
    first = bundle.factors[int(interest.argmax())].name
    return f"{user} · {_items(len(positions))} · mostly {first} ({interest.max():.0%})"


def surprise():
    st.session_state["user"] = str(np.random.default_rng().choice(bundle.people))


def start_with(typical):
    st.session_state["items"] = [str(bundle.items["item_id"].iloc[i]) for i in typical[:4]]


def example():
    start_with(np.random.default_rng().choice([f for f in bundle.factors if f.typical]).typical)


# Who
ui.from_address("who", ["person", "profile"], "person")
ui.from_address("user", bundle.people, bundle.people[0])
who, pick, lucky = st.columns([2, 4, 1.2], vertical_alignment="bottom")
kind = who.segmented_control("Who", ["person", "profile"], required=True, key="who",
                             persist_state="session", format_func={"person": "A person", "profile": "My own profile"}.get,
                             help="People whom the model has never seen in training, or a profile that you put together.")
if kind == "person":
    user = pick.selectbox("Person", bundle.people, key="user", persist_state="session", format_func=label_of)
    lucky.button("Surprise me", icon=":material/casino:", on_click=surprise, width="stretch")
    seen = bundle.history_of(user)
else:
    ids = bundle.items["item_id"]
    titles = dict(zip(ids, ui.distinct(bundle.items["title"] + "  ·  " + bundle.items["category"], ids), strict=True))
    if "items" not in st.session_state:
        st.session_state["items"] = [i for i in st.query_params.get("items", "").split(",") if i in titles]
    chosen = pick.multiselect("Items you like", list(titles), key="items", persist_state="session", format_func=titles.get,
                              placeholder="Type to search the catalogue")
    lucky.button("An example", icon=":material/casino:", on_click=example, width="stretch")
    if not chosen:
        ui.to_address(who=(kind, "person"), **dict.fromkeys(("user", "items", "factor", "dim", "value"), (None, None)))
        st.info("Pick a few items that go together, or start with what is typical of an intention.")
        with st.grid("auto", min_column_width=115, gap="xsmall"):
            for shown in bundle.factors:
                if shown.typical:
                    with st.container(border=True):
                        st.html(f'<div class="mc-quad">{ui.row(bundle, shown.typical[:4])}</div>')
                        st.button(ui.plain(shown.name), key=f"start-{shown.index}", on_click=start_with,
                                  args=(shown.typical,), width="stretch")
        st.stop()
    seen = bundle.positions(chosen)
st.html(f'<p class="mc-note">{"Their" if kind == "person" else "Your"} history, {_items(len(seen))}</p>'
        + ui.thumbs(bundle, seen, label="History"))

# Which intention
interest = bundle.interest(seen)
used = [factor.index for factor in bundle.factors if factor.share > 0]
favourite = max(used, key=lambda k: interest[k])
ui.from_address("factor", used, favourite, int)
if st.session_state.setdefault("favourite", favourite) != favourite:  # this history leans another way: follow it
    st.session_state["favourite"] = st.session_state["factor"] = favourite
factor = st.pills("Intention", sorted(used, key=lambda k: -interest[k]), required=True, key="factor",
                  persist_state="session",
                  format_func=lambda k: f"{ui.plain(bundle.factors[k].name)} · {interest[k]:.0%}",
                  help="The macro factors, named from their items, with the share of each in this history.")

dials = range(min(DIALS, bundle.settings.embedding_size))
followed = [ui.dial_attribute(bundle, factor, j) for j in dials]
dial_names = ui.distinct([found[0] if found else f"dial {j + 1}" for j, found in enumerate(followed)],
                         range(1, len(dials) + 1))
ui.from_address("dim", dials, 0, int)
dim = st.pills("Dimension", dials, required=True, key="dim", persist_state="session",
               format_func=lambda j: ui.plain(dial_names[j]),
               help="The dials of this factor that change a list most, the strongest first. One that follows a known column "
                    "of the items (rank correlation of at least 0.5) bears its name.")

low, high = bundle.dial_range(factor, dim)
stands = float(np.clip((bundle.dial(seen, factor, dim).position - low) / max(high - low, 1e-9), 0, 1))
at = round(100 * stands)
ui.from_address("value", range(101), at, int)
turned = (bundle.name, tuple(seen), factor, dim)
if st.session_state.setdefault("turned", turned) != turned:
    st.session_state["turned"], st.session_state["value"] = turned, at  # another person or dial: start where they stand


ui.to_address(who=(kind, "person"), factor=(factor, favourite), dim=(dim, 0),
              user=(user if kind == "person" else None, bundle.people[0]),
              items=(None if kind == "person" else ",".join(chosen), ""))


def reset():
    st.session_state["value"] = at


@st.fragment
def results():
    """The dial and all that follows from it; turning it redraws nothing else."""
    ends = bundle.dial_ends(factor, dim, 3)
    attribute = ui.dial_attribute(bundle, factor, dim)
    names = (f"lower {attribute[0]}", f"higher {attribute[0]}") if attribute else ("towards these", "towards these")
    if attribute and attribute[1] < 0:
        names = names[::-1]
    rho = f"rank correlation {abs(attribute[1]):.2f}" if attribute else ""
    follows = f", and it follows the {ui.plain(attribute[0])} of the items ({rho})" if attribute else ""
    st.caption(f"From end to end this dial exchanges {bundle.strength[factor, dim]:.0%} of a list of 20{follows}.")
    st.html(f'<div class="mc-ends"><div class="mc-end"><span>← {html.escape(names[0])}</span>'
            f'{ui.thumbs(bundle, ends[0], label="Items at the low end")}</div>'
            f'<div class="mc-end"><span>{html.escape(names[1])} →</span>'
            f'{ui.thumbs(bundle, ends[1][::-1], label="Items at the high end")}</div></div>')
    value = st.slider("Dial", 0, 100, key="value", persist_state="session", label_visibility="collapsed", format="%d %%")
    mark = "this person" if kind == "person" else "you"
    st.html(f'<div class="mc-track"><span style="left:{min(max(at, 4), 96)}%">▲ {mark}</span></div>')
    ui.from_address("scope", ["factor", "all"], "factor")
    options = st.container(horizontal=True, vertical_alignment="center")
    scope = options.segmented_control("From", ["factor", "all"], required=True, key="scope", persist_state="session",
                                      label_visibility="collapsed",
                                      format_func={"factor": "This intention only", "all": "Whole catalogue"}.get)
    keep = options.toggle("Show what is in the history, too", key="keep", persist_state="session")
    options.button("Reset the dial", icon=":material/restart_alt:", on_click=reset, type="tertiary", disabled=value == at)

    ui.to_address(value=(value, at), scope=(scope, "factor"))
    coordinate = None if value == at else low + (high - low) * value / 100
    found = bundle.steer_profile(seen, factor, dim, coordinate, scope=scope, n=SHOWN, hide_seen=not keep)
    changed = len(found.gone) / max(1, len(found.before))
    st.html(f'<p class="mc-note">{changed:.0%} of the list has changed</p>'
            f'<div class="mc-change"><i style="width:{changed:.0%}"></i></div>')
    before, after = st.columns(2, gap="large")
    with before:
        st.markdown("**Before**")
        ui.cards(bundle, found.before["index"], label="List before")
    with after:
        st.markdown("**After**")
        ui.cards(bundle, found.after["index"], list(found.after["mark"]), label="List after")
        if len(found.gone):
            st.html('<p class="mc-note" style="margin-top:12px">Gone from the list</p>'
                    + ui.thumbs(bundle, found.gone["index"], label="Gone from the list", faded=True))

    st.markdown("**Film strip**: the first three items at seven positions of this dial")
    ui.film_strip(bundle, bundle.film_strip(factor, dim, seen, hide_seen=not keep), low + (high - low) * value / 100,
                  label="Top items along the dial")
    st.html(f'<div class="mc-scale"><span>← {html.escape(names[0])}</span><span>{html.escape(names[1])} →</span></div>')


results()
