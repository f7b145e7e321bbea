"""Bundles that somebody tampered with: each is refused in one line that names the file, or opens and then raises nowhere."""

import json
import os
import resource
import shutil
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file, save_file

from macrid.bundle import load
from macrid.errors import InputError
from macrid.model.macridvae import MacridVAE, weight_shapes
from macrid.model.settings import Settings
from macrid.pictures import item_picture
from macrid.service import answers
from macrid.service.asked import Steer
from macrid.service.options import Options
from macrid.service.problems import Json
from macrid.service.shelf import checked


@pytest.fixture(scope="module")
def source(trained, tmp_path_factory):
    """A small bundle that many are copied from, by links to its files."""
    return Path(shutil.copytree(trained, tmp_path_factory.mktemp("source") / "b"))


@pytest.fixture
def b(source, tmp_path):
    (folder := tmp_path / "b").mkdir()
    for path in source.iterdir():
        os.link(path, folder / path.name)
    return folder


def put(path, content):
    """Another file in the place of one, which other bundles may share."""
    path.unlink(missing_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))


def use(bundle):
    """Whatever pages, commands and the service ask of a bundle."""
    tell(bundle)
    checked(bundle)
    user = bundle.people[0]
    Json(answers.steer(bundle, Steer(user=user, words="more, cheaper, no mugs", n=200, why=True), Options(("b",))))
    Json(answers.wishes(bundle, bundle.person(bundle.history_of(user))))
    for position in (0, len(bundle.items) - 1):
        item_picture.picture(bundle.item(position))
        item_picture.alt(bundle.item(position))
    assert bundle.map_of("tsne").shape == (len(bundle.items), 2)
    assert bundle.dials.showcase
    for which in ("validation", "test"):
        assert bundle.held_out(which).fold_in.nnz


def tell(bundle):
    """What they say of its record."""
    Json(answers.about(bundle))
    Json(bundle.meta)
    assert all(f"{value:.3f}" for row in bundle.history for value in row.values())
    ranking = "ndcg@100" if "ndcg@100" in bundle.meta["metrics"] else "ndcg@10"
    shown = [bundle.meta["metrics"], *(bundle.meta["baselines"][name] for name in bundle.meta["baselines"])]
    assert all(f"{figures[ranking] + figures[ranking + '_se']:.3f}" for figures in shown)
    assert f"{bundle.meta['metrics']['effective_factors']:.1f} {bundle.meta['data']['people']:,}"
    assert bundle.meta["data"]["fingerprint"][:12].isalnum()


def refused_or_used(folder, file="", work=use):
    """One line that names the file, or a bundle that works; gives the line."""
    try:
        opened = load(folder)
    except InputError as error:
        said = str(error)
        assert "\n" not in said
        assert (file or str(folder)) in said
        assert len(said) < 1500
        return said
    work(opened)
    return ""


def test_the_bundle_itself_works(b):
    assert refused_or_used(b) == ""


# bundle.json and history.json ------------------------------------------------------------------------------------------

STRANGE = [None, True, -1, 1e308, 10**25, "", "x" * 3000, [1], {"a": []}, "\ud800", "<b>", 3]
PLACES = [("name",), ("seed",), ("twin",), ("axes",), ("metrics",), ("metrics", "ndcg@100"), ("metrics", "steering"),
          ("metrics", "coherence"), ("metrics", "effective_factors"), ("baselines",), ("baselines", "ease"),
          ("baselines", "popularity", "ndcg@100_se"), ("versions",), ("versions", "torch"),
          ("training",), ("training", "seconds"), ("training", "best"), ("data",), ("data", "fingerprint"), ("data", "name"),
          ("data", "people"), ("data", "least"), ("data", "counted"), ("data", "split"), ("settings",),
          ("settings", "kfac"), ("settings", "encoder_hidden_size"), ("settings", "tau"), ("intentions",), ("aligned",),
          ("named",),
          ("format",), ("unheard",), ("baselines", "other")]


def changed(value, place, new):
    at = value
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = new
    return value


@pytest.mark.parametrize("place", PLACES, ids=".".join)
def test_bundle_json_with_something_strange(source, b, place):
    """Twelve bundles each."""
    record = (source / "bundle.json").read_text()
    for new in STRANGE:
        put(b / "bundle.json", json.dumps(changed(json.loads(record), place, new)))
        refused_or_used(b, "bundle.json", tell)


@pytest.mark.parametrize("place", PLACES[:-6], ids=".".join)
def test_bundle_json_without_something(source, b, place):
    record = json.loads((source / "bundle.json").read_text())
    at = record
    for key in place[:-1]:
        at = at[key]
    at.pop(place[-1], None)
    put(b / "bundle.json", json.dumps(record))
    refused_or_used(b, "", tell)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 900 + "1" + "}" * 900, '{"a": NaN}', '{"a": 1' + "0" * 5000 + "}",
                                  '{"a": 1e999}', "\ufeff{}", "", "null", '{"a": 1, "a": 2}', "\x00" * 99], ids=range(10))
@pytest.mark.parametrize("name", ["bundle.json", "history.json"])
def test_json_that_is_none(b, name, text):
    put(b / name, text)
    assert name in refused_or_used(b, name)


@pytest.mark.parametrize("key", ["loss", "ndcg@100", "effective_factors", "seconds", "epoch"])
@pytest.mark.parametrize("value", ["x", None, [1], {}, True], ids=str)
def test_a_history_of_other_things(source, b, key, value):
    rows = json.loads((source / "history.json").read_text())
    rows[-1][key] = value
    put(b / "history.json", json.dumps(rows))
    assert "history.json" in refused_or_used(b, "history.json")


# tables ----------------------------------------------------------------------------------------------------------------

CELLS = {
    "lists": lambda t: t.assign(genres=[["a", "b"]] * len(t)),
    "lists of numbers": lambda t: t.assign(genres=[[1, 2]] * len(t)),
    "objects": lambda t: t.assign(genres=[{"a": 1}] * len(t)), "bytes": lambda t: t.assign(genres=b"\xff\xfe"),
    "clicks as text": lambda t: t.assign(clicks="many"), "clicks below 0": lambda t: t.assign(clicks=-1),
    "clicks missing": lambda t: t.assign(clicks=np.nan), "clicks yes": lambda t: t.assign(clicks=True),
    "clicks as dates": lambda t: t.assign(clicks=pd.Timestamp("2020-01-01")),
    "year as text": lambda t: t.assign(year="long ago"), "year infinite": lambda t: t.assign(year=np.inf),
    "year large": lambda t: t.assign(year=1e300), "year as date": lambda t: t.assign(year=pd.Timestamp("1999-01-01")),
    "genres as numbers": lambda t: t.assign(genres=3.5), "picture as number": lambda t: t.assign(image_url=7),
    "picture of a script": lambda t: t.assign(image_url="javascript:alert(1)"),
    "picture of a file": lambda t: t.assign(image_url="file:///etc/passwd"),
    "price as text": lambda t: t.assign(price="dear", size="big"), "size out of range": lambda t: t.assign(size=7.0),
    "no title": lambda t: t.assign(title=None), "empty titles": lambda t: t.assign(title=""),
    "long titles": lambda t: t.assign(title="x" * 20_000), "titles of signs": lambda t: t.assign(title="\x00\x1b[2J\u202e"),
    "titles of markup": lambda t: t.assign(title="<script>alert(1)</script>$\\input{x}$[a](b)"),
    "ids twice": lambda t: t.assign(item_id=t["item_id"].iloc[0]), "ids numbers": lambda t: t.assign(item_id=range(len(t))),
    "2,000 columns": lambda t: pd.concat([t, pd.DataFrame(np.zeros((len(t), 2000))).add_prefix("c")], axis=1),
    "a column without a name": lambda t: t.assign(**{"": 1.0}), "a name of signs": lambda t: t.assign(**{"a\x00": 1.0}),
    "a name of markup": lambda t: t.assign(**{"<script>": np.arange(len(t))}),
    "a long name": lambda t: t.assign(**{"x" * 300: 1.0}), "no rows": lambda t: t.iloc[:0],
    "twice the rows": lambda t: pd.concat([t, t.assign(item_id=t["item_id"] + "b")]),
    "nothing known": lambda t: t.assign(x=None),
    "whole numbers of 64 bits": lambda t: t.assign(x=np.full(len(t), 2**63 - 1) - np.arange(len(t))),
    "yes and no": lambda t: t.assign(x=np.arange(len(t)) % 2 == 0),
    "a category": lambda t: t.assign(x=pd.Categorical(t["title"])),
    "times": lambda t: t.assign(x=pd.Timedelta(1, "s")), "another index": lambda t: t.set_index("title"),
}


@pytest.mark.parametrize("kind", CELLS)
def test_items_of_other_things(source, b, kind):
    table = CELLS[kind](pd.read_parquet(source / "items.parquet"))
    (b / "items.parquet").unlink()
    table.to_parquet(b / "items.parquet", index=kind == "another index")
    refused_or_used(b, "items.parquet")


@pytest.mark.parametrize(("name", "column"), [
    ("users", "user_id"), ("users", "item_id"), ("users", "part"), ("maps", "x"), ("maps", "factor"), ("maps", "method"),
    ("maps", "kind"), ("maps", "id"), ("moves", "factor"), ("moves", "effect"), ("moves", "attribute"), ("course", "1")])
def test_other_tables_of_other_things(source, b, name, column):
    """Five bundles each."""
    table = pd.read_parquet(source / f"{name}.parquet")
    for value in (None, "x", 1e300, -1, True):
        (b / f"{name}.parquet").unlink()
        table.assign(**{column: value}).to_parquet(b / f"{name}.parquet", index=False)
        refused_or_used(b, f"{name}.parquet")


def test_texts_that_are_no_texts(source, b):
    """Bytes that are not UTF-8, in a column that says that they are."""
    table = pq.read_table(source / "items.parquet")
    odd = pa.array([b"\xff\xfe\xfd"] * len(table), pa.binary()).view(pa.string())
    (b / "items.parquet").unlink()
    pq.write_table(table.set_column(table.column_names.index("title"), "title", odd), b / "items.parquet")
    assert "items.parquet" in refused_or_used(b, "items.parquet")


# sizes -----------------------------------------------------------------------------------------------------------------


def most_memory(work) -> float:
    """The most megabytes that Python, Arrow or the process hold more than ever before."""
    pool, peak = pa.default_memory_pool(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    before = pool.max_memory()
    tracemalloc.start()
    work()
    traced = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    return max(traced / 1e6, (pool.max_memory() - before) / 1e6, grown / 1e3)


def bomb(path, columns):
    path.unlink()
    pq.write_table(pa.table(columns), path, compression="zstd", use_dictionary=True)
    assert path.stat().st_size < 500_000


def test_tables_that_would_fill_the_memory(source, b):
    items = pq.read_table(source / "items.parquet")
    columns = dict(zip(items.column_names, items.columns, strict=True))
    word = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(items), np.int32)), ["x" * 20_000_000])
    bomb(b / "items.parquet", columns | {"title": word})  # 2.8 GB
    assert most_memory(lambda: refused_or_used(b, "GB of memory")) < 300
    bomb(b / "items.parquet", columns)
    rows = 20_000_000
    same = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), ["a"])
    bomb(b / "users.parquet", {"user_id": same, "item_id": same, "part": same})  # 1.5 GB and more
    assert most_memory(lambda: refused_or_used(b, "GB of memory")) < 300


def test_more_items_than_weights_are_not_read(b):
    rows = 1_000_000
    bomb(b / "items.parquet", {name: pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), [""])
                               for name in ("item_id", "title", "category")})
    assert most_memory(lambda: refused_or_used(b, "1,000,000 rows, weights.safetensors 140 items")) < 300


def test_layers_that_the_weights_do_not_have_are_not_made(source, b):
    """3.6 GB, before they were looked for."""
    record = json.loads((source / "bundle.json").read_text())
    record["settings"]["encoder_hidden_size"] = [20_000, 20_000]
    put(b / "bundle.json", json.dumps(record))
    assert most_memory(lambda: refused_or_used(b, "weights.0 should be (140, 20000)")) < 300


@pytest.mark.parametrize("name", ["weights.safetensors", "axes.safetensors", "linear.safetensors"])
def test_tensors_that_say_they_are_larger(b, name):
    head = json.dumps({"items": {"dtype": "F32", "shape": [1 << 40, 8], "data_offsets": [0, 1 << 45]}}).encode()
    for content in (struct.pack("<Q", len(head)) + head, struct.pack("<Q", 1 << 62) + b"{}", struct.pack("<Q", 2) + b"{}"):
        put(b / name, content)
        assert most_memory(lambda: refused_or_used(b, name)) < 300


@pytest.mark.parametrize("kind", [torch.int32, torch.bool, torch.float16, torch.float64])
def test_tensors_of_other_numbers(source, b, kind):
    weights = load_file(source / "weights.safetensors")
    (b / "weights.safetensors").unlink()
    save_file({name: tensor.to(kind) for name, tensor in weights.items()}, b / "weights.safetensors")
    assert bool(refused_or_used(b, "weights.safetensors")) == (kind in (torch.int32, torch.bool))


def test_the_shapes_of_a_model_are_those_that_it_has():
    for settings in (Settings(), Settings(skip=True, encoder_hidden_size=(9, 5)), Settings(routing="held", kfac=3)):
        made = MacridVAE(11, settings).state_dict()
        assert weight_shapes(11, settings) == {name: tuple(tensor.shape) for name, tensor in made.items()}


# files -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["labels.csv", "intentions.csv", "bundle.json", "items.parquet", "weights.safetensors"])
def test_a_link_to_another_place_shows_nothing_of_it(b, tmp_path, name):
    (tmp_path / "private").write_text("item_id,secret\nthe password,1\n")
    (b / name).unlink(missing_ok=True)
    (b / name).symlink_to(tmp_path / "private")
    said = refused_or_used(b, name)
    assert "link to another place" in said
    assert "password" not in said


@pytest.mark.parametrize("name", ["labels.csv", "moves.parquet", "history.json", "course.parquet", "linear.safetensors"])
def test_what_never_ends_and_what_is_a_folder(b, name):
    (b / name).unlink(missing_ok=True)
    os.mkfifo(b / name)
    assert name in refused_or_used(b, name)
    (b / name).unlink()
    (b / name).mkdir()
    assert name in refused_or_used(b, name)


def test_a_bundle_that_is_overwritten_while_it_is_open_goes_on(spoiled):
    """Nothing of it is read from its files any more: a file that was cut would end the process."""
    opened = load(spoiled)
    wanted = opened.recommend(opened.items["item_id"].tolist()[:3], 5)
    for path in spoiled.iterdir():
        path.write_bytes(b"")
    pd.testing.assert_frame_equal(opened.recommend(opened.items["item_id"].tolist()[:3], 5), wanted)
    use(opened)
