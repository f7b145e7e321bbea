"""Adam (Kingma & Ba, 2015) for tables of which a step has gradients of some rows only."""

from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor, nn

from macrid.model.kernels import room

AT_ONCE = 200_000  # numbers of a table that are moved together: what a processor's cache holds, with their moments


class RowAdam(torch.optim.Optimizer):
    """Adam. Where a gradient is sparse, the rows that it has move, and nothing is done to the others: each row's moments and
    the correction of their bias are those of its own steps, as if it were trained alone.

    torch.optim.SparseAdam counts the steps of all rows together, which makes the first step of a row that comes late
    (1 - beta1) / sqrt(1 - beta2) = 3.2 times as long as it should be.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8) -> None:
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps})

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Move every parameter that has a gradient. closure: called before, for the gradients; returns what it does."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._move(parameter, group)
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """What `state_dict` gave, where the parameters are; PyTorch leaves the numbers of steps where they were."""
        super().load_state_dict(state_dict)
        for parameter, state in self.state.items():
            state["step"] = state["step"].to(parameter.device)

    def _move(self, parameter: nn.Parameter, group: dict[str, Any]) -> None:
        rows, grad = rows_of(parameter)
        state = self.state[parameter]
        if not state:
            state["step"] = parameter.new_zeros(() if rows is None else (len(parameter), 1))
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        if rows is None:
            _adam(parameter, grad, state, group)
            return
        for some, of in some_at_once(parameter, rows, grad):
            weights = parameter.index_select(0, some)
            here = {name: tensor.index_select(0, some) for name, tensor in state.items()}
            _adam(weights, of, here, group)
            parameter.index_copy_(0, some, weights)
            for name, tensor in here.items():
                state[name].index_copy_(0, some, tensor)


def _adam(weights: Tensor, grad: Tensor, state: dict[str, Tensor], group: dict[str, Any]) -> None:
    """One step, in place."""
    beta1, beta2 = group["betas"]
    step = state["step"].add_(1)
    mean = state["exp_avg"].lerp_(grad, 1 - beta1)
    square = state["exp_avg_sq"].mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
    length = square.sqrt().mul_((1 - beta2**step).rsqrt()).add_(group["eps"])
    weights.sub_((mean * (group["lr"] / (1 - beta1**step))).div_(length))


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
