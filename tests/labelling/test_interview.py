"""Interviews: a person's answers about the items of a trained bundle, and columns that are labels already."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from macrid.bundle import load
from macrid.dials import axes, choose
from macrid.labelling import next_question
from macrid.labelling.answers import Answers, Attribute
from macrid.labelling.interview import CURVE, Interview
from macrid.labelling.next_question import Learned

SIZE = Attribute("size", ("small", "large"))


@pytest.fixture(scope="module")
def shop():
    return load(Path(__file__).resolve().parents[2] / "models" / "shop")


@pytest.fixture
def handbags(shop):
    return Interview(shop, next(f.index for f in shop.factors if f.name == "Handbags"))


def ask(interview, answers, n, noise=0.0, name="size"):
    """Answer the next n questions about a column of the shop, as a person would on five steps."""
    items, rng = interview.bundle.items, np.random.default_rng(0)
    for _ in range(n):
        at = interview.question(answers, name)
        value = float(np.clip(np.ceil(5 * (items[name].iloc[at] + noise * rng.normal())), 1, 5))
        answers = answers.answered(name, items["item_id"].iloc[at], value, "")
    return answers


@pytest.mark.parametrize(("n", "noise"), [(10, 0.0), (20, 0.15)])
def test_a_handful_of_answers_finds_size(handbags, n, noise):
    answers = ask(handbags, Answers().with_attribute(SIZE), n, noise)
    found = handbags.progress(answers, "size")
    assert found.learned.count == n
    assert [each.count for each in found.curve] == list(range(n + 1))
    assert not found.learned.reason
    size = handbags.bundle.items["size"].to_numpy()[handbags.mine]
    along = handbags.bundle.vectors[handbags.mine] @ found.learned.axis
    assert np.corrcoef(along, size)[0, 1] > 0.85  # grows towards large
    sizes = [handbags.bundle.items["size"].iloc[positions].mean() for _, positions in handbags.strip(found.learned.axis)]
    assert sizes[0] + 0.4 < sizes[-1]
    assert {handbags.bundle.factor[i] for _, positions in handbags.strip(found.learned.axis) for i in positions} == {
        handbags.factor}


def test_results_of_recent_answers_are_cached_and_their_number_is_bounded(shop, monkeypatch):
    fitted = []
    monkeypatch.setattr("macrid.labelling.interview.KEPT", 12)
    monkeypatch.setattr(next_question, "learn", lambda *about: fitted.append(about) or Learned(None, np.nan, False, 0, "-"))
    handbags = Interview(shop, 0)
    answers = Answers().with_attribute(SIZE)
    for step in range(20):
        answers = answers.answered("size", list(handbags.ids)[step], float(step % 5 + 1), "")
        if step < 10:
            handbags.progress(answers, "size")
            assert len(fitted) == step + 2  # what was known before is not learned again
        handbags.progress(answers, "size")
        assert len(handbags._known) <= 12


def test_learned_as_asking_learns_on_the_bundles_own_axes(handbags):
    answers = ask(handbags, Answers().with_attribute(SIZE), 8)
    bundle = handbags.bundle
    base = axes.ica(choose.unit(bundle.vectors), bundle.factor, bundle.settings.kfac, bundle.meta["seed"])[handbags.factor]
    table = np.full(len(handbags.mine), np.nan)
    for item, value in answers.given["size"].items():
        table[handbags.ids[item]] = value
    wanted = next_question.learn(choose.unit(bundle.vectors[handbags.mine]), base, table, bundle.meta["seed"])
    found = handbags.progress(answers, "size").learned
    assert found.confidence == pytest.approx(wanted.confidence, abs=1e-4)
    assert abs(found.axis @ wanted.axis) > 1 - 1e-4


def test_questions_skip_what_was_answered_or_does_not_apply(handbags):
    answers, asked = Answers().with_attribute(SIZE), []
    for n in range(12):
        at = handbags.question(answers, "size")
        asked.append(at)
        answers = answers.answered("size", handbags.bundle.items["item_id"].iloc[at], [np.nan, 1.0, 5.0][n % 3], "")
    assert len(set(asked)) == 12
    assert handbags.progress(answers, "size").learned.count == 8
    assert handbags.placed(answers, "size") == [asked[10::-3], [], [], [], asked[11::-3]]
    assert handbags.question(answers.undone(), "size") == asked[-1]  # the same is asked again


def test_familiar_items_are_asked_about(handbags):
    answers, clicks = Answers().with_attribute(SIZE), handbags.bundle.items["clicks"].to_numpy()
    ids = list(ask(handbags, answers, 10).given["size"])
    asked = handbags.bundle.positions(ids)
    assert np.median(clicks[asked]) > np.median(clicks[handbags.mine])


def test_a_dial_to_begin_with(handbags):
    coordinate = handbags.bundle.vectors[handbags.mine] @ handbags.bundle.axes[handbags.factor][:, 2]
    at = handbags.question(Answers().with_attribute(SIZE), "size", towards=2)
    value = handbags.bundle.vectors[at] @ handbags.bundle.axes[handbags.factor][:, 2]
    assert abs(value - coordinate.mean()) > 1.5 * coordinate.std()


def test_columns_are_ready_labels_of_one_intention_or_of_all(handbags):
    assert list(handbags.ready) == ["size", "shade", "warmth", "price"]
    one = handbags.fill(Answers(), handbags.ready["size"], False)
    assert set(one.given["size"]) == set(handbags.ids)
    every = handbags.fill(Answers(), handbags.ready["size"], True)
    assert len(every.given["size"]) == len(handbags.bundle.items)
    found = handbags.progress(one, "size")
    assert found.verdict.state == "settled"
    assert found.learned.confidence > 0.85
    assert len(found.curve) < CURVE
    assert handbags.question(one, "size") is None
    bins = [handbags.bundle.items["size"].iloc[placed] for placed in handbags.placed(one, "size")]
    assert sum(map(len, bins)) == len(handbags.ids)
    assert all(low.max() <= high.min() for low, high in pairwise(bins))


def test_genres_are_yes_or_no(bundle):
    n = len(bundle.items)
    genres = [("Crime|Drama" if i % 2 else "Drama") if i % 20 else "" for i in range(n)]
    items = bundle.items.drop(columns=["size", "shade", "warmth", "price", "popularity"]).assign(genres=genres)
    interview = Interview(replace(bundle, items=items), 0)
    assert list(interview.ready) == ["Crime"]  # everything with a genre is a drama
    filled = interview.fill(Answers(), interview.ready["Crime"], True)
    assert filled.attributes["Crime"].yes_no
    assert set(filled.given["Crime"].values()) == {0.0, 1.0}
    assert len(filled.given["Crime"]) == n - len(range(0, n, 20))  # of what has no genre nothing is known


def test_without_attributes_clicks_or_many_items(bundle):
    items = bundle.items[["item_id", "title", "category"]]
    for factor in range(bundle.settings.kfac):
        interview = Interview(replace(bundle, items=items), factor)
        assert interview.ready == {}
        answers = Answers().with_attribute(SIZE)
        at = interview.question(answers, "size")
        assert bundle.factor[at] == factor
        assert interview.progress(answers, "size").learned.count == 0
        assert interview.dials(99) == list(np.argsort(-bundle.influence[factor], kind="stable"))


def test_answers_about_items_of_other_intentions_do_not_count(handbags):
    other = next(item for item in handbags.bundle.items["item_id"] if item not in handbags.ids)
    answers = Answers().with_attribute(SIZE).answered("size", other, 5.0, "").answered("size", "gone", 1.0, "")
    assert handbags.progress(answers, "size").learned.count == 0
    table = pd.DataFrame({"size": [1.0]}, index=[other])
    assert handbags.given(Answers.of(table), "size") == {}


def test_what_is_missing_is_said_until_it_is_believed(handbags):
    """Two answers at one end: two more are wanted, and one at the other end; what fits lacks nothing."""
    def missing(answers):
        return handbags.missing(answers, "size", handbags.progress(answers, "size"))

    answers, ids = Answers().with_attribute(SIZE), list(handbags.ids)
    for item in ids[:2]:
        answers = answers.answered("size", item, 5.0, "")
    assert missing(answers) == "2 more answers and an item at “small”"
    size = handbags.bundle.items.set_index("item_id")["size"]
    truly = Answers().with_attribute(SIZE)
    for item in sorted(ids, key=lambda item: size[item])[::15]:
        truly = truly.answered("size", item, 1 + 4 * size[item], "")
    assert missing(truly) == ""
