"""`pro_sg`: a split as Mult-VAE and MacridVAE publish theirs, kept as it is: indices of people and items in five files, the
raw item ids in unique_sid.txt, and for some sets the items' categories in item_cate.csv."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

import numpy as np

from macrid.errors import InputError

from .find import PARTS, Fit
from .look import Look
from .rows import Rows, is_index
from .table import Table
from .text import Cut
from .tree import Tree, readable


def catalogue(tree: Tree, fit: Fit) -> tuple[str, np.ndarray]:
    """The file unique_sid.txt as messages show it, and its raw item ids (M,), one on each line."""
    name = _beside(tree, fit, "unique_sid.txt") or "unique_sid.txt"
    where = tree.shown(name)
    with readable(where), tree.open(name) as stream:
        ids = [line.strip() for line in stream.read().decode("utf-8-sig").splitlines()]
    _check_once(where, enumerate(ids, 1))
    return where, np.array(ids, dtype=object)


def _beside(tree: Tree, fit: Fit, wanted: str) -> str | None:
    name = str(PurePosixPath(fit.folder) / wanted)
    return next((n for n in tree.names if n == name or n.startswith(name + ".")), None)


def _check_once(where: str, ids: Iterable[tuple[int, str]]) -> None:
    first: dict[str, int] = {}
    for line, item in ids:
        if not item:
            raise InputError(f"{where}, row {line}: the item id is ''; each line needs one raw item id, none may be blank")
        if item in first:
            raise InputError(f"{where}, row {line}: item {item!r} is already in row {first[item]}; list each id once")
        first[item] = line


def categories(tree: Tree, fit: Fit) -> dict[str, str] | None:
    """Raw item id -> raw category id from item_cate.csv (no header), if there is one. Of several categories of one item the
    commoner counts, of equals the first by name."""
    name = _beside(tree, fit, "item_cate.csv")
    if name is None:
        return None
    table = Table(tree, name, Look("table", "", ["item_id", "category"], Cut())).settled()
    with readable(table.where):
        pairs = list(dict.fromkeys((item.strip(), category.strip()) for _, (item, category) in table.records()))
    common = Counter(category for _, category in pairs)
    best: dict[str, str] = {}
    for item, category in sorted(pairs, key=lambda pair: (-common[pair[1]], pair[1])):
        best.setdefault(item, category)
    return best


def indexed(rows: Rows, where: str, item_ids: np.ndarray) -> Rows:
    """The rows with the ids of the catalogue (file `where`) in the place of indices. Raises InputError for others."""
    bad = next((k for k, v in enumerate(rows.user_ids) if not is_index(v)), None)
    if bad is not None:
        row = int(np.flatnonzero(rows.users == bad)[0])
        raise InputError(f"{rows.at(row)}: the user index is {rows.user_ids[bad]!r}; it must be a whole number from 0")
    index = np.array([int(v) if is_index(v) else -1 for v in rows.item_ids], np.int64)
    wrong = np.flatnonzero((index < 0) | (index >= len(item_ids)))
    if len(wrong):
        row = int(np.flatnonzero(np.isin(rows.items, wrong))[0])
        raise InputError(
            f"{rows.at(row)}: the item index is {rows.item_ids[rows.items[row]]}, but {where} has {len(item_ids)} lines "
            f"(indices 0 to {len(item_ids) - 1}); take all files from one preparation"
        )
    return Rows(rows.users, rows.user_ids, index[rows.items], item_ids, None, None, rows.tables, rows.ends, rows.origin)


def parts_of(rows: Rows) -> np.ndarray:
    """Which of PARTS each row (N,) stands in, as an index. Raises InputError where a pair stands in two parts, or a person
    in two of training, validation and test."""
    part = np.repeat(np.arange(len(PARTS)), np.diff([0, *rows.ends]))  # the files are read in this order
    users, items = rows.users, rows.items
    key = users.astype(np.int64) * len(rows.item_ids) + items
    order = np.argsort(key, kind="stable")
    clash = np.flatnonzero((key[order][1:] == key[order][:-1]) & (part[order][1:] != part[order][:-1]))
    if len(clash):
        one, two = (int(order[clash[0] + k]) for k in (0, 1))
        raise InputError(
            f"{rows.at(two)}: user {rows.user_ids[users[two]]} and item {items[two]} are also in "
            f"{rows.at(one)}; a pair belongs to one part only"
        )
    group = np.array([0, 1, 1, 2, 2])[part]  # training, validation, test people
    home = np.full(len(rows.user_ids), -1)
    home[users[::-1]] = group[::-1]
    stray = np.flatnonzero(group != home[users])
    if len(stray):
        row = int(stray[0])
        other = PARTS[part[np.flatnonzero(users == users[row])[0]]]
        raise InputError(
            f"{rows.at(row)}: user {rows.user_ids[users[row]]} is also in {other}.csv; the people of training, "
            "validation and test must differ"
        )
    return part
