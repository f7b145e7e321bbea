"""The tables of a data set in RecBole's atomic files, with the columns that its configuration loads."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from macrid.data.reading.item_table import ItemTable, named
from macrid.data.reading.tree import Tree, one_line, readable, unpacked_name
from macrid.errors import InputError

from .options import Options

TYPES = ("token", "float", "token_seq", "float_seq")


@dataclass(eq=False)
class Tables:
    """The rows of .inter, .user and .item as they are loaded; `types` and `homes` by column: its type, and the ending of the
    last file that has it."""

    name: str
    inter: pd.DataFrame
    sizes: list[int]  # of the files that `inter` comes from
    user: pd.DataFrame | None = None
    item: pd.DataFrame | None = None
    types: dict[str, str] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    described: ItemTable | None = None  # all of .item, loaded or not: titles and the like
    where: str = ""

    def with_column(self, column: str, options: Options, name: str = "") -> list[str]:
        """The endings of the tables in which RecBole takes this column: of users and items both that have it, of others the
        last one loaded. name: of the option that names the column."""
        beside = {options.user: "user", options.item: "item"}.get(column)
        if beside:
            return ["inter", *([beside] if getattr(self, beside) is not None else [])]
        if column not in self.homes:
            raise InputError(f"{options.where}: {name} names the column {column}, which is not loaded; add it to load_col, "
                             f"such as load_col: {{inter: [{options.user}, {options.item}, {column}]}}")
        return [self.homes[column]]


def load(tree: Tree, options: Options) -> Tables:
    """The tables of the data set under a path. Raises InputError, with the file, where there is none or one is damaged."""
    name, inters = _inter_files(tree, options)
    tables = Tables(name, pd.DataFrame(), [], where=tree.shown(inters[0]))
    frames = [_frame(tree, file, "inter", options, tables) for file in inters]
    loaded = [frame for frame in frames if frame is not None]
    if len(loaded) < len(inters) or not {options.user, options.item} <= set(loaded[0].columns):
        raise InputError(f"{tree.shown(inters[0])}: the columns {options.user} and {options.item} are not loaded from it; "
                         "name them in USER_ID_FIELD, ITEM_ID_FIELD and load_col")
    tables.inter, tables.sizes = pd.concat(loaded, ignore_index=True), [len(frame) for frame in loaded]
    folder = PurePosixPath(inters[0]).parent
    for ending, column in (("user", options.user), ("item", options.item)):
        file = _there(tree, folder, f"{name}.{ending}")
        frame = _frame(tree, file, ending, options, tables) if file else None
        if frame is not None and column not in frame.columns:
            raise InputError(f"{tree.shown(str(file))}: its column {column} is not loaded; add it to load_col: {ending}, or "
                             "load nothing from this file")
        setattr(tables, ending, None if frame is None else frame.drop_duplicates(subset=[column]))
    file = _there(tree, folder, f"{name}.item")
    tables.described = _described(tree, file, options) if file else None
    return tables


def _there(tree: Tree, folder: PurePosixPath, name: str) -> str | None:
    """The file of this name in a folder, packed or not."""
    return next((n for n in tree.names if PurePosixPath(n).parent == folder
                 and unpacked_name(PurePosixPath(n).name) == name), None)


def _inter_files(tree: Tree, options: Options) -> tuple[str, list[str]]:
    """The name of the data set, and its files of interactions: NAME.inter, or NAME.PART.inter for each of the parts."""
    endings = [f".{part}.inter" for part in options.parts] or [".inter"]
    bases = {n: unpacked_name(PurePosixPath(n).name) for n in sorted(tree.names, key=lambda n: (n.count("/"), n))}
    given = unpacked_name(tree.only) if tree.only else None
    found = [(base.removesuffix(endings[0]), n) for n, base in bases.items() if base.endswith(endings[0])
             and (given is None or base == given)]
    by_name = [pair for pair in found if pair[0] == options.name] or found
    if not by_name:
        raise InputError(f"{tree.root}: holds no file NAME{endings[0]}; give the folder of RecBole's atomic files")
    if len(by_name) > 1 and by_name[0][0] != options.name:
        raise InputError(f"{tree.root}: {by_name[0][1]} and {by_name[1][1]} could both be meant; give the path of one")
    name, first = by_name[0]
    files = [_there(tree, PurePosixPath(first).parent, name + ending) for ending in endings]
    missing = [name + ending for ending, file in zip(endings, files, strict=True) if file is None]
    if missing:
        raise InputError(f"{tree.root}: lacks {missing[0]}, which benchmark_filename names; put it beside {first}")
    return name, [str(file) for file in files]


def _frame(tree: Tree, name: str, ending: str, options: Options, tables: Tables) -> pd.DataFrame | None:
    """The loaded columns of one file, None if nothing of it is loaded; their types and homes are noted in `tables`."""
    load, unload = options.load, options.unload.get(ending, frozenset())
    if load is not None and ending not in load:
        return None
    wanted = None if load is None else load[ending]
    columns = [(column, kind) for column, kind in _header(tree, name, options)
               if (wanted is None or column in wanted) and column not in unload]
    if not columns:
        return None
    for column, kind in columns:
        tables.types[column], tables.homes[column] = kind, ending
    frame = _read(tree, name, options, [f"{column}:{kind}" for column, kind in columns],
                  {f"{column}:{kind}": float if kind == "float" else str for column, kind in columns})
    frame.columns = pd.Index([column for column, _ in columns])
    return frame


def _header(tree: Tree, name: str, options: Options) -> list[tuple[str, str]]:
    with readable(tree.shown(name)), tree.open(name) as stream:
        line = io.TextIOWrapper(stream, options.encoding).readline().rstrip("\n")
    texts = line.split(options.separator)
    wrong = next((text for text in texts if text.count(":") != 1 or text.partition(":")[2] not in TYPES), None)
    if wrong is not None:
        raise InputError(f"{tree.shown(name)}, row 1: {wrong!r:.60} is not a name and a type such as item_id:token; check "
                         "field_separator")
    return [(text.partition(":")[0], text.partition(":")[2]) for text in texts]


def _read(tree: Tree, name: str, options: Options, columns: Sequence[str], types: Mapping[str, type],
          missing: bool = True) -> pd.DataFrame:
    """Some columns as pandas' slow reader, which RecBole uses, takes them; by the fast one where both do the same. missing:
    words such as NA and empty fields are missing values."""
    where = tree.shown(name)
    with readable(where), tree.open(name) as stream:
        content = stream.read()
    fast = len(options.separator) == 1 and b'"' not in content
    try:
        return pd.read_csv(io.BytesIO(content), sep=options.separator, usecols=list(columns), dtype=types,
                           encoding=options.encoding, keep_default_na=missing, na_filter=missing,
                           engine="c" if fast else "python")
    except (ValueError, LookupError) as error:  # of parsing, of a number, of an encoding
        raise InputError(f"{where}: cannot be read as RecBole reads it ({one_line(error)}); check the file, field_separator "
                         "and encoding") from None


def _described(tree: Tree, name: str, options: Options) -> ItemTable | None:
    """All that a .item file says of the items."""
    header = _header(tree, name, options)
    columns = [f"{column}:{kind}" for column, kind in header]
    names = [column for column, _ in header]
    if options.item not in names:
        return None
    frame = _read(tree, name, options, columns, dict.fromkeys(columns, str), missing=False)
    frame.columns = pd.Index(names)
    frame = frame[frame[options.item].str.strip() != ""].drop_duplicates(subset=[options.item])
    blanks = [column for column, kind in header if kind == "token_seq" and options.sequence == " "]
    return named(tree.shown(name), np.arange(2, len(frame) + 2).tolist(), frame, options.item, blanks)
