"""The reference's formulas where their answers are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import binary, random_clicks
from torch.distributions import Normal, kl_divergence

from macrid.model import reference
from macrid.model.macridvae import MacridVAE
from macrid.model.reference import Draws
from macrid.model.settings import Settings

SMALL = Settings(embedding_size=3, kfac=4, encoder_hidden_size=(6,), init="random", std=0.3)
NOTHING = Draws(torch.zeros(9, 4), torch.ones(5, 9, 4), torch.zeros(5, 4, 3))


def rows(clicks):
    return torch.as_tensor(clicks.toarray(), dtype=torch.float64)


@pytest.mark.parametrize("similarity", ["cosine", "dot", "dot-raw"])
def test_shares_and_items_are_distributions(double, similarity):
    model, x = MacridVAE(9, replace(SMALL, similarity=similarity)), rows(random_clicks(5, 9))
    c = reference.routing(model, torch.zeros(9, 4))
    mu, b = reference.encoder(model, x, c, NOTHING.kept)
    p = reference.decoder(model, mu, c)
    assert (c.shape, mu.shape, b.shape, p.shape) == ((9, 4), (5, 4, 3), (5, 4, 3), (5, 9))
    torch.testing.assert_close(c.sum(dim=1), torch.ones(9))
    torch.testing.assert_close(p.sum(dim=1), torch.ones(5))
    torch.testing.assert_close(mu.norm(dim=2), torch.ones(5, 4))


def test_items_that_are_all_alike_are_equally_likely(double):
    model = MacridVAE(9, SMALL)
    with torch.no_grad():
        model.items.copy_(model.items[:1].expand(9, -1))
    clicks = binary([[0, 2, 5], [], [1], [3, 4], list(range(9))], 9)
    assert reference.loss(model, rows(clicks), 0.0, NOTHING)["nll"].item() == pytest.approx(15 / 5 * np.log(9))


def test_kl_is_that_of_two_normal_distributions(double):
    model, x = MacridVAE(9, SMALL, seed=1), rows(random_clicks(5, 9))
    mu, b = reference.encoder(model, x, reference.routing(model, NOTHING.gumbel), NOTHING.kept)
    sigma = SMALL.std * torch.exp(-b / 2)
    whole = kl_divergence(Normal(mu, sigma), Normal(torch.zeros(()), SMALL.std)).sum(dim=(1, 2)).mean()
    length = 4 / (2 * SMALL.std**2)  # what mu adds, of length one in each of the 4 factors, whatever the weights are
    assert reference.loss(model, x, 0.0, NOTHING)["kl"].item() == pytest.approx(whole.item() - length)


def test_kl_of_free_lengths_is_whole(double):
    model, x = MacridVAE(9, replace(SMALL, user_norm="free", similarity="dot"), seed=1), rows(random_clicks(5, 9))
    mu, b = reference.encoder(model, x, reference.routing(model, NOTHING.gumbel), NOTHING.kept)
    whole = kl_divergence(Normal(mu, SMALL.std * torch.exp(-b / 2)), Normal(torch.zeros(()), SMALL.std))
    assert reference.loss(model, x, 0.0, NOTHING)["kl"].item() == pytest.approx(whole.sum(dim=(1, 2)).mean().item())


def test_tau_divides_a_dot_product_and_not_a_raw_one(double):
    a, b = torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0, 0.0], [0.0, 5.0]])
    def found(name):
        return reference.similarity(MacridVAE(9, replace(SMALL, similarity=name, tau=0.5)), a, b)

    torch.testing.assert_close(found("dot-raw"), torch.tensor([[6.0, 20.0]]))
    torch.testing.assert_close(found("dot"), torch.tensor([[12.0, 40.0]]))
    torch.testing.assert_close(found("cosine"), torch.tensor([[1.2, 1.6]]))


def test_small_shares_are_left_out_by_hand(double):
    shares = torch.tensor([0.5, 0.04, 0.4, 0.06])
    torch.testing.assert_close(reference._without_small(shares, 0.1), torch.tensor([0.5, 0.0, 0.4, 0.0]) / 0.9)
    torch.testing.assert_close(reference._without_small(shares, 0.05), torch.tensor([0.5, 0.0, 0.4, 0.06]) / 0.96)
