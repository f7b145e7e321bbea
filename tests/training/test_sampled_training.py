"""Training on sampled items: what a step touches, going on after a stop."""

import numpy as np
import pytest
import torch
from conftest import tiny_settings

from macrid.measures.evaluate import validation_ndcg
from macrid.training import fit, start

SAMPLED = {"sampled_items": 30, "weight_averaging": 0.9, "epochs": 3}


def trained(split, folder=None, on_step=None, **changes):
    model = start.untrained(split.train, tiny_settings(**SAMPLED | changes), 0)
    return model, fit.fit(model, split, 0, checkpoint_to=folder, on_step=on_step)


def test_it_learns_and_going_on_gives_the_same(tiny_split, tmp_path, monkeypatch):
    model, history = trained(tiny_split)
    assert history[-1]["nll"] < history[0]["nll"]
    untrained = start.untrained(tiny_split.train, tiny_settings(**SAMPLED), 0)
    assert validation_ndcg(model, tiny_split.validation).mean() > validation_ndcg(untrained, tiny_split.validation).mean()
    monkeypatch.setattr(fit, "KEPT_EVERY", 0.0)  # after every step

    def stop(epoch, done):
        if epoch == 2 and done < 1:
            raise fit.Stopped

    with pytest.raises(fit.Stopped):
        trained(tiny_split, tmp_path, stop)
    again, later = trained(tiny_split, tmp_path)
    assert [row["nll"] for row in later] == [row["nll"] for row in history]
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


@pytest.mark.parametrize(("asked", "most", "taken"), [(None, 1000, 0), (None, 100, 64), (0, 100, 0), (70, 1000, 70),
                                                      (10**6, 100, 0)])
def test_how_many_items_are_sampled(tiny_split, monkeypatch, asked, most, taken):
    monkeypatch.setattr(start, "ALL_UP_TO", most)
    monkeypatch.setattr(start, "SAMPLED", 64)
    model = start.untrained(tiny_split.train, tiny_settings(sampled_items=asked), 0)
    assert model.settings.sampled_items == taken
    assert (model.sampler is not None) == (taken > 0)
    if taken:
        assert model.sampler.expected.sum() == pytest.approx(taken)
        assert np.argmax(model.sampler.expected) == np.asarray(tiny_split.train.sum(axis=0)).argmax()
