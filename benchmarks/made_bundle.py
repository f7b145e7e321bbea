"""A bundle of any size that nobody trained, for what is measured of pages and of the service."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid import bundle
from macrid.data import shop
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import make_settings


def make_bundle(path: Path, n_items: int, seed: int = 0, dims: int = 16) -> None:
    """A bundle of a shop with `n_items` items whose vectors are drawn around its categories' prototypes."""
    rng = np.random.default_rng(seed)
    data = shop.simulate(n_items, 400, seed).data
    settings = make_settings("best", {"embedding_size": dims})
    factor = np.arange(n_items) % settings.kfac
    vectors = np.eye(dims, dtype=np.float32)[factor] + rng.normal(0, dims**-0.5, (n_items, dims)).astype(np.float32)
    model = MacridVAE(n_items, settings, seed, (vectors, np.eye(dims, dtype=np.float32)[: settings.kfac]))
    angle = 2 * np.pi * factor / settings.kfac
    xy = 0.7 * np.stack([np.cos(angle), np.sin(angle)], axis=1) + rng.normal(0, 0.1, (n_items, 2))
    maps = pd.concat([pd.DataFrame({"method": method, "kind": "item", "id": data.item_ids, "x": xy[:, 0], "y": xy[:, 1],
                                    "factor": -1}) for method in ("tsne", "umap")], ignore_index=True)
    rows = data.matrix[:40].tocoo()
    users = pd.DataFrame({"user_id": data.user_ids[rows.row], "item_id": data.item_ids[rows.col],
                          "part": np.array(["validation_tr", "validation_te", "test_tr", "test_te"], object)[
                              2 * (rows.row % 2) + (np.arange(rows.nnz) % 5 == 0)]})
    figures = {"ndcg@100": 0.1, "ndcg@100_se": 0.01, "effective_factors": 7.0, "independence": 0.9}
    meta = {"name": path.name, "seed": seed, "twin": None, "axes": "none", "metrics": figures,
            "baselines": {}, "versions": {}, "training": {"epochs": 0, "best": 0, "seconds": 0},
            "data": {"name": "shop", "split": "strong", "people": 400, "items": n_items, "clicks": int(data.matrix.nnz),
                     "held_out": 20, "fingerprint": "0" * 64}}
    items = data.items.assign(clicks=rng.integers(1, 99, n_items))
    axes = np.broadcast_to(np.eye(dims, dtype=np.float32), (7, dims, dims)).copy()
    bundle.save(path, bundle.Contents(meta, model, items, maps, axes, np.full((7, dims), 0.5, np.float32), users, []))
