"""MacridVAE's loss from its formulas (Ma et al., NeurIPS 2019), line for line, over dense arrays: the way into the model for
a reader, and what the tests hold `macridvae` and its kernels against.

B users in a batch, M items, K factors, D dimensions of a factor. Every random draw is an argument. Far too slow and too
large to train with; for float64, as sums of exponentials are taken as they stand.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .macridvae import MacridVAE


class Draws(NamedTuple):
    """The random draws of one step: gumbel (M, K), Gumbel noise or 0; kept (B, M, K), what dropout multiplies each input by,
    0 or 1 / (1 - p); noise (B, K, D), standard normal."""

    gumbel: Tensor
    kept: Tensor
    noise: Tensor


def loss(model: MacridVAE, x: Tensor, beta: float, draws: Draws) -> dict[str, Tensor]:
    """The terms of the loss of binary rows x (B, M), averaged over the B users, without that of labels: `loss` =
    `nll` + beta * `kl` + the regularisation."""
    s = model.settings
    c = routing(model, draws.gumbel)  # (M, K)
    mu, b = encoder(model, x, c, draws.kept)  # (B, K, D)
    sigma = s.std * torch.exp(-b / 2)
    z = mu + sigma * draws.noise
    p = decoder(model, z, c)  # (B, M)
    nll = -(person_weights(model, x) * (x * torch.log(p)).sum(dim=1)).mean()
    # KL(N(mu, sigma^2) || N(0, std^2)) of each dimension; without mu where its length is always one, as that adds a constant
    mean = mu**2 / (2 * s.std**2) if s.user_norm == "free" else torch.zeros_like(mu)
    kl = (torch.log(s.std / sigma) + sigma**2 / (2 * s.std**2) + mean - 1 / 2).sum(dim=(1, 2)).mean()
    of_vectors, of_encoder = s.reg_weights
    reg = of_vectors * (model.items.norm() + model.prototypes.norm())
    reg = reg + of_encoder * torch.stack([weight.norm() for weight in model.weights]).sum()
    return {"loss": nll + beta * kl + reg, "nll": nll, "kl": kl}


def similarity(model: MacridVAE, a: Tensor, b: Tensor) -> Tensor:
    """cos(a, b) / tau, a . b / tau, or a . b, of vectors a (..., n, D) and b (m, D): (..., n, m)."""
    if model.settings.similarity == "dot-raw":
        return a @ b.T
    if model.settings.similarity == "dot":
        return a @ b.T / model.settings.tau
    return (a / a.norm(dim=-1, keepdim=True)) @ (b / b.norm(dim=-1, keepdim=True)).T / model.settings.tau


def routing(model: MacridVAE, gumbel: Tensor) -> Tensor:
    """c (M, K): c_i = softmax_k(similarity(h_i, m_k) + gumbel_ik), or with the logarithms that are held in place of the
    similarities; with a `routing_mass`, without the smallest shares."""
    held = model.settings.routing == "held"
    c = torch.softmax((model.held_log_c if held else similarity(model, model.items, model.prototypes)) + gumbel, dim=1)
    if model.settings.routing_mass == 0:
        return c
    return torch.stack([_without_small(shares, model.settings.routing_mass) for shares in c])


def encoder(model: MacridVAE, x: Tensor, c: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    """mu and b (B, K, D): the same network sees, for each factor k, x_uk = x_u * s_.k at length one, where s is c and, of
    every click, the share `context`."""
    s, mus, bs = model.settings, [], []
    context = s.context or 0.0
    c = (1 - context) * c + context
    h_i = F.normalize(model.items, dim=1) if s.similarity == "cosine" else model.items  # (M, D)
    for k in range(s.kfac):
        x_k = F.normalize(x * c[:, k], dim=1) if s.input_norm == "factor" else F.normalize(x, dim=1) * c[:, k]  # (B, M)
        x_k = x_k * kept[:, :, k]
        hidden = x_k @ model.weights[0] + model.biases[0]
        for weight, bias in zip(model.weights[1:], model.biases[1:], strict=True):
            hidden = torch.tanh(hidden) @ weight + bias  # at last (B, 2 D)
        a, b = hidden[:, : s.embedding_size], hidden[:, s.embedding_size :]
        if s.skip:
            a = a + model.skip_gain * (x_k @ h_i)
        mus.append(a if s.user_norm == "free" else a / a.norm(dim=1, keepdim=True))
        bs.append(b)
    return torch.stack(mus, dim=1), torch.stack(bs, dim=1)


def decoder(model: MacridVAE, z: Tensor, c: Tensor) -> Tensor:
    """p (B, M): p(i | z_u) proportional to sum_k c_ik exp(similarity(z_uk, h_i)), over all items."""
    mass = (c.T * torch.exp(similarity(model, z, model.items))).sum(dim=1)  # (B, K, M) -> (B, M)
    return mass / mass.sum(dim=1, keepdim=True)


def person_weights(model: MacridVAE, x: Tensor) -> Tensor:
    """w (B,): n_u^-person_power of the n_u clicks of each person, times what leaves sum_u w_u n_u = sum_u n_u."""
    n = x.sum(dim=1).clamp_min(1)
    w = n**-model.settings.person_power
    return w * n.sum() / (w * n).sum()


def _without_small(shares: Tensor, mass: float) -> Tensor:
    """The shares (K,) of an item without the smallest, as long as those add up to no more than `mass`; they add up to 1."""
    dropped, left = set(), mass
    for k in torch.argsort(shares.detach()).tolist():
        if shares[k].item() > left:
            break
        dropped.add(k)
        left -= shares[k].item()
    stay = torch.tensor([0.0 if k in dropped else 1.0 for k in range(len(shares))])
    return shares * stay / (shares * stay).sum()
