"""The term of the loss for labels: against regression lines solved one by one, and where the answer is known."""

import pytest
import torch
from conftest import squared_errors

from macrid.model.label_loss import label_error


def drawn(items=30, kfac=3, dims=5, attributes=2, labelled=0.7, seed=0):
    g = torch.Generator().manual_seed(seed)
    h = torch.randn(items, dims, generator=g) * torch.rand(items, 1, generator=g).add(0.2)
    c = torch.softmax(2 * torch.randn(items, kfac, generator=g), dim=1)
    table = torch.randn(items, attributes, generator=g)
    table[torch.rand(items, attributes, generator=g) > labelled] = torch.nan
    return h.requires_grad_(), c, table


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("labelled", [0.3, 1.0])
def test_value_and_gradient(double, seed, labelled):
    h, c, table = drawn(labelled=labelled, seed=seed)
    found, wanted = label_error(h, c, table), squared_errors(h, c, table)
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(*(torch.autograd.grad(of, h)[0] for of in (found, wanted)))
    assert torch.autograd.gradcheck(lambda items: label_error(items, c, table), (h,))


def test_only_labelled_items_move_and_none_between_factors(double):
    h, c, table = drawn(labelled=0.4)
    c.requires_grad_()
    moved, routed = torch.autograd.grad(label_error(h, c, table), (h, c), allow_unused=True)
    assert routed is None
    labelled = table.isfinite().any(dim=1)
    assert (moved[~labelled] == 0).all()
    assert (moved[labelled] != 0).any(dim=1).all()


def test_known_answers(double):
    h, c, table = drawn(items=400, labelled=1.0)
    unit = torch.nn.functional.normalize(h.detach(), dim=1)
    assert label_error(h, c, unit[:, :2]).item() == pytest.approx(0)
    assert label_error(h, c, -1000 * unit[:, :2] + 7).item() == pytest.approx(0)  # neither unit nor sign matter
    assert label_error(h, c, table).item() > 0.97
    assert label_error(h, c, unit[:, [1, 0]]).item() > 0.9  # each attribute has its own dimension
    hard = torch.nn.functional.one_hot(torch.arange(400) % 3, 3).double()
    signs = torch.tensor([1.0, -1.0, 5.0])[torch.arange(400) % 3, None]  # another slope in each factor
    assert label_error(h, hard, unit[:, :2] * signs).item() == pytest.approx(0)


@pytest.mark.parametrize("kind", ["no labels", "one label", "all alike", "identical items"])
def test_what_says_nothing_pulls_nowhere(kind):
    h, c, table = drawn()
    if kind == "no labels":
        table[:] = torch.nan
    elif kind == "one label":
        table[:] = torch.nan
        table[3, 1] = 2.0
    elif kind == "all alike":
        table[table.isfinite()] = 4.0
    else:
        h = h.detach()[:1].repeat(30, 1).requires_grad_()
    error = label_error(h, c, table)
    assert error.item() == pytest.approx(0 if kind == "no labels" else 1, abs=1e-4)
    gradient, = torch.autograd.grad(error, h)
    assert torch.isfinite(gradient).all()
    if kind != "identical items":
        assert gradient.abs().max() < 1e-3
