"""Training: the schedule, when it stops, that it repeats itself, and that stopping it changes nothing."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import binary, tiny_settings
from hypothesis import given
from hypothesis import strategies as st

from macrid import files
from macrid.data import shop, split
from macrid.data.split import HeldOut
from macrid.errors import InputError
from macrid.measures import evaluate
from macrid.model.macridvae import MacridVAE
from macrid.training import checkpoint, fit


@given(st.integers(0, 10**6), st.floats(0, 10), st.integers(0, 10**6))
def test_beta_is_a_ramp_with_a_cap(step, cap, total):
    found = fit.beta_at(step, cap, total)
    assert found == pytest.approx(min(cap, step / total) if total else cap)
    assert found <= fit.beta_at(step + 1, cap, total) <= cap


def test_beta_by_hand():
    assert [fit.beta_at(step, 0.2, 100) for step in (0, 10, 20, 21, 1000)] == [0, 0.1, 0.2, 0.2, 0.2]
    assert fit.beta_at(0, 0.2, 0) == 0.2


@pytest.mark.parametrize(("asked", "people", "of_a_step"),
                         [(None, 10, 128), (None, 8000, 200), (None, 10**6, 500), (7, 4000, 7)])
def test_how_many_people_a_step_is_for(asked, people, of_a_step):
    assert fit.batch_size(tiny_settings(train_batch_size=asked), people) == of_a_step


def test_steps_of_so_many_people(tiny_split):
    people = tiny_split.train.shape[0]
    trainer = fit.Trainer(MacridVAE(140, tiny_settings(train_batch_size=None)), tiny_split.train)
    assert trainer.train_epoch(1)["step"] == -(-people // 128)


def fitted(split, *, seed=0, on_epoch=None, to=None, on_step=None, **changes):
    model = MacridVAE(split.train.shape[1], tiny_settings(**changes), seed)
    return model, fit.fit(model, split, seed, on_epoch, to, on_step)


def plain(history):
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


def same_weights(one, other):
    return all(torch.equal(a, other.state_dict()[name]) for name, a in one.state_dict().items())


def test_history(tiny_split):
    rows = []
    model, history = fitted(tiny_split, on_epoch=rows.append, reg_weights=(0.01, 0.01))
    assert rows == history
    steps = -(-tiny_split.train.shape[0] // 64)
    columns = {"epoch", "step", "beta", "loss", "nll", "kl", "reg", "ndcg@100", "ndcg@100_se", "best", "seconds"}
    for epoch, row in enumerate(history, 1):
        assert set(row) == columns
        assert (row["epoch"], row["step"]) == (epoch, epoch * steps)
        assert row["beta"] == fit.beta_at(row["step"] - 1, model.settings.anneal_cap, 5 * steps)
        assert row["best"] == 1 + int(np.argmax([r["ndcg@100"] for r in history[:epoch]]))
    assert history[-1]["nll"] < history[0]["nll"]
    assert not model.training


def test_it_ends_with_the_weights_of_the_best_epoch(tiny_split):
    model, history = fitted(tiny_split, epochs=6, stopping_step=6, learning_rate=0.3)
    assert evaluate.validation_ndcg(model, tiny_split.validation).mean() == max(row["ndcg@100"] for row in history)


def test_one_seed_one_training(tiny_split):
    one, first = fitted(tiny_split, epochs=3)
    two, second = fitted(tiny_split, epochs=3)
    assert plain(first) == plain(second)
    assert same_weights(one, two)
    other, third = fitted(tiny_split, epochs=3, seed=1)
    assert plain(third) != plain(first)
    assert not same_weights(one, other)


def test_a_batch_in_parts_is_the_batch(tiny_split, monkeypatch):
    """Without random draws, parts of any size give the gradients and the terms of the whole batch, but for rounding."""
    weights, rows, people = [], [], tiny_split.train.shape[0]
    for at_once in (people, 7):
        monkeypatch.setattr(fit, "TRAINED_AT_ONCE", at_once)
        s = tiny_settings(init="random", nogb=True, dropout_prob=0.0, std=1e-6, train_batch_size=people)
        model = MacridVAE(140, s)
        trainer = fit.Trainer(model, tiny_split.train)
        trainer.optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
        rows.append(trainer.train_epoch(1))
        weights.append(model.state_dict())
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=1e-4, atol=1e-5)
    for term in ("loss", "nll", "kl"):
        assert rows[1][term] == pytest.approx(rows[0][term], rel=1e-5)


def test_no_epochs_leave_the_start(tiny_split):
    model, history = fitted(tiny_split, epochs=0)
    assert history == []
    assert same_weights(model, MacridVAE(tiny_split.train.shape[1], tiny_settings(), 0))


class Scripted(torch.nn.Module):
    """A recommender whose validation NDCG follows a script: its one answer stands at a given rank in each epoch."""

    def __init__(self, ranks, **settings):
        super().__init__()
        self.settings, self.generator = tiny_settings(**settings), torch.Generator()
        self.ranks, self.seen = ranks, 0
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def loss(self, batch, beta):
        return {"loss": self.weight.sum()}  # so that every step moves the weight down

    def scores(self, batch):
        scores = -np.arange(batch.shape[1], dtype=np.float32)
        scores[0] = -self.ranks[self.seen] + 0.5
        self.seen += 1
        return np.tile(scores, (batch.shape[0], 1))


def scripted(ranks, **settings):
    held = HeldOut(np.array(["a", "b"]), binary([[11], [11]], 12), binary([[0], [0]], 12), binary([[11], [11]], 12))
    model, weights = Scripted(ranks, **settings), []
    history = fit.fit(model, SimpleNamespace(train=binary([[0]] * 3, 12), validation=held),
                        on_epoch=lambda row: weights.append(model.weight.item()))
    return model, history, weights


def test_early_stopping():
    model, history, weights = scripted([5, 3, 4, 3, 6, 1, 1, 1], epochs=99, stopping_step=3)
    assert [row["best"] for row in history] == [1, 2, 2, 2, 2]  # three epochs without a better one; equal isn't better
    assert model.weight.item() == weights[1]
    model, history, weights = scripted([5, 3, 4, 4, 2, 4, 4, 4], epochs=7, stopping_step=3)
    assert [row["best"] for row in history] == [1, 2, 2, 2, 5, 5, 5]  # and `epochs` at most
    assert model.weight.item() == weights[4]


def test_averaged_weights_are_ranked_with_and_kept():
    model, _, weights = scripted([5, 4, 3, 2, 2], epochs=5, weight_averaging=0.2)
    mean = weights[0]
    for n, weight in enumerate(weights[1:4], start=1):  # the fourth epoch is the best
        a = min(0.2, (1 + n) / (10 + n))
        mean = a * mean + (1 - a) * weight
    assert model.weight.item() == pytest.approx(mean, rel=1e-6)


# stopping and going on ------------------------------------------------------------------------------------------------


def stop_after(epoch):
    def on_epoch(row):
        if row["epoch"] == epoch:
            raise fit.Stopped
    return on_epoch


@pytest.mark.parametrize("changes", [{"similarity": "cosine"}, {"similarity": "dot"},
                                     {"weight_averaging": 0.9, "skip": True}], ids=str)
def test_a_stopped_training_goes_on_as_if_nothing_had_happened(tiny_split, tmp_path, changes):
    whole, history = fitted(tiny_split, epochs=5, **changes)
    with pytest.raises(fit.Stopped):
        fitted(tiny_split, epochs=5, **changes, on_epoch=stop_after(3), to=tmp_path)
    rows = []
    resumed, continued = fitted(tiny_split, epochs=5, **changes, on_epoch=rows.append, to=tmp_path)
    assert [row["epoch"] for row in rows] == [4, 5]
    assert plain(continued) == plain(history)
    assert same_weights(resumed, whole)


@pytest.mark.parametrize("changes", [{"similarity": "cosine"}, {"weight_averaging": 0.9}], ids=str)
def test_one_stopped_within_an_epoch_loses_no_more_than_what_was_not_kept(tiny_split, tmp_path, monkeypatch, changes):
    seen = []

    def note(stop=None):
        def on_step(epoch, done):
            seen.append((epoch, round(done * tiny_split.train.shape[0])))
            if seen[-1] == stop:
                raise fit.Stopped
        return on_step

    whole, history = fitted(tiny_split, epochs=3, on_step=note(), **changes)
    people = tiny_split.train.shape[0]
    assert seen == [(epoch, min(last, people)) for epoch in (1, 2, 3) for last in range(64, people + 64, 64)]
    monkeypatch.setattr(fit, "KEPT_EVERY", 0.0)  # after every step
    with pytest.raises(fit.Stopped):
        fitted(tiny_split, epochs=3, to=tmp_path, on_step=note((2, 64)), **changes)
    seen.clear()
    resumed, continued = fitted(tiny_split, epochs=3, to=tmp_path, on_step=note(), **changes)
    assert seen[0] == (2, 128)
    assert plain(continued) == plain(history)
    assert same_weights(resumed, whole)


def test_one_stopped_between_the_last_step_of_an_epoch_and_its_end(tiny_split, tmp_path, monkeypatch):
    whole, history = fitted(tiny_split, epochs=2)
    monkeypatch.setattr(fit, "KEPT_EVERY", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(fit, "validation_ndcg", lambda *_: (_ for _ in ()).throw(fit.Stopped))
        with pytest.raises(fit.Stopped):
            fitted(tiny_split, epochs=2, to=tmp_path)
    resumed, continued = fitted(tiny_split, epochs=2, to=tmp_path)
    assert plain(continued) == plain(history)
    assert same_weights(resumed, whole)


def test_a_finished_training_is_taken_as_it_is(tiny_split, tmp_path):
    whole, history = fitted(tiny_split, epochs=3, to=tmp_path)
    rows = []
    again, repeated = fitted(tiny_split, epochs=3, on_epoch=rows.append, to=tmp_path)
    assert rows == []
    assert repeated == history
    assert same_weights(whole, again)


@pytest.mark.parametrize("harm", ["empty", "cut", "text", "no state", "state is no JSON", "another model", "other tensors"])
def test_a_damaged_checkpoint_is_said(tiny_split, tmp_path, harm):
    with pytest.raises(fit.Stopped):
        fitted(tiny_split, on_epoch=stop_after(1), to=tmp_path)
    file = tmp_path / checkpoint.FILE
    tensors, state = checkpoint.load(tmp_path)
    if harm == "empty":
        file.write_bytes(b"")
    elif harm == "cut":
        file.write_bytes(file.read_bytes()[:-100])
    elif harm == "text":
        file.write_text("not a checkpoint")
    elif harm in ("no state", "state is no JSON"):
        from safetensors.torch import save_file

        save_file(tensors, file, None if harm == "no state" else {"state": "{"})
    elif harm == "another model":
        checkpoint.save(tmp_path, tensors | {"model.items": torch.zeros(2, 2)}, state)
    else:
        checkpoint.save(tmp_path, {"a": torch.zeros(1)}, {})
    with pytest.raises(InputError, match=checkpoint.FILE) as caught:
        fitted(tiny_split, to=tmp_path)
    assert "\n" not in str(caught.value)


def test_a_failed_write_leaves_the_older_checkpoint(tmp_path, monkeypatch):
    checkpoint.save(tmp_path, {"a": torch.ones(1)}, {"history": [1]})
    monkeypatch.setattr(files.os, "replace", lambda *paths: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(tmp_path, {"a": torch.zeros(1)}, {"history": [2]})
    assert checkpoint.load(tmp_path)[1] == {"history": [1]}


def test_a_loss_that_is_no_number_is_said(tiny_split):
    model = MacridVAE(tiny_split.train.shape[1], tiny_settings())
    with torch.no_grad():
        model.biases[0][:] = float("nan")
    with pytest.raises(FloatingPointError, match="learning_rate"):
        fit.fit(model, tiny_split)


def test_several_threads_repeat_themselves():
    """At a size where PyTorch really divides the work, two trainings end with the same bits."""
    clicks = split.strong(split.to_clicks(shop.simulate(700, 1500, seed=0).data), 0)
    threads = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        one, other = (fitted(clicks, train_batch_size=500, embedding_size=32, epochs=3)[0] for _ in range(2))
    finally:
        torch.set_num_threads(threads)
    assert same_weights(one, other)
