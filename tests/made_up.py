"""Files of results made up for tests, in the layout of macrid.results.file: nobody measured these numbers."""

import json
from pathlib import Path

from macrid import results

_HEAD = {"format": 1, "seed": 0, "preset": "best", "settings": {"kfac": 7, "anneal_cap": 1.0}, "device": "cpu", "threads": 1,
         "data": {"name": "shop", "split": "strong", "people": 100, "items": 50, "clicks": 900, "held_out": 20,
                  "fingerprint": "0"}, "metrics": ["ndcg@100", "recall@20", "recall@50"], "main": "ndcg@100",
         "versions": {"python": "3"}}
_TRAINING = {"seconds": 2.0, "epochs": 3, "best": 2, "peak_bytes": 1000}


def _figures(ndcg: float, **more) -> dict:
    return {"ndcg@100": ndcg, "ndcg@100_se": 0.01, "recall@20": ndcg / 2, "recall@20_se": 0.01, "recall@50": ndcg / 3,
            "recall@50_se": 0.01} | more


def sweep(**changes) -> dict:
    """Five strengths with K = 7, rising with independence, and five with K = 1, level."""
    points = [{"settings": {"anneal_cap": b, "kfac": k}, "training": _TRAINING,
               "figures": _figures(0.3 + 0.02 * i if k == 7 else 0.3, independence=0.5 + 0.1 * i, effective_factors=float(k),
                                   macro={"mig": 0.1 * i, "disentanglement": 0.5})}
              for i, b in enumerate((0.1, 0.2, 0.5, 1.0, 2.0)) for k in (7, 1)]
    return _HEAD | {"kind": "sweep", "grid": {"anneal_cap": [0.1, 0.2, 0.5, 1.0, 2.0], "kfac": [7, 1]}, "jobs": 1,
                    "points": points, "failed": []} | changes


def comparison(significant: bool = True, **changes) -> dict:
    """MacridVAE before popularity, whose title is markup; with paired differences, `significant` or not."""
    worse = {"to": "macridvae", "mean": -0.2, "se": 0.01, "p": 0.001 if significant else 0.4, "significant": significant}
    models = [{"name": "popularity", "title": "<b>Popularity</b>", "settings": {}, "figures": _figures(0.2),
               "difference": dict.fromkeys(_HEAD["metrics"], worse), "training": _TRAINING},
              {"name": "macridvae", "title": "MacridVAE, K = 7", "settings": {}, "figures": _figures(0.4),
               "difference": dict.fromkeys(_HEAD["metrics"]), "training": _TRAINING}]
    return _HEAD | {"kind": "compare", "models": models, "best": dict.fromkeys(_HEAD["metrics"], "macridvae")} | changes


def write(folder: Path, name: str, value: dict) -> Path:
    """Write a file of results as `compare` and `sweep` do."""
    path = folder / f"{value['kind']}-{name}.json"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    results.load(path, value["kind"])  # it is in the layout
    return path
