"""The overview without a browser: the slider that comes first, and the dial that is its example."""

import re

from driving import change_items, fine, opened, own, raw, shown

from macrid.bundle import load
from ui import address

PAGE = "pages/overview.py"
KNOWN = ("size", "shade", "warmth", "price", "popularity", "clicks")


def test_the_slider_moves_the_list_to_both_sides(small):
    bundle = load(small)
    at = fine(opened(PAGE))
    stage = shown(at, "lead")
    (slider,), own_list = stage["sliders"], stage["list"]["items"]
    assert slider["key"] in bundle.wishes.attributes
    assert [card["title"] for card in own_list] == list(
        bundle.person(bundle.history_of(bundle.people[0])).steer(n=12).before["title"])
    values, held = bundle.wishes.values(slider["key"]), {}
    for percent in (-100, 100):
        found = shown(own(at, led={slider["key"]: percent}), "lead")
        assert [card["mark"] for card in found["list"]["items"]].count("new") > 0
        held[percent] = values[[card["at"] for card in found["list"]["items"]]].mean()
        assert address.wishes_text({slider["key"]: percent}).split(":")[1] in found["query"]
    assert held[-100] < values[[card["at"] for card in own_list]].mean() < held[100]


def test_where_nothing_is_known_of_the_items_no_slider_is_shown(small):
    change_items(small, category="", **dict.fromkeys(KNOWN))
    at = fine(opened(PAGE))
    assert not at.get("bidi_component")
    assert "that changes lists most" in " ".join(m.value for m in at.markdown)
    assert raw(at).count('class="mc-end"') == 2


def test_the_example_is_a_dial_that_does_what_is_said_of_it(small):
    bundle = load(small)
    factor, dim = bundle.dials.showcase
    label, first = bundle.dials.label(factor, dim), bundle.dials.moved(factor, dim).iloc[0]
    said = " ".join(m.value for m in fine(opened(PAGE)).markdown)
    assert label.name == first["attribute"]
    assert f"from **{label.low}** to **{label.high}**" in said
    assert f"it holds for {first['holds']:.0%}" in said
    ends = re.findall(r'class="mc-end"><strong>(.*?)</strong>', raw(fine(opened(PAGE))))
    assert ends == [label.low, label.high]
