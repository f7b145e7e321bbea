"""Two processes that train one model: what one process comes to, going on with another number of them, one that dies."""

import json
import multiprocessing
import os
import signal
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import tiny_settings

from macrid.data import shop, split
from macrid.errors import InputError
from macrid.training import fit, start
from macrid.training.workers import ALONE, Workers

NOISY = {"epochs": 2, "nogb": False, "skip": True, "person_power": 0.3, "weight_averaging": 0.9, "label_weight": 0.5,
         "train_batch_size": 50}
TRAININGS = {"all items": NOISY, "sampled": NOISY | {"sampled_items": 40},
             "regularised": {"epochs": 1, "reg_weights": (0.01, 0.01), "dropout_mask": "user", "train_batch_size": 7}}
RESUMED = {"epochs": 2, "sampled_items": 40, "weight_averaging": 0.9, "train_batch_size": 50}


def data():
    return split.strong(split.to_clicks(shop.simulate(140, 150, seed=1).data), seed=0)


def trained(parts, settings, workers=ALONE, folder=None, stop_at=None):
    """A model and its history, as numbers; stop_at: (epoch, share of the people) at which it is stopped."""
    labels = np.full((parts.train.shape[1], 1), np.nan)
    labels[:20, 0] = np.arange(20.0)
    model = start.untrained(parts.train, tiny_settings(**settings), 0, labels if "label_weight" in settings else None)

    def after(epoch, done):
        if stop_at and (epoch, done) >= stop_at:
            raise fit.Stopped

    try:
        history = fit.run(fit.Trainer(model, parts.train, 0, folder, None, workers), parts.validation, on_step=after)
    except fit.Stopped:
        return None
    return {name: value.numpy() for name, value in model.state_dict().items()}, history


def work(index, port, folder):
    """What each of two workers does; the first writes what it comes to, at last the second dies."""
    os.environ.update(RANK=str(index), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    fit.KEPT_EVERY, fit.KEEPING_SHARE, parts = 0.0, 0.0, data()
    with Workers.of_torchrun() as workers:
        assert (workers.index, workers.count, workers.is_first) == (index, 2, index == 0)
        assert workers.agree(True)
        assert not workers.agree(index == 0)
        for name, settings in TRAININGS.items():
            weights, history = trained(parts, settings, workers)
            np.savez(folder / f"{name}-{index}.npz", **weights)
            (folder / f"{name}-{index}.json").write_text(json.dumps(history))
        weights, _ = trained(parts, RESUMED, workers, folder / "begun by one")
        np.savez(folder / f"resumed-{index}.npz", **weights)
        trained(parts, RESUMED, workers, folder / "begun by two", stop_at=(2, 0.5))
        try:  # another checkpoint than the first worker's: none
            trained(parts, RESUMED, workers, folder / ("begun by two" if index == 0 else "nothing"))
        except InputError as error:
            (folder / f"apart-{index}").write_text(str(error))
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
        trained(data(), RESUMED, folder=folder / "begun by one", stop_at=(2, 0.3))
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


@pytest.mark.parametrize("name", TRAININGS)
def test_two_come_to_what_one_does(together, name):
    folder: Path = together[0]
    alone, history = trained(data(), TRAININGS[name])
    for index in range(2):
        for row, wanted in zip(json.loads((folder / f"{name}-{index}.json").read_text()), history, strict=True):
            for key in set(wanted) - {"seconds"}:
                assert row[key] == pytest.approx(wanted[key], rel=1e-5), key
        with np.load(folder / f"{name}-{index}.npz") as found:
            for key, value in alone.items():
                np.testing.assert_allclose(found[key], value, rtol=1e-4, atol=1e-4 * np.abs(value).max(), err_msg=key)


def test_a_training_goes_on_with_another_number(together):
    folder: Path = together[0]
    wanted = trained(data(), RESUMED)[0]
    back, _ = trained(data(), RESUMED, folder=folder / "begun by two")
    with np.load(folder / "resumed-0.npz") as on:
        for found in (on, back):
            for key, value in wanted.items():
                np.testing.assert_allclose(found[key], value, rtol=1e-4, atol=1e-4 * np.abs(value).max(), err_msg=key)


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
