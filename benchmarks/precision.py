"""What products in bfloat16 cost and gain: seconds of an epoch, the error of a gradient, and what a training comes to.

    python benchmarks/precision.py --data ml-1m-pro_sg.zip --seeds 3                # results/precision.json

Preset `best`, both precisions in turn with the same start and the same draws. The gradient is of one batch at the model that
training in float32 ends with. NDCG@100 of the test people, differences paired over them. What a processor without
instructions for bfloat16 does takes many times longer (`precision=auto` finds out).
"""

import sys
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import torch
from record import RESULTS, save, table, versions
from sampled import compared, gradients, trained

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.cli.options import parse_changes, read_data
from macrid.data import split as splitting
from macrid.data.split import Split
from macrid.measures.statistics import paired_difference
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import make_settings
from macrid.training.start import start_vectors

PRECISIONS = ("float32", "bfloat16")


@click.command()
@click.option("--data", required=True)
@click.option("--seeds", default=1, show_default=True)
@click.option("--threads", default=1, show_default=True)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "precision.json", show_default=True)
def main(data, seeds, threads, changes, out):
    torch.set_num_threads(threads)
    split = splitting.strong(splitting.to_clicks(read_data(data, 0)), 0)
    settings = make_settings("best", parse_changes(changes))
    rows, errors = [], {}
    for seed in range(seeds):
        start, path, of_people = start_vectors(split.train, settings, seed), None, {}
        for precision in PRECISIONS:
            model, row, people, path = trained(split, replace(settings, precision=precision), seed, start, path)
            of_people[precision] = people
            rows.append({"precision": precision, "seed": seed} | row | {"difference": {
                name: paired_difference(people[name], of_people["float32"][name]) for name in people}})
            click.echo(str(rows[-1]), err=True)
            if not errors:
                errors = gradient_error(model, split)
    save(out, {"data": Path(data).name, "people": split.train.shape[0], "items": split.train.shape[1],
               "tested": len(split.test.user_ids), "threads": threads, "settings": list(changes), "rows": rows,
               "gradient": errors, "versions": versions()})
    click.echo(report(rows, errors))


def gradient_error(model: MacridVAE, split: Split) -> dict:
    """Of one batch: nll in both precisions, cosine and length of the gradient in bfloat16 against that in float32."""
    batch, state = split.train[np.random.default_rng(0).permutation(split.train.shape[0])[:500]], model.generator.get_state()
    exact, wanted = gradients(model, batch, state)
    model.settings = replace(model.settings, precision="bfloat16")
    rounded, found = gradients(model, batch, state)
    return {"nll": [exact, rounded]} | {which: compared(found[which], wanted[which]) for which in wanted}


def report(rows: list[dict], errors: dict) -> str:
    cells = [[row["seed"], row["precision"], f"{row['best']} of {row['epochs']}",
              f"{row['processor_seconds'] / row['epochs']:.2f}",
              *(f"{row['test'][name][0]:.4f} ({row['difference'][name]['mean']:+.4f} +- {row['difference'][name]['se']:.4f})"
                for name in ("alone", "with linear path"))] for row in rows]
    (exact, rounded), of = errors["nll"], {which: errors[which] for which in ("items", "encoder")}
    return "\n\n".join([
        table(["seed", "precision", "best epoch", "processor, s an epoch", "NDCG@100 alone", "with linear path"], cells),
        f"nll {rounded:.3f} for {exact:.3f}; gradient " + ", ".join(
            f"of {which}: cosine {cosine:.5f}, length {length:.4f}" for which, (cosine, length) in of.items())])


if __name__ == "__main__":
    main()
