"""How well dials steer against the number of labels that they are learned from: the shop and MovieLens.

From every factor of a bundle some items are drawn, all their attributes are given as labels, and axes are learned as `align`
learns them: 0 labels are independent components, and the model's own dimensions stand beside them for reference. Measured:
monotonicity and leakage (macrid/measures/steering.py), each attribute on the dial that bears it or, where there is none, on
the dial that follows it most (which a person without labels would have to find); how many pairs of factor and attribute got
a dial; and how well these dials predict the attribute of the factor's items that were not labelled.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # macrid need not be installed

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from picture import write_svg
from plotly.subplots import make_subplots
from record import RESULTS, save, spread, table, versions
from tqdm import tqdm

from macrid import bundle
from macrid.bundle.recommender import Recommender
from macrid.charts.colours import PALETTE, REST
from macrid.data.attributes import attribute_table, yes_no
from macrid.dials import choose, label_regression, sweep_quality
from macrid.errors import InputError
from macrid.pipeline import evaluate

ROOT = Path(__file__).resolve().parents[1]
COUNTS = (0, 3, 5, 10, 20, 50)
FIGURES = ("monotonicity", "leakage", "kept", "auc", "r2")
FEWEST_SHARE = 0.1  # of the items that bear a genre which is asked for


def attributes_of(of: Recommender) -> pd.DataFrame:
    """The attributes (M, A) of a bundle's items, of the yes/no ones (genres) those that at least FEWEST_SHARE bear."""
    found = attribute_table(of.items)
    return found[[name for name in found if not yes_no(found[name]) or found[name].mean() >= FEWEST_SHARE]]


def drawn(groups: np.ndarray, attributes: pd.DataFrame, count: int | None, seed: int) -> pd.DataFrame:
    """The attributes (M, A) of `count` items at random of each group (M,), NaN elsewhere; None: of all items."""
    rng, labelled = np.random.default_rng(seed), np.zeros(len(groups), bool)
    for group in np.unique(groups):
        mine = np.flatnonzero(groups == group)
        labelled[mine if count is None else rng.choice(mine, min(count, len(mine)), replace=False)] = True
    return attributes[labelled].reindex(attributes.index)


def measure(of: Recommender, counts=COUNTS, seeds: int = 5, report=lambda: None) -> dict:
    """`none` and a key for each number of labels: monotonicity, leakage, kept, auc and r2 of items not labelled, each with
    its mean and spread over label seeds. report: called after each of 2 + (number of counts above 0) x seeds steps."""
    attributes, held, seed = attributes_of(of), of.held_out("test"), of.meta["seed"]
    scored = choose.Scored(of.vectors, of.factor, evaluate.shown_parts(of), of.model.scale)
    people = of.model.represent(held.fold_in)
    names, values = list(attributes.columns), attributes.to_numpy()

    def once(method: str, labels: pd.DataFrame | None = None) -> dict:
        found = choose.choose(method, scored, seed, of.attributes, labels)
        bearing = {(k, names.index(row["attribute"])): j for (k, j), row in found.aligned_dials.items()}
        figures = sweep_quality.figures(replace(scored, parts=people), found.axes, values, held.fold_in, bearing, seed)
        report()
        unlabelled = _predicted(of, found, values, bearing, labels) if labels is not None else {}
        return {"monotonicity": figures["monotonicity"], "leakage": figures["leakage"], "dials": figures["dials"],
                "kept": len(bearing)} | unlabelled

    rows = {"none": [once("none")]}
    for count in counts:
        rows[str(count)] = ([once("labels", drawn(of.factor, attributes, count, s)) for s in range(seeds)] if count
                            else [once("ica")])
    return {"attributes": names, "pairs": rows["none"][0]["dials"], "label_seeds": seeds, "items": len(of.items),
            "people": len(people), "kfac": of.settings.kfac, "embedding_size": of.settings.embedding_size,
            "curve": {count: {name: spread(row[name] for row in mine if name in row) for name in FIGURES
                              if any(name in row for row in mine)} for count, mine in rows.items()}}


def _predicted(of: Recommender, found: choose.Dials, values: np.ndarray, bearing: dict, labels: pd.DataFrame) -> dict:
    """Of the items without labels, the mean over dials of `auc`, where they bear a yes/no attribute, and of `r2`, where a
    numeric one: the squared correlation with the coordinate, negative if it falls where it should rise."""
    unlabelled, auc, r2 = labels.isna().all(axis=1).to_numpy(), [], []
    for (k, a), j in bearing.items():
        at = unlabelled & (of.factor == k) & np.isfinite(values[:, a])
        truth, coordinate = values[at, a], of.vectors[at] @ found.axes[k][:, j]
        if len(truth) < sweep_quality.FEWEST_ITEMS or np.ptp(truth) == 0:
            continue
        if found.aligned_dials[k, j]["measure"] == "AUC":
            auc.append(label_regression.auc(coordinate, truth > 0))
        else:
            rho = np.corrcoef(coordinate, truth)[0, 1]
            r2.append(rho * abs(rho))
    return {name: float(np.mean(of)) for name, of in (("auc", auc), ("r2", r2)) if of}


def chart(measured: dict[str, dict]) -> go.Figure:
    """A column for each bundle: monotonicity, leakage and the share of pairs with a dial, against the labels of a factor.
    Dots are means over label seeds, bars reach from the worst to the best seed, the broken line is the model's own axes."""
    rows = {"monotonicity": "monotonicity (1 is perfect)", "leakage": "leakage (lower is better)",
            "kept": "attributes with a named dial"}
    figure = make_subplots(len(rows), len(measured), shared_xaxes=True, vertical_spacing=0.06, horizontal_spacing=0.11,
                           column_titles=[f"<b>{name}</b>" for name in measured])
    for column, of in enumerate(measured.values(), 1):
        curve = {count: figures for count, figures in of["curve"].items() if count != "none"}
        for row, (key, title) in enumerate(rows.items(), 1):
            scale = of["pairs"] if key == "kept" else 1
            mean, low, high = (np.array([f[key][which] for f in curve.values()]) / scale for which in ("mean", "min", "max"))
            figure.add_scatter(x=list(curve), y=mean, row=row, col=column, mode="lines+markers", showlegend=False,
                               line_color=PALETTE[column - 1], marker_size=8,
                               error_y={"type": "data", "symmetric": False, "array": high - mean, "arrayminus": mean - low,
                                        "thickness": 1.2, "width": 4})
            if key != "kept":
                figure.add_hline(of["curve"]["none"][key]["mean"], row=row, col=column, line_dash="dash", line_color=REST,
                                 annotation_text="the model's own axes", annotation_position="bottom right",
                                 annotation_font={"color": "#5F6368", "size": 11})
            figure.update_yaxes(title_text=title if column == 1 else None, title_font_size=13, row=row, col=column,
                                gridcolor="#E8EAED", zeroline=False)
            if key == "kept":
                figure.update_yaxes(tickformat=".0%", range=[-0.04, 1.04], row=row, col=column)
            elif key == "leakage":
                figure.update_yaxes(rangemode="tozero", row=row, col=column)
        figure.update_xaxes(title_text="labelled items of each factor", title_font_size=13, row=len(rows), col=column)
    figure.update_xaxes(type="category", showgrid=False, linecolor="#9AA0A6", ticks="outside")
    figure.update_layout(template="none", paper_bgcolor="white", plot_bgcolor="white",
                         margin={"l": 75, "r": 20, "t": 40, "b": 55},
                         font={"family": "Helvetica, Arial, sans-serif", "size": 13, "color": "#202124"})
    return figure


def summary(measured: dict[str, dict]) -> str:
    """A row for each bundle and number of labels: means, and standard deviations over label seeds."""
    def cell(figures, name, digits=3):
        if name not in figures:
            return "-"
        of = figures[name]
        return f"{of['mean']:.{digits}f}" + (f" ± {of['sd']:.{digits}f}" if of["n"] > 1 else "")

    words = {"none": "model's axes", "0": "0 (ICA)"}
    return table(["bundle", "labels a factor", "monotonicity", "leakage", "dials named", "AUC, others", "R2, others"],
                 [[name, words.get(count, count), cell(f, "monotonicity"), cell(f, "leakage"),
                   cell(f, "kept", 1) + f" of {of['pairs']}", cell(f, "auc"), cell(f, "r2")]
                  for name, of in measured.items() for count, f in of["curve"].items()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shop", type=Path, default=ROOT / "models" / "shop", help="a bundle of the shop")
    parser.add_argument("--movielens", type=Path, help="a bundle of MovieLens; without, only the shop is measured")
    parser.add_argument("--seeds", type=int, default=5, help="that draw labels (default %(default)s)")
    parser.add_argument("--out", type=Path, default=RESULTS / "label-curve.json", help="the chart goes beside it, as .svg")
    given = parser.parse_args()
    try:
        bundles = [bundle.load(path) for path in (given.shop, given.movielens) if path]
    except InputError as error:
        sys.exit(f"error: {error}")
    measured = {}
    for of in bundles:
        with tqdm(total=2 + (len(COUNTS) - 1) * given.seeds, desc=of.name, file=sys.stderr) as bar:
            measured[of.name] = measure(of, seeds=given.seeds, report=bar.update)
    save(given.out, {"counts": COUNTS, "drawn": "items of each factor at random, all their attributes",
                     "versions": versions(), "bundles": measured})
    write_svg(chart(measured), given.out.with_suffix(".svg"), 980, 860)
    print(summary(measured))


if __name__ == "__main__":
    main()
