"""What the pages share: loading, the keys of session and address, cards, empty states. Computes nothing itself."""

import html
import os
import re
from pathlib import Path

import numpy as np
import streamlit as st

from macrid import bundle as bundles
from macrid import pictures
from macrid.errors import InputError
from macrid.recommender import Recommender

ROOT = Path(__file__).parent
PICTURES_SERVED = "MACRID_PICTURES_SERVED"  # set by app.py: pictures have addresses, they need not travel inside the page
PICTURE_ROUTE = "/picture/{bundle}/{version}/{position:int}"

DATA_NAMES = {"shop": "Simulated shop", "ml-100k": "MovieLens 100K", "ml-1m": "MovieLens 1M", "ml-20m": "MovieLens 20M",
              "ml-25m": "MovieLens 25M", "ml-32m": "MovieLens 32M", "ml-latest-small": "MovieLens latest-small",
              "ml-1m-pro_sg": "MovieLens 1M, the paper's own split"}
HINTS = {
    "Effective factors": "The effective number of factors, exp of the entropy of their shares of the items: K if all are "
                         "used alike, 1 if one takes everything.",
    "Effective categories": "The same for the categories: as many as there are, if all hold as many items.",
    "NMI": "Normalised mutual information of factors and categories: 1 if they are the same partition, 0 if unrelated. "
           "The model never sees the categories.",
    "ARI": "Adjusted Rand index of factors and categories over pairs of items: 1 if they are the same partition, about 0 by "
           "chance.",
    "Purity": "The share of items whose category is the most frequent one of their factor.",
    "Recall": "The share of the hidden clicks that the list finds.",
    "MRR": "One over the place of the first hidden click in the list, on average.",
    "Hit": "The share of people of whose hidden clicks the list finds any.",
    "Precision": "The share of the list that are hidden clicks.",
    "NDCG": "How well hidden clicks of unseen people are ranked: 1 is perfect, early places count more.",
    "Independence": "1 if no two dimensions of a part rise and fall together over people, 0 if all do.",
}


def models_folder() -> Path:
    """Where the bundles are: models/ beside this file, or what MACRID_MODELS names."""
    return Path(os.environ.get("MACRID_MODELS", ROOT / "models"))


def bundle_names() -> list[str]:
    """The bundles that can be chosen, the shop first; a dot-product twin is shown with its bundle, not by itself."""
    names = _bundle_folders()
    return sorted(names - {f"{name}-dot" for name in names}, key=lambda name: (name != "shop", name))


def _bundle_folders() -> set[str]:
    return {p.name for p in models_folder().glob("*") if (p / "bundle.json").is_file() and p.suffix not in (".new", ".old")}


@st.cache_resource(show_spinner="Opening the bundle ...", max_entries=8)
def _load(path: str, changed: int) -> Recommender:
    return bundles.load(path)


def load(name: str) -> Recommender:
    """The bundle `name`, read once and again when it has been replaced. Raises InputError."""
    path = models_folder() / name
    record = path / "bundle.json"
    return _load(str(path), record.stat().st_mtime_ns if record.is_file() else 0)


def choose_bundle() -> None:
    """The picker in the sidebar; the choice lives in the address as `bundle`."""
    names = bundle_names()
    if not names:
        return
    from_address("bundle", names, names[0])
    st.selectbox("Data set and model", names, key="bundle", persist_state="session", on_change=_forget,
                 format_func=_bundle_label,
                 help="Every folder in models/ that holds a trained bundle. `python -m macrid train` makes more.")
    to_address(bundle=(st.session_state["bundle"], names[0]))
    try:
        data = load(st.session_state["bundle"]).meta["data"]
    except InputError:
        return  # the page says what is wrong
    st.caption(f"{data['people']:,} people · {data['items']:,} items · {data['clicks']:,} clicks")


def _forget() -> None:
    """Another bundle has other people, items and factors."""
    for key in ("user", "items", "factor", "dim", "dials", "undo", "steered", "favourite", "intention", "attribute",
                "colour", "of", "axis", "find", "window", "prototype", "against", "sweep", "compare", "run"):
        st.session_state.pop(key, None)
        st.query_params.pop(key, None)


def switch_bundle(name: str) -> None:
    """Choose another bundle, as the picker does."""
    st.session_state["bundle"] = name
    _forget()


def _bundle_label(name: str) -> str:
    return DATA_NAMES.get(name, name)


def chosen() -> Recommender:
    """The bundle that this page shows. Without one, or with a damaged one, says so in place and ends the page."""
    names = bundle_names()
    if not names:
        st.info(f"There is no bundle in {models_folder()} yet. `make app` trains one, or run "
                "`python -m macrid train --data shop --out models/shop`, then reload this page.")
        st.stop()
    name = st.session_state.get("bundle") or st.query_params.get("bundle") or names[0]
    try:
        return load(name if name in names else names[0])
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


def begin(title: str, what: str) -> None:
    """The head of a page."""
    st.html(ROOT / "assets" / "style.css")
    st.title(title)
    st.markdown(what)


def figure(value: float) -> str:
    """A number with three significant digits."""
    return f"{value:#.3g}".rstrip(".") if 0.0005 <= abs(value) < 999.5 else f"{value:,.0f}"


def escaped(text) -> str:
    """Text from data for a place that reads HTML."""
    return html.escape(str(text), quote=True)


def plain(text) -> str:
    """Text from data for a place that reads Markdown: its special characters mean themselves."""
    return re.sub(r"([\\`*_{}\[\]()#~$:|<>])", r"\\\1", str(text))


def distinct(labels, extras) -> list[str]:
    """The labels, with its extra behind each that another one before it has: Streamlit finds an option again by its label,
    so that of two that are alike only the last could be chosen."""
    seen: set[str] = set()
    return [label if not (label in seen or seen.add(label)) else f"{label} ({extra})"
            for label, extra in zip(labels, extras, strict=True)]


# The address holds what a person sees, under the keys of the session, so that a link restores it. (The widgets' own
# bind="query-params" would write their labels there, which change with the person.)


def from_address(key: str, allowed, default, kind=str, called: str | None = None) -> None:
    """Give the widget `key`, if it has no value yet, the one in the address if that is among `allowed`, else `default`.
    called: under which name it stands in the address, if not `key`."""
    if key in st.session_state:
        return
    try:
        value = kind(st.query_params[called or key])
    except (KeyError, ValueError):
        value = default
    st.session_state[key] = value if value in allowed else default


def to_address(**values) -> None:
    """Write key=(value, default) to the address; a value that is the default, or None, is left out."""
    for key, (value, default) in values.items():
        if value is None or value == default:
            st.query_params.pop(key, None)
        elif st.query_params.get(key) != str(value):
            st.query_params[key] = str(value)


def dials_from(text: str, factors, dims) -> dict[tuple[int, int], int]:
    """The dials that an address holds, as `dials_text` writes them: {(factor, dim): percent}; what is none is left out."""
    found = {}
    for factor, dim, percent in re.findall(r"(?:^|~)(\d+)\.(\d+)-(\d+)(?=~|$)", text):
        if int(factor) in factors and int(dim) in dims and int(percent) <= 100:
            found[int(factor), int(dim)] = int(percent)
    return found


def dials_text(dials: dict[tuple[int, int], int]) -> str:
    """Turned dials for the address: factor.dim-percent, ~ between them."""
    return "~".join(f"{factor}.{dim}-{percent}" for (factor, dim), percent in sorted(dials.items()))


# Pictures


def picture_svg(name: str, version: str, position: int) -> str | None:
    """The drawn picture of the item at `position`, for the address that `picture_src` made; None if there is none."""
    try:
        bundle = load(name) if name in _bundle_folders() else None
    except InputError:
        return None
    if bundle is None or _version(bundle) != version or not 0 <= position < len(bundle.items):
        return None
    return pictures.svg(bundle.item(position))


def _version(bundle: Recommender) -> str:
    return bundle.meta["data"]["fingerprint"][:12]


def pictures_address(bundle: Recommender) -> str | None:
    """The address under which the pictures of a bundle are served, to be followed by a position; None where they are not."""
    if PICTURES_SERVED not in os.environ:
        return None
    return f"picture/{bundle.path.name}/{_version(bundle)}/"


def picture_src(bundle: Recommender, position: int) -> str:
    """What to write into <img src>: the item's own image_url, the address of its drawn picture, or the picture itself."""
    address = pictures_address(bundle)
    item = bundle.item(position)
    if address is None or pictures.image_url(item):
        return pictures.picture(item)
    return f"{address}{position}"


def _img(bundle: Recommender, position: int) -> str:
    item = bundle.item(position)
    return (f'<img src="{html.escape(picture_src(bundle, position), quote=True)}" loading="lazy" '
            f'alt="{html.escape(pictures.alt(item), quote=True)}" title="{html.escape(str(item["title"]), quote=True)}">')


def cards(bundle: Recommender, positions, marks=None, stands=None, *, label: str) -> None:
    """Items as cards in their order: picture, rank, title, category and, if given, a mark (new, up n, down n, same) and
    where it stands on a dial, from 0 to 1 (NaN: not on it)."""
    found = []
    for place, position in enumerate(positions):
        item = bundle.item(int(position))
        badge = _badge(marks[place]) if marks is not None else ""
        stand = _stand(stands[place]) if stands is not None else ""
        found.append(f'<li class="mc-card">{_img(bundle, int(position))}{badge}{stand}'
                     f'<div class="mc-title"><span class="mc-rank">{place + 1}</span>{html.escape(str(item["title"]))}</div>'
                     f'<div class="mc-sub">{html.escape(subtitle(item))}</div></li>')
    st.html(f'<ol class="mc-cards" aria-label="{html.escape(label, quote=True)}">{"".join(found)}</ol>')


def row(bundle: Recommender, positions) -> str:
    """HTML of pictures side by side, to be put into a container of the caller's."""
    return "".join(_img(bundle, int(p)) for p in positions)


def subtitle(item: dict) -> str:
    """Year and category of an item."""
    year = f"{item['year']:.0f}" if "year" in item and np.isfinite(item["year"]) else ""
    return " · ".join(part for part in (year, str(item["category"])) if part)


def _badge(mark: str) -> str:
    if mark == "same":
        return ""
    kind, _, places = mark.partition(" ")
    text = {"new": "new", "up": f"▲ {places}", "down": f"▼ {places}"}[kind]
    spoken = {"new": "new in the list", "up": f"up {places}", "down": f"down {places}"}[kind]
    return f'<span class="mc-badge mc-{kind}" role="img" aria-label="{spoken}">{text}</span>'


def _stand(at: float) -> str:
    if not np.isfinite(at):
        return '<div class="mc-stand"></div>'
    return (f'<div class="mc-stand" role="img" aria-label="at {at:.0%} of the dial" title="Stands at {at:.0%} of the dial">'
            f'<i style="left:{at:.0%}"></i></div>')


def thumbs(bundle: Recommender, positions, *, label: str, limit: int = 14, faded: bool = False, titled: bool = False) -> str:
    """HTML of a row of small pictures, with titles or without; what is over the limit is counted."""
    positions = list(positions)
    more = f'<span class="mc-more">+{len(positions) - limit}</span>' if len(positions) > limit else ""
    pictured = "".join(f'<figure>{_img(bundle, int(p))}<figcaption>{html.escape(str(bundle.item(int(p))["title"]))}'
                       "</figcaption></figure>" if titled else _img(bundle, int(p)) for p in positions[:limit])
    return (f'<div class="mc-thumbs{" mc-faded" if faded else ""}" role="group" '
            f'aria-label="{html.escape(label, quote=True)}">{pictured}{more}</div>')


def hint(name: str) -> str:
    """What a figure means; the one behind NDCG@100 is that of NDCG in the first 100 places."""
    name, _, places = name.partition("@")
    return HINTS.get(name, "") + (f" Here of the first {places} places." if places and name in HINTS else "")


def figures(values: list[tuple[str, str]]) -> None:
    """A row of small figures: (name, value); the names of HINTS explain themselves under the pointer, and in `explain`."""
    entries = "".join(f'<div><dt title="{html.escape(hint(name), quote=True)}">{html.escape(name)}</dt>'
                      f'<dd>{html.escape(value)}</dd></div>' for name, value in values)
    st.html(f'<dl class="mc-figures">{entries}</dl>')


def explain(*names: str) -> None:
    """What some figures mean, for fingers that cannot hover."""
    with st.expander("What these figures mean"):
        st.markdown("\n".join(f"- **{name}**: {hint(name)}" for name in names))


def legend(names: list[str], colours: list[str], counts: list[int] | None = None) -> None:
    """A legend that wraps: a dot, a name, and, if given, a count."""
    counted = [f"<small>{count:,}</small>" for count in counts] if counts is not None else [""] * len(names)
    entries = "".join(f'<span class="mc-key"><i style="background:{colour}"></i>{html.escape(name)}{count}</span>'
                      for name, colour, count in zip(names, colours, counted, strict=True))
    st.html(f'<div class="mc-legend">{entries}</div>')


def film_strip(bundle: Recommender, frames: list[tuple[float, np.ndarray]], here: float | None, *, label: str) -> None:
    """Columns of pictures, one for each position of a dial, low to high; the one nearest to `here` is marked."""
    nearest = int(np.argmin([abs(value - here) for value, _ in frames])) if here is not None else -1
    columns = []
    for place, (_, positions) in enumerate(frames):
        mark = ' aria-current="true"' if place == nearest else ""
        columns.append(f'<div class="mc-frame"{mark}>{"".join(_img(bundle, int(p)) for p in positions)}</div>')
    st.html(f'<div class="mc-strip" role="group" aria-label="{html.escape(label, quote=True)}">{"".join(columns)}</div>')


def bars(shares: list[float | None], titles: list[str], *, label: str) -> None:
    """A row of upright bars, one a step; a share (0 to 1) is how full it is, None a step that has nothing to show yet."""
    found = "".join(f'<span title="{html.escape(title, quote=True)}"{"" if share is not None else " class=mc-none"}>'
                    f'<i style="height:{max(share or 0, 0.04):.0%}"></i></span>'
                    for share, title in zip(shares, titles, strict=True))
    st.html(f'<div class="mc-bars" role="img" aria-label="{html.escape(label, quote=True)}">{found}</div>')


def page_link(page: str, label: str, icon: str) -> None:
    """A link to another page; plain text where the page runs without its frame."""
    try:
        st.page_link(page, label=label, icon=icon)
    except (KeyError, st.errors.StreamlitAPIException):
        st.markdown(f"**{label}**")


def hover_pictures() -> None:
    """Make the maps of this page show an item's picture beside the pointer."""
    st.html(f"<script>{(ROOT / 'assets' / 'hover.js').read_text(encoding='utf-8')}</script>", unsafe_allow_javascript=True)


def twin_sentence(bundle: Recommender, twin: Recommender) -> str:
    """What the comparison of cosine and dot product came to, in one sentence made from the two models' figures."""
    a, b = bundle.meta["metrics"], twin.meta["metrics"]
    used = f"{a['effective_factors']:.1f} and {b['effective_factors']:.1f} of {bundle.settings.kfac} factors in use"
    if "nmi" not in a:
        return f"Cosine and dot product have {used}."
    gap = a["nmi"] - b["nmi"]
    verdict = ("the dot product loses the categories" if gap > 0.1 else "the dot product finds the categories better"
               if gap < -0.1 else "cosine fits the categories a little better" if gap > 0.02 else "it makes no difference")
    return (f"Cosine and dot product, trained alike from the same start, end with {used} and an NMI of "
            f"{figure(a['nmi'])} and {figure(b['nmi'])}: here {verdict}.")
