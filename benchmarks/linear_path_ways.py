"""Other ways to have a linear path, or another path, beside the mixture: what linear_path.py compares."""

import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.data.split import Split
from macrid.model.kernels import Clicks
from macrid.model.linear import EDLAE
from macrid.model.linear_path import LinearPath, strongest
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import Settings
from macrid.training.fit import fit
from macrid.training.start import start_vectors

KEPT, FOLDS, DROPPED = 100, 5, 0.5


class InfiniteKernel:
    """Infinite-AE (Sachdeva et al., NeurIPS 2022): ridge regression of the rows with the neural tangent kernel of an
    infinitely wide autoencoder with one hidden ReLU layer; the ridge is `ridge` times the mean of the kernel's diagonal."""

    def __init__(self, clicks: csr_matrix, ridge: float) -> None:
        self.clicks, gram = clicks, _tangent(clicks, clicks)  # (U, U)
        gram[np.diag_indices_from(gram)] += ridge * np.trace(gram) / len(gram)
        self.dual = np.linalg.solve(gram, clicks.toarray().astype(np.float64))  # (U, M)

    def scores(self, batch: csr_matrix) -> np.ndarray:
        return (_tangent(batch, self.clicks) @ self.dual).astype(np.float32)  # (B, M)


def _tangent(a: csr_matrix, b: csr_matrix) -> np.ndarray:
    """The kernel (A, B): |x| |y| (kappa_1(r) + r kappa_0(r)), r the cosine of x and y."""
    lengths, others = np.sqrt(np.diff(a.indptr))[:, None], np.sqrt(np.diff(b.indptr))[None]
    r = np.clip((a @ b.T).toarray() / np.maximum(lengths * others, 1e-9), -1, 1)
    angle = np.pi - np.arccos(r)
    return lengths * others * (r * angle + np.sqrt(1 - r**2) + r * angle) / np.pi


def whole(clicks: csr_matrix, regularisation: float = 300.0, dropout: float = 0.5) -> np.ndarray:
    """B (M, M) of EDLAE, every entry."""
    return EDLAE(clicks, regularisation, dropout).weights


def kept(weights: np.ndarray) -> csr_matrix:
    return strongest(weights, KEPT)


class Beside(MacridVAE):
    """A model whose loss has the path in it: p(i | u) proportional to mixture * exp(w (x~_u B)_i), x~ the clicks of which
    half are dropped, scaled. paths: B of each fold of the people; fold_of: the fold of a row, by its clicks."""

    paths: list[csr_matrix]
    fold_of: dict[bytes, int]
    weight: float

    def loss(self, batch: csr_matrix, beta: float) -> dict[str, Tensor]:
        s = self.settings
        items = self._unit(self.items)
        log_c = self.log_routing(sample=not s.nogb, dropped=s.routing_mass, items=items)  # (M, K)
        clicks = Clicks(batch, self.items.device)
        mu, b = self.encode(clicks, log_c.exp(), self.training, (items, self.weights[0]))  # (B, K, D)
        z = self._unit(mu + torch.randn(mu.shape, generator=self.generator) * s.std * torch.exp(-0.5 * b))
        mixture = torch.logsumexp(self.scale * (z @ items.T) + log_c.T, dim=1)  # (B, M)
        log_p = F.log_softmax(mixture + torch.as_tensor(self.linear_part(batch)), dim=1)
        x = torch.as_tensor(batch.toarray())
        nll = -(self._weights_of(clicks.count)[:, None] * x * log_p).sum() / batch.shape[0]
        kl = 0.5 * (b + torch.exp(-b) - 1).sum(dim=(1, 2)).mean()
        return {"loss": nll + beta * kl, "nll": nll, "kl": kl}

    def linear_part(self, batch: csr_matrix) -> np.ndarray:
        keep = self._uniform(batch.nnz).numpy() >= DROPPED
        dropped = csr_matrix((keep * batch.data / (1 - DROPPED), batch.indices, batch.indptr), batch.shape)
        fold = np.array([self.fold_of[batch.indices[a:b].tobytes()]
                         for a, b in zip(batch.indptr[:-1], batch.indptr[1:], strict=True)])
        out = np.zeros(batch.shape, np.float32)
        for each in np.unique(fold):
            out[fold == each] = (dropped[fold == each] @ self.paths[each]).toarray()
        return self.weight * out


def beside(split: Split, settings: Settings, seed: int, weight: float, path: csr_matrix, crossed: bool) -> MacridVAE:
    """A model that is trained beside its path; crossed: what the loss sees of a fold of people is of the others' clicks."""
    train = split.train
    model = Beside(train.shape[1], settings, seed, start_vectors(train, settings, seed))
    fold = np.random.default_rng(0).permutation(train.shape[0]) % (FOLDS if crossed else 1)
    model.paths = [kept(whole(train[fold != each])) for each in range(FOLDS)] if crossed else [path]
    model.fold_of = {train.indices[a:b].tobytes(): int(each)
                     for a, b, each in zip(train.indptr[:-1], train.indptr[1:], fold, strict=True)}
    nothing = np.zeros(train.shape[1], np.float32)
    model.weight, model.linear = weight, LinearPath(path, weight, nothing)  # an epoch is ranked with the path, too
    fit(model, split, seed)
    return model


def refined(model: MacridVAE, train: csr_matrix, path: csr_matrix, rate: float,
            epochs: tuple[int, ...]) -> dict[int, csr_matrix]:
    """w B after so many epochs of Adam on its kept entries, from w B of EDLAE (`path`): the loss is that of the people's
    clicks, half of which are dropped before both the mixture and B see them."""
    rng = np.random.default_rng(0)
    mask = torch.as_tensor(path.toarray() != 0)
    weights = torch.tensor(path.toarray(), requires_grad=True)  # (M, M)
    optimiser, found = torch.optim.Adam([weights], lr=rate), {}
    for epoch in range(1, max(epochs) + 1):
        order = rng.permutation(train.shape[0])
        for begin in range(0, len(order), 100):
            x = train[order[begin : begin + 100]]
            keep = rng.random(x.nnz) >= DROPPED
            shown = csr_matrix((x.data * keep, x.indices, x.indptr), x.shape)
            mixture = torch.as_tensor(model.mixture(shown))
            log_p = F.log_softmax(mixture + torch.as_tensor(shown.toarray()) @ (weights * mask), dim=1)
            loss = -(torch.as_tensor(x.toarray()) * log_p).sum() / x.nnz
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        if epoch in epochs:
            found[epoch] = csr_matrix((weights * mask).detach().numpy())
    return found
