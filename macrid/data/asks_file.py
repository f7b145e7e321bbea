"""What single people ask for, from a file: wishes and turned dials, as texts."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa

from macrid.errors import InputError

COLUMNS = ("wish", "turn")


class Row(NamedTuple):
    """A person's: the number of the row (2: the first under the header), their id, wishes and turns as they stand there."""

    number: int
    user_id: str
    wishes: tuple[str, ...]
    turns: tuple[str, ...]


def rows(path: Path) -> Iterator[Row]:
    """Those of a CSV or Parquet file with the columns user_id and `wish`, `turn` or both, several of each separated by
    semicolons. InputError, which names the file, for one that is something else."""
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}; give a CSV or Parquet file of user_id, wish, turn") from error
    except (ValueError, OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{path} cannot be read ({str(error).splitlines()[0]}); save it as CSV or Parquet") from error
    if "user_id" not in table or not set(COLUMNS) & set(table):
        raise InputError(f"{path} has the columns {', '.join(map(str, table.columns))}; it needs user_id, and wish or turn")
    twice = table["user_id"][table["user_id"].duplicated()]
    if len(twice):
        raise InputError(f"{path}: row {twice.index[0] + 2}: {twice.iloc[0]!r:.80} stands there twice; give a person one "
                         "row, with wishes separated by ;")
    texts = {name: table[name].fillna("").astype(str) if name in table else [""] * len(table) for name in COLUMNS}
    for number, (person, *asked) in enumerate(zip(table["user_id"].astype(str), *texts.values(), strict=True), start=2):
        yield Row(number, person, *(tuple(part.strip() for part in text.split(";") if part.strip()) for text in asked))
