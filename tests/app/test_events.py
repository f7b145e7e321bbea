"""Whatever a browser is made to say of our components, nothing raises; what they say themselves is heard."""

import json

import numpy as np
import pytest
from driving import ROOT
from streamlit.elements.plotly_chart import PlotlyChartSelectionSerde

from macrid.bundle import load
from macrid.labelling.shelves import Shelves
from ui import events, kept, stage, uploads, widgets
from ui.shelving import Shelving
from ui.state import Overview, Steer

ODD = (None, True, False, -1, 0, 1, 2, 7, 99, 101, 10**30, 1.0, 0.5, float("nan"), float("inf"), "", "a", "0.0", "0.1",
       "9.9", "1.x", "x" * 5_000, "\ud800", "\0", "..", "../../etc", "popularity", "like:zz", [], [1], {}, {"0": 1},
       {"a": float("nan")},
       [{"wishes": {"a": []}}], [["a"] * 5_000], {"x": {"y": ["z"]}}, '{"\\ud800": {"dials": "1.1-9"}}', "[" * 999)
DATA = {
    "chips": {"chips": [{"factor": 0}, {"factor": 2}]}, "picker": {"items": [{"position": 7}]},
    "strip": {"frames": [{"percent": 0}, {"percent": 50}]}, "board": {"dials": [{"dim": 1}, {"dim": 0}]},
    "shelves": {}, "drop": {}, "finder": {}, "stage": {},
}
KEYS = ("what", "seq", "wishes", "key", "value", "text", "name", "item", "kind", "turns", "values", "strength", "chosen",
        "to", "shelf", "into", "names", "id")
WHAT = ("wish", "dial", "words", "add", "like", "hide", "drop", "undo", "reset", "keep", "forget", "recall", "bring",
        "earlier", "turn", "strength", "choose", "more", "move", "rename", "split", "merge", "chose", "typed")
GOOD = {
    "chips": [0, 2], "picker": [7], "strip": [0, 50], "drop": [{"names": ["a b.csv"], "at": 1.7e12}],
    "board": [{"what": "turn", "seq": 1, "values": {"1": 100, "0": 0}, "strength": 5, "chosen": 1}],
    "finder": [{"what": "chose", "id": "i1"}, {"what": "typed", "text": "a film"}],
    "stage": [{"what": "wish", "seq": 1, "wishes": {"size": -100, "price": 0}},
              {"what": "dial", "seq": 1, "key": "0.1", "value": None}, {"what": "dial", "seq": 1, "key": "0.1", "value": 40},
              {"what": "words", "seq": 1, "text": "bigger"},
              {"what": "drop", "seq": 1, "kind": "dial", "key": "0.1"}, {"what": "undo", "seq": 9},
              {"what": "keep", "seq": 1, "name": "★ mine"}, {"what": "bring", "seq": 1, "text": "{}"},
              {"what": "earlier", "seq": 1, "turns": [{"dials": "0.1-40", "strength": 60}]}],
}


@pytest.fixture(scope="module")
def shop():
    return load(ROOT / "models" / "shop")


def reports(rng, some: int):
    """Malformed reports, most of them objects that are nearly right."""
    def odd():
        return ODD[rng.integers(len(ODD))]

    for _ in range(some):
        event = {key: odd() for key in KEYS if rng.random() < 0.9} | {"what": str(rng.choice(WHAT))}
        good = {"seq": 1, "wishes": {"size": int(rng.integers(-120, 120)), "nothing": 1}, "text": "bigger", "name": "a",
                "item": "0", "key": "0.1", "value": 50, "kind": "dial", "strength": 100, "chosen": 1, "values": {"0": 1},
                "turns": [{"dials": "0.1-4"}]}
        yield odd() if rng.random() < 0.1 else event | {key: good[key] for key in good if rng.random() < 0.7}


def takers(shop, steer):
    """What hears each component, as the pages have it: the name, its data, and a function of what was reported."""
    lead, shelving = Overview({}), Shelving(Shelves.of(shop))

    def on_stage(event):
        known = stage.of_bundle(shop, event)
        if known is None:
            return
        lead.hear(known)
        if known["what"] == "bring":
            steer.bring(kept.read(shop, known["text"]), known["seq"])
        elif known["what"] == "earlier":
            steer.remember(kept.heard(shop, known["turns"]), known["seq"])
        else:
            steer.hear(known, lambda text: dict.fromkeys(shop.wishes.understand(text).wishes, 60))

    def on_shelves(event):
        shelving.take(event, shop)
        shelving.groups(shop) if len(shelving.shelves.past) < 3 else None

    def shelves_now():
        return {"shelves": [{"items": [{"id": item} for item in shelf.items]} for shelf in shelving.shelves.shelves]}

    yield "stage", dict, on_stage
    yield "board", lambda: DATA["board"], lambda event: steer.take(event, lambda dim: [3, 4][dim], 2)
    yield "shelves", shelves_now, on_shelves
    yield "drop", dict, lambda event: [(ROOT / uploads.safe_name(name)).is_file() for name in event["names"]]
    yield "chips", lambda: DATA["chips"], lambda k: steer.choose(k, shop.dials.order(k)[0])
    yield "picker", lambda: DATA["picker"], lambda position: steer.add(str(shop.items["item_id"].iloc[position]))
    yield "strip", lambda: DATA["strip"], lambda percent: steer.put(0, 1, percent, 3)
    yield "finder", dict, lambda event: event["id"] if event["what"] == "chose" else shop.search(event["text"], 1)


def test_nothing_raises_whatever_is_reported(shop):
    rng, steer, heard = np.random.default_rng(0), Steer({}), dict.fromkeys(widgets._HTML, 0)
    for name, data, take in takers(shop, steer):
        for event in [*ODD, *reports(rng, 400)]:
            if events.REPORTS[name](data())(event):
                heard[name] += 1
                take(event)
    assert all(heard.values()), heard  # each also had some that are right
    json.dumps([kept.told([steer.now, *steer.earlier]), kept.written(steer.kept), steer.said, steer.added],
               ensure_ascii=False).encode()  # all of it can be shown
    assert stage.Scene((1, 2), steer.wishes, steer.dials, steer.strength, None, 12, False, tuple(steer.likes),
                       tuple(steer.hides)).steered(shop)


@pytest.mark.parametrize("name", GOOD)
def test_what_components_report_is_heard(name):
    fits = events.REPORTS[name](DATA[name])
    assert all(map(fits, GOOD[name]))
    assert not any(map(fits, (None, True, 1.0, float("nan"), "\ud800", [], {}, {"what": []}, {"what": "quit", "seq": 1})))


def test_what_is_selected_in_a_chart():
    told = {"selection": {"points": [{"x": 40.4}, {"x": [7]}, {"y": 1}], "box": [{"x": [0.5, -0.5], "y": [0, 1]}]}}
    for chart in (told, PlotlyChartSelectionSerde().deserialize(json.dumps(told))):
        assert events.selected(chart, "x", events.number(0, 100)) == [40.4, 7]
        assert events.boxed(chart) == (-0.5, 0.5, 0, 1)
    for odd in ODD:
        for chart in (odd, {"selection": odd}, {"selection": {"points": odd, "box": odd}}, {"selection": {
                "points": [odd, {"x": odd}], "box": [odd, {"x": odd, "y": odd}, {"x": [odd, odd], "y": [0, odd]}]}}):
            assert all(0 <= value <= 100 for value in events.selected(chart, "x", events.number(0, 100)))
            box = events.boxed(chart)
            assert box is None or np.isfinite(box).all()
