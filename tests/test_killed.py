"""A training that is killed outright, by the command line, and taken up again: the same weights and curve as of one that was
not."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from macrid import cli, maps, projections

ROOT = Path(__file__).resolve().parents[1]
TRAIN = ["train", "--data", "shop:140x120", "--set", "epochs=40", "--set", "stopping_step=40", "--set", "embedding_size=4",
         "--set", "encoder_hidden_size=[8]", "--out"]


def curve(folder: Path) -> list[dict]:
    rows = json.loads((folder / "history.json").read_text())
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_kill_9_then_resume(tmp_path, monkeypatch):
    monkeypatch.setattr(maps, "METHODS", dict.fromkeys(maps.METHODS, lambda vectors, *rest: projections.pca(vectors)))
    command = [sys.executable, "-m", "macrid", *TRAIN, tmp_path / "out"]
    running = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 240
        while not (tmp_path / "out.partial" / "main" / "checkpoint.safetensors").exists():
            assert time.monotonic() < until
            assert running.poll() is None
            time.sleep(0.02)
    finally:
        running.kill()
    assert running.wait(60) == -9
    assert {p.name for p in tmp_path.iterdir()} == {"out.partial"}

    for arguments in ([*TRAIN, tmp_path / "out", "--resume"], [*TRAIN, tmp_path / "whole"]):
        cli.main.main(list(map(str, arguments)), prog_name="macrid")
    assert {p.name for p in tmp_path.iterdir()} == {"out", "whole"}
    one, two = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("out", "whole"))
    assert one == two
    assert curve(tmp_path / "out") == curve(tmp_path / "whole")
    assert len(curve(tmp_path / "out")) == 40
