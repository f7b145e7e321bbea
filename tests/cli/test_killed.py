"""A training that is killed outright, by the command line, and taken up again: the same weights and curve as of one that was
not."""

import json
import os
from pathlib import Path

import pytest
from commands import once, process, quick, run  # noqa: F401 (quick is a fixture)

TRAIN = ["train", "--data", "shop:140x120", "--set", "epochs=40", "--set", "stopping_step=40", "--set", "embedding_size=4",
         "--set", "encoder_hidden_size=[8]", "--out"]


def curve(folder: Path) -> list[dict]:
    rows = json.loads((folder / "history.json").read_text())
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_kill_9_then_resume(tmp_path):
    running = process(*TRAIN, tmp_path / "out")
    try:
        once(running, (tmp_path / "out.partial" / "main" / "checkpoint.safetensors").exists)
    finally:
        running.kill()
    running.communicate(timeout=60)
    assert running.returncode == -9
    assert {p.name for p in tmp_path.iterdir()} == {"out.partial"}

    for arguments in ([*TRAIN, tmp_path / "out", "--resume"], [*TRAIN, tmp_path / "whole"]):
        status, _, err = run(*arguments)
        assert status == 0, err
    assert {p.name for p in tmp_path.iterdir()} == {"out", "whole"}
    one, two = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("out", "whole"))
    assert one == two
    assert curve(tmp_path / "out") == curve(tmp_path / "whole")
    assert len(curve(tmp_path / "out")) == 40
