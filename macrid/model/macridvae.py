"""MacridVAE (Ma et al., NeurIPS 2019): the model and its loss.

Shapes use the same letters everywhere: B users in a batch, M items, K factors, D dimensions of a factor, H hidden units,
E clicks in a batch. What costs time, the first layer and the decoder with their gradients, is in `kernels`; `reference` has
the same loss from its formulas, line for line.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from .item_rows import ALL_HERE, ItemRows
from .kernels import Clicks, How, MixtureNLL, RoutedClicks, log_mixture
from .label_loss import label_error
from .linear_path import LinearPath
from .sampled_nll import SampledNLL
from .sampling import Sampler, StepItems
from .settings import Settings
from .unit_length import UnitLength

Tables = tuple[Tensor, Tensor]  # of some items: their vectors as they are scored (m, D), rows of the first layer (m, H)


class MacridVAE(nn.Module):
    """The model. `seed` decides the random start and every random draw of the training.

    start: item vectors (M, D) and prototypes (K, D) of length one, such as those of the spectral start, and, if anything
        else is to be held than their cosine, how near each item is to each factor (M, K); None starts from random ones.
    labels: of items, (M, A) with NaN where there is none; attribute a is asked of dimension a of every factor. They serve
        the loss alone: no weight of the model, nothing that is saved.
    rows: of which items this model has the rows, where several workers hold a model together; a start is of these alone.
    """

    labels: Tensor | None
    held_log_c: Tensor
    linear: LinearPath | None = None  # beside the mixture; see training.linear_path
    sampler: Sampler | None = None  # of the items that a step scores; see training.start; None: it scores all

    def __init__(self, n_items: int, settings: Settings, seed: int = 0, start: Sequence[np.ndarray] | None = None,
                 labels: np.ndarray | None = None, rows: ItemRows = ALL_HERE) -> None:
        super().__init__()
        self.settings = s = settings
        self.n_items, self.rows = n_items, rows
        self.generator = torch.Generator().manual_seed(seed)
        self.items = self._matrix(n_items, s.embedding_size, 0.1, rows)  # (M, D)
        self.prototypes = self._matrix(s.kfac, s.embedding_size, 0.1)  # (K, D)
        if start is not None:
            with torch.no_grad():
                self.items.copy_(torch.as_tensor(start[0]))
                self.prototypes.copy_(torch.as_tensor(start[1]))
        if s.routing == "held":
            near = start[2] if start is not None and len(start) > 2 else None
            self.register_buffer("held_log_c", self._start_routing(near))
            self.prototypes.requires_grad_(False)  # nothing depends on them any more
        sizes = (n_items, *s.encoder_hidden_size, 2 * s.embedding_size)
        # The first layer is stored (M, H): one row for each item, to be picked by the clicks.
        self.weights = nn.ParameterList(
            self._matrix(a, b, (2.0 / (a + b)) ** 0.5, ALL_HERE if k else rows) for k, (a, b) in enumerate(pairwise(sizes)))
        self.biases = nn.ParameterList(self._normal(b, std=0.001) for b in sizes[1:])
        if s.skip:
            self.skip_gain = nn.Parameter(torch.ones(()))
        table = None if labels is None else torch.as_tensor(labels, dtype=self.items.dtype)  # (M, A)
        self.register_buffer("labels", table, persistent=False)

    def _start_routing(self, affinity: np.ndarray | None) -> Tensor:
        """log c (M, K) at the temperature `routing_tau`, of how near items are to factors (M, K); by default the cosine of
        item vectors and prototypes as they are now."""
        if affinity is None:
            near = F.normalize(self.items.detach(), dim=1) @ F.normalize(self.prototypes.detach(), dim=1).T
        else:
            near = torch.as_tensor(affinity, dtype=self.items.dtype)
        return F.log_softmax(near / self.settings.routing_tau, dim=1)

    def _normal(self, *shape: int, std: float) -> nn.Parameter:
        return nn.Parameter(torch.randn(shape, generator=self.generator) * std)

    def _matrix(self, a: int, b: int, std: float, rows: ItemRows = ALL_HERE) -> nn.Parameter:
        """A matrix (a, b) as it starts: normal, or with `init: glorot` uniform within sqrt(6 / (a + b)) of 0 (Glorot and
        Bengio, 2010; VarianceScaling with fan_avg in TensorFlow), whatever matrix it is. rows: those of it that are here."""
        def normal(count: int) -> Tensor:
            return torch.randn(count, b, generator=self.generator) * std

        def uniform(count: int) -> Tensor:
            return (2 * torch.rand(count, b, generator=self.generator) - 1) * (6.0 / (a + b)) ** 0.5

        return nn.Parameter(rows.made(uniform if self.settings.init == "glorot" else normal, a))

    # The random draws come from the model's own generator, on the CPU, so that a run can be repeated and resumed.
    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator).to(self.items.device)

    def _unit(self, vectors: Tensor) -> Tensor:
        return UnitLength.apply(vectors) if self.settings.similarity == "cosine" else vectors

    def _part(self, vectors: Tensor) -> Tensor:
        """What the encoder gives (..., D) as mu."""
        return UnitLength.apply(vectors) if self.settings.user_norm == "unit" else vectors

    @property
    def scale(self) -> float:
        """What a dot product of scored vectors is multiplied by: 1 / tau, or 1 for `dot-raw`."""
        return 1.0 if self.settings.similarity == "dot-raw" else 1.0 / self.settings.tau

    def log_routing(self, sample: bool = False, dropped: float = 0.0, items: Tensor | None = None) -> Tensor:
        """log c (M, K): c_i = softmax_k(cos(h_i, m_k) / tau), or what it was at the start, where that is held; with
        `sample`, a Gumbel-softmax draw of it (temperature 1).

        dropped: the smallest shares of each item that together have no more than this are left out, minus infinity, and the
        others add up to 1 again. items: the item vectors (M, D) as they are scored, where they are there already.
        """
        noise = self.rows.made(self._gumbel, self.n_items) if sample else None
        return self._shares(self._logits(self._unit(self.items) if items is None else items), noise, dropped)

    def _gumbel(self, items: int) -> Tensor:
        """Gumbel noise (m, K) of so many items."""
        return -torch.log(-torch.log(self._uniform(items, self.settings.kfac).clamp(1e-20, 1 - 1e-7)))

    def _logits(self, items: Tensor, which: Tensor | None = None) -> Tensor:
        """What log c is made of (m, K), for vectors (m, D) as they are scored, of the items `which` (m,), of all if None."""
        if self.settings.routing == "held":
            return self.held_log_c if which is None else self.held_log_c[which]
        return items @ self._unit(self.prototypes).T * self.scale

    def _shares(self, logits: Tensor, noise: Tensor | None = None, dropped: float = 0.0) -> Tensor:
        """log c (m, K) as `log_routing` says, with noise (m, K) where there is to be any."""
        if noise is not None:
            logits = logits + noise
        if dropped > 0:
            with torch.no_grad():
                share, order = F.softmax(logits, dim=1).sort(dim=1)
                small = torch.zeros_like(order, dtype=torch.bool).scatter_(1, order, share.cumsum(dim=1) <= dropped)
            logits = logits.masked_fill(small, -torch.inf)
        return F.log_softmax(logits, dim=1)

    def encode(self, clicks: Clicks, c: Tensor, drop: bool, tables: Tables) -> tuple[Tensor, Tensor]:
        """mu (B, K, D), of length one in D unless that is free, and b (B, K, D) with sigma = std * exp(-b / 2), for the
        clicks of B users and shares c (M, K); drop: with dropout. tables: of the items that clicks and c are of."""
        hidden, skip = self._first_layer(clicks, c, drop, tables)
        of = torch.bfloat16 if self.settings.precision == "bfloat16" else hidden.dtype
        layers = ((weight.to(of), bias) for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True))
        a, b = _perceptron(hidden, layers).transpose(0, 1).split(self.settings.embedding_size, dim=-1)  # (B, K, D)
        return self._part(a if skip is None else a + skip.transpose(0, 1)), b

    def _mean(self, clicks: Clicks, c: Tensor, tables: Tables) -> Tensor:
        """mu (B, K, D) as it is served: without dropout, without b, and after the first layer in float64, as a part may be
        short before it is made one long, which makes rounding as much larger. For cosine, always of length one. tables: of
        the items that clicks and c are of."""
        hidden, skip = self._first_layer(clicks, c, False, tables)
        *between, (weight, bias) = zip(self.weights[1:], self.biases[1:], strict=True)
        half = self.settings.embedding_size
        layers = [(w.double(), b.double()) for w, b in (*between, (weight[:, :half], bias[:half]))]
        a = _perceptron(hidden, layers)  # (K, B, D)
        length = self._unit if self.settings.similarity == "cosine" else self._part
        return length(a if skip is None else a + skip).transpose(0, 1).to(c.dtype)

    def _first_layer(self, clicks: Clicks, c: Tensor, drop: bool, tables: Tables) -> tuple[Tensor, Tensor | None]:
        """The input x_u * s_.k at length one, s = (1 - context) c + context, through the first layer, before its tanh,
        (K, B, H); with `skip` also that input times the item vectors, (K, B, D)."""
        s, size = self.settings, self.settings.encoder_hidden_size[0]
        items, rows = tables
        if s.context:
            c = (1 - s.context) * c + s.context
        square, keep, kept = self._square_lengths(clicks, c), _all(clicks), 1.0
        if drop and s.dropout_prob > 0:
            of_batch = self._uniform(s.kfac if s.dropout_mask == "factor" else 1, int(clicks.batch_count.sum()))
            keep, kept = of_batch[:, clicks.among] >= s.dropout_prob, 1 - s.dropout_prob
        weight = torch.cat([rows, items], dim=1) if s.skip else rows
        clicked = RoutedClicks.apply(c, weight, clicks, keep)  # (K, B, H), (K, B, H + D) with `skip`
        square, clicked = self.rows.summed(square, clicked)
        length = square[0].clamp_min(1.0 if s.input_norm == "user" else 1e-24).sqrt() * kept  # (B, K) or (B, 1)
        scale = (1 / length).T[..., None]  # (K, B, 1) or (1, B, 1)
        hidden = torch.addcmul(self.biases[0], clicked[..., :size], scale)
        return hidden, (self.skip_gain * scale * clicked[..., size:] if s.skip else None)

    def _square_lengths(self, clicks: Clicks, c: Tensor) -> Tensor:
        """The square of what the input is divided by: of the lengths of x_u times the shares c_.k (1, B, K), or of x_u
        (1, B, 1)."""
        if self.settings.input_norm == "user":
            return clicks.count.to(c.dtype)[None, :, None]
        return RoutedClicks.apply(torch.ones_like(c[:, :1]), c.square(), clicks, _all(clicks))

    def loss(self, batch: csr_matrix, beta: float, share: slice = slice(None)) -> dict[str, Tensor]:
        """Terms of the loss for binary rows (B, M), averaged over the B users: `loss` = `nll` + beta * `kl` + `reg`
        + label_weight * `labels` (see `label_loss`).

        nll_u = -w_u sum_i x_ui log p(i | z_u), w_u = 1 unless there is a `person_power`;
        kl_u = sum_k 1/2 sum_d (b + exp(-b) - 1): mu drops out, as it has length one. Where it is free, KL(N(mu, sigma^2) ||
        N(0, std^2)) adds sum_k 1/2 |mu_uk|^2 / std^2.
        With a `sampler`, nll is that over the items of the step (see `SampledNLL`), and the gradients of item vectors and of
        the first layer are sparse. In eval mode no click is dropped; factors and z are drawn all the same.
        share: of the batch's people, whose part of the terms it is: those of all shares add up to the terms. Every share
        draws the same, that of the batch.
        """
        s, people = self.settings, max(1, batch.shape[0])
        mu, b, nll_at = self._step(batch, share)  # (B, K, D)
        noise = torch.randn(batch.shape[0], *mu.shape[1:], generator=self.generator)[share].to(mu.device)
        nll = nll_at(self._unit(mu + noise * s.std * torch.exp(-0.5 * b)) * self.scale) / people
        kl = 0.5 * (b + torch.exp(-b) - 1).sum() / people
        if s.user_norm == "free":
            kl = kl + 0.5 * (mu / s.std).square().sum() / people
        part = len(mu) / people
        terms = {"nll": nll, "kl": kl}
        total = nll + beta * kl
        if any(s.reg_weights):
            vectors, encoder = s.reg_weights
            first, *others = self.weights
            terms["reg"] = part * (vectors * (self.rows.norm(self.items) + self.prototypes.norm())
                                   + encoder * sum((weight.norm() for weight in others), self.rows.norm(first)))
            total = total + terms["reg"]
        if s.label_weight and self.labels is not None:
            terms["labels"] = part * self._label_error(self.labels)
            total = total + s.label_weight * terms["labels"]
        return {"loss": total, **terms}

    def _step(self, batch: csr_matrix, share: slice) -> tuple[Tensor, Tensor, Callable[[Tensor], Tensor]]:
        """mu and b (B, K, D) for the share of binary rows, and the sum of nll as a function of the z (B, K, D) that are
        scored."""
        s, here = self.settings, self.rows.of_batch(batch, share)

        def how(clicks: Clicks) -> How:
            return How(self._weights_of(clicks.batch_count)[here.share], s.precision == "bfloat16", self.rows)

        if self.sampler is None:
            clicks = Clicks(here, self.items.device)
            items = self._unit(self.items)
            log_c = self.log_routing(not s.nogb, s.routing_mass, items)  # (M, K)
            mu, b = self.encode(clicks, log_c.exp(), self.training, (items, self.weights[0]))
            return mu, b, lambda z: MixtureNLL.apply(self.rows.joined(z, batch.shape[0]), items, log_c, clicks, how(clicks))
        drawn = self.sampler.draw(self.generator)
        step = StepItems.of(here, self.rows.of_draw(*drawn), self.items.device)
        clicked = slice(step.first_clicked, None)
        items = self._unit(F.embedding(step.item, self.items, sparse=True))  # (m, D)
        rows = F.embedding(step.item[clicked], self.weights[0], sparse=True)
        noise = None if s.nogb else self._noise_of(step, batch, drawn)
        log_c = self._shares(self._logits(items, step.item), noise, s.routing_mass)  # (m, K)
        mu, b = self.encode(step.clicks, log_c[clicked].exp(), self.training, (items[clicked], rows))
        return mu, b, lambda z: SampledNLL.apply(self.rows.joined(z, batch.shape[0]), items, log_c, step,
                                                 how(step.clicks))

    def _noise_of(self, step: StepItems, batch: csr_matrix, drawn: tuple[Tensor, Tensor]) -> Tensor:
        """Gumbel noise (m, K) of the items of a step that are here, as if all were."""
        every = step.item if self.rows.are_all else StepItems.of(batch, drawn, self.items.device).item
        return self.rows.own(self._gumbel(len(every)), every)

    def _label_error(self, labels: Tensor) -> Tensor:
        """`label_error` of labels (M, A), from the items alone that have any."""
        which = labels.isfinite().any(dim=1).nonzero()[:, 0]
        items = self.rows.picked(self.items, which, sparse=self.sampler is not None)
        held = self.settings.routing == "held"
        logits = self.rows.picked(self.held_log_c, which) if held else self._logits(self._unit(items))
        return label_error(items, self._shares(logits).exp(), labels[which])

    def _weights_of(self, clicks: Tensor) -> Tensor:
        """w (B,) of people with n_u clicks each, (B,): n_u^-person_power, times what leaves sum_u w_u n_u all the clicks."""
        count = clicks.clamp_min(1).to(self.items.dtype)
        weight = count ** -self.settings.person_power
        return weight * (count.sum() / (weight * count).sum())

    @torch.no_grad()
    def item_vectors(self) -> np.ndarray:
        """The item vectors as they are scored (M, D): of length one for cosine similarity."""
        return self._unit(self.rows.whole(self.items)).cpu().numpy()

    @torch.no_grad()
    def routing(self) -> np.ndarray:
        """log c (M, K)."""
        return self.rows.whole(self.log_routing()).cpu().numpy()

    @torch.no_grad()
    def factors(self) -> np.ndarray:
        """The factor of each item, argmax_k c_ik, (M,)."""
        return self.rows.whole(self.log_routing().argmax(dim=1)).cpu().numpy()

    @torch.no_grad()
    def represent(self, batch: csr_matrix) -> np.ndarray:
        """The user vectors mu (B, K, D), each part of length one unless a dot product's is free, for binary rows (B, M).
        Only the items that somebody clicked are looked at: a person's vector takes no longer where there are more items."""
        here = self.rows.of_batch(batch)
        clicked = np.unique(here.clicks.indices)
        which = torch.as_tensor(clicked, dtype=torch.long, device=self.items.device)
        items = self._unit(self.items[which])  # (m, D)
        c = self._shares(self._logits(items, which)).exp()  # (m, K)
        clicks = Clicks(here._replace(clicks=here.clicks[:, clicked]), self.items.device)
        parts = self._mean(clicks, c, (items, self.weights[0][which]))
        return self.rows.joined(parts, batch.shape[0]).cpu().numpy()

    def scores(self, batch: csr_matrix) -> np.ndarray:
        """log sum_k c_ik exp(score(z_uk, h_i)) + w (x_u B)_i for all items, (B, M): log p(i | u) up to a constant for each
        user. The latter only where there is a linear path. Where only some items' rows are here, for these."""
        mixture = self.mixture(batch)
        return mixture if self.linear is None else mixture + self.linear.scores(batch)

    @torch.no_grad()
    def mixture(self, batch: csr_matrix) -> np.ndarray:
        """`scores` without the linear path."""
        z = self._unit(torch.as_tensor(self.represent(batch), device=self.items.device)) * self.scale  # (B, K, D)
        return log_mixture(z, self._unit(self.items), self.log_routing()).cpu().numpy()


def weight_shapes(n_items: int, settings: Settings) -> dict[str, tuple[int, ...]]:
    """What a model of M items has, and of which shapes: what `MacridVAE(...).state_dict()` would hold, without making it."""
    s = settings
    found: dict[str, tuple[int, ...]] = {"items": (n_items, s.embedding_size), "prototypes": (s.kfac, s.embedding_size)}
    if s.routing == "held":
        found["held_log_c"] = n_items, s.kfac
    sizes = (n_items, *s.encoder_hidden_size, 2 * s.embedding_size)
    for k, (a, b) in enumerate(pairwise(sizes)):
        found[f"weights.{k}"], found[f"biases.{k}"] = (a, b), (b,)
    return found | ({"skip_gain": ()} if s.skip else {})


def _perceptron(hidden: Tensor, layers: Iterable[tuple[Tensor, Tensor]]) -> Tensor:
    """hidden (..., H) through tanh and a layer, weight and bias, again and again, in the precision of the weights."""
    for weight, bias in layers:
        hidden = torch.tanh(hidden).to(weight.dtype) @ weight + bias
    return hidden


def _all(clicks: Clicks) -> Tensor:
    """That every click is kept, (1, E)."""
    return torch.ones(1, len(clicks.item), dtype=torch.bool, device=clicks.item.device)
