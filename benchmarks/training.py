"""How fast MacridVAE trains: one epoch beside the plain dense formula and, with --peer, beside RecBole, and the time until
RecBole's best figure is reached; memory; the floor.

    python benchmarks/training.py --data ml-1m-pro_sg.zip                 # beside the dense formula
    python benchmarks/training.py --data ml-1m-pro_sg.zip --peer          # and beside RecBole 1.2.1, which it installs apart

Same clicks, same settings, same batch, same threads, each in a process of its own, one after the other and in several
rounds; ratios are of medians over all epochs, by the clock and of the processor's own time, which other work on the machine
stretches less. Every person trains, the held-out ones with what is shown of them, as RecBole would; the evaluation ranks all
items for the people held out for validation. Memory is the most that the model and its training took above the process with
its libraries and the data loaded.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import alone
import click
import numpy as np
import peer
import torch
import torch.nn.functional as F
import training_until
from record import RESULTS, save, spread, table, versions
from scipy.sparse import csr_matrix, vstack
from torch import nn
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.cli.options import read_data
from macrid.data import split
from macrid.measures import evaluate
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import make_settings, settings_dict
from macrid.studies import memory, processes
from macrid.training import fit, precisions

PRESETS, CLOCKS = ("recbole", "paper"), ("clock", "processor")
CHANGED = {"ours, bfloat16": {"precision": "bfloat16"},  # where this processor is faster so
           "ours, routed": {"routing_mass": 0.3}}  # what is measured beside the exact gradients


class Dense(nn.Module):
    """The formulas as they stand, on dense (B, M) rows, one factor after the other: what most people would write."""

    def __init__(self, n_items: int, settings):
        super().__init__()
        self.settings = s = settings
        self.items, self.prototypes = nn.Embedding(n_items, s.embedding_size), nn.Embedding(s.kfac, s.embedding_size)
        hidden = s.encoder_hidden_size[0]
        self.encoder = nn.Sequential(nn.Linear(n_items, hidden), nn.Tanh(), nn.Linear(hidden, 2 * s.embedding_size))
        self.generator = torch.Generator()

    def loss(self, batch: csr_matrix, beta: float) -> dict:
        """As MacridVAE's."""
        s, clicks = self.settings, torch.from_numpy(batch.toarray())
        items = F.normalize(self.items.weight, dim=1)
        c = F.gumbel_softmax(items @ F.normalize(self.prototypes.weight, dim=1).T / s.tau, dim=1)  # (M, K)
        if s.input_norm == "user":
            x = F.dropout(F.normalize(clicks), s.dropout_prob)
        mass, kl = 0.0, 0.0
        for k in range(s.kfac):
            part = x * c[:, k] if s.input_norm == "user" else F.dropout(F.normalize(clicks * c[:, k]), s.dropout_prob)
            a, b = self.encoder(part).chunk(2, dim=1)
            z = F.normalize(a, dim=1)
            z = F.normalize(z + s.std * torch.exp(-b / 2) * torch.randn_like(z), dim=1)
            mass = mass + c[:, k] * torch.exp(z @ items.T / s.tau)
            kl = kl + 0.5 * (b + torch.exp(-b) - 1).sum(dim=1).mean()
        nll = -(F.log_softmax(mass.log(), dim=1) * clicks).sum(dim=1).mean()
        return {"loss": nll + beta * kl, "nll": nll, "kl": kl}


def measure(asked: dict) -> dict:
    """In a process of its own: seconds of each epoch after the first, of the evaluation, bytes; or the course to a goal."""
    torch.set_num_threads(asked["threads"])
    clicks, held = together(asked["data"])
    if "goal" in asked:
        return {"course": training_until.course(clicks, held, asked["preset"], asked["seed"], asked["goal"])}
    settings = make_settings(asked["preset"], CHANGED.get(asked["who"], {}))
    if asked["who"] == "dense":
        fit.TRAINED_AT_ONCE = fit.batch_size(settings, clicks.shape[0])  # nor would most people take a batch part by part
    torch.manual_seed(0)
    memory.reset_peak()
    bare = memory.now()
    model = (Dense if asked["who"] == "dense" else MacridVAE)(clicks.shape[1], settings)
    trainer, found = fit.Trainer(model, clicks), {"clock": [], "processor": []}
    if asked["who"] == "dense":
        trainer.optimiser = torch.optim.Adam(model.parameters(), lr=settings.learning_rate)
    for epoch in range(1, asked["epochs"] + 2):
        started, worked = time.perf_counter(), time.process_time()
        trainer.train_epoch(epoch)
        if epoch > 1:
            found["clock"].append(time.perf_counter() - started)
            found["processor"].append(time.process_time() - worked)
    found |= {"bare": bare, "peak": memory.peak()}
    if asked["who"] == "ours":
        started, worked = time.perf_counter(), time.process_time()
        evaluate.ranking(model, held)
        found["evaluation"] = {"clock": time.perf_counter() - started, "processor": time.process_time() - worked}
    return found


def together(data: str) -> tuple[csr_matrix, split.HeldOut]:
    """The clicks of all people (U, M), of the held-out ones those that are shown; and those held out for validation."""
    parts = split.strong(split.to_clicks(read_data(data, seed=0)), seed=0)
    return vstack([parts.validation.fold_in, parts.train, parts.test.fold_in], format="csr"), parts.validation


def write_atomic(folder: Path, clicks: csr_matrix, answers: csr_matrix) -> None:
    """RecBole's atomic files clicks.train.inter and clicks.valid.inter; the first people are those held out."""
    (folder / "clicks").mkdir(parents=True, exist_ok=True)
    for part, matrix in (("train", clicks), ("valid", answers)):
        rows = matrix.tocoo()
        lines = ["user_id:token\titem_id:token", *(f"u{u}\ti{i}" for u, i in zip(rows.row, rows.col, strict=True))]
        (folder / "clicks" / f"clicks.{part}.inter").write_text("\n".join(lines) + "\n", encoding="utf-8")


def recbole_settings(preset: str) -> dict:
    """The preset as RecBole's settings; of the paper's, it has no L2 norm within each factor."""
    s = make_settings(preset)
    names = ("embedding_size", "kfac", "encoder_hidden_size", "tau", "std", "dropout_prob", "anneal_cap", "learning_rate",
             "train_batch_size")
    return {name: settings_dict(s)[name] for name in names}


def floor(preset: str, clicks: csr_matrix) -> dict:
    """What an epoch cannot do without: the multiply-adds of the decoder's three products and of the second layer's, the
    decoder's exponentials, the numbers of the first layer that clicks pick up; and the seconds of one core that these take
    at the speeds measured here, on arrays that fit a cache."""
    torch.set_num_threads(1)
    s, (people, items) = make_settings(preset), clicks.shape
    hidden, pairs = s.encoder_hidden_size[0], people * s.kfac * items
    a, b = torch.randn(224, s.embedding_size), torch.randn(s.embedding_size, items)
    out, other, first = a @ b, torch.empty(224, items), torch.randn(items, hidden)
    bag = torch.randint(items, (4096,), generator=torch.Generator().manual_seed(0))
    begin = torch.arange(0, 4096, 32)
    work = {"decoder, multiply-adds": 3 * pairs * s.embedding_size,
            "second layer, multiply-adds": 3 * people * s.kfac * hidden * 2 * s.embedding_size,
            "exponentials": pairs,
            "first layer, numbers": 2 * round(clicks.nnz * (1 - s.dropout_prob)) * s.kfac * hidden}
    multiply = _fastest(lambda: torch.mm(a, b, out=out)) / (a.numel() * items)
    speed = {"decoder, multiply-adds": multiply, "second layer, multiply-adds": multiply,
             "exponentials": _fastest(lambda: torch.exp(out, out=other)) / out.numel(),
             "first layer, numbers": _fastest(lambda: F.embedding_bag(bag, first, begin, mode="sum")) / (len(bag) * hidden)}
    seconds = {name: work[name] * speed[name] for name in work}
    return {"work": work, "core seconds": seconds, "sum": sum(seconds.values())}


def _fastest(action) -> float:
    """The least processor seconds of some tries."""
    tried = []
    for _ in range(30):
        worked = time.process_time()
        action()
        tried.append(time.process_time() - worked)
    return min(tried)


@click.command()
@click.option("--data", default="ml-100k", show_default=True, help="A data set's name or the path of one.")
@click.option("--peer/--no-peer", "with_peer", default=False, help="Measure RecBole 1.2.1, too.")
@click.option("--until/--no-until", "with_until", default=True, help="With --peer: train until RecBole's figure, too.")
@click.option("--environment", type=click.Path(path_type=Path), default=peer.FOLDER, show_default=True,
              help="Where RecBole's environment is, or is made.")
@click.option("--epochs", default=3, show_default=True, type=click.IntRange(1))
@click.option("--rounds", default=2, show_default=True, type=click.IntRange(1))
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "training.json", show_default=True)
@click.option("--measure", "asked", hidden=True)
def main(data, with_peer, with_until, environment, epochs, rounds, out, asked):
    """Measure and write the figures."""
    if asked:
        click.echo(json.dumps(measure(json.loads(asked))))
        return
    threads = processes.threads_for(1)
    clicks, held = together(data)
    names = ["ours", *CHANGED, "dense", *(["RecBole"] if with_peer else [])]
    if any(precisions.faster(make_settings(preset), torch.device("cpu")) != "bfloat16" for preset in PRESETS):
        names.remove("ours, bfloat16")
    found = {preset: {who: [] for who in names} for preset in PRESETS}
    with tempfile.TemporaryDirectory() as temporary:
        python = peer.environment(environment) if with_peer else None
        write_atomic(Path(temporary), clicks, held.answers)
        def ours(job: dict) -> dict:
            asked = json.dumps({"data": data, "threads": threads} | job)
            return alone.run([sys.executable, __file__, "--measure", asked], variables=alone.threads(threads)).answer

        def recbole(preset: str, **job) -> dict:
            asked = json.dumps({"settings": recbole_settings(preset), "data": temporary, "threads": threads} | job)
            return peer.run(python, "training_peer.py", asked, variables=alone.threads(threads)).answer

        runs = [(preset, who) for _ in range(rounds) for preset in PRESETS for who in names]
        for preset, who in tqdm(runs, unit="run", file=sys.stderr):
            found[preset][who].append(recbole(preset, epochs=epochs) if who == "RecBole"
                                      else ours({"preset": preset, "who": who, "epochs": epochs}))
        until = {preset: training_until.beside_recbole(preset, lambda name: recbole(name, until=True)["course"],
                                                       lambda job: ours(job)["course"])
                 for preset in PRESETS if with_peer and with_until}
    value = {"data": {"name": data if not Path(data).exists() else Path(data).name, "people": clicks.shape[0],
                      "items": clicks.shape[1], "clicks": int(clicks.nnz), "held_out": len(held.user_ids)},
             "threads": threads, "load": os.getloadavg()[0], "versions": versions(), "presets": {}, "until": until}
    lines = []
    for preset, runs in found.items():
        rows = {}
        for who, done in runs.items():
            rows[who] = {clock: spread(s for run in done for s in run[clock])
                         | {"median": float(np.median([s for run in done for s in run[clock]]))} for clock in CLOCKS}
            rows[who] |= {"memory": max(run["peak"] - run["bare"] for run in done), "bare": max(run["bare"] for run in done)}
            if "evaluation" in done[0]:
                rows[who]["evaluation"] = {clock: min(run["evaluation"][clock] for run in done) for clock in CLOCKS}
        value["presets"][preset] = rows | {"floor": floor(preset, clicks)}
        mine = rows["ours"]
        for who, row in rows.items():
            ratio = {clock: row[clock]["median"] / mine[clock]["median"] for clock in CLOCKS}
            took = row.get("evaluation", {})
            ranked = [f"{took[clock]:.2f} s ({took[clock] / mine['evaluation'][clock]:.0f} x)" for clock in took]
            lines.append([preset, who, *(f"{row[clock]['median']:.2f} s ({ratio[clock]:.1f} x)" for clock in CLOCKS),
                          f"{row['clock']['min']:.2f} to {row['clock']['max']:.2f}",
                          f"{row['memory'] / 1e6:.0f} MB ({row['memory'] / mine['memory']:.1f} x)",
                          ", ".join(ranked)])
        lines.append([preset, "floor", "", f"{value['presets'][preset]['floor']['sum']:.2f} s", *[""] * 3])
    save(out, value)
    click.echo(table(["settings", "", "one epoch", "of the processor", "fastest, slowest", "memory", "evaluation"], lines))
    if until:
        click.echo(table(training_until.HEADINGS, [row for each in until.items() for row in training_until.rows(*each)]))


if __name__ == "__main__":
    main()
