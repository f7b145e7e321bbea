"""Training on a GPU: as on a processor, the same every time, stopped and resumed, to a bundle; skipped without one."""

import warnings
from functools import partial

import numpy as np
import pytest
import torch
from conftest import random_clicks, tiny_settings

from macrid.errors import InputError
from macrid.model.macridvae import MacridVAE
from macrid.model.multvae import Autoencoder, AutoencoderSettings
from macrid.model.sampling import Sampler
from macrid.pipeline import build
from macrid.training import fit, precisions, start, workers

cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
MODELS = {
    "best": {"skip": True, "context": 0.2, "person_power": 0.3, "nogb": True, "routing": "held"},
    "paper": {"nogb": False, "init": "random", "reg_weights": (0.1, 0.2)},
    "shares left out": {"routing_mass": 0.2, "init": "random", "dropout_mask": "user", "input_norm": "user"},
    "free": {"similarity": "dot-raw", "user_norm": "free", "std": 3.0, "init": "random"},
    "sampled": {"sampled_items": 40, "skip": True, "label_weight": 0.5},
}


def model_of(settings, device):
    labels = np.full((70, 1), np.nan)
    labels[:20, 0] = np.arange(20.0)
    model = MacridVAE(70, tiny_settings(**settings), 1, labels=labels).to(device)
    if "sampled_items" in settings:
        model.sampler = Sampler(np.arange(70.0), settings["sampled_items"])
    return model


@cuda
@pytest.mark.parametrize("name", MODELS)
def test_the_loss_and_its_gradients_are_those_of_a_processor(name):
    clicks, found = random_clicks(50, 70), {}
    for device in ("cpu", "cuda"):
        model = model_of(MODELS[name], device)
        terms = model.loss(clicks, 0.3)
        terms["loss"].backward()
        found[device] = [*terms.values(), *(p.grad.to_dense() for p in model.parameters() if p.grad is not None)]
        found[device].append(torch.as_tensor(model.eval().scores(clicks)))
    for here, there in zip(found["cpu"], found["cuda"], strict=True):
        torch.testing.assert_close(there.cpu(), here, rtol=1e-4, atol=1e-5)


def trained(parts, settings, folder=None, stop_at=None):
    """A model and its history, trained on the GPU; stop_at: (epoch, share of the people) at which it is stopped."""
    def after(epoch, done):
        if stop_at and (epoch, done) >= stop_at:
            raise fit.Stopped

    model = start.untrained(parts.train, tiny_settings(epochs=3, weight_averaging=0.9, **settings), 0).to("cuda")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # PyTorch's of what comes out differently every time
        try:
            history = fit.fit(model, parts, 0, checkpoint_to=folder, on_step=after)
        except fit.Stopped:
            return None
    return {name: value.cpu() for name, value in model.state_dict().items()}, [
        {key: value for key, value in row.items() if key != "seconds"} for row in history]


@cuda
@pytest.mark.parametrize("settings", [{}, {"sampled_items": 40}, {"nogb": False, "routing_mass": 0.2},
                                      {"precision": "bfloat16"}], ids=str)
def test_two_trainings_are_the_same_and_so_is_one_that_was_stopped(tiny_split, tmp_path, monkeypatch, settings):
    weights, history = trained(tiny_split, settings)
    monkeypatch.setattr(fit, "KEPT_EVERY", 0.0)
    monkeypatch.setattr(fit, "KEEPING_SHARE", 0)
    assert trained(tiny_split, settings, tmp_path, (2, 0.5)) is None
    for again in (trained(tiny_split, settings), trained(tiny_split, settings, tmp_path)):
        assert again[1] == history
        assert all(torch.equal(again[0][name], value) for name, value in weights.items())


@cuda
def test_a_processor_comes_to_nearly_the_same(tiny_split):
    settings = tiny_settings(epochs=3)
    here = fit.fit(start.untrained(tiny_split.train, settings, 0), tiny_split)
    there = fit.fit(start.untrained(tiny_split.train, settings, 0).to("cuda"), tiny_split)
    assert [row["loss"] for row in there] == pytest.approx([row["loss"] for row in here], rel=1e-3)


@cuda
def test_the_baseline_trains_too(tiny_split):
    settings = AutoencoderSettings(epochs=2)
    here, there = (Autoencoder(tiny_split.train.shape[1], settings, 0).to(device) for device in ("cpu", "cuda"))
    rows = [fit.fit(model, tiny_split)[-1]["loss"] for model in (here, there)]
    assert rows[1] == pytest.approx(rows[0], rel=1e-3)


@cuda
@pytest.mark.parametrize("sampled", [0, 40])
def test_a_bundle_comes_of_it(tiny_split, tiny_shop, tmp_path, sampled):
    settings = tiny_settings(precision="auto", sampled_items=sampled, linear_weight=None)
    found = build.build(build.Training(tiny_split, settings, tiny_shop.data, device="cuda", twin="dot"), tmp_path / "out")
    assert found.model.items.device.type == "cpu"
    assert found.meta["training"]["device"] == "cuda"
    assert found.settings.precision in ("float32", "bfloat16")


@cuda
def test_it_is_asked_which_precision_is_faster_there():
    assert precisions.faster(tiny_settings(embedding_size=128), torch.device("cuda")) in ("float32", "bfloat16")


def test_each_process_has_a_gpu_of_its_own(monkeypatch):
    taken = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    for name, value in (("get_rank", lambda: 3), ("init_process_group", lambda kind, timeout: taken.append(kind)),
                        ("destroy_process_group", lambda: None)):
        monkeypatch.setattr(workers.dist, name, value)
    for name, value in (("WORLD_SIZE", "4"), ("LOCAL_RANK", "1")):  # the second process of the second machine
        monkeypatch.setenv(name, value)
    joined = partial(workers.Workers.of_torchrun, "cuda")
    with joined() as those:
        assert (those.index, those.count) == (3, 4)
    assert taken == [1, "nccl"]
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(InputError, match=r"process 3 .* has no GPU, .* start 2 by --nproc-per-node"), joined():
        pass
