"""Commands that use a bundle: one JSON object on standard output, one line on standard error for a mistake."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from commands import TINY, answer, mistake, process, quick, run  # noqa: F401 (quick is a fixture)
from conftest import flat

from macrid.bundle import load
from macrid.pipeline import run_folder


def test_evaluate(trained, bundle):
    found = answer("evaluate", trained)
    keys = {f"{name}{end}" for name in ("ndcg@100", "recall@20", "recall@50") for end in ("", "_se")}
    factors = {"nmi", "ari", "purity", "effective_factors", "certainty", "coherence", "coherence_se", "independence"}
    assert set(found) == keys | factors | {"steering"}
    assert flat(found) == pytest.approx(flat(bundle.meta["metrics"]), rel=1e-6)
    assert "ndcg@100" in (printed := run("evaluate", trained)[1])
    assert "steering leakage" in printed
    assert re.search(r"^certainty +0\.\d+$", printed, re.MULTILINE)
    assert re.search(r"^coherence +0\.\d+ ± 0\.\d+$", printed, re.MULTILINE)
    assert answer("evaluate", trained, "--data", "shop:140x30")["ndcg@100"] != found["ndcg@100"]


def test_info(trained, bundle):
    found = answer("info", trained)
    assert found["format"] == 1
    assert found["metrics"] == bundle.meta["metrics"]
    assert [f["factor"] for f in found["factors"]] == list(range(7))
    assert "7 factors" in run("info", trained)[1]
    assert answer("info", run_folder.twin_of(trained))["twin"] is None


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
    label = next((k, j, label) for k in range(7) for j in bundle.dials.order(k) if (label := bundle.dials.label(k, j)))
    named = answer("steer", trained, "--user", user, "--factor", label[0], "--turn", f"{label[2].name}=0.1")
    assert (named["factor"], named["dim"], named["value"]) == (label[0], label[1], 0.1)
    alone, of_all = (answer("steer", trained, "--user", user, "--n", 4, *turn)
                     for turn in (("--turn", "3.0=more"), ("--factor", 3, "--turn", "0=more", "--scope", "all")))
    assert alone == of_all


@pytest.mark.parametrize(("turn", "said"), [
    ("0", "write it as DIAL=HOW"), ("0=soon", "'soon' is not a number"), ("9=0.5", "dim is 9"), ("7.0=0.5", "factor is 7"),
    ("colour=more", "no dial 'colour'"), ("0=2", "value is 2.0"), ("0=nan", "value is nan")])
def test_a_turn_that_cannot_be(trained, bundle, turn, said):
    assert said in mistake("steer", trained, "--user", bundle.people[0], "--factor", 0, "--turn", turn)


def test_nothing_to_turn(trained, bundle):
    who = ("steer", trained, "--user", bundle.people[0])
    for some in (["--dim", 0], ["--value", 0.5]):
        assert "--dim J and --value V" in mistake(*who, "--factor", 0, *some)
    assert "--wish ATTRIBUTE=HOW" in mistake(*who, "--factor", 0)
    assert "as in --turn 0.size=more" in mistake(*who, "--turn", "size=more")
    assert "--factor K" in mistake(*who, "--wish", "size=+", "--scope", "factor")


def test_wishes(trained, bundle):
    """By option and in words, beside dials; with what was not understood, and readings before and after."""
    user = bundle.people[0]
    who = ("steer", trained, "--user", user, "--n", 6)
    found = answer(*who, "--words", "bigger, no mugs, with sequins", "--wish", "price=-0.5")
    wishes = {"size": 0.6, "mugs": -1.0, "price": -0.5}
    assert (found["wishes"], found["not_understood"], found["dials"]) == (wishes, ["sequins"], [])
    wanted = bundle.steer(wishes=wishes, user=user, n=6)
    assert [row["item_id"] for row in found["items"]] == wanted.after["item_id"].tolist()
    assert {row["attribute"]: row["after"] for row in found["readings"]} == {r.attribute: r.after for r in wanted.readings}
    both = answer(*who, "--wish", "size=+", "--factor", 1, "--turn", "0=0.3")
    assert (both["wishes"], both["dim"]) == ({"size": 0.6}, 0)
    assert all(bundle.factor[bundle.positions([row["item_id"]])[0]] == 1 for row in both["items"])
    status, _, said = run(*who, "--wish", "size=+", "--words", "with sequins")
    assert status == 0
    assert "mean size: " in said
    assert "not understood: sequins" in said
    assert "size" in mistake(*who, "--wish", "sise=1")
    assert "knows" in mistake(*who, "--words", "sequins")
    assert {row["attribute"] for row in answer("info", trained)["wishes"]} >= {"size", "price", "mugs", "popularity"}


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
    monkeypatch.setattr("macrid.dials.axes.LEVEL", 0.6)  # five epochs have learned little
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


@pytest.mark.parametrize(("arguments", "named"), [
    (["frobnicate"], "frobnicate"), (["info"], "BUNDLE"), (["steer", "{b}"], "--items"),
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


def test_a_damaged_bundle_is_one_line(spoiled):
    (spoiled / "weights.safetensors").write_bytes(b"\x00" * 50)
    for command in (["info"], ["evaluate"], ["recommend", "--items", "mugs-0001"]):
        assert "weights.safetensors" in mistake(command[0], spoiled, *command[1:])


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
