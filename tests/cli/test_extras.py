"""A command whose extra is missing says so, and what to install, before it does anything; one that can do without does."""

import sys

import pytest
from commands import TINY, mistake, run

from macrid import results


@pytest.fixture
def no_maps(monkeypatch):
    """As if the extra `maps` were not installed."""
    for name in ("umap", "openTSNE"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize("arguments", [["train", *TINY, "--out", "out"], ["remap", "none"],
                                       ["import-recbole", "none.pth", "--data", "none", "--out", "out"]],
                         ids=lambda arguments: arguments[0])
def test_maps_are_an_extra(no_maps, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    said = mistake(*arguments)
    assert "umap-learn, which is not installed: pip install 'macrid[maps]'" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("no_maps", "trained_here")
def test_a_sweep_needs_no_extra(tmp_path):
    """Its maps are laid out by scikit-learn's t-SNE where openTSNE is not installed."""
    status, _, err = run("sweep", *TINY, "--set", "epochs=1", "--grid", "kfac=2", "--out", tmp_path / "s.json")
    assert status == 0, err
    assert "maps" in results.load(tmp_path / "s.json", "sweep")
