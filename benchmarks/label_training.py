"""Do labels help more when they enter the training than when they only turn the axes? On the simulated shop.

For every number of labels per category and every seed that draws them, models are trained with `label_weight` above 0 and
their dials learned from the same labels; beside them the model trained without labels, whose dials are learned from each of
these sets (R_k alone). `all` labels show what the term could do at best. Models that --out holds already, of the same
settings, are not trained again: a run that was stopped goes on.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # macrid need not be installed

import numpy as np
import pandas as pd
from label_curve import drawn
from record import RESULTS, save, spread, table, versions
from tqdm import tqdm

from macrid.data import shop, split
from macrid.data.attributes import attribute_table
from macrid.dials import choose, sweep_quality
from macrid.errors import InputError
from macrid.measures import evaluate
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import make_settings, settings_dict
from macrid.training import fit
from macrid.training.start import untrained

MODEL_SEED = 0


def trained(clicks: split.Split, settings, labels: pd.DataFrame | None, note: str) -> tuple[MacridVAE, int]:
    """A model at its best epoch, and which that is."""
    model = untrained(clicks.train, settings, MODEL_SEED, None if labels is None else labels.to_numpy(np.float32))
    with tqdm(total=settings.epochs, desc=note, file=sys.stderr) as bar:
        history = fit.fit(model, clicks, MODEL_SEED, lambda row: bar.update())
    return model, history[-1]["best"]


def measured(model: MacridVAE, clicks: split.Split, attributes: np.ndarray, labels: pd.DataFrame) -> dict:
    """Ranking, steering with dials learned from `labels`, and how much of the attributes the dimensions explain that the
    loss asks for them (mean squared correlation over factors), of labelled and of other items."""
    held, vectors, factor = clicks.test, model.item_vectors(), model.factors()
    parts = model.represent(held.fold_in)
    names = list(labels.columns)
    scored = choose.Scored(vectors, factor, parts, model.scale)
    found = choose.choose("labels", scored, MODEL_SEED, attribute_table(clicks.items), labels)
    bearing = {(k, names.index(row["attribute"])): j for (k, j), row in found.aligned_dials.items()}
    figures = sweep_quality.figures(scored, found.axes, attributes, held.fold_in, bearing, MODEL_SEED)
    is_labelled, unit = labels.notna().any(axis=1).to_numpy(), choose.unit(vectors)
    explained = {}
    for name, which in (("labelled", is_labelled), ("others", ~is_labelled)):
        rho = [np.corrcoef(unit[at, a], attributes[at, a])[0, 1] for k in range(model.settings.kfac)
               for at in [which & (factor == k)] if at.sum() > 2 for a in range(len(names))]
        if rho:
            explained[name] = float(np.mean(np.square(rho)))
    return {"ndcg@100": evaluate.summary(evaluate.ranking(model, held))["ndcg@100"], "monotonicity": figures["monotonicity"],
            "leakage": figures["leakage"], "named": len(found.aligned_dials), "explained": explained}


def measure(out: Path, *, items: int, people: int, weights: list[float], counts: list[int], seeds: int, epochs: int) -> dict:
    """All rows: weight, labels (per category), seed and the figures of `measured`. Written to `out` as they come."""
    settings = make_settings("best", {"embedding_size": 16, "epochs": epochs})
    about = {"data": {"items": items, "people": people, "seed": MODEL_SEED}, "model_seed": MODEL_SEED,
             "drawn": "items of each category at random, all four attributes", "settings": settings_dict(settings)}
    before = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    rows = before["rows"] if {key: before.get(key) for key in about} == about else []
    clicks = split.strong(split.to_clicks(shop.simulate(items, people, MODEL_SEED).data), MODEL_SEED)
    groups, attributes = clicks.items["category"].to_numpy(str), clicks.items[list(shop.ATTRIBUTES)].astype(np.float64)
    plain = None
    for weight in [0.0, *weights]:
        for count, seed in [*((count, seed) for count in counts for seed in range(seeds)), (None, 0)]:
            key = {"weight": weight, "labels": count or "all", "seed": seed}
            if any(key.items() <= row.items() for row in rows):
                continue
            labels = drawn(groups, attributes, count, seed)
            if weight:
                changed = make_settings("best", settings_dict(settings) | {"label_weight": weight})
                model, best = trained(clicks, changed, labels, ", ".join(f"{name} {value}" for name, value in key.items()))
            else:
                model, best = plain = plain or trained(clicks, settings, None, "without labels")
            rows = [*rows, key | {"best_epoch": best} | measured(model, clicks, attributes.to_numpy(), labels)]
            save(out, about | {"versions": versions(), "rows": rows})
    return about | {"versions": versions(), "rows": rows}


def summary(rows: list[dict]) -> str:
    """Mean and spread (standard deviation over label seeds) of each weight and number of labels."""
    found = []
    for count, weight in sorted({(str(row["labels"]).zfill(3), row["weight"]) for row in rows}):
        mine = [row for row in rows if str(row["labels"]).zfill(3) == count and row["weight"] == weight]
        figures = [spread(row[name] for row in mine) for name in ("monotonicity", "leakage", "named", "ndcg@100")]
        explained = [spread(row["explained"][name] for row in mine)["mean"] if name in mine[0]["explained"] else "-"
                     for name in ("labelled", "others")]
        found.append([count.lstrip("0"), f"{weight:g}" if weight else "0 (R_k alone)",
                      *(f"{f['mean']:.3f} ± {f['sd']:.3f}" for f in figures[:2]), f"{figures[2]['mean']:.1f}",
                      f"{figures[3]['mean']:.4f}", *explained])
    return table(["labels", "label_weight", "monotonicity", "leakage", "dials named", "NDCG@100", "explained, labelled",
                  "explained, others"], found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=2000, help="of the shop (default %(default)s)")
    parser.add_argument("--people", type=int, default=10_000, help="of the shop (default %(default)s)")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.1, 1.0, 10.0], help="of the term (default 0.1 1 10)")
    parser.add_argument("--counts", type=int, nargs="+", default=[5, 10], help="labels per category (default 5 10)")
    parser.add_argument("--seeds", type=int, default=3, help="that draw labels (default %(default)s)")
    parser.add_argument("--epochs", type=int, default=200, help="at most (default %(default)s)")
    parser.add_argument("--out", type=Path, default=RESULTS / "label-training.json")
    given = parser.parse_args()
    try:
        found = measure(given.out, items=given.items, people=given.people, weights=given.weights, counts=given.counts,
                        seeds=given.seeds, epochs=given.epochs)
    except InputError as error:
        sys.exit(f"error: {error}")
    print(summary(found["rows"]))


if __name__ == "__main__":
    main()
