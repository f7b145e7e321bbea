"""Adam and the running mean, of dense gradients and row by row."""

import subprocess
import sys

import torch
from torch import nn

from macrid.training.adam import Adam
from macrid.training.running_mean import RunningMean

TOUCHED = [[0, 2], [2], [2, 1], [0], [2, 0], [1]]  # rows of four that have a gradient, step after step


def sparse(rows, values, shape):
    return torch.sparse_coo_tensor(torch.tensor([rows]), values, shape, check_invariants=True)


def test_every_row_is_a_training_of_its_own():
    g = torch.Generator().manual_seed(0)
    table, dense = (nn.Parameter(torch.randn(size, generator=g)) for size in ((4, 3), (5,)))
    alone = [nn.Parameter(row.detach().clone()) for row in table]
    beside = nn.Parameter(dense.detach().clone())
    mine = Adam([table, dense], 0.1)
    theirs = [torch.optim.Adam([row], lr=0.1) for row in (*alone, beside)]
    for rows in TOUCHED:
        values, dense.grad = torch.randn(len(rows), 3, generator=g), torch.randn(5, generator=g)
        table.grad, beside.grad = sparse(rows, values, table.shape), dense.grad.clone()
        mine.step()
        theirs[-1].step()
        for row, value in zip(rows, values, strict=True):
            alone[row].grad = value
            theirs[row].step()
    torch.testing.assert_close(table.detach(), torch.stack([row.detach() for row in alone]))
    torch.testing.assert_close(dense, beside)
    assert mine.state[0]["step"].flatten().tolist() == [sum(row in rows for rows in TOUCHED) for row in range(4)]


def test_parts_of_a_batch_add_up():
    """Two sparse gradients of the same rows are one, in whatever order their rows stand."""
    one, two = (nn.Parameter(torch.ones(4, 2)) for _ in range(2))
    one.grad = sparse([0, 3], torch.ones(2, 2), (4, 2)) + sparse([3, 1], torch.tensor([[1.0, 1], [5, 5]]), (4, 2))
    two.grad = sparse([0, 1, 3], torch.tensor([[1.0, 1], [5, 5], [2, 2]]), (4, 2))
    for parameter in (one, two):
        Adam([parameter], 0.1).step()
    assert torch.equal(one, two)


def test_a_mean_that_waits_is_the_mean(monkeypatch):
    class Tables(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.dense = nn.Parameter(torch.randn(4, 3)), nn.Parameter(torch.randn(2))

    torch.manual_seed(0)
    model = Tables()
    mean, decay, wanted = RunningMean(model, 0.3), 0.3, None
    for n, rows in enumerate(TOUCHED * 3, start=1):
        model.table.grad, model.dense.grad = sparse(rows, torch.randn(len(rows), 3), (4, 3)), torch.randn(2)
        mean.before_step()
        with torch.no_grad():
            model.table.add_(model.table.grad.to_dense())
            model.dense.add_(model.dense.grad)
        mean.after_step()
        now, a = [p.detach().clone() for p in model.parameters()], min(decay, n / (9 + n))
        wanted = now if n == 1 else [a * old + (1 - a) * new for old, new in zip(wanted, now, strict=True)]
        if n == 7:  # a checkpoint in between
            state, mean = mean.state(), RunningMean(model, decay)
            mean.restore(state)
    mean.settle()
    for found, value in zip(mean.module.parameters(), wanted, strict=True):
        torch.testing.assert_close(found.detach(), value)


def test_it_does_not_wait_for_the_compiler():
    """PyTorch's own optimisers load it with the first of a process."""
    code = ("import sys, torch; from macrid.training.adam import Adam; p = torch.nn.Parameter(torch.ones(2)); "
            "p.grad = torch.ones(2); Adam([p], 0.1).step(); assert p[0] < 1; sys.exit('torch._dynamo' in sys.modules)")
    subprocess.run([sys.executable, "-c", code], check=True)
