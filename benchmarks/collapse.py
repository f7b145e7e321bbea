"""Cosine against dot product, from the same random and spectral starts, over some seeds: does the dot product collapse?

    python benchmarks/collapse.py                 # writes benchmarks/results/collapse.json; minutes to half an hour
    python benchmarks/collapse.py --data shop:200x800 --epochs 5 --seeds 2 --out collapse.json

Settings are those of the preset `best` with 16 dimensions, for a fixed number of epochs.
"""

import json
import os
import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.cli.options import read_data
from macrid.data import split
from macrid.model.settings import make_settings
from macrid.results import collapse
from macrid.studies.collapse import experiment

RESULT = Path(__file__).parent / "results" / "collapse.json"


@click.command()
@click.option("--data", multiple=True, default=("shop:1000x4000", "ml-100k"), show_default=True)
@click.option("--epochs", default=60, show_default=True)
@click.option("--seeds", default=5, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=RESULT)
def main(data, epochs, seeds, out):
    """Run the experiment on each data set and write one file of results."""
    found = []
    for name in data:
        parts = split.strong(split.to_clicks(read_data(name, seed=0)), seed=0)
        settings = make_settings("best", {"embedding_size": 16, "epochs": epochs})
        found.append(experiment(parts, settings, tuple(range(seeds)), lambda row: click.echo(row, err=True)))
        click.echo(f"{name}: {collapse.sentence(found[-1])}")
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(out.name + ".new")
    beside.write_text(json.dumps({"format": collapse.FORMAT, "experiments": found}, indent=1) + "\n", encoding="utf-8")
    os.replace(beside, out)


if __name__ == "__main__":
    main()
