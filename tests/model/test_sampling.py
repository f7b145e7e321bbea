"""Sampled items: which are drawn how often, the loss and every gradient against dense loops, and their mean over draws."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import binary, random_clicks

from macrid.model import kernels
from macrid.model.kernels import How
from macrid.model.macridvae import MacridVAE
from macrid.model.sampled_nll import SampledNLL
from macrid.model.sampling import POWER, UNIFORM, Sampler, StepItems
from macrid.model.settings import Settings

POPULARITY = np.array([0, 1, 1, 2, 3, 5, 8, 13, 21, 400, 55, 4], float)
CLICKS = binary([[0, 2, 5], [], [1, 9], [3, 4, 6, 7, 8, 9], list(range(12))], 12)
SMALL = Settings(embedding_size=3, kfac=4, encoder_hidden_size=(6,), init="random", std=0.3, nogb=True, dropout_prob=0.0)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("count", [1, 5, 11, 12, 40])
def test_items_are_drawn_as_often_as_expected(count):
    sampler, g, draws = Sampler(POPULARITY, count), generator(), 4000
    rate = (1 - UNIFORM) * POPULARITY**POWER / (POPULARITY**POWER).sum() + UNIFORM / 12
    inside = sampler.expected < 1
    assert sampler.expected.sum() == pytest.approx(min(count, 12))
    if inside.any():  # in proportion to the rate, those that would be drawn more than once just once
        a = sampler.expected[inside] / rate[inside]
        np.testing.assert_allclose(a, a[0])
        assert (a[0] * rate[~inside] >= 1 - 1e-9).all()
    times = np.zeros(12)
    for _ in range(draws):
        item, log_weight = sampler.draw(g)
        assert (item.diff() > 0).all()
        np.add.at(times, item.numpy(), (log_weight.exp() * torch.as_tensor(sampler.expected)[item]).numpy())
    np.testing.assert_allclose(times / draws, sampler.expected, atol=5 * 0.5 / draws**0.5)
    assert (times[sampler.expected == 1] == draws).all()


def test_the_same_generator_the_same_items():
    one, two = (Sampler(POPULARITY, 6).draw(generator(3)) for _ in range(2))
    assert torch.equal(one[0], two[0])
    assert torch.equal(one[1], two[1])
    assert len({tuple(Sampler(POPULARITY, 6).draw(generator(seed))[0].tolist()) for seed in range(20)}) > 10


@pytest.mark.parametrize("drawn", [[0, 3, 9], [10], [2, 4, 6, 8]])
def test_the_items_of_a_step(drawn):
    weight = torch.arange(len(drawn), dtype=torch.float64)
    clicks = CLICKS[:3]  # of items 0, 1, 2, 5, 9
    step = StepItems.of(clicks, (torch.tensor(drawn), weight), torch.device("cpu"))
    assert sorted(step.item.tolist()) == sorted({*drawn, 0, 1, 2, 5, 9})
    found = dict(zip(step.item.tolist(), step.log_weight.tolist(), strict=False))
    assert found == dict(zip(drawn, weight.tolist(), strict=True))
    assert sorted(step.item[step.first_clicked :].tolist()) == [0, 1, 2, 5, 9]
    item = step.item[step.first_clicked :][step.clicks.item]
    assert sorted(zip(step.clicks.user.tolist(), item.tolist(), strict=True)) == sorted(
        (u, i) for u, row in enumerate([[0, 2, 5], [], [1, 9]]) for i in row)


def dense_nll(z, items, log_c, clicks, expected_times):
    """sum_u -w_u sum_clicks log (mass of i / Z_u), person by person and item by item, w_u = u + 1; in logarithms."""
    total = torch.zeros(())
    for u in range(clicks.shape[0]):
        own = clicks[u].indices.tolist()
        mass = {i: torch.logsumexp(items[i] @ z[u].T + log_c[i], dim=0) for i in {*own, *expected_times}}
        others = [mass[i] + weight.log() for i, weight in expected_times.items() if i not in own]
        z_u = torch.logsumexp(torch.stack([mass[i] for i in own] + others), dim=0)
        total = total - (u + 1) * sum(mass[i] - z_u for i in own)
    return total


@pytest.mark.parametrize("length", [1.0, 200.0])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("drawn", [[0, 3, 9, 10], [11], list(range(12))])
@pytest.mark.parametrize("at_once", [1, 10**6])
def test_the_loss_and_every_gradient(double, monkeypatch, length, missing, drawn, at_once):
    """Small and large scores, with items that have no share in some factors, some people at a time and all at once."""
    monkeypatch.setattr(kernels, "AT_ONCE", at_once)
    monkeypatch.setattr(kernels, "LEAST_AT_ONCE", 2)
    g = generator(1)
    z = torch.randn(5, 3, 4, generator=g)
    items = torch.nn.functional.normalize(torch.randn(12, 4, generator=g), dim=1) * length
    log_c = torch.log_softmax(torch.randn(12, 3, generator=g), 1)
    if missing:
        log_c[[0, 9, 5], [1, 0, 2]] = -torch.inf
    weight = torch.rand(len(drawn), generator=g) * 5 + 0.1
    step = StepItems.of(CLICKS, (torch.tensor(drawn), weight.log()), torch.device("cpu"))
    leaves = [[t.clone().requires_grad_() for t in (z, items, log_c)] for _ in range(2)]
    wanted = dense_nll(*leaves[0], CLICKS, dict(zip(drawn, weight, strict=True)))
    mine = leaves[1]
    found = SampledNLL.apply(mine[0], mine[1][step.item], mine[2][step.item], step, How(torch.arange(1.0, 6.0)))
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)
    for a, b in zip(torch.autograd.grad(found, mine), torch.autograd.grad(wanted, leaves[0]), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-8 * float(b.abs().max()))


def parts(model, clicks, sampler, skipped=0):
    """Loss and dense gradients; skipped: numbers that are drawn before, in the place of a sampler."""
    model.sampler, model.generator = sampler, generator(7)
    torch.rand(skipped, generator=model.generator, dtype=torch.float64)
    loss = model.loss(clicks, 0.3)["loss"]
    names, leaves = zip(*model.named_parameters(), strict=True)
    found = torch.autograd.grad(loss, leaves)
    return loss, {n: g.to_dense() if g.is_sparse else g for n, g in zip(names, found, strict=True)}


@pytest.mark.parametrize("changes", [{}, {"skip": True, "person_power": 0.3}, {"routing_mass": 0.2}, {"similarity": "dot"},
                                     {"label_weight": 0.7}], ids=str)
def test_with_all_items_drawn_it_is_the_exact_loss(double, changes):
    labels = np.full((12, 2), np.nan)
    labels[[0, 2, 3, 5, 7], 0] = [1.0, 2.5, -1.0, 0.0, 3.0]
    labels[[0, 1, 2, 4, 8], 1] = [1, 0, 0, 1, 1]
    model = MacridVAE(12, replace(SMALL, **changes), 1, labels=labels)
    exact, wanted = parts(model, CLICKS, None, 12)
    loss, found = parts(model, CLICKS, Sampler(POPULARITY, 12))
    torch.testing.assert_close(loss, exact, rtol=1e-10, atol=0)
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-8, atol=1e-8 * float(gradient.abs().max()))


def test_only_rows_of_the_step_have_gradients():
    model = MacridVAE(12, replace(SMALL, kfac=2), 1)
    model.sampler = Sampler(POPULARITY, 3)
    drawn = model.sampler.draw(generator(5))[0]
    model.generator = generator(5)
    model.loss(CLICKS[:3], 0.3)["loss"].backward()
    clicked = {0, 1, 2, 5, 9}
    assert set(model.items.grad.coalesce().indices()[0].tolist()) == clicked | set(drawn.tolist())
    assert set(model.weights[0].grad.coalesce().indices()[0].tolist()) == clicked


def test_in_the_mean_it_is_the_exact_one():
    """Z, without whose logarithm it is unbiased: its mean over draws is Z of all items, within four standard errors. The
    mean gradient comes nearer with more items."""
    clicks = random_clicks(20, 300, 0.05, seed=1)
    popularity = np.asarray(clicks.sum(axis=0)).ravel()
    model = MacridVAE(300, replace(SMALL, embedding_size=8, std=1e-6), 2)
    z, h = torch.randn(20, 4, 8, generator=generator(3)), model.items.detach() / model.items.detach().norm(dim=1)[:, None]
    mass = torch.exp(torch.einsum("ukd,id->uik", z, h)).sum(dim=2)  # (B, M)
    own = torch.as_tensor(clicks.toarray()) > 0
    sampler, g, seen = Sampler(popularity, 40), generator(4), []
    for _ in range(400):
        item, log_weight = sampler.draw(g)
        seen.append((mass * own).sum(dim=1) + ((mass * ~own)[:, item] * log_weight.exp()).sum(dim=1))
    seen = torch.stack(seen)
    off = (seen.mean(dim=0) - mass.sum(dim=1)) / (seen.std(dim=0) / len(seen) ** 0.5)
    assert off.abs().max() < 4
    _, wanted = parts(model, clicks, None)
    means = []
    for count in (10, 40, 160):
        found = [parts(model, clicks, _Seeded(popularity, count, seed))[1]["items"].flatten() for seed in range(40)]
        means.append(float(torch.cosine_similarity(torch.stack(found).mean(dim=0), wanted["items"].flatten(), dim=0)))
    assert means == sorted(means)
    assert means[-1] > 0.99


class _Seeded(Sampler):
    def __init__(self, popularity, count, seed):
        super().__init__(popularity, count)
        self.seed = seed

    def draw(self, _):
        return super().draw(generator(self.seed))
