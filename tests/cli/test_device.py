"""The device that --device asks for."""

import pytest
import torch

from macrid.cli import main
from macrid.cli.options import device_of


@pytest.mark.parametrize("command", [["train"], ["compare"], ["sweep", "--grid", "kfac=1,7"],
                                     ["tune", "--params", "ranges.test", "--trials", "1"]], ids=lambda command: command[0])
def test_without_a_gpu_cuda_is_a_mistake(command, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ranges.test").write_text("kfac choice [1,7]\n")
    with pytest.raises(SystemExit) as end:
        main.call([*command, "--data", "shop:140x120", "--out", "out", "--device", "cuda"], "macrid")
    assert end.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "error: --device cuda: PyTorch sees no CUDA device here; use --device cpu\n"
    assert [path.name for path in tmp_path.iterdir()] == ["ranges.test"]


def test_auto_takes_what_there_is(monkeypatch):
    for there, wanted in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert device_of("auto") == wanted
    assert device_of("cpu") == "cpu"
