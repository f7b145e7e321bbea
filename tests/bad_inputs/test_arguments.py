"""Arguments that cannot be right, and labels, intentions and bundles that they name: each gets one line that says which, the
row or value, and the remedy."""

import json
import shutil

import pytest
from commands import quick, said  # noqa: F401 (quick is a fixture)
from layouts import CSV, GOOD, write

PLAYS = CSV.replace("rating", "plays")

ARGUMENTS = {
    "no such column": (CSV, ["--user", "who"], r"--user who: there is no such column; found user_id, item_id"),
    "no such number": (GOOD, ["--user", "1", "--item", "9"], r"--item 9: there is no such column; found 1, 2, 3, 4"),
    "one column for both": (
        CSV,
        ["--user", "user_id", "--item", "user_id"],
        r"--user and --item name the same column 'user_id'",
    ),
    "half told": (GOOD, ["--user", "1"], r"has no header line; give both --user and --item"),
    "text as rating": (
        CSV,
        ["--rating", "timestamp", "--time", "item_id", "--item", "rating"],
        r"row 2: the time stamp is 'i0'",
    ),
    "no events": (CSV, ["--events", "buy"], r"--events buy: there is no column of events"),
    "events of nothing": (CSV, ["--events", " ,"], r"--events '': names no event|names no event"),
    "unknown event": ("user,item,event\na,b,view\n", ["--events", "buy"], r"there is no event 'buy'; found view"),
    "min rating too high": (
        CSV,
        ["--min-rating", "9"],
        r"nobody has 5 ratings of at least 9; lower --min-clicks or --min-rating",
    ),
    "min clicks too high": (CSV, ["--min-clicks", "99"], r"nobody has 99"),
    "too many held out": (PLAYS, ["--held-out", "20"], r"20 cannot be held out.*set --held-out from 2"),
    "min rating is text": (CSV, ["--min-rating", "high"], r"'high' is not a valid float"),
    "json without dry run": (CSV, ["--json", "--out", "b", "NO_DRY"], r"--json goes with --dry-run"),
    "no out": (CSV, ["NO_DRY"], r"say where the bundle goes: --out FOLDER; or --dry-run"),
    "no such bundle": (CSV, ["--from", "none", "--out", "b", "NO_DRY"], r"none"),
    "from with labels": (CSV, ["--from", "b", "--labels", "x", "--out", "c", "NO_DRY"], r"--labels and --intentions go"),
    "from with a twin": (CSV, ["--from", "b", "--twin", "dot", "--out", "c", "NO_DRY"], r"--from keeps the dials"),
    "unknown setting": (CSV, ["--set", "kfak=3", "--out", "b", "NO_DRY"], r"no setting 'kfak'; did you mean kfac"),
    "setting out of range": (CSV, ["--set", "tau=0", "--out", "b", "NO_DRY"], r"tau is 0"),
    "setting without a value": (CSV, ["--set", "tau", "--out", "b", "NO_DRY"], r"write it as key=value"),
    "unknown preset": (CSV, ["--preset", "better", "--out", "b", "NO_DRY"], r"preset is 'better': choose one of best"),
    "no such config": (CSV, ["--config", "no.yaml", "--out", "b", "NO_DRY"], r"no\.yaml"),
    "labels missing": (PLAYS, ["--labels", "none.csv"], r"there is no file none\.csv"),
}

LABELS = {
    "no id": ("key,size\ni1,2\n", r"there is no column item_id, only key, size"),
    "two ids": ("asin,isbn,size\n1,2,3\n", r"asin and isbn could be the item ids"),
    "unknown item": ("item_id,size\ni99,2\n", r"row 2: there is no item 'i99'; for example"),
    "item twice": ("item_id,size\ni1,2\ni1,3\n", r"row 3: item 'i1' stands in row 2 already"),
    "text": ("item_id,size\ni1,big\n", r"row 2: size is 'big'; write a number"),
    "no attribute": ("item_id,title\ni1,A\n", r"there is no label column beside item_id"),
    "too few": ("item_id,size\ni1,2\n", r"too few labels \(1 items\)"),
    "all missing": ("item_id,size\ni1,NA\ni2,\ni3,nan\ni4,None\n", r"too few labels \(0 items\)"),
    "short row": ("item_id,size\ni1\n", r"row 2: has 1 fields, not 2"),
    "empty": ("", r"is empty; its first row names the columns"),
    "unnamed column": ("item_id,,size\ni1,x,2\n", r"a column has no name"),
    "column twice": ("item_id,size,size\ni1,2,3\n", r"two columns are called 'size'"),
}

INTENTIONS = {
    "no id": ("key,intention\ni1,a\n", r"there is no column item_id, only key, intention"),
    "no intention": ("item_id,kind\ni1,a\n", r"there is no column intention, only item_id, kind"),
    "unknown item": ("item_id,intention\ni1,a\ni99,a\n", r"row 3: there is no item 'i99'; for example"),
    "item twice": ("item_id,intention\ni1,a\ni1,b\n", r"row 3: item 'i1' stands in row 2 already"),
    "all missing": ("item_id,intention\ni1,\ni2,NA\n", r"names no item; give at least one intention some items"),
    "short row": ("item_id,intention\ni1\n", r"row 2: has 1 fields, not 2; mend or drop the row"),
    "too long": ("item_id,intention\ni1," + "x" * 61 + "\n", r"row 2: intention is 'x+'; write a name of 1 to 60"),
    "empty": ("", r"is empty; the first row names the columns: item_id and intention"),
}

BUNDLES = {  # name: (what is done to a bundle, what `info` says)
    "not there": (lambda path: shutil.rmtree(path), r"there is no|no bundle|bundle\.json"),
    "no weights": (lambda path: (path / "weights.safetensors").unlink(), r"weights\.safetensors"),
    "JSON cut short": (lambda path: (path / "bundle.json").write_text('{"format": 1'), r"bundle\.json"),
    "another format": (lambda path: change(path, format=99), r"format|version"),
    "another name of a setting": (lambda path: change(path, settings={"kfak": 7}), r"kfak|settings"),
    "no items": (lambda path: (path / "items.parquet").write_bytes(b"PAR1"), r"items\.parquet"),
    "weights cut short": (
        lambda path: (path / "weights.safetensors").write_bytes((path / "weights.safetensors").read_bytes()[:100]),
        r"weights\.safetensors",
    ),
    "no people": (lambda path: (path / "users.parquet").unlink(), r"users\.parquet"),
}

BESIDE = {"--labels": LABELS, "--intentions": INTENTIONS}


def change(path, **values) -> None:
    meta = json.loads((path / "bundle.json").read_text())
    (path / "bundle.json").write_text(json.dumps(meta | values))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_argument_that_cannot_be_right(tmp_path, monkeypatch, name):
    content, arguments, message = ARGUMENTS[name]
    write(tmp_path, {"r.csv": content})
    monkeypatch.chdir(tmp_path)
    dry = [] if "NO_DRY" in arguments else ["--dry-run"]
    said(message, "train", "--data", "r.csv", *dry, *(a for a in arguments if a != "NO_DRY"))
    assert [p.name for p in tmp_path.iterdir()] == ["r.csv"]


@pytest.mark.parametrize(("option", "name"), [(option, name) for option, rows in BESIDE.items() for name in rows])
def test_labels_and_intentions_that_cannot_be_right(tmp_path, monkeypatch, option, name):
    content, message = BESIDE[option][name]
    write(tmp_path, {"r.csv": PLAYS, "few.csv": content})
    monkeypatch.chdir(tmp_path)
    said(rf"few\.csv.*{message}", "train", "--data", "r.csv", "--dry-run", option, "few.csv")


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_that_cannot_be_right(spoiled, name):
    harm, message = BUNDLES[name]
    harm(spoiled)
    said(message, "info", str(spoiled))


def test_there_are_many():
    assert len(ARGUMENTS) + len(LABELS) + len(INTENTIONS) + len(BUNDLES) >= 45
