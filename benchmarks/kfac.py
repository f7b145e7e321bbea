"""What `kfac: auto` sees: coherence of the spectral start for 4 to 20 factors on validation people, and which it takes.

    python benchmarks/kfac.py --data shop ml-100k ml-1m-pro_sg.zip --seeds 3       # writes benchmarks/results/kfac.json

Beside it stands, on the test people, what `evaluate` says of the same factors: coherence, and the certainty of the untrained
model with as many. A seed decides the division (where the data are not divided already), the k-means, and the triples.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import click
from record import RESULTS, save, table, versions

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.cli.options import parse_changes, read_data
from macrid.data import split as splitting
from macrid.data.interactions import Interactions
from macrid.measures import factors
from macrid.measures.coherence import coherence
from macrid.measures.evaluate import unseen
from macrid.model.settings import Settings, make_settings
from macrid.training import choose_kfac
from macrid.training.start import untrained

SHOWN = (4, 7, 12, 20)


def measured(data: Interactions, settings: Settings, seed: int) -> dict:
    """What is chosen on one division of the data, and the figures of some numbers of factors on its test people."""
    split = splitting.strong(splitting.to_clicks(data), seed)
    started = time.perf_counter()
    choice = choose_kfac.choose(split, settings, seed)
    seconds, test = round(time.perf_counter() - started, 1), {}
    for kfac in SHOWN:
        model = untrained(split.train, replace(settings, kfac=kfac), seed)
        found = coherence(model.factors(), unseen(split.test))
        test[kfac] = {"coherence": found.mean, "se": found.se, "certainty": factors.certainty(model.routing())}
    return {"data": data.name, "seed": seed, "seconds": seconds, "people": len(split.validation.user_ids),
            "test": test} | choice.record()


@click.command()
@click.option("--data", "names", multiple=True, default=("shop",), help="As for `macrid train`; may be repeated.")
@click.argument("more", nargs=-1)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="A setting, such as embedding_size=100.")
@click.option("--seeds", default=3, show_default=True)
@click.option("--out", default=RESULTS / "kfac.json", type=click.Path(path_type=Path), show_default=True)
def main(names: tuple[str, ...], more: tuple[str, ...], changes: tuple[str, ...], seeds: int, out: Path) -> None:
    settings = make_settings("best", parse_changes(changes))
    rows = [measured(read_data(name, seed), settings, seed) for name in (*names, *more) for seed in range(seeds)]
    used = {"embedding_size": settings.embedding_size, "tau": settings.tau}
    save(out, {"rows": rows, "settings": used, "versions": versions()})
    cells = []
    for row in rows:
        curve = {one["kfac"]: one["coherence"] for one in row["candidates"]}
        cells.append([row["data"], row["seed"], row["people"], f"{row['kfac']}" + ("" if row["clear"] else " (not clear)"),
                      *(f"{curve[k]:.3f}; {row['test'][k]['coherence']:.3f}, {row['test'][k]['certainty']:.2f}"
                        if curve[k] is not None else "" for k in SHOWN), f"{row['seconds']} s"])
    click.echo(table(["data", "seed", "people", "taken", *(f"K {k}: validation; test, certainty" for k in SHOWN), "time"],
                     cells))


if __name__ == "__main__":
    main()
