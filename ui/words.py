"""Words and numbers for people: names, hints, text made safe for HTML and Markdown."""

import html
import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


DATA_NAMES = {"shop": "Simulated shop", "skewed-shop": "Simulated shop, skewed", "alishop-7c": "AliShop-7C",
              "ml-100k": "MovieLens 100K", "ml-1m": "MovieLens 1M", "ml-20m": "MovieLens 20M",
              "ml-25m": "MovieLens 25M", "ml-32m": "MovieLens 32M", "ml-latest-small": "MovieLens latest-small",
              "lastfm-2k": "Last.fm 2K", "ml-1m-pro_sg": "MovieLens 1M, the paper's own split"}


HINTS = {
    "Effective factors": "The effective number of factors, exp of the entropy of their shares of the items: K if all are "
                         "used alike, 1 if one takes everything.",
    "Effective categories": "The same for the categories: as many as there are, if all hold as many items.",
    "Coherence": "Of three items that are about as popular, two of one factor and one of another: how often people whom the "
                 "model never saw click the two together more than either with the third. 1 is always, 0.33 is chance; the "
                 "fewer clicks there are, the closer to chance.",
    "Certainty": "How surely an item belongs to its factor: the share of the item in the middle, from 1 / K, where it "
                 "belongs to all K factors alike, to 1, where it belongs to one alone.",
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


def figure(value: float) -> str:
    """A number with three significant digits."""
    return f"{value:#.3g}".rstrip(".") if 0.0005 <= abs(value) < 999.5 else f"{value:,.0f}"


def escaped(text: object) -> str:
    """Text from data for a place that reads HTML."""
    return html.escape(str(text), quote=True)


def plain(text: object) -> str:
    """Text from data for a place that reads Markdown: its special characters mean themselves."""
    return re.sub(r"([\\`*_{}\[\]()#~$:|<>])", r"\\\1", str(text))


def distinct(labels: Iterable[str], extras: Iterable[object]) -> list[str]:
    """The labels, each that repeats an earlier one with its extra behind it: Streamlit knows an option by its label, so that
    of two that are alike only the last could be chosen."""
    seen: set[str] = set()
    options = []
    for label, extra in zip(labels, extras, strict=True):
        options.append(f"{label} ({extra})" if label in seen else label)
        seen.add(label)
    return options


def hint(name: str) -> str:
    """What a figure means; the one behind NDCG@100 is that of NDCG in the first 100 places."""
    name, _, places = name.partition("@")
    return HINTS.get(name, "") + (f" Here of the first {places} places." if places and name in HINTS else "")
