"""Files as people have them that were once read wrong (tests/cases): the command in each NOTE.txt gives what is right."""

import json
import shlex
import shutil
from pathlib import Path

import pytest
from commands import answer, mistake, quick, run  # noqa: F401 (quick is a fixture)

from macrid.bundle import load
from macrid.data.interactions import read

CASES = Path(__file__).parents[1] / "cases"
SMALL = ["--set", "epochs=1", "--set", "kfac=3", "--set", "embedding_size=4", "--set", "encoder_hidden_size=[8]"]


def rows(n, people=30, items=24):
    return {"rows": n, "counted": n, "people": people, "items": items}


RIGHT = {
    "genres-with-commas": rows(210), "ids-called-none": rows(210), "ids-with-commas": rows(210),
    "items-tsv-four-numbers": rows(210), "json-lines": rows(210) | {"columns": {
        "user": "reviewerID", "item": "asin", "rating": "overall", "time": "unixReviewTime"}},
    "labels-index-and-NA": rows(210), "labels-movieId": rows(210), "labels-of-a-rare-item": {"rows": 213, "items": 24},
    "named-ml-20m": rows(210) | {"held_out": {"train": 24, "validation": 3, "test": 3}},
    "no-header": rows(210) | {"columns": {"user": "column 1", "item": "column 2", "time": "column 4", "rating": "column 3"}},
    "pro-sg-short-people": {"rows": 300, "held_out": {"train": 30, "validation": 12, "test": 12}},
    "pro-sg-two-categories": {"rows": 324, "held_out": {"train": 30, "validation": 12, "test": 12}},
    "rating-zero-is-implicit": {"rows": 480, "counted": 200, "not_counted": 280,
                                "scale": {"kind": "rating", "column": "rating", "from": 9, "to": 9, "unrated": [0]}},
    "ratings-one-to-ten": {"rows": 420, "counted": 140, "min_rating": 7},
    "recbole-artist-id": rows(480, 60, 30) | {
        "scale": {"kind": "count", "column": "weight", "from": 1, "to": 89, "unrated": []},
    },
    "recbole-categories": rows(210), "recbole-label-zero": {"rows": 600, "counted": 181, "not_counted": 419},
    "spark-csv-parts": rows(210) | {"files": 3}, "tsv-header-four-numbers": rows(210), "tsv-lone-quotes": rows(210),
}
CHECKPOINT = "recbole-user-file"


def test_every_case_is_here():
    assert sorted([*RIGHT, CHECKPOINT]) == sorted(p.name for p in CASES.iterdir())


@pytest.fixture
def case(tmp_path, monkeypatch):
    """A function that copies a case, goes there, and gives the command of its note."""
    def go(name: str) -> list[str]:
        shutil.copytree(CASES / name, tmp_path / name)
        monkeypatch.chdir(tmp_path / name)
        return shlex.split((CASES / name / "NOTE.txt").read_text().splitlines()[0])[1:]

    return go


@pytest.mark.parametrize("name", RIGHT)
def test_what_counts_is_right(case, name):
    status, printed, err = run(*case(name), "--dry-run", "--json")
    assert status == 0, err
    said = json.loads(printed)
    assert {key: said[key] for key in RIGHT[name]} == RIGHT[name]
    assert sum(out["number"] for out in said["left_out"] if out["what"] == "rows") == said["not_counted"]


def test_items_of_the_cases(case):
    one = read(CASES / "genres-with-commas")
    assert set(one.items["category"]) <= {genre for genres in one.items["genres"] for genre in genres.split("|")}
    assert len({genre for genres in one.items["genres"] for genre in genres.split("|")}) == 11
    assert one.items["genres"][0] == "Action|Sci-Fi|Sports"
    assert read(CASES / "pro-sg-two-categories").items.set_index("item_id")["category"]["1000000005"] == "3"
    toys = read(CASES / "recbole-categories").items
    assert set(toys["category"]) == {"Dolls", "Trains", "Puzzles"}
    assert toys["price"].isna().sum() == 1
    assert toys["price"].dtype == float
    assert {"size", "weight", "price"} <= set(read(CASES / "items-tsv-four-numbers").items.select_dtypes("number").columns)
    assert {"None", "Null", "NA"} <= set(read(CASES / "ids-called-none").item_ids)
    assert '"open project' in set(read(CASES / "tsv-lone-quotes" / "plays.tsv").item_ids)


def test_a_folder_called_as_a_public_set_is_said(case):
    assert "the folder of that name here is read" in run(*case("named-ml-20m"), "--dry-run")[2]


@pytest.mark.parametrize("name", ["labels-index-and-NA", "labels-movieId", "labels-of-a-rare-item"])
def test_labels_of_the_cases(case, quick, name):  # noqa: F811
    command = case(name)
    plain = command[: command.index("--labels")]
    status, _, err = run(*plain, *SMALL, "--out", "one")
    assert status == 0, err
    status, _, err = run("align", "one", "--method", "labels", "--labels", "few.csv", "--out", "two")
    assert status == 0 or "no attribute can be learned from these labels" in err, err  # they were read
    assert ("1 of" in err and "99" in err) == (name == "labels-of-a-rare-item")


def test_an_id_with_a_comma_can_be_asked_for(case, quick):  # noqa: F811
    status, _, err = run(*case("ids-with-commas"), *SMALL, "--out", "one")
    assert status == 0, err
    name = next(i for i in load(Path("one")).items["item_id"] if "," in i)
    asked = [["--items", name], ["--items", f'"{name}",Game 1'], ["--items", f"{name},Game 1"],
             ["--items", name, "--items", "Game 1"]]
    lists = [[row["item_id"] for row in answer("recommend", "one", *given)["items"]] for given in asked]
    assert all(name not in found for found in lists)
    assert lists[1] == lists[2] == lists[3]
    assert "Game 40" in mistake("recommend", "one", "--items", "Game 40,000")


def test_a_checkpoint_whose_user_file_lacks_somebody(case, quick):  # noqa: F811
    """RecBole left that person's rows out before it numbered the items; the figures are its own."""
    status, _, err = run(*case(CHECKPOINT))
    assert status == 0, err
    figures = answer("evaluate", "OUT")
    assert (round(figures["recall@10"], 4), round(figures["ndcg@10"], 4)) == (0.5763, 0.2900)
