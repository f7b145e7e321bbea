"""A model before its training: from the spectral start or from random weights, the same for the same seed."""

import numpy as np
import pytest
import torch
from conftest import tiny_settings

from macrid.model.macridvae import MacridVAE
from macrid.training.spectral_start import spectral_start
from macrid.training.start import start_vectors, untrained


def same_weights(one, other):
    return all(torch.equal(a, other.state_dict()[name]) for name, a in one.state_dict().items())


def test_spectral(tiny_split):
    s = tiny_settings(init="spectral")
    start = spectral_start(tiny_split.train, s.kfac, s.embedding_size, 3)
    model = untrained(tiny_split.train, s, seed=3)
    np.testing.assert_allclose(model.item_vectors(), start.items, atol=1e-6)
    assert same_weights(model, MacridVAE(tiny_split.train.shape[1], s, 3, start))
    assert not same_weights(model, untrained(tiny_split.train, s, seed=4))


def test_random(tiny_split):
    s = tiny_settings(init="random")
    assert start_vectors(tiny_split.train, s) is None
    assert same_weights(untrained(tiny_split.train, s, seed=3), MacridVAE(tiny_split.train.shape[1], s, 3))


def test_a_twin_begins_with_the_same_vectors(tiny_split, monkeypatch):
    s, twin = tiny_settings(init="spectral"), tiny_settings(init="spectral", similarity="dot")
    start = start_vectors(tiny_split.train, s, 3)
    alone = untrained(tiny_split.train, twin, 3)
    monkeypatch.setattr("macrid.training.start.spectral_start", lambda *_: pytest.fail("computed again"))
    assert same_weights(untrained(tiny_split.train, twin, 3, start=start), alone)
    assert same_weights(untrained(tiny_split.train, s, 3, start=start), alone)


def test_labels_serve_the_loss(tiny_split):
    labels = np.random.default_rng(0).normal(size=(tiny_split.train.shape[1], 2))
    model = untrained(tiny_split.train, tiny_settings(init="random", label_weight=1.0), labels=labels)
    assert "labels" in model.loss(tiny_split.train[:5], 0.1)
