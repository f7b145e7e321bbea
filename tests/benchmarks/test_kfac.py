"""What the benchmark of `kfac: auto` records."""

import json

import kfac
from click.testing import CliRunner


def test_it_records_what_is_taken_and_what_test_people_say(tmp_path):
    out = tmp_path / "kfac.json"
    given = ["--data", "shop:140x240", "--set", "embedding_size=8", "--seeds", "1", "--out", str(out)]
    found = CliRunner().invoke(kfac.main, given, catch_exceptions=False)
    row, = json.loads(out.read_text())["rows"]
    assert (row["data"], row["seed"], len(row["candidates"])) == ("shop", 0, 17)
    assert list(row["test"]) == ["4", "7", "12", "20"]
    assert all(1 / int(kfac) < one["certainty"] <= 1 for kfac, one in row["test"].items())
    assert f"| {row['kfac']}" in found.output
