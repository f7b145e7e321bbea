"""Several processes that train one model: whether they come to what one does, people a second, bytes each holds and sends.

    python benchmarks/distributed.py                              # all CASES, into results/distributed.json
    python benchmarks/distributed.py --case sampled --workers 1,2,4 --steps 16 --rounds 1

Every number of workers is started by torchrun as `macrid train` is, a thread each, and trains the same steps of one epoch
from random weights: people shared out, and items (`--shard-items`); in turn, some rounds, of which the medians count. Other
work on the machine stretches seconds by the clock; those of the processor, of the busiest worker, say what free cores would
come to, but for the sending. What more workers and more items come to than there are here is computed (`on_paper`), not
measured.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import alone
import click
import torch
import torch.distributed as dist
from record import RESULTS, save, table, versions
from safetensors.torch import load_file, save_file
from served import free_port

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.cli.options import parse_changes, read_data
from macrid.data import split as splitting
from macrid.files import read_json
from macrid.model.settings import make_settings
from macrid.studies import memory
from macrid.training import fit, start
from macrid.training.shared_rows import rows_for
from macrid.training.workers import Workers

RANDOM = {"init": "random", "routing": "learned", "context": 0.1, "epochs": 1, "train_batch_size": 500}  # no start to find
CASES = {"all items": ("shop:12000x9000", 14, ()), "sampled": ("shop:60000x12000", 19, ("sampled_items=2048",)),
         "sampled, batches of 2,000": ("shop:60000x16000", 6, ("sampled_items=2048", "train_batch_size=2000"))}
HEADER = ["workers", "shared out", "loss", "off", "weights off", "people a second", "times", "by the processor", "holds, MB",
          "sends a step, MB"]


@click.command()
@click.option("--case", "cases", multiple=True, type=click.Choice([*CASES]), help="All by default.")
@click.option("--workers", default="1,2", show_default=True)
@click.option("--steps", type=int, help="Of each case.  [what it has]")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--out", default=RESULTS / "distributed.json", type=click.Path(path_type=Path))
@click.option("--work", "job", nargs=4, hidden=True, help="As a worker: the case, the steps, what is shared out, where to.")
def main(cases, workers, steps, rounds, out, job):
    if job:
        work(job[0], int(job[1]), job[2] == "items", Path(job[3]))
        return
    found = read_json(out) or {}
    for case in cases or CASES:
        counts = [int(count) for count in workers.split(",")]
        found[case] = measured(case, counts, steps or CASES[case][1], rounds)
        click.echo(f"\n{case}, {found[case]['data']}\n\n" + table(HEADER, [
            [row["workers"], row["shared"], f"{row['loss']:.6f}", f"{row['loss_off']:.1e}", f"{row['weights_off']:.1e}",
             row["people_a_second"], row["times"], row["times_by_processor"], row["model_mb"], row["sent_mb"]]
            for row in found[case]["rows"]]))
    found["on paper"] = on_paper(found["sampled"]["rows"]) if "sampled" in found else []
    save(out, found)
    rows = [list(row.values()) for row in found["on paper"]]
    if rows:
        click.echo("\ncomputed, not measured\n\n" + table(list(found["on paper"][0]), rows))


def measured(case: str, counts: list[int], steps: int, rounds: int) -> dict:
    """What every number of workers comes to, with either shared out."""
    ways = [(count, shared) for count in counts for shared in (("people", "items") if count > 1 else ("people",))]
    found, weights = {way: [] for way in ways}, []
    for turn in range(rounds):
        for count, shared in ways:
            with tempfile.TemporaryDirectory() as folder:
                found[count, shared].append(started(count, case, steps, shared, Path(folder)))
                if turn == 0:
                    weights.append(load_file(Path(folder) / "weights.safetensors"))
    rows = [{"workers": count, "shared": shared if count > 1 else "-"} | each[0] | {
        name: round(median(row[name] for row in each), 3) for name in ("seconds", "processor_seconds", "people_a_second")}
            for (count, shared), each in found.items()]
    first = rows[0]
    for row, own in zip(rows, weights, strict=True):
        off = [float((own[name] - value).abs().max()) for name, value in weights[0].items()]
        row |= {"loss_off": abs(row["loss"] / first["loss"] - 1), "weights_off": max(off),
                "times": round(row["people_a_second"] / first["people_a_second"], 2),
                "times_by_processor": round(first["processor_seconds"] / row["processor_seconds"], 2)}
    data, _, changes = CASES[case]
    return {"data": data, "settings": list(changes), "steps": steps, "rounds": rounds, "processors": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1), "rows": rows, "versions": versions()}


def started(count: int, case: str, steps: int, shared: str, folder: Path) -> dict:
    """What the first of so many workers answers."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(count), "--master-port",
               str(free_port()), __file__, "--work", case, str(steps), shared, str(folder)]
    subprocess.run(command, check=True, env=os.environ | alone.threads(1))
    return json.loads((folder / "answer.json").read_text())


def work(case: str, steps: int, by_items: bool, into: Path) -> None:
    """Train `steps` steps; the first worker leaves its weights and figures."""
    data, _, changes = CASES[case]
    settings = make_settings("best", RANDOM | parse_changes(changes))
    with Workers.of_torchrun(by_items=by_items) as workers:
        parts = splitting.strong(splitting.to_clicks(read_data(data, 0)), 0)
        people = min(parts.train.shape[0], steps * settings.train_batch_size)
        parts = replace(parts, train=parts.train[:people])
        model = start.untrained(parts.train, settings, 0, rows=rows_for(workers, parts.train.shape[1]))
        trainer, sent = fit.Trainer(model, parts.train, 0, workers=workers), counted(workers)
        workers.wait()
        sent.clear()
        began = time.perf_counter(), time.process_time()
        row = trainer.train_epoch(1)
        busy = [torch.tensor(time.process_time() - began[1])]
        busy = workers.gathered(*busy) if workers.count > 1 else busy
        seconds, given = time.perf_counter() - began[0], sum(sent) / trainer.steps_an_epoch
        held = sum(t.nbytes for state in (model.state_dict(), trainer.mean.state(), *trainer.optimiser.state)
                   for t in state.values() if torch.is_tensor(t))
        peak = memory.peak()
        trainer.best = model.state_dict()
        trainer.end()
        if workers.is_first:
            save_file({name: t.contiguous() for name, t in model.state_dict().items()}, into / "weights.safetensors")
            (into / "answer.json").write_text(json.dumps({
                "loss": row["loss"], "seconds": round(seconds, 2), "processor_seconds": round(float(max(busy)), 3),
                "people": people, "items": parts.train.shape[1], "sampled_items": model.settings.sampled_items,
                "people_a_second": round(people / seconds, 1), "model_mb": round(held / 1e6, 1),
                "peak_mb": round(peak / 1e6), "sent_mb": round(given / 1e6, 2)}))


def counted(workers: Workers) -> list[float]:
    """The bytes that this worker sends from now on, where each sum goes round in a ring."""
    sent, others = [], workers.count - 1
    reduce, gather = dist.all_reduce, dist.all_gather

    def all_reduce(tensor, *more):
        sent.append(2 * others / workers.count * tensor.nbytes)
        return reduce(tensor, *more)

    def all_gather(every, tensor):
        sent.append(others * tensor.nbytes)
        return gather(every, tensor)

    dist.all_reduce, dist.all_gather = all_reduce, all_gather
    return sent


def on_paper(rows: list[dict]) -> list[dict]:
    """Memory, bytes and seconds of a step of the preset `best` with 10 and 100 million items on 8 to 64 workers, computed.

    Bytes of an item whose row is held: 4 (5 (D + H) + 3 K), of weights, mean, best and two moments, and of log c three
    times, + 24 for counts of steps; of every item with every worker 32, for drawing. A step of B people, each with C clicks,
    all on different items, sends round n = 4 (C B (D + H) + N D) bytes where people are shared out, N items drawn; where
    items are, n = 4 B K (3 (D + H) + 3 D) / 2, whatever there is of clicks and items; each of W sends 2 n (W - 1) / W.
    Seconds: of the processor as measured with one worker and with two, of which a part is done by all alike and the rest
    shared, + what is sent at 10 Gbit/s. A step takes no longer with more items.
    """
    D, H, K, B, C, N, speed = 128, 200, 7, 500, 40, 2048, 10e9 / 8
    row, each = 4 * (5 * (D + H) + 3 * K) + 24, 32
    whole = {"people": 4 * (C * B * (D + H) + N * D), "items": 4 * B * K * (3 * (D + H) + 3 * D) / 2}
    steps = rows[0]["people"] / B
    one = rows[0]["processor_seconds"] / steps
    two = {r["shared"]: r["processor_seconds"] / steps for r in rows if r["workers"] == 2}
    table = []
    for items in (10_000_000, 100_000_000):
        for count in (8, 16, 32, 64):
            sent = {way: 2 * (count - 1) / count * whole[way] for way in whole}
            alike = {way: max(0.0, 2 * two[way] - one) for way in two}
            seconds = {way: alike[way] + (one - alike[way]) / count + sent[way] / speed for way in two}
            table.append({"items": items, "workers": count, "people: holds, GB": round(items * (row + each) / 1e9, 1),
                          "items: holds, GB": round(items * (row / count + each) / 1e9, 1)}
                         | {f"{way}: sends a step, MB": round(sent[way] / 1e6, 1) for way in two}
                         | {f"{way}: seconds a step": round(seconds[way], 3) for way in two})
    return table


if __name__ == "__main__":
    main()
