"""The benchmark on collapse: what it records, and that what is done is not done again."""

import collapse as benchmark
import pytest
from click.testing import CliRunner

from macrid.results import collapse

GIVEN = ["--data", "skewed-shop:90x150", "--epochs", "2", "--seeds", "1", "--variant", "cosine", "--variant", "dot-free"]


@pytest.fixture
def ran(tmp_path):
    def run(*more):
        given = [*GIVEN, *more, "--out", str(tmp_path / "collapse.json")]
        found = CliRunner().invoke(benchmark.main, given, catch_exceptions=False)
        return found, collapse.load(tmp_path / "collapse.json")

    return run


def test_it_goes_on_where_it_was(ran, monkeypatch):
    found, (first,) = ran()
    done = [(training["variant"], training["init"], training["seed"]) for training in first["trainings"]]
    assert done == [("cosine", "glorot", 0), ("dot-free", "glorot", 0)]
    assert collapse.sentence(first, "glorot") in found.output
    assert (first["settings"]["train_batch_size"], first["settings"]["embedding_size"]) == (100, 100)
    done, train = [], benchmark.training
    monkeypatch.setattr(benchmark, "training", lambda *args: done.append(args[2]) or train(*args))
    _, (second,) = ran("--init", "glorot", "--init", "spectral")
    assert [key["init"] for key in done] == ["spectral"] * 2
    assert second["trainings"][:2] == first["trainings"]
    assert collapse.starts(second) == ["glorot", "spectral"]
    _, both = ran("--set", "learning_rate=0.01")
    assert both[0] == second
    assert both[1]["changes"] == {"learning_rate": 0.01}


def test_items_that_few_clicked_are_left_out(ran):
    _, (every,) = ran()
    _, (_, some) = ran("--item-clicks", "9")
    assert 0 < some["items"] < every["items"]
    assert (every["item_clicks"], some["item_clicks"]) == (1, 9)
