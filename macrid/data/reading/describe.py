"""What is known of the items, tidied for people: readable titles, one category for each, genres, numbers as numbers."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from macrid.data.titles import article_first, given, split_year
from macrid.errors import InputWarning

from .item_table import ItemTable
from .look import parsed
from .names import MISSING, listed, plain

COLUMNS = ["item_id", "title", "category"]  # every items table has these
_LAST = ["image_url", "genres", "year"]
_NO_GENRE = {"", "unknown", "unkonwn", "(no genres listed)", *MISSING}  # the misspelling stands in RecBole's ml-100k
_SEVERAL = ("tags", "shelves", "topics", "keywords", "subjects", "moods", "styles")  # more columns of several words
_GAPS = {*MISSING, "-", "–", "—", "?", "unknown", "n.a.", "n.a"}  # what stands in a column of numbers for nothing
_MONEY = re.compile(r"(?:[$€£¥₹₩₽]|US\$|[A-Z]{3}|Rs\.?|kr)?\s*([-+]?\d[\d.,'\s]*)\s*(?:[$€£¥₹₩₽]|[A-Z]{3}|kr|Kč|zł)?")
_SIGN = re.compile(r"[$€£¥₹₩₽]|\b(?:USD|EUR|GBP|JPY|CHF|SEK|NOK|DKK|INR|CNY|RMB|KRW|AUD|CAD|PLN|CZK|BRL)\b|^Rs|kr$|Kč|zł")


def describe(item_ids: np.ndarray, table: ItemTable | None) -> pd.DataFrame:
    """The items table in the order of `item_ids` (M,): titles tidied, genres turned into one category, gaps filled."""
    ids = pd.Index(item_ids, dtype="str")
    if table is None:
        return pd.DataFrame({"item_id": ids, "title": ids, "category": pd.Series([""] * len(ids), dtype="str")})
    frame = table.frame.set_index("item_id")
    matching = match(item_ids, table)
    if matching:
        warnings.warn(matching, InputWarning, stacklevel=4)
    frame = frame.reindex(ids)
    titles, years = _titles(frame, table.movielens)
    categories, genres = _categories(frame, table.sequences)
    columns: dict[str, np.ndarray | pd.Series] = {
        "item_id": pd.Series(ids),
        "title": pd.Series([title or item for title, item in zip(titles, ids, strict=True)], dtype="str"),
        "category": pd.Series(categories, dtype="str"),
    }
    for column in frame.columns:
        if str(column) not in (*COLUMNS, *_LAST):
            columns[str(column)] = _attribute(frame, column, str(column) in table.sequences)
    if "image_url" in frame:
        columns["image_url"] = pd.Series(_words(frame, "image_url"), dtype="str")
    if genres is not None:
        columns["genres"] = pd.Series(genres, dtype="str")
    if years is not None:
        columns["year"] = years
    return pd.DataFrame(columns)


def match(item_ids: np.ndarray, table: ItemTable) -> str:
    """What is wrong with how the ids of an items table match those that were touched, in numbers; "" if half of them do."""
    theirs = set(table.frame["item_id"])
    missed = [i for i in item_ids if i not in theirs]
    if 2 * len(missed) < len(item_ids) or not len(item_ids):
        return ""
    bare = {_bare(i): i for i in theirs}
    damaged = [i for i in missed if _bare(i) in bare]
    if damaged:
        return (f"{table.where}: {len(missed)} of the {len(item_ids)} items that were touched are not in it, "
                f"{len(damaged)} of these only for want of zeros or the like ({damaged[0]!r} here, "
                f"{bare[_bare(damaged[0])]!r} there), as when a "
                "spreadsheet takes ids for numbers; write both files with ids as text")
    what = "none" if len(missed) == len(item_ids) else f"only {len(item_ids) - len(missed)}"
    return (f"{table.where}: describes {what} of the {len(item_ids)} items that were touched (its {len(theirs)} ids are "
            f"like {listed(sorted(theirs)[:3]) or 'none'}, those that it lacks like {listed(missed[:3])}); "
            "check that both use the same ids")


def _bare(item: str) -> str:
    """An id as a spreadsheet leaves it: without leading zeros, a fraction of zeros, in capitals."""
    return re.sub(r"\.0+$", "", item).lstrip("0").upper()


def _titles(frame: pd.DataFrame, movielens: bool) -> tuple[list[str], np.ndarray | None]:
    """The titles and the years (M,), NaN where unknown; None where nothing says any. A year of the table comes before one
    in the title."""
    titles = _words(frame, "title")
    years = None
    if "year" in frame:
        found = pd.Series(_words(frame, "year")).str.extract(r"^\D*(\d{4})(?:\D|$)", expand=False)  # also of a date
        years = pd.to_numeric(found, errors="coerce").to_numpy(float)
    split = [split_year(title) for title in titles]
    known = [title for title in titles if title]
    if not movielens and (not known or sum(year is not None for _, year in split) < 0.5 * len(known)):
        return titles, years
    in_titles = np.array([np.nan if year is None else year for _, year in split], dtype=float)
    return ([article_first(title) for title, _ in split],
            in_titles if years is None else np.where(np.isnan(years), in_titles, years))


def _categories(frame: pd.DataFrame, sequences: frozenset[str]) -> tuple[list[str], list[str] | None]:
    """The categories, "" where unknown, and the genres as "A|B"; None where there is no such column. A column `category`
    whose cells hold several words that come together in several ways is one of genres."""
    kept = None
    categories = _words(frame, "category") if "category" in frame else []
    if "genres" in frame:
        kept = _kept(several(frame["genres"].tolist(), "genres" in sequences))
    elif "category" in frame and (parts := _recombined(frame["category"].tolist(), "category" in sequences)):
        kept, categories = _kept(parts), []
    genres = None if kept is None else ["|".join(words) for words in kept]
    if kept is not None and not categories:
        categories = _rarest(kept)
    if not categories:
        categories = [""] * len(frame)
    return ["" if category.lower() in _NO_GENRE else category for category in categories], genres


def _kept(parts: list[list[str]]) -> list[list[str]]:
    return [[g for g in words if g.lower() not in _NO_GENRE] for words in parts]


def _recombined(values: Sequence[Any], blanks: bool) -> list[list[str]] | None:
    """The parts of cells that hold several words, if fewer different words than different cells show that these are
    words."""
    parts = several(values, blanks)
    whole = {tuple(words) for words in parts if words}
    words = {word for cell in whole for word in cell}
    return parts if len(words) < len(whole) and any(len(cell) > 1 for cell in whole) else None


def several(values: Sequence[Any], blanks: bool = False) -> list[list[str]]:
    """The words of each cell: of a list, of a list that is written as text, or separated by the first of |, ; and comma that
    the column has; by blanks if that is how the column is written and it has none of these."""
    cells = [_listed(value) for value in values]
    texts = [cell for cell in cells if isinstance(cell, str)]
    separator = next((s for s in ("|", ";", ",") if any(s in text for text in texts)), " " if blanks else None)
    if separator is None and len({word for text in texts for word in text.split("/")}) < len(set(texts)):
        separator = "/"  # only where fewer words than cells show that it is none within a word
    out = []
    for cell in cells:
        words = cell.split(separator) if isinstance(cell, str) and separator else [cell] if isinstance(cell, str) else cell
        clean = (" ".join(str(word).strip().strip("'\"").split()) for word in words)
        out.append(list(dict.fromkeys(word.replace("|", "/") for word in clean if word)))
    return out


def _listed(value: object) -> str | list[str]:
    """A cell as text, or the list that it is or writes; of objects, as TMDB has them, their names."""
    if isinstance(value, str) and value.strip().startswith(("[", "{")):
        try:
            value = parsed(value)
        except ValueError:
            return str(value)
    if isinstance(value, dict):
        value = list(value.values()) if "name" not in value else [value]
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [str(v.get("name", v) if isinstance(v, dict) else v) for v in value if given(v)]
    return str(value).strip() if given(value) else ""


def _rarest(genres: list[list[str]]) -> list[str]:
    """One category for each item: the rarest of its genres among these items, the first by name where two are as rare.

    MovieLens lists genres by name, so the first would make nearly everything Action, Comedy or Drama; the rarest says
    most about a film (Western, Film-Noir, Children's). IMAX is a way of showing films and counts only if it is alone.
    """
    counts = Counter(word for words in genres for word in words)
    return [min(words, key=lambda g: (g == "IMAX", counts[g], g), default="") for words in genres]


# Attributes ----------------------------------------------------------------------------------------------------------------


def _words(frame: pd.DataFrame, column: str) -> list[str]:
    """A column as text, "" where it says nothing or isn't there."""
    if column not in frame:
        return [""] * len(frame)
    return [str(v).strip() if given(v) else "" for v in frame[column].tolist()]


def _attribute(frame: pd.DataFrame, column: str, blanks: bool) -> np.ndarray | pd.Series:
    """An attribute as numbers where all that is filled in is a number or a price, as "A|B" where it is a list, else as
    text."""
    values = frame[column]
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return values.to_numpy(dtype=float, na_value=np.nan)
    if blanks or plain(column) in _SEVERAL or any(isinstance(v, list | np.ndarray) for v in values.tolist()):
        return pd.Series(["|".join(words) for words in several(values.tolist(), blanks)], dtype="str")
    text = pd.Series(_words(frame, column), dtype="str")
    numbers = as_numbers(text.tolist())
    return text if numbers is None else numbers


def as_numbers(texts: Sequence[str]) -> np.ndarray | None:
    """Texts as numbers, NaN where one says nothing; None if they are not all numbers. Prices may carry a currency."""
    filled = [text for text in texts if text.strip().lower() not in _GAPS]
    if not filled:
        return None
    money = any(_SIGN.search(text) for text in filled)
    out = np.full(len(texts), np.nan)
    for k, text in enumerate(texts):
        if text.strip().lower() in _GAPS:
            continue
        value = _price(text) if money else _plain_number(text)
        if value is None:
            return None
        out[k] = value
    return out


def _plain_number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) and "_" not in text else None


def _price(text: str) -> float | None:
    """A price without its currency: the last comma or point is the decimal one, unless three digits follow a comma."""
    found = _MONEY.fullmatch(text.strip())
    if found is None:
        return None
    digits = re.sub(r"[\s']", "", found[1])
    if re.search(r",\d{3}$", digits) or digits.rfind(",") < digits.rfind("."):
        digits = digits.replace(",", "")
    else:
        digits = digits.replace(".", "").replace(",", ".") if "," in digits else digits
    return _plain_number(digits)
