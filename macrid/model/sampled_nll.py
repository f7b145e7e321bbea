"""The mixture's loss over some items instead of all, with its gradient written out; see `sampling` for how they are drawn.

B users in a batch, K factors, D dimensions of a factor, E clicks in a batch, n items drawn, m items in a step.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .by_person import gathered, products, spread
from .kernels import Context, GradientKept, How, Pairs, highest, reach
from .sampling import StepItems


class SampledNLL(GradientKept):
    """sum_u w_u (n_u log Z_u - sum_clicks log sum_k exp(t_uki)), t_uki = z_uk . h_i + log c_ik, as `MixtureNLL`, but with

        Z_u = sum_{clicks i of u} sum_k exp(t_uki) + sum_{drawn i, not clicked by u} weight_i sum_k exp(t_uki),

    in the mean over the draws that of all items. The first sum, and what the clicks take off, are computed from the clicks
    alone, person by person, so that items that only others clicked cost nothing.
    """

    @staticmethod
    def forward(ctx: Context, z: Tensor, items: Tensor, log_c: Tensor, step: StepItems, how: How) -> Tensor:
        """z (B, K, D), items (m, D), log_c (m, K), -inf where an item has no share; returns the sum."""
        person, half, rows = how
        clicks, drawn = step.clicks, len(step.log_weight)
        z, n, here_n = z.contiguous(), clicks.total.to(z.dtype), clicks.count.to(z.dtype)  # (B,)
        item_of = clicks.item + step.first_clicked  # (E,) of the step's items
        pairs = Pairs(items[:drawn], (log_c[:drawn] + step.log_weight[:, None]).T.contiguous(), half)
        own = _OwnClicks(items, log_c)
        at_once, small = pairs.plan(max(reach(z, items), float(F.pad(step.log_weight, (0, 1)).max())), rows)
        memory = z.new_empty(min(at_once, len(z)) * pairs.count + 1)
        loss, grad_z = z.new_zeros(()), torch.zeros_like(z)
        for start in range(0, len(z), at_once):
            people = slice(start, start + at_once)
            indptr = clicks.indptr[start : start + at_once + 1]
            user, item = clicks.user[indptr[0] : indptr[-1]] - start, item_of[indptr[0] : indptr[-1]]  # (e,)
            spans = (indptr - indptr[0]).tolist()
            here, scores = pairs.scores(z[people], memory)
            also = item < drawn
            here[pairs.places(len(z[people]), user[also], item[also])] = -torch.inf  # they count as clicks
            clicked = own.scores(z[people], spans, item)  # (e, K)
            top = z.new_zeros(len(z[people]))
            if not small:
                top = rows.highest(highest(scores, top).scatter_reduce(0, user, clicked.amax(dim=1), "amax"))
                for score in scores:
                    score.sub_(top[:, None, None])
            here.exp_()
            total = sum((score.sum(dim=(1, 2)) for score in scores), z.new_zeros(()))  # (b,) Z / exp(top)
            share = torch.exp(clicked - top[user, None])  # (e, K)
            total = rows.total(total.index_add(0, user, share.sum(dim=1)))
            mixture = torch.logsumexp(clicked, dim=1)  # (e,)
            w, per = person[people], n[people] / total  # (b,)
            loss += (w * here_n[people] * (total.log() + top)).sum() - (w[user] * mixture).sum()
            if any(ctx.needs_input_grad):
                pairs.add_gradients(scores, z[people], w * per, grad_z[people])
                grad = w[user, None] * (per[user, None] * share - torch.exp(clicked - mixture[:, None]))  # (e, K): of t
                own.add_gradients(grad, z[people], spans, item, grad_z[people])
        grad_items, grad_log_c = pairs.gradients()
        own.grad_items[:drawn] += grad_items
        own.grad_log_c[:drawn] += grad_log_c
        ctx.save_for_backward(grad_z, own.grad_items, own.grad_log_c)
        return loss


class _OwnClicks:
    """The pairs of a person's parts and the items that this person clicked, one small product for each person."""

    def __init__(self, items: Tensor, log_c: Tensor) -> None:
        """items (m, D), log_c (m, K)."""
        self.items, self.log_c = items, log_c
        self.grad_items, self.grad_log_c = torch.zeros_like(items), torch.zeros_like(log_c)

    def scores(self, z: Tensor, spans: list[int], item: Tensor) -> Tensor:
        """t (e, K) of people z (b, K, D) and clicks of item (e,), those of person u from spans[u] to spans[u + 1]."""
        self.clicked = self.items[item]  # (e, D)
        return products(self.clicked, z, spans).add_(self.log_c[item])

    def add_gradients(self, grad: Tensor, z: Tensor, spans: list[int], item: Tensor, grad_z: Tensor) -> None:
        """Add what the gradient (e, K) of t gives, of the clicks that `scores` was last called with; grad_z (b, K, D)."""
        grad_z += gathered(grad, self.clicked, spans)
        self.grad_items.index_add_(0, item, spread(grad, z, spans))
        self.grad_log_c.index_add_(0, item, grad)
