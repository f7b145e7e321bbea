"""Lists among millions of items: by the index and by all items, with and without dials and wishes; recall and time.

    python benchmarks/retrieval.py                          # results/retrieval.json: 1M and 10M items; 25 minutes, 12 GB
    python benchmarks/retrieval.py --items 1000000 --people 40

Needs faiss. A simulated shop of 20,000 items is trained for some epochs (D 64, preset `best`), and its item vectors are made
more: each new one lies between an item and one of its ten nearest, off that by half their distance in any direction. People
are the shop's held-out ones, with a linear path of 100 random entries an item. Attributes: a price that half follows the
vectors, one tag of a fifth and one of a thousandth of the items. Everybody is asked for 100 items; recall is of the list
that `Person.steer` gives without an index. One thread asks.
"""

import os
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import click
import numpy as np
import pandas as pd
import record
import torch
from scipy.sparse import csr_matrix

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.bundle.cache import Cache, Computed
from macrid.bundle.catalogue import Catalogue
from macrid.bundle.factor_dials import FactorDials
from macrid.bundle.person import Person
from macrid.cli.options import read_data
from macrid.data import split
from macrid.model.linear_path import LinearRow
from macrid.model.settings import make_settings
from macrid.retrieval.index import ItemIndex, Scored, grow
from macrid.studies import memory
from macrid.training.fit import fit
from macrid.training.start import untrained

LISTED, NEAREST, AT_ONCE = 100, 10, 200_000
ASKED = {"no wish": {}, "a dial": {"dials": {(0, 0): 0.5}}, "two dials": {"dials": {(1, 2): -0.4, (3, 0): 0.6}},
         "price .3": {"wishes": {"price": 0.3}}, "price 1": {"wishes": {"price": 1.0}},
         "common .5": {"wishes": {"common": 0.5}}, "common 1": {"wishes": {"common": 1.0}},
         "rare 1": {"wishes": {"rare": 1.0}}, "price -.6, common .7, a dial":
         {"wishes": {"price": -0.6, "common": 0.7}, "dials": {(0, 0): 0.5}}}


@dataclass
class Many:
    """What a person asks of a bundle, of items that are nobody's."""

    model: object
    vectors: np.ndarray
    log_c: np.ndarray
    axes: np.ndarray
    items: pd.DataFrame
    index: ItemIndex | None = None

    @cached_property
    def cache(self):
        return Cache(len(self.items), self.log_c.shape[1])

    @cached_property
    def wishes(self):
        return Catalogue("many", self.items, self.vectors, self.cache)

    @cached_property
    def dials(self):
        kfac, dims = self.axes.shape[:2]
        return FactorDials("many", self.items, self.vectors, self.log_c.argmax(axis=1), self.axes, np.ones((kfac, dims)), {},
                           {}, self.cache, self.wishes.attributes, None)

    def number(self, n):
        return n


@click.command()
@click.option("--items", default="1000000,10000000", show_default=True)
@click.option("--people", default=40, show_default=True)
@click.option("--epochs", default=4, show_default=True)
@click.option("--bundle", type=click.Path(path_type=Path), help="A bundle instead of the shop that is trained here.")
@click.option("--out", type=click.Path(path_type=Path), help="A JSON file.")
def main(items, people, epochs, bundle, out):
    torch.set_num_threads(1)
    model, clicks = opened(bundle) if bundle else trained(epochs)
    parts = model.represent(clicks[:people])
    found = [measured(model, parts, int(count)) for count in items.split(",")]
    record.save(out or record.RESULTS / "retrieval.json", {
        "listed": LISTED, "people": len(parts), "sizes": found, "processors": os.cpu_count(), "load": os.getloadavg()[0],
        "versions": record.versions()})
    for size in found:
        click.echo(f"\n{size['items']:,} items: clusters {size['grow_seconds']:.0f} s, opened in "
                   f"{size['open_seconds']:.1f} s, index {size['index_mb']:,} MB\n" + report(size["asked"]))


def opened(path: Path):
    from macrid import bundle as bundles

    known = bundles.load(path)
    return known.model, known.shown_clicks()


def trained(epochs: int):
    """The shop's model, and what its held-out people were shown."""
    parts = split.strong(split.to_clicks(read_data("shop:20000x20000", 0)), 0)
    settings = make_settings("best", {"embedding_size": 64, "epochs": epochs, "linear_weight": 0, "popularity_power": 0})
    model = untrained(parts.train, settings, 0)
    fit(model, parts, 0)
    return model, parts.test.fold_in


def measured(model, parts, count: int) -> dict:
    """Costs and recall with that many items."""
    rng = np.random.default_rng(1)
    vectors, source = more(model.item_vectors(), count)
    log_c = np.asfortranarray(model.routing()[source])
    items = attributes(vectors, rng)
    axes = np.stack([np.linalg.qr(rng.standard_normal((vectors.shape[1],) * 2))[0] for _ in range(log_c.shape[1])])
    many = Many(model, vectors, log_c, axes.astype(np.float32), items)
    bias = (-0.1 * np.log1p(rng.gamma(2, 20, count))).astype(np.float32)
    rows = [linear(count, bias, rng) for _ in parts]
    scored, before = Scored(vectors, log_c, bias, model.scale), memory.now()
    click.echo(f"{count:,} items: finding clusters ...", err=True)
    began = time.perf_counter()
    clusters = grow(scored)
    grown = time.perf_counter()
    index = ItemIndex(scored, clusters)
    ready = time.perf_counter()
    size, answers = memory.now() - before, {name: [] for name in ASKED}
    for name in ("price", "common", "rare"):
        many.wishes.lean(name)  # once for a bundle
    for part, row in zip(parts, rows, strict=True):
        lists = {}
        for with_index in (False, True):
            many.index = index if with_index else None
            seen = row.positions[:20].astype(np.int64)
            person = Person(many, seen, Computed(part, row))
            for name, asked in ASKED.items():
                start = time.perf_counter()
                lists[name, with_index] = person.listed(n=LISTED, **asked)[0], 1000 * (time.perf_counter() - start)
        for name in ASKED:
            (wanted, exact), (got, quick) = lists[name, False], lists[name, True]
            answers[name].append((len(np.intersect1d(wanted, got)) / LISTED, quick, exact))
    return {"items": count, "dims": vectors.shape[1], "clusters": len(clusters.means), "grow_seconds": grown - began,
            "open_seconds": ready - grown, "index_mb": round(size / 1e6), "peak_mb": round(memory.peak() / 1e6),
            "asked": {name: figures(np.array(rows)) for name, rows in answers.items()}}


def more(h: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (count, D), and which item's each is made from."""
    rng, near = np.random.default_rng(0), np.empty((len(h), NEAREST), np.int64)
    for start in range(0, len(h), 2000):
        alike = h[start : start + 2000] @ h.T
        alike[np.arange(len(alike)), np.arange(start, start + len(alike))] = -2
        near[start : start + 2000] = np.argpartition(-alike, NEAREST, axis=1)[:, :NEAREST]
    vectors, source = np.empty((count, h.shape[1]), np.float32), rng.integers(0, len(h), count)
    for start in range(0, count, AT_ONCE):
        i = source[start : start + AT_ONCE]
        j, share = near[i, rng.integers(0, NEAREST, len(i))], rng.random((len(i), 1), np.float32)
        away = np.linalg.norm(h[i] - h[j], axis=1, keepdims=True) / 2 / np.sqrt(h.shape[1])
        x = h[i] * (1 - share) + h[j] * share + away * rng.standard_normal((len(i), h.shape[1]), dtype=np.float32)
        vectors[start : start + AT_ONCE] = x / np.linalg.norm(x, axis=1, keepdims=True)
    return vectors, source


def attributes(vectors: np.ndarray, rng) -> pd.DataFrame:
    def follows() -> np.ndarray:
        way = vectors @ rng.standard_normal(vectors.shape[1]).astype(np.float32)
        return way / way.std() + rng.standard_normal(len(way), dtype=np.float32)

    price, common, rare = follows(), follows(), follows()
    return pd.DataFrame({"price": np.exp(price), "common": (common > np.quantile(common, 0.8)).astype(np.float32),
                         "rare": (rare > np.quantile(rare, 0.999)).astype(np.float32)})


def linear(count: int, bias: np.ndarray, rng) -> LinearRow:
    """What 30 clicks add by 100 entries each."""
    values = csr_matrix((rng.gamma(0.5, 1.0, 3000).astype(np.float32), (np.zeros(3000, int), rng.integers(0, count, 3000))),
                        (1, count))
    values.sum_duplicates()
    return LinearRow(values.indices, values.data, bias)


def figures(rows: np.ndarray) -> dict:
    """rows: recall, milliseconds by the index and by all items."""
    recall, quick, exact = rows.T
    return {"recall": float(recall.mean()), "least_recall": float(recall.min()), "p50_ms": float(np.median(quick)),
            "p95_ms": float(np.percentile(quick, 95)), "exact_p50_ms": float(np.median(exact)),
            "exact_p95_ms": float(np.percentile(exact, 95))}


def report(asked: dict) -> str:
    return record.table(["asked", "recall@100", "least", "p50, ms", "p95", "all items: p50", "p95"],
                        [[name, f"{f['recall']:.4f}", f"{f['least_recall']:.2f}",
                          *(f"{f[key]:.1f}" for key in ("p50_ms", "p95_ms", "exact_p50_ms", "exact_p95_ms"))]
                         for name, f in asked.items()])


if __name__ == "__main__":
    main()
