"""Macro map: items and people on a plane, what factors and categories have in common, and cosine beside dot product."""

import numpy as np
import pandas as pd
import streamlit as st

from macrid.charts import analysis, maps
from macrid.data import cells
from macrid.errors import InputError
from macrid.maps import atlas
from macrid.results import collapse
from ui import address, bundles, courses, events, html, item_pictures, result_files, words
from ui.item_maps import View, by_factor, draw, factor_names, on_dark, picked
from ui.state import MacroMap

PANEL_POINTS, PANEL_WIDTH = 5_000, 380  # drawn in each of the three small maps; pixels of each in one figure
METHODS = {"tsne": "t-SNE", "umap": "UMAP"}
MODEL_NAMES = {"cosine": "Cosine", "dot": "Dot product"}
LISTED = 18  # cards of a selection
TYPICAL = 8  # cards of a prototype
FOUND = 50  # items offered of those that a search finds

state = MacroMap()
bundle = bundles.chosen()
twin = bundles.twin(bundle)
html.begin("Macro map", "Every dot is an item; dots are close when the model finds the items alike. If the **factors** "
         "paint the same regions as the **categories**, which the model never saw, it has found the categories by itself.")

factors = by_factor(bundle)
category = maps.alike(maps.groups(bundle.items["category"]), factors)


def legend(by: maps.Groups) -> None:
    html.legend(by.names, by.colours, list(np.bincount(by.codes, minlength=len(by.names))))


# The map -----------------------------------------------------------------------------------------------------------------


def controls(options) -> View:
    """The controls above the map, in the row `options`, and what they say it shows."""
    address.from_address("layout", METHODS, "tsne")
    address.from_address("model", MODEL_NAMES, "cosine")
    method = options.segmented_control(
        "Layout", METHODS, format_func=METHODS.get, required=True, key="layout", persist_state="session",
        help="Two ways to lay out vectors of many dimensions on a plane. Both keep neighbours together; distances between "
             "far groups mean little.")
    shown, model = bundle, "cosine"
    if twin:
        model = options.segmented_control(
            "Similarity", MODEL_NAMES, format_func=MODEL_NAMES.get, required=True, key="model", persist_state="session",
            help="The same training with cosine similarity and with a dot product. The second map begins where the first "
                 "ended and is turned onto it, so the two maps can be compared.")
        shown = twin if model == "dot" else bundle
    people = False
    if len(atlas.people_on(shown, method)):
        people = options.toggle("People", key="people", persist_state="session",
                                help="Items and people in one layout: dots are items, every ring is the part of a person "
                                     "for one factor that they clicked in.")
    else:
        options.toggle("People", disabled=True, key="no-people",
                       help=f"This bundle has no people on its maps; `python -m macrid remap {shown.path}` adds them.")
    labels = atlas.colourings(shown)
    address.from_address("colour", labels, "factor")
    key = options.selectbox("Colour by", labels, key="colour", persist_state="session", format_func=labels.get, width=230)
    factor, dim, epoch, noted = 0, 0, 0, atlas.epochs(shown)
    if key == "course":
        address.from_address("epoch", noted, noted[-1], int)
        epoch = options.select_slider("Epoch", noted, key="epoch", persist_state="session", width=260,
                                      help="The map takes the colours that the items had after so many epochs.")
    if key == "dial":
        used = [f.index for f in shown.factors if f.share > 0]
        dims = range(shown.settings.embedding_size)
        address.from_address("of", used, used[0], int)
        address.from_address("axis", dims, 0, int)
        factor = options.selectbox("Factor", used, key="of", persist_state="session", width=200,
                                   format_func=lambda k: shown.factors[k].name)
        dim = options.selectbox("Dimension", dims, key="axis", persist_state="session", width=200,
                                format_func=lambda j: dial_name(shown, factor, j))
    address.to_address(layout=(method, "tsne"), model=(model, "cosine"), colour=(key, "factor"),
                       of=(factor if key == "dial" else None, None), axis=(dim if key == "dial" else None, None),
                       epoch=(epoch if key == "course" else None, None))
    return View(shown, method, people, key, factor, dim, state.window, epoch)


def dial_name(shown, factor: int, dim: int) -> str:
    label = shown.dials.label(factor, dim)
    return f"{dim + 1} · {label.name}" if label else str(dim + 1)


def search(options, shown) -> int | None:
    """The position of the item that somebody looks for, in the row `options`."""
    address.from_address("find", [st.query_params.get("find", "")], "")
    text = options.text_input("Find an item", key="find", persist_state="session", placeholder="Part of a title",
                              max_chars=200, help="Marks the item and the ten of its factor whose vectors have the highest "
                              "cosine with it.")
    address.to_address(find=(text, ""))
    positions = shown.search(text, FOUND) if text.strip() else []
    if not positions:
        if text.strip():
            options.caption(f"No title, category or genre has words that begin like “{words.plain(text)}”.")
        return None
    names = words.distinct(shown.items["title"].iloc[positions], shown.items["item_id"].iloc[positions])
    title = f"{len(positions)} found" if len(positions) < FOUND else f"The {FOUND} best known"
    return positions[options.selectbox(title, range(len(positions)), key=f"found-{text}", format_func=names.__getitem__)]


@st.fragment
def explorer():
    """The large map with its controls, and what was found or selected on it."""
    options = st.container(horizontal=True, vertical_alignment="bottom", key="map-options")
    view = controls(options)
    shown, item = view.bundle, search(options, view.bundle)
    left, right = st.columns([5, 3], gap="large")
    with left:
        drawing = draw(view, factors, item)
        frame = st.container(key="map-by-group" if drawing.by else "map-by-number")
        event = frame.plotly_chart(
            drawing.figure, key="map", on_select="rerun", selection_mode=("points", "box", "lasso"),
            alt=f"Map of {len(shown.items):,} items, coloured by {atlas.colourings(shown)[view.colour]}",
            config={"displaylogo": False, "scrollZoom": True, "displayModeBar": True,
                    "modeBarButtonsToRemove": ["autoScale2d", "toImage"]})
        if drawing.by:
            legend(drawing.by)
        st.caption(f"{drawing.note} Stars are the prototypes, each among its surest items. Drag to move; click the map, and "
                   "the wheel zooms; the box and the lasso in the corner select."
                   + (f" These are many items: a random sample of {atlas.DRAWN:,}, the same share of every factor, stands "
                      "before a picture of all." if drawing.sampled else ""))
    with right.container(key="agreement"):
        agreement(shown)
    zoom(events.boxed(event), drawing.sampled, view.window)
    star, selected = picked(event, shown)
    if selected:
        selection(shown, selected)
    if item is not None:
        st.header(f"Nearest to {words.plain(shown.items['title'].iloc[item])}")
        html.cards(shown, [item, *atlas.neighbours(shown, item)], label="Nearest items")
    prototypes(shown, star)


def zoom(box: maps.Window | None, many: bool, window) -> None:
    """Where items are too many to be drawn at once: the boxed part alone, as points."""
    def to(wanted):
        state.window = wanted

    if many and box:
        st.button("Draw the items in the box as points", icon=":material/zoom_in:", on_click=to, args=(box,))
    if window:
        st.button("Whole map", icon=":material/zoom_out_map:", on_click=to, args=(None,))


def selection(shown, selected: list[int]) -> None:
    """The selected items as cards and as a table."""
    st.header(f"{len(selected):,} selected")
    html.cards(shown, selected[:LISTED], label="Selected items")
    columns = [c for c in shown.items.columns if c != "image_url"]
    table = shown.items.iloc[selected][columns].assign(factor=factor_names(shown)[selected])
    with st.expander(f"As a table{'' if len(selected) <= LISTED else f'; the cards are the first {LISTED}'}"):
        st.dataframe(table, hide_index=True, alt="Table of the selected items")
    st.download_button("Download the selection (CSV)", cells.safe_table(table).to_csv(index=False), "selection.csv",
                       "text/csv", icon=":material/download:", on_click="ignore")


def prototypes(shown, star: int | None) -> None:
    """The prototypes by name, and the most typical items of one."""
    used = [f.index for f in shown.factors if f.share > 0]
    state.clicked(star, used)
    st.header("Prototypes")
    chosen = st.pills("Prototype", used, key="prototype", required=True, label_visibility="collapsed",
                      format_func=lambda k: f"{words.plain(shown.factors[k].name)} · {shown.factors[k].share:.0%}")
    html.cards(shown, shown.factors[chosen].typical[:TYPICAL], label="Typical items")
    st.caption("Each factor has a prototype, a direction that its items point in. These are the best known of its surest "
               "items. Click a star on the map to come here.")


@st.fragment
def agreement(shown):
    """The factors of the model on the map against the groups of a column, and how well they agree."""
    columns = atlas.group_columns(bundle.items)
    if not columns:
        st.info("The items have no categories, so there is nothing to compare the factors with. A column `category` in "
                "items.csv beside the clicks gives them some.")
        return
    column = columns[0]
    if len(columns) > 1:
        column = st.selectbox("Factors against", columns, key="against", format_func=str.capitalize)
    confusion = atlas.confusion(shown, column)
    st.markdown(f"**Factors and {words.plain(column)}**" + (", with a dot product" if shown is twin else ""))
    names = [shown.factors[k].name for k in confusion.factors]
    st.plotly_chart(analysis.confusion(confusion.counts, names, confusion.groups, on_dark()),
                    key="confusion", config={"displayModeBar": False},
                    alt=f"Table of how many items each factor and each {column} have in common")
    html.figures([(name, words.figure(confusion.agreement[key]))
                  for name, key in (("NMI", "nmi"), ("ARI", "ari"), ("Purity", "purity"))])
    matched = confusion.agreement.get("match")
    st.caption("A row is a factor, a column a group; both are ordered so that the pairs that overlap most stand on the "
               "diagonal. " + (f"On the scale from 0 to 3 of the paper's own release, prototypes and groups match at "
                               f"**{matched}**: one point if every group has a nearest prototype of its own, one if every "
                               "prototype has a nearest group of its own, one if both agree." if matched is not None else
                               "The scale from 0 to 3 of the paper's release needs as many groups as factors."))


explorer()

# The poster's three panels ---------------------------------------------------------------------------------------------

st.header("The poster's three panels")
categorised = bool((bundle.items["category"] != "").any())
if not categorised:
    st.caption("Without panel (b): the items have no categories.")


def small(shown, title: str, what: str, by: maps.Groups, key: str) -> None:
    """One of the three maps with its legend; always t-SNE, as in the paper."""
    st.markdown(f"**{title}**")
    st.caption(what)
    drawn = atlas.sample(shown.factor, PANEL_POINTS)
    figure = maps.item_map(maps.points(shown.map_of("tsne"), shown.items, factor_names(shown), drawn), by,
                           item_pictures.pictures_address(shown))
    st.plotly_chart(figure, key=key, config={"displayModeBar": False, "scrollZoom": True},
                    alt=f"Map of {len(shown.items):,} items, coloured by {title}")
    legend(by)
    if len(drawn) < len(shown.items):
        st.caption(f"A random sample of {len(drawn):,} items, the same share of every factor.")


def in_use(shown) -> None:
    """The figures under a map by factor."""
    figures = shown.meta["metrics"]
    row = [("Effective factors", f"{figures['effective_factors']:.1f} of {shown.settings.kfac}")]
    if "nmi" in figures:
        row += [("NMI", words.figure(figures["nmi"])), ("Purity", words.figure(figures["purity"]))]
    html.figures(row)


panels = [("(a) By macro factor", bundle, factors)]
if categorised:
    panels.append(("(b) By category", bundle, category))
if twin:
    panels.append(("(c) By factor, dot product", twin, by_factor(twin, factors)))
columns = iter(st.columns(max(2, len(panels)), gap="medium"))
with next(columns):
    small(bundle, panels[0][0], "What the model found from clicks alone.", panels[0][2], "by-factor")
    in_use(bundle)
if categorised:
    with next(columns):
        small(bundle, "(b) By category", "The same map; the model never saw these.", category, "by-category")
        share = pd.Series(category.names)[category.codes].value_counts(normalize=True)
        html.figures([("Effective categories", f"{np.exp(-(share * np.log(share)).sum()):.1f} of {len(share)}")])
if twin:
    with next(columns):
        small(twin, panels[-1][0], "The same training without cosine.", panels[-1][2], "twin")
        in_use(twin)


@st.fragment
def export():
    """The panels in one figure, and the coordinates."""
    with st.expander("Take them with you: PNG, SVG, CSV"):
        if not st.toggle("Show the panels in one figure", key="export"):
            return
        one, two = st.columns(2)
        method = one.segmented_control("Layout", METHODS, format_func=METHODS.get, required=True, default="tsne",
                                       key="export-layout")
        kind = two.segmented_control("Format", ["svg", "png"], format_func=str.upper, required=True, default="svg",
                                     key="export-kind")
        figure = analysis.panels([
            analysis.Panel(title, shown.map_of(method), by, atlas.sample(shown.factor, PANEL_POINTS))
            for title, shown, by in panels])
        width = PANEL_WIDTH * len(panels)
        with st.container(key=f"wide-{len(panels)}"):  # scrolls sideways where the screen is narrower
            st.plotly_chart(figure, key="panels", theme=None, alt="The three panels in one figure", config={
                "displaylogo": False, "displayModeBar": True, "modeBarButtons": [["toImage"]],
                "toImageButtonOptions": {"format": kind, "filename": f"{bundle.name}-{method}", "scale": 2,
                                         "width": width, "height": figure.layout.height}})
        st.caption("The camera in the figure's corner saves it.")
        for name, shown in (("", bundle), ("-dot", twin)):
            if shown:
                st.download_button(f"Coordinates of {'the dot product' if name else 'this model'}, {METHODS[method]} (CSV)",
                                   atlas.coordinates(shown, method).to_csv(index=False), f"{bundle.name}{name}-{method}.csv",
                                   "text/csv", icon=":material/download:", on_click="ignore", key=f"csv{name}")


export()

# Cosine against dot product --------------------------------------------------------------------------------------------

st.header("Why cosine, and not a dot product?")
if twin:
    st.markdown("With a dot product, length counts: an item whose vector is long scores high for everybody, and a prototype "
                "that is long can take every item, so that the factors **collapse** into a few. Cosine looks at directions "
                "alone. " + bundles.twin_sentence(bundle, twin))
    for column, (title, shown, key) in zip(st.columns(2, gap="large"), (("Cosine", bundle, "cosine"),
                                                                       ("Dot product", twin, "dot")), strict=True):
        with column:
            st.markdown(f"**{title}**")
            by = by_factor(shown, factors)
            counts = np.bincount(shown.factor, minlength=shown.settings.kfac)
            st.plotly_chart(analysis.shares(counts, by.names, by.colours),
                            key=f"shares-{key}", config={"displayModeBar": False},
                            alt=f"Bars: how many items each factor took, {title}")
            if "clicks" in shown.items:
                st.plotly_chart(analysis.norms(shown.items["clicks"].to_numpy(), atlas.raw_norms(shown)),
                                key=f"norms-{key}", config={"displayModeBar": False},
                                alt=f"Length of the item vectors against their clicks, {title}")
    st.caption("Bars: the items of each factor. Below: the length of item vectors against how often an item was clicked; a "
               "dot is an item, the line the mean of ten classes. Where it climbs, popularity is in the length.")
    noted = bundles.courses(bundle, twin)
    if noted:
        said = collapse.course_sentence(*noted.values(), list(noted)[1], bundle.settings.kfac)
        st.markdown(f"**From epoch to epoch.** {said} To see it on the map above, colour that by “Macro factor, epoch by "
                    "epoch”.")
        courses.show({name: [rows] for name, rows in noted.items()}, bundle.settings.kfac, "course")
else:
    st.info("This bundle has no dot-product twin to compare with. `python -m macrid train ... --twin dot --set "
            "routing=learned` trains one.")


@st.fragment
def experiment():
    """What benchmarks/collapse.py measured, with its spread."""
    path = result_files.shipped() / "collapse.json"
    if not path.is_file():
        st.info("Whether this is chance, `python benchmarks/collapse.py` tells: four similarities, five seeds.")
        return
    try:
        measured = {collapse.title(one, words.DATA_NAMES): one for one in collapse.load(path)}
    except InputError as error:
        st.warning(str(error))
        return
    st.markdown("**Is that chance?** The paper's model with its own settings, trained with other seeds, cosine against "
                "three dot products: with and without 1 / τ, and with lengths that nothing holds:")
    main = [name for name, one in measured.items() if not one["changes"]] or list(measured)
    chosen = measured[st.segmented_control("Data of the experiment", main, key="experiment", required=True,
                                           default=main[0], label_visibility="collapsed")]
    for init in collapse.starts(chosen):
        found = {name: [training["course"] for training in trainings]
                 for name, trainings in collapse.of(chosen, init).items()}
        courses.show(found, chosen["kfac"], f"experiment-{init}")
        st.markdown(collapse.sentence(chosen, init))
    st.caption("A thin line is a training, a bold one the mean over seeds. From benchmarks/collapse.py. The bundle "
               "skewed-shop has a twin that collapses, to be seen epoch by epoch.")
    tried = [name for name in measured if name not in main]
    if tried:
        with st.expander("What else was tried"):
            st.markdown("\n".join(f"- {words.plain(name)}: {collapse.sentence(measured[name], init)}"
                                  for name in tried for init in collapse.starts(measured[name])))


experiment()
html.explain("Effective factors", "NMI", "ARI", "Purity")
html.hover_pictures()
