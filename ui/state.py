"""What a session remembers: for each page a typed class with the keys that it owns in st.session_state, what each is at
first, and which are forgotten when another bundle is chosen. The keys of widgets are among them."""

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from copy import copy
from typing import Any, Generic, NamedTuple, TypeVar

import streamlit as st

from .address import Percents, Wanted
from .events import MOST_SAID
from .naming import Naming
from .shelving import Shelving

Value = TypeVar("Value")

DIALS = 5  # shown at first, the strongest, and then that many more
UNDONE = 50  # turns that can be taken back
KEPT = 20  # turns that can be kept by name


class Turn(NamedTuple):
    """What somebody has done to their list, and can take back."""

    dials: Percents
    strength: int  # percent
    wishes: Wanted
    likes: list[str]  # ids of items that were liked: they count as clicked
    hides: list[str]  # ids of items that are never listed


class Remembered(Generic[Value]):
    """A value in the session, under the name of the attribute; `default` until it is set. of_bundle: it goes when another
    bundle, with other people, items and factors, is chosen, and so does the parameter of that name in the address."""

    def __init__(self, default: Value, of_bundle: bool = False) -> None:
        self.default, self.of_bundle = default, of_bundle

    def __set_name__(self, owner: type, name: str) -> None:
        self.key = name

    def __get__(self, page: "PageState", owner: type) -> Value:
        return page.session[self.key] if self.key in page.session else copy(self.default)

    def __set__(self, page: "PageState", value: Value) -> None:
        page.session[self.key] = value


class PageState:
    """The values of a page in `session`, which is st.session_state if none is given."""

    def __init__(self, session: MutableMapping[Any, Any] | None = None) -> None:
        self.session: MutableMapping[Any, Any] = st.session_state if session is None else session

    @classmethod
    def owned(cls, of_bundle: bool | None = None) -> list[str]:
        """The keys that the page owns: all, or only those that go, or stay, with another bundle."""
        values = [value for value in vars(cls).values() if isinstance(value, Remembered)]
        return [value.key for value in values if of_bundle in (None, value.of_bundle)]

    def is_set(self, key: str) -> bool:
        return key in self.session


class Frame(PageState):
    """The frame around the pages."""

    bundle = Remembered[str | None](None)  # a widget's
    missing = Remembered[dict[str, str]]({})  # the address as it was asked for, if its bundle isn't there


class Overview(PageState):
    """The slider at the head of the page."""

    led = Remembered[Wanted]({}, of_bundle=True)  # the wish that it stands at
    leading = Remembered(0)  # the number of its last event

    def hear(self, event: dict[str, Any]) -> None:
        """Take what happened at the slider (see `stage.show`)."""
        self.leading = event["seq"]
        if event["what"] == "wish":
            self.led = {name: value for name, value in event["wishes"].items() if value}


class MacroMap(PageState):
    """The map and what was chosen on it."""

    layout = Remembered("tsne")
    model = Remembered("cosine")
    people = Remembered(False)
    colour = Remembered("factor", of_bundle=True)
    of = Remembered(0, of_bundle=True)  # the factor, and
    axis = Remembered(0, of_bundle=True)  # its dimension, that colour the map
    epoch = Remembered(0, of_bundle=True)  # of the training, that colours the map
    find = Remembered("", of_bundle=True)
    window = Remembered[tuple[float, float, float, float] | None](None, of_bundle=True)  # left, right, low, high
    prototype = Remembered[int | None](None, of_bundle=True)
    star = Remembered[int | None](None)  # the prototype that was clicked last
    against = Remembered[str | None](None, of_bundle=True)

    def clicked(self, star: int | None, used: Sequence[int]) -> None:
        """Show the prototype whose star was clicked, once; the first of `used` where that of before is not in use."""
        if star is not None and self.star != star:
            self.star = self.prototype = star
        if self.prototype not in used:
            self.prototype = used[0]


class Steer(PageState):
    """Who is steered, and what they have turned."""

    who = Remembered("person")  # or profile
    user = Remembered("", of_bundle=True)
    items = Remembered[list[str]]([], of_bundle=True)  # ids of the profile
    factor = Remembered(0, of_bundle=True)
    dim = Remembered(0, of_bundle=True)
    dials = Remembered[Percents]({}, of_bundle=True)
    strength = Remembered(100)  # percent
    wishes = Remembered[Wanted]({}, of_bundle=True)
    likes = Remembered[list[str]]([], of_bundle=True)
    hides = Remembered[list[str]]([], of_bundle=True)
    added = Remembered[list[str]]([], of_bundle=True)  # wishes that were asked for beside those that are shown
    said = Remembered("", of_bundle=True)  # the words that were typed last
    earlier = Remembered[list[Turn]]([], of_bundle=True)  # what can be taken back, the latest last
    favourite = Remembered[int | None](None, of_bundle=True)  # the factor that the history leans to
    steered = Remembered[tuple[str, tuple[int, ...]] | None](None, of_bundle=True)  # of which bundle, and by which history
    shown = Remembered(DIALS)  # how many dials
    seq = Remembered(0)  # the number of the board's last event
    staged = Remembered(0)  # and of the stage's
    scope = Remembered("all")  # or factor
    kept = Remembered[dict[str, Turn]]({}, of_bundle=True)  # by name
    side = Remembered("", of_bundle=True)  # what stands beside the list: before, person, or kept: and a name
    other = Remembered("", of_bundle=True)  # the person beside
    amiss = Remembered[list[Any]]([], of_bundle=True)  # what the address asked for in vain
    n = Remembered(12)
    keep = Remembered(False)

    def add(self, item: str) -> None:
        """Put an item into the profile."""
        if item not in self.items:
            self.items = [*self.items, item]

    def remove(self, item: str) -> None:
        """Take an item out of the profile."""
        self.items = [i for i in self.items if i != item]

    def meet(self, bundle: str, history: Iterable[int], favourite: int) -> None:
        """Take up somebody, by name of the bundle, history and the factor that this leans to. A history that leans another
        way than the last is followed; another person starts where they stand."""
        if self.favourite not in (None, favourite):
            self.factor = favourite
        somebody = bundle, tuple(history)
        if self.steered not in (None, somebody):
            self.dials, self.earlier, self.wishes, self.likes, self.hides, self.added, self.said = {}, [], {}, [], [], [], ""
        self.favourite, self.steered = favourite, somebody

    def choose(self, factor: int, dim: int) -> None:
        """Another intention, at one of its dials."""
        self.factor, self.dim = factor, dim

    @property
    def is_turned(self) -> bool:
        return bool(self.dials or self.wishes or self.likes or self.hides) or self.strength != 100

    def take(self, event: dict[str, Any], at: Callable[[int], int], dims: int) -> None:
        """Take what happened on the board (see `widgets.board`). at: where the person stands on each dial, in percent; dims:
        how many dials the factor has."""
        self.seq, self.dim = event["seq"], event["chosen"]
        what = event["what"]
        if what == "more":
            self.shown = DIALS if self.shown >= dims else self.shown + DIALS
        elif what == "undo":
            self.undo()
        elif what == "reset":
            self.reset()
        elif what in ("turn", "strength"):
            self._turn(self.now._replace(dials=turned(event["values"], self.factor, at, self.dials),
                                         strength=event["strength"]))

    def hear(self, event: dict[str, Any], understand: Callable[[str], Wanted]) -> None:
        """Take what happened on the stage (see `stage.show`). understand: the wishes in a text, in percent."""
        self.staged = event["seq"]
        what, now = event["what"], self.now
        if what == "wish":
            self._turn(now._replace(wishes={name: value for name, value in event["wishes"].items() if value}))
        elif what == "dial":
            self._turn(_without(now, "dial", event["key"]) if event["value"] is None else
                       now._replace(dials=now.dials | {_dial(event["key"]): event["value"]}))
        elif what == "words":
            self.said = event["text"][:MOST_SAID]
            self._turn(now._replace(wishes=now.wishes | understand(self.said)))
        elif what == "add":
            self.added = list(dict.fromkeys([*self.added, event["name"]]))
        elif what == "like":
            self._turn(now._replace(likes=list(dict.fromkeys([*now.likes, event["item"]]))))
        elif what == "hide":
            self._turn(now._replace(hides=list(dict.fromkeys([*now.hides, event["item"]]))))
        elif what == "drop":
            self._turn(_without(now, event["kind"], event["key"]))
        elif what in ("undo", "reset"):
            self.undo() if what == "undo" else self.reset()
        else:
            self._keep(what, event["name"])

    def _keep(self, what: str, name: str) -> None:
        """Keep what is turned under a name, take it up again, or forget it."""
        if what == "keep":
            self.kept = dict([*self.kept.items(), (name, self.now)][-KEPT:])
        elif what == "forget":
            self.kept = {each: turn for each, turn in self.kept.items() if each != name}
        elif what == "recall" and name in self.kept:
            self._turn(self.kept[name])

    def bring(self, kept: dict[str, Turn], seq: int) -> None:
        """Take turns from a file to those that are kept."""
        self.staged, self.kept = seq, dict([*(self.kept | kept).items()][-KEPT:])

    def remember(self, earlier: list[Turn], seq: int) -> None:
        """Take up what can be taken back from before a reload."""
        self.staged, self.earlier = seq, self.earlier or earlier

    def put(self, factor: int, dim: int, percent: int, at: int) -> None:
        """Turn one dial; at: where the person stands on it, in percent."""
        self.factor, self.dim = factor, dim
        self._turn(self.now._replace(dials=turned({str(dim): percent}, factor, lambda _: at, self.dials)))

    @property
    def now(self) -> Turn:
        return Turn(self.dials, self.strength, self.wishes, self.likes, self.hides)

    def undo(self) -> None:
        """Take back what was done last."""
        if self.earlier:
            self._set(self.earlier[-1])
            self.earlier = self.earlier[:-1]

    def reset(self) -> None:
        """Take back all that is turned, wished, liked and hidden; this, too, can be taken back."""
        self.said = ""
        self._turn(Turn({}, 100, {}, [], []))

    def _turn(self, turn: Turn) -> None:
        now = self.now
        if turn != now:
            self.earlier = [*self.earlier, now][-UNDONE:]
            self._set(turn)

    def _set(self, turn: Turn) -> None:
        self.dials, self.strength, self.wishes, self.likes, self.hides = turn


def _without(turn: Turn, kind: str, key: str) -> Turn:
    """A turn without one thing: kind dial (key FACTOR.DIM), wish (an attribute), like or hide (an item's id)."""
    if kind == "dial":
        return turn._replace(dials={(k, j): value for (k, j), value in turn.dials.items() if f"{k}.{j}" != key})
    if kind == "wish":
        return turn._replace(wishes={name: value for name, value in turn.wishes.items() if name != key})
    if kind == "like":
        return turn._replace(likes=[item for item in turn.likes if item != key])
    return turn._replace(hides=[item for item in turn.hides if item != key])


def _dial(key: str) -> tuple[int, int]:
    """A dial from its key FACTOR.DIM."""
    factor, dim = key.split(".")
    return int(factor), int(dim)


def turned(values: dict[str, int], factor: int, at: Callable[[int], int], dials: Percents) -> Percents:
    """The turned dials when those of `factor` that are shown stand at `values`, in percent; those of other factors stay. at:
    where the person stands on each dial: a dial put there is not turned."""
    shown = {(factor, int(dim)): value for dim, value in values.items()}
    kept = {dial: value for dial, value in dials.items() if dial not in shown}
    return kept | {dial: value for dial, value in shown.items() if value != at(dial[1])}


class Name(PageState):
    """What is named: by bundle, as the answers of one say nothing about another."""

    intention = Remembered(0, of_bundle=True)
    attribute = Remembered("", of_bundle=True)  # that is being named; "" for none
    naming = Remembered[dict[str, Naming]]({})


class Intend(PageState):
    """What is put on shelves, by bundle."""

    shelving = Remembered[dict[str, Shelving]]({})
    plane = Remembered("tsne")  # the layout of the map


class Train(PageState):
    """What is being prepared for a training, and which training is watched."""

    job = Remembered("")  # that is watched; "": none
    told = Remembered[dict[str, Any]]({})  # what somebody said of the columns: fields of `preparation.Columns`
    seen = Remembered[dict[str, Any]]({})  # what the files looked like last
    files = Remembered[list[str]]([])  # of which that is
    measured = Remembered[dict[str, Any]]({})  # the settings that time and memory were measured with
    token = Remembered("")  # for files that are sent

    def forget(self) -> None:
        """Forget what was said of files that are no longer there."""
        self.told, self.seen, self.measured = {}, {}, {}


class Bundles(PageState):
    """Which bundles stand side by side; a zip that is taken in."""

    left = Remembered("")
    right = Remembered("")
    zip_token = Remembered("")  # for a zip that is sent
    refused = Remembered("")  # why something could not be done, to be told once


class Disentanglement(PageState):
    """Which file, figure and run are shown."""

    sweep = Remembered("", of_bundle=True)
    measure = Remembered("")
    run = Remembered(0, of_bundle=True)
    clicked = Remembered[int | None](None)  # the run whose dot was clicked last

    def click(self, run: int | None) -> None:
        """Show the run whose dot was clicked, once."""
        if run is not None and self.clicked != run:
            self.clicked = self.run = run


class Benchmark(PageState):
    """Which comparison is shown in detail."""

    compare = Remembered("", of_bundle=True)


class Method(PageState):
    """Whose way is shown; the same person as on the Steer page."""

    user = Remembered("", of_bundle=True)


PAGES: tuple[type[PageState], ...] = (Frame, Overview, MacroMap, Steer, Name, Intend, Train, Bundles, Disentanglement,
                                      Benchmark, Method)


def forget_bundle(session: MutableMapping[Any, Any], address: MutableMapping[str, Any]) -> None:
    """Forget what belongs to the bundle that was shown, in the session and in the address."""
    for key in {key for page in PAGES for key in page.owned(of_bundle=True)}:
        session.pop(key, None)
        address.pop(key, None)
