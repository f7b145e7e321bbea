"""What the tests of the pages share: opening one without a browser, working its widgets, reading what stands there."""

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
from streamlit.testing.v1 import AppTest

KINDS = ("button_group", "selectbox", "multiselect", "slider", "select_slider", "toggle")  # of widgets
ROOT = Path(__file__).resolve().parents[1]


FOLDS = ("more", "beside", "history")  # what the Steer page makes as it is unfolded


def opened(script: str = "frame.py", **address) -> AppTest:
    at = AppTest.from_file(ROOT / script, default_timeout=120)
    for fold in FOLDS:
        at.session_state[fold] = True
    at.query_params.update({key: str(value) for key, value in address.items()})
    return at.run()


def fine(at: AppTest, title: str | None = None) -> AppTest:
    assert not at.exception, [e.message for e in at.exception]
    assert not at.error, [e.value for e in at.error]
    assert not at.warning, [e.value for e in at.warning]
    assert title is None or [t.value for t in at.title] == [title]
    return at


def widget(at: AppTest, key: str):
    return next(w for kind in KINDS for w in at.get(kind) if w.key == key)


def keys(at: AppTest) -> set[str]:
    return {w.key for kind in KINDS for w in at.get(kind)}


def press(at: AppTest, label: str) -> AppTest:
    return fine(next(b for b in at.button if b.label == label).click().run())


def raw(at: AppTest) -> str:
    return "\n".join(block.proto.body for block in at.get("html") if not block.proto.body.startswith(("<style", "<script")))


def shown(at: AppTest, key: str) -> dict:
    """What a component of ours (`widgets.py`) was given."""
    found = [json.loads(block.proto.json) for block in at.get("bidi_component") if block.proto.id.endswith(f"-{key}")]
    assert len(found) == 1, key
    return found[0]


def cards(at: AppTest, label: str) -> list[tuple[str, str]]:
    """The titles and marks of a list of cards, or of the stage's list before or after."""
    if f'aria-label="{label}"' not in raw(at):
        stage = shown(at, "stage")
        items = stage["before"] if label == "List before" else stage["list"]["items"]
        return [(item["title"], {"same": "", "new": "new in the list"}.get(item["mark"], item["mark"])) for item in items]
    body = next(part for part in raw(at).splitlines() if f'aria-label="{label}"' in part)
    found = re.findall(r'<li class="mc-card">(.*?)</li>', body)
    marks = [re.search(r'<span class="mc-badge.*?aria-label="(.*?)"', card) for card in found]
    return [(html.unescape(re.search(r'mc-rank">\d+</span>(.*?)</div>', card)[1]), mark[1] if mark else "")
            for card, mark in zip(found, marks, strict=True)]


def titles(at: AppTest, label: str) -> list[str]:
    return [title for title, _ in cards(at, label)]


def change_items(folder: Path, **columns) -> pd.DataFrame:
    """Rewrite columns of a bundle's items table; None drops one."""
    items = pd.read_parquet(folder / "items.parquet")
    gone = [name for name, values in columns.items() if values is None]
    items = items.drop(columns=gone).assign(**{k: v for k, v in columns.items() if v is not None})
    items.to_parquet(folder / "items.parquet", index=False)
    return items


def change_meta(folder: Path, change) -> None:
    meta = json.loads((folder / "bundle.json").read_text())
    change(meta)
    (folder / "bundle.json").write_text(json.dumps(meta))


class Elements(HTMLParser):
    """What a browser would find in some HTML: its tags, and the names of its attributes."""

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.attributes = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\" onload='x' *a* [b](javascript:alert(3)) $x$ :red[c]"


def own(at, **values):
    """Give the page's state new values, as its own components do, and run it."""
    for key, value in values.items():
        at.session_state[key] = value
    return fine(at.run())
