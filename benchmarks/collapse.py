"""Cosine against dot products, epoch by epoch: does a dot product collapse, and which one?

    python benchmarks/collapse.py --data alishop-7c.zip --epochs 200      # 20 trainings; hours; goes on where it was stopped
    python benchmarks/collapse.py --data shop:300x500 --epochs 5 --seeds 2 --variant cosine --variant dot-free --out c.json

Settings are the paper's (K 7, D 100, tau 0.1), batches of 100 as in its release, from the release's start. Every training is
in the file as soon as it is done, and is not done again. `--set` makes another experiment in the same file.
"""

import json
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid import files
from macrid.cli.options import parse_changes, read_data
from macrid.data import split
from macrid.data.interactions import Interactions
from macrid.model.settings import make_settings
from macrid.results import collapse
from macrid.studies.collapse import outline, training

RESULT = Path(__file__).parent / "results" / "collapse.json"


def known(source: Interactions, least: int) -> Interactions:
    """The data without items that fewer than `least` people clicked."""
    keep = np.flatnonzero(np.asarray((source.matrix > 0).sum(axis=0)).ravel() >= least)
    return replace(source, matrix=source.matrix[:, keep], item_ids=source.item_ids[keep],
                   items=source.items.iloc[keep].reset_index(drop=True))


def same(a: dict, b: dict) -> bool:
    """Whether two are the same experiment, whatever trainings they have."""
    return all(a[key] == b[key] for key in a if key != "trainings")


def write(path: Path, experiments: list[dict]) -> None:
    """The file, a row of a course a line."""
    text = json.dumps({"format": collapse.FORMAT, "experiments": experiments}).replace('{"epoch"', '\n{"epoch"')
    files.write_text(path, text.replace('{"variant"', '\n{"variant"').replace('{"data"', '\n{"data"') + "\n")


@click.command()
@click.option("--data", multiple=True, required=True)
@click.option("--epochs", default=200, show_default=True)
@click.option("--seeds", default=5, show_default=True)
@click.option("--variant", "variants", multiple=True, default=tuple(collapse.VARIANTS), type=click.Choice(collapse.VARIANTS))
@click.option("--init", "inits", multiple=True, default=("glorot",), type=click.Choice(collapse.STARTS), show_default=True)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE")
@click.option("--item-clicks", default=1, show_default=True, help="Items that fewer people clicked are left out.")
@click.option("--every", default=5, show_default=True, help="Epochs between two rows of a course.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULT)
def main(data, epochs, seeds, variants, inits, changes, item_clicks, every, out):
    """Run what the file of results lacks."""
    experiments = collapse.load(out) if out.exists() else []
    changed = parse_changes(changes)
    settings = make_settings("paper", {"train_batch_size": 100, "epochs": epochs} | changed)
    for name in data:
        parts = split.strong(split.to_clicks(known(read_data(name, seed=0), item_clicks)), seed=0)
        mine = outline(parts, settings, changed) | {"item_clicks": item_clicks}
        found = next((one for one in experiments if same(one, mine)), None)
        if found is None:
            experiments.append(found := mine)
        there = [{key: one[key] for key in ("variant", "init", "seed")} for one in found["trainings"]]
        for seed, init, variant in product(range(seeds), inits, variants):
            key = {"variant": variant, "init": init, "seed": seed}
            if key not in there:
                found["trainings"].append(training(parts, settings, key, every, lambda row, key=key: click.echo(
                    f"{' '.join(map(str, key.values()))} {json.dumps(row)}", err=True)))
                write(out, experiments)
        for init in collapse.starts(found):
            click.echo(f"{name}: {collapse.sentence(found, init)}")


if __name__ == "__main__":
    main()
