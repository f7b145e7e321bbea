"""Divisions of prepared clicks, kept in their folder: the first process that wants one makes it, the others map it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from scipy.sparse import csr_matrix

from macrid import files, locks
from macrid.beside import beside, swap
from macrid.errors import InputError

from ..counting import Found, Out, Statement
from ..interactions import Interactions
from ..split import HeldOut, Split
from .folder import as_json, from_json
from .matrices import Store, mapped, remove, stands

_MANIFEST = "division.json"
_HELD, _PARTS = ("validation", "test"), ("fold_in", "answers", "seen")


def kept(source: Interactions, how: dict[str, Any], divide: Callable[[Interactions], Split]) -> Split:
    """What `divide` gives of prepared clicks, kept among them under `how`, JSON values that decide it; of others, what it
    gives."""
    if source.folder is None:
        return divide(source)
    name = "division-" + hashlib.sha256(json.dumps(how, sort_keys=True).encode()).hexdigest()[:12]
    place = source.folder / name
    try:
        with locks.waiting(source.folder / f".{name}.lock"):
            if not place.exists():
                with beside(place, folder=True) as new:
                    _write(new, divide(replace(source, store=Store(new))), how)
                    swap(new, place)
    except OSError as error:
        raise InputError(f"{source.folder}: the division of these clicks cannot be kept there ({error.strerror or error}); "
                         "free some space, or copy them to where you may write") from error
    return _load(place, source.found)


def _write(folder: Path, split: Split, how: dict[str, Any]) -> None:
    """Write what is not there yet; `_MANIFEST` says what is."""
    shapes: dict[str, list[int]] = {}
    for name, matrix in _matrices(split).items():
        shapes[name] = list(matrix.shape)
        if not stands(folder / name):
            with Store(folder).growing(name, matrix.shape[1]) as out:
                out.add(matrix)
    remove(folder / "clicks")  # what the others were made of
    for which in _HELD:
        ids = pd.Series(getattr(split, which).user_ids, dtype="str")
        pd.DataFrame({"user_id": ids}).to_parquet(folder / f"{which}.parquet", index=False)
    split.items.to_parquet(folder / "items.parquet", index=False)
    least, statement = split.least, split.statement
    files.write_json(folder / _MANIFEST, {
        "how": how, "name": split.name, "kind": split.kind, "shapes": shapes,
        "least": None if least is None else [as_json(least[0]), least[1]],
        "statement": None if statement is None else {key: value for key, value in vars(statement).items() if key != "found"}
        | {"rating": as_json(statement.rating), "out": [asdict(out) for out in statement.out]}})


def _matrices(split: Split) -> dict[str, csr_matrix]:
    """All that differ, by the beginning of their files' names."""
    out = {"train": split.train}
    for which in _HELD:
        held: HeldOut = getattr(split, which)
        out |= {f"{which}.{part}": getattr(held, part) for part in _PARTS if part != "seen" or held.seen is not held.fold_in}
    return out


def _load(folder: Path, found: Found | None) -> Split:
    said = files.read_json(folder / _MANIFEST)
    try:
        if said is None:
            raise ValueError(f"{_MANIFEST} is no JSON object")
        matrices = {name: mapped(folder / name, (rows, columns)) for name, (rows, columns) in said["shapes"].items()}
        held = {}
        for which in _HELD:
            ids = pd.read_parquet(folder / f"{which}.parquet")["user_id"].to_numpy(dtype=object)
            shown, answers = matrices[f"{which}.fold_in"], matrices[f"{which}.answers"]
            held[which] = HeldOut(ids, shown, answers, matrices.get(f"{which}.seen", shown))
        statement = None
        if said["statement"] is not None and found is not None:
            told = said["statement"]
            outs = tuple(Out(**out | {"examples": tuple(out["examples"])}) for out in told["out"])
            statement = Statement(found, **told | {"rating": from_json(told["rating"]), "out": outs})
        least = None if said["least"] is None else (from_json(said["least"][0]), said["least"][1])
        return Split(said["name"], said["kind"], pd.read_parquet(folder / "items.parquet"), matrices["train"],
                     held["validation"], held["test"], least, statement)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise InputError(f"{folder} is damaged ({error}); delete it, and it is made again") from error
