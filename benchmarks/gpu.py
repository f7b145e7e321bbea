"""An epoch on a GPU beside one on this machine's processors, and what a whole training comes to on each.

    python benchmarks/gpu.py --data ml-1m-pro_sg.zip                   # results/gpu.json
    python benchmarks/gpu.py --data shop:20000x20000 --presets best --whole "" --epochs 1 --set sampled_items=2048

The same presets, start and draws; the least of a few epochs, after one that warms up. A GPU's are measured with what makes
its numbers come out the same every time, as training does (`training.repeatable`).
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import click
import torch
from record import RESULTS, save, table, versions

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.cli.options import parse_changes, read_data
from macrid.data import split as splitting
from macrid.data.split import Split
from macrid.measures.evaluate import ranking
from macrid.measures.statistics import mean_and_error
from macrid.model.settings import Settings, make_settings
from macrid.training.fit import Trainer, fit
from macrid.training.linear_path import add_linear_path
from macrid.training.repeatable import repeatable
from macrid.training.start import Start, start_vectors, untrained

WAYS = (("cpu", "float32"), ("cpu", "bfloat16"), ("cuda", "float32"), ("cuda", "bfloat16"))


@click.command()
@click.option("--data", required=True)
@click.option("--presets", default="best,paper,recbole", show_default=True)
@click.option("--whole", default="best", show_default=True, help="Presets whose whole trainings are measured, too.")
@click.option("--epochs", default=3, show_default=True)
@click.option("--threads", default=0, help="Of the processors; by default all.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "gpu.json", show_default=True)
def main(data, presets, whole, epochs, threads, changes, out):
    torch.set_num_threads(threads or torch.get_num_threads())
    split = splitting.strong(splitting.to_clicks(read_data(data, 0)), 0)
    rows = []
    for preset in presets.split(","):
        settings = make_settings(preset, parse_changes(changes))
        start = start_vectors(split.train, settings)
        for device, precision in WAYS:
            if device == "cuda" and not torch.cuda.is_available():
                continue
            of = replace(settings, precision=precision)
            row = {"preset": preset, "device": device, "precision": precision}
            row |= epoch_seconds(split, of, start, device, epochs)
            if preset in whole.split(","):
                row |= whole_training(split, of, start, device)
            rows.append(row)
            click.echo(str(row), err=True)
    save(out, {"data": Path(data).name, "people": split.train.shape[0], "items": split.train.shape[1],
               "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
               "threads": torch.get_num_threads(), "settings": list(changes), "rows": rows, "versions": versions()})
    click.echo(table(["preset", "device", "precision", "epoch s", "validation s", "whole s", "NDCG@100"], [
        [row["preset"], row["device"], row["precision"], row["epoch"], row["validation"], row.get("seconds", "-"),
         "{:.4f}".format(row["ndcg@100"][0]) if "ndcg@100" in row else "-"] for row in rows]))


def epoch_seconds(split: Split, settings: Settings, start: Start | None, device: str, epochs: int) -> dict:
    """The least seconds of an epoch and of ranking for the validation people, and the loss after them."""
    trainer = Trainer(untrained(split.train, settings, 0, start=start).to(device), split.train)
    took = []
    with repeatable(torch.device(device)):
        for epoch in range(1, epochs + 2):
            began = time.perf_counter()
            row = trainer.train_epoch(epoch)
            took.append(time.perf_counter() - began)
        ranked = []
        for _ in range(epochs):
            began = time.perf_counter()
            trainer.ranked.eval()
            ranking(trainer.ranked, split.validation)
            ranked.append(time.perf_counter() - began)
    return {"epoch": min(took[1:]), "validation": min(ranked), "loss": row["loss"]}


def whole_training(split: Split, settings: Settings, start: Start | None, device: str) -> dict:
    """Seconds of a training with its evaluations and the linear path, and NDCG@100 of the test people with its error."""
    began = time.perf_counter()
    model = untrained(split.train, settings, 0, start=start).to(device)
    history = fit(model, split, 0)
    add_linear_path(model, split)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "epochs": len(history), "best": history[-1]["best"],
            "ndcg@100": mean_and_error(ranking(model, split.test)["ndcg@100"])}


if __name__ == "__main__":
    main()
