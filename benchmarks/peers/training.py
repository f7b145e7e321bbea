"""Train a peer epoch by epoch and keep its best: by NDCG@20 of the validation people, or any figure that should be large."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
from safetensors.torch import load_file, save_file
from scipy.sparse import csr_matrix
from torch import Tensor

from macrid.data.split import HeldOut
from macrid.measures.contract import Scorer
from macrid.measures.ranking import hits, ndcg_at


class Trainee(Protocol):
    """Something that is trained by epochs."""

    def epoch(self, clicks: csr_matrix) -> None: ...

    def state(self) -> dict[str, Tensor]: ...

    def restore(self, state: dict[str, Tensor]) -> None: ...


def ndcg20(model: Scorer, held: HeldOut) -> float:
    """Mean NDCG@20 of held-out people."""
    scores = np.array(model.scores(held.fold_in), np.float64)
    scores[held.seen.toarray() > 0] = -np.inf
    counts = np.asarray(held.answers.sum(axis=1)).ravel().astype(int)
    return float(ndcg_at(hits(scores, held.answers, 20), counts, 20).mean())


def best_epoch(model: Trainee, clicks: csr_matrix, figure: Callable[[], float], epochs: tuple[int, int], kept: Path) -> None:
    """Train for at most epochs[0] and until epochs[1] of them in a row have brought no better figure; leaves the model with
    the weights of the best one, which are written to the file `kept`, or come from there if they were."""
    if not kept.is_file():
        best, state, since = -np.inf, model.state(), 0
        for _ in range(epochs[0]):
            model.epoch(clicks)
            now, since = figure(), since + 1
            if now > best:
                best, state, since = now, model.state(), 0
            if since >= epochs[1]:
                break
        kept.parent.mkdir(parents=True, exist_ok=True)
        save_file({name: weight.contiguous() for name, weight in state.items()}, beside(kept))
        beside(kept).replace(kept)
    model.restore(load_file(kept))


def beside(path: Path) -> Path:
    return path.with_name(path.name + ".new")
