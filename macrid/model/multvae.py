"""Mult-VAE and Mult-DAE (Liang et al., WWW 2018): the recommenders that MacridVAE grew out of, to compare with.

Shapes: B users in a batch, M items, H hidden units, L latent dimensions, E clicks in a batch.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from .checks import INFINITY, LayerSizes, Number, Rule, check_fields, switch
from .kernels import Clicks, RoutedClicks
from .settings import RULES

_OWN_RULES: dict[str, Rule] = {
    "variational": switch, "latent_size": Number(1, 65536, whole=True), "weight_decay": Number(0, INFINITY),
    "encoder_hidden_size": LayerSizes(fewest=0),  # MacridVAE must have a hidden layer, these need none
}


@dataclass(frozen=True)
class AutoencoderSettings:
    """What decides an autoencoder and its training, under the names of `Settings` where there is one.

    The defaults are Mult-VAE's, but that the paper anneals over 200,000 steps, for MovieLens-20M; smaller sets never come so
    far. MULT_DAE has those of Mult-DAE.
    """

    variational: bool = True  # Mult-VAE; False: Mult-DAE, which samples nothing and has no KL term
    encoder_hidden_size: tuple[int, ...] = (600,)  # H of each hidden layer; the decoder has them in reverse
    latent_size: int = 200  # L
    dropout_prob: float = 0.5  # of clicks, while training
    anneal_cap: float = 0.2  # beta, the final weight of the KL term
    total_anneal_steps: int | None = None  # steps in which beta would reach 1; None: five epochs
    weight_decay: float = 0.0  # weight of half the squared L2 norm of all weight matrices
    learning_rate: float = 1e-3  # of Adam
    train_batch_size: int = 500  # B
    epochs: int = 200  # at most
    stopping_step: int = 20  # epochs without a better validation NDCG@100 before training stops

    weight_averaging: ClassVar[float] = 0.0  # no setting of theirs: the last weights are ranked with and kept
    sampled_items: ClassVar[int] = 0  # nor is this: they score all items

    def __post_init__(self) -> None:
        check_fields(self, RULES | _OWN_RULES)


MULT_VAE = AutoencoderSettings()
MULT_DAE = replace(MULT_VAE, variational=False, encoder_hidden_size=(), weight_decay=2 * 0.01 / 500)


class Autoencoder(nn.Module):
    """A multilayer perceptron M -> H -> L -> H -> M with tanh between, and a softmax over the items.

    `seed` decides the random start and every random draw of the training.
    """

    def __init__(self, n_items: int, settings: AutoencoderSettings, seed: int = 0) -> None:
        super().__init__()
        self.settings = s = settings
        self.n_items = n_items
        self.generator = torch.Generator().manual_seed(seed)
        encoder = (n_items, *s.encoder_hidden_size, s.latent_size * (2 if s.variational else 1))
        decoder = (s.latent_size, *reversed(s.encoder_hidden_size), n_items)
        # The first layer is stored (M, H): one row for each item, to be picked by the clicks.
        self.encoder, self.encoder_bias = self._layers(encoder)
        self.decoder, self.decoder_bias = self._layers(decoder)

    def _layers(self, sizes: tuple[int, ...]) -> tuple[nn.ParameterList, nn.ParameterList]:
        def normal(*shape: int, std: float) -> nn.Parameter:
            return nn.Parameter(torch.randn(shape, generator=self.generator) * std)

        return (nn.ParameterList(normal(a, b, std=(2.0 / (a + b)) ** 0.5) for a, b in pairwise(sizes)),
                nn.ParameterList(normal(b, std=0.001) for b in sizes[1:]))

    def encode(self, batch: csr_matrix, drop: bool = False) -> tuple[Tensor, Tensor | None]:
        """Mean (B, L) and, of a variational one, log variance (B, L) of z, for binary rows (B, M); drop: with dropout."""
        s, first = self.settings, self.encoder[0]  # (M, H)
        clicks = Clicks(batch, first.device)
        length = clicks.count.clamp_min(1).to(first.dtype).sqrt()[:, None]  # (B, 1) of the rows
        keep = torch.ones(1, len(clicks.item), dtype=torch.bool, device=first.device)
        if drop and s.dropout_prob > 0:
            keep = torch.rand(keep.shape, generator=self.generator).to(first.device) >= s.dropout_prob
            length = length * (1 - s.dropout_prob)
        clicked = RoutedClicks.apply(first.new_ones(len(first), 1), first, clicks, keep)[0]  # (B, H): one factor
        hidden = clicked / length + self.encoder_bias[0]
        for weight, bias in zip(self.encoder[1:], self.encoder_bias[1:], strict=True):
            hidden = torch.tanh(hidden) @ weight + bias
        return hidden.chunk(2, dim=1) if s.variational else (torch.tanh(hidden), None)

    def decode(self, z: Tensor) -> Tensor:
        """Logits (B, M) of z (B, L)."""
        hidden = z @ self.decoder[0] + self.decoder_bias[0]
        for weight, bias in zip(self.decoder[1:], self.decoder_bias[1:], strict=True):
            hidden = torch.tanh(hidden) @ weight + bias
        return hidden

    def loss(self, batch: csr_matrix, beta: float) -> dict[str, Tensor]:
        """Terms of the loss for binary rows (B, M), averaged over the B users: `loss` = `nll` + beta * `kl` + `reg`.

        nll_u = -sum_i x_ui log softmax(logits_u)_i; kl_u = 1/2 sum_l (mu^2 + exp(v) - 1 - v) with v the log variance.
        In eval mode no click is dropped; z is drawn all the same.
        """
        mu, log_variance = self.encode(batch, drop=self.training)
        z = mu
        if log_variance is not None:
            z = mu + torch.randn(mu.shape, generator=self.generator).to(mu.device) * torch.exp(0.5 * log_variance)
        log_p = F.log_softmax(self.decode(z), dim=1)  # (B, M)
        rows = batch.tocoo()
        clicked = torch.as_tensor(rows.row, dtype=torch.long), torch.as_tensor(rows.col, dtype=torch.long)
        terms = {"nll": -log_p[clicked].sum() / batch.shape[0]}
        total = terms["nll"]
        if log_variance is not None:
            terms["kl"] = 0.5 * (mu**2 + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()
            total = total + beta * terms["kl"]
        if self.settings.weight_decay:
            terms["reg"] = 0.5 * self.settings.weight_decay * sum((w**2).sum() for w in (*self.encoder, *self.decoder))
            total = total + terms["reg"]
        return {"loss": total, **terms}

    @torch.no_grad()
    def scores(self, batch: csr_matrix) -> np.ndarray:
        """The logits of all items, (B, M): log p(i | z_u) up to a constant for each user, with z_u = mu_u."""
        return self.decode(self.encode(batch)[0]).cpu().numpy()
