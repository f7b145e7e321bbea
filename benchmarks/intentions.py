"""How well factors agree with categories: found without labels, and begun from a few; and what that costs elsewhere.

    python benchmarks/intentions.py --data alishop-7c.zip           # writes benchmarks/results/intentions.json; some minutes
    python benchmarks/intentions.py --data shop ml-100k ml-1m-pro_sg.zip --labels 0 --out ...     # coherence and NMI alone

NMI is over the items whose category is known: all of them, and without those that were told. These are the factors that a
training with `routing: held` starts with and keeps, so nothing is trained here. Beside them stand the factors of before, of
k-means of the spectral vectors in K - 1 directions alone. Coherence is over validation people. A seed decides the division
(where the data are not divided already), the clustering, and which items are told.
"""

import sys
import time
from pathlib import Path

import click
import numpy as np
import pandas as pd
from record import RESULTS, save, spread, table, versions

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sklearn.cluster import KMeans

from macrid.cli.options import read_data
from macrid.data import split as splitting
from macrid.data.interactions import Interactions
from macrid.measures.coherence import coherence
from macrid.measures.evaluate import unseen
from macrid.measures.factors import agreement
from macrid.measures.vectors import unit
from macrid.training import spectral_start

KFAC, DIMS = 7, 32  # of the default


def before(vectors: np.ndarray, seed: int) -> np.ndarray:
    """The factors (M,) of k-means alone, of items with spectral vectors (M, D)."""
    cluster = KMeans(KFAC, n_init=10, random_state=seed).fit_predict(unit(vectors[:, : KFAC - 1]))
    return (vectors @ spectral_start.mean_directions(vectors, cluster, KFAC, np.random.default_rng(seed)).T).argmax(axis=1)


def drawn(category: np.ndarray, each: int, seed: int) -> np.ndarray:
    """Which factor some items are told to be of, (M,): `each` of every category (M,), -1 for the others."""
    rng, known = np.random.default_rng(seed), np.full(len(category), -1)
    for k in range(category.max() + 1):
        known[rng.choice(np.flatnonzero(category == k), each, replace=False)] = k
    return known


def measured(data: Interactions, labels: tuple[int, ...], seed: int) -> list[dict]:
    """A row for the factors of before, for those found, and for those begun from so many labels a category."""
    split = splitting.strong(splitting.to_clicks(data), seed)
    words = split.items["category"].to_numpy(object)
    there = words != ""
    category = np.full(len(words), -1)
    category[there] = pd.factorize(pd.Series(words[there]), sort=True)[0]
    vectors = spectral_start.spectral_vectors(split.train, DIMS, np.random.default_rng(seed))

    def row(name: str, group: np.ndarray, known: np.ndarray, seconds: float) -> dict:
        rest = there & (known < 0)
        together = coherence(group, unseen(split.validation), seed)
        return {"data": data.name, "seed": seed, "factors": name, "nmi": agreement(group[there], category[there])["nmi"],
                "nmi_rest": agreement(group[rest], category[rest])["nmi"], "coherence": together.mean,
                "coherence_se": together.se, "seconds": seconds}

    nothing = np.full(len(words), -1)
    rows = [row("k-means alone", before(vectors, seed), nothing, 0.0)]
    for each in (0, *labels):
        known = drawn(category, each, seed) if each else nothing
        began = time.process_time()
        group = spectral_start.factors(split.train, vectors, KFAC, seed, known if each else None).group
        rows.append(row(f"{each} labels a category", group, known, round(time.process_time() - began, 1)))
    return rows


@click.command()
@click.option("--data", "names", multiple=True, required=True, help="As for `macrid train`; may be repeated.")
@click.argument("more", nargs=-1)
@click.option("--labels", multiple=True, default=(10, 20), help="Told of every category; 0: none.  [10, 20]")
@click.option("--seeds", default=5, show_default=True)
@click.option("--out", default=RESULTS / "intentions.json", type=click.Path(path_type=Path), show_default=True)
def main(names: tuple[str, ...], more: tuple[str, ...], labels: tuple[int, ...], seeds: int, out: Path) -> None:
    asked = tuple(each for each in labels if each)
    rows = [row for name in (*names, *more) for seed in range(seeds)
            for row in measured(read_data(name, seed), asked, seed)]
    save(out, {"kfac": KFAC, "embedding_size": DIMS, "rows": rows, "versions": versions()})
    cells = []
    for (data, name), some in pd.DataFrame(rows).groupby(["data", "factors"], sort=False):
        nmi, rest, together = (spread(some[figure]) for figure in ("nmi", "nmi_rest", "coherence"))
        cells.append([data, name, len(some), f"{nmi['mean']:.3f} ± {nmi['sd']:.3f}",
                      f"{rest['mean']:.3f} ± {rest['sd']:.3f}", together["mean"], f"{some['seconds'].mean():.1f} s"])
    click.echo(table(["data", "factors", "seeds", "NMI ± sd", "without the told", "coherence", "time"], cells))


if __name__ == "__main__":
    main()
