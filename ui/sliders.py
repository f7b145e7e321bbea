"""What the stage shows of its sliders: wishes, and dials of an intention among them."""

from collections.abc import Sequence
from typing import Any

from macrid.bundle import movers
from macrid.bundle.person import Person
from macrid.bundle.recommender import Recommender
from macrid.dials import names
from macrid.dials.wishes import LIKE

from . import widgets
from .address import Percents, Wanted

Of = str | tuple[int, int]  # a wish, by the name of its attribute, or a dial (factor, dim)
Slider = dict[str, Any]


def sliders(bundle: Recommender, person: Person, shown: Sequence[Of], wishes: Wanted, dials: Percents) -> list[Slider]:
    """What the stage shows of each: `kind` (wish or dial), `key`, `label`, `about` (of which intention), `low` and `high`,
    what the ends `says` at length, `value` and `at` (where it stands, and where it stands of itself), `min`, `step`, `reads`
    (which attributes are read) and `pictures`, one of each end, rather one that no other slider has."""
    found: list[Slider] = []
    taken: set[str] = set()
    for of in shown:
        slider = (_wish(bundle, of, wishes, len(shown) + 1) if isinstance(of, str) else
                  _dial(bundle, person, of, dials))
        ends = [next((picture for picture in end if picture[0] not in taken), end[0]) for end in slider["pictures"]]
        if slider["crossed"]:
            ends[0] = ends[1]  # what lacks something is best shown by what it lacks
        taken |= {src for src, _ in ends}
        found.append(slider | {"pictures": ends})
    return found


def _wish(bundle: Recommender, name: str, wishes: Wanted, n: int) -> Slider:
    attribute = bundle.wishes.attributes[name]
    low, high = ("less", "more") if attribute.yes_no or name.startswith(LIKE) else attribute.poles
    item = bundle.wishes.attributes.item_of(name)
    label = name if item is None else f"like {bundle.item(item)['title']}"
    return {"kind": "wish", "key": name, "label": label, "about": "", "low": low, "high": high,
            "says": list(attribute.poles), "value": wishes.get(name, 0), "at": 0, "min": -100, "step": 5, "reads": [name],
            "crossed": attribute.yes_no, "pictures": [widgets.pictures(bundle, end) for end in bundle.wishes.ends(name, n)]}


def _dial(bundle: Recommender, person: Person, of: tuple[int, int], dials: Percents) -> Slider:
    face, tells = widgets.dial(bundle, *of), movers.tells(bundle.dials, *of)
    says = [face[end]["word"] for end in ("low", "high")]
    bare = {f"{word} {face['name']}": word for word in ("less", "more")}
    low, high = (bare.get(word, word) for word in says)
    at = round(100 * person.stands(*of))
    reads = [name for name in tells if name in bundle.wishes.attributes] or list(bundle.dials.moved(*of)["attribute"][:1])
    where = names.short(bundle.factors[of[0]].name)
    return {"kind": "dial", "key": key(of), "label": " ↔ ".join(tells), "about": f"in {where}",
            "low": low, "high": high, "says": says, "value": dials.get(of, at), "at": at, "min": 0, "step": 1,
            "reads": reads, "crossed": False, "pictures": [face["low"]["pictures"], face["high"]["pictures"][::-1]]}


def key(dial: tuple[int, int]) -> str:
    """A dial in what the browser reports."""
    return f"{dial[0]}.{dial[1]}"


def read(sliders: Sequence[Slider]) -> list[str]:
    """The attributes that some sliders read."""
    return list(dict.fromkeys(name for slider in sliders for name in slider["reads"]))


def wished(shown: Sequence[Of]) -> list[str]:
    """The wishes among what is shown."""
    return [of for of in shown if isinstance(of, str)]
