"""What sampled items cost: the error of a step's gradient against the exact one, and the NDCG@100 that a training comes to.

    python benchmarks/sampled.py --data ml-1m-pro_sg.zip --items 256,512,1024 --seeds 2     # results/sampled-ml-1m.json
    python benchmarks/sampled.py --data shop:10000x20000 --items 512,1024,2048

Preset `best`, one thread. Gradients are of one batch at the model that the exact training ends with; only items are drawn.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import torch
from record import RESULTS, save, table, versions

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.cli.options import parse_changes, read_data
from macrid.data import split as splitting
from macrid.data.split import Split
from macrid.measures.evaluate import ranking
from macrid.measures.statistics import mean_and_error, paired_difference
from macrid.model.macridvae import MacridVAE
from macrid.model.sampling import Sampler
from macrid.model.settings import make_settings
from macrid.training.fit import fit
from macrid.training.linear_path import add_linear_path
from macrid.training.start import start_vectors, untrained

DRAWS = 20  # of items, over which gradients are compared


@click.command()
@click.option("--data", required=True)
@click.option("--items", default="256,512,1024", show_default=True, help="Numbers of sampled items.")
@click.option("--seeds", default=1, show_default=True)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE")
@click.option("--out", type=click.Path(path_type=Path), help="A JSON file.")
def main(data, items, seeds, changes, out):
    torch.set_num_threads(1)
    split = splitting.strong(splitting.to_clicks(read_data(data, 0)), 0)
    counts = [int(part) for part in items.split(",")]
    rows, errors = [], []
    for seed in range(seeds):
        settings = make_settings("best", parse_changes(changes))
        start, path, exact = start_vectors(split.train, settings, seed), None, None
        for count in (0, *counts):
            model, row, people, path = trained(split, replace(settings, sampled_items=count), seed, start, path)
            exact = exact or (model, people)
            rows.append(row | {"seed": seed, "difference": {name: paired_difference(people[name], exact[1][name])
                                                            for name in people}})
            click.echo(f"seed {seed}, {count} items: {row}", err=True)
        if seed == 0:
            errors = [gradient_error(exact[0], split, count) for count in counts]
    name = Path(data).name.split("-pro_sg")[0].replace(":", "-")
    save(out or RESULTS / f"sampled-{name}.json", {
        "data": data, "people": split.train.shape[0], "items": split.train.shape[1], "tested": len(split.test.user_ids),
        "settings": list(changes), "rows": rows, "gradient": errors, "versions": versions()})
    click.echo(report(rows, errors))


def trained(split: Split, settings, seed: int, start, path) -> tuple:
    """A model, its row, NDCG@100 of each test person by the mixture alone and with the linear path, and that path."""
    began = time.process_time()
    model = untrained(split.train, settings, seed, start=start)
    history = fit(model, split, seed)
    seconds = time.process_time() - began
    people = {"alone": ranking(model, split.test)["ndcg@100"]}
    path = add_linear_path(model, split, path=path)
    people["with linear path"] = ranking(model, split.test)["ndcg@100"]
    linear, model.linear = model.linear, None
    row = {"sampled_items": settings.sampled_items, "epochs": len(history), "best": history[-1]["best"],
           "processor_seconds": round(seconds, 1), "validation": max(each["ndcg@100"] for each in history),
           "linear_weight": linear.weight if linear else 0.0}
    return model, row | {"test": {name: mean_and_error(values) for name, values in people.items()}}, people, path


class _OfItsOwn(Sampler):
    """Draws from a generator of its own, so that everything else is drawn as without it."""

    seed = 0

    def draw(self, generator):
        return super().draw(torch.Generator().manual_seed(self.seed))


def gradient_error(model: MacridVAE, split: Split, count: int) -> dict:
    """Of one batch: cosine and length of a step's gradient against the exact one, those of the mean of DRAWS steps, and how
    far log Z is off; for the item vectors and for all that makes user vectors."""
    batch, state = split.train[np.random.default_rng(0).permutation(split.train.shape[0])[:500]], model.generator.get_state()
    nll, wanted = gradients(model, batch, state)
    popularity, found, losses = np.asarray(split.train.sum(axis=0)).ravel(), [], []
    for seed in range(DRAWS):
        model.sampler = _OfItsOwn(popularity, count)
        model.sampler.seed = seed
        loss, gradient = gradients(model, batch, state)
        found.append(gradient)
        losses.append(loss - nll)
    model.sampler = None
    result = {"sampled_items": count, "nll": nll, "nll_error": float(np.mean(losses)), "nll_sd": float(np.std(losses))}
    for which in ("items", "encoder"):
        mean = torch.stack([each[which] for each in found]).mean(dim=0)
        one = [compared(each[which], wanted[which]) for each in found]
        result[which] = {"cosine": float(np.mean([c for c, _ in one])), "length": float(np.mean([r for _, r in one])),
                         "of_mean": compared(mean, wanted[which])}
    return result


def gradients(model: MacridVAE, batch, state: torch.Tensor) -> tuple[float, dict[str, torch.Tensor]]:
    """nll, and the gradient of the loss with what is drawn from that state of the generator."""
    model.generator.set_state(state)
    model.eval()
    names, parameters = zip(*((n, p) for n, p in model.named_parameters() if p.requires_grad), strict=True)
    terms = model.loss(batch, 0.1)
    found = torch.autograd.grad(terms["loss"], parameters)
    flat = {name: (g.to_dense() if g.is_sparse else g).flatten() for name, g in zip(names, found, strict=True)}
    return terms["nll"].item(), {"items": flat.pop("items"), "encoder": torch.cat(list(flat.values()))}


def compared(found: torch.Tensor, wanted: torch.Tensor) -> tuple[float, float]:
    """Cosine, and ratio of the lengths."""
    found, wanted = found.double(), wanted.double()
    return float(torch.nn.functional.cosine_similarity(found, wanted, dim=0)), float(found.norm() / wanted.norm())


def report(rows: list[dict], errors: list[dict]) -> str:
    cells = [[row["seed"], row["sampled_items"] or "all", f"{row['best']} of {row['epochs']}", row["processor_seconds"],
              *(f"{row['test'][name][0]:.4f} ({row['difference'][name]['mean']:+.4f} +- {row['difference'][name]['se']:.4f})"
                for name in ("alone", "with linear path"))] for row in rows]
    of = [[e["sampled_items"], f"{e['nll_error']:+.3f} (sd {e['nll_sd']:.3f}) of {e['nll']:.1f}",
           *(f"{e[w]['cosine']:.3f}, {e[w]['length']:.2f}; mean {e[w]['of_mean'][0]:.3f}, {e[w]['of_mean'][1]:.2f}"
             for w in ("items", "encoder"))] for e in errors]
    return "\n\n".join([
        table(["seed", "items", "best epoch", "processor, s", "NDCG@100 alone", "with linear path"], cells),
        table(["items", "nll", "gradient of items: cosine, length; of the mean of draws", "of the encoder"], of)])


if __name__ == "__main__":
    main()
