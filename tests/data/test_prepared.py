"""Clicks that are prepared on disk are those that reading in memory gives, whatever was stopped, damaged or done twice."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pytest
from commands import mistake, run
from conftest import tiny_settings
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import CSV, LAYOUTS, SPLIT, write

from macrid.cli import prepare as command
from macrid.cli.options import Division
from macrid.data import interactions, split
from macrid.data.prepare import prepare
from macrid.data.prepared import folder, matrices, sorting, spill
from macrid.data.reading.table import Table
from macrid.errors import InputError, InputWarning
from macrid.studies import memory
from macrid.training.fit import fit
from macrid.training.start import untrained

CASES = Path(__file__).parents[1] / "cases"
OTHERS = ("pro-sg-short-people", "pro-sg-two-categories", "recbole-user-file")  # with a split of their own, and a checkpoint


@pytest.fixture(autouse=True)
def little_at_once(monkeypatch):
    """Blocks so small that a few rows are many."""
    for module, name, rows in ((spill, "ROWS", 7), (sorting, "GROUP", 5), (matrices, "BLOCK", 20)):
        monkeypatch.setattr(module, name, rows)
    monkeypatch.setattr(matrices.blocks, "__defaults__", (20,))


def said(do):
    """What `do` gives, and what it warns of."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        result = do()
    return result, [str(one.message) for one in told if issubclass(one.category, InputWarning)]


def assert_same_matrix(one, other):
    assert one.shape == other.shape
    assert one.dtype == other.dtype
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def assert_same(one, other):
    assert_same_matrix(one.matrix, other.matrix)
    for name in ("user_ids", "item_ids"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    pd.testing.assert_frame_equal(one.items, other.items)
    assert (one.name, one.rated) == (other.name, other.rated)
    mine, theirs = vars(one.found).copy(), vars(other.found).copy()
    for name in ("values", "counts"):
        np.testing.assert_array_equal(mine.pop(name), theirs.pop(name))
    assert mine == theirs


def check(path, out, asked=None):
    read, told = said(lambda: interactions.read(path, asked=asked))
    made, told_then = said(lambda: prepare(path, out, asked))
    assert made
    assert told_then == told
    assert_same(interactions.read(out), read)


def mapped(array):
    while array is not None and not isinstance(array, np.memmap):
        array = array.base
    return array is not None


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout(tmp_path, name):
    check(write(tmp_path / "set", LAYOUTS[name]), tmp_path / "clicks")


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir() if path.name not in OTHERS))
def test_files_as_people_have_them(tmp_path, name):
    check(CASES / name, tmp_path / "clicks")


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["rating", "plays", "label", None]), st.booleans(), st.booleans())
def test_any_rows_in_any_parts(tmp_path_factory, seed, values, timed, text):
    rng, place = np.random.default_rng(seed), tmp_path_factory.mktemp("rows")
    n = int(rng.integers(1, 90))
    rows = pd.DataFrame({"user": rng.integers(0, 9, n), "item": rng.integers(0, 12, n)})
    if text:
        rows["user"] = "u" + rows["user"].astype(str)
    if values:
        rows[values] = rng.integers(0, 2 if values == "label" else 6, n) * (1.0 if values == "label" else 0.5)
        rows.loc[rng.random(n) < 0.1, values] = np.nan
    if timed:
        rows["timestamp"] = rng.integers(0, 20, n)
    for k, part in enumerate(np.array_split(np.arange(n), 3)):
        if len(part):
            rows.iloc[part].to_parquet(place / f"part-{k}.parquet", index=False)
    check(place, place.with_name(place.name + "-clicks"))


def test_events_and_lists_know_their_rows(tmp_path):
    write(tmp_path, {"log.csv": "user,item,event\n" + "".join(f"u{k % 4},i{k % 3},{'buy' if k % 2 else 'view'}\n"
                                                              for k in range(40))})
    check(tmp_path / "log.csv", tmp_path / "clicks", interactions.Asked(events=("buy",)))
    pd.DataFrame({"user": [1, 2, 1], "item": [[1, 2], [3], [2, 1]]}).to_parquet(tmp_path / "lists.parquet")
    check(tmp_path / "lists.parquet", tmp_path / "lists")


def parts(place, n=4):
    rng = np.random.default_rng(0)
    return write(place, {f"part-{k}.csv": "user_id,item_id,rating\n" + "".join(
        f"u{rng.integers(15)},i{rng.integers(20)},{rng.integers(1, 6)}\n" for _ in range(60)) for k in range(n)})


def test_what_was_stopped_goes_on(tmp_path, monkeypatch):
    data, out = parts(tmp_path / "set"), tmp_path / "clicks"
    read, batches = [], Table.batches

    def counted(table, *arguments):
        read.append(table.name)
        if len(read) == 3:
            raise KeyboardInterrupt
        return batches(table, *arguments)

    monkeypatch.setattr(Table, "batches", counted)
    monkeypatch.setattr(spill, "KEPT_EVERY", -1.0)
    with pytest.raises(KeyboardInterrupt):
        prepare(data, out)
    assert not out.exists()
    assert prepare(data, out)
    assert read == ["part-0.csv", "part-1.csv", "part-2.csv", "part-2.csv", "part-3.csv"]
    assert_same(interactions.read(out), interactions.read(data))
    assert not (tmp_path / "clicks.partial").exists()
    assert not prepare(data, out)


def test_what_was_stopped_twice_goes_on(tmp_path, monkeypatch):
    data, out = parts(tmp_path / "set"), tmp_path / "clicks"
    monkeypatch.setattr(spill, "KEPT_EVERY", -1.0)
    for stops in ((Table, "batches", 3), (spill.Numbering, "keep", 1)):
        with monkeypatch.context() as patched:
            killed(patched, *stops)
            with pytest.raises(KeyboardInterrupt):
                prepare(data, out)
    assert prepare(data, out)
    assert_same(interactions.read(out), interactions.read(data))


def killed(patched, owner, name, at):
    """The program ends when a method is called for the so manieth time."""
    method, calls = getattr(owner, name), []

    def counted(*arguments):
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt
        return method(*arguments)

    patched.setattr(owner, name, counted)


@pytest.mark.parametrize("harm", ["changed", "cut"])
def test_what_was_stopped_begins_again_where_it_cannot_go_on(tmp_path, monkeypatch, harm):
    data, out = parts(tmp_path / "set"), tmp_path / "clicks"
    monkeypatch.setattr(spill, "KEPT_EVERY", -1.0)
    with monkeypatch.context() as patched:
        patched.setattr(sorting, "sort", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            prepare(data, out)
    if harm == "changed":
        write(data, {"part-1.csv": "user_id,item_id,rating\nu1,i1,5\n"})
    else:
        (tmp_path / "clicks.partial" / "read" / "user").write_bytes(b"")
    assert prepare(data, out)
    assert_same(interactions.read(out), interactions.read(data))


def test_of_two_at_once_one_works_and_the_other_waits(tmp_path):
    data, out = parts(tmp_path / "set", 2), tmp_path / "clicks"
    with ThreadPoolExecutor(2) as two:
        assert sorted(two.map(lambda _: prepare(data, out), range(2))) == [False, True]
    assert folder.manifest(out)["interactions"] == interactions.read(data).n_interactions


def test_nothing_is_replaced_that_was_not_asked_for(tmp_path):
    data = write(tmp_path / "set", {"clicks.csv": CSV})
    other = write(tmp_path / "other", {"clicks.csv": CSV, "items.csv": "item_id,title\ni1,One\n"})
    assert prepare(data, tmp_path / "clicks")
    for path, message in ((tmp_path / "set", "exists already and holds no prepared clicks"),
                          (tmp_path / "clicks", "holds clicks of other files.*--overwrite")):
        with pytest.raises(InputError, match=message):
            prepare(other, path)
    assert prepare(other, tmp_path / "clicks", overwrite=True)
    assert "One" in set(interactions.read(tmp_path / "clicks").items["title"])
    with pytest.raises(InputError, match=r"comes with a split of its own.*give the folder itself"):
        prepare(write(tmp_path / "sg", SPLIT), tmp_path / "more")
    with pytest.raises(InputError, match="columns are known"):
        interactions.read(tmp_path / "clicks", asked=interactions.Asked(user="who"))


@pytest.mark.parametrize(("name", "harm", "message"), [
    ("matrix.indices.npy", lambda content: content[:-4], r"matrix\.indices\.npy cannot be read"),
    ("matrix.indices.npy", lambda content: content[:-4] + b"\xff\xff\xff\x7f", r"are damaged, or not of 30 x 9"),
    ("matrix.values.npy", lambda content: b"", r"matrix\.values\.npy cannot be read"),
    ("users.parquet", lambda content: content[:50], r"is damaged"),
    ("clicks.json", lambda content: content.replace(b'"format": 1', b'"format": 9'), r"is of version 9"),
    ("clicks.json", lambda content: content[:40], r"clicks\.json is damaged"),
])
def test_damage_is_told(tmp_path, name, harm, message):
    prepare(write(tmp_path / "set", {"clicks.csv": CSV}), tmp_path / "clicks")
    path = tmp_path / "clicks" / name
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(InputError, match=message + ".*delete .*prepare it again"):
        interactions.read(tmp_path / "clicks")


@pytest.mark.parametrize("kind", ["strong", "recbole"])
def test_the_split_and_the_training_are_the_same(tmp_path, kind, monkeypatch):
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"user_id": rng.integers(0, 60, 1500), "item_id": rng.integers(0, 40, 1500),
                         "rating": rng.integers(1, 6, 1500)}).drop_duplicates(["user_id", "item_id"])
    rows.to_csv(tmp_path / "clicks.csv", index=False)
    prepare(tmp_path / "clicks.csv", tmp_path / "prepared")

    def division(data):
        return Division(*[None] * 6, str(data), 3, kind, 2, None)

    one, other = division(tmp_path / "clicks.csv").split(), division(tmp_path / "prepared").split()
    assert one.statement.as_json() == other.statement.as_json()
    assert (one.name, one.kind, one.least) == (other.name, other.kind, other.least)
    pd.testing.assert_frame_equal(one.items, other.items)
    for a, b in ((one.validation, other.validation), (one.test, other.test)):
        np.testing.assert_array_equal(a.user_ids, b.user_ids)
        for part in ("fold_in", "answers", "seen"):
            assert_same_matrix(getattr(a, part), getattr(b, part))
    assert_same_matrix(one.train, other.train)
    assert mapped(other.train.indices)
    assert mapped(other.train.data)
    histories = [fit(untrained(each.train, tiny_settings(epochs=2, kfac=2), 0), each, 0) for each in (one, other)]
    for mine, theirs in zip(*histories, strict=True):
        assert mine | {"seconds": 0} == theirs | {"seconds": 0}
    monkeypatch.setattr(split, "to_clicks", lambda *arguments: 1 / 0)  # it is kept: nobody divides again
    assert_same_matrix(division(tmp_path / "prepared").split().train, one.train)


def test_addresses_are_read_like_paths(tmp_path):
    files, store = LAYOUTS["csv"], fsspec.filesystem("memory")
    for name, content in files.items():
        store.pipe(f"/shelf/set/{name}", content.encode())
    here = interactions.read(write(tmp_path / "set", files))
    there = interactions.read("memory://shelf/set")
    assert_same_matrix(here.matrix, there.matrix)
    pd.testing.assert_frame_equal(here.items, there.items)
    assert there.name == "set"
    assert there.found.where == "memory://shelf/set/ratings.csv"
    check("memory://shelf/set/ratings.csv", tmp_path / "clicks")
    pd.DataFrame({"user": [1, 2, 1], "item": [1, 1, 2]}).to_parquet("memory://shelf/x.parquet")
    check("memory://shelf/x.parquet", tmp_path / "more")
    for address, message in (("memory://shelf/none", "memory://shelf/none: no such file or folder"),
                             ("nothing://x", "nothing://x: cannot be reached .Protocol not known"),):
        with pytest.raises(InputError, match=message):
            interactions.read(address)


def test_commands(tmp_path, monkeypatch):
    data, out = write(tmp_path / "set", {"clicks.csv": CSV}) / "clicks.csv", tmp_path / "clicks"
    assert run("prepare", data, "--out", out)[1].startswith(f"{out}: 30 people, 9 items, 240 ratings")
    assert "is there already" in run("prepare", data, "--out", out)[1]
    assert "240 ratings" not in run("prepare", tmp_path / "none", "--out", out)[1]
    counted = [run("train", "--data", each, "--dry-run", "--json")[1] for each in (data, out)]
    assert counted[0] == counted[1]
    division = Division(*[None] * 6, str(data), 0, "strong", None, None)
    assert command.within_memory(division, tmp_path / "mine").data == str(data)
    monkeypatch.setattr(memory, "available", lambda: 1000)
    assert command.within_memory(division, tmp_path / "mine").data == str(tmp_path / "mine.clicks")
    assert_same(interactions.read(tmp_path / "mine.clicks"), interactions.read(data))


def test_what_is_no_file_of_somebodys_is_not_prepared(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 1000)
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "shop", {"clicks.csv": CSV})  # --data shop is the simulated one all the same
    bundle = write(tmp_path / "bundle", {"bundle.json": "{}", "clicks.csv": CSV})
    shop, other = (Division(*[None] * 6, data, 0, "strong", None, None) for data in ("shop", str(bundle)))
    assert command.within_memory(shop, tmp_path / "mine") is shop
    with pytest.raises(InputError, match="is a bundle"):
        command.within_memory(other, tmp_path / "mine")
    assert "is a bundle" in mistake("prepare", bundle, "--out", tmp_path / "mine")


@pytest.mark.parametrize(("out", "message"), [(".", "--out is ."), ("there", "there exists already")])
def test_nothing_is_prepared_for_a_bundle_that_may_not_be_written(tmp_path, monkeypatch, out, message):
    monkeypatch.setattr(memory, "available", lambda: 1000)
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "there", {"clicks.csv": CSV})
    assert message in mistake("train", "--data", "there", "--out", out)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
