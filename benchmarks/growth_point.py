"""One point of growth.py in a process of its own, as JSON: what each stage of a training costs, by the product's own code.

    python growth_point.py --data shop:ITEMSxPEOPLE|PATH [--factors K] [--steps N]
    python growth_point.py --data shop:ITEMSxPEOPLE --write FOLDER      # no training: the shop as two Parquet files
"""

import json
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.cli.options import read_data
from macrid.data import split
from macrid.measures import evaluate
from macrid.model.settings import make_settings
from macrid.studies import memory
from macrid.training import fit
from macrid.training.start import untrained

EVALUATED = 500  # people
ROWS_AT_ONCE = 50_000  # people whose clicks are written together


@click.command()
@click.option("--data", required=True)
@click.option("--factors", default=7)
@click.option("--steps", default=24)
@click.option("--sampled", type=int, help="Sampled items of a step, 0 for all; by default as the preset has it.")
@click.option("--threads", default=1)
@click.option("--write", "folder", type=click.Path(path_type=Path))
def main(data, factors, steps, sampled, threads, folder):
    torch.set_num_threads(threads)
    bare, stages = memory.now(), {}
    with stage(stages, bare, "reading"):
        source = read_data(data, 0)
    if folder:
        with stage(stages, bare, "writing"):
            write(source, folder)
        found = {"bytes": sum(path.stat().st_size for path in folder.iterdir())}
    else:
        found = training(source, factors, steps, sampled, stages, bare)
    click.echo(json.dumps({"people": source.n_users, "items": source.n_items, "clicks": source.n_interactions,
                           "bare_mb": round(bare / 1e6), "stages": stages} | found))


def training(source, factors: int, steps: int, sampled: int | None, stages: dict, bare: int) -> dict:
    """Divide, start, train some steps of the preset `best` and evaluate EVALUATED people: one epoch of `train.fit` over as
    many of the people as fill the steps."""
    with stage(stages, bare, "splitting"):
        parts = split.strong(split.to_clicks(source), 0)
    settings = make_settings("best", {"kfac": factors, "epochs": 1, "sampled_items": sampled})
    with stage(stages, bare, "spectral start"):
        model = untrained(parts.train, settings, 0)
    batch = fit.batch_size(model.settings, parts.train.shape[0])
    model.settings = settings = replace(model.settings, train_batch_size=batch)  # of fewer people, too
    rng = np.random.default_rng(0)
    some = np.sort(rng.choice(parts.train.shape[0], min(steps * batch, parts.train.shape[0]), replace=False))
    cut = replace(parts, train=parts.train[some], validation=first(parts.validation, 2))  # so that all the time is steps
    with stage(stages, bare, "training"):
        history = fit.fit(model, cut, 0)
    test = first(parts.test, EVALUATED)
    with stage(stages, bare, "evaluating"):
        evaluate.ranking(model, test)
    return {"factors": factors, "train_people": parts.train.shape[0], "train_items": parts.train.shape[1], "batch": batch,
            "sampled_items": settings.sampled_items, "embedding_size": settings.embedding_size,
            "steps": history[0]["step"], "trained": len(some), "evaluated": len(test.user_ids),
            "held_out": len(parts.test.user_ids)}


@contextmanager
def stage(stages: dict, bare: int, name: str):
    """Note what happens within: seconds by the clock and of the processor, and the memory at its highest, above what the
    process held before it had any data."""
    memory.reset_peak()
    click.echo(f"{name} ...", err=True)
    began = time.perf_counter(), time.process_time()
    yield
    seconds, processor = time.perf_counter() - began[0], time.process_time() - began[1]
    stages[name] = {"seconds": round(seconds, 3), "processor_seconds": round(processor, 3),
                    "peak_mb": round((memory.peak() - bare) / 1e6), "left_mb": round((memory.now() - bare) / 1e6)}
    click.echo(f"{name}: {seconds:.1f} s, {stages[name]['peak_mb']:,} MB", err=True)


def first(held: split.HeldOut, count: int) -> split.HeldOut:
    """The first people of those held out."""
    return split.HeldOut(held.user_ids[:count], held.fold_in[:count], held.answers[:count], held.seen[:count])


def write(source, folder: Path) -> None:
    """The clicks and the items as the two Parquet files that `macrid.data.interactions.read` takes."""
    folder.mkdir(parents=True, exist_ok=True)
    item_ids, text = pa.array(source.item_ids, pa.string()), pa.string()
    with pq.ParquetWriter(folder / "clicks.parquet", pa.schema([("user_id", text), ("item_id", text)])) as file:
        for start in range(0, source.n_users, ROWS_AT_ONCE):
            rows = source.matrix[start : start + ROWS_AT_ONCE]
            users = np.repeat(source.user_ids[start : start + ROWS_AT_ONCE], np.diff(rows.indptr))
            file.write_table(pa.table({"user_id": pa.array(users, text), "item_id": item_ids.take(pa.array(rows.indices))}))
    source.items.to_parquet(folder / "items.parquet", index=False)


if __name__ == "__main__":
    main()
