"""The table that describes the items: found beside their interactions, read as its file has it. `describe` tidies it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
import pyarrow as pa

from macrid.errors import InputError

from .arrays import ids
from .find import Finder, Fit
from .look import GENRES_100K, TYPED, Look
from .names import called, examples, plain
from .shapes import text_lines
from .table import Table
from .tree import readable, unpacked_name

# What is known of an item, by the names (as `plain` gives them) of the column that holds it: of two the one listed first
# wins, the other stays as an attribute.
KNOWN = {
    "title": ("title", "movietitle", "booktitle", "itemname", "itemtitle", "producttitle", "productname", "prodname",
              "artistname", "songtitle", "songname", "trackname", "gametitle", "gamename", "businessname", "animetitle",
              "newstitle", "articletitle", "name"),
    "category": ("category", "maincategory", "categoryname", "productcategory"),
    "genres": ("genres", "genre", "class", "categories", "cats", "genrelist", "categorylist", "moviegenres", "bookgenres"),
    "year": ("year", "releaseyear", "yearofpublication", "publicationyear"),
    "image_url": ("imageurl", "imgurl", "pictureurl", "posterurl", "coverurl", "imageurll"),
}
_UNUSED = ["abstract", "url", "title_entities", "abstract_entities"]  # of MIND's news
TAGGED_BY = 2  # people; what one alone says of a film may be true for nobody else
_STEMS = re.compile(
    r"(^|[-_.\s])(items?|movies?|films?|books?|artists?|albums?|songs?|tracks?|products?|articles?|business(es)?|animes?|mangas?|"
    r"games?|news|recipes?|courses?|beers?|places?|venues?|meta(data)?|catalog(ue)?)($|[-_.\s])", re.IGNORECASE)


@dataclass(frozen=True)
class ItemTable:
    """An items table as its file has it: columns named as in KNOWN, then attributes under their own names."""

    where: str
    frame: pd.DataFrame
    movielens: bool  # titles such as "Matrix, The (1999)"
    sequences: frozenset[str] = frozenset()  # columns of words that RecBole separates by blanks
    notes: tuple[str, ...] = ()  # what has to be said of how it was read


def item_table(finder: Finder, fit: Fit, id_name: str) -> ItemTable | None:
    """The items table that goes with a data set, if it has one. id_name: what its interactions call the item.

    Ids are checked (present, each once), everything else is left as it stands.
    """
    files = beside(finder, fit, id_name)
    if not files:
        return None
    table = _opened(finder, fit, files[0])
    where, seen = table.where, table.look
    if seen.kind != "uitem" and not _id_columns(seen.columns, id_name):
        raise InputError(f"{where}: found {seen.says}, no item id; an items table needs one of {examples('item')}")
    lines, frame = _read(table, seen, id_name)
    for other in files[1:]:  # parts as Spark writes them
        more, rows = _read(_opened(finder, fit, other), seen, id_name)
        lines, frame = [*lines, *more], pd.concat([frame, rows], ignore_index=True)
    sequences = [c for c, kind in zip(seen.columns, seen.types, strict=False) if kind == "token_seq"]
    known = named(where, lines, frame, id_name, sequences)
    movielens = known.movielens or seen.kind in ("uitem", "dat-movies")
    return replace(known, frame=_with_tags(finder, files[0], known.frame), movielens=movielens, notes=table.notes)


def named(where: str, lines: list[int], frame: pd.DataFrame, id_name: str, sequences: Iterable[str] = ()) -> ItemTable:
    """The rows of a file, each with its line, as an items table: what is known under the names of KNOWN, each id once.
    sequences: columns of words that RecBole separates by blanks."""
    columns = [*frame.columns]
    frame = frame[[c for c in columns if plain(c) and not re.fullmatch(r"unnamed\d+", plain(c))]]  # a written index
    names = _names(where, list(frame.columns), id_name)
    movielens = "movie_title" in columns or [plain(c) for c in columns] == ["movieid", "title", "genres"]
    return ItemTable(where, _once(where, lines, frame.rename(columns=names)), movielens,
                     frozenset(names.get(c, c) for c in sequences))


# Finding it ----------------------------------------------------------------------------------------------------------------


def beside(finder: Finder, fit: Fit, id_name: str) -> list[str]:
    """The file that describes a data set's items, or its parts; for pro_sg also one in a folder above, up to the root."""
    place = PurePosixPath(fit.folder)
    for folder in [place, *(place.parents if fit.layout == "pro_sg" else [])]:
        there = [n for n in finder.tree.names if PurePosixPath(n).parent == folder and n not in fit.names]
        ranked = [(rank, n) for n in there if (rank := _rank(finder, fit, n, id_name)) is not None]
        best = min((rank for rank, _ in ranked), default=None)
        tables = [n for rank, n in ranked if rank == best]
        if len(tables) > 1:
            raise InputError(f"{finder.tree.root}: {' and '.join(tables[:3])} both describe the items; keep one of them")
        if tables:
            return tables
    return _parts_beside(finder, place)


def _parts_beside(finder: Finder, place: PurePosixPath) -> list[str]:
    """The parts of a table of items in a folder beside that of the interactions, as Spark writes both."""
    folders: dict[PurePosixPath, list[str]] = {}
    for name in finder.tree.names:
        folder = PurePosixPath(name).parent
        if folder != place and folder.parent == place.parent and not PurePosixPath(name).name.startswith("_"):
            folders.setdefault(folder, []).append(name)
    found = [names for names in folders.values() if all(finder.purpose(n) == "items" for n in names)
             and len({tuple(finder.look(n).columns) for n in names}) == 1]
    return found[0] if len(found) == 1 and place != PurePosixPath(".") else []


def _rank(finder: Finder, fit: Fit, name: str, id_name: str) -> int | None:
    """How surely a file describes the items: 0 by the name that goes with the layout, 1 by its name and its columns, 2 by
    one of them; None if it does not, as a file of ids and numbers could be labels."""
    base = unpacked_name(PurePosixPath(name).name).lower()
    own = {"udata": "u.item", "netflix": "movie_titles.csv", "mind": "news.tsv"}.get(fit.layout)
    if base in (own, "u.item") or base == f"{PurePosixPath(fit.names[0]).stem.lower()}.item":
        return 0
    stem = PurePosixPath(base).stem
    named = bool(_STEMS.search(stem))
    if stem == "items" and PurePosixPath(base).suffix in (".csv", ".tsv", ".parquet", ".xlsx", ".json", ".feather"):
        return 0
    if base.startswith(("_", "links.", "readme")) or (finder.tree.only is not None and not named):
        return None
    try:
        seen, purpose = finder.look(name), finder.purpose(name)
    except InputError:
        return None  # nobody asked for this file
    mine = plain(id_name) in map(plain, seen.columns) and not called(seen.columns, "user", weak=False)
    ids_named_id = named and "id" in map(plain, seen.columns) and not called(seen.columns, "user", weak=False)
    if purpose != "items" and not mine and not ids_named_id:
        return None
    if any(plain(c) in ("tagid", "tagvalue") for c in seen.columns):
        return None
    known = {plain(c) for c in seen.columns} & {alias for aliases in KNOWN.values() for alias in aliases}
    return 1 if named and known else 2 if known or named else None


def _opened(finder: Finder, fit: Fit, name: str) -> Table:
    """The table of a file that is known to describe items, with the columns that its layout gives it."""
    seen = finder.look(name)
    columns = {"netflix": ["item_id", "year", "title"], "mind": ["item_id", "category", "subcategory", "title", *_UNUSED]}
    if fit.layout in columns and not called(seen.columns, "item"):
        cut = replace(seen.cut, skip=0, delimiter="," if fit.layout == "netflix" else "\t", quotes="none")
        seen = Look(fit.layout, seen.says, columns[fit.layout], cut)
    return Table(finder.tree, name, seen).settled()


# Reading it ----------------------------------------------------------------------------------------------------------------


def _read(table: Table, seen: Look, id_name: str) -> tuple[list[int], pd.DataFrame]:
    """The line of each row, and the rows as they stand, the ids as text."""
    with readable(table.where):
        if seen.kind in TYPED:
            parts = list(table.batches(range(len(seen.columns))))
            columns = {c: pa.chunked_array([p[k] for p in parts]) if parts else pa.chunked_array([[]], pa.string())
                       for k, c in enumerate(seen.columns)}
            frame = pd.DataFrame({c: _values(table.where, c, column, id_name) for c, column in columns.items()})
            return [table.row(k) for k in range(len(frame))], frame
        rows = _free_rows(table) if seen.kind in ("netflix", "mind") else list(table.records())
    frame = pd.DataFrame([fields for _, fields in rows], columns=seen.columns, dtype=str)
    if seen.kind == "uitem":
        flags = frame[GENRES_100K].to_numpy() == "1"
        genres = ["|".join(np.array(GENRES_100K)[row]) for row in flags]
        frame = pd.DataFrame({"item_id": frame["a"], "title": frame["b"], "genres": genres})
    return [line for line, _ in rows], frame.drop(columns=_UNUSED if seen.kind == "mind" else [])


def _free_rows(table: Table) -> list[tuple[int, list[str]]]:
    """Rows whose last field may hold the separator, as the titles of the Netflix Prize do."""
    width, cut = len(table.look.columns), table.look.cut
    lines = text_lines(table.tree, table.name, cut)
    rows = [(line, text.rstrip("\r\n").split(cut.delimiter, width - 1)) for line, text in lines]
    return [(line, fields + [""] * (width - len(fields))) for line, fields in rows]


def _values(where: str, name: str, column: pa.ChunkedArray, id_name: str) -> pd.Series:
    """A typed column as pandas has it; an id as text."""
    if plain(name) in (plain(id_name), "id", "itemid") or called([name], "item", weak=False):
        parts = [ids(where, "item", chunk).dictionary_decode() for chunk in column.chunks]
        return pd.Series([v for part in parts for v in part.to_pylist()], dtype=object)
    if pa.types.is_nested(column.type) or pa.types.is_temporal(column.type):
        return pd.Series(column.to_pylist(), dtype=object)
    return column.to_pandas()


def _id_columns(columns: list[str], id_name: str) -> list[int]:
    """The columns that could hold the item ids: called as the interactions call them, by a name of the field, or just id."""
    lower = [plain(c) for c in columns]
    mine, just = ([k for k, c in enumerate(lower) if c == name] for name in (plain(id_name), "id"))
    return mine or called(columns, "item", weak=False) or just


def _names(where: str, columns: list[str], id_name: str) -> dict[str, str]:
    """What the columns that we know are to be called."""
    lower = [plain(c) for c in columns]
    small = [str(c).strip().lower() for c in columns]
    twice = next((c for c in small if small.count(c) > 1), None)
    if twice is not None:
        raise InputError(f"{where}: has the column {twice!r} twice; rename or drop one of them")
    hits = [columns[k] for k in _id_columns(columns, id_name)]
    if len(hits) > 1:
        both = " and ".join(repr(c) for c in hits)
        raise InputError(f"{where}: the columns {both} both stand for the item id; rename or drop one of them")
    names = {hits[0]: "item_id"} if hits else {}
    for known, aliases in KNOWN.items():
        found = [columns[lower.index(a)] for a in aliases if a in lower and columns[lower.index(a)] not in names]
        if found:
            names[found[0]] = known
    return names


def _once(where: str, lines: list[int], frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with their ids stripped, rows that are said twice once. Raises InputError where an id is blank, or comes
    again with something else."""
    frame = frame.assign(item_id=frame["item_id"].astype(str).str.strip())
    first: dict[str, int] = {}
    keep = []
    for k, item in enumerate(frame["item_id"]):
        if not item or item.lower() in ("nan", "<na>"):
            raise InputError(f"{where}, row {lines[k]}: the item id is {item!r}; fill it in or drop the row")
        if item in first and [*map(str, frame.iloc[k])] != [*map(str, frame.iloc[first[item]])]:
            raise InputError(f"{where}, row {lines[k]}: item {item!r} is already in row {lines[first[item]]}; "
                             "keep one of them")
        if item not in first:
            keep.append(k)
        first.setdefault(item, k)
    return frame.iloc[keep].reset_index(drop=True)


# Tags ----------------------------------------------------------------------------------------------------------------------


def _with_tags(finder: Finder, name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """An items table (file `name`), its column `tags` ("A|B", by name) filled from a file beside it in which people tag
    items (GroupLens' tags.csv, user_taggedartists.dat), if it has none of its own: the tags, in small letters, that at least
    TAGGED_BY people gave to an item. A blank tag, or one without a letter, says nothing."""
    if "tags" in map(plain, frame.columns):
        return frame
    given = {(user.strip(), item.strip(), tag) for user, item, text in _taggings(finder, PurePosixPath(name).parent)
             for tag in (" ".join(part.lower().split()) for part in text.split("|")) if any(map(str.isalpha, tag))}
    tags: dict[str, list[str]] = {}
    for (item, tag), people in sorted(Counter((item, tag) for _, item, tag in given).items()):
        if people >= TAGGED_BY:
            tags.setdefault(item, []).append(tag)
    return frame.assign(tags=["|".join(tags.get(item, [])) for item in frame["item_id"]]) if tags else frame


def _taggings(finder: Finder, folder: PurePosixPath) -> Iterable[tuple[str, str, str]]:
    """User, item and tag of each row of the file of tags in a folder, if there is one."""
    there = [n for n in finder.tree.names if PurePosixPath(n).parent == folder]
    if finder.tree.only is not None:
        there = [n for n in there if "tag" in n.lower()]
    seen = {n: _quiet(finder, n) for n in there}
    files = [n for n, columns in seen.items() if {"tag", "tagid"} & set(columns) and finder.purpose(n) == "tags"]
    if not files:
        return
    columns = seen[files[0]]
    table = Table(finder.tree, files[0], finder.look(files[0])).settled()
    words = {}
    if "tag" not in columns:
        of = next((n for n, c in seen.items() if {"tagid", "tagvalue"} <= set(c) or c == ["tagid", "tag"]), None)
        if of is None:
            return
        rows = Table(finder.tree, of, finder.look(of)).settled().records()
        words = {fields[seen[of].index("tagid")].strip(): fields[1 - seen[of].index("tagid")] for _, fields in rows}
    user, item, tag = (called(table.look.columns, "user")[0], called(table.look.columns, "item")[0],
                       columns.index("tag" if "tag" in columns else "tagid"))
    with readable(table.where):
        for _, fields in table.records():
            yield fields[user], fields[item], words.get(fields[tag].strip(), "") if words else fields[tag]


def _quiet(finder: Finder, name: str) -> list[str]:
    """The columns of a file nobody asked for, none where it cannot be read."""
    try:
        return [plain(c) for c in finder.look(name).columns]
    except InputError:
        return []
