"""Steering in figures: how fast a dial answers, how its quality grows with labels, what steering gives and what it costs.

    python benchmarks/steering.py --part latency                 one dial against the full product, 20k, 100k, 1M items
    python benchmarks/steering.py --part labels                  monotonicity and leakage against the number of labels
    python benchmarks/steering.py --part curves --movielens models/ml-100k    personal and segment NDCG@20, regret
    python benchmarks/steering.py --part wishes --movielens models/ml-100k    the same for wishes, more of something and less
    python benchmarks/steering.py --part names --movielens models/ml-100k     whether dials do what they are called

Everything on one core. Tables on standard output, figures as JSON with charts beside it, progress on standard error.
"""

import argparse
import os
import sys
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before numpy is loaded
    os.environ[_name] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # macrid need not be installed

import json

import label_curve
import steering_curves
import steering_latency
import steering_names
import steering_regret
import steering_wishes
import trade_off
from picture import write_svg
from record import RESULTS, save, versions
from tqdm import tqdm

from macrid import bundle
from macrid.errors import InputError

LABELS = {"shop": (10, 5), "other": (None, 50)}  # of each factor, for the curves: and the same for "fewer labels"


def progress(total: int, name: str) -> tqdm:
    return tqdm(total=total, desc=name, file=sys.stderr)


def latency(given, bundles) -> tuple[dict, str]:
    with progress(len(given.sizes), "latency") as bar:
        found = steering_latency.measure(given.sizes, report=bar.update)
    return found, steering_latency.summary(found)


def labels(given, bundles) -> tuple[dict, str]:
    found = {}
    for of in bundles:
        with progress(2 + (len(label_curve.COUNTS) - 1) * given.seeds, f"labels, {of.name}") as bar:
            found[of.name] = label_curve.measure(of, seeds=given.seeds, report=bar.update)
    return found, label_curve.summary(found)


def curves(given, bundles) -> tuple[dict, str]:
    found, told = {}, []
    for of in bundles:
        is_shop = of.meta["data"]["name"] == "shop"
        with progress(len(trade_off.segments(of.attributes)), f"curves, {of.name}") as bar:
            found[of.name] = steering_curves.measure(of, *LABELS["shop" if is_shop else "other"], report=bar.update)
        told.append(steering_curves.attribute_summary(found[of.name]))
    told.insert(0, steering_curves.summary(found))
    write_svg(steering_curves.chart(found), given.json.with_name(given.json.stem + "-curves.svg"), 980, 820)
    for of in bundles:
        if of.meta["data"]["name"] == "shop":
            with progress(steering_regret.PEOPLE, f"regret, {of.name}") as bar:
                found[of.name]["regret"] = steering_regret.measure(of, LABELS["shop"][0], report=bar.update)
            told.append(steering_regret.summary(found[of.name]["regret"]))
    return found, "\n\n".join(told)


def wishes(given, bundles) -> tuple[dict, str]:
    found = {}
    for of in bundles:
        with progress(2 * len(trade_off.segments(of.attributes)), f"wishes, {of.name}") as bar:
            found[of.name] = steering_wishes.measure(of, report=bar.update)
    return found, steering_wishes.summary(found)


def names(given, bundles) -> tuple[dict, str]:
    found = {of.name: steering_names.measure(of) for of in bundles}
    return found, steering_names.summary(found)


PARTS = {"latency": latency, "labels": labels, "curves": curves, "wishes": wishes, "names": names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=[*PARTS, "all"], default="all")
    parser.add_argument("--bundle", type=Path, default=bundle_of("shop"), help="default: the shop that ships")
    parser.add_argument("--movielens", type=Path, help="a bundle of MovieLens, measured beside it")
    parser.add_argument("--sizes", type=int, nargs="+", default=steering_latency.SIZES, help="items, for the latency")
    parser.add_argument("--seeds", type=int, default=5, help="that draw labels (default %(default)s)")
    parser.add_argument("--json", type=Path, default=RESULTS / "steering.json",
                        help="parts that are not measured now stay there; charts go beside it")
    given = parser.parse_args()
    try:
        bundles = [bundle.load(path) for path in (given.bundle, given.movielens) if path] if given.part != "latency" else []
        kept = json.loads(given.json.read_text(encoding="utf-8")) if given.json.is_file() else {}
        for name in PARTS if given.part == "all" else [given.part]:
            kept[name], told = PARTS[name](given, bundles)
            save(given.json, kept | {"versions": versions()})
            print(f"{name}\n\n{told}\n", flush=True)
    except InputError as error:
        sys.exit(f"error: {error}")


def bundle_of(name: str) -> Path:
    return Path(__file__).resolve().parents[1] / "models" / name


if __name__ == "__main__":
    main()
