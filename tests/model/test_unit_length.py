"""Vectors at length one: values of `F.normalize`, gradients of the formula and by differences."""

import torch
import torch.nn.functional as F

from macrid.model.unit_length import UnitLength


def test_values_are_those_of_normalize():
    x = torch.randn(5, 3, 7, generator=torch.Generator().manual_seed(0))
    x[0, 0] = 0.0
    assert torch.equal(UnitLength.apply(x), F.normalize(x, dim=-1))


def test_gradients():
    g = torch.Generator().manual_seed(1)
    x, weights = (torch.randn(4, 6, generator=g, dtype=torch.float64) for _ in range(2))
    x.requires_grad_()
    torch.autograd.gradcheck(UnitLength.apply, x)
    found, wanted = (torch.autograd.grad((weights * of(x)).sum(), x)[0] for of in (UnitLength.apply, F.normalize))
    torch.testing.assert_close(found, wanted)
