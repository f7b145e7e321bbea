"""Training with annealing and early stopping. Knows the recommenders' contract, not the models."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from macrid.data.split import HeldOut, Split
from macrid.errors import InputError
from macrid.measures import statistics
from macrid.measures.evaluate import validation_ndcg
from macrid.model.item_rows import OF_ITEMS
from macrid.model.macridvae import MacridVAE

from . import checkpoint, precisions
from .adam import Adam, rows_of
from .contract import Trainable, TrainingSettings
from .course import Course, Factors
from .repeatable import repeatable
from .running_mean import RunningMean
from .shared_rows import SharedRows
from .workers import ALONE, Workers

TRAINED_AT_ONCE = 512  # people: the memory that a batch takes, and a processor's cache, hold no more
STEPS, FEWEST, MOST = 40, 128, 500  # steps of an epoch, and people of one, where settings leave these open
KEPT_EVERY = 120.0  # seconds: no more of an epoch is lost when a training is stopped
KEEPING_SHARE = 20  # but a checkpoint is written no more often than takes a 20th of the time


def beta_at(step: int, anneal_cap: float, total_anneal_steps: int) -> float:
    """The weight of the KL term at a step, counted from 0: it grows linearly and stops at `anneal_cap`."""
    return anneal_cap if step >= anneal_cap * total_anneal_steps else step / total_anneal_steps


def batch_size(settings: TrainingSettings, people: int) -> int:
    """How many of the training people a step is for. Where people are few, small steps need fewer epochs; where they are
    many, large ones lose nothing and take less time."""
    return settings.train_batch_size or min(max(people // STEPS, FEWEST), MOST)


class Stopped(Exception):
    """Raised by `on_epoch` to stop a training; its checkpoint stays."""


def fit(model: Trainable, split: Split, seed: int = 0, on_epoch: Callable[[dict], None] | None = None,
        checkpoint_to: Path | None = None, on_step: Callable[[int, float], None] | None = None) -> list[dict]:
    """Train `model` in place and leave it with the weights of its best epoch by validation NDCG@100.

    model: with a `weight_averaging` above 0 in its settings, what is ranked with and kept is the mean of its weights so far,
        see `RunningMean`.
    on_epoch: called after every epoch with its row of the history: epoch, step, beta, the terms of the loss, ndcg@100 and
        its standard error, best (the best epoch so far), seconds.
    checkpoint_to: a folder; the state is written there after every epoch, and within one every KEPT_EVERY seconds; a
        training found there is continued, with the same numbers as if it had not been stopped.
    on_step: called after every batch with the epoch and the share of its people that are done.

    Returns the history, one row an epoch.
    """
    return run(Trainer(model, split.train, seed, checkpoint_to), split.validation, on_epoch, on_step)


def run(trainer: "Trainer", validation: HeldOut, on_epoch: Callable[[dict], None] | None = None,
        on_step: Callable[[int, float], None] | None = None) -> list[dict]:
    """What `fit` does, with a trainer that is there already."""
    trainer.resume()
    with repeatable(next(trainer.model.parameters()).device):
        while not trainer.is_over:
            row = trainer.epoch(validation, on_step)
            if on_epoch:
                on_epoch(row)
    trainer.end()
    return trainer.history


@dataclass
class Progress:
    """How far an epoch is: its people that are done, the sums of the loss's terms over them, and the seconds it took."""

    people: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


class Trainer:
    """A training under way: the model, its optimiser and the running mean of its weights, the history, the best weights so
    far, and how far the current epoch is. All of it goes into a checkpoint."""

    def __init__(self, model: Trainable, clicks: csr_matrix, seed: int = 0, folder: Path | None = None,
                 course: Course | None = None, workers: Workers = ALONE) -> None:
        """clicks: of the training people (U, M); folder: where checkpoints are kept, nowhere if None; course: where what
        becomes of the factors is noted, with its figures in the history, for a model that has factors; workers: that train
        together, each with a Trainer of the same model and clicks."""
        self.model, self.clicks, self.seed, self.folder, self.course = model, clicks, seed, folder, course
        self.workers = workers
        rows = getattr(model, "rows", None)
        self.shared = rows if isinstance(rows, SharedRows) else None  # where each worker holds some of the items
        if isinstance(model, MacridVAE):
            precisions.settle(model, workers)
        s = self.settings = model.settings
        self.optimiser = Adam(model.parameters(), s.learning_rate)
        self.mean = None
        if s.weight_averaging:  # the contract asks for what it uses of a module, and a module has all of that
            self.mean = RunningMean(cast(nn.Module, model), s.weight_averaging)
        self.ranked = cast(Trainable, self.mean.module) if self.mean else model
        self.history: list[dict] = []
        self.best = _copied(model.state_dict())
        self.progress = Progress()
        self.batch_size = batch_size(s, clicks.shape[0])
        self.steps_an_epoch = -(-clicks.shape[0] // self.batch_size)
        self._kept_at = 0.0  # when the last checkpoint was written, or this epoch began

    @property
    def is_over(self) -> bool:
        """Whether all epochs are done, or as many without a better one as stop a training."""
        if len(self.history) >= self.settings.epochs:
            return True
        return bool(self.history) and self.history[-1]["epoch"] - self.history[-1]["best"] >= self.settings.stopping_step

    def epoch(self, validation: HeldOut, on_step: Callable[[int, float], None] | None = None) -> dict:
        """Train one epoch, or what is left of it, rank for the validation people, and return the row of the history."""
        epoch, began = len(self.history) + 1, time.perf_counter() - self.progress.seconds
        self._kept_at, keeping = time.perf_counter(), 0.0

        def after_step() -> None:
            nonlocal keeping
            now = time.perf_counter()
            self.progress.seconds = now - began
            due = now - self._kept_at >= max(KEPT_EVERY, KEEPING_SHARE * keeping)
            if self.workers.first_says(due) if self.shared else due:
                self.keep()
                self._kept_at = time.perf_counter()
                keeping = self._kept_at - now
            if on_step:
                on_step(epoch, self.progress.people / self.clicks.shape[0])

        row = {"epoch": epoch} | self.train_epoch(epoch, after_step)
        if self.mean:
            self.mean.settle()
        row["ndcg@100"], row["ndcg@100_se"] = statistics.mean_and_error(self._ndcg(validation))
        best = self.history[self.history[-1]["best"] - 1] if self.history else None
        row["best"] = epoch if best is None or row["ndcg@100"] > best["ndcg@100"] else best["epoch"]
        if self.course:
            row |= self.course.note(epoch, cast(Factors, self.ranked))
        row["seconds"] = round(time.perf_counter() - began, 3)
        self.history.append(row)
        if row["best"] == epoch:
            self.best = _copied(self.ranked.state_dict())
        self.keep()
        return row

    def train_epoch(self, epoch: int, after_step: Callable[[], None] = lambda: None) -> dict:
        """Go once through the people, in this epoch's own order, from where `progress` is. Returns the number of steps so
        far, the last beta, and the means over people of the loss's terms. after_step: called once `progress` moved on."""
        self.model.train()
        people, size = self.clicks.shape[0], self.batch_size
        order = np.random.default_rng([self.seed, epoch]).permutation(people)
        first_step = (epoch - 1) * self.steps_an_epoch
        for start in range(self.progress.people, people, size):
            batch = order[start : start + size]
            self._step(batch, self._beta(first_step + start // size))
            self.progress.people = start + len(batch)
            after_step()
        sums, self.progress = self.progress.sums, Progress()
        finite = bool(np.isfinite(sums["loss"])) and all(bool(torch.isfinite(p).all()) for p in self.model.parameters())
        if not self.workers.agree(finite):
            raise FloatingPointError(f"the loss or a weight is not finite in epoch {epoch}; "
                                     "lower learning_rate or raise tau")
        steps = first_step + self.steps_an_epoch
        return {"step": steps, "beta": self._beta(steps - 1)} | {name: total / people for name, total in sums.items()}

    def _beta(self, step: int) -> float:
        total = self.settings.total_anneal_steps
        return beta_at(step, self.settings.anneal_cap, 5 * self.steps_an_epoch if total is None else total)

    def _step(self, batch: np.ndarray, beta: float) -> None:
        """One step of the optimiser for the people `batch`; what the terms of the loss are is added to the sums."""
        self.optimiser.zero_grad()
        sums: dict[str, float] = {}
        for first in range(0, len(batch), TRAINED_AT_ONCE):  # parts of a batch, with draws of their own; gradients add up
            part = self.clicks[batch[first : first + TRAINED_AT_ONCE]]
            terms = self._loss(part, beta)
            (terms["loss"] * (part.shape[0] / len(batch))).backward()
            for name, value in terms.items():
                sums[name] = sums.get(name, 0.0) + value.item() * part.shape[0]
        if self.workers.count > 1:
            self.workers.add_up([rows_of(p)[1] for name, p in cast(nn.Module, self.model).named_parameters()
                                 if p.grad is not None and not (self.shared and name in OF_ITEMS)])
            sums = dict(zip(sums, self.workers.added_up(list(sums.values())), strict=True))
        for name, total in sums.items():
            self.progress.sums[name] = self.progress.sums.get(name, 0.0) + total
        if self.mean:
            self.mean.before_step()
        self.optimiser.step()
        if self.mean:
            self.mean.after_step()

    def _loss(self, part: csr_matrix, beta: float) -> dict[str, Tensor]:
        """The terms of a part of a batch, or this worker's share of them."""
        if self.workers.count == 1:
            return self.model.loss(part, beta)
        return cast(MacridVAE, self.model).loss(part, beta, self.workers.share(part.shape[0]))

    def _ndcg(self, validation: HeldOut) -> np.ndarray:
        """NDCG@100 of every validation person (n,), each ranked for by one of the workers, or by all, some items each."""
        if self.workers.count == 1:
            return validation_ndcg(self.ranked, validation)
        if self.shared:
            return self.shared.ndcg(self.ranked, validation)
        ndcg, share = np.zeros(len(validation.user_ids)), self.workers.share(len(validation.user_ids))
        if share.start < share.stop:
            ndcg[share] = validation_ndcg(self.ranked, validation.some(share))
        return np.array(self.workers.added_up(ndcg.tolist()))

    def keep(self) -> None:
        """Write a checkpoint, if there is a folder for it; of several workers the first does."""
        if self.folder is None or not (self.workers.is_first or self.shared):
            return
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        if self.mean:
            tensors |= {f"mean.{name}": tensor for name, tensor in self.mean.state().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        tensors["generator"] = self.model.generator.get_state()
        for index, state in enumerate(self.optimiser.state):
            tensors |= {f"adam.{index}.{name}": tensor for name, tensor in state.items()}
        if self.course:
            tensors |= {f"course.{epoch}": torch.as_tensor(factor) for epoch, factor in self.course.factors.items()}
        begun = asdict(self.progress) if self.progress.people else {}
        with self._whole(tensors, self.folder) as whole:
            if self.workers.is_first:
                checkpoint.save(self.folder, whole, {"history": self.history, "begun": begun})

    def _whole(self, tensors: dict[str, Tensor], folder: Path) -> AbstractContextManager[dict[str, Tensor]]:
        """Tensors of a checkpoint with the rows of all items, with the first worker."""
        if not self.shared:
            return nullcontext(tensors)
        tables = {name for name, each in tensors.items() if self._is_of_items(name, each)}
        return self.shared.on_disk(tensors, tables, folder)

    def _is_of_items(self, name: str, tensor: Tensor) -> bool:
        """Whether a tensor of a checkpoint is a table with a row an item."""
        kind, _, of = name.partition(".")
        if kind == "adam":
            index, _, _ = of.partition(".")
            of = dict(enumerate(name for name, _ in cast(nn.Module, self.model).named_parameters())).get(int(index), "")
        return tensor.dim() > 0 and kind != "course" and of.removeprefix("module.").removeprefix("at.") in OF_ITEMS

    def end(self) -> None:
        """Leave the model with the best weights; where the items are shared out, the first worker's is whole then."""
        self.model.load_state_dict(self.best)
        self.model.eval()
        if self.shared:
            self.optimiser.state.clear()  # makes room
            self.mean, self.best, self.ranked = None, {}, self.model
            self.shared.end(cast(MacridVAE, self.model))

    def resume(self) -> None:
        """Go on from the checkpoint in the folder, if there is one; InputError if it is damaged or another model's, or if
        not all workers see the same."""
        kept = checkpoint.load(self.folder) if self.folder else None
        if kept is not None:
            self._restore_or_say(*kept)
        here = [len(self.history), self.progress.people]
        if self.workers.added_up(here) != [self.workers.count * each for each in here]:
            raise InputError(f"not all workers see the same checkpoint in {self.folder}; put --out into a folder that all "
                             "machines share")

    def _restore_or_say(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
        try:
            self._restore(tensors, state)
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise InputError(f"{self.folder}/{checkpoint.FILE} holds another model; delete {self.folder} and train again "
                             "without --resume") from error

    def _restore(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
        def under(prefix: str) -> dict[str, Tensor]:
            return {name[len(prefix):]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}

        if self.shared:
            tensors = {name: self.shared.own(tensor).clone() if self._is_of_items(name, tensor) else tensor
                       for name, tensor in tensors.items()}
        self.model.load_state_dict(under("model."))
        if self.mean:
            self.mean.restore(under("mean."))
        self.model.generator.set_state(tensors["generator"])
        adam: dict[int, dict[str, Tensor]] = {}
        for name, tensor in under("adam.").items():
            index, key = name.split(".", 1)
            adam.setdefault(int(index), {})[key] = tensor
        self.optimiser.restore(adam)
        if self.course:
            noted = under("course.")
            self.course.factors = {epoch: noted[str(epoch)].numpy() for epoch in sorted(map(int, noted))}
        self.history, self.best = state["history"], under("best.")
        self.progress = Progress(**state.get("begun", {}))


def _copied(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in weights.items()}
