"""A TopK sparse autoencoder between the encoder and the decoder of a recommender, and steering by its neurons ("From Knots
to Knobs", arXiv 2601.11182; TopK: Gao et al., 2024, "Scaling and evaluating sparse autoencoders").

A dense code z (d,), standardised within itself, becomes e = the k largest of relu((z - b) U + c), and z again by e V + b,
the rows of V of length one. A tag has the neurons that items with it excite most. Towards it, of all that is active a share
alpha moves to its neurons, in equal parts: e' = (1 - alpha) e + alpha |e|_1 / |N| on the neurons N.
"""

from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix, identity
from torch import Tensor

from macrid.model.multvae import Autoencoder

from .protocol import Scores

BATCH, LEARNING_RATE = 128, 1e-3
KEPT, PASSES = 0.8, 4  # an epoch goes so often over the codes of that share of people's clicks, drawn anew


class Coder(Protocol):
    """A recommender with a dense code in its middle."""

    def encode(self, clicks: csr_matrix) -> np.ndarray:
        """(B, M) -> (B, d)."""
        ...

    def decode(self, code: np.ndarray) -> np.ndarray:
        """(B, d) -> scores (B, M)."""
        ...


class DenseCode:
    """Mult-VAE, whose code is the mean of z."""

    def __init__(self, model: Autoencoder) -> None:
        self.model = model

    @torch.no_grad()
    def encode(self, clicks: csr_matrix) -> np.ndarray:
        return self.model.encode(clicks)[0].numpy()

    @torch.no_grad()
    def decode(self, code: np.ndarray) -> np.ndarray:
        return self.model.decode(torch.from_numpy(code)).numpy()


class SparseAutoencoder:
    """width: W neurons, of which the `active` strongest stay. Trained on the codes that `base` gives the training people, by
    the cosine between a code and what comes back, and l1 times the activity."""

    def __init__(self, base: Coder, dims: int, width: int, active: int, l1: float = 0.0, seed: int = 0) -> None:
        self.base, self.active, self.l1 = base, min(active, width), l1
        self.generator = torch.Generator().manual_seed(seed)
        decoder = F.normalize(torch.randn(width, dims, generator=self.generator), dim=1)
        self.weights = {"encoder": decoder.T.clone(), "decoder": decoder, "bias": torch.zeros(width),
                        "centre": torch.zeros(dims)}
        for weight in self.weights.values():
            weight.requires_grad_()
        self.optimiser = torch.optim.Adam(self.weights.values(), lr=LEARNING_RATE)

    def _standard(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, spread = z.mean(dim=1, keepdim=True), z.std(dim=1, keepdim=True) + 1e-7
        return (z - mean) / spread, mean, spread

    def sparse(self, z: Tensor) -> Tensor:
        """Activities (B, W) of codes (B, d)."""
        w = self.weights
        excited = torch.relu((self._standard(z)[0] - w["centre"]) @ w["encoder"] + w["bias"])
        top = excited.topk(self.active, dim=1)
        return torch.zeros_like(excited).scatter(1, top.indices, top.values)

    def dense(self, e: Tensor, like: Tensor) -> Tensor:
        """Codes (B, d) of activities (B, W), with the mean and deviation of the codes `like` (B, d)."""
        _, mean, spread = self._standard(like)
        return (e @ F.normalize(self.weights["decoder"], dim=1) + self.weights["centre"]) * spread + mean

    def _loss(self, z: Tensor) -> Tensor:
        e = self.sparse(z)
        return (1 - F.cosine_similarity(self.dense(e, z), z, dim=1)).mean() + self.l1 * e.sum(dim=1).mean()

    def epoch(self, clicks: csr_matrix) -> None:
        kept = clicks.copy()
        kept.data = kept.data * (torch.rand(kept.nnz, generator=self.generator).numpy() < KEPT)
        codes = torch.from_numpy(self.base.encode(kept))
        for _ in range(PASSES):
            for rows in torch.randperm(len(codes), generator=self.generator).split(BATCH):
                loss = self._loss(codes[rows])
                self.optimiser.zero_grad()
                loss.backward()
                self.optimiser.step()

    @torch.no_grad()
    def likeness(self, clicks: csr_matrix) -> float:
        """What training should raise: the loss on people with rows (B, M), negative."""
        return -float(self._loss(torch.from_numpy(self.base.encode(clicks))))

    def state(self) -> dict[str, Tensor]:
        return {name: weight.detach().clone() for name, weight in self.weights.items()}

    def restore(self, state: dict[str, Tensor]) -> None:
        for name, weight in self.weights.items():
            weight.data = state[name]

    @torch.no_grad()
    def of_items(self, n_items: int) -> np.ndarray:
        """What each item alone excites (M, W)."""
        alone = identity(n_items, np.float32, "csr")
        return np.vstack([self.sparse(torch.from_numpy(self.base.encode(alone[i:i + 1024]))).numpy()
                          for i in range(0, n_items, 1024)])


class Reconstructed:
    """A recommender whose codes went through a sparse autoencoder."""

    def __init__(self, sparse: SparseAutoencoder) -> None:
        self.sparse = sparse

    @torch.no_grad()
    def scores(self, clicks: csr_matrix) -> np.ndarray:
        """(B, M) of binary rows (B, M)."""
        z = torch.from_numpy(self.sparse.base.encode(clicks))
        return self.sparse.base.decode(self.sparse.dense(self.sparse.sparse(z), z).numpy())


def neurons_by_tfidf(excited: np.ndarray, borne: np.ndarray) -> np.ndarray:
    """How much each neuron stands for each tag, (A, W): tags are documents and neurons their words. A word's count is what
    the tag's items excite of it, its frequency that over the tag's whole count, and log((A + 1) / (tags it occurs in + 1))
    + 1 makes less of words that all tags have. excited (M, W), borne (A, M)."""
    count = borne.astype(np.float64) @ excited
    frequency = count / np.maximum(count.sum(axis=1, keepdims=True), 1e-12)
    return frequency * (np.log((len(borne) + 1) / ((count > 0).sum(axis=0) + 1)) + 1)


def neurons_by_correlation(excited: np.ndarray, borne: np.ndarray) -> np.ndarray:
    """The same by the correlation over items between what they excite and whether they bear the tag, (A, W)."""
    x, y = excited - excited.mean(axis=0), borne - borne.mean(axis=1, keepdims=True)
    size = np.sqrt((x**2).sum(axis=0))[None] * np.sqrt((y**2).sum(axis=1))[:, None]
    return y @ x / np.maximum(size, 1e-12)


BY = {"tfidf": neurons_by_tfidf, "correlation": neurons_by_correlation}


class Knobs:
    """Steering by the `count` neurons that stand most for a tag, by how much they do (A, W). error: what the sparse code
    leaves out of a person's dense one is added again, so that an unsteered list is the recommender's own."""

    def __init__(self, sparse: SparseAutoencoder, standing: np.ndarray, count: int, error: bool) -> None:
        self.sparse, self.error = sparse, error
        self.neurons = np.argsort(-standing, axis=1, kind="stable")[:, :count]  # (A, N)

    @torch.no_grad()
    def steer(self, clicks: csr_matrix, tag: np.ndarray) -> Scores:
        z = torch.from_numpy(self.sparse.base.encode(clicks))
        e = self.sparse.sparse(z)  # (P, W)
        mine = torch.zeros_like(e).scatter(1, torch.from_numpy(self.neurons[tag]), 1.0)  # (P, W)
        rest = z - self.sparse.dense(e, z) if self.error else torch.zeros_like(z)
        total = e.sum(dim=1, keepdim=True)

        @torch.no_grad()
        def scores(strength: float) -> np.ndarray:
            if strength >= 0:
                turned = (1 - strength) * e + strength * total * mine / mine.sum(dim=1, keepdim=True)
            else:  # their activity goes to the others
                turned = e * (1 + strength * mine)
                turned = turned * total / turned.sum(dim=1, keepdim=True).clamp_min(1e-9)
            return self.sparse.base.decode((self.sparse.dense(turned, z) + rest).numpy())

        return scores
