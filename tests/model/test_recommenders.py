"""One suite for all recommenders: scores(X: CSR (B, M)) -> (B, M), whatever is behind them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import binary, random_clicks, tiny_settings
from scipy.sparse import csr_matrix

from macrid.model.linear import EASE, EDLAE, Popularity
from macrid.model.macridvae import MacridVAE
from macrid.model.multvae import MULT_DAE, MULT_VAE, Autoencoder
from macrid.training import fit

ITEMS = 25
TRAIN = random_clicks(80, ITEMS, 0.3, seed=1)
RECOMMENDERS = {
    "popularity": lambda: Popularity(TRAIN),
    "ease": lambda: EASE(TRAIN, regularisation=20.0),
    "edlae": lambda: EDLAE(TRAIN, regularisation=10.0, dropout=0.3),
    "multdae": lambda: Autoencoder(ITEMS, replace(MULT_DAE, latent_size=6), seed=0).eval(),
    "multvae": lambda: Autoencoder(ITEMS, replace(MULT_VAE, encoder_hidden_size=(9, 8), latent_size=6), seed=0).eval(),
    "macridvae": lambda: MacridVAE(ITEMS, tiny_settings(init="random"), seed=0).eval(),
    "macridvae, dot": lambda: MacridVAE(ITEMS, tiny_settings(init="random", similarity="dot"), seed=0).eval(),
    "macridvae, K = 1": lambda: MacridVAE(ITEMS, tiny_settings(init="random", kfac=1), seed=0).eval(),
}
TRAINABLE = [name for name, make in RECOMMENDERS.items() if isinstance(make(), torch.nn.Module)]


@pytest.fixture(params=RECOMMENDERS)
def model(request):
    return RECOMMENDERS[request.param]()


def test_shape_type_and_finiteness(model):
    for people in (1, 3, 130):
        scores = model.scores(random_clicks(people, ITEMS))
        assert isinstance(scores, np.ndarray)
        assert scores.shape == (people, ITEMS)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()


def test_a_row_does_not_depend_on_its_batch(model):
    batch = random_clicks(130, ITEMS)
    together = model.scores(batch)
    for u in (0, 63, 64, 129):
        np.testing.assert_allclose(model.scores(batch[u])[0], together[u], rtol=1e-4, atol=1e-5)
    turned = np.random.default_rng(0).permutation(130)
    np.testing.assert_allclose(model.scores(batch[turned]), together[turned], rtol=1e-4, atol=1e-5)


def test_an_empty_profile_an_empty_batch_and_one_with_everything(model):
    scores = model.scores(binary([[], list(range(ITEMS))], ITEMS))
    assert np.isfinite(scores).all()
    assert model.scores(csr_matrix((0, ITEMS), dtype=np.float32)).shape == (0, ITEMS)


def test_the_same_every_time_and_the_callers_to_change(model):
    batch = random_clicks(4, ITEMS)
    before = batch.copy()
    first = model.scores(batch)
    kept = first.copy()
    first[:] = -np.inf
    np.testing.assert_array_equal(model.scores(batch), kept)
    assert (batch != before).nnz == 0


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_made_twice_it_is_the_same(name):
    batch = random_clicks(4, ITEMS)
    np.testing.assert_array_equal(RECOMMENDERS[name]().scores(batch), RECOMMENDERS[name]().scores(batch))


@pytest.mark.parametrize("name", TRAINABLE)
def test_trainable_ones_have_a_loss(name):
    model = RECOMMENDERS[name]().train()
    terms = model.loss(random_clicks(7, ITEMS), 0.1)
    assert {"loss"} < set(terms)
    terms["loss"].backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


@pytest.mark.parametrize("name", TRAINABLE)
def test_trainable_ones_learn_by_fit(name, tiny_split):
    """train.fit needs nothing but the contract: the loss sinks, and with the same seeds everything is the same."""
    n_items = tiny_split.train.shape[1]

    def trained():
        model = RECOMMENDERS[name]()
        settings = replace(model.settings, epochs=3, train_batch_size=64, learning_rate=3e-3)
        model = type(model)(n_items, settings, seed=1)
        return model, fit.fit(model, tiny_split, seed=1)

    model, history = trained()
    assert history[-1]["nll"] < history[0]["nll"]
    batch = tiny_split.test.fold_in
    np.testing.assert_array_equal(model.scores(batch), trained()[0].scores(batch))
