"""What the linear path takes, in time of the processor and in memory: of simulated shops, each in a process of its own.

    python benchmarks/linear_path_cost.py        # benchmarks/results/linear-path-cost.json; half an hour on a free core
    python benchmarks/linear_path_cost.py --shops 1000000x1000000 --share 0.01 --out /tmp/million.json

`macrid.training.linear_path_cost` tells it before a training; its constants are of these points, and a test holds it to
them. share: of the columns that are solved; what the others would take is concluded from these.
"""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import alone
import click
import record

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.cli.options import read_data
from macrid.data import split as splitting
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import make_settings
from macrid.studies import memory
from macrid.training import linear_path
from macrid.training.linear_path_cost import cost, pairs

SHOPS = ("2000x10000", "4000x10000", "8000x20000", "25000x50000", "50000x100000", "100000x200000")
COMPARED = 200  # people that the weight is chosen on here


class Enough(Exception):
    """The share of columns that was asked for is solved."""


def measured(data: str, share: float) -> dict:
    """Seconds of the processor and the highest memory above what was held before, of solving and of choosing the weight."""
    split = splitting.strong(splitting.to_clicks(read_data(data, 0)), 0)
    marks: list[tuple[float, float]] = []  # (share done, seconds)

    def report(done: float) -> None:
        marks.append((done, time.process_time() - began))
        if done >= share:
            raise Enough

    path, before = None, memory.now()
    memory.reset_peak()
    began = time.process_time()
    try:
        path = linear_path.solve(split.train, report if share < 1 else lambda done: None)
        seconds = time.process_time() - began
    except Enough:
        (first, at_first), (last, at_last) = marks[0], marks[-1]
        seconds = at_first + (at_last - at_first) / (last - first) * (1 - first)
    found = {"items": split.train.shape[1], "people": split.train.shape[0], "clicks": split.train.nnz,
             "pairs": pairs(split.train), "share": share, "seconds": round(seconds, 2),
             "bytes": memory.peak() - before, "told": asdict(cost(split.train, 0, 1))}
    if path is not None:
        found |= {"entries": path.nnz, "weight": weighing(split, path)}
    return found


def weighing(split: splitting.Split, path) -> dict:
    """What choosing the weight takes on the first people."""
    held = split.validation
    few = splitting.HeldOut(held.user_ids[:COMPARED], held.fold_in[:COMPARED], held.answers[:COMPARED], held.seen[:COMPARED])
    model = MacridVAE(split.train.shape[1], make_settings("best", {"init": "random"}))
    before, began = memory.now(), time.process_time()
    memory.reset_peak()
    pairs = [(weight, 0.0) for weight in linear_path.WEIGHTS]
    linear_path.best_of(model, path, linear_path.log_popularity(split.train), few, pairs)
    return {"people": len(few.user_ids), "tried": len(pairs), "seconds": round(time.process_time() - began, 2),
            "bytes": memory.peak() - before}


@click.command()
@click.option("--shops", default=",".join(SHOPS), show_default=True)
@click.option("--share", default=1.0, show_default=True)
@click.option("--one", hidden=True)
@click.option("--out", type=click.Path(path_type=Path), default=record.RESULTS / "linear-path-cost.json", show_default=True)
def main(shops: str, share: float, one: str | None, out: Path) -> None:
    if one:
        click.echo(json.dumps(measured(f"shop:{one}", share)))
        return
    points = []
    for shop in shops.split(","):
        ended = alone.run([sys.executable, __file__, "--one", shop, "--share", share], variables=alone.threads(1))
        points.append(ended.answer)
        click.echo(f"{shop}: {points[-1]}", err=True)
        record.save(out, {"versions": record.versions(), "threads": 1, "points": points})
    rows = [[f"{p['items']:,}", f"{p['people']:,}", f"{p['clicks']:,}", f"{p['seconds']:.1f}", f"{p['told']['seconds']:.1f}",
             f"{p['bytes'] / 1e6:,.0f}", f"{p['told']['bytes'] / 1e6:,.0f}"] for p in points]
    click.echo(record.table(["items", "people", "clicks", "seconds", "told", "MB", "told"], rows))


if __name__ == "__main__":
    main()
