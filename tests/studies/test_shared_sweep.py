"""A sweep that processes share by a database: each point once, the same file for all; who stops leaves its point to them."""

import json
from importlib.util import find_spec
from multiprocessing import get_context

import pytest
from commands import mistake, run

from macrid.errors import InputError
from macrid.studies import database, study, sweep

pytestmark = pytest.mark.skipif(find_spec("optuna") is None, reason="Optuna is an extra")
CHANGES = {"embedding_size": 4, "encoder_hidden_size": [8], "epochs": 2, "train_batch_size": 64}
GRID = {"anneal_cap": [0.0, 1.0], "kfac": [2, 7]}


def trials(url: str):
    library = database.optuna("a test")
    storage = library.storages.RDBStorage(url)
    (name,) = library.get_all_study_names(storage)
    return library.load_study(study_name=name, storage=storage).get_trials()


def test_processes_share_the_points_and_each_has_the_whole(tmp_path, trained_here):
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    given = ["sweep", "--data", "shop:140x120", "--grid", "anneal_cap=0,1", "kfac=2,7", "--storage", url,
             *(part for key, value in CHANGES.items() for part in ("--set", f"{key}={value}"))]
    other = get_context("fork").Process(target=run, args=(*given, "--out", tmp_path / "there.json"))
    other.start()
    status, _, err = run(*given, "--out", tmp_path / "here.json")
    other.join(120)
    assert (status, other.exitcode) == (0, 0), err
    assert [t.state.name for t in trials(url)].count("COMPLETE") == 4  # each point once
    here, there = (json.loads((tmp_path / name).read_text()) for name in ("here.json", "there.json"))
    points = [{"anneal_cap": c, "kfac": k} for c in (0.0, 1.0) for k in (2, 7)]
    assert [point["settings"] for point in here["points"]] == points
    assert here == there
    assert (tmp_path / "here.maps.parquet").read_bytes() == (tmp_path / "there.maps.parquet").read_bytes()


def test_who_stops_leaves_its_point_to_others(tmp_path, tiny_split, trained_here):
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    said = []

    def stop(key, event, value):
        said.append(event)
        if len(said) == 4:  # in the second point
            raise KeyboardInterrupt

    def swept(name, report):
        plan = study.Plan(tiny_split, tmp_path / name, "best")
        with study.prepare(plan, overwrite=False, resume=False):
            return sweep.sweep(plan, CHANGES, GRID, report, url)

    with pytest.raises(KeyboardInterrupt):
        swept("a.json", stop)
    seen = []
    value = swept("b.json", lambda key, event, row: seen.append(event))
    assert (len(value["points"]), seen.count("done"), seen.count("report")) == (4, 4, 6)  # the first was done already
    plan = study.Plan(tiny_split, tmp_path / "alone.json", "best")
    with study.prepare(plan, overwrite=False, resume=False):
        alone = sweep.sweep(plan, CHANGES, GRID)
    assert [point["figures"] for point in value["points"]] == [point["figures"] for point in alone["points"]]


def test_mistakes_are_told(tmp_path, tiny_split):
    given = ["sweep", "--data", "shop:140x120", "--grid", "kfac=2,7", "--out", tmp_path / "s.json"]
    assert "start the command several times" in mistake(*given, "--storage", "sqlite://", "--jobs", 2)
    plan = study.Plan(tiny_split, tmp_path / "t.json", "best")
    with study.prepare(plan, overwrite=False, resume=False), pytest.raises(InputError, match=r"--storage cannot be opened"):
        sweep.sweep(plan, CHANGES, GRID, storage="nothing://me@host/name")
