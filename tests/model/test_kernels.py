"""The kernels against dense versions written from their formulas: values and every gradient, whatever the size of scores."""

import mpmath
import numpy as np
import pytest
import torch
from conftest import binary, random_clicks

from macrid.model import kernels
from macrid.model.kernels import Clicks, How, MixtureNLL, RoutedClicks, log_mixture

# the first layer ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_once", [1, 3, 99])
@pytest.mark.parametrize("factors_share", [True, False])
@pytest.mark.parametrize("kept", [1.0, 0.5, 0.0])
def test_routed_clicks_and_both_gradients(double, monkeypatch, kept, factors_share, at_once):
    """Against sum_e keep_ek c_ik W_i with people and items without clicks, and with the share `kept` of the clicks kept;
    items 2 and 5 have no share in some factors; `at_once` clicks of two numbers are gathered together."""
    monkeypatch.setattr(kernels, "CLICKED_AT_ONCE", 2 * at_once)
    g = torch.Generator().manual_seed(0)
    rows, n_items, kfac = [[], [0, 2, 3], [], [2], [0, 5], []], 6, 3
    clicks = Clicks(binary(rows, n_items))
    keep = torch.rand(1 if factors_share else kfac, len(clicks.item), generator=g) < kept
    drawn = [torch.rand(n_items, kfac, generator=g), torch.randn(n_items, 2, generator=g)]
    drawn[0][2, 1] = drawn[0][5, 0] = drawn[0][5, 2] = 0.0
    wanted_of, found_of = ([t.clone().requires_grad_() for t in drawn] for _ in range(2))
    wanted = torch.zeros(kfac, len(rows), 2)
    for e, (u, i) in enumerate((u, i) for u, row in enumerate(rows) for i in row):
        for k in range(kfac):
            wanted[k, u] = wanted[k, u] + keep[k % len(keep), e] * wanted_of[0][i, k] * wanted_of[1][i]
    found = RoutedClicks.apply(*found_of, clicks, keep)
    torch.testing.assert_close(found, wanted)
    weights = torch.randn(wanted.shape, generator=g)
    mine, theirs = (torch.autograd.grad((of * weights).sum(), leaves, allow_unused=True)
                    for of, leaves in ((found, found_of), (wanted + 0 * sum(t.sum() for t in wanted_of), wanted_of)))
    torch.testing.assert_close(mine[0], theirs[0] * (drawn[0] > 0))  # a share of 0 gets no gradient
    torch.testing.assert_close(mine[1], theirs[1])


def test_routed_clicks_of_nobody():
    weight = torch.ones(4, 3, requires_grad=True)
    clicks = Clicks(binary([[]] * 5, 4))
    out = RoutedClicks.apply(torch.ones(4, 2), weight, clicks, torch.zeros(1, 0, dtype=torch.bool))
    assert out.shape == (2, 5, 3)
    assert not out.any()
    out.sum().backward()
    assert not weight.grad.any()


def test_clicks_by_person(tiny_split):
    clicks = Clicks(tiny_split.train)
    assert torch.equal(clicks.user[clicks.begin[clicks.count > 0]], (clicks.count > 0).nonzero()[:, 0])


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
    return MixtureNLL.apply(z, items, log_c, Clicks(clicks), How(z.new_ones(len(z)) if weight is None else weight))


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


@pytest.mark.parametrize("length", [4.0, 100.0])
def test_factors_without_a_share(double, monkeypatch, length):
    """Shares of zero, minus infinity in log c, change nothing but the work: a factor has every item, one a few, one none."""
    monkeypatch.setattr(kernels, "AT_ONCE", 10 * 11)
    log_c = torch.log_softmax(torch.randn(11, 3, generator=torch.Generator().manual_seed(1)), 1)
    log_c[:, 2], log_c[[0, 3, 7], 1] = -torch.inf, -torch.inf
    z, items, log_c = drawn(9, 3, 11, 4, length, log_c=log_c)
    clicks = random_clicks(9, 11)
    found = mixture(z, items, log_c, clicks)
    wanted = dense_nll(z, items, log_c, torch.tensor(clicks.toarray(), dtype=torch.float64))
    torch.testing.assert_close(found, wanted)
    for mine, theirs in zip(*(torch.autograd.grad(of, (z, items, log_c)) for of in (found, wanted)), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("length", [4.0, 1000.0])
@pytest.mark.parametrize("least", [1, 8])  # all items of some people, or some items of some people at a time
def test_scores_of_all_items(double, monkeypatch, length, least):
    monkeypatch.setattr(kernels, "AT_ONCE", 2 * 4 * 3 * 5)
    monkeypatch.setattr(kernels, "LEAST_AT_ONCE", least)
    monkeypatch.setattr(kernels, "TILED_AT_ONCE", 4)
    z, items, log_c = (t.detach() for t in drawn(9, 3, 11, 4, length))
    wanted = torch.logsumexp(torch.einsum("ukd,id->uik", z, items) + log_c, dim=2)
    torch.testing.assert_close(log_mixture(z, items, log_c), wanted)


@pytest.mark.parametrize("missing", [False, True])
def test_rounded_products_come_near(missing):
    """bfloat16 has 8 digits: the loss and the gradients are those of float32 but for some thousandths."""
    z, items, log_c = drawn(6, 3, 40, 16, 8.0)
    if missing:
        log_c = log_c.detach().masked_fill(torch.arange(120).view(40, 3) % 7 == 0, -torch.inf).requires_grad_()
    clicks = Clicks(random_clicks(6, 40, 0.2))
    exact, rounded = (MixtureNLL.apply(z, items, log_c, clicks, How(torch.ones(6), half)) for half in (False, True))
    assert rounded != exact
    torch.testing.assert_close(rounded, exact, rtol=5e-3, atol=0)
    for mine, wanted in zip(*(torch.autograd.grad(of, (z, items, log_c)) for of in (rounded, exact)), strict=True):
        assert torch.cosine_similarity(mine.flatten(), wanted.flatten(), dim=0) > 0.9995
        assert mine.norm() == pytest.approx(float(wanted.norm()), rel=0.01)
