"""One suite for all recommenders, whatever is behind them: the contract of macrid.measures.contract and, of those that are
trained, of macrid.training.contract."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import binary, random_clicks, tiny_settings
from scipy.sparse import csr_matrix

from macrid.measures.contract import Factored, Scorer
from macrid.model.linear import EASE, EDLAE, Popularity
from macrid.model.macridvae import MacridVAE
from macrid.model.multvae import MULT_DAE, MULT_VAE, Autoencoder
from macrid.training import fit
from macrid.training.contract import Trainable

ITEMS = 25
TRAIN = random_clicks(80, ITEMS, 0.3, seed=1)
RECOMMENDERS = {
    "popularity": lambda: Popularity(TRAIN),
    "ease": lambda: EASE(TRAIN, regularisation=20.0),
    "edlae": lambda: EDLAE(TRAIN, regularisation=10.0, dropout=0.3),
    "multdae": lambda: Autoencoder(ITEMS, replace(MULT_DAE, latent_size=6), seed=0).eval(),
    "multvae": lambda: Autoencoder(ITEMS, replace(MULT_VAE, encoder_hidden_size=(9, 8), latent_size=6), seed=0).eval(),
    "macridvae": lambda: MacridVAE(ITEMS, tiny_settings(init="random"), seed=0).eval(),
    "macridvae, free lengths": lambda: MacridVAE(
        ITEMS, tiny_settings(init="glorot", similarity="dot", user_norm="free"), seed=0).eval(),
    "macridvae, dot": lambda: MacridVAE(ITEMS, tiny_settings(init="random", similarity="dot"), seed=0).eval(),
    "macridvae, held": lambda: MacridVAE(ITEMS, tiny_settings(routing="held", context=0.3), seed=0).eval(),
    "macridvae, K = 1": lambda: MacridVAE(ITEMS, tiny_settings(init="random", kfac=1), seed=0).eval(),
}
TRAINABLE = [name for name, make in RECOMMENDERS.items() if isinstance(make(), torch.nn.Module)]


FACTORED = [name for name in RECOMMENDERS if name.startswith("macridvae")]


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_it_is_what_the_contracts_ask_for(name):
    model = RECOMMENDERS[name]()
    assert isinstance(model, Scorer)
    assert isinstance(model, Trainable) == (name in TRAINABLE)
    assert isinstance(model, Factored) == (name in FACTORED)


@pytest.mark.parametrize("name", FACTORED)
def test_what_factored_ones_promise(name):
    model, batch = RECOMMENDERS[name](), random_clicks(7, ITEMS)
    vectors, log_c, z = model.item_vectors(), model.routing(), model.represent(batch)
    (n_items, dims), kfac = vectors.shape, log_c.shape[1]
    assert (n_items, log_c.shape, z.shape) == (ITEMS, (ITEMS, kfac), (7, kfac, dims))
    np.testing.assert_allclose(np.exp(log_c).sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(model.factors(), log_c.argmax(axis=1))
    if name != "macridvae, free lengths":
        np.testing.assert_allclose(np.linalg.norm(z, axis=2), 1, atol=1e-5)
    mixture = np.log(np.exp(model.scale * np.einsum("ukd,id->uik", z, vectors) + log_c).sum(axis=2))
    difference = model.scores(batch) - mixture
    np.testing.assert_allclose(difference, np.broadcast_to(difference[:, :1], difference.shape), atol=1e-4)


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
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters() if p.requires_grad)


@pytest.mark.parametrize("name", TRAINABLE)
def test_trainable_ones_serve_alike_in_either_mode(name):
    model, batch = RECOMMENDERS[name](), random_clicks(7, ITEMS)
    np.testing.assert_array_equal(model.train().scores(batch), model.eval().scores(batch))


@pytest.mark.parametrize("name", TRAINABLE)
def test_trainable_ones_learn_by_fit(name, tiny_split):
    """`fit` needs nothing but the contract: the loss sinks, and with the same seeds everything is the same."""
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
