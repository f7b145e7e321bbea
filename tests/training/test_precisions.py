"""`precision: auto`: the faster one is taken, where the model is, and the same by all workers."""

import pytest
import torch
from conftest import tiny_settings

from macrid.training import fit, precisions
from macrid.training.start import untrained


@pytest.mark.parametrize(("slow", "taken"), [("float32", "bfloat16"), ("bfloat16", "float32"), (None, "float32")])
def test_the_faster_precision_is_taken(tiny_split, monkeypatch, slow, taken):
    monkeypatch.setattr(precisions, "_seconds", lambda dtype, settings, device: 1.0 + (str(dtype) == f"torch.{slow}"))
    for asked, wanted in (("auto", taken), ("float32", "float32")):
        model = untrained(tiny_split.train, tiny_settings(precision=asked), 0)
        fit.Trainer(model, tiny_split.train)
        assert model.settings.precision == wanted


def test_bfloat16_only_where_every_worker_is_faster_with_it(tiny_split, monkeypatch):
    class Others:
        def agree(self, said):
            return False

    monkeypatch.setattr(precisions, "faster", lambda settings, device: "bfloat16")
    model = untrained(tiny_split.train, tiny_settings(precision="auto"), 0)
    precisions.settle(model, Others())
    assert model.settings.precision == "float32"


def test_a_precision_is_timed():
    assert precisions.faster(tiny_settings(), torch.device("cpu")) in ("float32", "bfloat16")
