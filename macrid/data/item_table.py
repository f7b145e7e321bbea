"""The items table of a data set: found beside its interactions, read as its file has it, then tidied for people.

`item_table` finds and reads it; `describe` puts it in the order of the items that were touched, with readable titles, one
category for each and typed attributes.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from macrid.errors import InputError, InputWarning

from .layouts import TAGS_HEADER, Fit, blank, explain, records
from .titles import article_first, split_year
from .tree import ALIASES, GENRES_100K, Seen, Tree, readable, seekable

COLUMNS = ["item_id", "title", "category"]  # every items table has these
_LAST = ["image_url", "genres", "year"]
_ALIASES = {  # of two columns for one thing the alias listed first wins; the other stays as an attribute
    "item_id": ALIASES["item"],
    "title": ("title", "movie_title", "item_name", "name"),
    "category": ("category",),
    "genres": ("genres", "genre", "class"),
    "year": ("year", "release_year"),
    "image_url": ("image_url",),
}
_MOVIES_HEADER = ["movieid", "title", "genres"]
TAGGED_BY = 2  # people; what one alone says of a film may be true for nobody else
_NO_GENRE = {"", "unknown", "unkonwn", "(no genres listed)"}  # the misspelling stands in RecBole's ml-100k


# Reading -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ItemTable:
    """An items table as its file has it: text columns named as in _ALIASES, then attributes under their own names."""

    where: str
    frame: pd.DataFrame
    movielens: bool  # titles such as "Matrix, The (1999)"


def item_table(tree: Tree, fit: Fit) -> ItemTable | None:
    """The items table that goes with a layout, of any kind, if it has one.

    Ids are checked (present, each once), everything else is left as it stands.
    """
    name = _beside(tree, fit)
    if name is None:
        return None
    where, seen = tree.shown(name), tree.seen(name)
    if seen.kind not in ("items", "table", "uitem", "dat-movies", "atomic-items"):
        raise InputError(f"{where}: found {seen.says}, no item id; an items table needs one of {', '.join(ALIASES['item'])}")
    with readable(where):
        if seen.delimiter:
            rows = _rows(tree, name, seen)
            lines = [line for line, _ in rows]
            frame = pd.DataFrame([fields for _, fields in rows], columns=seen.columns, dtype=str)
        else:
            with tree.open(name) as stream:
                frame = pq.read_table(seekable(stream)).to_pandas()
            lines = list(range(1, len(frame) + 1))
    movielens = seen.kind in ("uitem", "dat-movies") or [c.lower() for c in seen.columns] == _MOVIES_HEADER
    if seen.kind == "uitem":
        flags = frame[GENRES_100K].to_numpy() == "1"
        genres = ["|".join(np.array(GENRES_100K)[row]) for row in flags]
        frame = pd.DataFrame({"item_id": frame["a"], "title": frame["b"], "genres": genres})
    frame = frame[[c for c in frame.columns if str(c).strip()]]  # pandas writes its index under an empty name
    names = _names(where, list(frame.columns))
    if seen.kind == "atomic-items":
        movielens = "movie_title" in seen.columns
        for column, kind in zip(seen.columns, seen.types, strict=True):
            if names.get(column) == "genres" and kind == "token_seq":
                frame[column] = frame[column].str.split().str.join("|")
    frame = frame.rename(columns=names)
    frame["item_id"] = frame["item_id"].astype(str).str.strip()
    _check_ids(where, zip(lines, frame["item_id"], strict=True), "keep one of them", "fill it in or drop the row")
    return ItemTable(where, _with_tags(tree, name, frame), movielens)


def _with_tags(tree: Tree, name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """An items table (file `name`), its column `tags` ("A|B", by name) filled from GroupLens' tags.csv beside it, if it has
    none of its own: the tags, in small letters, that at least TAGGED_BY people gave to an item. A blank tag, or one without
    a letter, says nothing."""
    beside = str(PurePosixPath(name).with_name("tags.csv"))
    if beside not in tree.names or "tags" in map(str.lower, map(str, frame.columns)):
        return frame
    seen = tree.seen(beside)
    if [column.lower() for column in seen.columns] != TAGS_HEADER:
        return frame
    with readable(tree.shown(beside)):
        given = {(user.strip(), item.strip(), tag) for _, (user, item, text, _) in _rows(tree, beside, seen)
                 for tag in (" ".join(part.lower().split()) for part in text.split("|")) if any(map(str.isalpha, tag))}
    tags: dict[str, list[str]] = {}
    for (item, tag), people in sorted(Counter((item, tag) for _, item, tag in given).items()):
        if people >= TAGGED_BY:
            tags.setdefault(item, []).append(tag)
    return frame.assign(tags=["|".join(tags.get(item, [])) for item in frame["item_id"]]) if tags else frame


def _beside(tree: Tree, fit: Fit) -> str | None:
    """The file that describes a layout's items; for pro_sg also one in a folder above, up to the root."""
    wanted = {
        "udata": ["u.item"],
        "dat": ["movies.dat"],
        "atomic": [f"{PurePosixPath(fit.names[0]).stem}.item"],
        "pro_sg": ["movies.dat", "movies.csv", "items.csv", "items.tsv", "items.parquet"],
        "table": ["items.csv", "items.tsv", "items.parquet", "movies.csv"],
    }[fit.layout]
    place = PurePosixPath(fit.folder)
    for folder in [place, *(place.parents if fit.layout == "pro_sg" else [])]:
        tables = [n for n in (str(folder / w) for w in wanted) if n in tree.names and n not in fit.names]
        if len(tables) > 1:
            raise InputError(f"{tree.root}: {' and '.join(tables)} both describe the items; keep one of them")
        if tables:
            return tables[0]
    return None


def _rows(tree: Tree, name: str, seen: Seen) -> list[tuple[int, list[str]]]:
    """The records of a text file, each with its line, all as wide as the header."""
    rows = []
    try:
        for line, fields in records(tree, name, seen):
            if len(fields) != len(seen.columns):
                raise InputError(f"{tree.shown(name)}, row {line}: has {len(fields)} fields, not {len(seen.columns)}; "
                                 "mend or drop the row")
            rows.append((line, fields))
    except UnicodeDecodeError:
        raise explain(tree, name, seen, UnicodeError("not UTF-8 text")) from None
    return rows


def _names(where: str, columns: list[str]) -> dict[str, str]:
    """What the columns that we know are to be called."""
    lower = [str(c).strip().lower() for c in columns]
    twice = next((c for c in lower if lower.count(c) > 1), None)
    if twice is not None:
        raise InputError(f"{where}: has the column {twice!r} twice; rename or drop one of them")
    names = {}
    for known, aliases in _ALIASES.items():
        hits = [columns[lower.index(a.lower())] for a in aliases if a.lower() in lower]
        if len(hits) > 1 and known == "item_id":
            both = " and ".join(repr(c) for c in sorted(hits, key=columns.index))
            raise InputError(f"{where}: the columns {both} both stand for the item id; rename or drop one of them")
        if hits:
            names[hits[0]] = known
    return names


def _check_ids(where: str, rows: Iterable[tuple[int, str]], again: str, void: str | None = None) -> None:
    """Raise InputError where an id comes again (the remedy is `again`), or is blank (`void`, if that is a fault)."""
    first: dict[str, int] = {}
    for line, item in rows:
        if void and blank(item):
            raise InputError(f"{where}, row {line}: the item id is {item!r}; {void}")
        if item in first:
            raise InputError(f"{where}, row {line}: item {item!r} is already in row {first[item]}; {again}")
        first[item] = line


def id_list(tree: Tree, fit: Fit) -> tuple[str, np.ndarray]:
    """The file unique_sid.txt of a pro_sg data set as messages show it, and its raw item ids (M,), one on each line."""
    name = str(PurePosixPath(fit.folder) / "unique_sid.txt")
    where = tree.shown(name)
    with readable(where), tree.open(name) as stream:
        ids = [line.strip() for line in stream.read().decode("utf-8-sig").splitlines()]
    _check_ids(where, enumerate(ids, 1), "list each id once", "each line needs one raw item id, none may be blank")
    return where, np.array(ids, dtype=object)


def item_categories(tree: Tree, fit: Fit) -> dict[str, str] | None:
    """Raw item id -> raw category id from a pro_sg data set's item_cate.csv (no header), if it has one."""
    name = str(PurePosixPath(fit.folder) / "item_cate.csv")
    if name not in tree.names:
        return None
    where = tree.shown(name)
    with readable(where):
        rows = _rows(tree, name, Seen("text", "", ["item_id", "category"]))
    _check_ids(where, ((line, item.strip()) for line, (item, _) in rows), "keep one of them")
    return {item.strip(): category.strip() for _, (item, category) in rows}


# Tidying -------------------------------------------------------------------------------------------------------------


def describe(item_ids: np.ndarray, table: ItemTable | None) -> pd.DataFrame:
    """The items table in the order of `item_ids` (M,): titles tidied, genres turned into one category, gaps filled."""
    ids = pd.Index(item_ids, dtype="str")
    if table is None:
        return pd.DataFrame({"item_id": ids, "title": ids, "category": pd.Series([""] * len(ids), dtype="str")})
    frame = table.frame.set_index("item_id")
    if not ids.isin(frame.index).any():
        warnings.warn(
            f"{table.where}: describes none of the {len(ids)} items that were touched (its ids are like "
            f"{frame.index[0] if len(frame) else 'none'}, theirs like {ids[0]}); check that both use the same ids",
            InputWarning,
            stacklevel=4,
        )
    frame = frame.reindex(ids)
    titles, years = _titles(frame, table.movielens)
    categories, genres = _categories(frame)
    columns: dict[str, np.ndarray | pd.Series] = {
        "item_id": pd.Series(ids),
        "title": pd.Series([title or item for title, item in zip(titles, ids, strict=True)], dtype="str"),
        "category": pd.Series(categories, dtype="str"),
    }
    for column in frame.columns:
        if str(column) not in (*COLUMNS, *_LAST):
            columns[str(column)] = _attribute(frame, column)
    if "image_url" in frame:
        columns["image_url"] = pd.Series(_words(frame, "image_url"), dtype="str")
    if genres is not None:
        columns["genres"] = pd.Series(genres, dtype="str")
    if years is not None:
        columns["year"] = years
    return pd.DataFrame(columns)


def _titles(frame: pd.DataFrame, movielens: bool) -> tuple[list[str], np.ndarray | None]:
    """The titles and the years (M,), NaN where unknown; None where nothing says any. A year of the table comes before one
    in the title."""
    titles = _words(frame, "title")
    years = pd.to_numeric(frame["year"], errors="coerce").to_numpy(float) if "year" in frame else None
    if not movielens:
        return titles, years
    split = [split_year(title) for title in titles]
    in_titles = np.array([np.nan if year is None else year for _, year in split], dtype=float)
    return ([article_first(title) for title, _ in split],
            in_titles if years is None else np.where(np.isnan(years), in_titles, years))


def _categories(frame: pd.DataFrame) -> tuple[list[str], list[str] | None]:
    """The categories, "" where unknown, and the genres as "A|B"; None where there is no such column."""
    genres = None
    categories = _words(frame, "category")
    if "genres" in frame:
        kept = [[g for g in words.split("|") if g.strip().lower() not in _NO_GENRE] for words in _words(frame, "genres")]
        genres = ["|".join(words) for words in kept]
        if "category" not in frame:
            categories = _rarest(kept)
    return ["" if category.lower() in _NO_GENRE else category for category in categories], genres


def _words(frame: pd.DataFrame, column: str) -> list[str]:
    """A column as text, "" where it says nothing or isn't there."""
    if column not in frame:
        return [""] * len(frame)
    return ["" if pd.isna(v) else str(v).strip() for v in frame[column].tolist()]


def _attribute(frame: pd.DataFrame, column: str) -> np.ndarray | pd.Series:
    """An attribute as numbers where all that is filled in is a number, else as text."""
    if pd.api.types.is_numeric_dtype(frame[column]) and not pd.api.types.is_bool_dtype(frame[column]):
        return frame[column].to_numpy(dtype=float, na_value=np.nan)
    text = pd.Series(_words(frame, column), dtype="str")
    numbers = pd.to_numeric(text.where(text != ""), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return numbers if (text != "").any() and not np.isnan(numbers[text != ""]).any() else text


def _rarest(genres: list[list[str]]) -> list[str]:
    """One category for each item: the rarest of its genres among these items, the first by name where two are as rare.

    MovieLens lists genres by name, so the first would make nearly everything Action, Comedy or Drama; the rarest says
    most about a film (Western, Film-Noir, Children's). IMAX is a way of showing films and counts only if it is alone.
    """
    counts = Counter(word for words in genres for word in words)
    return [min(words, key=lambda g: (g == "IMAX", counts[g], g), default="") for words in genres]
