"""Train on your data: files are dropped, looked at, trained on while one watches; the bundle opens in every page."""

import time

import streamlit as st

from macrid.bundle import places
from macrid.errors import InputError
from macrid.jobs import Job
from macrid.model.settings import make_settings
from macrid.pipeline import realign
from ui import (
    address,
    background,
    bundles,
    columns_table,
    html,
    preparation,
    settings_form,
    uploads,
    watching,
    widgets,
    words,
)
from ui.preparation import DATA, LABELS, Columns, Found, Preparation
from ui.state import Train

WHAT = ("Drop a file of who touched what, and see what counts before anything is trained. Training runs beside this page: "
        "close it, come back, watch from anywhere.")

state, mine, queue = Train(), Preparation(), background.queue()


# Files -----------------------------------------------------------------------------------------------------------------


def files() -> bool:
    """The files that are there, and a place to drop more; whether there are any to train on."""
    given = mine.files()
    state.token = preparation.token(mine.data, state.token)
    hint = ("Clicks, purchases, plays or ratings as CSV, TSV, JSON, Parquet, Excel, zip …; what is known of the items "
            f"beside it, if you have it. Up to {uploads.MOST / 1e9:.0f} GB.")
    widgets.drop("drop", {"token": state.token, "title": "Drop more files" if given else "Drop your files here",
                          "hint": hint, "slim": bool(given)}, lambda event: None)
    names = mine.names()
    if names != state.files:
        state.files = names
        state.forget()
    for kind, path in given:
        one_file(kind, path)
    if not any(kind == DATA for kind, _ in given):
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            st.button("Try it with a small shop", icon=":material/storefront:", on_click=mine.example)
            st.caption("Nothing at hand? The simulated shop as two files: 1,500 people, 300 items.")
        return False
    return True


def one_file(kind: str, path) -> None:
    says = next((file["says"] for file in state.seen.get("files", ()) if file["name"] == path.name), "")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"file-{kind}-{path.name}"):
        st.html(f'<div class="mc-file"><b>{words.escaped(path.name)}</b><small>{size(path.stat().st_size)}'
                f'{f" · {words.escaped(says)}" if says else ""}</small></div>')
        key = f"kind-{kind}-{path.name}"
        st.segmented_control("What it is", [DATA, LABELS], default=kind, key=key, label_visibility="collapsed",
                             format_func={DATA: "Clicks or items", LABELS: "Labels"}.get, required=True, on_change=move,
                             args=(path, key),
                             help="Labels: a table of item_id and attributes, partly empty, that dials are learned from.")
        st.button("Remove", icon=":material/close:", key=f"remove-{kind}-{path.name}", on_click=mine.remove, args=(path,),
                  type="tertiary")


def move(path, key: str) -> None:
    mine.move(path, st.session_state[key])


def size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count / 1e3:,.1f} kB"


# What was found --------------------------------------------------------------------------------------------------------


@st.fragment(run_every=0.7)
def reading(columns: Columns, settings: dict, before: Found) -> None:
    """Waits for what is found in the files, and shows it as soon as there is more."""
    now = mine.look(columns, settings)
    if not now.busy or bool(now.preview) != bool(before.preview) or bool(now.counts) != bool(before.counts):
        st.rerun()
    text = "Measuring how long a step takes" if now.counts else "Reading the files" if now.preview else "Looking at them"
    st.html(f'<p class="mc-busy" role="status"><i></i>{text} …</p>')


def columns_of(seen: dict) -> None:
    """The first rows under their columns, and what each column is, to be corrected."""
    st.header("Columns")
    st.html(columns_table.table(seen))
    if seen["fixed"]:
        st.caption(f"{words.plain(seen['files'][0]['says'])}: its columns are always the same.")
        return
    labels = words.distinct((name or f"column {k + 1}" for k, name in enumerate(seen["columns"])),
                            range(1, len(seen["columns"]) + 1))
    with st.grid(4, min_column_width=150, gap="small"):
        for role, label, hint in (("user", "Who", "The column that tells people apart."),
                                  ("item", "What", "The column of the things that they touched."),
                                  ("rating", "How much", "Ratings, counts, or yes and no; none, if a row is a click."),
                                  ("time", "When", "Of two rows of a person and a thing, the later one counts.")):
            key, now = f"column-{role}", seen["roles"].get(role)
            st.session_state[key] = now
            options = range(len(labels))
            st.selectbox(label, options if now is not None else [None, *options], key=key, help=hint, on_change=tell,
                         args=(role, seen),
                         format_func=lambda k: "–" if k is None else labels[k])
    if len(seen["events"]) > 1:
        st.multiselect("Events that count", seen["events"], default=state.told.get("events", ()), key="events",
                       placeholder="all of them", on_change=tell_events,
                       help="A log tells of several kinds of events. Say which make a click.")


def tell(role: str, seen: dict) -> None:
    """Take what somebody said of a column: its name, or its number where names do not tell columns apart."""
    k, names = st.session_state[f"column-{role}"], seen["columns"]
    told = {known: columns_table.called(names, seen["header"], place) for known, place in seen["roles"].items()
            if known in ("user", "item") and known != role}  # where one is told, the others are told, too
    value = None if k is None else columns_table.called(names, seen["header"], k)
    state.told = state.told | told | {role: value}


def tell_events() -> None:
    state.told = state.told | {"events": tuple(st.session_state["events"])}


def counts(found: dict) -> None:
    """What counts as a click, and what does not."""
    st.header("What counts")
    left = found["counted"] / max(1, found["rows"])
    html.figures([("Rows", f"{found['rows']:,}"), ("Count as clicks", f"{left:.0%}"), ("People", f"{found['people']:,}"),
                  ("Items", f"{found['items']:,}")], wide=True)
    held = found["held_out"]
    lines = [found["rule"].replace("; --min-rating changes it", ""),
             *(f"{out['number']:,} {out['what']} left out: {out['why']}"
               + (f", such as {', '.join(out['examples'][:2])}" if out["examples"] else "") for out in found["left_out"]),
             f"{held['train']:,} people are learned from, {held['validation']:,} choose the best epoch, {held['test']:,} "
             "test it",
             *found["notes"]]
    st.markdown("\n".join(f"- {words.plain(line[:1].upper() + line[1:])}" for line in lines))
    columns = list(st.columns(3, gap="medium"))
    scale = found.get("scale", {})
    if scale.get("kind") in ("rating", "count"):
        columns.pop(0).number_input(f"Counts from ({scale['column']})", value=float(found["min_rating"] or 0.0),
                                    key="min_rating", on_change=tell_number, args=("min_rating", float),
                                    help="Values from here on are a click.")
    columns[0].number_input("Clicks that a person needs", 1, 1000, found["min_clicks"], key="min_clicks",
                            on_change=tell_number, args=("min_clicks", int),
                            help="People with fewer are left out: too little is known of them.")


def tell_number(name: str, kind) -> None:
    state.told = state.told | {name: kind(st.session_state[name])}


# Training --------------------------------------------------------------------------------------------------------------


def compose() -> None:
    """From files to a training."""
    st.header("Your files")
    if not files():
        return
    place = st.container()  # what is found stands above the settings, which it is measured with
    st.header("Settings")
    settings, more = settings_form.choose(make_settings(), has_labels=mine.labels is not None)
    columns = Columns(**state.told)
    try:
        found = mine.look(columns, settings)
    except InputError as error:
        place.error(words.plain(error))
        return
    if found.preview:
        state.seen = found.preview
    if not state.measured:
        state.measured = settings
    with place:
        if state.seen:
            columns_of(columns_table.with_told(state.seen, state.told))
        if found.counts:
            counts(found.counts)
        if found.busy:
            reading(columns, settings, found)
        if found.error:
            trouble(found.error)
    if found.counts and not found.error:
        start(columns, settings, more, found)


def trouble(why: str) -> None:
    """What keeps the files from being trained on."""
    if state.seen and not {"user", "item"} <= state.seen["roles"].keys():
        st.warning("Which column says **who**, and which **what**? Choose them above.", icon=":material/help:")
    else:
        st.error(words.plain(why))


def start(columns: Columns, settings: dict, more: list[str], found: Found) -> None:
    """The name, what it will take, and the button."""
    taken = {job.request.out.name for job in queue.jobs("train") if job.state != "done"}
    free = realign.free_name(bundles.models_folder(), mine.name(), taken)
    one, two = st.columns([2, 3], gap="medium", vertical_alignment="bottom")
    name = one.text_input("It will be called", free, max_chars=60, key=f"name-{free}").strip()
    takes = found.takes
    short = bool(takes) and takes["free"] is not None and takes["bytes"] > takes["free"]
    with two:
        if takes:
            st.markdown(f"**On this machine**, measured just now with a few of the people: {words.plain(takes['text'])}.")
        if takes and state.measured != settings:
            st.button("Measure again for these settings", icon=":material/timer:", type="tertiary", on_click=again,
                      args=(columns, settings))
    if short:
        needs, there = f"{takes['bytes'] / 1e9:.1f} GB", f"{takes['free'] / 1e9:.1f} GB"
        st.error(f"This needs about {needs} of memory, and {there} are free. Take fewer dimensions or leave out the "
                 "linear path, and measure again.")
    waiting = sum(job.request.lane == "long" and job.running for job in queue.jobs())
    if waiting:
        st.caption(f"{waiting} {'job is' if waiting == 1 else 'jobs are'} under way; this one starts after "
                   f"{'it' if waiting == 1 else 'them'}.")
    ready = bool(name) and not short and not found.busy
    if st.button("Train", type="primary", icon=":material/play_arrow:", disabled=not ready, key="train"):
        try:
            realign.check_name(bundles.models_folder(), name)
            job = mine.train(name, columns, settings, more)
        except (InputError, OSError) as error:
            st.error(words.plain(error))
            return
        state.job, state.files = job.id, []
        state.forget()
        st.rerun()


def again(columns: Columns, settings: dict) -> None:
    state.measured = settings
    mine.look(columns, settings, again=True)


# Watching -------------------------------------------------------------------------------------------------------------


def watch(job: Job) -> None:
    """One training: how it stands, what can be done with it."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(words.plain(job.request.title))
        st.button("All trainings", icon=":material/arrow_back:", type="tertiary", on_click=look_at, args=("",))
    about = job.request.about
    said = [f"{key} {value}" for key, value in about.get("settings", {}).items()]
    began = time.strftime("%-d %B, %H:%M", time.localtime(job.status.get("began", job.status.get("since", 0))))
    st.caption(words.plain(" · ".join([about.get("data", ""), began, *said])))
    running(job) if job.running else ended(job)


@st.fragment(run_every=2.0)
def running(job: Job) -> None:
    if not job.running:
        st.rerun()
    background.controls(job)
    watching.show(job)


def ended(job: Job) -> None:
    name = job.request.about["name"]
    there = name in places.names()
    if job.state == "done" and there:
        st.success(f"**{words.plain(name)}** is trained and stands in every page.", icon=":material/check:")
    with st.container(horizontal=True, gap="small"):
        if job.state == "done" and there:
            if st.button("Open it", type="primary", icon=":material/home:", on_click=bundles.switch_bundle, args=(name,)):
                st.switch_page("pages/overview.py")
            if st.button("Steer it", icon=":material/tune:", on_click=bundles.switch_bundle, args=(name,)):
                st.switch_page("pages/steer.py")
        if background.mine(job) and job.state != "waiting":
            st.button("Train again with other settings", icon=":material/replay:",
                      on_click=preparation.begin_again, args=(job,))
    background.controls(job)
    watching.show(job)


def look_at(job: str) -> None:
    state.job = job


def trainings() -> None:
    """All trainings, anybody's: they may be watched by all; in a team, own and shared ones."""
    jobs = background.seen("train")
    if not jobs:
        return
    st.header("Trainings")
    for job in jobs[:30]:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"training-{job.id}"):
            when = time.strftime("%-d %b, %H:%M", time.localtime(job.status.get("since", 0)))
            whose = "" if background.mine(job) else " · somebody else's"
            st.html(f'<div class="mc-file"><b>{words.escaped(job.request.title)}</b><small>'
                    f'<span class="mc-state mc-{job.state}">{words.escaped(background.standing(job))}</span>'
                    f' · {when}{whose}</small></div>')
            st.button("Watch" if job.running else "Show", key=f"watch-{job.id}", on_click=look_at, args=(job.id,))


preparation.sweep()
html.begin("Train on your data", WHAT)
shown = {job.id: job for job in background.seen("train")}
address.from_address("job", {"", *shown}, "")
watched = shown.get(state.job)
address.to_address(job=(watched.id if watched else "", ""))
if watched:
    watch(watched)
else:
    compose()
    trainings()
