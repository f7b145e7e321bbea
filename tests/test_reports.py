"""What a crash leaves: a line that names a report, and in it nothing of what somebody gave."""

import pytest

from macrid import reports
from macrid.cli import main

COMMAND = ["train", "--data", "/home/ann/orders of ann.csv", "--set", "epochs=4", "--set", "name=Ann Smith", "--user=4711",
           "-x", "Heat (1995)", "--out", "models/ann"]


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("MACRID_REPORTS", str(tmp_path / "reports"))
    return tmp_path / "reports"


def crash():
    try:
        return {}["person 4711 liked Heat (1995)"]
    except KeyError as error:
        raise RuntimeError("Ann Smith cannot be read") from error


def test_a_crash_leaves_a_report_without_data(kept, capsys):
    for _ in range(2):
        with pytest.raises(SystemExit) as ended, main.reported(COMMAND):
            crash()
        assert ended.value.code == 1
    (path,) = kept.iterdir()  # the same crash has one report
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: a fault of macrid: RuntimeError at ")
    assert str(path) in last
    told = path.read_text()
    assert "macrid train --data ... --set epochs=4 --set ... --user -x ... --out ..." in told
    for word in ("builtins.KeyError", "builtins.RuntimeError", "torch ", "crash", "macrid/cli/main.py"):
        assert word in told
    for word in ("4711", "Heat", "ann", "Ann", "Smith", "/home"):
        assert word not in told


def test_mistakes_and_interruptions_leave_none(kept):
    with pytest.raises(SystemExit), main.reported([]):
        main.call(["train"], "macrid")
    with pytest.raises(KeyboardInterrupt), main.reported([]):
        raise KeyboardInterrupt
    assert not kept.exists()


def test_where_no_report_can_be_kept_the_crash_is_still_said(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MACRID_REPORTS", str(tmp_path / "file"))
    assert reports.line(ValueError("x"), []) == "a fault of macrid: ValueError at ?; no report can be kept"


def test_no_more_than_some_are_kept(kept, monkeypatch):
    monkeypatch.setattr(reports, "MOST", 3)
    for kind in (ValueError, KeyError, TypeError, OSError, IndexError):
        assert reports.write(kind(), []).is_file()
    assert len(list(kept.iterdir())) == 3
