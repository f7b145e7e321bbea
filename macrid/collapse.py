"""The experiment on collapse: the same model trained with cosine similarity and with a dot product, from the same random and
from the same spectral start, with some seeds. Does the dot product lose factors, as the paper's figure says?

A file of results is one JSON object: `format`, `experiments`, a list of {data, people, items, clicks, kfac, settings, seeds,
rows}; a row is {similarity, init, seed, figures {effective_factors, nmi where there are categories, ndcg@100, length}}.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from . import train
from .errors import InputError
from .model import MacridVAE, Settings, settings_dict
from .spectral import spectral_start
from .split import Split

FORMAT = 1
SIMILARITIES = ("cosine", "dot")
STARTS = ("random", "spectral")
_REMEDY = "run benchmarks/collapse.py again, or restore the file"


def experiment(split: Split, settings: Settings, seeds: tuple[int, ...],
               on_row: Callable[[dict], None] = lambda row: None) -> dict:
    """Train every similarity from every start with every seed on `split`, and return the experiment.

    Two models with one seed begin with the same weights and see the same people in the same order; all train for
    `settings.epochs` and keep the best epoch by validation. on_row: called with each row as it is there.
    """
    rows = []
    for seed, init, similarity in product(seeds, STARTS, SIMILARITIES):
        start = spectral_start(split.train, settings.kfac, settings.embedding_size, seed) if init == "spectral" else None
        same = replace(settings, similarity=similarity, init=init, stopping_step=max(1, settings.epochs))
        model = MacridVAE(split.train.shape[1], same, seed, start)
        train.fit(model, split, seed)
        found = train.evaluate(model, split.test, split.items, split.kind)
        length = np.linalg.norm(model.items.detach().numpy(), axis=1)
        clicks = np.asarray(split.train.sum(axis=0)).ravel()
        figures = {key: found[key] for key in ("effective_factors", "nmi", "ndcg@100") if key in found}
        figures["length"] = float(spearmanr(length, clicks).statistic)  # of item vectors with popularity
        rows.append({"similarity": similarity, "init": init, "seed": seed, "figures": figures})
        on_row(rows[-1])
    return {"data": split.name, "people": int(split.train.shape[0]), "items": int(split.train.shape[1]),
            "clicks": int(split.train.nnz), "kfac": settings.kfac, "settings": settings_dict(settings),
            "seeds": list(seeds), "rows": rows}


def mean_and_spread(rows: list[dict], similarity: str, init: str, figure: str) -> tuple[float, float]:
    """Mean and standard deviation (n - 1) over the seeds."""
    values = [row["figures"][figure] for row in rows if (row["similarity"], row["init"]) == (similarity, init)]
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def sentence(found: dict) -> str:
    """What came out, made from the figures: a difference counts if it is larger than both spreads together and than a
    hundredth of the larger one."""
    names = {"effective_factors": (f"effective factors (of {found['kfac']})", ".2f"), "nmi": ("NMI", ".3f")}
    clauses = []
    for init in STARTS:
        said = []
        for figure, (name, digits) in names.items():
            if figure in found["rows"][0]["figures"]:
                (a, s), (b, t) = (mean_and_spread(found["rows"], which, init, figure) for which in SIMILARITIES)
                alike = abs(a - b) <= max(s + t, 0.01 * max(a, b))
                verdict = "alike" if alike else f"higher with {'cosine' if a > b else 'the dot product'}"
                cosine, dot = (f"{mean:{digits}} ± {spread:{digits}}" for mean, spread in ((a, s), (b, t)))
                said.append(f"{name} {verdict} ({cosine} with cosine, {dot} with the dot product)")
        clauses.append(f"from the {init} start, {' and '.join(said)}")
    return f"Over {len(found['seeds'])} seeds: {'; '.join(clauses)}."


def load(path: Path) -> list[dict]:
    """The experiments of a file. Raises InputError for one that is damaged or of another format."""
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); {_REMEDY}") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise InputError(f"{path} is no result of benchmarks/collapse.py in format {FORMAT}; {_REMEDY}")
    try:
        for found in value["experiments"]:
            sentence(found)
            for row in found["rows"]:
                float(row["figures"]["effective_factors"])
        return value["experiments"]
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise InputError(f"{path} lacks a part of an experiment ({error!r}); {_REMEDY}") from error
