"""Name the intentions: what belongs together, on shelves that a person puts in order; saved as a copy held there."""

import tempfile
from pathlib import Path

import numpy as np
import streamlit as st

from macrid.bundle import shelf
from macrid.charts import maps
from macrid.charts.colours import matched
from macrid.data import intention_file
from macrid.errors import InputError
from macrid.jobs import Request
from macrid.labelling.shelves import Shelves
from macrid.maps import atlas
from macrid.pipeline import realign
from ui import address, background, bundles, html, item_pictures, mode, owner, widgets, words
from ui.item_maps import by_factor
from ui.shelving import Saving, Shelving
from ui.state import Intend

POINTS = 5_000  # drawn of the map
METHODS = {"tsne": "t-SNE", "umap": "UMAP"}

bundle = bundles.chosen()
html.begin("Name the intentions",
         "A shelf is an intention that the model found. Drag items to where they belong, give the shelf a name, split it or "
         "merge it with another: all other items follow, and the map shows where. With the keyboard, the arrows move an "
         "item; on a small screen, tap an item and then *Put it here*.")

state = Intend()


def shelving_of_bundle() -> Shelving:
    """What has been put on shelves of this bundle."""
    key = bundle.path.name
    if key not in state.shelving:
        state.shelving = state.shelving | {key: Shelving(Shelves.of(bundle))}
    return state.shelving[key]


shelving = shelving_of_bundle()


def colours(group: np.ndarray) -> list[str]:
    """A colour for each shelf, that of the factor it overlaps most; items of group (M,)."""
    factors = by_factor(bundle)
    return list(matched(group, factors.codes, factors.colours, len(shelving.shelves.shelves)))


def undo() -> None:
    shelving.change(shelving.shelves.undone)


def again() -> None:
    shelving.change(lambda: Shelves.of(bundle))


def take_in() -> None:
    """Import the CSV that was chosen: its items go to the shelves of its names."""
    file = st.session_state["import-intentions"]
    if file is not None:
        shelving.change(lambda: shelving.shelves.told(
            intention_file.parse(file.getvalue(), file.name, bundle.items["item_id"]), f"import of {file.name}"))


@st.fragment
def studio() -> None:
    """All that a change of the shelves changes."""
    if shelving.fault:
        st.error(words.plain(shelving.fault))
        shelving.fault = None
    with st.spinner("Every item finds its shelf ..."):
        group = shelving.groups(bundle)
    shades = colours(group)
    with st.container(horizontal=True, gap="small"):
        st.button("Undo", icon=":material/undo:", on_click=undo, disabled=not shelving.shelves.past,
                  help=f"Takes back: {words.plain(shelving.shelves.did)}" if shelving.shelves.did else None)
        st.button("Start again", icon=":material/restart_alt:", on_click=again, disabled=not shelving.shelves.past)
    widgets.shelves(bundle, shelving.shelves, group, shades, shelving.seq, lambda event: shelving.take(event, bundle))
    seen, keep = st.columns([3, 2], gap="large")
    with seen:
        the_map(group, shades)
    with keep:
        keeping()


def the_map(group: np.ndarray, shades: list[str]) -> None:
    """The items in the colours of the shelves that they would go to."""
    st.header("Where the items go")
    address.from_address("plane", METHODS, "tsne")
    method = st.segmented_control("Layout", METHODS, format_func=METHODS.get, required=True, key="plane",
                                  persist_state="session", label_visibility="collapsed")
    address.to_address(plane=(method, "tsne"))
    names = [shelf.name for shelf in shelving.shelves.shelves]
    by = maps.Groups(group, names, shades)
    drawn = atlas.sample(group, POINTS)
    points = maps.points(bundle.map_of(method), bundle.items, np.array(names, object)[group], drawn)
    st.plotly_chart(maps.item_map(points, by, item_pictures.pictures_address(bundle)), key="shelf-map",
                    config={"displayModeBar": False, "scrollZoom": True},
                    alt=f"Map of {len(bundle.items):,} items, coloured by the shelf that each would go to")
    html.legend(by.names, by.colours, list(np.bincount(group, minlength=len(names))))
    if shelving.shelves.past and len(names) == bundle.settings.kfac:
        st.caption(f"{(group != bundle.factor).mean():.0%} of the items have left their shelf.")


def keeping() -> None:
    """Export, import, save."""
    st.header("Keep it")
    titles = bundle.items.set_index("item_id")["title"]
    saving_as()
    st.download_button("Export the intentions as CSV", lambda: shelving.shelves.intentions().to_csv(titles), mime="text/csv",
                       file_name=f"{bundle.path.name}-intentions.csv", icon=":material/download:", on_click="ignore")
    st.file_uploader("Import a CSV of `item_id` and `intention`", type="csv", key="import-intentions", on_change=take_in,
                     help="As `train --intentions` and `align --intentions` read it.")


def saving_as() -> None:
    if not mode.told("macrid align --intentions FILE.csv"):
        return
    folder = bundles.models_folder()
    busy = shelving.saving is not None and shelving.saving.job.running
    with st.form("save-intentions", border=False):
        free = realign.free_name(folder, f"{bundle.path.name}-shelves")
        name = st.text_input("Save as a new bundle called", free, max_chars=60)
        wanted = st.form_submit_button("Save", type="primary", icon=":material/save:", disabled=busy)
    if wanted and not busy:
        try:
            save(folder, name.strip())
        except (InputError, OSError) as error:
            st.error(words.plain(error))
    if shelving.saving is None:
        st.caption("A copy whose factors are held at these shelves, with their names. Its lists change, as every part of a "
                   "history is made from other items; this bundle stays as it is.")
    else:
        progress()


def save(folder: Path, name: str) -> None:
    """Make the copy in a process of its own."""
    realign.check_name(folder, name)
    intentions = shelving.shelves.intentions()
    beside = Path(tempfile.mkdtemp(prefix="macrid-"))
    table, out = beside / "intentions.csv", folder / name
    table.write_text(intentions.to_csv(bundle.items.set_index("item_id")["title"]), encoding="utf-8")
    arguments = ("align", str(bundle.path), "--intentions", str(table), "--kfac", str(len(intentions.names)),
                 "--out", str(out))
    job = background.submit(Request("align", f"Save {name}", arguments, out, lane="short"))
    shelf.give(name, owner.key())
    shelving.saving = Saving(name, out, job)


@st.fragment(run_every=1.0)
def watched(saving: Saving) -> None:
    """How far the copy is."""
    if not saving.job.running:
        st.rerun()
    st.info(f"Saving {words.plain(saving.name)}: {words.plain(saving.job.now())}", icon=":material/hourglass_top:")


def progress() -> None:
    """The copy that is being made, or what came of it."""
    saving = shelving.saving
    if saving.job.running:
        watched(saving)
    elif saving.job.failed:
        st.error(f"It could not be saved: {words.plain(saving.job.last_line())}")
    else:
        st.success(f"Saved as **{words.plain(saving.name)}**.", icon=":material/check:")
        if st.button("Steer it", icon=":material/tune:", on_click=bundles.switch_bundle, args=(saving.name,)):
            st.switch_page("pages/steer.py")


studio()
