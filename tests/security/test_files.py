"""Files that people give and get: what would take long or fill the memory is refused, what is written holds no formula, and
a disk that is full is said in a line."""

import os
import subprocess
import sys
import time
from contextlib import nullcontext

import pandas as pd
import pytest
from commands import mistake, run
from safetensors import SafetensorError

from macrid.bundle import load
from macrid.data import cells, intention_file, label_file
from macrid.data.intention_file import Intentions
from macrid.errors import InputError
from ui import item_pictures, stage

IDS = pd.Series(["a", "b", "c", "d", "=e"])


@pytest.mark.parametrize(("content", "said"), [
    ("item_id," + ",".join(f"c{k}" for k in range(20_000)) + "\na" + ",1" * 20_000, "20,001 fields, more than 500"),
    ("item_id," + ",".join(["x"] * 400) + "\na" + ",1" * 400, "two columns are called 'x'"),
    ("item_id,x\n" + ",\n" * 2_000_001, "more than 4,000,000 fields"),
    ("item_id,a (" + " to " * 30_000 + "x)\na,1\n", ""), ('item_id,"' + '"' * 120_000, "cannot be read as CSV"),
    ("item_id," + "(" * 60_000 + " to " + ")" * 60_000 + "\na,1\n", ""),
    ("item_id,x\n" + "b" * 130_000 + ",1\n", "no item")],
    ids=range(7))
def test_labels_that_would_silence_a_server(content, said):
    """A regular expression of headings took half a minute for 130 kB, twenty thousand names five seconds."""
    begin = time.process_time()
    with pytest.raises(InputError, match=said) if said else nullcontext():
        label_file.parse(content.encode(), "f.csv", IDS)
    assert time.process_time() - begin < 20  # of work, on any machine: it was minutes


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / "f.csv").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(InputError, match="more than 64 MB"):
        label_file.read(tmp_path / "f.csv", IDS)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''=x", "'tis", "plain", "", "'"])
def test_a_cell_is_no_formula_and_comes_back(text):
    assert not cells.safe(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cells.plain(cells.safe(text)) == text
    if text in ("'tis", "plain", "", "'"):
        assert cells.safe(text) == text


def test_what_is_written_holds_no_formula_and_is_read_again():
    titles = pd.Series({item: f"=HYPERLINK({item})" for item in IDS})
    table = pd.DataFrame({"-size": [1.0, 2.0, 3.0, -4.0, 5.0]}, index=pd.Index(IDS, name="item_id", dtype=object))
    text = label_file.to_csv(table, titles)
    assert '"=' not in text
    assert '"-' not in text
    pd.testing.assert_frame_equal(label_file.parse(text.encode(), "f.csv", IDS), table)
    given = Intentions(("+plus", "other"), {"=e": "+plus", "a": "other"})
    assert '"=' not in given.to_csv(titles)
    assert intention_file.parse(given.to_csv(titles).encode(), "f.csv", IDS) == given
    shown = cells.safe_table(pd.DataFrame({"title": ["=1", "b"], "@x": [1, -2], "n": [None, "-3"]}))
    assert shown["title"].tolist() == ["'=1", "b"]
    assert shown["'@x"].tolist() == [1, -2]


def test_a_picture_has_another_address_when_its_title_changes(spoiled, bundle):
    assert load(spoiled).seal == bundle.seal
    items = pd.read_parquet(spoiled / "items.parquet")
    items.loc[3, "title"] = "Another"
    items.to_parquet(spoiled / "items.parquet", index=False)
    assert load(spoiled).seal != bundle.seal


def test_names_of_folders_that_mean_something_in_an_address(spoiled, monkeypatch):
    folder = spoiled.rename(spoiled.with_name("a#b?c d&é"))
    monkeypatch.setattr(item_pictures.serving, "pictures", True)
    opened = load(folder)
    for address in (item_pictures.pictures_address(opened), *stage.live_address(opened).values()):
        assert not {"#", "?", " ", "&"} & set(address)
    monkeypatch.setenv("MACRID_MODELS", str(folder.parent))
    assert item_pictures.picture_svg(folder.name, opened.seal, 0).startswith("<svg")


# the disk --------------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_one_line_and_leaves_nothing(trained, tmp_path, monkeypatch):
    def full(*_):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    said = mistake("align", trained, "--method", "none", "--out", tmp_path / "out")
    assert "free some space" in said
    assert not list(tmp_path.iterdir())
    status, _, err = run("train", "--data", "shop:140x120", "--set", "epochs=1", "--out", tmp_path / "t")
    assert status == 2
    assert "free some space" in err.splitlines()[-1]
    assert not (tmp_path / "t").exists()


# commands --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("arguments", "said"), [
    (["steer", "{b}", "--items", "mugs-0001", "--factor", "0", "--turn", "²=more"], "'²'"),
    (["steer", "{b}", "--items", "mugs-0001", "--factor", "0", "--turn", "9" * 5000 + "=more"], "9999"),
    (["steer", "{b}", "--items", "mugs-0001", "--factor", "0", "--turn", "9" * 5000 + ".0=more"], "9999"),
    (["steer", "{b}", "--items", "mugs-\udcff", "--wish", "size=1"], "no item"),
    (["train", "--data", "shop:9999999999x9", "--out", "{t}/x"], "20,000,000"),
    (["train", "--data", "shop:9x" + "9" * 5000, "--out", "{t}/x"], "20,000,000"),
    (["train", "--data", "shop:140x120", "--set", "encoder_hidden_size=[60000,60000]", "--out", "{t}/x"], "GB are free"),
    (["train", "--data", "{t}/pipe", "--out", "{t}/x"], "neither a file nor a folder"),
    (["evaluate", "{b}", "--data", "{t}/pipe"], "neither a file nor a folder"),
    (["train", "--data", "shop:140x120", "--config", "{t}/pipe", "--out", "{t}/x"], "is no file"),
    (["train", "--data", "{b}", "--out", "{t}/x"], "is a bundle"),
    (["train", "--data", "shop:140x120", "--out", "{b}-dot"], "twin"),
    (["sweep", "--data", "shop:140x120", "--grid", "kfac=" + ",".join(map(str, range(1, 400))), "--grid",
      "embedding_size=" + ",".join(map(str, range(2, 400))), "--out", "{t}/s.json"], "158,802 points")])
def test_arguments_that_nobody_means(trained, tmp_path, arguments, said):
    os.mkfifo(tmp_path / "pipe")
    assert said in mistake(*(each.format(b=trained, t=tmp_path) for each in arguments))


def test_a_command_whose_standard_error_is_closed_does_its_work(trained):
    command = f'exec "{sys.executable}" -m macrid steer "{trained}" --items mugs-0001 --wish size=1 --n 3 2>&-'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, timeout=200)
    assert (done.returncode, done.stdout.count("\n")) == (0, 3)
