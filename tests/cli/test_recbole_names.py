"""RecBole's names in a file of settings for `train`: what counts, how it is divided, what is refused."""

import shutil
from pathlib import Path

import pytest
import yaml
from commands import answer, mistake, quick, run  # noqa: F401 (quick is a fixture)

from macrid.bundle import load
from macrid.cli.options import Division
from macrid.cli.recbole_names import RecboleDivision
from macrid.data.recbole import options
from macrid.pipeline import recbole_import

FOLDER = Path(__file__).parents[1] / "fixtures" / "recbole"
PTH, DATA = FOLDER / "tiny.pth", FOLDER / "tiny"
RATED = {"load_col": {"inter": ["user_id", "item_id", "rating", "timestamp"]}}


@pytest.fixture
def config(tmp_path):
    def write(**lines):
        (tmp_path / "recbole.yaml").write_text(yaml.safe_dump(lines))
        return tmp_path / "recbole.yaml"

    return write


def counts(config, *more):
    return answer("train", "--data", DATA, "--config", config, "--dry-run", *more)


def test_which_rows_count(config):
    rows = [line.split("\t") for line in (DATA / "tiny.inter").read_text().splitlines()[1:]]
    assert counts(config(**RATED))["counted"] == len(rows)
    three = counts(config(**RATED, val_interval={"rating": "[3,inf)"}))
    assert three["counted"] == sum(int(row[2]) >= 3 for row in rows)
    assert "val_interval" in three["notes"][0]
    liked = counts(config(**RATED, val_interval={"rating": "[2,inf)"}, threshold={"rating": 4}))
    assert liked["counted"] == sum(int(row[2]) >= 4 for row in rows)
    assert "threshold: rating below 4" in liked["notes"][1]


def test_a_label_of_zero_is_no_click(config, tmp_path):
    data = Path(shutil.copytree(DATA, tmp_path / "tiny"))
    head, *lines = (data / "tiny.inter").read_text().splitlines()
    (data / "tiny.inter").write_text("\n".join([head + "\tliked:float", *(f"{line}\t{k % 3 and 1}" for k, line in
                                                                         enumerate(lines))]))
    said = answer("train", "--data", data, "--config", config(load_col=None, LABEL_FIELD="liked"), "--dry-run")
    assert said["counted"] == len(lines) - len(lines[::3])
    assert "LABEL_FIELD" in said["notes"][0]


def test_eval_args_divide_as_recbole_does(config):
    """As for the checkpoint beside, of which tests/pipeline/test_recbole_import.py knows RecBole's own division."""
    lines = {"eval_args": {"split": {"RS": [0.8, 0.1, 0.1]}}}
    asked = Division(*[None] * 6, str(DATA), 2020, "strong", None, None)
    ours = RecboleDivision(**vars(asked), options=options.read(lines, "recbole.yaml")).split()
    theirs = recbole_import.read(PTH, DATA).split
    assert (ours.train != theirs.train).nnz == 0
    assert (ours.test.answers != theirs.test.answers).nnz == 0
    assert counts(config(**lines))["split"] == "recbole"
    assert counts(config(**RATED))["split"] == "strong"


def test_a_bundle_comes_of_it(config, tmp_path):
    file = config(model="MacridVAE", dataset="tiny", **RATED, user_inter_num_interval="[3,inf)", epochs=1, embedding_size=4,
                  encoder_hidden_size=[8], kfac=3, train_batch_size=16, learning_rate="1e-3", gpu_id=0, metrics=["NDCG"],
                  seed=2020, eval_args={"order": "TO", "split": {"LS": "valid_and_test"}})
    status, _, err = run("train", "--data", DATA, "--config", file, "--preset", "recbole", "--out", tmp_path / "b")
    assert status == 0, err
    assert "not needed here: gpu_id, metrics" in err
    bundle = load(tmp_path / "b")
    assert (bundle.settings.kfac, bundle.settings.learning_rate, bundle.meta["seed"]) == (3, 0.001, 2020)
    assert bundle.meta["data"]["split"] == "recbole"
    assert "user_inter_num_interval" in bundle.meta["data"]["counted"]["notes"][0]
    assert set(bundle.items["category"]) == {"red", "green", "blue"}


@pytest.mark.parametrize(("lines", "more", "named"), [
    ({"model": "BPR"}, (), "model is 'BPR'"), ({"learner": "sgd"}, (), "learner is 'sgd'; only adam"),
    ({"weight_decay": 0.1}, (), "reg_weights"), ({"clip_grad_norm": {"max_norm": 5}}, (), "clip_grad_norm"),
    ({"n_layers": 3}, (), "'n_layers'"), ({"val_interval": {"rating": "[3,inf)"}}, (), "load_col"),
    ({"threshold": {"rating": 3}}, (), "threshold"), ({"additional_feat_suffix": ["kg"]}, (), "additional_feat_suffix"),
    (RATED, ("--user", "user_id"), "USER_ID_FIELD"), (RATED, ("--min-rating", 4), "threshold: {rating: N}"),
    ({"eval_args": {"order": "RO"}}, ("--held-out", 5), "--held-out"), ({"seed": "x"}, (), "seed is 'x'"),
    ({**RATED, "threshold": {"rating": 9}}, (), "no row"),
])
def test_what_does_not_go_is_one_line(config, tmp_path, lines, more, named):
    assert named in mistake("train", "--data", DATA, "--config", config(**lines), "--out", tmp_path / "b", *more)


def test_other_data_have_no_such_names(config, tmp_path):
    (tmp_path / "clicks.csv").write_text("user_id,item_id\n1,2\n")
    file = config(**RATED)
    assert ".inter" in mistake("train", "--data", tmp_path / "clicks.csv", "--config", file, "--out", tmp_path / "b")
    assert "atomic files" in mistake("train", "--data", "shop", "--config", file, "--out", tmp_path / "b")
