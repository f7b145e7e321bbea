"""The kernels against dense versions written from their formulas: values and every gradient, whatever the size of scores."""

import mpmath
import numpy as np
import pytest
import torch
from conftest import binary, random_clicks

from macrid import kernels
from macrid.kernels import MixtureNLL, RoutedClicks

# the first layer ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [1.0, 0.5, 0.0])
def test_routed_clicks_and_both_gradients(double, kept):
    """Against sum_e x_ek W_item(e) with people without clicks at either end, and with the share `kept` of x not zero."""
    g = torch.Generator().manual_seed(0)
    item, user = torch.tensor([3, 0, 2, 2, 4, 0]), torch.tensor([1, 1, 1, 3, 4, 4])
    mask = (torch.rand(6, 3, generator=g) < kept).double()
    drawn = [torch.rand(6, 3, generator=g), torch.randn(5, 2, generator=g)]
    wanted_of, found_of = ([t.clone().requires_grad_() for t in drawn] for _ in range(2))
    wanted = torch.zeros(3, 6, 2)
    for e in range(6):
        for k in range(3):
            wanted[k, user[e]] = wanted[k, user[e]] + wanted_of[0][e, k] * mask[e, k] * wanted_of[1][item[e]]
    found = RoutedClicks.apply(found_of[0] * mask, found_of[1], item, user, 6)
    torch.testing.assert_close(found, wanted)
    weights = torch.randn(wanted.shape, generator=g)
    for mine, theirs in zip(*(torch.autograd.grad((of * weights).sum(), leaves)
                              for of, leaves in ((found, found_of), (wanted, wanted_of))), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_routed_clicks_of_nobody():
    none = torch.zeros(0, dtype=torch.long)
    weight = torch.ones(4, 3, requires_grad=True)
    out = RoutedClicks.apply(torch.zeros(0, 2), weight, none, none, 5)
    assert out.shape == (2, 5, 3)
    assert not out.any()
    out.sum().backward()
    assert not weight.grad.any()


# the decoder alone ----------------------------------------------------------------------------------------------------


def mixture_nll(z, items, log_c, x):
    """sum_u -sum_i x_ui log p(i | z_u), dense: exponentials, sums, a quotient, with 60 digits."""
    with mpmath.workdps(60):
        z, items, log_c = z.tolist(), items.tolist(), log_c.tolist()
        total = mpmath.mpf(0)
        for u in range(len(z)):
            mass = [mpmath.fsum(mpmath.exp(mpmath.fdot(part, h) + c) for part, c in zip(z[u], row, strict=True))
                    for h, row in zip(items, log_c, strict=True)]
            total -= mpmath.fsum(mpmath.log(mass[i] / mpmath.fsum(mass)) for i in np.flatnonzero(x[u]))
        return float(total)


def dense_nll(z, items, log_c, x):
    t = torch.logsumexp(torch.einsum("ukd,id->uik", z, items) + log_c, dim=2)
    return -(x * torch.log_softmax(t, dim=1)).sum()


def mixture(z, items, log_c, clicks, weight=None):
    return MixtureNLL.apply(z, items, log_c, clicks, z.new_ones(len(z)) if weight is None else weight)


def drawn(people, kfac, n_items, dims, length, seed=0, log_c=None):
    g = torch.Generator().manual_seed(seed)
    z = torch.nn.functional.normalize(torch.randn(people, kfac, dims, generator=g), dim=-1)
    items = torch.nn.functional.normalize(torch.randn(n_items, dims, generator=g), dim=-1) * length
    log_c = torch.log_softmax(3 * torch.randn(n_items, kfac, generator=g), 1) if log_c is None else log_c
    return [t.requires_grad_() for t in (z, items, log_c)]


@pytest.mark.parametrize("length", [1.0, 100.0, 1000.0])
@pytest.mark.parametrize("kfac", [1, 3])
def test_mixture_against_many_digits(double, length, kfac):
    z, items, log_c = drawn(4, kfac, 6, 3, length)
    clicks = binary([[0, 3], [], [5], [1, 2, 4]], 6)
    found = mixture(z, items, log_c, clicks)
    assert found.item() == pytest.approx(mixture_nll(z, items, log_c, clicks.toarray()), rel=1e-12)
    wanted = torch.autograd.grad(dense_nll(z, items, log_c, torch.tensor(clicks.toarray())), (z, items, log_c))
    for mine, theirs in zip(torch.autograd.grad(found, (z, items, log_c)), wanted, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-9 * float(theirs.abs().max()))


@pytest.mark.parametrize("kfac", [1, 3])
def test_mixture_gradient_by_differences(double, kfac):
    clicks = binary([[0, 3], [], [1, 2, 4]], 6)
    assert torch.autograd.gradcheck(lambda *of: mixture(*of, clicks), drawn(3, kfac, 6, 3, 4.0))


def test_mixture_weighs_people(double):
    z, items, log_c = drawn(3, 2, 5, 3, 4.0)
    clicks, weight = binary([[0], [1, 2], [4]], 5), torch.tensor([0.5, 2.0, 0.0])
    found = mixture(z, items, log_c, clicks, weight)
    wanted = sum(w * mixture(z[[u]], items, log_c, clicks[[u]]) for u, w in enumerate(weight))
    torch.testing.assert_close(found, wanted)
    for mine, theirs in zip(*(torch.autograd.grad(of, (z, items, log_c)) for of in (found, wanted)), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_mixture_scales_with_what_follows(double):
    z, items, log_c = drawn(2, 2, 5, 3, 4.0)
    clicks = binary([[0], [1, 2]], 5)
    once, = torch.autograd.grad(mixture(z, items, log_c, clicks), z)
    half, = torch.autograd.grad(mixture(z, items, log_c, clicks) / 2, z)
    torch.testing.assert_close(half, once / 2)


def test_mixture_in_chunks(double, monkeypatch):
    monkeypatch.setattr(kernels, "AT_ONCE", 10 * 3 * 11)  # ten people at a time
    people = 27
    clicks = random_clicks(people, 11)
    z, items, log_c = drawn(people, 3, 11, 4, 8.0)
    found = mixture(z, items, log_c, clicks)
    wanted = dense_nll(z, items, log_c, torch.tensor(clicks.toarray(), dtype=torch.float64))
    torch.testing.assert_close(found, wanted)
    for mine, theirs in zip(*(torch.autograd.grad(of, (z, items, log_c)) for of in (found, wanted)), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-9)


def test_an_item_whose_c_underflows(double):
    """Item 2 belongs to no factor but the last, and to that with exp(-2000): its click has a loss and a gradient."""
    log_c = torch.log_softmax(torch.randn(4, 2, generator=torch.Generator().manual_seed(0)), 1)
    log_c[2] = torch.tensor([-5000.0, -2000.0])
    z, items, log_c = drawn(2, 2, 4, 3, 5.0, log_c=log_c)
    clicks = binary([[2], [0, 2]], 4)
    found = mixture(z, items, log_c, clicks)
    assert found.item() == pytest.approx(mixture_nll(z, items, log_c, clicks.toarray()), rel=1e-12)
    found.backward()
    torch.testing.assert_close(log_c.grad[2], torch.tensor([0.0, -2.0]))  # two people click it and expect it with p = 0
    assert all(torch.isfinite(t.grad).all() for t in (z, items, log_c))


@pytest.mark.parametrize("length", [10.0, 38.0, 100.0, 1000.0])  # as they are, and relative to the largest
def test_mixture_in_float32_neither_overflows_nor_vanishes(length):
    z, items, log_c = drawn(70, 3, 20, 4, length)
    clicks = random_clicks(70, 20)
    found = mixture(z, items, log_c, clicks)
    wanted = dense_nll(z.double(), items.double(), log_c.double(), torch.tensor(clicks.toarray()).double())
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)
    for gradient in torch.autograd.grad(found, (z, items, log_c)):
        assert torch.isfinite(gradient).all()
        assert gradient.abs().max() > 0
