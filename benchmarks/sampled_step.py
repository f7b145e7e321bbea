"""How the time of a training step on sampled items grows with the catalogue: processor seconds, preset `best`, one thread.

    python benchmarks/sampled_step.py --items 100000,1000000,100000      # results/sampled-step.json

People click about 30 items, drawn by a popularity with a long tail, so that larger catalogues repeat fewer. Weights are
random. The first size is measured again at the end, as other work on the machine comes and goes.
"""

import os
import sys
import time
from pathlib import Path

import click
import numpy as np
import torch
from record import RESULTS, save, table, versions
from scipy.sparse import csr_matrix

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.model.settings import make_settings
from macrid.studies import memory
from macrid.training.fit import Trainer
from macrid.training.start import untrained

BATCH, WARM = 500, 2  # people of a step; steps that are not counted


@click.command()
@click.option("--items", default="100000,1000000,100000", show_default=True)
@click.option("--sampled", default=2048, show_default=True)
@click.option("--precision", default="float32", show_default=True)
@click.option("--steps", default=10, show_default=True)
@click.option("--out", default=RESULTS / "sampled-step.json", type=click.Path(path_type=Path))
def main(items, sampled, precision, steps, out):
    torch.set_num_threads(1)
    rows = [measured(int(each), sampled, precision, steps) for each in items.split(",")]
    save(out, {"sampled_items": sampled, "precision": precision, "batch": BATCH, "steps": steps,
               "processors": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "rows": rows, "versions": versions()})
    click.echo(table(["items", "clicked in a step", "seconds of a step", "peak, GB"],
                     [[f"{row['items']:,}", row["clicked"], row["seconds"], row["peak_gb"]] for row in rows]))


def measured(n_items: int, sampled: int, precision: str, steps: int) -> dict:
    memory.reset_peak()
    clicks = drawn(n_items, BATCH * (steps + WARM))
    model = untrained(clicks, make_settings("best", {"sampled_items": sampled, "precision": precision, "context": 0.1,
                                                     "init": "random", "routing": "learned"}), 0)
    trainer, seconds, clicked = Trainer(model, clicks, 0), [], []
    model.train()
    for step in range(steps + WARM):
        people, began = np.arange(BATCH * step, BATCH * (step + 1)), time.process_time()
        trainer._step(people, 0.1)
        seconds.append(time.process_time() - began)
        clicked.append(len(np.unique(clicks[people].indices)))
    return {"items": n_items, "clicked": round(float(np.mean(clicked[WARM:]))), "peak_gb": round(memory.peak() / 1e9, 2),
            "seconds": round(float(np.median(seconds[WARM:])), 4)}


def drawn(n_items: int, people: int) -> csr_matrix:
    """Binary clicks (people, n_items)."""
    rng = np.random.default_rng(0)
    popularity = rng.lognormal(0.0, 1.0, n_items)
    count = 8 + rng.poisson(rng.gamma(2.0, 11.0, people))
    items = np.searchsorted(np.cumsum(popularity) / popularity.sum(), rng.random(count.sum())).clip(max=n_items - 1)
    clicks = csr_matrix((np.ones(len(items), np.float32), (np.repeat(np.arange(people), count), items)), (people, n_items))
    clicks.data[:] = 1.0
    return clicks


if __name__ == "__main__":
    main()
