"""The experiment on collapse: the same model trained with cosine similarity and with a dot product, from the same random and
from the same spectral start, with some seeds. Does the dot product lose factors, as the paper's figure says?

A file of results is one JSON object: `format`, `experiments`, a list of {data, people, items, clicks, kfac, settings, seeds,
rows}; a row is {similarity, init, seed, figures {effective_factors, nmi where there are categories, ndcg@100, length}}.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
from scipy.stats import spearmanr

from macrid.data.split import Split
from macrid.measures import evaluate
from macrid.model.settings import Settings, settings_dict
from macrid.results.collapse import SIMILARITIES, STARTS
from macrid.training import fit
from macrid.training.start import untrained


def experiment(split: Split, settings: Settings, seeds: tuple[int, ...],
               on_row: Callable[[dict], None] = lambda row: None) -> dict:
    """Train every similarity from every start with every seed on `split`, and return the experiment.

    Two models with one seed begin with the same weights and see the same people in the same order; all train for
    `settings.epochs` and keep the best epoch by validation. on_row: called with each row as it is there.
    """
    rows = []
    for seed, init, similarity in product(seeds, STARTS, SIMILARITIES):
        same = replace(settings, similarity=similarity, init=init, stopping_step=max(1, settings.epochs))
        model = untrained(split.train, same, seed)
        fit.fit(model, split, seed)
        measured = evaluate.evaluate(model, split.test, split.items, split.kind)
        length = np.linalg.norm(model.items.detach().numpy(), axis=1)
        clicks = np.asarray(split.train.sum(axis=0)).ravel()
        kept: tuple[str, ...] = ("effective_factors", "nmi", "ndcg@100")
        figures = {key: measured[key] for key in kept if key in measured}
        figures["length"] = float(spearmanr(length, clicks).statistic)  # of item vectors with popularity
        rows.append({"similarity": similarity, "init": init, "seed": seed, "figures": figures})
        on_row(rows[-1])
    return {"data": split.name, "people": int(split.train.shape[0]), "items": int(split.train.shape[1]),
            "clicks": int(split.train.nnz), "kfac": settings.kfac, "settings": settings_dict(settings),
            "seeds": list(seeds), "rows": rows}


