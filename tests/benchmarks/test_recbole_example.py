"""RecBole's example beside ours, without RecBole: which figures of it stand in the table, and that splits are compared."""

import json
from pathlib import Path

import pandas as pd
import pytest

from macrid.pipeline import recbole_import

TINY = Path(__file__).parents[1] / "fixtures" / "recbole"


@pytest.fixture
def benchmarks(benchmark):
    return benchmark("recbole_example"), benchmark("recbole_split")


def test_figures_of_the_peer_are_kept_or_reported(benchmarks, tmp_path):
    example, _ = benchmarks
    out = tmp_path / "found.json"
    reported = example.kept(out)
    assert reported["metrics"]["recall@10"] == 0.2473
    assert "seconds" not in reported
    out.write_text(json.dumps({"peer": reported}))
    assert example.kept(out) == reported
    out.write_text(json.dumps({"peer": {"source": "measured", "metrics": {"recall@10": 0.5}, "seconds": 900}}))
    assert example.kept(out) == {"source": "kept from an earlier run", "metrics": {"recall@10": 0.5}, "seconds": 900}


def test_the_table(benchmarks):
    example, _ = benchmarks
    low = {"metrics": dict.fromkeys(example.METRICS, 0.1), "source": "measured", "seconds": 100, "processor_seconds": 90}
    high = {"metrics": dict.fromkeys(example.METRICS, 0.2), "seconds": 10, "processor_seconds": 9}
    text = example.summary({"peer": low, "ours": high, "ours_on_their_split": high,
                            "times_faster": {"seconds": 10.0, "processor_seconds": 10.0}})
    assert "better on 5 of 5" in text
    assert "1/10 of its time" in text
    assert text.count("\n") == 4 + 2


def test_another_split_is_refused(benchmarks):
    wanted = json.loads((TINY / "tiny.json").read_text())["split"]
    rows = [(user, item, part) for part, people in wanted.items() for user, items in people.items() for item in items]
    theirs = pd.DataFrame(rows, columns=["user_id", "item_id", "part"])
    split = recbole_import.default_split(TINY / "tiny", "tiny")
    benchmarks[1].check(split, theirs)
    theirs.loc[theirs["part"] == "test", "part"] = "validation"
    with pytest.raises(RuntimeError, match="validation part"):
        benchmarks[1].check(split, theirs)
