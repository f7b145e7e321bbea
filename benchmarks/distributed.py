"""Several processes that train one model: whether they come to what one does, people a second, bytes each holds and sends.

    python benchmarks/distributed.py                              # results/distributed.json
    python benchmarks/distributed.py --data shop:20000x4000 --workers 1,2 --steps 16

Every number of workers is started by torchrun as `macrid train` is, a thread each, and trains the same steps of one epoch
from random weights. Other work on the machine stretches seconds by the clock; those of the processor, of the busiest worker,
say what free cores would come to, but for the sending.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import alone
import click
import numpy as np
import torch
from record import RESULTS, save, table, versions
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.cli.options import parse_changes, read_data
from macrid.data import split as splitting
from macrid.model.settings import make_settings
from macrid.studies import memory
from macrid.training import fit, start
from macrid.training.workers import Workers

RANDOM = {"init": "random", "routing": "learned", "context": 0.1, "epochs": 1}  # no start to be found


@click.command()
@click.option("--data", default="shop:60000x6000", show_default=True)
@click.option("--workers", default="1,2", show_default=True)
@click.option("--steps", default=10, show_default=True)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE")
@click.option("--out", default=RESULTS / "distributed.json", type=click.Path(path_type=Path))
@click.option("--into", type=click.Path(path_type=Path), hidden=True, help="As a worker: where the first leaves its own.")
def main(data, workers, steps, changes, out, into):
    if into:
        work(data, steps, changes, into)
        return
    rows, weights = [], {}
    for count in map(int, workers.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            rows.append({"workers": count} | started(count, Path(folder), data, steps, changes))
            weights[count] = load_file(Path(folder) / "weights.safetensors")
    first, at = rows[0], weights[rows[0]["workers"]]
    for row in rows:
        off = [float((weights[row["workers"]][name] - value).abs().max()) for name, value in at.items()]
        row |= {"loss_off": abs(row["loss"] / first["loss"] - 1), "weights_off": max(off),
                "times": round(row["people_a_second"] / first["people_a_second"], 2),
                "times_by_processor": round(first["processor_seconds"] / row["processor_seconds"], 2)}
    save(out, {"data": data, "settings": list(changes), "steps": steps, "processors": os.cpu_count(),
               "load": round(os.getloadavg()[0], 1), "rows": rows, "versions": versions()})
    header = ["workers", "loss", "off", "weights off", "people a second", "times", "by the processor", "holds, MB",
              "sends a step, MB"]
    click.echo(table(header, [[row["workers"], f"{row['loss']:.6f}", f"{row['loss_off']:.1e}", f"{row['weights_off']:.1e}",
                               row["people_a_second"], row["times"], row["times_by_processor"], row["model_mb"],
                               row["sent_mb"]] for row in rows]))


def started(count: int, folder: Path, data: str, steps: int, changes: tuple[str, ...]) -> dict:
    """What the first of so many workers answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(count), "--master-port", str(port),
               __file__, "--data", data, "--steps", str(steps), "--into", str(folder)]
    command += [word for change in changes for word in ("--set", change)]
    subprocess.run(command, check=True, env=os.environ | alone.threads(1))
    return json.loads((folder / "answer.json").read_text())


def work(data: str, steps: int, changes: tuple[str, ...], into: Path) -> None:
    """Train `steps` steps; the first worker leaves its weights and figures."""
    settings = make_settings("best", RANDOM | parse_changes(changes))
    with Workers.of_torchrun() as workers:
        parts = splitting.strong(splitting.to_clicks(read_data(data, 0)), 0)
        people = min(parts.train.shape[0], steps * settings.train_batch_size)
        parts = replace(parts, train=parts.train[:people])
        model = start.untrained(parts.train, settings, 0)
        trainer, sent = fit.Trainer(model, parts.train, 0, workers=workers), []
        added, workers.add_up = workers.add_up, lambda tensors: sent.append(sum(t.nbytes for t in tensors)) or added(tensors)
        workers.wait()
        began = time.perf_counter(), time.process_time()
        row = trainer.train_epoch(1)
        busy = [0.0] * workers.count
        busy[workers.index] = time.process_time() - began[1]
        busy, seconds = workers.added_up(busy), time.perf_counter() - began[0]
        if workers.is_first:
            held = sum(t.nbytes for t in model.state_dict().values()) + sum(
                t.nbytes for state in trainer.optimiser.state.values() for t in state.values() if torch.is_tensor(t))
            save_file({name: t.contiguous() for name, t in model.state_dict().items()}, into / "weights.safetensors")
            (into / "answer.json").write_text(json.dumps({
                "loss": row["loss"], "seconds": round(seconds, 2), "processor_seconds": round(max(busy), 3),
                "people": people, "items": parts.train.shape[1],
                "sampled_items": model.settings.sampled_items, "people_a_second": round(people / seconds, 1),
                "model_mb": round(held / 1e6, 1), "peak_mb": round(memory.peak() / 1e6),
                "sent_mb": round(float(np.mean([each for each in sent if each > 1000] or [0])) / 1e6, 2)}))


if __name__ == "__main__":
    main()
