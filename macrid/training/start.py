"""A MacridVAE before its training: random weights, and item vectors and prototypes from where its settings say."""

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from macrid.model.macridvae import MacridVAE
from macrid.model.settings import Settings

from . import context
from .spectral_start import Start, spectral_start


def start_vectors(clicks: csr_matrix, settings: Settings, seed: int = 0,
                  known: np.ndarray | None = None) -> Start | None:
    """What a training on clicks (U, M) starts from; None for `init: random`. known: the factors of items (M,) that somebody
    has told, -1 for the others."""
    if settings.init != "spectral":
        return None
    return spectral_start(clicks, settings.kfac, settings.embedding_size, seed, known)


def untrained(clicks: csr_matrix, settings: Settings, seed: int = 0, labels: np.ndarray | None = None,
              start: Start | None = None) -> MacridVAE:
    """The model that a training on clicks (U, M) begins with; its settings have the context that was chosen, if one was.

    labels: of items, (M, A), NaN where there is none, for the loss (see MacridVAE).
    start: what `start_vectors` gave for the same settings and seed, so that a twin need not compute it again; None
        computes it here.
    """
    if start is None:
        start = start_vectors(clicks, settings, seed)
    if settings.context is not None:
        return MacridVAE(clicks.shape[1], settings, seed, start, labels)
    model = MacridVAE(clicks.shape[1], replace(settings, context=0.0), seed, start, labels)
    model.settings = replace(settings, context=context.choose(clicks, np.exp(model.routing()), seed))
    return model
