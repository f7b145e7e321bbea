"""The benchmark of training measures what it says: each contender on a small shop, and the floor's counts by hand."""

import numpy as np
import pytest
from conftest import random_clicks, tiny_settings

from macrid.model.macridvae import MacridVAE
from macrid.training import fit


@pytest.fixture
def training(benchmark):
    return benchmark("training")


@pytest.mark.parametrize("who", ["ours", "ours, routed", "dense"])
def test_a_contender_is_timed(training, who, monkeypatch):
    monkeypatch.setattr(fit, "TRAINED_AT_ONCE", fit.TRAINED_AT_ONCE)  # dense takes batches whole
    found = training.measure({"preset": "paper", "who": who, "epochs": 2, "threads": 1, "data": "shop:70x100"})
    for clock in training.CLOCKS:
        assert len(found[clock]) == 2
        assert all(seconds >= 0 for seconds in found[clock])
    assert found["peak"] > 0.99 * found["bare"] > 0  # the system counts pages of threads a little late
    assert ("evaluation" in found) == (who == "ours")


def test_the_floor_counts(training, monkeypatch):
    monkeypatch.setattr(training, "_fastest", lambda action: action() is None or 1.0)
    work = training.floor("paper", random_clicks(40, 60))["work"]
    assert work["exponentials"] == 40 * 7 * 60
    assert work["decoder, multiply-adds"] == 3 * 40 * 7 * 60 * 100
    assert work["second layer, multiply-adds"] == 3 * 40 * 7 * 100 * 200
    clicks = random_clicks(40, 60).nnz
    assert abs(work["first layer, numbers"] - clicks * 7 * 100) <= 7 * 100  # half dropped, taken forward and back


def test_recbole_gets_our_clicks(training, tmp_path):
    clicks, answers = random_clicks(5, 7, seed=1), random_clicks(3, 7, seed=2)
    training.write_atomic(tmp_path, clicks, answers)
    for part, matrix in (("train", clicks), ("valid", answers)):
        lines = (tmp_path / "clicks" / f"clicks.{part}.inter").read_text(encoding="utf-8").splitlines()
        assert lines[0] == "user_id:token\titem_id:token"
        found = np.zeros(matrix.shape)
        for user, item in (line.split("\t") for line in lines[1:]):
            found[int(user[1:]), int(item[1:])] = 1
        np.testing.assert_array_equal(found, matrix.toarray())


def test_what_routing_leaves_out(benchmark):
    routing = benchmark("routing")
    model = MacridVAE(60, tiny_settings(init="random", kfac=5))
    rows = routing.differences(model, random_clicks(40, 60))
    assert [row["mass"] for row in rows] == [None, *routing.MASSES]
    assert rows[0]["kept"] == 1.0
    kept = [row["kept"] for row in rows]
    assert kept == sorted(kept, reverse=True)
    assert rows[1]["cosine"] > 0.99 > rows[-1]["cosine"]


def test_ours_trains_to_a_goal(training):
    found = training.measure({"preset": "best", "seed": 0, "goal": 0.0, "threads": 1, "data": "shop:70x100"})
    (seconds, ndcg), = found["course"]
    assert seconds > 0
    assert 0 < ndcg < 1


def test_how_much_sooner_ours_is_as_good(training):
    until = training.training_until
    found = until.beside_recbole("paper", lambda preset: [[10.0, 0.2], [20.0, 0.4], [30.0, 0.3]], lambda job: {
        "paper": [[5.0, 0.39]], "best": [[1.0 + job["seed"], job["goal"]]]}[job["preset"]])
    assert found["best"] == 1
    assert until.rows("paper", found) == [
        ["paper", "RecBole", "0.4000", 2, "20.0 s", ""],
        ["paper", "ours, the same settings", "0.3900", "", "3 of 3 never", ""],
        ["paper", "ours, as it ships", "0.4000", "1 to 1", "2.0 s (1.0 to 3.0)", "10 x"]]
