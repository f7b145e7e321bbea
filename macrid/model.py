"""MacridVAE (Ma et al., NeurIPS 2019): settings, the model, its losses.

Shapes use the same letters everywhere: B users in a batch, M items, K factors, D dimensions of a factor, H hidden units,
E clicks in a batch.

What costs time, the first layer and the decoder with their gradients, is in `kernels`.
"""

import difflib
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from .errors import InputError
from .kernels import Clicks, MixtureNLL, RoutedClicks, log_mixture
from .supervision import label_error


@dataclass(frozen=True)
class Settings:
    """Everything that decides a model and its training, under RecBole's names where RecBole has one.

    The defaults are the preset `best`, whose factors find the categories of the items and whose dimensions steer; see
    PRESETS for the paper's, RecBole's own, and `accurate`, which ranks better on films and has softer factors.
    """

    embedding_size: int = 32  # D, dimensions of a factor
    kfac: int = 7  # K, macro factors
    encoder_hidden_size: tuple[int, ...] = (200,)  # H of each hidden layer
    tau: float = 0.2  # temperature of cosine scores
    std: float = 0.075  # sigma0, the prior's standard deviation
    dropout_prob: float = 0.5  # of clicks, while training
    dropout_mask: str = "factor"  # a click is dropped from each factor by a draw of its own; user: from all or from none
    linear_path: bool = False  # the encoder adds the sum of the clicked items' vectors to what its layers say
    nogb: bool = False  # True: no Gumbel-softmax sampling of an item's factor
    routing_mass: float = 0.0  # the smallest shares of an item that add up to no more are left out while training; 0: none
    anneal_cap: float = 1.0  # beta, the final weight of the KL term
    total_anneal_steps: int | None = None  # steps until beta reaches anneal_cap; None: five epochs
    person_power: float = 0.0  # people count as (their clicks)^-person_power in the loss: 0 by clicks, 1 all alike
    reg_weights: tuple[float, float] = (0.0, 0.0)  # weights of the L2 norms of item and prototype vectors; of the encoder
    label_weight: float = 0.0  # of the term that asks dimensions to foretell labels, where there are labels
    similarity: str = "cosine"  # cosine: cos(a, b) / tau; dot: a . b
    input_norm: str = "factor"  # length one of the clicks: within each factor, or of the user before routing (RecBole)
    init: str = "spectral"  # spectral: start from the click matrix's singular vectors; random
    learning_rate: float = 3e-3  # of Adam
    weight_averaging: float = 0.0  # decay of the running mean of weights that is ranked with and kept; 0: the last weights
    train_batch_size: int = 500  # B
    epochs: int = 200  # at most
    stopping_step: int = 20  # epochs without a better validation NDCG@100 before training stops

    def __post_init__(self):
        for field in fields(self):
            object.__setattr__(self, field.name, _checked(field.name, getattr(self, field.name)))


_CHOICES = {"similarity": ("cosine", "dot"), "input_norm": ("factor", "user"), "init": ("spectral", "random"),
            "dropout_mask": ("factor", "user")}
_SWITCHES = ("nogb", "linear_path")
_RANGES = {  # name: (type, lowest, highest), bounds included
    "embedding_size": (int, 2, 4096), "kfac": (int, 1, 1000), "tau": (float, 1e-3, 1e3), "std": (float, 1e-6, 1e3),
    "dropout_prob": (float, 0.0, 0.99), "anneal_cap": (float, 0.0, 1e3), "total_anneal_steps": (int, 0, 10**9),
    "routing_mass": (float, 0.0, 0.5), "person_power": (float, 0.0, 1.0), "label_weight": (float, 0.0, 1e6),
    "learning_rate": (float, 1e-8, 10.0), "weight_averaging": (float, 0.0, 0.99999),
    "train_batch_size": (int, 1, 10**6), "epochs": (int, 0, 10**6), "stopping_step": (int, 1, 10**6),
}
PRESETS: dict[str, dict] = {
    "best": {},
    "paper": {"embedding_size": 100, "encoder_hidden_size": (100,), "tau": 0.1, "anneal_cap": 0.2, "learning_rate": 1e-3,
              "init": "random"},
    "accurate": {"embedding_size": 200, "tau": 0.1, "learning_rate": 1e-3, "init": "random",
                 "dropout_mask": "user", "linear_path": True, "person_power": 0.25, "weight_averaging": 0.995,
                 "stopping_step": 30},
    "recbole": {"embedding_size": 64, "kfac": 10, "encoder_hidden_size": (600,), "tau": 0.1, "std": 0.01, "init": "random",
                "anneal_cap": 0.2, "total_anneal_steps": 200_000, "learning_rate": 1e-3,
                "input_norm": "user", "dropout_mask": "user", "train_batch_size": 2048, "epochs": 300, "stopping_step": 10},
}


def _checked(name: str, value):
    """`value` in the type that setting `name` has, or an InputError that says what is allowed."""
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise InputError(f"{name} is {value!r}: choose one of {', '.join(_CHOICES[name])}")
        return value
    if name in _SWITCHES:
        if not isinstance(value, bool):
            raise InputError(f"{name} is {value!r}: it must be true or false")
        return value
    if name in ("encoder_hidden_size", "reg_weights"):
        return _checked_list(name, value)
    if name == "total_anneal_steps" and value is None:
        return None
    kind, low, high = _RANGES[name]
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= high or (kind is int and value != int(value)):
        what = "a whole number" if kind is int else "a number"
        raise InputError(f"{name} is {value!r}: it must be {what} from {low} to {high}")
    return kind(value)


def _checked_list(name: str, value) -> tuple:
    if not isinstance(value, (list, tuple)):
        value = (value,)
    if name == "encoder_hidden_size":
        if not value or not all(type(v) is int and 1 <= v <= 65536 for v in value):
            raise InputError(f"encoder_hidden_size is {value!r}: it must be a list of whole numbers such as [600]")
        return tuple(value)
    if len(value) != 2 or not all(isinstance(v, (int, float)) and 0 <= v < float("inf") for v in value):
        raise InputError(f"reg_weights is {value!r}: it must be two numbers of at least 0, such as [0.0, 0.0]")
    return tuple(float(v) for v in value)


def make_settings(preset: str = "best", changes: dict | None = None) -> Settings:
    """The settings of a preset with `changes` on top. An unknown preset or setting raises InputError with the nearest names.

    `training_neg_sample` of RecBole is accepted with its only sensible value, 0: the model uses every click, it draws no
    negative samples.
    """
    if preset not in PRESETS:
        raise InputError(f"preset is {preset!r}: choose one of {', '.join(PRESETS)}")
    changes = dict(changes or {})
    if changes.pop("training_neg_sample", 0) not in (0, None):
        raise InputError("training_neg_sample must be 0: MacridVAE scores all items and draws no negative samples")
    allowed = [field.name for field in fields(Settings)]
    for name in changes:
        if name not in allowed:
            near = difflib.get_close_matches(str(name), allowed, 3, 0.4) or allowed
            raise InputError(f"there is no setting {name!r}; did you mean {', '.join(near)}?")
    return replace(Settings(), **{**PRESETS[preset], **changes})


def settings_dict(settings: Settings) -> dict:
    """The settings as plain JSON values; `Settings(**settings_dict(s)) == s`."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(settings).items()}


class MacridVAE(nn.Module):
    """The model. `seed` decides the random start and every random draw of the training.

    start: item vectors (M, D) and prototypes (K, D) of length one from `spectral.spectral_start`, for `init: spectral`;
        None starts from random ones.
    labels: of items, (M, A) with NaN where there is none; attribute a is asked of dimension a of every factor. They serve
        the loss alone: no weight of the model, nothing that is saved.
    """

    def __init__(self, n_items: int, settings: Settings, seed: int = 0, start: tuple[np.ndarray, np.ndarray] | None = None,
                 labels: np.ndarray | None = None):
        super().__init__()
        self.settings = s = settings
        self.n_items = n_items
        self.generator = torch.Generator().manual_seed(seed)
        self.items = self._normal(n_items, s.embedding_size, std=0.1)  # (M, D)
        self.prototypes = self._normal(s.kfac, s.embedding_size, std=0.1)  # (K, D)
        if start is not None:
            with torch.no_grad():
                self.items.copy_(torch.as_tensor(start[0]))
                self.prototypes.copy_(torch.as_tensor(start[1]))
        sizes = (n_items, *s.encoder_hidden_size, 2 * s.embedding_size)
        # The first layer is stored (M, H): one row for each item, to be picked by the clicks.
        self.weights = nn.ParameterList(
            self._normal(a, b, std=(2.0 / (a + b)) ** 0.5) for a, b in pairwise(sizes))
        self.biases = nn.ParameterList(self._normal(b, std=0.001) for b in sizes[1:])
        if s.linear_path:
            self.linear_gain = nn.Parameter(torch.ones(()))
        table = None if labels is None else torch.as_tensor(labels, dtype=self.items.dtype)  # (M, A)
        self.register_buffer("labels", table, persistent=False)

    def _normal(self, *shape: int, std: float) -> nn.Parameter:
        return nn.Parameter(torch.randn(shape, generator=self.generator) * std)

    # The random draws come from the model's own generator, on the CPU, so that a run can be repeated and resumed.
    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator).to(self.items.device)

    def _unit(self, vectors: Tensor) -> Tensor:
        return F.normalize(vectors, dim=-1) if self.settings.similarity == "cosine" else vectors

    @property
    def scale(self) -> float:
        """What a dot product of scored vectors is multiplied by: 1 / tau for cosine similarity, 1 for dot product."""
        return 1.0 / self.settings.tau if self.settings.similarity == "cosine" else 1.0

    def log_routing(self, sample: bool = False, dropped: float = 0.0) -> Tensor:
        """log c (M, K): c_i = softmax_k(cos(h_i, m_k) / tau); with `sample`, a Gumbel-softmax draw of it (temperature 1).

        dropped: the smallest shares of each item that together have no more than this are left out, minus infinity, and the
        others add up to 1 again.
        """
        logits = self._unit(self.items) @ self._unit(self.prototypes).T * self.scale  # (M, K)
        if sample:
            logits = logits - torch.log(-torch.log(self._uniform(*logits.shape).clamp(1e-20, 1 - 1e-7)))
        if dropped > 0:
            with torch.no_grad():
                share, order = F.softmax(logits, dim=1).sort(dim=1)
                small = torch.zeros_like(order, dtype=torch.bool).scatter_(1, order, share.cumsum(dim=1) <= dropped)
            logits = logits.masked_fill(small, -torch.inf)
        return F.log_softmax(logits, dim=1)

    def encode(self, clicks: Clicks, log_c: Tensor) -> tuple[Tensor, Tensor | None]:
        """mu (B, K, D), of length one in D, and b (B, K, D) with sigma = std * exp(-b / 2), for the clicks of B users; b is
        None where nothing is trained, as nothing is drawn."""
        s, c = self.settings, log_c.exp()  # (M, K)
        every = torch.ones(1, len(clicks.item), dtype=torch.bool, device=c.device)
        if s.input_norm == "factor":  # the length of x_u * c_.k
            square = RoutedClicks.apply(torch.ones_like(c[:, :1]), c.square(), clicks, every)[0]  # (B, K)
            length = square.clamp_min(1e-24).sqrt()
        else:
            length = clicks.count.clamp_min(1).to(c.dtype).sqrt()[:, None]  # (B, 1)
        keep = every
        if self.training and s.dropout_prob > 0:
            draws = s.kfac if s.dropout_mask == "factor" else 1
            keep = self._uniform(draws, len(clicks.item)) >= s.dropout_prob
            length = length * (1 - s.dropout_prob)
        scale, size = (1 / length).T[..., None], s.encoder_hidden_size[0]  # (K, B, 1) or (1, B, 1); H
        first = torch.cat([self.weights[0], self._unit(self.items)], dim=1) if s.linear_path else self.weights[0]
        clicked = RoutedClicks.apply(c, first, clicks, keep)  # (K, B, H), (K, B, H + D) with the linear path
        hidden = torch.addcmul(self.biases[0], clicked[..., :size], scale)
        layers, exact = list(zip(self.weights[1:], self.biases[1:], strict=True)), hidden.dtype
        if not self.training:
            layers[-1] = tuple(each[..., : s.embedding_size] for each in layers[-1])
            exact = torch.float64  # a part may be short before it is made one long, which makes rounding as much larger
        for weight, bias in layers:
            hidden = torch.tanh(hidden).to(exact) @ weight.to(exact) + bias.to(exact)
        if s.linear_path:
            linear = self.linear_gain * scale * clicked[..., size:]
            hidden = hidden + F.pad(linear, (0, hidden.shape[-1] - s.embedding_size))
        a, b = hidden.transpose(0, 1).split(s.embedding_size, dim=-1) if self.training else (hidden.transpose(0, 1), None)
        return F.normalize(a, dim=-1).to(c.dtype), b

    def loss(self, batch: csr_matrix, beta: float) -> dict[str, Tensor]:
        """Terms of the loss for binary rows (B, M), averaged over the B users: `loss` = `nll` + beta * `kl` + `reg`
        + label_weight * `labels` (see `supervision`).

        nll_u = -w_u sum_i x_ui log p(i | z_u), w_u = 1 unless there is a `person_power`;
        kl_u = sum_k 1/2 sum_d (b + exp(-b) - 1): mu drops out, as it has length one.
        """
        s = self.settings
        log_c = self.log_routing(sample=not s.nogb, dropped=s.routing_mass)  # (M, K)
        clicks = Clicks(batch, self.items.device)
        mu, b = self.encode(clicks, log_c)  # (B, K, D)
        noise = torch.randn(mu.shape, generator=self.generator).to(mu.device)
        z = mu + noise * s.std * torch.exp(-0.5 * b)  # (B, K, D)
        weight = self._weights_of(clicks)
        nll = MixtureNLL.apply(self._unit(z) * self.scale, self._unit(self.items), log_c, clicks, weight) / batch.shape[0]
        kl = 0.5 * (b + torch.exp(-b) - 1).sum(dim=(1, 2)).mean()
        terms = {"nll": nll, "kl": kl}
        total = nll + beta * kl
        if any(s.reg_weights):
            vectors, encoder = s.reg_weights
            terms["reg"] = (vectors * (self.items.norm() + self.prototypes.norm())
                            + encoder * sum(weight.norm() for weight in self.weights))
            total = total + terms["reg"]
        if s.label_weight and self.labels is not None:
            terms["labels"] = label_error(self.items, self.log_routing().exp(), self.labels)
            total = total + s.label_weight * terms["labels"]
        return {"loss": total, **terms}

    def _weights_of(self, clicks: Clicks) -> Tensor:
        """w (B,) of the people n_u clicks each: n_u^-person_power, times what leaves sum_u w_u n_u the batch's clicks."""
        count = clicks.count.clamp_min(1).to(self.items.dtype)
        weight = count ** -self.settings.person_power
        return weight * (count.sum() / (weight * count).sum())

    @torch.no_grad()
    def item_vectors(self) -> np.ndarray:
        """The item vectors as they are scored (M, D): of length one for cosine similarity."""
        return self._unit(self.items).cpu().numpy()

    @torch.no_grad()
    def routing(self) -> np.ndarray:
        """log c (M, K)."""
        return self.log_routing().cpu().numpy()

    @torch.no_grad()
    def factors(self) -> np.ndarray:
        """The factor of each item, argmax_k c_ik, (M,)."""
        return self.log_routing().argmax(dim=1).cpu().numpy()

    @torch.no_grad()
    def represent(self, batch: csr_matrix) -> np.ndarray:
        """The user vectors mu (B, K, D), each part of length one, for binary rows (B, M)."""
        was, self.training = self.training, False
        mu, _ = self.encode(Clicks(batch, self.items.device), self.log_routing())
        self.training = was
        return mu.cpu().numpy()

    @torch.no_grad()
    def scores(self, batch: csr_matrix) -> np.ndarray:
        """log sum_k c_ik exp(score(z_uk, h_i)) for all items, (B, M): log p(i | z_u) up to a constant for each user."""
        z = self._unit(torch.as_tensor(self.represent(batch), device=self.items.device)) * self.scale  # (B, K, D)
        return log_mixture(z, self._unit(self.items), self.log_routing()).cpu().numpy()
