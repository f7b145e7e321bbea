"""Training on sampled items: Adam and the running mean row by row, what a step touches, going on after a stop."""

import numpy as np
import pytest
import torch
from conftest import tiny_settings
from torch import nn

from macrid.measures.evaluate import validation_ndcg
from macrid.training import fit, start
from macrid.training.row_adam import RowAdam
from macrid.training.running_mean import RunningMean

TOUCHED = [[0, 2], [2], [2, 1], [0], [2, 0], [1]]  # rows of four that have a gradient, step after step


def sparse(rows, values, shape):
    return torch.sparse_coo_tensor(torch.tensor([rows]), values, shape, check_invariants=True)


def test_every_row_is_a_training_of_its_own():
    g = torch.Generator().manual_seed(0)
    table, dense = (nn.Parameter(torch.randn(size, generator=g)) for size in ((4, 3), (5,)))
    alone = [nn.Parameter(row.detach().clone()) for row in table]
    beside = nn.Parameter(dense.detach().clone())
    mine = RowAdam([table, dense], lr=0.1)
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
    assert mine.state[table]["step"].flatten().tolist() == [sum(row in rows for rows in TOUCHED) for row in range(4)]


def test_parts_of_a_batch_add_up():
    """Two sparse gradients of the same rows are one, in whatever order their rows stand."""
    one, two = (nn.Parameter(torch.ones(4, 2)) for _ in range(2))
    one.grad = sparse([0, 3], torch.ones(2, 2), (4, 2)) + sparse([3, 1], torch.tensor([[1.0, 1], [5, 5]]), (4, 2))
    two.grad = sparse([0, 1, 3], torch.tensor([[1.0, 1], [5, 5], [2, 2]]), (4, 2))
    for parameter in (one, two):
        RowAdam([parameter], lr=0.1).step()
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


SAMPLED = {"sampled_items": 30, "weight_averaging": 0.9, "epochs": 3}


def trained(split, folder=None, on_step=None, **changes):
    model = start.untrained(split.train, tiny_settings(**SAMPLED | changes), 0)
    return model, fit.fit(model, split, 0, checkpoint_to=folder, on_step=on_step)


def test_it_learns_and_going_on_gives_the_same(tiny_split, tmp_path, monkeypatch):
    model, history = trained(tiny_split)
    assert history[-1]["nll"] < history[0]["nll"]
    untrained = start.untrained(tiny_split.train, tiny_settings(**SAMPLED), 0)
    assert validation_ndcg(model, tiny_split.validation).mean() > validation_ndcg(untrained, tiny_split.validation).mean()
    monkeypatch.setattr(fit, "KEPT_EVERY", 0.0)  # after every step

    def stop(epoch, done):
        if epoch == 2 and done < 1:
            raise fit.Stopped

    with pytest.raises(fit.Stopped):
        trained(tiny_split, tmp_path, stop)
    again, later = trained(tiny_split, tmp_path)
    assert [row["nll"] for row in later] == [row["nll"] for row in history]
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


@pytest.mark.parametrize(("asked", "most", "taken"), [(None, 1000, 0), (None, 100, 64), (0, 100, 0), (70, 1000, 70),
                                                      (10**6, 100, 0)])
def test_how_many_items_are_sampled(tiny_split, monkeypatch, asked, most, taken):
    monkeypatch.setattr(start, "ALL_UP_TO", most)
    monkeypatch.setattr(start, "SAMPLED", 64)
    model = start.untrained(tiny_split.train, tiny_settings(sampled_items=asked), 0)
    assert model.settings.sampled_items == taken
    assert (model.sampler is not None) == (taken > 0)
    if taken:
        assert model.sampler.expected.sum() == pytest.approx(taken)
        assert np.argmax(model.sampler.expected) == np.asarray(tiny_split.train.sum(axis=0)).argmax()
