"""Training with annealing and early stopping, and evaluation. Knows the recommenders' contract, not the models."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel

from macrid.data.split import Split
from macrid.errors import InputError
from macrid.measures import statistics
from macrid.measures.evaluate import _validation_ndcg

from . import checkpoint

TRAINED_AT_ONCE = 512  # people: the memory that a batch takes, and a processor's cache, hold no more
KEPT_EVERY = 120.0  # seconds: no more of an epoch is lost when a training is stopped


def beta_at(step: int, anneal_cap: float, total_anneal_steps: int) -> float:
    """The weight of the KL term at a step, counted from 0: it grows linearly and stops at `anneal_cap`."""
    return anneal_cap if step >= anneal_cap * total_anneal_steps else step / total_anneal_steps


class Stopped(Exception):
    """Raised by `on_epoch` to stop a training; its checkpoint stays."""


def fit(model, split: Split, seed: int = 0, on_epoch: Callable[[dict], None] | None = None,
        checkpoint_to: Path | None = None, on_step: Callable[[int, float], None] | None = None) -> list[dict]:
    """Train `model` in place and leave it with the weights of its best epoch by validation NDCG@100.

    model: has `settings`, `loss(batch, beta) -> terms`, `scores(batch)`, `generator`, and is a torch module. With a
        `weight_averaging` above 0 in its settings, what is ranked with and kept is the running mean of its weights,
        mean <- a mean + (1 - a) weights with a = min(weight_averaging, (1 + n) / (10 + n)) after n steps (Polyak and
        Juditsky, 1992; the small a of the first steps forget the random start).
    on_epoch: called after every epoch with its row of the history: epoch, step, beta, the terms of the loss, ndcg@100 and
        its standard error, best (the best epoch so far), seconds.
    checkpoint_to: a folder; the state is written there after every epoch, and within one every KEPT_EVERY seconds; a
        training found there is continued, with the same numbers as if it had not been stopped.
    on_step: called after every batch with the epoch and the share of its people that are done.

    Returns the history, one row an epoch.
    """
    s = model.settings
    steps_an_epoch = -(-split.train.shape[0] // s.train_batch_size)
    anneal = 5 * steps_an_epoch if s.total_anneal_steps is None else s.total_anneal_steps
    optimiser = torch.optim.Adam(model.parameters(), lr=s.learning_rate, fused=True)
    history: list[dict] = []
    decay = getattr(s, "weight_averaging", 0.0)
    mean = AveragedModel(model, avg_fn=_running_mean(decay)) if decay else None
    ranked = mean.module if mean else model
    best = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    found = checkpoint.load(checkpoint_to) if checkpoint_to else None
    begun: dict = {}  # what an epoch that was stopped within had done
    if found:
        try:
            history, best, begun = _restore(model, mean, optimiser, *found)
        except (KeyError, RuntimeError, ValueError) as error:
            raise InputError(f"{checkpoint_to / checkpoint.FILE} holds another model; delete {checkpoint_to} and train "
                             "again without --resume") from error
    while len(history) < s.epochs and not _is_over(history, s.stopping_step):
        epoch, started, kept = len(history) + 1, time.perf_counter() - begun.get("seconds", 0.0), time.perf_counter()

        def after_step(done: dict, epoch=epoch, started=started, best=best) -> None:
            nonlocal kept
            now = time.perf_counter()
            if checkpoint_to and now - kept >= KEPT_EVERY:
                _keep(checkpoint_to, model, mean, optimiser, best, history, done | {"seconds": now - started})
                kept = now
            if on_step:
                on_step(epoch, done["people"] / split.train.shape[0])

        row = {"epoch": epoch} | _train_epoch(model, mean, optimiser, split.train, s, anneal, seed, epoch, steps_an_epoch,
                                              begun, after_step)
        begun = {}
        row["ndcg@100"], row["ndcg@100_se"] = statistics.mean_and_error(_validation_ndcg(ranked, split.validation))
        row["best"] = epoch if not history or row["ndcg@100"] > history[history[-1]["best"] - 1]["ndcg@100"] \
            else history[-1]["best"]
        row["seconds"] = round(time.perf_counter() - started, 3)
        history.append(row)
        if row["best"] == epoch:
            best = {name: tensor.clone() for name, tensor in ranked.state_dict().items()}
        if checkpoint_to:
            _keep(checkpoint_to, model, mean, optimiser, best, history, {})
        if on_epoch:
            on_epoch(row)
    model.load_state_dict(best)
    model.eval()
    return history


def _is_over(history: list[dict], stopping_step: int) -> bool:
    return bool(history) and history[-1]["epoch"] - history[-1]["best"] >= stopping_step


def _running_mean(decay: float) -> Callable:
    def mean(old, new, n):
        return torch.lerp(new, old, min(decay, (1 + int(n)) / (10 + int(n))))

    return mean


def _train_epoch(model, mean, optimiser, clicks, s, anneal, seed, epoch, steps_an_epoch, begun=None,
                 after_step=None) -> dict:
    """begun: how far this epoch was when it was stopped, as after_step is told after every step: {"people", "sums"}."""
    begun = begun or {}
    model.train()
    order = np.random.default_rng([seed, epoch]).permutation(clicks.shape[0])
    sums: dict[str, float] = dict(begun.get("sums", {}))
    first_person = begun.get("people", 0)
    step = (epoch - 1) * steps_an_epoch + first_person // s.train_batch_size
    for start in range(first_person, len(order), s.train_batch_size):
        batch = order[start : start + s.train_batch_size]
        beta = beta_at(step, s.anneal_cap, anneal)
        optimiser.zero_grad(set_to_none=True)
        for first in range(0, len(batch), TRAINED_AT_ONCE):  # parts of a batch, with draws of their own; gradients add up
            part = clicks[batch[first : first + TRAINED_AT_ONCE]]
            terms = model.loss(part, beta)
            (terms["loss"] * (part.shape[0] / len(batch))).backward()
            for name, value in terms.items():
                sums[name] = sums.get(name, 0.0) + value.item() * part.shape[0]
        optimiser.step()
        if mean:
            mean.update_parameters(model)
        step += 1
        if after_step:
            after_step({"people": min(start + s.train_batch_size, len(order)), "sums": sums})
    if not np.isfinite(sums["loss"]) or not all(torch.isfinite(p).all() for p in model.parameters()):
        raise FloatingPointError(f"the loss or a weight is not finite in epoch {epoch}; lower learning_rate or raise tau")
    return {"step": step, "beta": beta} | {name: total / len(order) for name, total in sums.items()}


def _keep(folder: Path, model, mean, optimiser, best, history, begun) -> None:
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    if mean:
        tensors |= {f"mean.{name}": tensor for name, tensor in mean.state_dict().items()}
    tensors |= {f"best.{name}": tensor for name, tensor in best.items()}
    tensors["generator"] = model.generator.get_state()
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{name}": torch.as_tensor(value) for name, value in state.items()}
    checkpoint.save(folder, tensors, {"history": history, "begun": begun})


def _restore(model, mean, optimiser, tensors, state) -> tuple[list[dict], dict, dict]:
    def under(prefix):
        return {name[len(prefix):]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}

    model.load_state_dict(under("model."))
    if mean:
        mean.load_state_dict(under("mean."))
    model.generator.set_state(tensors["generator"])
    adam: dict[int, dict] = {}
    for name, tensor in under("adam.").items():
        index, key = name.split(".", 1)
        adam.setdefault(int(index), {})[key] = tensor
    optimiser.load_state_dict({"state": adam, "param_groups": optimiser.state_dict()["param_groups"]})
    return state["history"], under("best."), state.get("begun", {})
