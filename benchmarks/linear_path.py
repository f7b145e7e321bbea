"""Which linear path, and how it is had: after the training, beside it, refined by gradient, a kernel instead, two paths.

    python benchmarks/linear_path.py --data ml-100k --held-out 150 --splits 5 --seeds 3
    python benchmarks/linear_path.py --data ml-latest-small.zip --held-out 50 --splits 5 --seeds 3 --beside 1
    python benchmarks/linear_path.py --data ml-1m-pro_sg.zip --seeds 1 --beside 0    # the paper's one split

One training a split and seed (ACCURATE) serves all ways but those that train beside the path. Weights are chosen on
validation people. What stands under `validation` is of people who did not choose them: one half chooses for the other. Each
training's record is kept in --work, so a run that was stopped goes on.
"""

import itertools
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import click
import linear_path_ways as ways
import numpy as np
from record import RESULTS, save, spread, table, versions
from scipy.sparse import csr_matrix

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.cli.options import parse_changes, read_data
from macrid.data import split as splitting
from macrid.data.split import HeldOut, Split
from macrid.measures.ranking import hits, ndcg_at
from macrid.measures.statistics import paired_difference
from macrid.model.macridvae import MacridVAE
from macrid.model.neighbours import neighbour_edlae
from macrid.model.settings import Settings, make_settings
from macrid.training.fit import fit
from macrid.training.linear_path import WEIGHTS
from macrid.training.start import untrained

ACCURATE = {  # the preset `accurate` of then; popular items lose nothing
    "embedding_size": 128, "tau": 0.1, "learning_rate": 1e-3, "dropout_mask": "user", "skip": True, "person_power": 0.25,
    "weight_averaging": 0.995, "nogb": True, "routing": "held", "routing_tau": 0.07, "context": 0.3, "stopping_step": 15}
RATES, EPOCHS = (1e-3, 3e-3), (1, 3, 10, 20)
RIDGES = (0.3, 1.0, 3.0, 12.0)
PARTS = ("validation", "test")
Scored = dict[str, np.ndarray]  # part -> scores (n, M) of its people


@dataclass(frozen=True)
class Solved:
    """What is solved from the clicks of one split, whatever the seed of the model."""

    split: Split

    @cached_property
    def whole(self) -> np.ndarray:
        return ways.whole(self.split.train)

    @cached_property
    def kept(self) -> csr_matrix:
        return ways.kept(self.whole)

    @cached_property
    def paths(self) -> dict[str, list[Scored]]:
        """The paths of each way that comes after the training."""
        edlae = self.scored(lambda x: (x @ self.kept).toarray())
        weak, strong = (ways.kept(ways.whole(self.split.train, *how)) for how in ((100.0, 0.3), (1000.0, 0.7)))
        kernels = {ridge: self.scored(ways.InfiniteKernel(self.split.train, ridge).scores) for ridge in RIDGES}
        found = {"after": [edlae], "after, every entry of B": [self.scored(lambda x: x @ self.whole)]}
        for neighbours, kept in ((100, 100), (200, 100), (200, 200), (400, 100)):
            sparse = neighbour_edlae(self.split.train, neighbours, kept)
            found[f"after, of {neighbours} neighbours the {kept} strongest"] = [
                self.scored(lambda x, b=sparse: (x @ b).toarray())]
        for power in (0.25, 0.5):
            found[f"after, divided by clicks^{power}"] = [self.scored(lambda x, p=power: (x @ self.kept).toarray() * (
                np.maximum(np.diff(x.indptr), 1)[:, None] / 50) ** -p)]
        for ridge, kernel in kernels.items():
            found |= {f"kernel, ridge {ridge:g}": [kernel], f"EDLAE and kernel, ridge {ridge:g}": [edlae, kernel]}
        return found | {"EDLAE of two strengths": [self.scored(lambda x, b=b: (x @ b).toarray()) for b in (weak, strong)]}

    def scored(self, score: Callable[[csr_matrix], np.ndarray]) -> Scored:
        return {part: np.asarray(score(getattr(self.split, part).fold_in), np.float32) for part in PARTS}


def ndcg(scores: np.ndarray, held: HeldOut) -> np.ndarray:
    """NDCG@100 of every person (n,)."""
    scores = scores.copy()
    scores[held.seen.nonzero()] = -np.inf
    return ndcg_at(hits(scores, held.answers, 100), np.diff(held.answers.indptr), 100)


def judged(split: Split, mixture: Scored, paths: list[Scored]) -> dict:
    """NDCG@100 of every person with the weights that validation chooses: {validation, test, weights}."""
    grid = list(itertools.product(WEIGHTS, repeat=len(paths)))

    def with_weights(part: str, chosen: tuple[float, ...]) -> np.ndarray:
        total = mixture[part] + sum(np.float32(w) * path[part] for w, path in zip(chosen, paths, strict=True))
        return ndcg(total, getattr(split, part))

    found = np.stack([with_weights("validation", chosen) for chosen in grid])  # (C, n)
    even = np.arange(found.shape[1]) % 2 == 0
    honest = np.empty(found.shape[1])
    for mine in (even, ~even):
        honest[mine] = found[found[:, ~mine].mean(axis=1).argmax(), mine]
    best = grid[int(found.mean(axis=1).argmax())]
    return {"validation": honest.tolist(), "test": with_weights("test", best).tolist(), "weights": best}


def one(solved: Solved, settings: Settings, seed: int, with_beside: bool) -> dict[str, dict]:
    """Every way on one training: {way: {validation, test, weights, seconds}}."""
    split, found = solved.split, {}
    began = time.perf_counter()
    model = untrained(split.train, settings, seed)
    fit(model, split, seed)
    seconds = {"mixture alone": time.perf_counter() - began}
    mixture = solved.scored(model.mixture)
    found["mixture alone"] = judged(split, mixture, [])
    for name, paths in solved.paths.items():
        found[name] = judged(split, mixture, paths)
    nothing = {part: np.zeros_like(scores) for part, scores in mixture.items()}
    for name in ("after, every entry of B", *(f"kernel, ridge {ridge:g}" for ridge in RIDGES)):
        found[f"{name}, without the mixture"] = judged(split, nothing, solved.paths[name])
    weight = found["after"]["weights"][0]
    for rate in RATES if weight else ():
        for epochs, path in ways.refined(model, split.train, weight * solved.kept, rate, EPOCHS).items():
            found[f"refined, {epochs} epochs at {rate:g}"] = judged(split, mixture, [solved.scored(
                lambda x, path=path: (x @ path).toarray() / weight)])
    for name, crossed in (("beside", False), ("beside, B of other people", True)) if with_beside and weight else ():
        began = time.perf_counter()
        joint: MacridVAE = ways.beside(split, settings, seed, weight, solved.kept, crossed)
        seconds[name] = time.perf_counter() - began
        found[name] = judged(split, solved.scored(joint.mixture), solved.paths["after"])
    return {name: value | {"seconds": seconds.get(name)} for name, value in found.items()}


def records(data, settings: Settings, held_out: int | None, grid: list[tuple[int, int]], beside: int,
            folder: Path) -> dict[str, dict]:
    """The answer of `one` for every (split, seed), from `folder` where it was done before."""
    found, solved = {}, {}
    for of_split, seed in grid:
        key = f"{data.name}-{held_out}-{of_split}-{seed}{'-beside' if seed < beside else ''}"
        file = folder / f"{key}.json"
        if not file.exists():
            if of_split not in solved:
                solved = {of_split: Solved(splitting.strong(data, of_split, held_out))}
            save(file, one(solved[of_split], settings, seed, seed < beside))
            click.echo(f"{key} done", err=True)
        found[key] = json.loads(file.read_text(encoding="utf-8")) | {"split": of_split}
    return found


def compared(found: dict[str, dict]) -> dict[str, dict]:
    """Each way over all its trainings, and less `after` on the same trainings: `splits` pairs the means of the splits,
    `people` all people of all splits, each averaged over seeds."""
    answer = {}
    for name in sorted({name for record in found.values() for name in record if name != "split"}):
        some = [record for record in found.values() if name in record]
        row: dict = {"trainings": len(some), "weights": [record[name]["weights"] for record in some]}
        for part in PARTS:
            means = {split: [np.mean([record[way][part] for record in some if record["split"] == split], axis=0)
                             for way in (name, "after")] for split in sorted({record["split"] for record in some})}
            mine, other = (np.array([pair[i].mean() for pair in means.values()]) for i in (0, 1))
            row[part] = spread(mine) | {"less_after": {"people": paired_difference(
                *(np.concatenate([pair[i] for pair in means.values()]) for i in (0, 1)))}}
            if len(mine) > 1:
                row[part]["less_after"]["splits"] = paired_difference(mine, other)
        seconds = [record[name]["seconds"] for record in some if record[name]["seconds"] is not None]
        answer[name] = row | ({"seconds": spread(seconds)} if seconds else {})
    return answer


@click.command()
@click.option("--data", required=True, help="A data set's name or the path of one.")
@click.option("--held-out", type=int, help="People for validation, and as many for test.")
@click.option("--splits", default=1, show_default=True, type=click.IntRange(1))
@click.option("--seeds", default=1, show_default=True, type=click.IntRange(1))
@click.option("--beside", default=99, show_default=True, help="So many of the seeds are trained beside the path, too.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a setting of ACCURATE.")
@click.option("--work", "folder", type=click.Path(path_type=Path), default=Path("linear-path.partial"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "linear-path.json", show_default=True,
              help="The file of figures; those of other data in it stay.")
def main(data, held_out, splits, seeds, beside, changes, folder, out):
    """Train, add, compare, and write the figures."""
    settings = make_settings(None, ACCURATE | parse_changes(changes))
    clicks = splitting.to_clicks(read_data(data, seed=0))
    folder.mkdir(parents=True, exist_ok=True)
    grid = list(itertools.product(range(splits), range(seeds)))
    answer = compared(records(clicks, settings, held_out, grid, beside, folder))
    whole = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    whole[clicks.name] = {"held_out": held_out, "splits": splits, "seeds": seeds, "changes": list(changes),
                          "versions": versions(), "ways": answer}
    save(out, whole)
    click.echo(shown(clicks.name, answer))


def shown(name: str, answer: dict[str, dict]) -> str:
    def less(row: dict, part: str) -> str:
        way = "splits" if "splits" in row[part]["less_after"] else "people"
        pair = row[part]["less_after"][way]
        return f"{pair['mean']:+.4f} ± {pair['se']:.4f}, p {pair['p']:.2g}"

    rows = [[way, row["trainings"], *(cell for part in PARTS for cell in (f"{row[part]['mean']:.4f}", less(row, part)))]
            for way, row in sorted(answer.items(), key=lambda pair: -pair[1]["validation"]["mean"])]
    return table([name, "trainings", "validation", "less `after`", "test", "less `after`"], rows)


if __name__ == "__main__":
    main()
