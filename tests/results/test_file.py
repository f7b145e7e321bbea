"""Files of results: what was written is read, damage is one line that says where."""

import copy
import json
from pathlib import Path

import pytest

from macrid import results
from macrid.errors import InputError

EVERY = {
    "format": 1, "seed": 0, "preset": "best", "settings": {"kfac": 7}, "metrics": ["ndcg@100"], "main": "ndcg@100",
    "data": {"name": "shop", "split": "strong", "people": 9, "items": 5, "clicks": 30, "held_out": 2, "fingerprint": "ab"},
    "device": "cpu", "threads": 1, "versions": {"torch": "2"},
}
TRAINING = {"seconds": 1.5, "epochs": None, "best": None, "peak_bytes": 10}
COMPARE = {
    **EVERY, "kind": "compare", "best": {"ndcg@100": "ease"}, "models": [
        {"name": "ease", "title": "EASE", "settings": {}, "figures": {"ndcg@100": 0.5, "ndcg@100_se": 0.1},
         "difference": {"ndcg@100": None}, "training": TRAINING},
        {"name": "popularity", "title": "Popularity", "settings": {}, "figures": {"ndcg@100": 0.2, "ndcg@100_se": 0.1},
         "difference": {"ndcg@100": {"to": "ease", "mean": -0.3, "se": 0.1, "p": 0.01, "significant": True}},
         "training": TRAINING}],
}
SWEEP = {
    **EVERY, "kind": "sweep", "grid": {"kfac": [1, 7]}, "jobs": 1, "failed": [],
    "points": [{"settings": {"kfac": k}, "figures": {"ndcg@100": 0.5, "ndcg@100_se": 0.1, "independence": 0.9},
                "training": TRAINING | {"epochs": 3, "best": 2}} for k in (1, 7)],
}


@pytest.mark.parametrize("value", [COMPARE, SWEEP], ids=["compare", "sweep"])
def test_what_was_written_is_read(tmp_path, value):
    path = tmp_path / "folder" / "r.json"
    results.save(path, value)
    assert results.load(path) == results.load(path, value["kind"]) == value
    assert [p.name for p in path.parent.iterdir()] == ["r.json"]


SHIPPED = sorted((Path(__file__).parents[2] / "benchmarks" / "results").glob("*.json"))


@pytest.mark.parametrize("path", [p for p in SHIPPED if p.stem.startswith(("compare-", "sweep-"))], ids=lambda p: p.stem)
def test_what_ships_is_whole(path):
    value = results.load(path, path.stem.partition("-")[0])
    named = path.stem.partition("-")[2].removesuffix("-" + value["data"]["split"])
    assert value["data"]["name"].startswith(named)


def test_nan_is_never_written_and_an_earlier_file_stays(tmp_path):
    path = tmp_path / "r.json"
    results.save(path, SWEEP)
    with pytest.raises(ValueError, match="JSON"):
        results.save(path, SWEEP | {"seed": float("nan")})
    assert results.load(path) == SWEEP


def without(value: dict, *at) -> dict:
    """A copy of `value` that lacks the key at the end of the path `at`."""
    value = copy.deepcopy(value)
    inner = value
    for key in at[:-1]:
        inner = inner[key]
    del inner[at[-1]]
    return value


def changed(value: dict, new, *at) -> dict:
    value = copy.deepcopy(value)
    inner = value
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = new
    return value


@pytest.mark.parametrize(("value", "named"), [
    ([], "kind"), ({"kind": "compare"}, "format"), (COMPARE | {"kind": "other"}, "other"),
    (COMPARE | {"format": 2}, "format 1"),
    *((without(value, key), f"{key} ") for value in (COMPARE, SWEEP) for key in value if key not in ("format", "kind")),
    (without(COMPARE, "data", "name"), "data.name is missing"), (changed(COMPARE, "x", "seed"), "seed is 'x'"),
    (changed(COMPARE, True, "seed"), "seed is True"), (changed(COMPARE, [], "metrics"), "metrics"),
    (changed(COMPARE, "mrr", "main"), "mrr"), (changed(COMPARE, [3], "models"), r"models\[0\] is 3"),
    (changed(COMPARE, [], "models"), "none"), (changed(COMPARE, "x", "models", 1, "name"), "difference"),
    (changed(COMPARE, "ease", "models", 1, "name"), "each once"), (changed(COMPARE, "edlae", "best", "ndcg@100"), "edlae"),
    (without(COMPARE, "models", 1, "figures", "ndcg@100_se"), r"models\[1\].figures.ndcg@100_se is missing"),
    (changed(COMPARE, None, "models", 1, "difference", "ndcg@100"), r"models\[1\].difference"),
    (changed(COMPARE, 1, "models", 1, "difference", "ndcg@100", "significant"), "significant is 1"),
    (without(COMPARE, "models", 0, "training", "seconds"), "training.seconds"),
    (changed(SWEEP, "0.5", "points", 0, "figures", "ndcg@100"), r"points\[0\].figures.ndcg@100 is '0.5'"),
    (changed(SWEEP, {}, "points", 1, "settings"), r"points\[1\].settings"),
])
def test_damage_is_one_line(tmp_path, value, named):
    path = tmp_path / "r.json"
    path.write_text(json.dumps(value))
    if named == "difference":  # the best model is another one: this one's difference is missing
        value["best"]["ndcg@100"] = "x"
        path.write_text(json.dumps(value))
    with pytest.raises(InputError, match=named) as error:
        results.load(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[1", '{"kind": NaN}', "\x00"])
def test_what_is_no_json(tmp_path, text):
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"r\.json cannot be read"):
        results.load(path)
    with pytest.raises(InputError, match=r"none\.json"):
        results.load(tmp_path / "none.json")


def test_the_other_kind_is_refused(tmp_path):
    path = tmp_path / "r.json"
    results.save(path, SWEEP)
    with pytest.raises(InputError, match="compare"):
        results.load(path, "compare")
