"""Adam (Kingma & Ba, 2015), also for tables of which a step has gradients of some rows only."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

from macrid.model.kernels import room

AT_ONCE = 200_000  # numbers of a table that are moved together: what a processor's cache holds, with their moments
BETAS, EPSILON = (0.9, 0.999), 1e-8


class Adam:
    """Adam. Where a gradient is sparse, the rows that it has move, and nothing is done to the others: each row's moments and
    the correction of their bias are those of its own steps, as if it were trained alone.

    torch.optim.SparseAdam counts the steps of all rows together, which makes the first step of a row that comes late
    (1 - beta1) / sqrt(1 - beta2) = 3.2 times as long as it should be. Dense gradients are left to PyTorch's function; its
    optimisers are no base for this one, as the first of a process loads PyTorch's compiler, which takes a second.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], learning_rate: float) -> None:
        self.parameters, self.learning_rate = list(parameters), learning_rate
        self.state: list[dict[str, Tensor]] = [{} for _ in self.parameters]  # empty until a parameter's first gradient

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient."""
        dense = []
        for parameter, state in zip(self.parameters, self.state, strict=True):
            if parameter.grad is None:
                continue
            rows, grad = rows_of(parameter)
            if not state:
                state["step"] = parameter.new_zeros(() if rows is None else (len(parameter), 1))
                state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
            if rows is None:
                dense.append((parameter, grad, state))
            else:
                self._move(parameter, rows, grad, state)
        if dense:
            parameters, grads, states = zip(*dense, strict=True)
            means, squares, steps = ([state[name] for state in states] for name in ("exp_avg", "exp_avg_sq", "step"))
            adam(list(parameters), list(grads), means, squares, [], steps, fused=True, amsgrad=False, beta1=BETAS[0],
                 beta2=BETAS[1], lr=self.learning_rate, weight_decay=0.0, eps=EPSILON, maximize=False)

    def restore(self, state: Mapping[int, Mapping[str, Tensor]]) -> None:
        """The `state` of parameters by their place, as it was kept."""
        for index, kept in state.items():
            self.state[index] = {name: tensor.to(self.parameters[index].device) for name, tensor in kept.items()}

    def _move(self, table: nn.Parameter, rows: Tensor, grad: Tensor, state: dict[str, Tensor]) -> None:
        """One step of some rows (r,)."""
        for some, of in some_at_once(table, rows, grad):
            weights = table.index_select(0, some)
            here = {name: tensor.index_select(0, some) for name, tensor in state.items()}
            _adam(weights, of, here, self.learning_rate)
            table.index_copy_(0, some, weights)
            for name, tensor in here.items():
                state[name].index_copy_(0, some, tensor)


def _adam(weights: Tensor, grad: Tensor, state: dict[str, Tensor], learning_rate: float) -> None:
    """One step of rows (r, ...), each with a number of steps of its own, in place."""
    beta1, beta2 = BETAS
    step = state["step"].add_(1)
    mean = state["exp_avg"].lerp_(grad, 1 - beta1)
    square = state["exp_avg_sq"].mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
    length = square.sqrt().mul_((1 - beta2**step).rsqrt()).add_(EPSILON)
    weights.sub_((mean * (learning_rate / (1 - beta1**step))).div_(length))


def rows_of(parameter: nn.Parameter) -> tuple[Tensor | None, Tensor]:
    """The rows that a parameter's gradient has, None for all of them, and what it is there."""
    grad = parameter.grad
    assert grad is not None
    if not grad.is_sparse:
        return None, grad
    parameter.grad = grad = grad.coalesce()  # kept, so that it is done once
    return grad.indices()[0], grad.values()


def some_at_once(table: Tensor, rows: Tensor, of_rows: Tensor) -> Iterable[tuple[Tensor, Tensor]]:
    """Rows (r,) of a table, and what there is of each (r, ...), in parts that a processor's cache holds."""
    count = max(1, room(AT_ONCE, table.device) // max(1, table[0].numel()))
    return zip(rows.split(count), of_rows.split(count), strict=True)
