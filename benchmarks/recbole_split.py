"""Ours on the very split that RecBole makes of MovieLens-100K with its defaults, as JSON: figures and how long it took.

    python recbole_split.py [--preset best] [--epochs N] [--seed N] [--parts FILE.csv]

With --parts, what `recbole_peer.py` wrote: RuntimeError unless RecBole divided the ratings just so.
"""

import json
import sys
import time
from pathlib import Path

import click
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.data.fetch import fetch
from macrid.measures import evaluate
from macrid.model.settings import make_settings
from macrid.pipeline import recbole_import
from macrid.training import fit
from macrid.training.start import untrained


@click.command()
@click.option("--preset", default="best")
@click.option("--epochs", type=int)
@click.option("--seed", default=0)
@click.option("--parts", type=click.Path(path_type=Path))
def main(preset, epochs, seed, parts):
    began = time.perf_counter()
    split = recbole_import.default_split(fetch("ml-100k"), "ml-100k")
    if parts:
        check(split, pd.read_csv(parts, dtype=str))
    settings = make_settings(preset, {"epochs": epochs} if epochs else {})
    model = untrained(split.train, settings, seed)
    history = fit.fit(model, split, seed, lambda row: click.echo(f"epoch {row['epoch']}", err=True))
    figures = evaluate.summary(evaluate.ranking(model, split.test, "recbole"))
    click.echo(json.dumps({"metrics": figures, "epochs": len(history), "checked": parts is not None,
                           "seconds": {"all": round(time.perf_counter() - began, 1)}}))


def check(split, theirs: pd.DataFrame) -> None:
    """RuntimeError unless the parts of `split` are those of RecBole's table (user_id, item_id, part)."""
    ids = split.items["item_id"].to_numpy()
    for part, held in (("validation", split.validation), ("test", split.test)):
        rows, columns = held.answers.nonzero()
        ours = set(zip(held.user_ids[rows], ids[columns], strict=True))
        same = theirs[theirs["part"] == part]
        if ours != set(zip(same["user_id"], same["item_id"], strict=True)):
            raise RuntimeError(f"RecBole's {part} part is not the one that macrid.pipeline.recbole_import draws again")
    if split.train.nnz != (theirs["part"] == "train").sum():
        raise RuntimeError("RecBole trains on another number of ratings")


if __name__ == "__main__":
    main()
