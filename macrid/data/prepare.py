"""Prepare clicks: read a data set of any size, in bounded memory, into a folder whose clicks by person are mapped.

The rows go to disk as they are read (`prepared.spill`), are sorted by person there (`prepared.sorting`), and what
`interactions.read` gives of the folder is what it gives of the files themselves. Work in progress lies beside the folder, in
`NAME.partial`, with a lock: who prepares the same thing meanwhile waits and finds it done.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from macrid import files, locks
from macrid.beside import swap
from macrid.errors import InputError

from . import pairs
from .prepared import folder, sorting
from .prepared.matrices import Growing
from .prepared.spill import Placed, Spill
from .reading.roles import Asked
from .reading.rows import check_words
from .source import Read, Source, opened

Progress = Callable[[str, int, int], None]  # (what is done, so much of it, of so much: bytes to read, rows to sort)

_READ, _WHOLE = "read", "whole"  # within the folder of the work in progress: rows on disk; what becomes the folder


def prepare(path: str | Path, out: Path, asked: Asked | None = None, *, overwrite: bool = False,
            progress: Progress = lambda what, done, total: None) -> bool:
    """Make `out` a folder of the clicks under `path`, unless it is one of just these files, read just so; gives whether
    there was anything to do. A preparation that was stopped goes on after the last file that it had read.

    Raises InputError as `interactions.read` does, with file and row; for a split of its own (`pro_sg`), which is read in
    memory; and where something else stands at `out`, unless it is prepared clicks and `overwrite` is given.
    """
    with opened(path, asked) as source:
        if source.fit.layout == "pro_sg":
            raise InputError(f"{source.where}: comes with a split of its own (pro_sg), which is read in memory alone; give "
                             "the folder itself to train --data")
        described = _described(source)
        _check_free(out, described, overwrite)
        partial = out.with_name(out.name + ".partial")
        with locks.waiting(partial / "lock"):
            if folder.is_one(out) and folder.manifest(out)["source"] == described:
                return False
            work, whole = partial / _READ, partial / _WHOLE
            shutil.rmtree(whole, ignore_errors=True)
            if files.read_json(partial / "source.json") != described:
                shutil.rmtree(work, ignore_errors=True)
            for place in (work, whole):
                place.mkdir(parents=True, exist_ok=True)
            files.write_json(partial / "source.json", described)
            _made(source.settled(), work, whole, described, progress)
            swap(whole, out)
            shutil.rmtree(partial, ignore_errors=True)
    return True


def _check_free(out: Path, described: dict[str, Any], overwrite: bool) -> None:
    """InputError where `out` is something that is not to be replaced."""
    if out.name in ("", ".."):
        raise InputError(f"--out is {out}; give the name of a new folder, such as clicks")
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not folder.is_one(out):
        raise InputError(f"{out} exists already and holds no prepared clicks; choose another --out")
    if not overwrite and folder.manifest(out)["source"] != described:
        raise InputError(f"{out} holds clicks of other files, or read in another way; choose another --out, or add "
                         "--overwrite to replace it")


def _described(source: Source) -> dict[str, Any]:
    """What decides what is read, as JSON values: the files as they stand now, and what was said of them."""
    tree, asked = source.finder.tree, source.fit.asked
    return {"where": source.where, "files": [[name, tree.size(name), tree.stamp(name)] for name in source.files],
            "columns": [asked.user, asked.item, asked.rating, asked.time], "events": list(asked.events)}


def _made(source: Source, work: Path, whole: Path, described: dict[str, Any], progress: Progress) -> None:
    """Read the rows into `work`, and write the folder `whole`."""
    tree, fit = source.finder.tree, source.fit
    spill = Spill(work, fit.tables, source.roles, fit.asked)
    tree.count(fit.names[len(spill.ends) :], lambda done, total: progress("reading", done, total))
    spill.read()
    tree.count([], None)
    ids, ranks = zip(*(spill.numbers[role].ordered() for role in ("user", "item")), strict=True)
    rank = dict(zip(("user", "item"), ranks, strict=True))
    placed = Placed(spill, rank)
    check_words(placed, *ids)
    ratings = spill.ratings()
    found = source.found(Read(len(spill), ids[0], ids[1], ratings, spill.events))
    with Growing(len(ids[1]), whole / folder.MATRIX) as out:
        repeated = sorting.sort(spill, rank, found.scale, out, lambda done, total: progress("sorting", done, total))
    if repeated.number:
        pairs.say_repeated(f"{placed.at(repeated.first)}: user {ids[0][repeated.user]!r} and item {ids[1][repeated.item]!r}",
                           repeated.number, found.scale, "time" in spill.columns)
    items, found = source.described(ids[1], found)
    folder.write(whole, ids[0], items, found, {"name": source.name, "interactions": out.entries,
                                               "rated": ratings is not None, "source": described})
    shutil.rmtree(work)
