"""A checkpoint that RecBole saved (see fixtures/recbole/make.py) as a bundle: its scores, its people, its figures."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from commands import mistake, quick, run  # noqa: F401 (quick is a fixture)

from macrid.bundle import load
from macrid.pipeline import recbole_import, safe_unpickle

FOLDER = Path(__file__).parents[1] / "fixtures" / "recbole"
PTH, DATA = FOLDER / "tiny.pth", FOLDER / "tiny"
WANTED = json.loads((FOLDER / "tiny.json").read_text())


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    out = tmp_path_factory.mktemp("imported") / "tiny"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("macrid.maps.projections.umap", lambda vectors, *_: vectors[:, :2])
        patch.setattr("macrid.maps.projections.tsne", lambda vectors, *_: vectors[:, :2])
        return recbole_import.convert(PTH, DATA, out)


def test_scores_are_recboles(imported):
    """full_sort_predict of every user and item, to 1e-5."""
    items = imported.positions(WANTED["items"])
    assert sorted(items) == list(range(24))
    for user, wanted in zip(WANTED["users"], WANTED["scores"], strict=True):
        clicks = imported.clicks(imported.positions(WANTED["split"]["train"][user]))
        np.testing.assert_allclose(imported.model.scores(clicks)[0, items], wanted, atol=1e-5)


def test_people_are_divided_as_recbole_did(imported):
    test, validation = imported.held_out("test"), imported.held_out("validation")
    ids = imported.items["item_id"].to_numpy()
    for held, name in ((test, "test"), (validation, "validation")):
        assert set(held.user_ids) == set(WANTED["split"][name])
        for row, user in enumerate(held.user_ids):
            assert set(ids[held.answers[row].indices]) == set(WANTED["split"][name][user])
            assert set(ids[held.fold_in[row].indices]) == set(WANTED["split"]["train"][user])
            seen = set(WANTED["split"]["train"][user]) | (set(WANTED["split"]["validation"].get(user, [])) if name == "test"
                                                          else set())
            assert set(ids[held.seen[row].indices]) == seen


def test_figures_are_recboles(imported):
    """Its own test result, which it rounds to four digits."""
    for name, value in WANTED["result"].items():
        assert round(imported.meta["metrics"][name], 4) == value


def test_settings_and_origin_are_recorded(imported):
    s = imported.settings
    assert (s.kfac, s.embedding_size, s.encoder_hidden_size, s.input_norm) == (3, 4, (6, 5), "user")
    assert imported.meta["imported"] == {"from": "RecBole", "file": "tiny.pth", "epoch": 1}
    assert imported.meta["seed"] == 2020
    assert set(imported.items["category"]) == {"red", "green", "blue"}
    assert imported.steer({(0, 0): 0.5}, items=["100", "103"]).after["item_id"].is_unique


def test_from_the_shell(tmp_path):
    out = tmp_path / "b"
    status, printed, err = run("import-recbole", PTH, "--data", DATA, "--out", out)
    assert (status, printed) == (0, ""), err
    assert load(out).meta["name"] == "b"
    assert "--overwrite" in mistake("import-recbole", PTH, "--data", DATA, "--out", out)
    assert run("import-recbole", PTH, "--data", DATA, "--out", out, "--overwrite")[0] == 0


def changed(monkeypatch, **config):
    """safe_unpickle.read as if RecBole had saved other settings."""
    found = safe_unpickle.read(PTH)
    found["config"].state["final_config_dict"] |= config
    monkeypatch.setattr(safe_unpickle, "read", lambda path: found)
    return found


@pytest.mark.parametrize(("config", "named"), [
    ({"model": "MultiVAE"}, "MultiVAE"), ({"val_interval": {"rating": "[3,inf)"}}, "val_interval"),
    ({"additional_feat_suffix": ["ent"]}, "additional_feat_suffix"), ({"seed": None}, "seed"), ({"tau": 0}, "tau is 0"),
    ({"embedding_size": 5}, "item_embedding.weight should be"), ({"encoder_hidden_size": [6]}, "encoder.2"),
    ({"encoder_hidden_size": []}, "encoder_hidden_size"), ({"eval_args": {"split": {"LS": "valid_only"}}}, "eval_args"),
    ({"eval_args": None}, "eval_args"), ({"user_inter_num_interval": "[9,inf)"}, "mrr@10"),
])
def test_what_does_not_go_is_one_line(tmp_path, monkeypatch, config, named):
    changed(monkeypatch, **config)
    assert named in mistake("import-recbole", PTH, "--data", DATA, "--out", tmp_path / "b")
    assert not list(tmp_path.iterdir())


def test_other_data_are_refused(tmp_path, monkeypatch):
    data = Path(shutil.copytree(DATA, tmp_path / "tiny"))
    lines = (data / "tiny.inter").read_text().splitlines()
    (data / "tiny.inter").write_text("\n".join([*lines, "1\t999\t5\t1"]) + "\n")
    assert "24 items" in mistake("import-recbole", PTH, "--data", data, "--out", tmp_path / "b")
    (tmp_path / "clicks.csv").write_text("user_id,item_id\n1,2\n")
    assert ".inter" in mistake("import-recbole", PTH, "--data", tmp_path / "clicks.csv", "--out", tmp_path / "b")
    found = changed(monkeypatch)
    found["state_dict"]["k_embedding.weight"] = np.full((3, 4), np.nan, np.float32)
    assert "k_embedding.weight" in mistake("import-recbole", PTH, "--data", DATA, "--out", tmp_path / "b")
    del found["state_dict"]
    assert "RecBole" in mistake("import-recbole", PTH, "--data", DATA, "--out", tmp_path / "b")


def test_other_files_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.")
    assert "posix.system" in mistake("import-recbole", tmp_path / "x.pth", "--data", DATA, "--out", tmp_path / "b")
    assert "none.pth" in mistake("import-recbole", tmp_path / "none.pth", "--data", DATA, "--out", tmp_path / "b")


def test_a_loaded_user_file_changes_the_numbers(tmp_path, monkeypatch):
    """Numbers and people follow the files and the configuration: here of a training with a .user file that lacks the first
    person and an .item file with one item more; the item vectors are their own numbers."""
    data = Path(shutil.copytree(DATA, tmp_path / "tiny"))
    rows = [line.split("\t")[:2] for line in (data / "tiny.inter").read_text().splitlines()[1:]]
    people = dict.fromkeys(user for user, _ in rows)
    first = next(iter(people))
    (data / "tiny.user").write_text("user_id:token\n" + "".join(f"{user}\n" for user in people if user != first))
    (data / "tiny.item").write_text((data / "tiny.item").read_text() + "999\tNew\tred\n")
    numbers = [*dict.fromkeys(item for user, item in rows if user != first), "999"]
    found = changed(monkeypatch, load_col={"inter": "*", "user": "*", "item": "*"})
    weights = found["state_dict"]
    own = np.arange(len(numbers) + 1, dtype=np.float32)[:, None]
    weights["item_embedding.weight"] = np.hstack([own, np.ones((len(own), 3), np.float32)])
    weights["encoder.0.weight"] = np.repeat(own.T, len(weights["encoder.0.weight"]), axis=0)
    found |= {"best_valid_score": float("-inf"), "optimizer": None}
    bundle = recbole_import.convert(PTH, data, tmp_path / "b")
    of_model = dict(zip(bundle.items["item_id"], bundle.model.items.detach()[:, 0].tolist(), strict=True))
    assert of_model == {item: number for number, item in enumerate(numbers, 1)}
    assert bundle.model.weights[0].detach()[:, 0].tolist() == list(of_model.values())
    assert bundle.items.set_index("item_id").loc["999", ["title", "clicks"]].tolist() == ["New", 0]
    assert "filter_inter_by_user_or_item" in bundle.meta["data"]["counted"]["notes"][0]


def test_what_the_checkpoint_says_is_held_against_the_files(tmp_path, monkeypatch):
    data = Path(shutil.copytree(DATA, tmp_path / "tiny"))
    head, *lines = (data / "tiny.inter").read_text().splitlines()
    (data / "tiny.inter").write_text("\n".join([head, *reversed(lines)]) + "\n")
    assert "mrr@10" in mistake("import-recbole", PTH, "--data", data, "--out", tmp_path / "b")
    found = changed(monkeypatch, valid_metric="AUC")  # which is not computed here
    idle = 1 + len(dict.fromkeys(line.split("\t")[1] for line in lines))
    found["optimizer"]["state"][0]["exp_avg_sq"] = np.ones((6, idle), np.float32)
    (data / "tiny.inter").write_text("\n".join([head, *lines, "1\t998\t5\t1"]) + "\n")
    assert "24 items" in mistake("import-recbole", PTH, "--data", data, "--out", tmp_path / "b")
    (data / "tiny.inter").write_text("\n".join([head, *lines]) + "\n")
    lonely = changed(monkeypatch, valid_metric="AUC", eval_args={"split": {"RS": [0.1, 0.1, 0.8]}})
    lonely["optimizer"]["state"][0]["exp_avg_sq"] = np.ones((6, idle), np.float32)
    assert "has none to train on" in mistake("import-recbole", PTH, "--data", data, "--out", tmp_path / "b")
    assert not (tmp_path / "b").exists()
