"""The command that makes a bundle: nothing on standard output, one line for a mistake, nothing half written, Ctrl-C."""

import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest
from commands import TINY, answer, mistake, once, process, quick, run  # noqa: F401 (quick is a fixture)
from conftest import flat

from macrid.bundle import load
from macrid.cli import progress
from macrid.pipeline import evaluate
from macrid.studies import memory
from macrid.training import choose_kfac

WITHOUT_PATH = ["--set", "linear_weight=0", "--set", "popularity_power=0"]


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


def test_train_chooses_how_many_factors(tmp_path, monkeypatch):
    monkeypatch.setattr(choose_kfac, "CANDIDATES", range(4, 10))
    data = ["--data", "shop:350x1500", *TINY[2:], "--set", "embedding_size=16", "--set", "epochs=1"]
    status, printed, err = run("train", *data, "--set", "kfac=auto", "--out", tmp_path / "out")
    assert (status, printed) == (0, ""), err
    assert "choosing kfac from 4 to 9" in err
    found = answer("info", tmp_path / "out")
    assert found["settings"]["kfac"] == found["kfac_auto"]["kfac"] == 7
    assert [row["kfac"] for row in found["kfac_auto"]["candidates"]] == list(range(4, 10))
    assert run("train", *data, "--set", "kfac=7", "--out", tmp_path / "seven")[0] == 0
    assert weights(tmp_path / "seven") == weights(tmp_path / "out")
    assert "kfac_auto" not in answer("info", tmp_path / "seven")
    assert "exists already" in mistake("train", *data, "--set", "kfac=auto", "--out", tmp_path / "out")
    assert "set kfac to a number" in mistake("train", *data, "--set", "kfac=auto", "--split", "recbole", "--out",
                                             tmp_path / "other").splitlines()[-1]


def weights(folder) -> bytes:
    return (folder / "weights.safetensors").read_bytes()


@pytest.fixture
def sizes(tmp_path) -> Path:
    """A CSV of the sizes of the tiny shop's items that are bought."""
    from macrid.data import shop

    data = shop.simulate(140, 120, 0).data
    bought = np.asarray(data.matrix.sum(axis=0)).ravel() >= 5
    data.items.loc[bought, ["item_id", "size"]].to_csv(tmp_path / "sizes.csv", index=False)
    return tmp_path / "sizes.csv"


def test_train_with_labels(tmp_path, sizes, monkeypatch):
    monkeypatch.setattr("macrid.dials.axes.LEVEL", 0.6)  # two epochs have learned little
    given = ["train", *TINY, "--labels", sizes, "--twin", "dot"]
    for name, *more in (("plain",), ("zero", "--set", "label_weight=0"), ("one", "--set", "label_weight=1")):
        assert run(*(given if more else given[:-4] + given[-2:]), "--out", tmp_path / name, *more)[0] == 0
    for twin in ("", "-dot"):
        plain, zero, one = (tmp_path / (name + twin) for name in ("plain", "zero", "one"))
        assert weights(plain) == weights(zero) != weights(one)
        for folder in (zero, one):
            found = load(folder)
            assert found.meta["axes"] == "labels"
            assert {row["attribute"] for row in found.aligned_dials.values()} == {"size"}
            assert set(found.labels.columns) == {"size"}
            assert flat(evaluate.evaluate(found)) == pytest.approx(flat(found.meta["metrics"]), rel=1e-6)
            assert ("labels" in found.history[-1]) == (folder == one)
    assert run("align", tmp_path / "zero", "--method", "labels", "--labels", sizes, "--out", tmp_path / "again")[0] == 0
    assert load(tmp_path / "again").meta["aligned"] == load(tmp_path / "zero").meta["aligned"]


def test_labels_that_cannot_be_learned_leave_independent_dials(tmp_path, sizes, monkeypatch):
    monkeypatch.setattr("macrid.dials.axes.LEVEL", 0.0)
    status, _, err = run("train", *TINY, "--labels", sizes, "--set", "label_weight=1", "--out", tmp_path / "out")
    assert status == 0, err
    assert sum("note: " in line and "size is refused" in line for line in err.splitlines()) == 1
    found = load(tmp_path / "out")
    assert (found.meta["axes"], found.aligned_dials, "aligned" in found.meta, found.labels) == ("ica", {}, False, None)


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
    report = progress.TrainingProgress.report

    def stop(self, stage, row):
        raise KeyboardInterrupt

    monkeypatch.setattr(progress.TrainingProgress, "report", stop)
    assert run(*given)[0] == 130
    monkeypatch.setattr(progress.TrainingProgress, "report", report)
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
    ("user_id,item_id,rating\n1,2,inf\n", "row 2"), ("user_id,item_id,rating\n1,2,5\n", "nobody has 5")])
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


def test_ctrl_c_keeps_what_was_done(tmp_path, monkeypatch):
    arguments = ["train", *TINY, "--set", "epochs=4", "--twin", "dot", "--out", tmp_path / "out"]
    report = progress.TrainingProgress.report

    def stop(self, stage, row):
        report(self, stage, row)
        if row.get("epoch") == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(progress.TrainingProgress, "report", stop)
    status, out, err = run(*arguments)
    assert (status, out) == (130, "")
    assert "--resume" in err.splitlines()[-1]
    assert {p.name for p in tmp_path.iterdir()} == {"out.partial"}
    monkeypatch.setattr(progress.TrainingProgress, "report", report)
    assert "--resume" in mistake(*arguments)
    assert "settings" in mistake(*arguments, "--resume", "--set", "epochs=5").splitlines()[0]
    assert run(*arguments, "--resume")[0] == 0
    assert run(*arguments[:-1], tmp_path / "whole")[0] == 0
    assert {p.name for p in tmp_path.iterdir()} == {"out", "out-dot", "whole", "whole-dot"}
    for name in ("", "-dot"):
        one, two = ((tmp_path / f"{stem}{name}" / "weights.safetensors").read_bytes() for stem in ("out", "whole"))
        assert one == two


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_real_interrupt(tmp_path):
    running = process("train", *TINY, "--set", "epochs=100000", "--set", "stopping_step=100000", "--out", tmp_path / "out")
    once(running, (tmp_path / "out.partial" / "main" / "checkpoint.safetensors").exists)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert "--resume" in re.split(r"[\r\n]+", err.strip())[-1]
    assert {p.name for p in tmp_path.iterdir()} == {"out.partial"}


def test_train_tells_what_the_linear_path_takes(tmp_path):
    status, _, err = run("train", *TINY, "--out", tmp_path / "out")
    assert status == 0
    assert re.search(r"^linear path: \d+ items, dense, about 0\.1 GB and 1 second$", err, re.MULTILINE)
    assert "linear path" not in run("train", *TINY, *WITHOUT_PATH, "--out", tmp_path / "without")[2]


def test_train_refuses_a_linear_path_that_does_not_fit(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 10**5)  # enough for the model
    said = mistake("train", *TINY, "--out", tmp_path / "out")
    assert re.search(r"the linear path of \d+ items takes about 0\.1 GB of memory, and 0\.0 GB are free; .*_power=0$",
                     said.strip())
    assert not list(tmp_path.iterdir())
    assert run("train", *TINY, *WITHOUT_PATH, "--out", tmp_path / "out")[0] == 0
    monkeypatch.setattr(memory, "available", lambda: None)  # a system that does not say
    assert run("train", *TINY, "--out", tmp_path / "other")[0] == 0


def test_the_bar_of_a_long_linear_path(capsys, monkeypatch):
    monkeypatch.setattr(progress, "STEPS_SHOWN_EVERY", 0)
    with progress.TrainingProgress(1) as shown:
        shown.report("train", {"epoch": 1, "ndcg@100": 0.5, "best": 1})
        shown.report("linear", {"step": "solving", "done": 0.25})
        shown.report("linear", {"step": "solving", "done": 1.0})
        shown.report("linear", {"step": "choosing its weight", "done": 1.0})
        shown.report("twin", {"epoch": 1, "ndcg@100": 0.5, "best": 1})
    err = capsys.readouterr().err
    assert [word in err for word in ("linear path, solving", "linear path, choosing its weight", "100%")] == [True] * 3
    assert err.index("training") < err.index("linear path, solving") < err.index("dot-product twin")


@pytest.fixture
def few(tmp_path) -> Path:
    """A CSV of four items of three of the tiny shop's categories, and a fourth without items."""
    from macrid.data import shop

    data = shop.simulate(140, 120, 0).data
    bought = data.items[np.asarray(data.matrix.sum(axis=0)).ravel() >= 5]
    categories = bought["category"].unique()
    rows = bought[bought["category"].isin(categories[:3])].groupby("category").head(4)[["item_id", "category"]]
    rows = rows.rename(columns={"category": "intention"}).assign(intention=lambda table: "my " + table["intention"])
    rows.loc[len(data.items)] = "", categories[3]
    rows.to_csv(tmp_path / "few.csv", index=False)
    return tmp_path / "few.csv"


def test_intentions_start_and_hold_the_factors(few, tmp_path):
    status, printed, err = run("train", *TINY, "--intentions", few, "--out", tmp_path / "out")
    assert (status, printed) == (0, ""), err
    found = load(tmp_path / "out")
    assert (found.settings.routing, found.settings.kfac) == ("held", 4)
    names = [factor.name for factor in found.factors]
    assert all(name.startswith("my ") for name in names[:3])
    assert set(found.intentions.names) == set(names)  # the fourth is found, by its tag or as the last one
    known = found.intentions.known(found.items["item_id"])
    np.testing.assert_array_equal(found.factor[known >= 0], known[known >= 0])
    assert [row["name"] for row in answer("info", tmp_path / "out")["factors"]] == names
    more = [*TINY, "--set", "kfac=6", "--intentions", few]
    assert run("train", *more, "--out", tmp_path / "more")[0] == 0
    assert load(tmp_path / "more").settings.kfac == 6
    assert "kfac is 2, and 4 intentions are named" in mistake("train", *TINY, "--set", "kfac=2", "--intentions", few,
                                                             "--out", tmp_path / "less").splitlines()[-1]


def test_a_bundle_is_aligned_with_intentions(few, tmp_path):
    assert run("train", *TINY, "--out", tmp_path / "out")[0] == 0
    found = answer("align", tmp_path / "out", "--intentions", few, "--kfac", 5, "--out", tmp_path / "new")
    assert [row["factor"] for row in found["factors"]] == list(range(5))
    assert "say what to align" in mistake("align", tmp_path / "out", "--out", tmp_path / "x")
    assert "give one after the other" in mistake("align", tmp_path / "out", "--intentions", few, "--method", "ica", "--out",
                                                tmp_path / "x")
    assert "--kfac goes with --intentions" in mistake("align", tmp_path / "out", "--kfac", 5, "--method", "ica", "--out",
                                                     tmp_path / "x")
    assert "there is no file" in mistake("align", tmp_path / "out", "--intentions", tmp_path / "none.csv", "--out",
                                         tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_items_are_shared_out_without_looks_at_the_model(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    more = ("--shard-items", "--progress", tmp_path, "--out", tmp_path / "b")
    assert "leave out one of the two" in mistake("train", *TINY, *more)
