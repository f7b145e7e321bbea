"""The two products that nearly all of a training step is spent in, each with its gradient written out.

Shapes: B users in a batch, M items, K factors, D dimensions of a factor, H hidden units, E clicks in a batch. Neither builds
anything of size B x K x M: the first layer is computed from the clicks alone, the decoder some people at a time, loss and
gradient together, so that nothing is kept for a backward pass.
"""

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor

AT_ONCE = 2_000_000  # numbers that the decoder holds: about what a processor's cache does
BOUND = 40.0  # scores within +- this can be exponentiated in float32 as they are


class RoutedClicks(torch.autograd.Function):
    """The first layer on the clicks alone: out_ku = sum_{e of u} x_ek W_item(e), (K, B, H), with its gradient.

    Only the x_ek that are not 0 are touched, so what dropout takes away costs nothing. A zero gets no gradient: whatever
    made it zero (dropout, a c of zero) multiplies that gradient by zero again.
    """

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, item: Tensor, user: Tensor, people: int) -> Tensor:
        """x (E, K), weight (M, H), item (E,), user (E,) sorted, people B."""
        there = x.T != 0  # (K, E)
        factor, click = there.nonzero(as_tuple=True)  # (N,) each, by factor, then by user
        bag = factor * people + user[click]
        offsets = _offsets(bag, x.shape[1] * people)
        out = F.embedding_bag(item[click], weight, offsets, mode="sum", per_sample_weights=x.T.masked_select(there))
        ctx.save_for_backward(x, weight, item, user, item[click], bag, offsets, there)
        return out.view(x.shape[1], people, weight.shape[1])

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad: Tensor):
        x, weight, item, user, clicked, bag, offsets, there = ctx.saved_tensors
        people, rows = grad.shape[1], grad.reshape(-1, grad.shape[2])  # (K B, H)
        grad_x = grad_weight = None
        if ctx.needs_input_grad[0]:
            of_bags = torch.ops.aten._embedding_bag_per_sample_weights_backward
            value = of_bags(rows, weight, clicked, offsets, bag, 0)  # (N,); 0: sum
            grad_x = torch.zeros(there.shape, dtype=x.dtype, device=x.device).masked_scatter_(there, value).T
        if ctx.needs_input_grad[1]:
            by_item = torch.sort(item, stable=True).indices  # (E,) the clicks of each item together
            x, there = x[by_item], there.T[by_item]
            click, factor = there.nonzero(as_tuple=True)  # (N,) each, by item
            grad_weight = F.embedding_bag(factor * people + user[by_item][click], rows,
                                          _offsets(item[by_item][click], len(weight)), mode="sum",
                                          per_sample_weights=x.masked_select(there))
        return grad_x, grad_weight, None, None, None


def _offsets(bag: Tensor, bags: int) -> Tensor:
    """Where each of `bags` begins in `bag`, the sorted number of every entry's bag."""
    count = torch.bincount(bag, minlength=bags)
    return count.cumsum(0) - count


class MixtureNLL(torch.autograd.Function):
    """sum_u -w_u sum_i x_ui log p(i | z_u), p(i | z_u) proportional to sum_k exp(z_uk . h_i + log c_ik), with its gradient.

    With t_uki = z_uk . h_i + log c_ik and n_u the clicks of u,

        d loss / d t_uki = w_u softmax_k(t_ui) (n_u p(i | z_u) - x_ui).

    The exponentials are taken relative to a number for each user and item (0 where scores are small, as with cosine
    similarity), so that large logits neither overflow nor lose the gradient of an unlikely click.
    """

    @staticmethod
    def forward(ctx, z: Tensor, items: Tensor, log_c: Tensor, batch: csr_matrix, weight: Tensor) -> Tensor:
        """z (B, K, D), items (M, D), log_c (M, K), batch binary (B, M), weight w (B,); returns the sum over the batch, a
        scalar."""
        need = any(ctx.needs_input_grad)
        loss = z.new_zeros(())
        grad_z, grad_items, grad_log_c = z.new_empty(z.shape), torch.zeros_like(items), torch.zeros_like(log_c.T)
        for people, part, mixture in mixtures(z, items, log_c):
            rows = batch[people]
            count = torch.as_tensor(np.diff(rows.indptr), dtype=torch.long, device=z.device)  # (b,)
            user = torch.repeat_interleave(torch.arange(len(part), device=z.device), count)  # (e,)
            item = torch.as_tensor(rows.indices, dtype=torch.long, device=z.device)  # (e,)
            e, s, shift = mixture
            top = shift.amax(dim=1, keepdim=True)  # (b, 1)
            p = s * torch.exp(shift - top)  # (b, M): the mixture, up to a constant for each user
            total = p.sum(dim=1, keepdim=True)  # (b, 1)
            clicked = s[user, item]  # (e,)
            w = weight[people]  # (b,)
            n = (w * count)[:, None]
            loss += (n * (total.log() + top)).sum() - (w[user] * (clicked.log() + shift.expand_as(s)[user, item])).sum()
            if need:
                by_item = torch.exp(shift - top) * (n / total)  # n p / s, (b, M) or (b, 1)
                ratio = by_item.expand_as(s).clone()
                ratio[user, item] -= w[user] / clicked
                flat = e.mul_(ratio[:, None]).view(-1, len(items))  # (b K, M): d loss / d t
                torch.mm(flat, items, out=grad_z[people].view(-1, z.shape[2]))
                grad_items.addmm_(flat.T, part.reshape(-1, z.shape[2]))
                grad_log_c += e.sum(dim=0)
        ctx.save_for_backward(grad_z, grad_items, grad_log_c.T)
        return loss

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad: Tensor):
        grad_z, grad_items, grad_log_c = ctx.saved_tensors
        return grad * grad_z, grad * grad_items, grad * grad_log_c, None, None


def mixtures(z: Tensor, items: Tensor, log_c: Tensor):
    """Some people of z (B, K, D) at a time: their slice, their part of z, and (e, s, shift) with

        e_uki = exp(z_uk . h_i + log c_ik - shift_ui), (b, K, M);  s_ui = sum_k e_uki, (b, M);  shift (b, M) or (b, 1).

    items (M, D), log_c (M, K). One piece of memory serves all of them: e and s hold until the next.
    """
    at_once = min(len(z), max(1, AT_ONCE // max(1, log_c.numel())))
    bias, columns = log_c.T.contiguous(), items.T.contiguous()  # (K, M), (D, M)
    small = len(z) > 0 and _reach(z, items, log_c) <= BOUND
    memory = z.new_empty(at_once * z.shape[1], len(items))
    for start in range(0, len(z), max(1, at_once)):
        people = slice(start, start + at_once)
        part = z[people]  # (b, K, D)
        flat = part.reshape(-1, z.shape[2])  # (b K, D)
        e = torch.mm(flat, columns, out=memory[: len(flat)]).view(len(part), -1, len(items)).add_(bias)
        shift = z.new_zeros(len(part), 1) if small else e.amax(dim=1)
        e = (e if small else e.sub_(shift[:, None])).exp_()
        yield people, part, (e, e.sum(dim=1), shift)


def _reach(z: Tensor, items: Tensor, log_c: Tensor) -> float:
    """No score is further from 0 than this, that of an item's unlikely factors left aside."""
    likely = log_c.amax(dim=1)
    return float(z.norm(dim=2).max() * items.norm(dim=1).max() + likely.abs().max())
