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
    ({"user_inter_num_interval": "[5,inf)"}, "user_inter_num_interval"), ({"seed": None}, "seed"), ({"tau": 0}, "tau is 0"),
    ({"embedding_size": 5}, "item_embedding.weight should be"), ({"encoder_hidden_size": [6]}, "encoder.2"),
    ({"encoder_hidden_size": []}, "encoder_hidden_size"), ({"eval_args": {"split": {"LS": "valid_and_test"}}}, "eval_args"),
    ({"eval_args": None}, "eval_args"),
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


@pytest.mark.parametrize(("total", "wanted"), [
    (1, [1, 0, 0]), (2, [1, 0, 1]), (3, [1, 1, 1]), (4, [2, 1, 1]), (9, [7, 1, 1]), (10, [8, 1, 1]), (19, [17, 1, 1]),
    (20, [16, 2, 2]), (29, [25, 2, 2])])
def test_counts_as_recbole_rounds_them(total, wanted):
    assert recbole_import._counts(total, np.array([0.8, 0.1, 0.1])) == wanted
