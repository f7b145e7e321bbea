"""The command line: one JSON object on standard output, one line on standard error for a mistake, nothing half written."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import flat

from macrid import build, cli, cli_train, maps, projections
from macrid.bundle import load

ROOT = Path(__file__).resolve().parents[1]
TINY = ["--data", "shop:140x120", "--set", "epochs=2", "--set", "embedding_size=4", "--set", "encoder_hidden_size=[8]"]


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    """Maps by principal components; data sets would be kept in an empty folder; the warning hook is put back."""
    monkeypatch.setattr(maps, "METHODS", dict.fromkeys(maps.METHODS, lambda vectors, *rest: projections.pca(vectors)))
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setenv("MACRID_DATA", str(tmp_path / "data"))


def run(*arguments) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of one command."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = cli.main.main([str(a) for a in arguments], prog_name="macrid")
        except SystemExit as end:
            status = end.code
    return status or 0, out.getvalue(), err.getvalue()


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


# what works -----------------------------------------------------------------------------------------------------------


def test_evaluate(trained, bundle):
    found = answer("evaluate", trained)
    keys = {f"{name}{end}" for name in ("ndcg@100", "recall@20", "recall@50") for end in ("", "_se")}
    assert set(found) == keys | {"nmi", "ari", "purity", "effective_factors", "independence", "steering"}
    assert flat(found) == pytest.approx(flat(bundle.meta["metrics"]), rel=1e-6)
    assert "ndcg@100" in (printed := run("evaluate", trained)[1])
    assert "steering leakage" in printed
    assert answer("evaluate", trained, "--data", "shop:140x30")["ndcg@100"] != found["ndcg@100"]


def test_info(trained, bundle):
    found = answer("info", trained)
    assert found["format"] == 1
    assert found["metrics"] == bundle.meta["metrics"]
    assert [f["factor"] for f in found["factors"]] == list(range(7))
    assert "7 factors" in run("info", trained)[1]
    assert answer("info", build.twin_of(trained))["twin"] is None


def test_recommend(trained, bundle):
    found = answer("recommend", trained, "--items", "mugs-0001, lamps-0003", "--n", 5)["items"]
    assert [row["item_id"] for row in found] == bundle.recommend(["mugs-0001", "lamps-0003"], 5)["item_id"].tolist()
    assert set(found[0]) == {"rank", "item_id", "title", "category", "score"}
    assert run("recommend", trained, "--items", "mugs-0001", "--n", 3)[1].count("\n") == 3


def test_steer(trained, bundle):
    person = bundle.people[0]
    found = answer("steer", trained, "--user", person, "--factor", 1, "--dim", 0, "--value", 0.8, "--n", 6)
    table = bundle.steer({(1, 0): 0.8}, user=person, factor=1, n=6)
    assert [row["item_id"] for row in found["items"]] == table.after["item_id"].tolist()
    assert [row["mark"] for row in found["items"]] == table.after["mark"].tolist()
    assert [row["item_id"] for row in found["before"]] == table.before["item_id"].tolist()
    assert found["gone"] == table.gone["item_id"].tolist()
    assert (found["factor"], found["dim"], found["value"]) == (1, 0, 0.8)
    other = answer("steer", trained, "--user", person, "--factor", 1, "--dim", 0, "--value", -0.8, "--n", 6)
    assert other["items"] != found["items"]
    assert other["before"] == found["before"]
    assert len(answer("steer", trained, "--items", "mugs-0001", "--factor", 0, "--dim", 3, "--value", 0, "--scope", "all")
               ["items"]) == 20
    status, out, _ = run("steer", trained, "--user", person, "--factor", 1, "--dim", 0, "--value", 0.8, "--n", 6)
    assert (status, out.count("\n")) == (0, 6)


def test_turns(trained, bundle):
    """Several dials, by number and by name, absolute and relative, and of other factors."""
    user = bundle.people[0]
    person = bundle.person(bundle.history_of(user))
    turns = [part for turn in ("0=0.3", "1=more", "2=-20%", "3.2=less") for part in ("--turn", turn)]
    found = answer("steer", trained, "--user", user, "--factor", 1, *turns, "--strength", 0.6, "--n", 6)
    dials = {(1, 0): 0.3, (1, 1): person.turned_by(1, 1), (1, 2): person.turned_by(1, 2, -0.2),
             (3, 2): person.turned_by(3, 2, -0.25)}
    assert {(d["factor"], d["dim"]): d["value"] for d in found["dials"]} == pytest.approx(dials)
    wanted = person.steer(dials, factor=1, n=6, strength=0.6)
    assert [row["item_id"] for row in found["items"]] == wanted.after["item_id"].tolist()
    label = next((k, j, label) for k in range(7) for j in range(8) if (label := bundle.dial_label(k, j)))
    named = answer("steer", trained, "--user", user, "--factor", label[0], "--turn", f"{label[2].name}=0.1")
    assert (named["factor"], named["dim"], named["value"]) == (label[0], label[1], 0.1)


@pytest.mark.parametrize(("turn", "said"), [
    ("0", "write it as DIAL=HOW"), ("0=soon", "'soon' is not a number"), ("9=0.5", "dim is 9"), ("7.0=0.5", "factor is 7"),
    ("colour=more", "no dial 'colour'"), ("0=2", "value is 2.0"), ("0=nan", "value is nan")])
def test_a_turn_that_cannot_be(trained, bundle, turn, said):
    assert said in mistake("steer", trained, "--user", bundle.people[0], "--factor", 0, "--turn", turn)


def test_nothing_to_turn(trained, bundle):
    for some in ([], ["--dim", 0], ["--value", 0.5]):
        assert "--dim J --value V" in mistake("steer", trained, "--user", bundle.people[0], "--factor", 0, *some)


@pytest.fixture
def few(bundle, tmp_path) -> Path:
    """A CSV of all sizes of the tiny shop."""
    bundle.items[["item_id", "size"]].to_csv(tmp_path / "few.csv", index=False)
    return tmp_path / "few.csv"


def test_align(trained, bundle, tmp_path, few, monkeypatch):
    found = answer("align", trained, "--method", "none", "--out", tmp_path / "none")
    assert (found["method"], found["dials"], found["refused"]) == ("none", [], [])
    assert found["steering"] == answer("evaluate", tmp_path / "none")["steering"]
    assert answer("info", tmp_path / "none")["axes"] == "none"
    monkeypatch.setattr("macrid.axes.LEVEL", 0.6)  # five epochs have learned little
    found = answer("align", trained, "--method", "labels", "--labels", few, "--out", tmp_path / "b")
    assert found["dials"]
    assert {row["attribute"] for row in found["dials"] + found["refused"]} == {"size"}
    assert answer("info", tmp_path / "b")["aligned"] == {"dials": found["dials"], "refused": found["refused"]}
    assert flat(answer("evaluate", tmp_path / "b")) == pytest.approx(flat(load(tmp_path / "b").meta["metrics"]), rel=1e-6)
    status, out, err = run("align", trained, "--method", "labels", "--labels", few, "--out", tmp_path / "b", "--overwrite")
    assert status == 0, err
    assert out.count("\n") == len(found["dials"])
    assert "is size (R2" in out
    assert err.count("refused") == len(found["refused"])


@pytest.mark.parametrize(("arguments", "named"), [
    (["--method", "labels"], "--labels FILE.csv"), (["--method", "ica", "--labels", "{f}"], "--method labels"),
    (["--method", "best"], "best"), ([], "--method"), (["--method", "labels", "--labels", "{t}/none.csv"], "none.csv"),
    (["--method", "none", "--out", "{b}"], "never changed"), (["--method", "none", "--out", "{b}", "--overwrite"], "never"),
    (["--method", "none", "--out", "{t}", "--overwrite"], "few.csv"), (["--method", "none", "--out", "."], "--out"),
])
def test_a_mistake_in_align_gets_one_line_and_leaves_nothing(trained, tmp_path, few, arguments, named):
    given = [a.format(b=trained, t=tmp_path, f=few) for a in arguments]
    assert named in mistake("align", trained, *([] if "--out" in given else ["--out", tmp_path / "out"]), *given)
    assert [p.name for p in tmp_path.iterdir()] == ["few.csv"]


@pytest.mark.parametrize(("text", "named"), [
    ("item_id,size\nmugs-0001,big\n", "row 2: size is 'big'"), ("item_id\nmugs-0001\n", "no label column"),
    ("item_id,size\nmug-1,2\n", "row 2: there is no item 'mug-1'"), ("", "empty"),
    ("item_id,size\nmugs-0001,1\nmugs-0001,2\n", "row 3"), ("item_id,size\nmugs-0001,1\n", "too few labels"),
    ("item_id,size\nmugs-0001,1\nlamps-0001,2\nshoes-0001,3\nshirts-0001,4\n", "too few"),
])
def test_bad_labels(trained, tmp_path, text, named):
    (few := tmp_path / "few.csv").write_text(text)
    assert named in mistake("align", trained, "--method", "labels", "--labels", few, "--out", tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["few.csv"]


def test_more_attributes_than_dimensions(tmp_path):
    rows = "".join(f"mugs-000{i},1,2,3,4,{i}\n" for i in range(1, 6))
    (few := tmp_path / "few.csv").write_text("item_id,a,b,c,d,e\n" + rows)
    given = ["train", *TINY, "--labels", few, "--out", tmp_path / "out"]
    assert "5 attributes, embedding_size is 4" in mistake(*given, "--set", "label_weight=1")
    assert [p.name for p in tmp_path.iterdir()] == ["few.csv"]


def test_train_says_nothing_on_standard_output(tmp_path):
    out = tmp_path / "out"
    status, printed, err = run("train", *TINY, "--out", out, "--twin", "dot", "--seed", 3)
    assert (status, printed) == (0, ""), err
    assert {p.name for p in tmp_path.iterdir()} == {"out", "out-dot"}
    found = answer("info", out)
    assert (found["seed"], found["twin"], found["settings"]["embedding_size"]) == (3, "out-dot", 4)


def test_train_with_a_file_of_settings_and_another_split(tmp_path):
    config = tmp_path / "settings.yaml"
    config.write_text("kfac: 3\nlearning_rate: 1e-3\nencoder_hidden_size: [6, 5]\nepochs: 9\n")
    status, _, err = run("train", *TINY, "--config", config, "--out", tmp_path / "out", "--split", "recbole", "--preset",
                         "recbole")
    assert status == 0, err
    settings = load(tmp_path / "out").settings
    assert (settings.kfac, settings.learning_rate, settings.input_norm) == (3, 1e-3, "user")
    assert (settings.epochs, settings.encoder_hidden_size) == (2, (8,))  # --set goes over the file, the file over the preset
    assert "recall@10" in answer("evaluate", tmp_path / "out")


def weights(folder) -> bytes:
    return (folder / "weights.safetensors").read_bytes()


@pytest.fixture
def sizes(tmp_path) -> Path:
    """A CSV of the sizes of the tiny shop's items that are bought."""
    from macrid import shop

    data = shop.simulate(140, 120, 0).data
    bought = np.asarray(data.matrix.sum(axis=0)).ravel() >= 5
    data.items.loc[bought, ["item_id", "size"]].to_csv(tmp_path / "sizes.csv", index=False)
    return tmp_path / "sizes.csv"


def test_train_with_labels(tmp_path, sizes, monkeypatch):
    monkeypatch.setattr("macrid.axes.LEVEL", 0.6)  # two epochs have learned little
    given = ["train", *TINY, "--labels", sizes, "--twin", "dot"]
    for name, *more in (("plain",), ("zero", "--set", "label_weight=0"), ("one", "--set", "label_weight=1")):
        assert run(*(given if more else given[:-4] + given[-2:]), "--out", tmp_path / name, *more)[0] == 0
    for twin in ("", "-dot"):
        plain, zero, one = (tmp_path / (name + twin) for name in ("plain", "zero", "one"))
        assert weights(plain) == weights(zero) != weights(one)
        for folder in (zero, one):
            found = load(folder)
            assert found.meta["axes"] == "labels"
            assert {row["attribute"] for row in found.borne.values()} == {"size"}
            assert set(found.labels.columns) == {"size"}
            assert flat(build.evaluate(found)) == pytest.approx(flat(found.meta["metrics"]), rel=1e-6)
            assert ("labels" in found.history[-1]) == (folder == one)
    assert run("align", tmp_path / "zero", "--method", "labels", "--labels", sizes, "--out", tmp_path / "again")[0] == 0
    assert load(tmp_path / "again").meta["aligned"] == load(tmp_path / "zero").meta["aligned"]


def test_labels_that_cannot_be_learned_leave_independent_dials(tmp_path, sizes, monkeypatch):
    monkeypatch.setattr("macrid.axes.LEVEL", 0.0)
    status, _, err = run("train", *TINY, "--labels", sizes, "--set", "label_weight=1", "--out", tmp_path / "out")
    assert status == 0, err
    assert sum("note: " in line and "size is refused" in line for line in err.splitlines()) == 1
    found = load(tmp_path / "out")
    assert (found.meta["axes"], found.borne, "aligned" in found.meta, found.labels) == ("ica", {}, False, None)


def test_labels_of_items_that_filtering_dropped(tmp_path):
    clicks = [f"u{u},i{(u + i) % 9}\n" for u in range(12) for i in range(5)] + ["lonely,rare\n"]
    (tmp_path / "clicks.csv").write_text("user_id,item_id\n" + "".join(clicks))
    given = ["train", "--data", tmp_path / "clicks.csv", "--set", "epochs=1", "--labels", tmp_path / "few.csv", "--out"]
    (tmp_path / "few.csv").write_text("item_id,size\nrare,9\n" + "".join(f"i{i},{i}\n" for i in range(4)))
    status, _, err = run(*given, tmp_path / "out")
    assert status == 0, err
    assert any(line.startswith("note: ") and "1 of 5 items" in line and "rare" in line for line in err.splitlines())
    (tmp_path / "few.csv").write_text("item_id,size\nrare,9\n" + "".join(f"i{i},{i}\n" for i in range(3)))
    status, _, err = run(*given, tmp_path / "other")
    assert (status, "few.csv: too few labels (3 items)" in err.splitlines()[-1]) == (2, True)
    assert not list(tmp_path.glob("other*"))


def test_going_on_needs_the_same_labels(tmp_path, sizes, monkeypatch):
    given = ["train", *TINY, "--labels", sizes, "--set", "label_weight=1", "--out", tmp_path / "out"]
    report = cli_train._Progress.report

    def stop(self, stage, row):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli_train._Progress, "report", stop)
    assert run(*given)[0] == 130
    monkeypatch.setattr(cli_train._Progress, "report", report)
    text = sizes.read_text()
    sizes.write_text(text.replace("mugs-0001,0.", "mugs-0001,-0."))
    assert sizes.read_text() != text
    status, _, err = run(*given, "--resume")
    assert (status, "begun with another labels" in err.splitlines()[-1]) == (2, True)
    sizes.write_text(text)
    assert run(*given, "--resume")[0] == 0
    assert run(*given[:-1], tmp_path / "whole")[0] == 0
    assert weights(tmp_path / "out") == weights(tmp_path / "whole")


def test_the_same_seed_gives_the_same_bundle(tmp_path):
    for name in "ab":
        assert run("train", *TINY, "--out", tmp_path / name)[0] == 0
    assert answer("evaluate", tmp_path / "a") == answer("evaluate", tmp_path / "b")
    assert weights(tmp_path / "a") == weights(tmp_path / "b")


@pytest.mark.parametrize("command", [[], ["train"], ["evaluate"], ["recommend"], ["steer"], ["align"], ["info"], ["fetch"],
                                     ["import-recbole"], ["compare"], ["sweep"], ["tune"]])
def test_help(command):
    status, out, err = run(*command, "--help")
    assert (status, err) == (0, "")
    assert out.startswith("Usage: ")


def test_without_a_command_the_help_is_shown():
    """As it is: on lines, not squeezed into one."""
    status, out, err = run()
    assert status in (0, 2)
    assert "Commands:" in out + err
    assert len((out + err).splitlines()) > 8


# mistakes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("arguments", "named"), [
    (["frobnicate"], "frobnicate"), (["info"], "BUNDLE"), (["steer", "{b}"], "--factor"),
    (["train", "--data", "shop"], "--out"), (["recommend", "{b}", "--items", "mugs-0001", "--n", "many"], "many"),
    (["recommend", "{b}", "--items", "mugs-0001", "--n", "0"], "0"),
    (["info", "{t}/none"], "no bundle"), (["evaluate", "{t}"], "not a bundle"),
    (["recommend", "{b}", "--items", "mugs-9999,lamps-0001"], "mugs-9999"), (["recommend", "{b}", "--items", ""], "empty"),
    (["recommend", "{b}", "--items", " , "], "empty"),
    (["steer", "{b}", "--user", "nobody", "--factor", "0", "--dim", "0", "--value", "0"], "nobody"),
    (["steer", "{b}", "--factor", "0", "--dim", "0", "--value", "0"], "--items"),
    (["steer", "{b}", "--items", "mugs-0001", "--user", "x", "--factor", "0", "--dim", "0", "--value", "0"], "--items"),
    (["steer", "{b}", "--items", "mugs-0001", "--factor", "7", "--dim", "0", "--value", "0"], "factor is 7"),
    (["steer", "{b}", "--items", "mugs-0001", "--factor", "-1", "--dim", "0", "--value", "0"], "factor is -1"),
    (["steer", "{b}", "--items", "mugs-0001", "--factor", "0", "--dim", "99", "--value", "0"], "dim is 99"),
    (["steer", "{b}", "--items", "mugs-0001", "--factor", "0", "--dim", "0", "--value", "nan"], "value is nan"),
    (["steer", "{b}", "--items", "mugs-0001", "--factor", "0", "--dim", "0", "--value", "-1.5"], "value is -1.5"),
    (["steer", "{b}", "--items", "mugs-0001", "--factor", "0", "--dim", "0", "--value", "high"], "high"),
    (["steer", "{b}", "--items", "mugs-0001", "--factor", "0", "--dim", "0", "--value", "0", "--scope", "x"], "factor"),
    (["evaluate", "{b}", "--data", "{t}/none.csv"], "none.csv"), (["fetch", "ml-1k"], "ml-1m"),
])
def test_a_mistake_gets_one_line(trained, tmp_path, arguments, named):
    assert named in mistake(*(a.format(b=trained, t=tmp_path) for a in arguments))


@pytest.mark.parametrize(("arguments", "named"), [
    (["--data", "netflix"], "netflix"), (["--data", "shop:5x5"], "n_items is 5"), (["--data", "shop:x"], "shop:x"),
    (["--data", "shop:140x0"], "n_people is 0"), (["--data", "shop:140x4"], "give more data"), (["--preset", "x"], "best"),
    (["--set", "kfac"], "key=value"), (["--set", "kfack=7"], "kfac"), (["--set", "kfac=0"], "kfac is 0"),
    (["--set", "kfac=seven"], "kfac is 'seven'"), (["--set", "tau=.nan"], "tau is nan"), (["--set", "tau="], "tau is None"),
    (["--set", "tau=[1"], "tau"), (["--set", "=1"], "setting"), (["--set", "tau=1.2.3e5"], "tau"),
    (["--set", "tau=2001-99-99"], "tau"), (["--set", "kfac={{a: 1}}"], "kfac"), (["--set", "similarity=[1]"], "similarity"),
    (["--set", "training_neg_sample=3"], "training_neg_sample"), (["--set", "nogb=1"], "nogb"),
    (["--config", "{t}/none.yaml"], "none.yaml"), (["--seed", "-1"], "--seed"), (["--split", "half"], "half"),
    (["--held-out", "1"], "--held-out"), (["--held-out", "90"], "--held-out"), (["--min-clicks", "0"], "--min-clicks"),
    (["--min-clicks", "5000"], "--min-clicks"), (["--twin", "cosine"], "dot"), (["--device", "tpu"], "cpu"),
    (["--out", "."], "--out"), (["--out", ".", "--overwrite"], "--out"), (["--labels", "{t}/none.csv"], "none.csv"),
    (["--set", "label_weight=1"], "add --labels"), (["--set", "label_weight=-1"], "label_weight is -1"),
])
def test_a_mistake_in_train_gets_one_line_and_leaves_nothing(tmp_path, monkeypatch, arguments, named):
    monkeypatch.chdir(tmp_path)
    given = [a.format(t=tmp_path) for a in arguments]
    assert named in mistake("train", *TINY, "--out", tmp_path / "out", *given)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words", "kfac: [1", "kfac: 0", "kfack: 3", "1: 2", "tau: 1:2:3\n",
                                  "\x00", "tau: 2001-99-99", "a: &a [*a]", "7"])
def test_a_bad_file_of_settings(tmp_path, text):
    config = tmp_path / "c.yaml"
    config.write_text(text)
    mistake("train", *TINY, "--out", tmp_path / "out", "--config", config)
    assert [p.name for p in tmp_path.iterdir()] == ["c.yaml"]


def test_a_file_of_settings_that_is_no_text(tmp_path):
    (tmp_path / "c.yaml").write_bytes(b"\xff\xfe\x00k")
    assert "c.yaml" in mistake("train", *TINY, "--out", tmp_path / "out", "--config", tmp_path / "c.yaml")
    assert "c.yaml" in mistake("train", *TINY, "--out", tmp_path / "out", "--config", tmp_path / "c.yaml" / "x")


@pytest.mark.parametrize(("content", "named"), [
    ("", "empty"), ("user_id,item_id,rating\n1,2,good\n", "row 2"), ("user_id,rating\n1,5\n", "item"),
    ("user_id,item_id,rating\n1,2,nan\n", "row 2"), ("user_id,item_id,rating\n1,2,5\n", "nobody has 5")])
def test_bad_data(tmp_path, content, named):
    file = tmp_path / "ratings.csv"
    file.write_text(content)
    assert named in mistake("train", "--data", file, "--out", tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["ratings.csv"]


@pytest.mark.parametrize(("people", "n_items"), [(6, 5), (8, 5), (10, 6), (12, 9)])
def test_small_data_train_or_are_refused(tmp_path, people, n_items):
    """A handful of people: a bundle that works, or one line; never a traceback."""
    file = tmp_path / "clicks.csv"
    file.write_text("user_id,item_id\n" + "".join(f"u{u},i{(u + i) % n_items}\n" for u in range(people) for i in range(5)))
    status, _, err = run("train", "--data", file, "--out", tmp_path / "out", "--set", "epochs=1", "--twin", "dot")
    if status == 0:
        assert answer("evaluate", tmp_path / "out")["ndcg@100"] >= 0
    else:
        assert status == 2
        assert err.splitlines()[-1].startswith("error: ")
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("changes", [["learning_rate=10", "similarity=dot"], ["tau=0.001", "learning_rate=10"],
                                     ["std=1000", "similarity=dot", "learning_rate=10"]])
def test_a_training_that_blows_up_is_said_or_stays_finite(tmp_path, changes):
    settings = [part for change in changes for part in ("--set", change)]
    status, _, err = run("train", *TINY, "--out", tmp_path / "out", *settings)
    if status == 0:
        assert load(tmp_path / "out")
    else:
        assert (status, err.splitlines()[-1].startswith("error: the ")) == (2, True), err
        assert not list(tmp_path.iterdir())


def test_what_exists_is_not_overwritten_unasked(trained, spoiled):
    before = (spoiled / "bundle.json").read_bytes()
    assert "--overwrite" in mistake("train", *TINY, "--out", spoiled)
    assert (spoiled / "bundle.json").read_bytes() == before
    assert run("train", *TINY, "--out", spoiled, "--overwrite")[0] == 0
    assert load(spoiled).settings.embedding_size == 4


def test_a_damaged_bundle_is_one_line(spoiled):
    (spoiled / "weights.safetensors").write_bytes(b"\x00" * 50)
    for command in (["info"], ["evaluate"], ["recommend", "--items", "mugs-0001"]):
        assert "weights.safetensors" in mistake(command[0], spoiled, *command[1:])


# stopping -------------------------------------------------------------------------------------------------------------


def test_ctrl_c_keeps_what_was_done(tmp_path, monkeypatch):
    arguments = ["train", *TINY, "--set", "epochs=4", "--twin", "dot", "--out", tmp_path / "out"]
    report = cli_train._Progress.report

    def stop(self, stage, row):
        report(self, stage, row)
        if row.get("epoch") == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(cli_train._Progress, "report", stop)
    status, out, err = run(*arguments)
    assert (status, out) == (130, "")
    assert "--resume" in err.splitlines()[-1]
    assert {p.name for p in tmp_path.iterdir()} == {"out.partial"}
    monkeypatch.setattr(cli_train._Progress, "report", report)
    assert "--resume" in mistake(*arguments)
    assert "settings" in mistake(*arguments, "--resume", "--set", "epochs=5").splitlines()[0]
    assert run(*arguments, "--resume")[0] == 0
    assert run(*arguments[:-1], tmp_path / "whole")[0] == 0
    assert {p.name for p in tmp_path.iterdir()} == {"out", "out-dot", "whole", "whole-dot"}
    for name in ("", "-dot"):
        one, two = ((tmp_path / f"{stem}{name}" / "weights.safetensors").read_bytes() for stem in ("out", "whole"))
        assert one == two


def process(*arguments, **kwargs):
    return subprocess.Popen([sys.executable, "-m", "macrid", *map(str, arguments)], cwd=ROOT, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_real_interrupt(tmp_path):
    running = process("train", *TINY, "--set", "epochs=100000", "--set", "stopping_step=100000", "--out", tmp_path / "out")
    until = time.monotonic() + 120
    while not (tmp_path / "out.partial" / "main" / "checkpoint.safetensors").exists():
        assert time.monotonic() < until
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert "--resume" in re.split(r"[\r\n]+", err.strip())[-1]
    assert {p.name for p in tmp_path.iterdir()} == {"out.partial"}


def test_as_a_process(trained):
    """What a shell sees: nothing but the object on standard output, nothing but the line on standard error."""
    good, bad = process("info", trained, "--json"), process("info", trained / "none", "--json")
    out, err = good.communicate(timeout=120)
    assert (good.returncode, err) == (0, "")
    assert json.loads(out)["name"] == "tiny"
    out, err = bad.communicate(timeout=120)
    assert (bad.returncode, out, err.count("\n")) == (2, "", 1)


def test_a_copy_elsewhere_is_all_that_is_needed(trained, tmp_path):
    folder = shutil.copytree(trained, tmp_path / "moved")
    assert answer("evaluate", folder) == answer("evaluate", trained)


def test_remap_lays_the_maps_of_a_bundle_and_its_twin_out_anew(trained, tmp_path):
    for name in ("tiny", "tiny-dot"):
        shutil.copytree(trained.with_name(name), tmp_path / name)
        maps_file = tmp_path / name / "maps.parquet"
        pd.read_parquet(maps_file).query("~method.str.contains('people')").to_parquet(maps_file, index=False)
    status, out, err = run("remap", tmp_path / "tiny")
    assert (status, out) == (0, "")
    assert err.count("laying out the maps") == 2
    for name in ("tiny", "tiny-dot"):
        assert "tsne+people" in set(load(tmp_path / name).maps["method"])
