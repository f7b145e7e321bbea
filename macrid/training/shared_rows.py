"""The items of a model shared out to several workers: each holds every count-th row of the items' tables and of all that
training keeps of them, which falls as 1 / workers.

The worker with the rows i = index, index + count, ... computes with the clicks on these items, everybody's. What is summed
over items is added up three times a step: what the encoder's first layer sums up over the clicked items, the normaliser of
the softmax, and, on the way back, the gradient of z. (PartialFC, An et al., CVPR 2022, shares out a softmax over faces this
way.) What is of people alone, such as the encoder's further layers, each worker does for its share of them.

B people in a batch, M items, m of them here.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor
from torch.autograd.function import FunctionCtx

from macrid.data.split import HeldOut
from macrid.errors import InputError
from macrid.measures.contract import Scorer
from macrid.measures.evaluate import people_at_once
from macrid.measures.ranking import are_answers, ndcg_at, top_k
from macrid.model.item_rows import ALL_HERE, OF_ITEMS, Here, ItemRows
from macrid.model.macridvae import MacridVAE

from .workers import Workers

ROWS_AT_ONCE = 1 << 14  # rows of a table that are drawn, or sent, together; a multiple of 16
BEST = 100  # items of a list that is measured


def rows_for(workers: Workers, n_items: int) -> ItemRows:
    """The rows that a worker is to hold of a model of so many items; InputError where some workers would have none."""
    if workers.by_items and n_items < workers.count:
        raise InputError(f"there are {n_items} items and {workers.count} processes to share them out to; start fewer")
    return SharedRows(workers, n_items) if workers.by_items and workers.count > 1 else ALL_HERE


class SharedRows(ItemRows):
    """Every count-th row, from the worker's index on."""

    are_all = False

    def __init__(self, workers: Workers, n_items: int) -> None:
        self.workers, self.n_items = workers, n_items
        self.here = slice(workers.index, None, workers.count)
        self.most = -(-n_items // workers.count)  # rows that a worker has

    def made(self, make: Callable[[int], Tensor], n_items: int) -> Tensor:
        # Normal numbers are drawn 16 at a time, so that parts of as many come out as the whole does.
        ends = [*range(ROWS_AT_ONCE, n_items - 15, ROWS_AT_ONCE), n_items]
        return torch.cat([self.own(make(end - first), torch.arange(first, end))
                          for first, end in zip([0, *ends], ends, strict=False)])

    def own(self, table: Tensor, items: Tensor | None = None) -> Tensor:
        return table[self.here] if items is None else table[self._are_here(items)]

    def _are_here(self, items: Tensor) -> Tensor:
        return items % self.workers.count == self.workers.index

    def _placed(self, items: Tensor) -> Tensor:
        """Where items that are here stand."""
        return items // self.workers.count

    def of_draw(self, items: Tensor, log_weight: Tensor) -> tuple[Tensor, Tensor]:
        here = self._are_here(items)
        return self._placed(items[here]), log_weight[here]

    def of_batch(self, batch: csr_matrix, share: slice = slice(None)) -> Here:
        among = np.flatnonzero(batch.indices % self.workers.count == self.workers.index)
        own = csr_matrix((batch.data[among], batch.indices[among] // self.workers.count,
                          np.searchsorted(among, batch.indptr)), shape=(batch.shape[0], self.most))
        return Here(own, slice(None), among, np.diff(batch.indptr))

    def summed(self, *of_clicks: Tensor) -> tuple[Tensor, ...]:
        return _Summed.apply(self.workers, *of_clicks)

    def joined(self, of_people: Tensor, people: int) -> Tensor:
        return _Joined.apply(self.workers, of_people, people)

    def highest(self, values: Tensor) -> Tensor:
        return self.workers.highest(values)

    def total(self, values: Tensor) -> Tensor:
        return _added_up(self.workers, values)

    def picked(self, table: Tensor, items: Tensor, sparse: bool = False) -> Tensor:
        here = self._are_here(items)
        own = F.embedding(self._placed(items[here]), table, sparse=sparse)
        return _Total.apply(self.workers, own.new_zeros(len(items), table.shape[1]).index_put((here,), own))

    def norm(self, table: Tensor) -> Tensor:
        return _Total.apply(self.workers, table.square().sum()).sqrt()

    def whole(self, table: Tensor) -> Tensor:
        whole = table.new_empty(self.n_items, *table.shape[1:])
        self._fill(whole, table, self.workers.gathered)
        return whole

    def with_the_first(self, table: Tensor, whole: Tensor) -> None:
        """Make `whole` the whole of a table, with the first worker; with the others it stays as it is."""
        self._fill(whole, table, self.workers.to_the_first)

    @contextmanager
    def on_disk(self, tensors: dict[str, Tensor], tables: set[str], folder: Path) -> Iterator[dict[str, Tensor]]:
        """Tensors of which some are tables, with these whole, with the first worker: on the disk of the folder, for as long
        as this lasts, so that they take no memory."""
        if not self.workers.is_first:
            for name in sorted(tables):
                self.with_the_first(tensors[name], tensors[name][:0])
            yield tensors
            return
        folder.mkdir(parents=True, exist_ok=True)
        whole = dict(tensors)
        with TemporaryDirectory(dir=folder, prefix=".tables") as place:  # what is mapped outlasts its name
            for number, name in enumerate(sorted(tables)):
                shape, dtype = (self.n_items, *tensors[name].shape[1:]), tensors[name].dtype
                whole[name] = torch.from_file(f"{place}/{number}", shared=True, size=prod(shape), dtype=dtype).view(shape)
        for name in sorted(tables):
            self.with_the_first(tensors[name], whole[name])
        yield whole

    def end(self, model: MacridVAE) -> None:
        """Make the first worker's model whole; those of the others stay as they are."""
        tensors = {name: tensor for name, tensor in model.state_dict(keep_vars=True).items() if name in OF_ITEMS}
        for tensor in tensors.values():
            whole = tensor.data.new_empty(self.n_items if self.workers.is_first else 0, *tensor.shape[1:])
            self.with_the_first(tensor.data, whole)
            if self.workers.is_first:
                tensor.data = whole
        if self.workers.is_first:
            model.rows = ALL_HERE

    def _fill(self, whole: Tensor, table: Tensor, send: Callable[[Tensor], list[Tensor]]) -> None:
        count = self.workers.count
        for start in range(0, self.most, ROWS_AT_ONCE):
            stop = min(start + ROWS_AT_ONCE, self.most)
            some = table[start:stop]
            if start + len(some) < stop:  # one row less than others have
                some = torch.cat([some, some.new_zeros(1, *some.shape[1:])])
            for index, rows in enumerate(send(some.contiguous())):
                place = whole[start * count + index : stop * count : count]
                place.copy_(rows[: len(place)])

    def ndcg(self, model: Scorer, held: HeldOut) -> np.ndarray:
        """NDCG@100 of every held-out person (n,), with a model that scores the items here: each worker's best are put
        together."""
        people, found = held.fold_in.shape[0], [np.zeros(0)]
        at_once = people_at_once(self.most)
        for start in range(0, people, at_once):
            some = slice(start, start + at_once)
            own = model.scores(held.fold_in[some])  # (b, m)
            scores = np.full((len(own), self.most), -np.inf, np.float32)
            scores[:, : own.shape[1]] = own
            seen = self.of_batch(held.seen[some]).clicks.tocoo()
            scores[seen.row, seen.col] = -np.inf
            answers = held.answers[some]
            found.append(ndcg_at(are_answers(self._best(scores), answers, BEST), np.diff(answers.indptr), BEST))
        return np.concatenate(found)

    def _best(self, scores: np.ndarray) -> np.ndarray:
        """The best items (b, BEST) of all, best first, with scores (b, m) of those here, minus infinity after the last."""
        top = top_k(scores, BEST)
        every_score, every_item = (
            torch.cat(self.workers.gathered(torch.as_tensor(each)), dim=1).numpy() for each in
            (np.take_along_axis(scores, top, axis=1), top * self.workers.count + self.workers.index))
        order = np.lexsort((every_item, -every_score), axis=1)[:, : min(BEST, self.n_items)]
        return np.take_along_axis(every_item, order, axis=1)


def _added_up(workers: Workers, tensor: Tensor) -> Tensor:
    """The sum of what every worker has, in a tensor of its own."""
    total = tensor.clone(memory_format=torch.contiguous_format)
    workers.add_up([total])
    return total


def _flat(of_people: Sequence[Tensor]) -> Tensor:
    """Tensors (k, B, n) as one, (B, all of k n)."""
    return torch.cat([each.transpose(0, 1).flatten(1) for each in of_people], dim=1)


def _parted(flat: Tensor, shapes: Sequence[tuple[int, int]]) -> Iterator[Tensor]:
    """What `_flat` has made one, of shapes (k, n)."""
    for part, (k, n) in zip(flat.split([k * n for k, n in shapes], dim=1), shapes, strict=True):
        yield part.view(len(flat), k, n).transpose(0, 1)


class _Context(FunctionCtx):
    """What a function's `forward` leaves for its `backward`."""

    workers: Workers
    people: int
    shapes: list[tuple[int, int]]


class _Summed(torch.autograd.Function):
    """Tensors (k, B, n), added up over the workers, of each worker's share of the people (k, b, n)."""

    @staticmethod
    def forward(ctx: _Context, workers: Workers, *of_clicks: Tensor) -> tuple[Tensor, ...]:
        ctx.workers, ctx.people = workers, of_clicks[0].shape[1]
        ctx.shapes = [(each.shape[0], each.shape[2]) for each in of_clicks]
        flat = _flat(of_clicks)
        workers.add_up([flat])
        return tuple(_parted(flat[workers.share(ctx.people)], ctx.shapes))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: _Context, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return None, *_parted(ctx.workers.joined(_flat(grads), ctx.people), ctx.shapes)


class _Joined(torch.autograd.Function):
    """Each worker's share of so many people (b, ...), of all of them (B, ...)."""

    @staticmethod
    def forward(ctx: _Context, workers: Workers, of_people: Tensor, people: int) -> Tensor:
        ctx.workers = workers
        return workers.joined(of_people, people)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: _Context, grad: Tensor) -> tuple[None, Tensor, None]:
        return None, _added_up(ctx.workers, grad)[ctx.workers.share(len(grad))], None


class _Total(torch.autograd.Function):
    """The sum of what every worker has, with every worker."""

    @staticmethod
    def forward(ctx: _Context, workers: Workers, values: Tensor) -> Tensor:
        ctx.workers = workers
        return _added_up(workers, values)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: _Context, grad: Tensor) -> tuple[None, Tensor]:
        return None, _added_up(ctx.workers, grad)
