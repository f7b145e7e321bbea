"""What `routing_mass` leaves out and what that costs: shares kept, error of the loss and the gradient, time of a step.

    python benchmarks/routing.py --data ml-1m-pro_sg.zip         # writes benchmarks/results/routing.json; a minute or two

A model is trained for some epochs with exact gradients; then one batch's loss and gradient with small shares left out are
held against those with all of them, from the same random draws. Beside them stands what another draw changes, the noise that
training lives with anyway.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import click
import torch
import torch.nn.functional as F
from record import RESULTS, save, table, versions

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.cli.options import read_data
from macrid.data import split
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import PRESETS, make_settings
from macrid.training import fit

MASSES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5)


def step(model, batch, mass: float, seed: int) -> tuple[float, torch.Tensor, float]:
    """The nll of a batch, the gradient of its loss as one vector, and the processor's seconds for both."""
    model.settings = replace(model.settings, routing_mass=mass)
    model.generator.manual_seed(seed)
    began = time.process_time()
    terms = model.loss(batch, model.settings.anneal_cap)
    gradient = torch.autograd.grad(terms["loss"], list(model.parameters()))
    return terms["nll"].item(), torch.cat([part.flatten() for part in gradient]), time.process_time() - began


def differences(model, batch) -> list[dict]:
    """A row for another draw (mass None) and one for each mass: the share of (item, factor) pairs kept, and against the
    exact step the relative error of the nll, cosine and relative length of the gradient, how many times faster it is."""
    model.train()
    step(model, batch, 0.0, 0)  # what is allocated once
    nll, gradient, seconds = step(model, batch, 0.0, 0)
    rows = []
    for mass in (None, *MASSES):
        mine = step(model, batch, mass or 0.0, seed=0 if mass else 1)
        with torch.no_grad():
            kept = (model.log_routing(sample=True, dropped=mass or 0.0) > -torch.inf).float().mean()
        rows.append({"mass": mass, "kept": float(kept), "nll": mine[0] / nll - 1,
                     "cosine": float(F.cosine_similarity(mine[1], gradient, dim=0)),
                     "length": float(mine[1].norm() / gradient.norm()), "faster": seconds / mine[2]})
    return rows


@click.command()
@click.option("--data", default="ml-100k", show_default=True, help="A data set's name or the path of one.")
@click.option("--preset", type=click.Choice(list(PRESETS)), default="paper", show_default=True)
@click.option("--epochs", default=5, show_default=True, type=click.IntRange(0))
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "routing.json", show_default=True)
def main(data, preset, epochs, out):
    """Train, measure and write the figures."""
    clicks = split.strong(split.to_clicks(read_data(data, seed=0)), seed=0).train
    s = make_settings(preset, {"init": "random"})
    model = MacridVAE(clicks.shape[1], s)
    trainer = fit.Trainer(model, clicks)
    for epoch in range(1, epochs + 1):
        trainer.train_epoch(epoch)
    rows = differences(model, clicks[: trainer.batch_size])
    save(out, {"data": Path(data).name, "preset": preset, "epochs": epochs, "versions": versions(), "rows": rows})
    click.echo(table(["routing_mass", "pairs kept", "nll", "gradient's cosine", "its length", "a step is faster by"], [
        ["0, another draw" if row["mass"] is None else f"{row['mass']:g}", f"{row['kept']:.0%}", f"{row['nll']:+.2%}",
         row["cosine"], row["length"], f"{row['faster']:.2f} x"] for row in rows]))


if __name__ == "__main__":
    main()
