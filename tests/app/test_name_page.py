"""The page that names dimensions, without a browser: asking, learning, undoing, ready labels, CSV, saving, coming back."""

import html
import re

import numpy as np
import pandas as pd
import pytest
from driving import EVIL, Elements, change_items, change_meta, fine, keys, opened, press, raw, widget

from macrid.bundle import LABELS, load
from macrid.data import label_file

NAME, TITLE = "pages/name.py", "Name the dimensions"


def number(bundle, name: str) -> int:
    return next(factor.index for factor in bundle.factors if factor.name == name)


def begun(at, name="size", low="small", high="large", kind="on a scale"):
    """Fill the form and begin."""
    for key, value in {"new-name": name, "new-low": low, "new-high": high}.items():
        at.text_input(key).set_value(value)
    widget(at, "new-kind").set_value(kind)
    return press(at, "Begin")


def asked(at) -> str:
    """The title of the item in question."""
    return html.unescape(re.search(r'class="mc-ask">.*?<p>(.*?)</p>', raw(at))[1])


def button(at, key: str):
    return next(b for b in at.button if b.key == key)


def step(at, place: int):
    return fine(button(at, f"step-{place}").click().run())


def texts(at) -> str:
    return "\n".join(block.value for block in [*at.markdown, *at.caption, *at.success, *at.info, *at.warning])


def answer_size(at, bundle, n: int):
    """Answer n questions about size on five steps."""
    size = bundle.items.set_index("title")["size"]
    for _ in range(n):
        step(at, min(4, int(5 * size[asked(at)])))
    return at


@pytest.fixture
def browser(monkeypatch):
    """browser("name") makes the pages those of another browser."""
    def be(name: str) -> None:
        monkeypatch.setattr("ui.owner.key", lambda: name)

    be("one")
    return be


@pytest.fixture
def handbags(shops, browser):
    """The page at the shop's handbags, and the shop."""
    bundle = load(shops / "shop")
    return fine(opened(NAME, bundle="shop", factor=number(bundle, "Handbags")), TITLE), bundle


def test_a_few_answers_name_a_dial_and_it_is_saved_as_a_copy(handbags, shops):
    at, bundle = handbags
    before = {p.name: p.read_bytes() for p in (shops / "shop").iterdir()}
    begun(at)
    assert "Place the first item" in texts(at)
    answer_size(at, bundle, 3)
    assert "Not believed yet.** What is missing: 1 more answer" in texts(at)
    assert raw(at).count("class=mc-none") == 3
    assert ", a guess so far" in texts(at)
    answer_size(at, bundle, 5)
    assert re.search(r"\*\*R² 0\.[89]\d\*\* from 8 answers", texts(at))
    assert "It has settled" in texts(at)
    strip = raw(at).split('aria-label="Items along size"')[1]
    assert strip.count('class="mc-frame"') == 7
    assert strip.index("← small") < strip.index("large →")
    assert at.text_input[-1].value == "shop-named"
    press(at, "Save")
    assert "Saved as **shop-named**" in texts(at)
    assert r"size \(Handbags\)" in texts(at)
    found = load(shops / "shop-named")
    row = found.aligned_dials[number(bundle, "Handbags"), 0]
    assert (row["attribute"], row["low"], row["high"], row["labels"]) == ("size", "small", "large", 8)
    assert {p.name: p.read_bytes() for p in (shops / "shop").iterdir()} == before
    press(at, "Turn them on the Steer page")
    assert at.session_state["bundle"] == "shop-named"


def test_a_named_bundle_takes_up_where_it_ended(handbags, shops):
    at, bundle = handbags
    press(answer_size(begun(at), bundle, 8), "Save")
    again = fine(opened(NAME, bundle="shop-named", factor=number(bundle, "Handbags")))
    assert "size (small to large)" in raw(again)
    press(again, "Go on")
    assert "from 8 answers" in texts(again)
    assert "← small" in raw(again)
    assert again.text_input[-1].value == "shop-named-named"


def test_undo_and_start_again(handbags):
    at, _ = handbags
    begun(at)
    first = asked(at)
    step(at, 4)
    second = asked(at)
    assert second != first
    press(at, "Undo")
    assert asked(at) == first
    step(at, 0)
    assert asked(at) == second
    press(at, "Does not apply")  # remembered: it is not asked about again
    skipped = {first, second, asked(at)}
    step(at, 2)
    assert len(skipped) == 3
    for _ in range(3):
        assert asked(at) not in skipped
        skipped.add(asked(at))
        step(at, 2)
    assert raw(at).count('aria-label="Placed at') == 5
    press(at, "Start again")
    assert asked(at) == first
    assert button(at, "again").disabled
    press(at, "Undo")
    assert not button(at, "again").disabled


def test_undone_to_where_nothing_had_begun(handbags):
    at, _ = handbags
    step(begun(at), 1)
    press(at, "Undo")
    press(at, "Undo")
    assert "attribute" not in keys(at)
    assert "new-kind" in keys(at)


def test_several_attributes_in_several_intentions(handbags):
    at, bundle = handbags
    answer_size(begun(at), bundle, 5)
    fine(widget(at, "attribute").set_value("").run())
    begun(at, "dear", "", "", "yes or no")
    assert [b.label for b in at.button if b.key.startswith("step-")] == ["no", "yes"]
    step(at, 1)
    fine(widget(at, "attribute").set_value("size").run())
    assert "from 5 answers" in texts(at)
    fine(widget(at, "intention").set_value(number(bundle, "Mugs")).run())
    assert at.query_params["factor"] == str(number(bundle, "Mugs"))
    assert "Place the first item" in texts(at)  # size is known, of mugs nothing yet
    press(at, "Take the column of that name")
    assert re.search(r"R² 0\.\d\d\*\* from 28\d answers", texts(at))
    assert "Every item of this intention has been answered" in texts(at)
    fine(widget(at, "intention").set_value(number(bundle, "Handbags")).run())
    assert "from 5 answers" in texts(at)
    assert "dear" in widget(at, "attribute").options


def test_state_outlives_another_page(shops, framed):
    bundle = load(shops / "shop")
    at = fine(opened(bundle="shop").switch_page(NAME).run(), TITLE)
    fine(widget(at, "intention").set_value(number(bundle, "Shoes")).run())
    answer_size(begun(at), bundle, 2)
    question = asked(at)
    fine(at.switch_page("pages/steer.py").run())
    fine(at.switch_page(NAME).run(), TITLE)
    assert widget(at, "intention").value == number(bundle, "Shoes")
    assert widget(at, "attribute").value == "size"
    assert asked(at) == question
    fine(at.sidebar.selectbox[0].set_value("tiny").run(), TITLE)
    assert "attribute" not in keys(at)  # another bundle has answers of its own
    fine(at.sidebar.selectbox[0].set_value("shop").run(), TITLE)
    assert "size" in widget(at, "attribute").options


def name_dial(at, bundle, dim: int, *told: str):
    """Give the name and the ends of a dial beside its items."""
    for part, value in zip(("name", "low", "high"), told, strict=True):
        at.text_input(f"dial-{number(bundle, 'Handbags')}-{dim}-{part}").set_value(value)
    return fine(button(at, f"name-{dim}").click().run())


def test_a_name_for_a_dial_is_kept_and_saved_without_an_answer(handbags, shops, browser):
    at, bundle = handbags
    dim = int(next(b.key for b in at.button if b.key.startswith("name-")).removeprefix("name-"))
    name_dial(at, bundle, dim, "shade", "light", "dark")
    assert widget(at, "attribute").value == "shade"
    assert "is called **shade** now, from **light** to **dark**" in texts(at)
    again = fine(opened(NAME, **at.query_params))  # a reload in the same browser
    assert widget(again, "attribute").value == "shade"
    browser("another")
    assert "attribute" not in keys(fine(opened(NAME, **at.query_params)))
    browser("one")
    press(again, "Save")
    assert r"shade \(Handbags\)" in texts(again)
    found = load(shops / "shop-named")
    label = found.dials.label(number(bundle, "Handbags"), dim)
    assert (label.name, label.low, label.high, label.confidence) == ("shade", "light", "dark", None)
    assert found.dials.order(number(bundle, "Handbags"))[0] == dim
    np.testing.assert_array_equal(found.axes, bundle.axes)
    taken_up = fine(opened(NAME, bundle="shop-named", factor=number(bundle, "Handbags")))
    assert "shade" in widget(taken_up, "attribute").options


def test_a_name_may_come_later(handbags):
    at, bundle = handbags
    dims = [int(b.key.removeprefix("name-")) for b in at.button if b.key.startswith("name-")]
    name_dial(at, bundle, dims[1], "", "", "")
    assert widget(at, "attribute").value == "unnamed"
    step(at, 0)
    at.text_input("rename-unnamed-name").set_value("shade")
    at.text_input("rename-unnamed-low").set_value("light")
    fine(at.text_input("rename-unnamed-high").set_value("dark").run())
    press(at, "Use these names")
    assert widget(at, "attribute").value == "shade"
    assert "← light" in raw(at)
    fine(widget(at, "attribute").set_value("").run())
    name_dial(at, bundle, dims[0], "", "", "")
    press(at, "Remove it and all its answers")
    assert widget(at, "attribute").options[0] == "shade"
    assert len(widget(at, "attribute").options) == 2


@pytest.mark.parametrize(("fields", "said"), [
    (("size", "small", ""), "both ends"), (("title", "", ""), "another name"),
    (("size", "easy", "hard to read"), "both ends")])
def test_names_that_cannot_be(handbags, fields, said):
    at, _ = handbags
    for key, value in zip(("new-name", "new-low", "new-high"), fields, strict=True):
        at.text_input(key).set_value(value)
    next(b for b in at.button if b.label == "Begin").click().run()
    assert not at.exception
    assert said in at.error[0].value
    assert "attribute" not in keys(at)


def test_ready_labels_of_all_intentions_or_of_one(handbags):
    at, bundle = handbags
    press(at, "size")
    assert '<small>2,000</small>' in raw(at)
    fine(widget(at, "attribute").set_value("").run())
    fine(widget(at, "everywhere").set_value(False).run())
    press(at, "price")
    assert f"<small>{len(bundle.factor_items(number(bundle, 'Handbags')).positions)}</small>" in raw(at)
    press(at, "Undo")
    assert "price" not in widget(at, "attribute").options


def test_export_and_import(handbags, browser):
    at, bundle = handbags
    answer_size(begun(at), bundle, 4)
    exported = at.session_state["naming"]["shop"].answers.table()
    text = label_file.to_csv(exported, bundle.items.set_index("item_id")["title"])
    browser("another")
    other = fine(opened(NAME, bundle="shop", factor=number(bundle, "Handbags")))
    fine(other.file_uploader[0].upload("few.csv", text.encode(), "text/csv").run())
    fine(widget(other, "attribute").set_value("size").run())
    pd.testing.assert_frame_equal(other.session_state["naming"]["shop"].answers.table(), exported)
    other.file_uploader[0].upload("bad.csv", b"item_id,size\nno such item,3\n", "text/csv").run()
    assert not other.exception
    assert "bad.csv, row 2" in other.error[0].value
    pd.testing.assert_frame_equal(other.session_state["naming"]["shop"].answers.table(), exported)


@pytest.mark.parametrize(("name", "said"), [("shop", "everybody knows"), ("tiny-dot", "cannot be the name"),
                                            ("../x", "cannot"), ("tiny", "tiny already")])
def test_nothing_is_saved_over_another_bundle(handbags, shops, name, said):
    at, bundle = handbags
    answer_size(begun(at), bundle, 6)
    standing = sorted(p.name for p in shops.iterdir())
    at.text_input[-1].set_value(name)
    next(b for b in at.button if b.label == "Save").click().run()
    assert not at.exception
    assert said in at.error[0].value
    assert sorted(p.name for p in shops.iterdir()) == standing


def test_what_cannot_be_learned_is_not_saved(handbags, shops):
    at, bundle = handbags
    answer_size(begun(at), bundle, 3)
    next(b for b in at.button if b.label == "Save").click().run()
    assert not at.exception
    assert "too few labels" in at.error[0].value or "3 labels are too few" in at.error[0].value
    assert not (shops / "shop-named").exists()


# odd bundles ------------------------------------------------------------------------------------------------------------


def test_titles_are_never_markup(small):
    items = pd.read_parquet(small / "items.parquet")
    change_items(small, title=[f"{EVIL} {i}" for i in items.index], category="<b>" + items["category"] + "</b>")
    at = begun(fine(opened(NAME)), "a <b> *c*", "<i>", "$x$")
    for place in (0, 4, 2, 3):
        assert asked(at).startswith(EVIL)
        step(at, place)
    body = raw(at)
    assert Elements(body).tags <= {"div", "span", "i", "small", "p", "img"}
    assert not {name for name in Elements(body).attributes if name.startswith("on")}
    assert not any(text.proto.allow_html for text in [*at.markdown, *at.caption])


def test_without_attributes_and_clicks(small):
    change_items(small, **dict.fromkeys(("size", "shade", "warmth", "price", "popularity", "clicks")))
    at = fine(opened(NAME))
    assert "everywhere" not in keys(at)
    step(begun(at), 2)


def test_genres_are_offered(small):
    n = len(pd.read_parquet(small / "items.parquet"))
    change_items(small, genres=["Crime|Drama" if i % 2 else "Drama" for i in range(n)], year=1990.0 + np.arange(n) % 20)
    at = fine(opened(NAME))
    press(at, "Crime")
    assert [b.label for b in at.button if b.key.startswith("step-")] == ["no", "yes"]
    fine(widget(at, "attribute").set_value("").run())
    press(at, "year")


def test_damaged_labels_are_said_in_place(small):
    (small / LABELS).write_text("item_id,size\nnothing,1\n")
    at = opened(NAME)
    assert not at.exception
    assert LABELS in at.error[0].value


def test_dials_that_bear_names(small):
    dial = {"factor": 0, "dim": 0, "attribute": "size <b>", "measure": "R2", "confidence": 0.9, "labels": 5, "low": "tiny",
            "high": "<huge>"}
    change_meta(small, lambda meta: meta.update(aligned={"dials": [dial], "refused": []}))
    at = fine(opened(NAME, factor=0))
    assert "← tiny</span><span>size &lt;b&gt;</span><span>&lt;huge&gt; →" in raw(at)


@pytest.mark.parametrize("value", ["99", "-1", "x", ""])
def test_an_intention_that_there_is_not(small, value):
    assert widget(fine(opened(NAME, factor=value), TITLE), "intention").value == 0
