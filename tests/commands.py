"""What the tests of commands share: running one and reading what it says."""

import io
import json
import re
import subprocess
import sys
import time
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from macrid.cli import main
from macrid.maps import layout, projections

ROOT = Path(__file__).resolve().parents[1]
TINY = ["--data", "shop:140x120", "--set", "epochs=2", "--set", "embedding_size=4", "--set", "encoder_hidden_size=[8]"]


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    """Maps by principal components; data sets would be kept in an empty folder; the warning hook is put back."""
    monkeypatch.setattr(layout, "METHODS", dict.fromkeys(layout.METHODS, lambda vectors, *rest: projections.pca(vectors)))
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setenv("MACRID_DATA", str(tmp_path / "data"))


def run(*arguments) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of one command."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main.call([str(a) for a in arguments], "macrid")
        except SystemExit as end:
            status = end.code or 0
    return status, out.getvalue(), err.getvalue()


def answer(*arguments) -> dict:
    status, out, err = run(*arguments, "--json")
    assert status == 0, err
    assert out.count("\n") == 1
    found = json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert isinstance(found, dict)
    return found


def mistake(*arguments) -> str:
    """The one line that a mistake gets."""
    status, out, err = run(*arguments)
    assert status == 2, (out, err)
    assert out == ""
    assert err.count("\n") == 1, err
    assert err.startswith("error: ")
    assert "Traceback" not in err
    return err


def said(message: str, *arguments: str) -> None:
    """The one line that a mistake gets has the pattern `message` in it."""
    line = mistake(*arguments)
    assert re.search(message, line), line
    assert len(line) < 900


def once(running: subprocess.Popen, happened):
    """What `happened()` gives as soon as it gives something, which it must while the process runs."""
    until = time.monotonic() + 240
    while not (found := happened()):
        assert time.monotonic() < until
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.02)
    return found


def process(*arguments, **kwargs):
    return subprocess.Popen([sys.executable, "-m", "macrid", *map(str, arguments)], cwd=ROOT, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)
