"""The two products that nearly all of a training step is spent in, each with its gradient written out.

Shapes: B users in a batch, M items, K factors, D dimensions of a factor, H hidden units, E clicks in a batch. Neither builds
anything of size B x K x M: the first layer is computed from the clicks alone, the decoder some people at a time, loss and
gradient together, so that nothing is kept for a backward pass. Both leave out what c says is 0: an item costs nothing in the
factors that it has no share in.
"""

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor

AT_ONCE = 4_000_000  # numbers that the decoder holds: about what a processor's cache does
BOUND = 40.0  # scores within +- this can be exponentiated in float32 as they are


class Clicks:
    """The clicks of a batch, binary rows (B, M), in the order of people and in that of items.

    item (E,), user (E,): who clicked what, by user; count, begin (B,): how many clicks each user has and where they begin.
    by_item (E,): the clicks by item; clicked (m,): the items that have any; item_begin (m,): where those begin.
    """

    def __init__(self, batch: csr_matrix, device: torch.device | None = None):
        def held(array) -> Tensor:
            return torch.as_tensor(array, dtype=torch.long, device=device)

        self.indptr = batch.indptr
        self.item, self.begin = held(batch.indices), held(batch.indptr[:-1])
        self.count = held(np.diff(batch.indptr))
        self.user = torch.repeat_interleave(torch.arange(len(self.count), device=device), self.count)
        columns = csr_matrix((np.arange(batch.nnz), batch.indices, batch.indptr), shape=batch.shape).tocsc()
        there = np.diff(columns.indptr) > 0
        self.by_item = held(columns.data)
        self.clicked, self.item_begin = held(np.flatnonzero(there)), held(columns.indptr[:-1][there])


class RoutedClicks(torch.autograd.Function):
    """The first layer on the clicks alone: out_ku = sum_{e of u} keep_ek c_item(e)k W_item(e), (K, B, H), with its gradient.

    What `keep` or a share of 0 takes away costs nothing. With g the gradient of out, both gradients come from the sums
    s_ik = sum_{e of i} keep_ek g_k,user(e): that of W_i is sum_k c_ik s_ik, that of c_ik is s_ik . W_i. A share of 0 gets
    none: whatever made it zero multiplies it by zero again.
    """

    @staticmethod
    def forward(ctx, c: Tensor, weight: Tensor, clicks: Clicks, keep: Tensor) -> Tensor:
        """c (M, K), weight (M, H), keep bool, (K, E) or, where the factors share it, (1, E)."""
        shares = c.T.contiguous()  # (K, M)
        out = weight.new_empty(len(shares), len(clicks.count), weight.shape[1])
        for k, (entry, begin) in enumerate(_left(shares, keep, clicks.item, clicks.begin)):
            item = clicks.item[entry]
            out[k] = F.embedding_bag(item, weight, begin, mode="sum", per_sample_weights=shares[k][item])
        ctx.save_for_backward(shares, weight, keep)
        ctx.clicks = clicks
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad: Tensor):
        (shares, weight, keep), clicks = ctx.saved_tensors, ctx.clicks
        item, user, keep = clicks.item[clicks.by_item], clicks.user[clicks.by_item], keep[:, clicks.by_item]
        rows, shares_of_rows = weight[clicks.clicked], shares[:, clicks.clicked]  # (m, H), (K, m)
        grad_rows, grad_shares = torch.zeros_like(rows), torch.zeros_like(shares)
        for k, (entry, begin) in enumerate(_left(shares, keep, item, clicks.item_begin)):
            s = F.embedding_bag(user[entry], grad[k].contiguous(), begin, mode="sum")  # (m, H)
            grad_rows.addcmul_(s, shares_of_rows[k, :, None])
            if ctx.needs_input_grad[0]:
                grad_shares[k, clicks.clicked] = s.mul_(rows).sum(dim=1)
        grad_weight = torch.zeros_like(weight).index_copy_(0, clicks.clicked, grad_rows)
        return grad_shares.T if ctx.needs_input_grad[0] else None, grad_weight, None, None


def _left(shares: Tensor, keep: Tensor, item: Tensor, begin: Tensor):
    """For each factor which of E clicks, of item (E,), are kept and have a share, and where each bag, which begins at
    `begin` among all clicks, begins among those. Found once where all factors have the same."""
    whole = bool((shares != 0).all())
    for k, share in enumerate(shares):
        if k < len(keep) or not whole:
            there = keep[k % len(keep)] if whole else keep[k % len(keep)] & (share[item] != 0)
            found = there.nonzero()[:, 0], F.pad(there.cumsum(dim=0), (1, 0))[begin]
        yield found


class MixtureNLL(torch.autograd.Function):
    """sum_u -w_u sum_i x_ui log p(i | z_u), p(i | z_u) proportional to sum_k exp(z_uk . h_i + log c_ik), with its gradient.

    With t_uki = z_uk . h_i + log c_ik, Z_u = sum_ki exp(t_uki) and n_u the clicks of u,

        loss = sum_u w_u (n_u log Z_u - sum_clicks log sum_k exp(t_uki)),
        d loss / d t_uki = w_u (n_u / Z_u exp(t_uki) - x_ui softmax_k(t_ui)).

    w_u n_u / Z_u multiplies z and what comes out of the products, not the exponentials, the largest array. The logarithms of
    the clicks are taken before anything is exponentiated, so that large logits neither overflow nor lose the gradient of an
    unlikely click.
    """

    @staticmethod
    def forward(ctx, z: Tensor, items: Tensor, log_c: Tensor, clicks: Clicks, person: Tensor) -> Tensor:
        """z (B, K, D), items (M, D), log_c (M, K), -inf where an item has no share, person w (B,); returns the sum."""
        need = any(ctx.needs_input_grad)
        grad_items, grad_log_c, columns = torch.zeros_like(items), torch.zeros_like(log_c), items.T.contiguous()
        parts = [_Part(k, log_c[:, k].contiguous(), items, columns, grad_items) for k in range(log_c.shape[1])]
        parts = [part for part in parts if len(part.items)]
        z = z.transpose(0, 1).contiguous()  # (K, B, D)
        loss, grad_z = z.new_zeros(()), torch.zeros_like(z)
        at_once = max(1, AT_ONCE // max(1, sum(len(part.items) for part in parts)))
        memory = [z.new_empty(min(at_once, z.shape[1]) * len(part.items)) for part in parts]
        small = _reach(z, items) <= BOUND
        for start in range(0, z.shape[1], at_once):
            people = slice(start, start + at_once)
            first, last = clicks.indptr[start : start + at_once + 1][[0, -1]]
            n = clicks.count[people].to(z.dtype)  # (b,)
            user, item = clicks.user[first:last] - start, clicks.item[first:last]  # (e,)
            scores, places, clicked = [], [], z.new_full((len(parts), len(item)), -torch.inf)
            for part, room, t in zip(parts, memory, clicked, strict=True):
                flat = room[: len(n) * len(part.items)]
                score = flat.view(len(n), -1)  # (b, m)
                torch.mm(z[part.factor, people], part.columns, out=score).add_(part.log_c)
                there, place = part.places(user, item)
                t[there] = flat[place]
                scores.append(score)
                places.append((there, place))
            top = n.new_zeros(()) if small else torch.stack([score.amax(dim=1) for score in scores]).amax(dim=0)
            if not small:
                for score in scores:
                    score.sub_(top[:, None])
            total = sum(score.exp_().sum(dim=1) for score in scores)  # (b,) Z / exp(top)
            mixture = torch.logsumexp(clicked, dim=0)  # (e,)
            w = person[people]  # (b,)
            loss += (w * n * (total.log() + top)).sum() - (w[user] * mixture).sum()
            if need:
                weight = (w * n / total)[:, None]  # (b, 1)
                clicked = torch.exp(clicked - mixture) * (total / n)[user]  # (K, e): what a click takes off the exponential
                for part, score, (there, place), taken in zip(parts, scores, places, clicked, strict=True):
                    score.view(-1)[place] -= taken[there]
                    weighted = z[part.factor, people] * weight  # (b, D)
                    torch.mm(score, part.items, out=grad_z[part.factor, people]).mul_(weight)
                    part.grad_items.addmm_(score.T, weighted)
                    part.grad_log_c += weight[:, 0] @ score
        for part in parts:
            part.give(grad_items, grad_log_c[:, part.factor])
        ctx.save_for_backward(grad_z.transpose(0, 1), grad_items, grad_log_c)
        return loss

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad: Tensor):
        grad_z, grad_items, grad_log_c = ctx.saved_tensors
        return grad * grad_z, grad * grad_items, grad * grad_log_c, None, None


class _Part:
    """What the decoder needs of one factor: the m items that have a share in it, and their gradients.

    items (m, D), columns (D, m) the same, log_c (m,); which (m,): their numbers among all items, None for all of them.
    """

    def __init__(self, factor: int, log_c: Tensor, items: Tensor, columns: Tensor, grad_items: Tensor):
        self.factor = factor
        there = log_c != -torch.inf  # a number that is none stays, to be seen in the loss
        self.which = None if there.all() else there.nonzero()[:, 0]
        self.items, self.columns, self.grad_items, self.log_c = items, columns, grad_items, log_c
        if self.which is not None:
            self.position = there.cumsum(dim=0).sub_(1).masked_fill_(~there, -1)  # (M,)
            self.items, self.log_c = items[self.which], log_c[self.which]
            self.columns, self.grad_items = self.items.T.contiguous(), torch.zeros_like(self.items)
        self.grad_log_c = torch.zeros_like(self.log_c)

    def places(self, user: Tensor, item: Tensor) -> tuple[Tensor | slice, Tensor]:
        """Which of some clicks are of these items, and their places in a flattened (b, m)."""
        if self.which is None:
            return slice(None), user * len(self.items) + item
        position = self.position[item]
        there = (position >= 0).nonzero()[:, 0]
        return there, user[there] * len(self.items) + position[there]

    def give(self, grad_items: Tensor, grad_log_c: Tensor) -> None:
        """Put the gradients where those of all items are, (M, D) and (M,)."""
        if self.which is None:
            grad_log_c.copy_(self.grad_log_c)
        else:
            grad_items.index_add_(0, self.which, self.grad_items)
            grad_log_c.index_copy_(0, self.which, self.grad_log_c)


def log_mixture(z: Tensor, items: Tensor, log_c: Tensor) -> Tensor:
    """log sum_k exp(z_uk . h_i + log c_ik), (B, M), of z (B, K, D), items (M, D), log_c (M, K); has no gradient."""
    bias, columns = log_c.T.contiguous(), items.T.contiguous()  # (K, M), (D, M)
    out = z.new_empty(len(z), len(items))
    at_once = max(1, AT_ONCE // max(1, 2 * log_c.numel()))
    memory = z.new_empty(min(at_once, len(z)) * z.shape[1], len(items))
    small = _reach(z, items) <= BOUND and float(log_c.amax(dim=1).min()) >= -BOUND
    for start in range(0, len(z), at_once):
        flat = z[start : start + at_once].reshape(-1, z.shape[2])  # (b K, D)
        e = torch.mm(flat, columns, out=memory[: len(flat)]).view(-1, len(bias), len(items)).add_(bias)  # (b, K, M)
        some = out[start : start + at_once]  # (b, M)
        if small:
            torch.sum(e.exp_(), dim=1, out=some).log_()
        else:
            top = e.amax(dim=1)
            torch.sum(e.sub_(top[:, None]).exp_(), dim=1, out=some).log_().add_(top)
    return out


def _reach(z: Tensor, items: Tensor) -> float:
    """No product of a part of z (B, K, D) with an item (M, D) is further from 0 than this."""
    return float(z.norm(dim=2).max() * items.norm(dim=1).max()) if len(z) else 0.0
