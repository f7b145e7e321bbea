"""ELSA (Vančura, Alves, Kasalický and Kordík, "Scalable Linear Shallow Autoencoder for Collaborative Filtering", RecSys
2022).

Items have vectors of length one, the rows of A (M, d). A person x (M,) is encoded as x A and scored x A A' - x. The loss is
the squared distance between the predicted row (negative parts cut) and the true one, both of length one.
"""

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor

BATCH = 128


class ELSA:
    """dims: d. Trained by Adam until validation stops getting better; see `training.best_epoch`."""

    def __init__(self, n_items: int, dims: int, learning_rate: float = 3e-3, seed: int = 0) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.vectors = torch.randn(n_items, dims, generator=self.generator).requires_grad_()
        self.optimiser = torch.optim.Adam([self.vectors], lr=learning_rate)

    def epoch(self, clicks: csr_matrix) -> None:
        order = torch.randperm(clicks.shape[0], generator=self.generator).numpy()
        for rows in np.split(order, range(BATCH, len(order), BATCH)):
            x = torch.from_numpy(clicks[rows].toarray())  # (B, M)
            a = F.normalize(self.vectors, dim=1)
            predicted = F.normalize(torch.relu(x @ a @ a.T - x), dim=1)
            loss = (predicted - F.normalize(x, dim=1)).square().sum(dim=1).mean()
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()

    def state(self) -> dict[str, Tensor]:
        return {"vectors": self.vectors.detach().clone()}

    def restore(self, state: dict[str, Tensor]) -> None:
        self.vectors.data = state["vectors"]

    @torch.no_grad()
    def encode(self, clicks: csr_matrix) -> np.ndarray:
        """Codes (B, d) of binary rows (B, M)."""
        return np.asarray(clicks @ F.normalize(self.vectors, dim=1).numpy())

    @torch.no_grad()
    def decode(self, code: np.ndarray) -> np.ndarray:
        """Scores (B, M) of codes (B, d), without the - x, which counts for seen items alone."""
        return code @ F.normalize(self.vectors, dim=1).numpy().T

    def scores(self, clicks: csr_matrix) -> np.ndarray:
        return self.decode(self.encode(clicks))
