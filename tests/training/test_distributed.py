"""Two processes that train one model: what one process comes to, going on with another number of them, one that dies."""

import json
import multiprocessing
import os
import signal
import socket
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import random_clicks, tiny_settings

from macrid.data import shop, split
from macrid.errors import InputError
from macrid.model import kernels, reference
from macrid.model.item_rows import ALL_HERE, OF_ITEMS
from macrid.model.macridvae import MacridVAE
from macrid.model.sampling import Sampler
from macrid.model.settings import Settings
from macrid.training import fit, shared_rows, start
from macrid.training.shared_rows import SharedRows, rows_for
from macrid.training.workers import ALONE, Workers

NOISY = {"epochs": 2, "nogb": False, "skip": True, "person_power": 0.3, "weight_averaging": 0.9, "label_weight": 0.5,
         "train_batch_size": 50}
TRAININGS = {"all items": NOISY, "sampled": NOISY | {"sampled_items": 40},
             "regularised": {"epochs": 1, "reg_weights": (0.01, 0.01), "dropout_mask": "user", "train_batch_size": 7}}
FREE = {"epochs": 1, "similarity": "dot-raw", "user_norm": "free", "std": 3.0, "learning_rate": 0.03}
BY_ITEMS = {"held": NOISY | {"routing": "held", "nogb": True, "embedding_size": 3, "dropout_mask": "user"},
            "shares left out": FREE | {"init": "glorot", "train_batch_size": 20, "input_norm": "user", "routing_mass": 0.2},
            "few sampled": FREE | {"init": "random", "train_batch_size": 10, "sampled_items": 3}}
WAYS = [*((name, way) for name in TRAININGS for way in ("people", "items")), *((name, "items") for name in BY_ITEMS)]
RESUMED = {"epochs": 2, "sampled_items": 40, "weight_averaging": 0.9, "train_batch_size": 50}


def data():
    return split.strong(split.to_clicks(shop.simulate(140, 150, seed=1).data), seed=0)


def trained(parts, settings, workers=ALONE, folder=None, stop_at=None):
    """A model and its history, as numbers; stop_at: (epoch, share of the people) at which it is stopped."""
    labels = np.full((parts.train.shape[1], 1), np.nan)
    labels[:20, 0] = np.arange(20.0)
    model = start.untrained(parts.train, tiny_settings(**settings), 0, labels if "label_weight" in settings else None,
                            rows=rows_for(workers, parts.train.shape[1]))

    def after(epoch, done):
        if stop_at and (epoch, done) >= stop_at:
            raise fit.Stopped

    try:
        history = fit.run(fit.Trainer(model, parts.train, 0, folder, None, workers), parts.validation, on_step=after)
    except fit.Stopped:
        return None
    return {name: value.numpy() for name, value in model.state_dict().items()}, history


EXACT = Settings(embedding_size=3, kfac=4, encoder_hidden_size=(6,), init="random", std=0.3, nogb=True, dropout_prob=0.0,
                 skip=True, context=0.2, person_power=0.3)
SAMPLERS = {"all items": None, "all drawn": Sampler(np.arange(31.0), 31)}  # without one the weights are regularised, too


def small_model(sampler, rows=ALL_HERE):
    """A model of 31 items, and the clicks of five people on them."""
    settings = replace(EXACT, reg_weights=(0.0, 0.0) if sampler else (0.1, 0.2))
    model, clicks = MacridVAE(31, settings, 1, rows=rows), random_clicks(5, 31)
    model.sampler = sampler
    return model, clicks


def gradients(workers):
    """What two workers come to for one batch: the loss, and its gradient by every weight, whole, of each of SAMPLERS."""
    for name, sampler in SAMPLERS.items():
        model, clicks = small_model(sampler, rows_for(workers, 31))
        model.generator.manual_seed(7)
        loss = model.loss(clicks, 0.3, workers.share(5))["loss"]
        loss.backward()
        found = {"loss": np.array(workers.added_up([loss.item()]))}
        for weight, parameter in model.named_parameters():
            grad = parameter.grad.to_dense()
            if weight not in OF_ITEMS:
                workers.add_up([grad])
            found[weight] = (model.rows.whole(grad) if weight in OF_ITEMS else grad).numpy()
        yield name, found


def work(index, port, folder):
    """What each of two workers does; the first writes what it comes to, at last the second dies."""
    os.environ.update(RANK=str(index), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    fit.KEPT_EVERY, fit.KEEPING_SHARE, shared_rows.ROWS_AT_ONCE, parts = 0.0, 0.0, 16, data()
    with Workers.of_torchrun() as workers:
        assert (workers.index, workers.count, workers.is_first) == (index, 2, index == 0)
        assert workers.agree(True)
        assert not workers.agree(index == 0)
        workers.by_items = True
        torch.set_default_dtype(torch.float64)
        for name, found in gradients(workers):
            np.savez(folder / f"gradients-{name}-{index}.npz", **found)
        torch.set_default_dtype(torch.float32)
        for name, way in WAYS:
            workers.by_items = way == "items"
            if name in BY_ITEMS:  # some people at a time, and no score is small
                kernels.AT_ONCE, kernels.LEAST_AT_ONCE, kernels.BOUND = 1000, 2, 0.0
            weights, history = trained(parts, (TRAININGS | BY_ITEMS)[name], workers)
            np.savez(folder / f"{name}-{way}-{index}.npz", **weights)
            (folder / f"{name}-{way}-{index}.json").write_text(json.dumps(history))
        for workers.by_items in (True, False):
            way = "items" if workers.by_items else "people"
            weights, _ = trained(parts, RESUMED, workers, folder / f"begun by one, {way}")
            np.savez(folder / f"resumed-{way}-{index}.npz", **weights)
            trained(parts, RESUMED, workers, folder / f"begun by two, {way}", stop_at=(2, 0.5))
        try:  # another checkpoint than the first worker's: none
            trained(parts, RESUMED, workers, folder / ("begun by two, people" if index == 0 else "nothing"))
        except InputError as error:
            (folder / f"apart-{index}").write_text(str(error))
        workers.by_items = True
        try:
            trained(parts, RESUMED, workers, stop_at=(1, 0.5) if index == 1 else None)
        except InputError as error:
            (folder / "lost").write_text(str(error))
        if index == 1:
            os._exit(7)  # no farewell to the other


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """The folder with what two workers came to, and their exit codes."""
    folder = tmp_path_factory.mktemp("workers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "KEPT_EVERY", 0.0)
        patch.setattr(fit, "KEEPING_SHARE", 0.0)
        for way in ("people", "items"):
            trained(data(), RESUMED, folder=folder / f"begun by one, {way}", stop_at=(2, 0.3))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=work, args=(index, port, folder)) for index in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    return folder, [process.exitcode for process in processes]


def assert_close(found, wanted):
    for key, value in wanted.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-4, atol=1e-4 * np.abs(value).max(), err_msg=key)


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_two_come_to_what_one_does(together, name, way):
    folder: Path = together[0]
    alone, history = trained(data(), (TRAININGS | BY_ITEMS)[name])
    for index in range(2):
        for row, wanted in zip(json.loads((folder / f"{name}-{way}-{index}.json").read_text()), history, strict=True):
            for key in set(wanted) - {"seconds"}:
                assert row[key] == pytest.approx(wanted[key], rel=1e-5), key
        with np.load(folder / f"{name}-{way}-{index}.npz") as found:
            if way == "items" and index == 1:  # keeps the items that are its own; only the first's are whole at last
                alone = {key: value[1::2] if key in OF_ITEMS else value for key, value in alone.items()}
            assert_close(found, alone)


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_gradient_of_shared_items_is_that_of_the_formulas(double, together, name):
    model, clicks = small_model(SAMPLERS[name])
    generator = torch.Generator().manual_seed(7)
    if SAMPLERS[name]:
        torch.rand(31, generator=generator)  # what is drawn for the items
    draws = reference.Draws(torch.zeros(31, 4), torch.ones(5, 31, 4), torch.randn(5, 4, 3, generator=generator))
    loss = reference.loss(model, torch.as_tensor(clicks.toarray(), dtype=torch.float64), 0.3, draws)["loss"]
    loss.backward()
    for index in range(2):
        with np.load(together[0] / f"gradients-{name}-{index}.npz") as found:
            np.testing.assert_allclose(found["loss"], loss.item(), rtol=1e-10)
            for weight, parameter in model.named_parameters():
                wanted = parameter.grad.numpy()
                np.testing.assert_allclose(found[weight], wanted, 1e-8, 1e-9 * np.abs(wanted).max(), err_msg=weight)


@pytest.mark.parametrize("way", ["people", "items"])
def test_a_training_goes_on_with_another_number(together, way):
    folder: Path = together[0]
    wanted = trained(data(), RESUMED)[0]
    assert_close(trained(data(), RESUMED, folder=folder / f"begun by two, {way}")[0], wanted)
    with np.load(folder / f"resumed-{way}-0.npz") as found:
        assert_close(found, wanted)


def test_all_must_see_the_same_checkpoint(together):
    for index in range(2):
        assert "not all workers see the same checkpoint" in (together[0] / f"apart-{index}").read_text()


def test_one_that_dies_stops_the_other(together):
    folder, codes = together
    assert codes[1] == 7
    assert codes[0] in (0, -signal.SIGABRT)  # seldom a thread of gloo ends the process after it has said why
    said = (folder / "lost").read_text()
    assert said.startswith("worker 1 of 2 lost another one, and ends (")
    assert "--resume" in said


def test_alone_is_all():
    assert ALONE.is_first
    assert ALONE.share(11) == slice(0, 11)
    assert ALONE.added_up([1.5, 2]) == [1.5, 2]
    shares = [Workers(index, 3).share(11) for index in range(3)]
    assert [i for share in shares for i in range(11)[share]] == list(range(11))
    tensor = torch.ones(2)
    ALONE.as_the_first([tensor])
    assert tensor.tolist() == [1, 1]


def test_rows_that_are_made_in_parts_are_those_of_the_whole(monkeypatch):
    monkeypatch.setattr(shared_rows, "ROWS_AT_ONCE", 16)
    for make in (torch.randn, torch.rand):
        for items in (5, 16, 32, 33, 47, 48, 100):
            whole = make(items, 3, generator=torch.Generator().manual_seed(3))
            for index in range(3):
                some = partial(make, generator=torch.Generator().manual_seed(3))
                rows = SharedRows(Workers(index, 3), items).made(lambda n, some=some: some(n, 3), items)
                assert torch.equal(rows, whole[index::3])


def test_who_holds_all_rows():
    assert rows_for(ALONE, 5) is ALL_HERE
    assert rows_for(Workers(by_items=True), 5) is ALL_HERE
    assert rows_for(Workers(0, 2), 5) is ALL_HERE
    assert rows_for(Workers(0, 5, by_items=True), 5) is not ALL_HERE
    with pytest.raises(InputError, match="4 items and 5 processes"):
        rows_for(Workers(0, 5, by_items=True), 4)
