"""What pages are made of: heads, cards, rows of pictures, figures, legends, film strips. Computes nothing itself."""

import html
from collections.abc import Iterable, Sequence

import numpy as np
import streamlit as st

from macrid.bundle.recommender import Recommender
from macrid.pictures import item_picture

from .item_pictures import picture_src
from .words import ROOT, hint


def begin(title: str, what: str) -> None:
    """The head of a page."""
    st.html(ROOT / "assets" / "style.css")
    st.html(f"<script>{(ROOT / 'assets' / 'drawn.js').read_text(encoding='utf-8')}drawnInstead(document)</script>",
            unsafe_allow_javascript=True)
    st.title(title)
    if what:
        st.markdown(what)


def _img(bundle: Recommender, position: int) -> str:
    item = bundle.item(position)
    return (f'<img src="{html.escape(picture_src(bundle, position), quote=True)}" loading="lazy" '
            f'alt="{html.escape(item_picture.alt(item), quote=True)}" '
            f'title="{html.escape(str(item["title"]), quote=True)}">')


def cards(bundle: Recommender, positions: Iterable[int], marks: Sequence[str] | None = None,
          stands: Sequence[float] | np.ndarray | None = None, *, label: str) -> None:
    """Items as cards in their order: picture, rank, title, category and, if given, a mark (new, up n, down n, same; both: in
    two lists) and where it stands on a dial, from 0 to 1 (NaN: not on it)."""
    shown = []
    for place, position in enumerate(positions):
        item = bundle.item(int(position))
        badge = _badge(marks[place]) if marks is not None else ""
        stand = _stand(stands[place]) if stands is not None else ""
        shown.append(f'<li class="mc-card">{_img(bundle, int(position))}{badge}{stand}'
                     f'<div class="mc-title"><span class="mc-rank">{place + 1}</span>{html.escape(str(item["title"]))}</div>'
                     f'<div class="mc-sub">{html.escape(subtitle(item))}</div></li>')
    st.html(f'<ol class="mc-cards" aria-label="{html.escape(label, quote=True)}">{"".join(shown)}</ol>')


def row(bundle: Recommender, positions: Iterable[int]) -> str:
    """HTML of pictures side by side, to be put into a container of the caller's."""
    return "".join(_img(bundle, int(p)) for p in positions)


def count(items: int) -> str:
    """1 item, 7 items."""
    return "1 item" if items == 1 else f"{items} items"


def subtitle(item: dict) -> str:
    """Year and category of an item."""
    year = f"{item['year']:.0f}" if "year" in item and np.isfinite(item["year"]) else ""
    return " · ".join(part for part in (year, str(item["category"])) if part)


def _badge(mark: str) -> str:
    if mark == "same":
        return ""
    kind, _, places = mark.partition(" ")
    text = {"new": "new", "up": f"▲ {places}", "down": f"▼ {places}", "both": "both"}[kind]
    spoken = {"new": "new in the list", "up": f"up {places}", "down": f"down {places}", "both": "in both lists"}[kind]
    return f'<span class="mc-badge mc-{kind}" role="img" aria-label="{spoken}">{text}</span>'


def _stand(at: float) -> str:
    if not np.isfinite(at):
        return '<div class="mc-stand"></div>'
    return (f'<div class="mc-stand" role="img" aria-label="at {at:.0%} of the dial" title="Stands at {at:.0%} of the dial">'
            f'<i style="left:{at:.0%}"></i></div>')


def thumbs(bundle: Recommender, positions: Iterable[int], *, label: str, limit: int = 14, faded: bool = False,
           titled: bool = False) -> str:
    """HTML of a row of small pictures, with titles or without; what is over the limit is counted."""
    positions = list(positions)
    more = f'<span class="mc-more">+{len(positions) - limit}</span>' if len(positions) > limit else ""
    pictured = "".join(_titled(bundle, int(p)) if titled else _img(bundle, int(p)) for p in positions[:limit])
    return (f'<div class="mc-thumbs{" mc-faded" if faded else ""}" role="group" '
            f'aria-label="{html.escape(label, quote=True)}">{pictured}{more}</div>')


def _titled(bundle: Recommender, position: int) -> str:
    title = html.escape(str(bundle.item(position)["title"]))
    return f"<figure>{_img(bundle, position)}<figcaption>{title}</figcaption></figure>"


def figures(values: list[tuple[str, str]], wide: bool = False) -> None:
    """A row of small figures: (name, value); the names of HINTS explain themselves under the pointer, and in `explain`.
    wide: side by side over the whole page."""
    entries = "".join(f'<div><dt{_hinted(name)}>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>'
                      for name, value in values)
    st.html(f'<dl class="mc-figures{" mc-wide" if wide else ""}">{entries}</dl>')


def _hinted(name: str) -> str:
    return f' title="{html.escape(hint(name), quote=True)}"' if hint(name) else " class=mc-plain"


def meters(values: list[tuple[str, str, float]]) -> None:
    """Figures as bars under one another: (name, value, how full, from 0 to 1); the names of HINTS explain themselves under
    the pointer, and in `explain`."""
    entries = "".join(f'<div><dt title="{html.escape(hint(name), quote=True)}">{html.escape(name)}</dt>'
                      f'<span><i style="width:{share:.1%}"></i></span><dd>{html.escape(value)}</dd></div>'
                      for name, value, share in values)
    st.html(f'<dl class="mc-meters">{entries}</dl>')


def explain(*names: str) -> None:
    """What some figures mean, for fingers that cannot hover."""
    with st.expander("What these figures mean"):
        st.markdown("\n".join(f"- **{name}**: {hint(name)}" for name in names))


def legend(names: list[str], colours: list[str], counts: list[int] | None = None) -> None:
    """A legend that wraps: a dot, a name, and, if given, a count."""
    counted = [f"<small>{count:,}</small>" for count in counts] if counts is not None else [""] * len(names)
    entries = "".join(f'<span class="mc-key"><i style="background:{colour}"></i><span>{html.escape(name)} {count}</span>'
                      "</span>"
                      for name, colour, count in zip(names, colours, counted, strict=True))
    st.html(f'<div class="mc-legend">{entries}</div>')


def film_strip(bundle: Recommender, frames: list[tuple[float, np.ndarray]], *, label: str) -> None:
    """Columns of pictures, one for each position along something, low to high."""
    columns = "".join(f'<div class="mc-frame">{row(bundle, positions)}</div>' for _, positions in frames)
    st.html(f'<div class="mc-strip" role="group" aria-label="{html.escape(label, quote=True)}">{columns}</div>')


def bars(shares: list[float | None], titles: list[str], *, label: str) -> None:
    """A row of upright bars, one a step; a share (0 to 1) is how full it is, None a step that has nothing to show yet."""
    drawn = "".join(_bar(share, title) for share, title in zip(shares, titles, strict=True))
    st.html(f'<div class="mc-bars" role="img" aria-label="{html.escape(label, quote=True)}">{drawn}</div>')


def _bar(share: float | None, title: str) -> str:
    return (f'<span title="{html.escape(title, quote=True)}"{"" if share is not None else " class=mc-none"}>'
            f'<i style="height:{max(share or 0, 0.04):.0%}"></i></span>')


def page_link(page: str, label: str, icon: str, query: dict[str, str] | None = None) -> None:
    """A link to another page, with what its address should hold; plain text where the page runs without its frame."""
    try:
        st.page_link(page, label=label, icon=icon, query_params=query)
    except (KeyError, st.errors.StreamlitAPIException):
        st.markdown(f"**{label}**")


def hover_pictures() -> None:
    """Make the maps of this page show an item's picture beside the pointer."""
    st.html(f"<script>{(ROOT / 'assets' / 'hover.js').read_text(encoding='utf-8')}</script>", unsafe_allow_javascript=True)


