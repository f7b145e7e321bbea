"""Which bundles there are, and which of them this page shows."""

from functools import partial
from pathlib import Path

import streamlit as st

from macrid import bundle as bundles
from macrid.bundle import places, shelf
from macrid.bundle.recommender import Recommender
from macrid.data.ids import near
from macrid.errors import InputError
from macrid.results.collapse import variant_of

from . import links, owner
from .address import from_address, to_address
from .state import Frame, forget_bundle
from .words import DATA_NAMES, figure

ZIP_ROUTE = "/bundle-zip/{bundle}.zip"


def models_folder() -> Path:
    """Where new bundles go, and people's own are: see `places`."""
    return places.own_folder().absolute()


def bundle_names() -> list[str]:
    """The bundles that may be seen, the shop first; a dot-product twin is shown with its bundle, not by itself."""
    names = owner.visible(places.names())
    return sorted(names - {f"{name}-dot" for name in names}, key=lambda name: (name != "shop", name))


@st.cache_resource(show_spinner="Opening the bundle ...", max_entries=8)
def _load(path: str, stamp: tuple[int, int]) -> Recommender:
    return bundles.load(path)


def load(name: str) -> Recommender:
    """The bundle `name`, read once and again when it has been replaced. Raises InputError."""
    path = places.path_of(name).absolute()
    return _load(str(path), places.stamp(path))


def choose_bundle() -> None:
    """The picker in the sidebar; the choice lives in the address as `bundle`."""
    names, state = bundle_names(), Frame()
    if not names:
        return
    _note_missing(names)
    from_address("bundle", names, names[0])
    st.selectbox("Data set and model", names, key="bundle", persist_state="session", on_change=_forget,
                 format_func=label,
                 help="Every folder in models/ that holds a trained bundle. `python -m macrid train` makes more.")
    chosen = state.bundle or names[0]
    to_address(bundle=(chosen, names[0]))
    try:
        data = load(chosen).meta["data"]
    except InputError:
        return  # the page says what is wrong
    st.caption(f"{data['people']:,} people · {data['items']:,} items · {data['clicks']:,} clicks")


def _note_missing(names: list[str]) -> None:
    """Remember what the address asks for, if there is no bundle of that name."""
    asked, state = st.query_params.to_dict(), Frame()
    if not state.is_set("missing"):
        state.missing = asked if asked.get("bundle") and asked["bundle"] not in names else {}


def _say_missing(state: Frame, names: list[str]) -> None:
    """Say which bundle is not there, and offer the nearest, with the rest of what was asked for."""
    asked = state.missing

    def take(name: str = "") -> None:
        state.missing = {}
        if name:
            switch_bundle(name)
            st.query_params.from_dict(asked | {"bundle": name})

    if asked:
        links.say(f"There is no bundle “{asked['bundle']}” here.", "missing",
                  [(label(name), partial(take, name)) for name in near(asked["bundle"], names)], take)


def _forget() -> None:
    """Another bundle has other people, items and factors."""
    forget_bundle(st.session_state, st.query_params)


def switch_bundle(name: str) -> None:
    """Choose another bundle, as the picker does."""
    Frame().bundle = name
    _forget()


def label(name: str) -> str:
    """What a bundle is called for people: that of a known data set by it, unless a browser has made the bundle."""
    return name if shelf.owner_of(name) else DATA_NAMES.get(name, name)


def shown_name() -> str:
    """The name of the bundle that the pages show."""
    names = bundle_names()
    name = Frame().bundle or st.query_params.get("bundle") or ""
    return name if name in names else (names or [""])[0]


def chosen() -> Recommender:
    """The bundle that this page shows. Without one, or with a damaged one, says so in place and ends the page."""
    names = bundle_names()
    if not names:
        st.info(f"There is no bundle in {models_folder()} yet. `make app` trains one, or run "
                "`python -m macrid train --data shop --out models/shop`, then reload this page.")
        st.stop()
    _note_missing(names)
    _say_missing(Frame(), names)
    try:
        return load(shown_name())
    except InputError as error:
        st.error(f"This bundle cannot be opened: {error}")
        st.stop()


def twin(bundle: Recommender) -> Recommender | None:
    """The dot-product twin of a bundle, or None; a damaged one is reported in place."""
    if not bundle.meta["twin"]:
        return None
    try:
        return load(bundle.meta["twin"])
    except InputError as error:
        st.warning(f"The dot-product twin cannot be opened: {error}")
        return None


def courses(bundle: Recommender, twin: Recommender) -> dict[str, list[dict]]:
    """The course of a bundle and of its twin, by variant: a row for each epoch; empty where one was not noted."""
    found = {variant_of(one.settings.similarity, one.settings.user_norm):
             [row for row in one.history if "effective_factors" in row] for one in (bundle, twin)}
    return found if all(found.values()) and len(found) > 1 else {}


def twin_sentence(bundle: Recommender, twin: Recommender) -> str:
    """What the comparison of cosine and dot product came to, in one sentence made from the two models' figures."""
    if bundle.settings.routing == "held":
        return ("These two keep the factors that they start with, so neither could lose one; train with "
                "`--set routing=learned` to compare them.")
    a, b = bundle.meta["metrics"], twin.meta["metrics"]
    used = f"{a['effective_factors']:.1f} and {b['effective_factors']:.1f} of {bundle.settings.kfac} factors in use"
    if "nmi" not in a:
        return f"Cosine and dot product have {used}."
    gap = a["nmi"] - b["nmi"]
    verdict = ("the dot product loses the categories" if gap > 0.1 else "the dot product finds the categories better"
               if gap < -0.1 else "cosine fits the categories a little better" if gap > 0.02 else "it makes no difference")
    return (f"Cosine and dot product, trained alike from the same start, end with {used} and an NMI of "
            f"{figure(a['nmi'])} and {figure(b['nmi'])}: here {verdict}.")
