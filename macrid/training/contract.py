"""What a recommender promises that is to be trained: all that `fit` knows of it."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from macrid.measures.contract import Scorer


class TrainingSettings(Protocol):
    """The settings that decide a training, under the names and with the meaning of `macrid.model.settings.Settings`."""

    @property
    def learning_rate(self) -> float: ...
    @property
    def train_batch_size(self) -> int | None: ...
    @property
    def epochs(self) -> int: ...
    @property
    def stopping_step(self) -> int: ...
    @property
    def anneal_cap(self) -> float: ...
    @property
    def total_anneal_steps(self) -> int | None: ...
    @property
    def weight_averaging(self) -> float: ...
    @property
    def sampled_items(self) -> int | None: ...


@runtime_checkable
class Trainable(Scorer, Protocol):
    """A Scorer that is a torch module with settings, a random generator of its own, and a loss."""

    generator: torch.Generator  # of all its random draws: its state is kept with a checkpoint

    @property
    def settings(self) -> TrainingSettings:
        """What decides its training."""
        ...

    def loss(self, batch: csr_matrix, beta: float) -> dict[str, Tensor]:
        """Terms for binary rows (B, M), scalars averaged over the B users: `loss`, which is minimised, and what it consists
        of. beta: the weight of the KL term, if there is one."""
        ...

    # One that several workers train together takes a share of the batch's people, too: loss(batch, beta, share), terms that
    # add up over the shares. One whose items can be shared out says in `rows` which are here (see `shared_rows`).

    def parameters(self) -> Iterator[nn.Parameter]:
        """As of torch.nn.Module; so are the others."""
        ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> object: ...

    def train(self) -> object: ...

    def eval(self) -> object: ...
