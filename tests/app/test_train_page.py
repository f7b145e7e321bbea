"""The page "Train on your data", without a browser: what it shows of files, and what it asks for."""

import pytest
from driving import fine, opened, press, raw

from macrid.pipeline.watched import Progress
from ui import background
from ui.columns_table import called, with_told
from ui.preparation import Columns, Found, Preparation, as_set, sweep

PAGE, TITLE = "pages/train.py", "Train on your data"
SEEN = {"files": [{"name": "clicks.csv", "size": 10, "says": "columns a, b", "purpose": "nothing"}], "name": "clicks.csv",
        "columns": ["<b>a", "b", "stars"], "types": ["text", "text", "number"], "rows": [["<i>ann", "x", "4"]],
        "roles": {"user": 0, "item": 1, "rating": 2}, "header": True, "events": [], "problem": "", "fixed": False}
COUNTS = {"rows": 10, "counted": 8, "clicks": 8, "people": 5, "items": 4,
          "rule": "4 and more count; --min-rating changes it",
          "left_out": [{"what": "rows", "number": 2, "why": "stars below 4", "examples": ["*a*"]}], "notes": ["a note"],
          "held_out": {"train": 3, "validation": 1, "test": 1}, "min_rating": 4.0, "min_clicks": 5,
          "scale": {"kind": "rating", "column": "stars", "from": 1, "to": 5, "unrated": []}}
TAKES = {"epoch": 1.0, "usual": 60.0, "most": 200.0, "bytes": 1e9, "free": 8e9, "text": "an epoch takes 1 second"}


@pytest.fixture
def looked(sleeping, monkeypatch):
    """What a look would find, without one; gives the columns that were asked with."""
    asked = []

    def look(self, columns, settings, again=False):
        asked.append(columns)
        return Found(SEEN, COUNTS, TAKES)

    monkeypatch.setattr(Preparation, "look", look)
    return asked


def test_without_files_there_is_a_hint_and_an_example(sleeping):
    at = fine(opened(PAGE), TITLE)
    assert any("Nothing at hand?" in c.value for c in at.caption)
    assert not [button for button in at.button if button.label == "Train"]


def test_what_was_found_is_shown_as_text_and_trained_on(looked, shelf):
    at = fine(opened(PAGE), TITLE)
    press(at, "Try it with a small shop")
    assert "&lt;b&gt;a" in raw(at)
    assert "&lt;i&gt;ann" in raw(at)
    words = "\n".join(m.value for m in at.markdown)
    assert "4 and more count" in words
    assert "--min-rating" not in words
    assert "2 rows left out\\: stars below 4, such as \\*a\\*" in words
    assert "an epoch takes 1 second" in words
    next(w for w in at.selectbox if w.label == "What").set_value(2).run()
    fine(at)
    assert looked[-1] == Columns(user="<b>a", item="stars")
    next(w for w in at.number_input if w.label.startswith("Counts from")).set_value(3.0).run()
    assert looked[-1].min_rating == 3.0
    press(at, "Train")
    (job,) = background.queue().jobs("train")
    words = job.request.arguments
    assert words[:3] == ("train", "--data", "{job}/data/clicks")
    assert {"--user=<b>a", "--item=stars", "--min-rating=3.0", '--set=kfac="auto"', "--resume"} <= set(words)
    assert sorted(path.name for path in (job.folder / "data" / "clicks").iterdir()) == ["clicks.csv", "items.csv"]
    assert job.id in at.query_params["job"]
    assert job.request.out == shelf / "clicks"

    other = fine(opened(PAGE, job=job.id), TITLE)  # somebody else may watch
    assert any("only they can stop it" in c.value for c in other.caption)
    press(at, "All trainings")
    assert "clicks" in raw(at)
    assert [button.label for button in at.button if button.label == "Watch"] == ["Watch"]


def test_memory_that_is_short_is_said_with_its_number(looked, monkeypatch):
    monkeypatch.setitem(TAKES, "bytes", 9e9)
    at = opened(PAGE)
    next(b for b in at.button if b.label.startswith("Try it")).click().run()
    assert "9.0 GB of memory, and 8.0 GB are free" in at.error[0].value
    assert next(b for b in at.button if b.label == "Train").disabled


def test_what_keeps_files_from_being_read_is_said(sleeping, monkeypatch):
    untold = Found(SEEN | {"roles": {}}, error="no *user*")
    monkeypatch.setattr(Preparation, "look", lambda self, columns, settings, again=False: untold)
    at = opened(PAGE)
    next(b for b in at.button if b.label.startswith("Try it")).click().run()
    assert "Which column says" in at.warning[0].value
    monkeypatch.setattr(Preparation, "look", lambda *asked: Found(SEEN, error="row 3: is *bad*"))
    assert at.run().error[0].value == "row 3\\: is \\*bad\\*"


@pytest.mark.parametrize("address", ["x", "../../x", "20260101-000000-1"])
def test_an_address_without_a_job_shows_the_files(sleeping, address):
    assert any("Nothing at hand?" in c.value for c in fine(opened(PAGE, job=address), TITLE).caption)


def test_what_nobody_comes_back_for_goes(sleeping, shelf, monkeypatch):
    mine = Preparation(shelf / ".jobs" / "drafts" / "somebody")
    mine.example()
    sweep()
    assert [path.name for _, path in mine.files()] == ["clicks.csv", "items.csv"]
    monkeypatch.setattr("ui.preparation.KEPT", -1)
    sweep()
    assert mine.files() == []


def test_one_file_has_the_labels(shelf):
    mine = Preparation(shelf / "mine")
    mine.example()
    clicks, items = (path for _, path in mine.files())
    mine.move(items, "labels")
    assert mine.labels == shelf / "mine" / "labels" / "items.csv"
    mine.move(clicks, "labels")
    assert [(kind, path.name) for kind, path in mine.files()] == [("data", "items.csv"), ("labels", "clicks.csv")]
    assert mine.name() == "items"


def test_columns_as_arguments():
    assert Columns().arguments() == []
    told = Columns("--u", "i", events=("buy", "cart"), min_rating=3.5, min_clicks=2)
    assert told.arguments() == ["--user=--u", "--item=i", "--min-rating=3.5", "--min-clicks=2", "--events=buy,cart"]
    assert as_set({"kfac": "auto", "encoder_hidden_size": [8]}) == ['--set=kfac="auto"', "--set=encoder_hidden_size=[8]"]


def test_columns_that_names_do_not_tell_apart_go_by_number():
    assert called(["a", "a", ""], True, 1) == "2"
    assert called(["a", "b", ""], True, 2) == "3"
    assert called(["a", "b"], True, 1) == "b"
    assert called(["1", "2"], False, 1) == "2"
    assert with_told(SEEN, {"user": "b"})["roles"] == {"user": 1, "rating": 2}


def test_a_folder_without_progress(tmp_path):
    seen = Progress(tmp_path)
    assert (seen.history, seen.now, seen.factors, seen.remaining) == ([], {}, {}, None)
