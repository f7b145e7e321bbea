"""The benchmark of steering, in small: each part measures what it says, and the charts and tables of it can be drawn."""


import numpy as np
import pytest
import trade_off

from macrid.bundle import load
from macrid.data.shop import ATTRIBUTES


@pytest.fixture
def benchmarks(benchmark):
    return benchmark("steering_latency"), benchmark("steering_curves"), benchmark("steering_regret")


def test_latency(benchmarks):
    latency = benchmarks[0]
    found = latency.measure((500, 900), moves=10)  # it compares the lists with those of the full product
    assert set(found["milliseconds"]) == {"500", "900"}
    assert latency.summary(found).count("\n") == 3


def test_curves(benchmarks, trained, monkeypatch):
    curves = benchmarks[1]
    monkeypatch.setattr(curves, "PEOPLE", 12)
    of = load(trained)
    found = curves.measure(of, None, 5)
    assert found["people"] == 12
    assert set(found["attributes"]) == {f"{a}, {end}" for a in ATTRIBUTES for end in ("high", "low")}
    for group in ("everybody", "askers"):
        starts = {(f[group]["personal"][0], f[group]["segment"][0]) for f in found["methods"].values()}
        assert len(starts) == 1  # without strength every method shows the person's own list
        assert found["methods"]["reranked"][group]["segment"][-1] > 0.95  # knows the truth and fills the list with it
        assert found["methods"]["whole"][group]["area"] > 0
        assert all(len(f[group]["share"]) == len(trade_off.STRENGTHS) for f in found["methods"].values())
    assert len(curves.chart({"tiny": found}).data) == 2 * 5
    assert curves.summary({"tiny": found}).count("\n") == 1 + 2 * len(curves.WORDS)
    assert curves.attribute_summary(found).count("\n") == 1 + 8


def test_regret(benchmarks, trained, monkeypatch):
    regret = benchmarks[2]
    of = load(trained)
    monkeypatch.setattr(regret, "PEOPLE", 8)
    monkeypatch.setattr(regret, "LENGTH", 3)
    found = regret.measure(of, labels=15)
    mean = {name: f["mean"] for name, f in found["regret"].items()}
    assert set(mean) == {"known", *regret.WORDS}
    assert found["wishes"] > 8
    assert all(0 <= value <= 1 for value in mean.values())
    assert mean["reranked"] <= mean["untouched"]  # it may choose not to re-rank
    assert mean["known"] < mean["untouched"]  # a wish that changed costs something
    assert found == regret.measure(of, labels=15)
    assert np.isfinite([f["se"] for f in found["regret"].values()]).all()
