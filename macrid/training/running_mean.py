"""The running mean of a model's weights (Polyak and Juditsky, 1992), which is ranked with and kept."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from .adam import rows_of, some_at_once


class RunningMean:
    """mean <- a_n mean + (1 - a_n) weights after step n = 1, 2, ..., with a_1 = 0 and a_n = min(decay, n / (9 + n)): the
    small a of the first steps forget the random start.

    A row of a table that a step had no gradient of stays as it was, so that its mean can wait until a step that has one, or
    until somebody asks: over the steps that it waited its weights w are the same, and mean <- p mean + (1 - p) w, p the
    product of their a.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.module = deepcopy(model).requires_grad_(False)  # with the mean weights, but for what `settle` has still to do
        self.decay, self.steps = decay, 0
        self._of = {name: (parameter, mean) for (name, parameter), mean in
                    zip(model.named_parameters(), self.module.parameters(), strict=True)}
        self._at: dict[str, Tensor] = {}  # the step that each row of a table is up to date with
        self._log_a = self._sums(1024)

    @torch.no_grad()
    def before_step(self) -> None:
        """To be called when the gradients are there and before the optimiser moves anything."""
        for name, (parameter, _) in self._of.items():
            rows = None if parameter.grad is None else rows_of(parameter)[0]
            if rows is not None:
                self._settle(name, rows)

    @torch.no_grad()
    def after_step(self) -> None:
        """To be called when the optimiser has moved the weights."""
        self.steps += 1
        a = 0.0 if self.steps == 1 else min(self.decay, self.steps / (9 + self.steps))
        for name, (parameter, mean) in self._of.items():
            if name not in self._at:
                mean.copy_(torch.lerp(parameter, mean, a) if a else parameter)

    @torch.no_grad()
    def settle(self) -> None:
        """Bring every row up to date."""
        for name, (parameter, _) in self._of.items():
            if name in self._at:
                self._settle(name, torch.arange(len(parameter), device=parameter.device))

    def _settle(self, name: str, rows: Tensor) -> None:
        """Bring rows (r,) of a table to the step before the next."""
        parameter, mean = self._of[name]
        at = self._at.setdefault(name, torch.zeros(len(parameter), dtype=torch.long, device=parameter.device))
        if self.steps >= len(self._log_a):
            self._log_a = self._sums(2 * self.steps)
        product = (self._log_a[self.steps] - self._log_a[at[rows].cpu()]).exp()  # (r,)
        p = torch.where((at[rows].cpu() == 0) & (self.steps > 0), 0.0, product).to(mean)[:, None]  # a_1 is 0
        at[rows] = self.steps
        for some, of in some_at_once(parameter, rows, p):
            mean.index_copy_(0, some, torch.lerp(parameter.index_select(0, some), mean.index_select(0, some), of))

    def _sums(self, steps: int) -> Tensor:
        """log a_2 + ... + log a_n of n = 0 ... steps, float64."""
        n = torch.arange(steps + 1, dtype=torch.float64)
        a = (n / (9 + n)).clamp(max=self.decay)
        return torch.where(n < 2, 0.0, a.log()).cumsum(dim=0)

    def state(self) -> dict[str, Tensor]:
        """Everything that goes into a checkpoint."""
        return ({f"module.{name}": tensor for name, tensor in self.module.state_dict().items()}
                | {f"at.{name}": at for name, at in self._at.items()} | {"n_averaged": torch.tensor(self.steps)})

    def restore(self, state: dict[str, Tensor]) -> None:
        """What `state` gave; KeyError or RuntimeError if it is another model's."""
        self.module.load_state_dict({name[7:]: tensor for name, tensor in state.items() if name.startswith("module.")})
        self._at = {name: state[f"at.{name}"].to(parameter.device) for name, (parameter, _) in self._of.items()
                    if f"at.{name}" in state}
        self.steps = int(state["n_averaged"])
