"""Words for the two ends of an attribute: what little and much of it is called."""

from typing import NamedTuple

POPULARITY = "popularity"  # how often items were clicked


class Poles(NamedTuple):
    """What people call less and more of an attribute."""

    low: str
    high: str


KNOWN = {
    "year": Poles("older", "newer"), "release year": Poles("older", "newer"), "date": Poles("older", "newer"),
    "price": Poles("cheaper", "dearer"), "cost": Poles("cheaper", "dearer"), POPULARITY: Poles("hidden", "famous"),
    "size": Poles("smaller", "larger"), "weight": Poles("lighter", "heavier"), "length": Poles("shorter", "longer"),
    "runtime": Poles("shorter", "longer"), "duration": Poles("shorter", "longer"), "pages": Poles("shorter", "longer"),
    "height": Poles("lower", "taller"), "width": Poles("narrower", "wider"), "age": Poles("younger", "older"),
    "rating": Poles("worse rated", "better rated"), "score": Poles("worse rated", "better rated"),
    "warmth": Poles("cooler", "warmer"), "temperature": Poles("cooler", "warmer"), "shade": Poles("lighter", "darker"),
    "brightness": Poles("darker", "brighter"), "volume": Poles("quieter", "louder"), "tempo": Poles("slower", "faster"),
    "speed": Poles("slower", "faster"), "quality": Poles("plainer", "finer"), "difficulty": Poles("easier", "harder"),
}


def plain(name: str) -> str:
    """An attribute's name in small letters, with blanks: release_year gives release year."""
    return " ".join(name.replace("_", " ").casefold().split())


def poles(name: str, yes_no: bool) -> Poles:
    """Words for the ends of an attribute; `less` and `more` of it where no better ones are known."""
    spoken = name.replace("_", " ")
    if yes_no:
        return Poles(f"less {spoken}", f"more {spoken}")
    return KNOWN.get(plain(name), Poles(f"less {spoken}", f"more {spoken}"))
