"""The model against the dense reference in float64, written from the formulas: the loss, every gradient, the scores."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import binary, random_clicks, squared_errors

from macrid.model import reference
from macrid.model.macridvae import MacridVAE
from macrid.model.reference import Draws
from macrid.model.settings import Settings
from macrid.training.spectral_start import spectral_start

SMALL = Settings(embedding_size=3, kfac=5, encoder_hidden_size=(6,), init="random", std=0.3)
CLICKS = binary([[0, 2, 5], [], [1], [3, 4, 6, 7, 8], list(range(9))], 9)  # nothing, one, several, everything
SIMILARITIES = ["cosine", "dot", "dot-raw"]
NOISY = {"nogb": False, "dropout_prob": 0.5}
PLAIN = {"nogb": True, "dropout_prob": 0.0, "std": 1e-6}


def replayed(model: MacridVAE, clicks) -> Draws:
    """What the next call of `loss` will draw: factors (M, K), kept clicks (B, M, K), noise (B, K, D)."""
    s, generator = model.settings, torch.Generator()
    generator.set_state(model.generator.get_state())
    (people, n_items), x = clicks.shape, torch.tensor(clicks.toarray()) > 0
    gumbel, kept = torch.zeros(n_items, s.kfac), torch.ones(people, n_items, s.kfac)
    if not s.nogb:
        gumbel = -torch.log(-torch.log(torch.rand(n_items, s.kfac, generator=generator)))
    if s.dropout_prob:
        width = s.kfac if s.dropout_mask == "factor" else 1
        there = torch.rand(width, int(x.sum()), generator=generator) >= s.dropout_prob
        kept[x] = there.T / (1 - s.dropout_prob)
    return Draws(gumbel, kept, torch.randn(people, s.kfac, s.embedding_size, generator=generator))


def expected_terms(model: MacridVAE, clicks, beta: float, draws: Draws) -> dict:
    """The reference's terms, with that of labels where there is one."""
    terms = reference.loss(model, torch.as_tensor(clicks.toarray(), dtype=torch.float64), beta, draws)
    if model.settings.label_weight and model.labels is not None:
        fixed = reference.routing(model, torch.zeros(())).detach()
        terms["labels"] = squared_errors(model.items, fixed, model.labels)
        terms["loss"] = terms["loss"] + model.settings.label_weight * terms["labels"]
    return terms


def gradients(loss, model) -> dict[str, torch.Tensor]:
    names, parameters = zip(*(pair for pair in model.named_parameters() if pair[1].requires_grad), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, parameters), strict=True))


def agree(model, clicks, beta=0.7, rtol=1e-8):
    draws = replayed(model, clicks)
    expected = expected_terms(model, clicks, beta, draws)
    found = model.loss(clicks, beta)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=rtol, atol=1e-10, msg=lambda m, n=name: f"{n}: {m}")
    wanted = gradients(expected["loss"], model)
    for name, gradient in gradients(found["loss"], model).items():
        floor = rtol * float(wanted[name].abs().max())
        torch.testing.assert_close(gradient, wanted[name], rtol=rtol, atol=floor, msg=lambda m, n=name: f"d/d {n}: {m}")


@pytest.mark.parametrize("draws", [PLAIN, NOISY], ids=["plain", "noisy"])
@pytest.mark.parametrize(("similarity", "norm", "kfac", "hidden"), [*itertools.product(
    ["cosine", "dot"], ["factor", "user"], [1, 5], [(6,), (6, 4)])])
def test_loss_and_every_gradient(double, similarity, norm, kfac, hidden, draws):
    s = replace(SMALL, similarity=similarity, input_norm=norm, kfac=kfac, encoder_hidden_size=hidden, **draws)
    agree(MacridVAE(9, s, seed=3), CLICKS)


@pytest.mark.parametrize(("similarity", "user_norm"), [*itertools.product(SIMILARITIES, ["unit", "free"])])
@pytest.mark.parametrize("changes", [{"hidden": (6,)}, {"hidden": (6, 4), "skip": True}, {"init": "glorot"}], ids=str)
def test_lengths_that_are_free(double, similarity, user_norm, changes):
    changes = dict(changes)
    s = replace(SMALL, similarity=similarity, user_norm=user_norm, tau=0.4, **NOISY,
                encoder_hidden_size=changes.pop("hidden", (6,)), **changes)
    agree(MacridVAE(9, s, seed=3), CLICKS)


@pytest.mark.parametrize(("similarity", "norm"), [*itertools.product(["cosine", "dot"], ["factor", "user"])])
@pytest.mark.parametrize("context", [0.3, 1.0])
def test_every_part_sees_a_share_of_every_click(double, similarity, norm, context):
    s = replace(SMALL, similarity=similarity, input_norm=norm, context=context, **NOISY)
    agree(MacridVAE(9, s, seed=3), CLICKS)


@pytest.mark.parametrize("draws", [PLAIN, NOISY], ids=["plain", "noisy"])
def test_held_shares(double, draws):
    """Loss and gradients with the shares of the start, which no training moves."""
    rng = np.random.default_rng(0)
    start = rng.normal(size=(9, 3)), rng.normal(size=(5, 3))
    model = MacridVAE(9, replace(SMALL, routing="held", routing_tau=0.4, init="spectral", context=0.2, **draws), 3, start)
    cosine = [[h @ m / np.linalg.norm(h) / np.linalg.norm(m) for m in start[1]] for h in start[0]]
    shares = np.exp(np.array(cosine) / 0.4)
    np.testing.assert_allclose(np.exp(model.routing()), shares / shares.sum(axis=1, keepdims=True), rtol=1e-6)
    agree(model, CLICKS)
    before = model.routing()
    torch.optim.SGD(model.parameters(), 1.0).step()
    with torch.no_grad():
        model.items.add_(1.0)
    np.testing.assert_array_equal(model.routing(), before)


@pytest.mark.parametrize(("similarity", "norm"), [*itertools.product(["cosine", "dot"], ["factor", "user"])])
def test_small_shares_left_out(double, similarity, norm):
    """Loss and gradients are those of the model without the small shares, and only training leaves them out."""
    s = replace(SMALL, similarity=similarity, input_norm=norm, routing_mass=0.3, **NOISY)
    model = MacridVAE(9, s, seed=3)
    agree(model, CLICKS)
    np.testing.assert_array_equal(model.scores(CLICKS), MacridVAE(9, replace(s, routing_mass=0.0), seed=3).scores(CLICKS))


@pytest.mark.parametrize("mass", [0.01, 0.2, 0.5])
def test_what_small_shares_may_add_up_to(double, mass):
    model = MacridVAE(200, SMALL, seed=0)
    whole, left = model.log_routing().exp(), model.log_routing(dropped=mass).exp()
    torch.testing.assert_close(left.sum(dim=1), torch.ones(200))
    assert ((whole - left).abs().sum(dim=1) <= 2 * mass).all()
    gone = torch.where(left == 0, whole, 0.0).sum(dim=1)
    assert (gone <= mass).all()
    assert (gone + torch.where(left == 0, torch.inf, whole).amin(dim=1) > mass).all()  # not one more could go


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
@pytest.mark.parametrize("changes", [{"dropout_mask": "user"}, {"skip": True}, {"person_power": 0.4}], ids=str)
def test_what_goes_beyond_the_paper(double, similarity, changes):
    s = replace(SMALL, similarity=similarity, encoder_hidden_size=(6, 4), **NOISY, **changes)
    model = MacridVAE(9, s, seed=3)
    if s.skip:
        model.skip_gain.data.fill_(0.7)
    agree(model, CLICKS)


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_regularisation(double, similarity):
    agree(MacridVAE(9, replace(SMALL, similarity=similarity, reg_weights=(0.3, 0.05)), seed=1), CLICKS)


def test_reg_weights_name_the_term_only_when_used():
    assert set(MacridVAE(9, SMALL).loss(CLICKS, 0.0)) == {"loss", "nll", "kl"}
    terms = MacridVAE(9, replace(SMALL, reg_weights=(1.0, 0.0))).loss(CLICKS, 0.5)
    torch.testing.assert_close(terms["loss"], terms["nll"] + 0.5 * terms["kl"] + terms["reg"])


LABELS = np.full((9, 2), np.nan)
LABELS[[0, 2, 3, 5, 7], 0] = [1.0, 2.5, -1.0, 0.0, 3.0]
LABELS[[1, 2, 3, 4, 8], 1] = [1, 0, 0, 1, 1]


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_labels_in_the_loss(double, similarity):
    s = replace(SMALL, similarity=similarity, label_weight=3.0, **NOISY)
    model = MacridVAE(9, s, seed=1, labels=LABELS)
    assert set(model.loss(CLICKS, 0.0)) == {"loss", "nll", "kl", "labels"}
    agree(model, CLICKS)


def test_labels_without_weight_change_no_bit():
    """Neither does a weight without labels; and labels are no part of what is saved."""
    plain = MacridVAE(9, SMALL, seed=1)
    wanted = [plain.loss(CLICKS, 0.3)["loss"] for _ in range(2)]
    for weight, labels in ((0.0, LABELS), (5.0, None)):
        model = MacridVAE(9, replace(SMALL, label_weight=weight), seed=1, labels=labels)
        assert set(model.state_dict()) == set(plain.state_dict())
        assert all(torch.equal(a, model.state_dict()[name]) for name, a in plain.state_dict().items())
        found = [model.loss(CLICKS, 0.3)["loss"] for _ in range(2)]
        assert torch.equal(torch.stack(found), torch.stack(wanted))


def test_low_temperature(double):
    """tau = 0.01: cosine scores from -100 to 100."""
    agree(MacridVAE(9, replace(SMALL, tau=0.01), seed=2), CLICKS, rtol=1e-7)


def test_long_vectors_of_the_dot_product(double):
    """Scores of several hundred; exp still holds them in float64, so that the plain formula can be the judge."""
    model = MacridVAE(9, replace(SMALL, similarity="dot-raw", **PLAIN), seed=2)
    with torch.no_grad():
        model.items.mul_(300 / model.items.norm(dim=1, keepdim=True))
    assert np.abs(model.item_vectors() @ model.represent(CLICKS)[3].T).max() > 150
    agree(model, CLICKS, rtol=1e-7)


def test_float32_is_close_to_float64():
    s = replace(SMALL, **PLAIN)
    single = MacridVAE(9, s, seed=3)
    loss = single.loss(CLICKS, 0.2)["loss"]
    model = MacridVAE(9, s, seed=3).double()
    draws = Draws(torch.zeros(9, 5), torch.ones(5, 9, 5), torch.zeros(5, 5, 3))
    wanted = expected_terms(model, CLICKS, 0.2, draws)["loss"]
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-6)
    exact = gradients(wanted, model)
    for name, gradient in gradients(loss, single).items():
        assert (gradient - exact[name]).abs().max() < 5e-5 * exact[name].abs().max(), name


@pytest.mark.parametrize("hidden", [(24,), (24, 12)])
def test_rounded_products_give_nearly_the_same_gradients(hidden):
    """bfloat16 has 8 digits: each gradient is that of float32 with the same draws but for some hundredths."""
    clicks, found = random_clicks(40, 60, 0.2), []
    for precision in ("float32", "bfloat16"):
        model = MacridVAE(60, replace(SMALL, embedding_size=16, encoder_hidden_size=hidden, precision=precision))
        found.append(gradients(model.loss(clicks, 0.7)["loss"], model))
    for name, exact in found[0].items():
        rounded = found[1][name]
        assert rounded.dtype == exact.dtype == torch.float32
        assert not torch.equal(rounded, exact)
        assert torch.cosine_similarity(rounded.flatten(), exact.flatten(), dim=0) > 0.999, name
        assert rounded.norm() == pytest.approx(float(exact.norm()), rel=0.02), name


@pytest.mark.parametrize("changes", [{}, {"skip": True}], ids=str)
def test_in_eval_mode_the_loss_drops_no_click(double, changes):
    """Factors and z are drawn as in train mode, and the mode stays what it is."""
    s = replace(SMALL, **NOISY, **changes)
    model, without = MacridVAE(9, s, seed=3).eval(), MacridVAE(9, replace(s, dropout_prob=0.0), seed=3).train()
    found, wanted = model.loss(CLICKS, 0.4), without.loss(CLICKS, 0.4)
    assert {name: value.item() for name, value in found.items()} == {name: value.item() for name, value in wanted.items()}
    assert not model.training
    assert MacridVAE(9, s, seed=3).train().loss(CLICKS, 0.4)["loss"] != found["loss"]
    agree(MacridVAE(9, replace(s, dropout_prob=0.0), seed=3).eval(), CLICKS)


def test_a_batch_without_a_click():
    model = MacridVAE(9, SMALL)
    terms = model.loss(binary([[], []], 9), 0.2)
    terms["loss"].backward()
    assert terms["nll"].item() == 0
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    assert model.scores(binary([[], []], 9)).shape == (2, 9)


# what is served -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("similarity", "tau", "kfac"), [("cosine", 0.1, 5), ("cosine", 0.01, 5), ("cosine", 0.1, 1),
                                                         ("dot", 0.1, 5), ("dot-raw", 0.1, 5)])
@pytest.mark.parametrize("user_norm", ["unit", "free"])
def test_scores_are_the_log_of_the_mixture(double, similarity, tau, kfac, user_norm):
    s = replace(SMALL, similarity=similarity, tau=tau, kfac=kfac, user_norm=user_norm)
    model = MacridVAE(9, s, seed=4).eval()
    h, m = model.items.detach().numpy(), model.prototypes.detach().numpy()
    z = model.represent(CLICKS)
    if similarity == "cosine":
        h, m = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (h, m))
    scale = 1.0 if similarity == "dot-raw" else 1 / tau
    c = np.exp(scale * h @ m.T)
    c /= c.sum(axis=1, keepdims=True)
    p = (c * np.exp(scale * np.einsum("id,ukd->uik", h, z))).sum(axis=2)
    difference = model.scores(CLICKS) - np.log(p)
    np.testing.assert_allclose(difference, np.broadcast_to(difference[:, :1], difference.shape), atol=1e-5 * scale)


def test_user_vectors_have_length_one_in_every_part():
    z = MacridVAE(9, SMALL).represent(CLICKS)
    assert z.shape == (5, 5, 3)
    np.testing.assert_allclose(np.linalg.norm(z, axis=2), 1, atol=1e-5)
    free = MacridVAE(9, replace(SMALL, user_norm="free")).represent(CLICKS)
    np.testing.assert_allclose(free, z, atol=1e-6)  # cosine looks at the direction alone


def test_user_vectors_of_a_dot_product_may_have_any_length():
    one, free = (MacridVAE(9, replace(SMALL, similarity="dot", user_norm=norm)).represent(CLICKS)
                 for norm in ("unit", "free"))
    lengths = np.linalg.norm(free, axis=2, keepdims=True)
    assert np.ptp(lengths) > 0.1
    np.testing.assert_allclose(free / lengths, one, atol=1e-5)  # the same weights, the same directions


@pytest.mark.parametrize(("n_items", "dims", "kfac"), [(2000, 40, 7), (300, 100, 3)])
def test_glorot_start_has_its_variance_in_every_matrix(n_items, dims, kfac):
    """2 / (a + b) for a matrix (a, b), within sqrt(6 / (a + b)) of 0 and spread evenly there; biases are next to nothing."""
    s = Settings(init="glorot", embedding_size=dims, kfac=kfac, encoder_hidden_size=(50, 30))
    model = MacridVAE(n_items, s, seed=1)
    for matrix in (model.items, model.prototypes, *model.weights):
        values, total = matrix.detach().numpy(), sum(matrix.shape)
        limit = (6 / total) ** 0.5
        assert 0.95 * limit < np.abs(values).max() <= limit
        assert values.var() == pytest.approx(2 / total, rel=0.15)
        assert (np.abs(values) < limit / 2).mean() == pytest.approx(0.5, abs=0.06)
    assert all(float(bias.detach().abs().max()) < 0.01 for bias in model.biases)


def test_serving_draws_nothing_and_leaves_the_mode():
    model = MacridVAE(9, SMALL).train()
    before = model.generator.get_state()
    np.testing.assert_array_equal(model.scores(CLICKS), model.scores(CLICKS))
    model.represent(CLICKS)
    assert model.training
    assert torch.equal(before, model.generator.get_state())


def test_a_mistake_in_serving_leaves_the_mode():
    model = MacridVAE(9, SMALL).train()
    for serve in (model.scores, model.represent):
        with pytest.raises(AttributeError):
            serve("no rows")
        assert model.training


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_routing_is_a_distribution(similarity):
    model = MacridVAE(9, replace(SMALL, similarity=similarity))
    np.testing.assert_allclose(np.exp(model.routing()).sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(model.factors(), model.routing().argmax(axis=1))


def test_gumbel_draws_follow_c():
    """argmax of log c + Gumbel noise is a draw from c."""
    model = MacridVAE(2000, replace(SMALL, kfac=3), seed=0)
    with torch.no_grad():
        model.items.copy_(model.items[:1].expand(2000, -1))
    share = np.bincount(model.log_routing(sample=True).argmax(dim=1).numpy(), minlength=3) / 2000
    np.testing.assert_allclose(share, np.exp(model.routing()[0]), atol=0.05)


def test_spectral_start_is_where_the_model_starts():
    start = spectral_start(random_clicks(40, 9), 3, 4, 0)
    cosine = MacridVAE(9, replace(SMALL, embedding_size=4, kfac=3, init="spectral"), 0, start)
    np.testing.assert_allclose(cosine.item_vectors(), start[0], atol=1e-6)
    dot = MacridVAE(9, replace(SMALL, embedding_size=4, kfac=3, init="spectral", similarity="dot"), 0, start)
    np.testing.assert_allclose(dot.item_vectors(), start[0], atol=1e-6)  # the very same vectors


def test_one_seed_one_model():
    def numbers(seed):
        model = MacridVAE(9, SMALL, seed)
        return [model.loss(CLICKS, 0.2)["loss"].item() for _ in range(3)]

    torch.manual_seed(5)
    state, numpy_state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    first = numbers(7)
    torch.manual_seed(6)
    assert numbers(7) == first
    assert numbers(8) != first
    assert len(set(first)) == 3  # every step draws anew
    torch.manual_seed(5)
    assert torch.equal(state, torch.get_rng_state())
    assert all(np.array_equal(a, b) for a, b in zip(numpy_state, np.random.get_state(), strict=True))  # noqa: NPY002
