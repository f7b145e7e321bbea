"""The two products that nearly all of a training step is spent in, each with its gradient written out.

Shapes: B users in a batch, M items, K factors, D dimensions of a factor, H hidden units, E clicks in a batch. Neither builds
anything of size B x K x M: the first layer is computed from the clicks alone, the decoder some people at a time, loss and
gradient together, so that nothing is kept for a backward pass. Both leave out what c says is 0: an item costs nothing in the
factors that it has no share in.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor
from torch.autograd.function import FunctionCtx

from .by_person import products, some_people, spread
from .item_rows import ALL_HERE, Here, ItemRows

AT_ONCE = 2_000_000  # numbers that the decoder holds: about what a processor's cache does
CLICKED_AT_ONCE = 1_000_000  # numbers of the first layer's rows that are gathered together
LEAST_AT_ONCE = 8  # people that it takes together all the same
TILED_AT_ONCE = 64  # people that are scored together where there are too many items for that
TOGETHER = 4  # times as many numbers are taken at once by workers that share the items: after each time all wait for all
ON_A_GPU = 64  # times as many numbers are taken at once there: every piece of work waits for the one before
BOUND = 40.0  # scores within +- this can be exponentiated in float32 as they are


class Clicks:
    """The clicks of a batch, binary rows (B, M).

    item (E,), user (E,): who clicked what, by user; count, begin (B,): how many clicks each user has and where they begin;
    indptr (B + 1,): the same with the end, an array. Where they are those of some of the batch's people, or on some items,
    `among` says which of its clicks they are, `batch_count` how many clicks each person of the whole batch has, `total` (B,)
    how many each of these has.
    """

    def __init__(self, batch: csr_matrix | Here, device: torch.device | None = None) -> None:
        def tensor(array: np.ndarray) -> Tensor:
            return torch.as_tensor(array, dtype=torch.long, device=device)

        here = batch if isinstance(batch, Here) else Here(batch)
        clicks = here.clicks
        first, last, _ = here.share.indices(clicks.shape[0])
        self.among: slice | Tensor = slice(int(clicks.indptr[first]), int(clicks.indptr[last]))
        self.batch_count = tensor(np.diff(clicks.indptr))
        if here.among is not None and here.counts is not None:
            self.among, self.batch_count = tensor(here.among), tensor(here.counts)
        if (first, last) != (0, clicks.shape[0]):
            clicks = clicks[first:last]
        self.indptr = clicks.indptr
        self.item, self.begin = tensor(clicks.indices), tensor(clicks.indptr[:-1])
        self.count, self.total = tensor(np.diff(clicks.indptr)), self.batch_count[here.share]
        self.user = torch.repeat_interleave(torch.arange(len(self.count), device=device), self.count)


class Context(FunctionCtx):
    """What PyTorch hands to `forward` and, with what that left in it, to `backward`: its type for the checker, no more."""

    saved_tensors: tuple[Tensor, ...]
    needs_input_grad: tuple[bool, ...]
    clicks: Clicks


class RoutedClicks(torch.autograd.Function):
    """The first layer on the clicks alone: out_ku = sum_{e of u} keep_ek c_item(e)k W_item(e), (K, B, H), with its gradient.

    What `keep` or a share of 0 takes away costs nothing. With g the gradient of out, that of W_i is
    sum_{e of i} sum_k keep_ek c_ik g_k,user(e), that of c_ik is sum_{e of i} keep_ek g_k,user(e) . W_i. A share of 0 gets
    none: whatever made it zero multiplies it by zero again.
    """

    @staticmethod
    def forward(ctx: Context, c: Tensor, weight: Tensor, clicks: Clicks, keep: Tensor) -> Tensor:
        """c (M, K), weight (M, H), keep bool, (K, E) or, where the factors share it, (1, E)."""
        shares = c.T.contiguous()  # (K, M)
        out = weight.new_empty(len(shares), len(clicks.count), weight.shape[1])
        for k, (entry, begin) in enumerate(_kept_bags(shares, keep, clicks.item, clicks.begin)):
            item = clicks.item[entry]
            out[k] = F.embedding_bag(item, weight, begin, mode="sum", per_sample_weights=shares[k][item])
        ctx.save_for_backward(shares, weight, keep)
        ctx.clicks = clicks
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Context, grad: Tensor) -> tuple[Tensor | None, Tensor, None, None]:
        (shares, weight, keep), clicks = ctx.saved_tensors, ctx.clicks
        entry, begin = _bags(keep.any(dim=0), torch.as_tensor(clicks.indptr, device=keep.device))
        item, keep = clicks.item[entry], keep[:, entry].T.to(weight.dtype)  # (e,), (e, K) or (e, 1)
        of_person, own = grad.transpose(0, 1).contiguous(), shares.T[item].mul_(keep)  # (B, K, H), (e, K)
        grad_weight, grad_own = torch.zeros_like(weight), torch.empty_like(own)
        most = room(CLICKED_AT_ONCE, weight.device) // max(1, weight.shape[1])
        for people, those, spans in some_people(begin.tolist(), most):
            some = item[those]
            grad_weight.index_add_(0, some, spread(own[those], of_person[people], spans))
            if ctx.needs_input_grad[0]:
                grad_own[those] = products(weight[some], of_person[people], spans)
        if not ctx.needs_input_grad[0]:
            return None, grad_weight, None, None
        grad_shares = torch.zeros_like(shares.T).index_add_(0, item, grad_own.mul_(keep))
        return grad_shares.masked_fill_(shares.T == 0, 0.0), grad_weight, None, None


def _kept_bags(shares: Tensor, keep: Tensor, item: Tensor, begin: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """For each factor the clicks that are kept and have a share, (e,), of E clicks of item (E,), and where among them each
    bag begins that begins at `begin` among all. shares (K, M), keep (K, E) or (1, E)."""
    every_item = bool((shares != 0).all())
    if every_item and len(keep) == 1:  # all factors keep the same clicks
        bags = _bags(keep[0], begin)
        for _ in shares:
            yield bags
        return
    for share, kept in zip(shares, keep.expand(len(shares), -1), strict=True):
        yield _bags(kept if every_item else kept & (share[item] != 0), begin)


def _bags(kept: Tensor, begin: Tensor) -> tuple[Tensor, Tensor]:
    """The clicks that are kept, bool (E,), by position, (e,), and how many of them stand before each of `begin`."""
    return kept.nonzero()[:, 0], F.pad(kept.cumsum(dim=0), (1, 0))[begin]


class How(NamedTuple):
    """How a loss counts: the weights w (B,) of the people, whether its products are those of bfloat16, and which items are
    here. Where only some are, the losses of the workers add up to the whole, and so do the gradients of z."""

    person: Tensor
    half: bool = False
    rows: ItemRows = ALL_HERE


class GradientKept(torch.autograd.Function):
    """A sum over z, items, log_c and two more, whose `forward` works out and keeps the gradients of the first three."""

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Context, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        grad_z, grad_items, grad_log_c = ctx.saved_tensors
        return grad * grad_z, grad * grad_items, grad * grad_log_c, None, None


class MixtureNLL(GradientKept):
    """sum_u -w_u sum_i x_ui log p(i | z_u), p(i | z_u) proportional to sum_k exp(z_uk . h_i + log c_ik), with its gradient.

    With t_uki = z_uk . h_i + log c_ik, Z_u = sum_ki exp(t_uki) and n_u the clicks of u,

        loss = sum_u w_u (n_u log Z_u - sum_clicks log sum_k exp(t_uki)),
        d loss / d t_uki = w_u (n_u / Z_u exp(t_uki) - x_ui softmax_k(t_ui)).

    w_u n_u / Z_u multiplies z and what comes out of the products, not the exponentials, the largest array. The logarithms of
    the clicks are taken before anything is exponentiated, so that large logits neither overflow nor lose the gradient of an
    unlikely click.
    """

    @staticmethod
    def forward(ctx: Context, z: Tensor, items: Tensor, log_c: Tensor, clicks: Clicks, how: How) -> Tensor:
        """z (B, K, D), items (M, D), log_c (M, K), -inf where an item has no share; returns the sum."""
        person, half, rows = how
        z, n, here_n = z.contiguous(), clicks.total.to(z.dtype), clicks.count.to(z.dtype)  # (B,)
        pairs = Pairs(items, log_c.T.contiguous(), half)
        at_once, small = pairs.plan(reach(z, items), rows)
        memory = z.new_empty(min(at_once, len(z)) * pairs.count + 1)
        loss, grad_z = z.new_zeros(()), torch.zeros_like(z)
        for start in range(0, len(z), at_once):
            people = slice(start, start + at_once)
            first, last = clicks.indptr[start : start + at_once + 1][[0, -1]]
            user, item = clicks.user[first:last] - start, clicks.item[first:last]  # (e,)
            here, scores = pairs.scores(z[people], memory)
            places = pairs.places(len(z[people]), user, item)  # (K, e)
            clicked = here[places]  # (K, e)
            top = z.new_zeros(()) if small else rows.highest(highest(scores, z[people]))
            if not small:
                for score in scores:
                    score.sub_(top[:, None, None])
            here.exp_()
            total = rows.total(sum((score.sum(dim=(1, 2)) for score in scores), z.new_zeros(())))  # (b,) Z / exp(top)
            mixture = torch.logsumexp(clicked, dim=0)  # (e,)
            w = person[people]  # (b,)
            loss += (w * here_n[people] * (total.log() + top)).sum() - (w[user] * mixture).sum()
            if any(ctx.needs_input_grad):
                taken = torch.exp(clicked - mixture) * (total / n[people])[user]  # (K, e): what a click takes off
                here.index_add_(0, places.flatten(), taken.flatten(), alpha=-1)
                pairs.add_gradients(scores, z[people], w * n[people] / total, grad_z[people])
        ctx.save_for_backward(grad_z, *pairs.gradients())
        return loss


class Pairs:
    """The pairs of a factor and an item that has a share in it, in parts that are products of factors and items, and the
    gradients of both.

    There is one part where every item has a share in each factor, else a part for each factor. The scores t of b people lie
    in one stretch of memory: part after part, in each person after person, of each person factor after factor; after them
    stands minus infinity, for the pairs that there are not.

    half: numbers are rounded to bfloat16 before they are multiplied, and what comes out of a product; the processor adds up
    in float32. Exponentials, logarithms and the sums over products are of the numbers' own type all the same.
    """

    def __init__(self, items: Tensor, log_c: Tensor, half: bool = False) -> None:
        """items (M, D), log_c (K, M)."""
        self.of = torch.bfloat16 if half else items.dtype  # what is multiplied
        there = log_c != -torch.inf  # (K, M); a number that is none stays, to be seen in the loss
        self.whole, self.shape, self.items = bool(there.all()), log_c.shape, items
        if self.whole:
            self.parts = [_Part(slice(None), slice(None), items, log_c, self.of)]
        else:
            which = [row.nonzero()[:, 0] for row in there]
            self.parts = [_Part(slice(k, k + 1), own, items, log_c, self.of) for k, own in enumerate(which) if len(own)]
            self.position = there.cumsum(dim=1).sub_(1).masked_fill_(~there, -1)  # (K, M): an item's place in its part
            self.size = there.sum(dim=1, keepdim=True)  # (K, 1)
            self.before = self.size.cumsum(dim=0) - self.size  # (K, 1)
        self.sizes = [part.log_c.numel() for part in self.parts]
        self.count = sum(self.sizes)

    def plan(self, reached: float, rows: ItemRows) -> tuple[int, bool]:
        """How many people are taken at once, and whether scores that lie within +- `reached` are exponentiated as they are:
        every worker does the same."""
        reached, count = rows.highest(torch.tensor([reached, self.count], dtype=torch.float64)).tolist()
        numbers = room(AT_ONCE, self.items.device) * (1 if rows.are_all else TOGETHER)
        return max(LEAST_AT_ONCE, numbers // max(1, int(count))), reached <= BOUND

    def scores(self, z: Tensor, memory: Tensor) -> tuple[Tensor, list[Tensor]]:
        """t of people z (b, K, D): the stretch of memory, and each part's (b, f, m) in it."""
        here, parts = memory[: len(z) * self.count + 1], []
        here[-1] = -torch.inf
        for part, out in zip(self.parts, here[:-1].split([len(z) * size for size in self.sizes]), strict=True):
            parts.append(out.view(len(z), *part.log_c.shape))
            flat = z[:, part.factors].flatten(0, 1).to(self.of)
            out = out.view(len(flat), part.log_c.shape[1])
            if self.of == out.dtype:
                torch.mm(flat, part.columns, out=out)
            else:
                out.copy_(torch.mm(flat, part.columns))
            parts[-1].add_(part.log_c)
        return here, parts

    def places(self, people: int, user: Tensor, item: Tensor) -> Tensor:
        """Where in that stretch, of `people` people, the t of clicks (e,) stand, (K, e)."""
        if self.whole:
            factors, items = self.shape
            return user * (factors * items) + item + torch.arange(factors, device=item.device)[:, None] * items
        position = self.position[:, item]  # (K, e)
        return torch.where(position < 0, people * self.count, people * self.before + user * self.size + position)

    def add_gradients(self, scores: list[Tensor], z: Tensor, weight: Tensor, grad_z: Tensor) -> None:
        """Add what b people, who count as weight (b,), give: scores times weight are the gradient of t."""
        for part, score in zip(self.parts, scores, strict=True):
            some, flat = z[:, part.factors], score.flatten(0, 1).to(self.of)  # (b, f, D), (b f, m)
            weighed = (some * weight[:, None, None]).flatten(0, 1)  # (b f, D)
            grad_z[:, part.factors] = torch.mm(flat, part.items).to(z.dtype).view(some.shape).mul_(weight[:, None, None])
            if self.of == z.dtype:
                part.grad_items.addmm_(flat.T, weighed)
            else:
                part.grad_items += torch.mm(flat.T, weighed.to(self.of))
            part.grad_log_c += (weight @ score.flatten(1)).view_as(part.log_c)

    def gradients(self) -> tuple[Tensor, Tensor]:
        """Those of items (M, D) and of log_c (M, K)."""
        if self.whole:
            return self.parts[0].grad_items, self.parts[0].grad_log_c.T
        items, log_c = torch.zeros_like(self.items), self.items.new_zeros(self.shape)
        for part in self.parts:
            items[part.which] += part.grad_items  # no item stands twice in a part
            log_c[part.factors, part.which] = part.grad_log_c
        return items, log_c.T


class _Part:
    """f factors and m items: items (m, D), columns (D, m) the same, log_c (f, m), their gradients; which of all they are."""

    def __init__(self, factors: slice, which: Tensor | slice, items: Tensor, log_c: Tensor, of: torch.dtype) -> None:
        """items (M, D) and log_c (K, M) are those of all; of: the type in which items are multiplied."""
        self.factors, self.which, self.log_c = factors, which, log_c[factors, which]
        self.grad_items, self.grad_log_c = torch.zeros_like(items[which]), torch.zeros_like(self.log_c)
        self.items = items[which].to(of)
        self.columns = self.items.T.contiguous()


def log_mixture(z: Tensor, items: Tensor, log_c: Tensor) -> Tensor:
    """log sum_k exp(z_uk . h_i + log c_ik), (B, M), of z (B, K, D), items (M, D), log_c (M, K); has no gradient."""
    bias, columns, (n_items, kfac) = log_c.T.contiguous(), items.T.contiguous(), log_c.shape  # (K, M), (D, M)
    out = z.new_empty(len(z), n_items)
    pairs, tile = room(AT_ONCE, z.device) // 2, max(1, n_items)
    at_once = max(1, pairs // max(1, log_c.numel()))
    if at_once < LEAST_AT_ONCE:  # products of few rows are slow: more people, some items at a time
        at_once, tile = TILED_AT_ONCE, max(1, pairs // (TILED_AT_ONCE * kfac))
    memory = z.new_empty(min(at_once, len(z)) * kfac * min(tile, n_items))
    small = reach(z, items) <= BOUND and float(log_c.amax(dim=1).min()) >= -BOUND
    for start in range(0, len(z), at_once):
        flat = z[start : start + at_once].reshape(-1, z.shape[2])  # (b K, D)
        for first in range(0, n_items, tile):
            those = slice(first, first + tile)
            some = out[start : start + at_once, those]  # (b, m)
            e = memory[: len(flat) * some.shape[1]].view(len(flat), -1)
            e = torch.mm(flat, columns[:, those], out=e).view(-1, kfac, some.shape[1]).add_(bias[:, those])  # (b, K, m)
            if small:
                torch.sum(e.exp_(), dim=1, out=some).log_()
            else:
                top = e.amax(dim=1)
                torch.sum(e.sub_(top[:, None]).exp_(), dim=1, out=some).log_().add_(top)
    return out


def room(numbers: int, device: torch.device) -> int:
    """How many numbers a device takes at once where a processor takes so many."""
    return numbers * (ON_A_GPU if device.type == "cuda" else 1)


def reach(z: Tensor, items: Tensor) -> float:
    """No product of a part of z (B, K, D) with an item (M, D) is further from 0 than this."""
    return float(z.norm(dim=2).max() * items.norm(dim=1).max()) if len(z) and len(items) else 0.0


def highest(scores: list[Tensor], z: Tensor) -> Tensor:
    """The highest score of each person (b,), of parts (b, f, m); minus infinity where there is none."""
    return torch.stack([score.amax(dim=(1, 2)) for score in scores if score.numel()]
                       or [z.new_full((len(z),), -torch.inf)]).amax(dim=0)
