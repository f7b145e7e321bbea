"""What is wrong with a bundle's files is said in one line; what may stand there beside the rest is read."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from macrid.beside import beside, swap
from macrid.bundle import FILES, LABELS, folder, load
from macrid.bundle.optional_files import COURSE
from macrid.errors import InputError


def said(folder) -> str:
    with pytest.raises(InputError) as caught:
        load(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_no_folder(tmp_path):
    assert "train" in said(tmp_path / "nothing")
    assert "is not a bundle" in said(tmp_path)
    (tmp_path / "file").write_text("x")
    assert "file" in said(tmp_path / "file")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", ["missing", "empty", "cut", "noise"])
def test_a_damaged_file_is_named(spoiled, name, harm):
    file = spoiled / name
    whole = file.read_bytes()
    if harm == "missing":
        file.unlink()
    else:
        file.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "noise": b"\x07\xff" * 200}[harm])
    assert name in said(spoiled)


@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.parametrize("name", FILES)
def test_bits_that_fell_over_never_give_a_traceback(spoiled, name):
    """Any byte may be wrong: either the file is refused in one line, or it can still be read."""
    file, rng = spoiled / name, np.random.default_rng(0)
    whole = file.read_bytes()
    places = np.unique(np.concatenate([rng.integers(0, min(len(whole), 400), 12), len(whole) - 1 - rng.integers(0, min(
        len(whole), 400), 12), rng.integers(0, len(whole), 6)]))
    for place in places:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << int(rng.integers(8)))]) + whole[place + 1 :])
        try:
            load(spoiled)
        except InputError as error:
            message = str(error)
        else:
            continue
        assert name in message
        assert "\n" not in message


@pytest.mark.parametrize("fails", [False, True])
def test_one_that_is_replaced_while_it_is_read_is_read_again(spoiled, monkeypatch, fails):
    """Half of the one and half of the other would pass for a bundle where their shapes are the same."""
    read, done = folder._read_users, []

    def replaced(path, item_ids):
        if not done:
            done.append(True)
            with beside(spoiled, folder=True) as new:
                shutil.copytree(spoiled, new, dirs_exist_ok=True)
                rewritten(new, name="another")
                swap(new, spoiled)
            if fails:
                raise InputError("users.parquet is gone")
        return read(path, item_ids)

    monkeypatch.setattr(folder, "_read_users", replaced)
    assert load(spoiled).name == "another"


def rewritten(folder, **changes):
    path = folder / "bundle.json"
    meta = json.loads(path.read_text(encoding="utf-8"))
    for key, value in changes.items():
        if value is KeyError:
            del meta[key]
        else:
            meta[key] = value
    path.write_text(json.dumps(meta), encoding="utf-8")


def test_another_version_of_the_format(spoiled):
    rewritten(spoiled, format=99)
    assert "format 99" in said(spoiled)
    rewritten(spoiled, format=KeyError)
    assert "bundle.json" in said(spoiled)


@pytest.mark.parametrize("key", ["name", "data", "settings", "seed", "metrics", "baselines", "axes", "twin", "versions",
                                 "training"])
def test_a_key_that_bundle_json_lacks(spoiled, key):
    rewritten(spoiled, **{key: KeyError})
    assert "bundle.json" in (message := said(spoiled))
    assert key in message


@pytest.mark.parametrize("changes", [
    {"settings": []}, {"settings": [1, 2]}, {"settings": None}, {"settings": {"kfac": -1}}, {"settings": {"kfak": 7}},
    {"data": "shop"}, {"data": {}}, {"data": None}, {"metrics": 3}, {"metrics": None}, {"baselines": []}, {"name": 7},
    {"training": []}, {"twin": 4}, {"seed": "x"}, {"twin": "../../elsewhere"}])
def test_a_value_of_another_kind_in_bundle_json(spoiled, changes):
    rewritten(spoiled, **changes)
    assert "bundle.json" in said(spoiled)


ALIGNED = {"dials": [{"factor": 0, "dim": 1, "attribute": "size", "measure": "R2", "confidence": 0.9, "labels": 10}],
           "refused": [{"factor": 1, "attribute": "size", "labels": 2, "reason": "2 labels are too few"}]}


def changed_dial(**changes):
    return {"aligned": ALIGNED | {"dials": [ALIGNED["dials"][0] | changes]}}


@pytest.mark.parametrize("changes", [
    {"aligned": []}, {"aligned": None}, {"aligned": {"dials": []}}, {"aligned": ALIGNED | {"dials": {}}},
    {"aligned": ALIGNED | {"refused": ["size"]}}, {"aligned": ALIGNED | {"dials": ALIGNED["dials"] * 2}},
    changed_dial(factor=7), changed_dial(dim=-1), changed_dial(dim=8), changed_dial(attribute=3), changed_dial(measure="r"),
    changed_dial(confidence=1.5), changed_dial(confidence=None), changed_dial(labels="10")])
def test_what_is_said_of_aligned_dials_must_fit(spoiled, changes):
    rewritten(spoiled, aligned=ALIGNED)
    assert load(spoiled).aligned_dials == {(0, 1): ALIGNED["dials"][0]}
    rewritten(spoiled, **changes)
    assert "aligned" in (message := said(spoiled))
    assert "bundle.json" in message


@pytest.mark.parametrize("end", ["low", "high"])
def test_the_ends_of_a_dial_may_have_names(spoiled, end):
    rewritten(spoiled, **changed_dial(**{end: "small"}))
    assert load(spoiled).aligned_dials[0, 1][end] == "small"
    rewritten(spoiled, **changed_dial(**{end: 3}))
    assert f"aligned.dials.{end}" in said(spoiled)


def test_labels_that_a_bundle_may_have(spoiled, bundle):
    assert bundle.labels is None
    ids = bundle.items["item_id"]
    (spoiled / LABELS).write_text("item_id,size (small to large)\n" + "".join(f"{i},{n}\n" for n, i in enumerate(ids[:5])))
    found = load(spoiled).labels
    assert found["size"].tolist() == [0, 1, 2, 3, 4]
    assert found.attrs["ends"] == {"size": ("small", "large")}


@pytest.mark.parametrize("content", [b"", b"item_id,size\nnothing,1\n", b"\x07\xff", b"item_id,size\n"])
def test_labels_that_are_damaged(spoiled, content):
    (spoiled / LABELS).write_bytes(content)
    assert LABELS in (message := said(spoiled))
    assert f"or delete {LABELS}" in message


def test_a_dial_is_called_after_what_it_bears(spoiled, bundle):
    follows = [bundle.dials.follows(0, j)[0] for j in range(8)]
    rewritten(spoiled, aligned=ALIGNED)
    found = load(spoiled)
    assert found.dials.follows(0, 1)[0] == "size"
    assert [found.dials.follows(0, j)[0] for j in range(8) if j != 1] == follows[:1] + follows[2:]
    rewritten(spoiled, **changed_dial(attribute="formality", confidence=0.81))  # no column of the items table
    assert load(spoiled).dials.follows(0, 1) == ("formality", pytest.approx(0.9))
    rewritten(spoiled, **changed_dial(attribute="formality", confidence=0.9, measure="AUC"))
    assert load(spoiled).dials.follows(0, 1) == ("formality", pytest.approx(0.8))


def test_bundle_json_is_a_list(spoiled):
    (spoiled / "bundle.json").write_text("[1]")
    assert "bundle.json" in said(spoiled)
    (spoiled / "history.json").write_text("{}")


@pytest.mark.parametrize("history", ["{}", "[1]", '[{"epoch": 1}]', "null"])
def test_a_history_of_another_kind(spoiled, history):
    (spoiled / "history.json").write_text(history)
    assert "history.json" in said(spoiled)


@pytest.mark.parametrize("file", ["weights.safetensors", "axes.safetensors"])
@pytest.mark.parametrize("harm", ["shape", "nan", "infinite", "missing", "extra"])
def test_tensors(spoiled, file, harm):
    tensors = load_file(spoiled / file)
    name = sorted(tensors)[0]
    if harm == "shape":
        tensors[name] = tensors[name][:-1].clone()
    elif harm in ("nan", "infinite"):
        tensors[name].view(-1)[3] = float("nan" if harm == "nan" else "inf")
    elif harm == "missing":
        del tensors[name]
    else:
        name = "surplus"
        tensors[name] = torch.zeros(2)
    save_file(tensors, spoiled / file)
    message = said(spoiled)
    assert file in message
    assert name in message


def test_axes_that_are_not_orthogonal(spoiled):
    tensors = load_file(spoiled / "axes.safetensors")
    tensors["axes"][2, 0] *= 1.5
    save_file(tensors, spoiled / "axes.safetensors")
    assert "not orthogonal" in said(spoiled)


def test_settings_that_the_weights_do_not_fit(spoiled, bundle):
    meta = json.loads((spoiled / "bundle.json").read_text(encoding="utf-8"))
    rewritten(spoiled, settings=meta["settings"] | {"kfac": 5})
    assert "weights.safetensors" in said(spoiled)


def changed_table(folder, name, change):
    table = change(pd.read_parquet(folder / f"{name}.parquet"))
    table.to_parquet(folder / f"{name}.parquet", index=False)


@pytest.mark.parametrize(("name", "change"), [
    ("items", lambda t: t.assign(item_id=t["item_id"].iloc[[0, *range(len(t) - 1)]].to_numpy())),  # an id twice
    ("items", lambda t: t.drop(columns="title")),
    ("items", lambda t: t.assign(item_id=np.arange(len(t)))),  # numbers where ids belong
    ("items", lambda t: t.assign(category=None)),
    ("maps", lambda t: t.drop(columns="x")),
    ("maps", lambda t: t.assign(x=np.nan)),
    ("maps", lambda t: t.iloc[1:]),  # an item without its point
    ("maps", lambda t: t[(t["kind"] == "part") | ~t["method"].str.contains("people") | (t.index % 9 > 0)]),
    ("maps", lambda t: t.assign(factor=t["factor"].mask(t["kind"] == "part", 7))),  # there are factors 0 to 6
    ("maps", lambda t: t.drop(columns="factor")),
    ("users", lambda t: t.drop(columns="part")),
    ("users", lambda t: t.assign(part="train")),
    ("users", lambda t: t.assign(item_id="nobody's")),
    ("users", lambda t: t.iloc[:0]),
    ("users", lambda t: t[t["part"] != "test_te"]),
])
def test_tables(spoiled, name, change):
    changed_table(spoiled, name, change)
    assert f"{name}.parquet" in said(spoiled)


def test_fewer_items_than_weights(spoiled):
    changed_table(spoiled, "items", lambda t: t.iloc[1:])
    assert "weights.safetensors" in said(spoiled)


@pytest.mark.parametrize(("change", "why"), [
    (lambda course: course.iloc[1:], "for each of"), (lambda course: course * 0 + 7, "one of 7 factors"),
    (lambda course: course.rename(columns={"1": "one"}), "numbers of epochs"),
    (lambda course: course[["2", "1"]], "their order"),
    (lambda course: course[[]], "none")])
def test_a_course_that_does_not_fit(spoiled, change, why):
    change(pd.read_parquet(spoiled / COURSE)).to_parquet(spoiled / COURSE, index=False)
    with pytest.raises(InputError, match=why) as caught:
        load(spoiled)
    assert COURSE in str(caught.value)


NAMED = {"factor": 0, "dim": 1, "attribute": "mood", "low": "dark", "high": "bright"}


@pytest.mark.parametrize("rows", [None, {}, [3], [NAMED, NAMED], [NAMED | {"factor": 7}], [NAMED | {"dim": -1}],
                                  [NAMED | {"low": None}], [{"factor": 0}]])
def test_what_is_said_of_named_dials_must_fit(spoiled, rows):
    rewritten(spoiled, named=[NAMED])
    label = load(spoiled).dials.label(0, 1)
    assert (label.name, label.low, label.high, label.confidence) == ("mood", "dark", "bright", None)
    rewritten(spoiled, named=rows)
    assert "named" in said(spoiled)
