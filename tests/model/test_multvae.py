"""Mult-VAE and Mult-DAE against a dense version written from the paper's formulas, and what they learn."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from conftest import binary, random_clicks

from macrid.errors import InputError
from macrid.model.multvae import MULT_DAE, MULT_VAE, Autoencoder
from macrid.model.settings import Settings

ITEMS = 12
VARIANTS = {"vae": replace(MULT_VAE, encoder_hidden_size=(7,), latent_size=4, dropout_prob=0.0, weight_decay=0.01),
            "deep vae": replace(MULT_VAE, encoder_hidden_size=(7, 5), latent_size=4, dropout_prob=0.0),
            "dae": replace(MULT_DAE, latent_size=4, dropout_prob=0.0)}


def dense(model: Autoencoder, x: torch.Tensor, noise: torch.Tensor, beta: float) -> torch.Tensor:
    """The loss of rows x (B, M) as the paper writes it, over dense matrices."""
    s = model.settings
    h = F.normalize(x, dim=1) @ model.encoder[0] + model.encoder_bias[0]
    for w, b in list(zip(model.encoder, model.encoder_bias, strict=True))[1:]:
        h = torch.tanh(h) @ w + b
    kl = 0.0
    if s.variational:
        mu, log_variance = h[:, : s.latent_size], h[:, s.latent_size :]
        sigma = torch.exp(log_variance / 2)
        h = mu + noise * sigma
        prior, posterior = (torch.distributions.Normal(*p) for p in ((torch.zeros(()), torch.ones(())), (mu, sigma)))
        kl = torch.distributions.kl_divergence(posterior, prior).sum(dim=1).mean()
    else:
        h = torch.tanh(h)
    for index, (w, b) in enumerate(zip(model.decoder, model.decoder_bias, strict=True)):
        h = (torch.tanh(h) if index else h) @ w + b
    nll = -(x * torch.log(torch.softmax(h, dim=1))).sum(dim=1).mean()
    weights = [*model.encoder, *model.decoder]
    return nll + beta * kl + s.weight_decay / 2 * sum((w * w).sum() for w in weights)


@pytest.mark.parametrize("variant", VARIANTS)
def test_loss_and_gradient_against_the_dense_formula(variant, double):
    model = Autoencoder(ITEMS, VARIANTS[variant], seed=3).train()
    batch = random_clicks(6, ITEMS, 0.4, seed=4).astype(np.float64)
    state = model.generator.get_state()
    loss = model.loss(batch, beta=0.3)["loss"]
    grads = torch.autograd.grad(loss, list(model.parameters()))
    noise = torch.randn((6, 4), generator=torch.Generator().set_state(state))
    wanted = dense(model, torch.as_tensor(batch.toarray()), noise, 0.3)
    torch.testing.assert_close(loss, wanted)
    for found, slow in zip(grads, torch.autograd.grad(wanted, list(model.parameters())), strict=True):
        torch.testing.assert_close(found, slow)


def test_dropout_scales_what_it_keeps():
    """The mean of the first layer over many masks is that without dropout."""
    model = Autoencoder(ITEMS, replace(MULT_VAE, encoder_hidden_size=(), latent_size=3), seed=0)
    batch = binary([list(range(6))], ITEMS)
    mean = torch.stack([model.encode(batch, drop=True)[0] for _ in range(4000)]).mean(dim=0)
    torch.testing.assert_close(mean, model.encode(batch)[0], atol=0.03, rtol=0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_in_eval_mode_the_loss_drops_no_click(variant):
    s = replace(VARIANTS[variant], dropout_prob=0.5)
    model, without = Autoencoder(ITEMS, s, seed=3).eval(), Autoencoder(ITEMS, VARIANTS[variant], seed=3).train()
    batch = random_clicks(6, ITEMS, 0.4, seed=4)
    assert model.loss(batch, 0.3)["loss"] == without.loss(batch, 0.3)["loss"]
    assert Autoencoder(ITEMS, s, seed=3).train().loss(batch, 0.3)["loss"] != without.loss(batch, 0.3)["loss"]


def test_serving_draws_nothing_and_leaves_the_mode():
    model = Autoencoder(ITEMS, replace(MULT_VAE, latent_size=3), seed=0).train()
    before, batch = model.generator.get_state(), random_clicks(6, ITEMS)
    np.testing.assert_array_equal(model.scores(batch), model.scores(batch))
    with pytest.raises(AttributeError):
        model.scores("no rows")
    assert model.training
    assert torch.equal(before, model.generator.get_state())


@pytest.mark.parametrize(("name", "value"), [("latent_size", 0), ("latent_size", 2.5), ("weight_decay", -1), ("epochs", -1),
                                             ("weight_decay", "x"), ("dropout_prob", 1), ("encoder_hidden_size", (0,)),
                                             ("learning_rate", 0)])
def test_settings_are_checked(name, value):
    with pytest.raises(InputError, match=name):
        replace(MULT_VAE, **{name: value})


def test_settings_are_named_as_the_models_are():
    assert replace(MULT_VAE, encoder_hidden_size=[]).encoder_hidden_size == ()
    assert replace(MULT_VAE, encoder_hidden_size=300).encoder_hidden_size == (300,)
    assert {"anneal_cap", "total_anneal_steps", "learning_rate", "epochs"} < set(vars(MULT_VAE)) & set(vars(Settings()))
