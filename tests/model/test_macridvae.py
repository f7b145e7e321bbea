"""The model against a dense float64 version written from the formulas: the loss, every gradient, the scores."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import binary, random_clicks, squared_errors
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from torch.distributions import Normal, kl_divergence

from macrid.errors import InputError
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import PRESETS, Settings, make_settings, settings_dict
from macrid.training.spectral_start import spectral_start

SMALL = Settings(embedding_size=3, kfac=5, encoder_hidden_size=(6,), init="random", std=0.3)
CLICKS = binary([[0, 2, 5], [], [1], [3, 4, 6, 7, 8], list(range(9))], 9)  # nothing, one, several, everything
NOISY = {"nogb": False, "dropout_prob": 0.5}
PLAIN = {"nogb": True, "dropout_prob": 0.0, "std": 1e-6}


def similarity(a, b, s):
    return a @ b / (a.norm() * b.norm()) / s.tau if s.similarity == "cosine" else a @ b


def reference(model: MacridVAE, clicks, beta: float, draws: dict) -> dict:
    """Section 2 of the design, one person, factor and item at a time."""
    s, x = model.settings, torch.tensor(clicks.toarray(), dtype=torch.float64)
    people, n_items = x.shape
    c = torch.stack([
        torch.softmax(torch.stack([similarity(h, m, s) + draws["gumbel"][i, k] for k, m in enumerate(model.prototypes)]), 0)
        for i, h in enumerate(model.items)])
    if s.routing_mass:
        c = torch.stack([without_small(share, s.routing_mass) for share in c])
    clicked = [max(1.0, float(row.sum())) for row in x]
    counts = [n ** -s.person_power for n in clicked]
    whole = sum(clicked) / sum(w * n for w, n in zip(counts, clicked, strict=True))
    nll, kl = 0.0, 0.0
    for u in range(people):
        mass = torch.zeros(n_items)
        for k in range(s.kfac):
            if s.input_norm == "factor":
                routed = x[u] * c[:, k]
                routed = routed / routed.norm().clamp_min(1e-12) if x[u].any() else routed  # F.normalize's least length
            else:
                routed = x[u] / x[u].norm() * c[:, k] if x[u].any() else x[u]
            hidden = routed * draws["kept"][u, :, k]
            for layer, (weight, bias) in enumerate(zip(model.weights, model.biases, strict=True)):
                hidden = (torch.tanh(hidden) if layer else hidden) @ weight + bias
            if s.linear_path:
                unit = [h / h.norm() if s.similarity == "cosine" else h for h in model.items]
                clicked = sum(x_ui * h for x_ui, h in zip(routed * draws["kept"][u, :, k], unit, strict=True))
                hidden = hidden + torch.cat([model.linear_gain * clicked, torch.zeros(s.embedding_size)])
            a, b = hidden[: s.embedding_size], hidden[s.embedding_size :]
            sigma = s.std * torch.exp(-b / 2)
            z = a / a.norm() + sigma * draws["noise"][u, k]
            kl = kl + kl_divergence(Normal(0.0, sigma), Normal(0.0, s.std)).sum()
            mass = mass + c[:, k] * torch.stack([torch.exp(similarity(z, h, s)) for h in model.items])
        nll = nll - whole * counts[u] * (x[u] * torch.log(mass / mass.sum())).sum()
    nll, kl = nll / people, kl / people
    reg = s.reg_weights[0] * (model.items.norm() + model.prototypes.norm())
    reg = reg + s.reg_weights[1] * sum(weight.norm() for weight in model.weights)
    terms = {"loss": nll + beta * kl + reg, "nll": nll, "kl": kl}
    if s.label_weight and model.labels is not None:
        fixed = torch.softmax(torch.stack([torch.stack([similarity(h, m, s) for m in model.prototypes])
                                           for h in model.items]), 1).detach()
        terms["labels"] = squared_errors(model.items, fixed, model.labels)
        terms["loss"] = terms["loss"] + s.label_weight * terms["labels"]
    return terms


def without_small(share, mass):
    """The shares (K,) of an item without the smallest, as long as those add up to no more than `mass`; they add up to 1."""
    dropped, left = set(), mass
    for k in torch.argsort(share.detach()).tolist():
        if share[k].item() > left:
            break
        dropped.add(k)
        left -= share[k].item()
    whole = sum(value for k, value in enumerate(share) if k not in dropped)
    return torch.stack([value * 0 if k in dropped else value / whole for k, value in enumerate(share)])


def replayed(model: MacridVAE, clicks) -> dict:
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
    return {"gumbel": gumbel, "kept": kept, "noise": torch.randn(people, s.kfac, s.embedding_size, generator=generator)}


def gradients(loss, model) -> dict[str, torch.Tensor]:
    names, parameters = zip(*model.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, parameters), strict=True))


def agree(model, clicks, beta=0.7, rtol=1e-8):
    draws = replayed(model, clicks)
    expected = reference(model, clicks, beta, draws)
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
@pytest.mark.parametrize("changes", [{"dropout_mask": "user"}, {"linear_path": True}, {"person_power": 0.4}], ids=str)
def test_what_goes_beyond_the_paper(double, similarity, changes):
    s = replace(SMALL, similarity=similarity, encoder_hidden_size=(6, 4), **NOISY, **changes)
    model = MacridVAE(9, s, seed=3)
    if s.linear_path:
        model.linear_gain.data.fill_(0.7)
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
    model = MacridVAE(9, replace(SMALL, similarity="dot", **PLAIN), seed=2)
    with torch.no_grad():
        model.items.mul_(300 / model.items.norm(dim=1, keepdim=True))
    assert np.abs(model.item_vectors() @ model.represent(CLICKS)[3].T).max() > 150
    agree(model, CLICKS, rtol=1e-7)


def test_float32_is_close_to_float64():
    s = replace(SMALL, **PLAIN)
    single = MacridVAE(9, s, seed=3)
    loss = single.loss(CLICKS, 0.2)["loss"]
    model = MacridVAE(9, s, seed=3).double()
    draws = {"gumbel": torch.zeros(9, 5), "kept": torch.ones(5, 9, 5), "noise": torch.zeros(5, 5, 3)}
    wanted = reference(model, CLICKS, 0.2, draws)["loss"]
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-6)
    exact = gradients(wanted, model)
    for name, gradient in gradients(loss, single).items():
        assert (gradient - exact[name]).abs().max() < 5e-5 * exact[name].abs().max(), name


def test_a_batch_without_a_click():
    model = MacridVAE(9, SMALL)
    terms = model.loss(binary([[], []], 9), 0.2)
    terms["loss"].backward()
    assert terms["nll"].item() == 0
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    assert model.scores(binary([[], []], 9)).shape == (2, 9)


# what is served -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("similarity", "tau", "kfac"), [("cosine", 0.1, 5), ("cosine", 0.01, 5), ("cosine", 0.1, 1),
                                                         ("dot", 0.1, 5)])
def test_scores_are_the_log_of_the_mixture(double, similarity, tau, kfac):
    model = MacridVAE(9, replace(SMALL, similarity=similarity, tau=tau, kfac=kfac), seed=4).eval()
    h, m = model.items.detach().numpy(), model.prototypes.detach().numpy()
    z = model.represent(CLICKS)
    if similarity == "cosine":
        h, m = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (h, m))
    scale = 1 / tau if similarity == "cosine" else 1.0
    c = np.exp(scale * h @ m.T)
    c /= c.sum(axis=1, keepdims=True)
    p = (c * np.exp(scale * np.einsum("id,ukd->uik", h, z))).sum(axis=2)
    difference = model.scores(CLICKS) - np.log(p)
    np.testing.assert_allclose(difference, np.broadcast_to(difference[:, :1], difference.shape), atol=1e-5 * scale)


def test_user_vectors_have_length_one_in_every_part():
    z = MacridVAE(9, SMALL).represent(CLICKS)
    assert z.shape == (5, 5, 3)
    np.testing.assert_allclose(np.linalg.norm(z, axis=2), 1, atol=1e-5)


def test_serving_draws_nothing_and_leaves_the_mode():
    model = MacridVAE(9, SMALL).train()
    before = model.generator.get_state()
    np.testing.assert_array_equal(model.scores(CLICKS), model.scores(CLICKS))
    model.represent(CLICKS)
    assert model.training
    assert torch.equal(before, model.generator.get_state())


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


# settings -------------------------------------------------------------------------------------------------------------

WRONG = {
    "embedding_size": [1, 0, -3, 2.5, "8", None, True, 10**9], "kfac": [0, -1, 1.5, float("nan"), "7"],
    "encoder_hidden_size": [[], [0], [-1], [2.5], "x", None], "tau": [0, -1, float("nan"), float("inf"), "0.1"],
    "std": [0, -1, float("nan")], "dropout_prob": [-0.1, 1, 1.5, float("nan")], "nogb": [0, 1, "yes", None],
    "anneal_cap": [-1, float("nan"), float("inf")], "total_anneal_steps": [-1, 1.5, "many"],
    "label_weight": [-1, float("nan"), "much", 1e7], "routing_mass": [-0.1, 0.6, float("nan"), "some"],
    "reg_weights": [[1], [1, 2, 3], [-1, 0], [float("nan"), 0], "ab", 3], "similarity": ["cos", None, 1, ["dot"]],
    "person_power": [-0.1, 1.5, None], "dropout_mask": ["item", None],
    "linear_path": [0, "yes"], "weight_averaging": [-0.1, 1, float("nan"), "x"],
    "input_norm": ["item"], "init": ["zeros"], "learning_rate": [0, -1, float("nan"), 100], "train_batch_size": [0, 1.5],
    "epochs": [-1, 0.5, float("inf")], "stopping_step": [0, -1],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_setting_out_of_range_is_named(name, value):
    with pytest.raises(InputError, match=f"^{name} is ") as caught:
        Settings(**{name: value})
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) > len(f"{name} is {value!r}") + 10  # and what would do


def test_every_setting_is_tested():
    assert set(WRONG) == set(settings_dict(Settings()))


@pytest.mark.parametrize(("typed", "meant"), [("kfack", "kfac"), ("embed_size", "embedding_size"), ("anneal", "anneal_cap"),
                                              ("learning_rat", "learning_rate"), ("dropout", "dropout_prob")])
def test_an_unknown_setting_gets_the_nearest_names(typed, meant):
    with pytest.raises(InputError, match=meant) as caught:
        make_settings("best", {typed: 1})
    assert typed in str(caught.value)


def test_a_setting_like_no_other_gets_the_whole_list():
    with pytest.raises(InputError) as caught:
        make_settings("best", {"zzzz": 1})
    assert all(name in str(caught.value) for name in settings_dict(Settings()))


def test_an_unknown_preset():
    with pytest.raises(InputError, match="recbole"):
        make_settings("recbol")


def test_presets_are_what_the_papers_say():
    paper, port = make_settings("paper"), make_settings("recbole")
    assert (paper.embedding_size, paper.kfac, paper.encoder_hidden_size) == (100, 7, (100,))
    assert (paper.tau, paper.std) == (0.1, 0.075)
    assert (paper.anneal_cap, paper.dropout_prob, paper.learning_rate, paper.train_batch_size) == (0.2, 0.5, 1e-3, 500)
    assert (paper.total_anneal_steps, paper.input_norm, paper.similarity, paper.init) == (None, "factor", "cosine", "random")
    assert (port.embedding_size, port.kfac, port.encoder_hidden_size, port.tau, port.std) == (64, 10, (600,), 0.1, 0.01)
    assert (port.total_anneal_steps, port.input_norm, port.init, port.anneal_cap) == (200_000, "user", "random", 0.2)
    assert (paper.dropout_mask, port.dropout_mask) == ("factor", "user")
    assert not any(s.linear_path or s.weight_averaging or s.person_power for s in (paper, port))
    assert make_settings() == Settings()
    assert Settings().init == "spectral"
    assert all(isinstance(make_settings(preset), Settings) for preset in PRESETS)


def test_changes_go_over_the_preset():
    s = make_settings("recbole", {"kfac": 4.0, "encoder_hidden_size": [20, 10]})
    assert (s.kfac, s.encoder_hidden_size, s.embedding_size) == (4, (20, 10), 64)
    assert isinstance(s.kfac, int)
    assert make_settings("best", {"encoder_hidden_size": 50}).encoder_hidden_size == (50,)


def test_negative_sampling_is_refused():
    assert make_settings("best", {"training_neg_sample": 0}) == Settings()
    with pytest.raises(InputError, match="training_neg_sample"):
        make_settings("best", {"training_neg_sample": 5})


@given(st.fixed_dictionaries({}, optional={
    "kfac": st.integers(1, 1000), "tau": st.floats(1e-3, 1e3), "nogb": st.booleans(),
    "total_anneal_steps": st.none() | st.integers(0, 10**9), "reg_weights": st.tuples(st.floats(0, 9), st.floats(0, 9)),
    "encoder_hidden_size": st.lists(st.integers(1, 65536), min_size=1).map(tuple),
    "similarity": st.sampled_from(["cosine", "dot"])}))
@examples(max_examples=50, deadline=None)
def test_settings_go_to_plain_values_and_back(changes):
    s = Settings(**changes)
    assert Settings(**json.loads(json.dumps(settings_dict(s)))) == s
