"""Named intentions: a CSV of item ids and the intention that each belongs to, read with a row number for every fault."""

import csv
import hashlib
import io
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from macrid.errors import InputError, InputWarning

from . import cells
from .ids import near
from .label_file import content_of, id_column, rows_of, without_index
from .reading.names import listed, missing, plain

LONGEST = 60  # characters of a name


@dataclass(frozen=True)
class Intentions:
    """Names of macro factors, in their order, and which items are told to belong to them (item id -> name). A name without
    items is to be found."""

    names: tuple[str, ...]
    items: Mapping[str, str]

    def __post_init__(self) -> None:
        strange = [name for name in (*self.names, *self.items.values()) if not _good(name)]
        if strange:
            raise InputError(f"an intention cannot be called {strange[0]!r}; give it a name of 1 to {LONGEST} characters "
                             "in one line")
        unknown = [name for name in self.items.values() if name not in self.names]
        if unknown or len(set(self.names)) < len(self.names):
            raise InputError(f"the intentions are {', '.join(self.names)}: each must be there once"
                             + (f", and {unknown[0]!r} too" if unknown else ""))

    @property
    def with_items(self) -> tuple[str, ...]:
        """The names that some item is told to belong to: factors 0, 1, 2 ... are theirs."""
        return tuple(name for name in self.names if name in set(self.items.values()))

    @property
    def to_be_found(self) -> tuple[str, ...]:
        """The names without items."""
        return tuple(name for name in self.names if name not in self.with_items)

    def known(self, item_ids: Iterable[object]) -> np.ndarray:
        """The factor of each item, its place in `with_items`, -1 where it is not told, (M,)."""
        place = {name: k for k, name in enumerate(self.with_items)}
        return np.array([place.get(self.items.get(str(item), ""), -1) for item in item_ids], np.int64)

    def counts(self) -> dict[str, int]:
        """How many items each intention has."""
        told = list(self.items.values())
        return {name: told.count(name) for name in self.names}

    def fingerprint(self) -> str:
        """SHA-256: the same for the same names and items in the same order."""
        return hashlib.sha256(json.dumps([self.names, list(self.items.items())]).encode()).hexdigest()

    def to_csv(self, titles: pd.Series) -> str:
        """The text of a CSV that `read` reads, with the title of each item beside it, for people."""
        out = io.StringIO()
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(["item_id", "title", "intention"])
        for name in self.names:
            mine = [item for item, one in self.items.items() if one == name]
            writer.writerows([map(cells.safe, (item, str(titles.at[item]), name)) for item in mine]
                             or [("", "", cells.safe(name))])
        return out.getvalue()


def _good(name: str) -> bool:
    return name == " ".join(name.split()) and 0 < len(name) <= LONGEST and name.isprintable()


def read(path: Path, item_ids: pd.Series, *, leave_out: bool = False) -> Intentions:
    """The intentions of a CSV with the columns `item_id` (or another name that the field has for it) and `intention`; a
    `title`, a `category` and an index may stand there, too.

    A row with an intention and no item declares one that is to be found; one with an item and no intention says nothing. The
    order of the names is that in which they come first. Raises InputError with the row for anything else; `item_ids` are
    those that the bundle or the data knows. leave_out: others are left out with a warning, as a bundle knows only the items
    that it was trained on.
    """
    content = content_of(path, "--intentions takes a CSV of item_id and intention")
    return parse(content, str(path), item_ids, leave_out=leave_out)


def parse(content: bytes, path: str, item_ids: pd.Series, *, leave_out: bool = False) -> Intentions:
    """`read` for the content of a file called `path`."""
    header, rows = without_index(path, *rows_of(content, path, "the first row names the columns: item_id and intention"))
    told = [k for k, name in enumerate(header) if plain(name) == "intention"]
    at = id_column(path, header, "intention")
    if len(told) != 1:
        raise InputError(f"{path}: there {'is no column' if not told else 'are two columns'} intention, only "
                         f"{', '.join(header[:9])}; the first row names the columns: item_id and intention")
    known, names, items, lines = set(item_ids), dict[str, None](), dict[str, str](), dict[str, int]()
    for line, item, name in _told(path, [(line, fields[at], fields[told[0]]) for line, fields in rows], known):
        if item in lines:
            raise InputError(f"{path}, row {line}: item {item!r} stands in row {lines[item]} already; keep one of them")
        if item and item not in known and not leave_out:
            raise InputError(f"{path}, row {line}: there is no item {item!r}; for example {', '.join(near(item, item_ids))}")
        names[name] = None
        lines.update({item: line} if item else {})
        items.update({item: name} if item in known else {})
    out = [item for item in lines if item not in known]
    if out and not items:
        return parse(content, path, item_ids)  # which names the first of them
    if not items:
        raise InputError(f"{path} names no item; give at least one intention some items that belong to it, better ten")
    if out:
        warnings.warn(f"{path}: {len(out)} of {len(lines)} items are not among those that the model was trained on, what is "
                      f"said of them is left out: {listed(out, 5)}", InputWarning, stacklevel=3)
    return Intentions(tuple(names), items)


def _told(path: str, rows: list[tuple[int, str, str]], known: set[str]) -> Iterator[tuple[int, str, str]]:
    """The rows that say something: line, item ("" where a name is only declared), intention."""
    for line, item, name in rows:
        item = "" if missing(item) and item not in known else item
        if item and missing(name):
            continue
        if not _good(name):
            raise InputError(f"{path}, row {line}: intention is {name!r}; write a name of 1 to {LONGEST} "
                             "characters in one line")
        yield line, item, name


def of_items(intentions: Intentions, item_ids: pd.Series, path: Path) -> Intentions:
    """The intentions of the items that a model is trained on; the others are left out with a warning that names them. path:
    where they come from, for messages."""
    there = set(item_ids)
    kept = {item: name for item, name in intentions.items.items() if item in there}
    out = [item for item in intentions.items if item not in there]
    if not kept:
        raise InputError(f"{path}: none of its items has enough clicks to be trained on; name others")
    if out:
        warnings.warn(f"{path}: {len(out)} of {len(intentions.items)} items have too few clicks to be trained on, what is "
                      f"said of them is left out: {', '.join(out[:5])}" + (" ..." if len(out) > 5 else ""), InputWarning,
                      stacklevel=2)
    return Intentions(intentions.names, kept)
