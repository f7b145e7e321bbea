"""Several processes that train one model together: `torchrun --nproc-per-node N -m macrid train ...`, on a machine or more.

Every worker has the whole batch, makes the same random draws, and does its share; what the shares give is added up
(torch.distributed: gloo on processors, NCCL on GPUs). Either people are shared out, and every worker has the whole model, or
items, see `shared_rows`. So a batch and a seed give the same training, but for rounding, whatever the number of workers and
what is shared out; both may be others when a training goes on.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import timedelta
from typing import Self, TypeVar

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor

from macrid.errors import InputError

_T = TypeVar("_T")
SENT_ALONE = 200_000  # numbers that are sent where they lie; fewer are put together
PATIENCE = timedelta(hours=12)  # with a worker that is busy; one that died is known at once


class Workers:
    """Which of how many this process is: `index` of `count`. device: what they send lies on; by_items: items are shared
    out, not people."""

    def __init__(self, index: int = 0, count: int = 1, device: str = "cpu", by_items: bool = False) -> None:
        self.index, self.count, self.device, self.by_items = index, count, device, by_items

    @classmethod
    @contextmanager
    def of_torchrun(cls, device: str = "cpu", by_items: bool = False) -> Iterator[Self]:
        """The workers that torchrun has started, joined; this process alone where it has not. All but the first print
        nothing."""
        count = int(os.environ.get("WORLD_SIZE", "1"))
        if count == 1:
            yield cls()
            return
        if device == "cuda":  # each process of a machine has a GPU of its own
            torch.cuda.set_device(_gpu(int(os.environ["LOCAL_RANK"])))
        dist.init_process_group("nccl" if device == "cuda" else "gloo", timeout=PATIENCE)
        workers = cls(dist.get_rank(), count, device, by_items)
        try:
            with workers._quiet():
                yield workers
        finally:
            dist.destroy_process_group()

    @property
    def is_first(self) -> bool:
        """Whether this is the one that prints and writes."""
        return self.index == 0

    def share(self, count: int) -> slice:
        """Which of so many people, whom all workers hold in the same order, are this one's."""
        return slice(count * self.index // self.count, count * (self.index + 1) // self.count)

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor, of one shape with all workers, by the sum of theirs."""
        if self.count == 1:
            return
        small = []
        for tensor in tensors:
            if tensor.is_contiguous() and (len(tensors) == 1 or tensor.numel() >= SENT_ALONE):
                with self._in_touch():
                    dist.all_reduce(tensor)
            else:
                small.append(tensor)
        if not small:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in small])
        with self._in_touch():
            dist.all_reduce(flat)
        for tensor, total in zip(small, flat.split([tensor.numel() for tensor in small]), strict=True):
            tensor.copy_(total.view_as(tensor))

    def added_up(self, values: Sequence[float]) -> list[float]:
        """The sums of what each worker gives."""
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        self.add_up([total])
        return total.tolist()

    def agree(self, said: bool) -> bool:
        """Whether all say yes."""
        return self.added_up([float(said)]) == [self.count]

    def first_says(self, said: bool) -> bool:
        """Whether the first says yes."""
        return self.added_up([float(said and self.is_first)]) == [1.0]

    def highest(self, tensor: Tensor) -> Tensor:
        """The highest of what each worker has, element by element."""
        sent = tensor.to(self.device, copy=True)
        with self._in_touch():
            dist.all_reduce(sent, dist.ReduceOp.MAX)
        return sent.to(tensor.device)

    def gathered(self, tensor: Tensor) -> list[Tensor]:
        """What each worker has, of one shape."""
        sent = tensor.to(self.device)
        every = [torch.empty_like(sent) for _ in range(self.count)]
        with self._in_touch():
            dist.all_gather(every, sent)
        return [each.to(tensor.device) for each in every]

    def to_the_first(self, tensor: Tensor) -> list[Tensor]:
        """What each worker has, of one shape, with the first; with the others nothing."""
        sent = tensor.to(self.device)
        every = [torch.empty_like(sent) for _ in range(self.count)] if self.is_first else None
        with self._in_touch():
            dist.gather(sent, every)
        return [each.to(tensor.device) for each in every or []]

    def joined(self, tensor: Tensor, people: int) -> Tensor:
        """What there is of all of so many people (B, ...), of which each worker has its share (b, ...)."""
        most = -(-people // self.count)
        padded = F.pad(tensor, (0, 0) * (tensor.dim() - 1) + (0, most - len(tensor)))
        shares = (Workers(index, self.count).share(people) for index in range(self.count))
        return torch.cat([each[: share.stop - share.start]
                          for each, share in zip(self.gathered(padded), shares, strict=True)])

    def as_the_first(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor by that of the first worker."""
        if self.count > 1:
            with self._in_touch():
                for tensor in tensors:
                    sent = tensor.to(self.device)
                    dist.broadcast(sent, 0)
                    tensor.copy_(sent)

    def wait(self) -> None:
        """Go on when all have come so far."""
        self.added_up([0.0])

    def after_the_first(self, do: Callable[[], _T]) -> _T:
        """What `do` gives, which the first worker does before the others do."""
        if not self.is_first:
            self.wait()
        done = do()
        if self.is_first:
            self.wait()
        return done

    @contextmanager
    def _in_touch(self) -> Iterator[None]:
        """InputError where another worker is gone."""
        try:
            yield
        except RuntimeError as error:
            why = str(error).strip().splitlines()[-1]
            raise InputError(f"worker {self.index + 1} of {self.count} lost another one, and ends ({why}); why it ended is "
                             "said above; the same command with --resume goes on from the last checkpoint") from error

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        if self.is_first:
            yield
            return
        with open(os.devnull, "w", encoding="utf-8") as nothing, redirect_stdout(nothing), redirect_stderr(nothing):
            yield


def _gpu(process: int) -> int:
    """The GPU of a machine's process, counted from 0; InputError where there are fewer."""
    there = torch.cuda.device_count()
    if process >= there:
        raise InputError(f"--device cuda: process {process + 1} of this machine has no GPU, of which there are {there}; "
                         f"start {there} by --nproc-per-node, or train with --device cpu")
    return process


ALONE = Workers()
