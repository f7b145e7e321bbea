"""A MacridVAE before its training: random weights, and item vectors and prototypes from where its settings say."""

from dataclasses import replace

import numpy as np
import torch
from scipy.sparse import csr_matrix

from macrid.model.item_rows import ALL_HERE, ItemRows
from macrid.model.macridvae import MacridVAE
from macrid.model.sampling import Sampler
from macrid.model.settings import Settings

from . import context
from .spectral_start import Start, spectral_start

ALL_UP_TO = 50_000  # items that every step scores, where settings leave the number open
SAMPLED = 2048  # items drawn for a step, where there are more


def start_vectors(clicks: csr_matrix, settings: Settings, seed: int = 0,
                  known: np.ndarray | None = None) -> Start | None:
    """What a training on clicks (U, M) starts from; None for `init: random`. known: the factors of items (M,) that somebody
    has told, -1 for the others."""
    if settings.init != "spectral":
        return None
    return spectral_start(clicks, settings.kfac, settings.embedding_size, seed, known)


def untrained(clicks: csr_matrix, settings: Settings, seed: int = 0, labels: np.ndarray | None = None,
              start: Start | None = None, rows: ItemRows = ALL_HERE) -> MacridVAE:
    """The model that a training on clicks (U, M) begins with; its settings have the context and the number of sampled items
    that were chosen, if they were.

    labels: of items, (M, A), NaN where there is none, for the loss (see MacridVAE).
    start: what `start_vectors` gave for the same settings and seed, so that a twin need not compute it again; None
        computes it here.
    rows: those of the items that are to be here; a start that is given is of these.
    """
    if start is None:
        start = start_vectors(clicks, settings, seed)
        if start is not None:
            vectors, near = (rows.own(torch.from_numpy(table)).numpy() for table in (start.items, start.affinity))
            start = Start(vectors, start.prototypes, near)
    n_items = clicks.shape[1]
    model = MacridVAE(n_items, replace(settings, context=settings.context or 0.0), seed, start, labels, rows)
    if settings.context is None:
        settings = replace(settings, context=context.choose(clicks, np.exp(model.routing()), seed))
    model.settings = settings = replace(settings, sampled_items=_sampled(settings, n_items))
    if settings.sampled_items:
        model.sampler = Sampler(np.asarray(clicks.sum(axis=0)).ravel(), settings.sampled_items)
    return model


def _sampled(settings: Settings, n_items: int) -> int:
    """How many items are drawn for a step; 0: all are scored."""
    count = settings.sampled_items
    if count is None:
        count = 0 if n_items <= ALL_UP_TO or any(settings.reg_weights) else SAMPLED
    return count if count < n_items else 0
