"""What each component of ours may report (see `widgets`), and what may be selected in a chart. A browser can be made to send
anything: what does not fit is not heard. What fits may still name an item or an attribute that there is not; who takes it
leaves that out, as of an address."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Fits = Callable[[object], bool]

LONGEST = 1_000  # letters of an id, or of a name of an attribute or a file
MOST = 1_000  # things in one report
FILE = 100_000  # letters of a file that is read in the browser
MOST_SAID = 200  # letters of the words that are read, or looked for
KEPT_NAME = 40  # letters of a name that somebody gives to what they keep
_HALF_SIGN = re.compile("[\ud800-\udfff]")  # half a sign of UTF-16, which can be written nowhere


def whole(low: int, high: int) -> Fits:
    """Whole numbers, which True and 1.0 are not."""
    return lambda value: type(value) is int and low <= value <= high


def number(low: float, high: float) -> Fits:
    """Numbers, whole or not; True is none."""
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def text(longest: int, form: str = "(?s:.*)") -> Fits:
    """Texts of a form."""
    return lambda value: (isinstance(value, str) and len(value) <= longest and not _HALF_SIGN.search(value)
                          and re.fullmatch(form, value) is not None)


def among(shown: Iterable[int | str]) -> Fits:
    """What is shown."""
    allowed = set(shown)
    return lambda value: type(value) in (int, str) and value in allowed


def listed(fits: Fits) -> Fits:
    return lambda value: isinstance(value, list) and len(value) <= MOST and all(map(fits, value))


def mapped(keys: Fits, values: Fits) -> Fits:
    return lambda value: (isinstance(value, dict) and len(value) <= MOST and all(map(keys, value))
                          and all(map(values, value.values())))


def with_keys(**wanted: Fits) -> Fits:
    """Objects with these keys; others do no harm."""
    return lambda value: isinstance(value, dict) and all(key in value and fits(value[key]) for key, fits in wanted.items())


def either(*kinds: Fits) -> Fits:
    return lambda value: any(fits(value) for fits in kinds)


def one_of(kinds: Mapping[str, Mapping[str, Fits]], **all_have: Fits) -> Fits:
    """Objects that say `what` happened, with the keys that belong to it."""
    made = {what: with_keys(**all_have, **keys) for what, keys in kinds.items()}
    return lambda value: (isinstance(value, dict) and isinstance(value.get("what"), str) and value["what"] in made
                          and made[value["what"]](value))


def selected(chart: object, key: str, fits: Fits) -> list[Any]:
    """What the points that are selected in a chart have under `key` and fits. chart: the state of the chart's widget; what
    plotly gives as a list of one is that one."""
    values = [point.get(key) for point in _selection(chart, "points") if isinstance(point, dict)]
    values = [value[0] if isinstance(value, list) and value else value for value in values]
    return [value for value in values if fits(value)]


def boxed(chart: object) -> tuple[float, float, float, float] | None:
    """The box last drawn in a chart that goes from -1 to 1 and a little more: left, right, low, high."""
    sides = with_keys(x=listed(number(-9, 9)), y=listed(number(-9, 9)))
    found = [box for box in _selection(chart, "box") if sides(box) and len(box["x"]) == len(box["y"]) == 2]
    return (*sorted(found[-1]["x"]), *sorted(found[-1]["y"])) if found else None


def _selection(chart: object, kind: str) -> list[Any]:
    selection = chart.get("selection") if isinstance(chart, dict) else None
    found = selection.get(kind) if isinstance(selection, dict) else None
    return found if isinstance(found, list) else []


NAME, SAID, PERCENT, WISH, NUMBER = text(LONGEST), text(MOST_SAID), whole(0, 100), whole(-100, 100), whole(0, 2**53)
DIAL = text(12, r"[0-9]{1,5}\.[0-9]{1,5}")
_KEPT = text(KEPT_NAME)
_STAGE = one_of({
    "wish": {"wishes": mapped(NAME, WISH)}, "dial": {"key": DIAL, "value": either(PERCENT, lambda value: value is None)},
    "words": {"text": SAID}, "add": {"name": NAME}, "like": {"item": NAME}, "hide": {"item": NAME},
    "drop": {"kind": among(["wish", "dial", "like", "hide"]), "key": NAME}, "undo": {}, "reset": {},
    "keep": {"name": _KEPT}, "forget": {"name": _KEPT}, "recall": {"name": _KEPT}, "bring": {"text": text(FILE)},
    "earlier": {"turns": listed(mapped(NAME, either(text(FILE), PERCENT)))},
}, seq=NUMBER)
_FINDER = one_of({"chose": {"id": NAME}, "typed": {"text": SAID}})
_DROP = with_keys(names=listed(NAME))


def _board(data: Mapping[str, Any]) -> Fits:
    dims = [dial["dim"] for dial in data["dials"]]
    return one_of({what: {} for what in ("turn", "strength", "choose", "undo", "reset", "more")}, seq=NUMBER,
                  values=mapped(among(map(str, dims)), PERCENT), strength=PERCENT, chosen=among(dims))


def _shelves(data: Mapping[str, Any]) -> Fits:
    shelf, item = whole(0, len(data["shelves"]) - 1), among(item["id"] for each in data["shelves"] for item in each["items"])
    return one_of({"move": {"item": item, "to": shelf}, "rename": {"shelf": shelf, "name": NAME}, "split": {"shelf": shelf},
                   "merge": {"shelf": shelf, "into": shelf}}, seq=NUMBER)


REPORTS: Mapping[str, Callable[[Mapping[str, Any]], Fits]] = {  # by component: from the data that it shows
    "chips": lambda data: among(chip["factor"] for chip in data["chips"]),
    "picker": lambda data: among(item["position"] for item in data["items"]),
    "strip": lambda data: among(frame["percent"] for frame in data["frames"]),
    "board": _board, "shelves": _shelves,
    "drop": lambda data: _DROP, "finder": lambda data: _FINDER, "stage": lambda data: _STAGE,
}
