"""A folder of prepared clicks: what it holds, written once it is whole, and opened without being read.

`clicks.json` says what the rest is, `matrix.*.npy` are the clicks by person (see `matrices`), `users.parquet` and
`items.parquet` tell of people and items in their order, `ratings.parquet` of the values that rows had. docs/bundle-format.md
has it, too.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.sparse import csr_matrix

from macrid import files
from macrid.errors import InputError

from ..counting import Found
from ..reading.remote import is_address
from ..scale import ANY, Scale
from . import matrices

MANIFEST, MATRIX = "clicks.json", "matrix"
FORMAT = 1
_SHAPE: files.Shape = {"format": int, "name": str, "people": int, "items": int, "interactions": int,
                         "rated": bool, "found": dict, "source": dict}


def is_one(path: str | Path) -> bool:
    """Whether prepared clicks lie there."""
    return not is_address(path) and (Path(path).expanduser() / MANIFEST).is_file()


def write(folder: Path, user_ids: np.ndarray, items: pd.DataFrame, found: Found, more: dict[str, Any]) -> None:
    """Write beside the matrix in `folder` all else, `MANIFEST` last. more: its name, how many interactions there are,
    whether they are rated, and the source, what they were made from, as JSON values."""
    pd.DataFrame({"user_id": pd.Series(user_ids, dtype="str")}).to_parquet(folder / "users.parquet", index=False)
    items.to_parquet(folder / "items.parquet", index=False)
    pd.DataFrame({"rating": found.values, "rows": found.counts}).to_parquet(folder / "ratings.parquet", index=False)
    scale = asdict(found.scale) | {"threshold": as_json(found.scale.threshold)}
    said = {key: value for key, value in vars(found).items() if key not in ("values", "counts", "scale")}
    files.write_json(folder / MANIFEST, {
        "format": FORMAT, "people": len(user_ids), "items": len(items), "found": said | {"scale": scale}} | more)


def manifest(folder: Path) -> dict[str, Any]:
    """What `MANIFEST` says. Raises InputError where it is damaged, or of another version."""
    said = files.read_json(folder / MANIFEST)
    wrong = "it is no JSON object" if said is None else files.problem(said, _SHAPE)
    if said is None or wrong:
        raise InputError(f"{folder / MANIFEST} is damaged ({wrong}); delete {folder} and prepare it again")
    if said["format"] != FORMAT:
        raise InputError(f"{folder} is of version {said['format']} of prepared clicks, this is {FORMAT}; delete it and "
                         "prepare it again")
    return said


def load(folder: Path) -> dict[str, Any]:
    """What lies there, as the fields of `Interactions`; of the matrix no more is read than is looked at."""
    said = manifest(folder)
    try:
        users, items, ratings = (pd.read_parquet(folder / f"{name}.parquet") for name in ("users", "items", "ratings"))
        found = _found(said["found"], ratings)
        ids = users["user_id"].to_numpy(dtype=object), items["item_id"].to_numpy(dtype=object)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise InputError(f"{folder} is damaged ({error}); delete it and prepare it again") from error
    matrix: csr_matrix = matrices.mapped(folder / MATRIX, (said["people"], said["items"]))
    return {"matrix": matrix, "user_ids": ids[0], "item_ids": ids[1], "items": items, "name": said["name"],
            "rated": said["rated"], "found": found, "folder": folder}


def _found(said: dict[str, Any], ratings: pd.DataFrame) -> Found:
    scale = said["scale"]
    scale = Scale(**scale | {"unrated": tuple(scale["unrated"]), "threshold": from_json(scale["threshold"])})
    return Found(**said | {"scale": scale, "values": ratings["rating"].to_numpy(), "counts": ratings["rows"].to_numpy(),
                           "counted_events": tuple(said["counted_events"]), "notes": tuple(said["notes"])})


def as_json(least: float) -> float | None:
    """The value from which ratings count, as JSON has it: null where all of them do."""
    return float(least) if np.isfinite(least) else None


def from_json(least: float | None) -> float:
    return ANY if least is None else least
