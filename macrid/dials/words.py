"""Wishes in somebody's own words: "newer, funnier, no horror, less violent" becomes numbers for attributes."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from .poles import plain
from .senses import SENSES
from .wishes import Attribute

__all__ = ["Understood", "how", "plain", "understand"]

SOME, MUCH, LITTLE, ALL, TOO = 0.6, 0.8, 0.4, 1.0, 0.5  # how far a wish goes that is said in words
_AMOUNTS = {  # (how far, which way)
    "more": (SOME, 1), "with": (SOME, 1), "some": (SOME, 1), "much": (MUCH, 1), "very": (MUCH, 1), "lots": (MUCH, 1),
    "lot": (MUCH, 1), "many": (MUCH, 1), "far": (MUCH, 1), "really": (MUCH, 1), "way": (MUCH, 1), "bit": (LITTLE, 1),
    "little": (LITTLE, 1), "slightly": (LITTLE, 1), "somewhat": (LITTLE, 1), "only": (ALL, 1), "most": (ALL, 1),
    "less": (SOME, -1), "fewer": (SOME, -1), "too": (TOO, 1), "no": (ALL, -1), "not": (ALL, -1), "without": (ALL, -1),
    "never": (ALL, -1), "none": (ALL, -1), "avoid": (ALL, -1), "except": (ALL, -1), "nothing": (ALL, -1), "dont": (ALL, -1),
    "hate": (ALL, -1), "least": (ALL, -1), "nor": (ALL, -1), "neither": (ALL, -1), "zero": (ALL, -1),
}
_FILLERS = frozenset((
    "a", "an", "the", "i", "id", "im", "would", "something", "film", "films", "movie", "movies", "item", "items", "thing",
    "things", "stuff", "please", "it", "be", "should", "that", "is", "are", "of", "from", "list", "in", "for", "make", "to",
    "so", "do", "any", "than", "as", "one", "ones", "let", "us", "see", "look", "looking", "all",
))
_JOINS = frozenset(("and", "or"))  # what was said before them holds after them: "no horror and romance" wants neither
_WANTS = frozenset(("want", "like", "give", "show", "prefer", "rather", "me", "instead", "also"))  # but not after these
_PARTS = re.compile(r"[,;.!?\n/]|\b(?:but|plus)\b|\+(?=\s)", re.IGNORECASE)
_LONGEST = 3  # words of a name that is looked for
CLOSE_ENOUGH = 86  # of 100: so alike a misspelt word must be to the name that is meant
FEWEST_LETTERS = 5  # shorter words are not guessed at


@dataclass(frozen=True)
class Heard:
    """A part of what was said, and the wish that it is: more (up to 1) or less (down to -1) of an attribute."""

    said: str
    attribute: str
    value: float


@dataclass(frozen=True)
class Understood:
    """The wishes in a text, which part of it said which, and the words that nobody understood."""

    wishes: dict[str, float]
    heard: list[Heard]
    unknown: list[str]


def how(text: str, attribute: Attribute) -> float | None:
    """A wish from a number, + or -, more or less, or a word for one of the attribute's ends; None if it is none of these."""
    spoken = plain(text)
    said = {"+": SOME, "-": -SOME, "++": ALL, "--": -ALL, "more": SOME, "less": -SOME, "yes": SOME, "no": -ALL, "none": -ALL,
            plain(attribute.poles.low): -SOME, plain(attribute.poles.high): SOME}
    if spoken in said:
        return said[spoken]
    try:
        value = float(spoken)
    except ValueError:
        senses = _lexicon({attribute.name: attribute})
        found = next((senses[form] for form in _forms(_normal(spoken)) if form in senses), None)
        return found[1] * SOME if found else None
    return value if -1 <= value <= 1 else None


def understand(text: str, attributes: Mapping[str, Attribute]) -> Understood:
    """The wishes in a text, by names of attributes, words for their ends and synonyms. What is said last counts."""
    lexicon = _lexicon(attributes)
    heard: list[Heard] = []
    unknown: list[str] = []
    for part in _PARTS.split(text):
        words = _normal(part).split()
        found, rest = _read(words, lexicon)
        heard += [Heard(" ".join(part.split()), name, value) for name, value in found]
        unknown += rest
    return Understood({each.attribute: each.value for each in heard}, heard, unknown)


def _read(words: Sequence[str], lexicon: Mapping[str, tuple[str, int]]) -> tuple[list[tuple[str, float]], list[str]]:
    """The wishes in one part of a text, (attribute, value), and the words that are not understood.

    An amount holds for all names that follow until another is said: "no horror and romance" wants neither, "no horror and
    more romance" romance; "less violent and newer" is newer, as a comparative says by itself which way it goes.
    """
    found: list[tuple[str, float]] = []
    unknown: list[str] = []
    size, sign, named, at = 0.0, 1, False, 0
    while at < len(words):
        word = words[at]
        length, meant = _longest(words[at:], lexicon)
        if meant and (length > 1 or word not in _AMOUNTS):
            if named and _is_comparative(word, lexicon):
                size, sign = 0.0, 1
            found.append((meant[0], sign * meant[1] * (size or SOME)))
            named = True
        elif word in _AMOUNTS:
            if named:
                size, sign, named = 0.0, 1, False
            amount, way = _AMOUNTS[word]
            size, sign = size if size and amount == SOME else amount, sign * way  # "a bit more" is a bit
        elif word in _WANTS:
            size, sign = (0.0, 1) if named else (size, sign)
        elif word not in _JOINS | _FILLERS:
            unknown.append(word)
        at += length
    return found, unknown


def _is_comparative(word: str, lexicon: Mapping[str, tuple[str, int]]) -> bool:
    """Whether it is newer or funniest, and not just thriller: its base form has a meaning, too."""
    return word.endswith(("er", "est")) and any(form in lexicon for form in _forms(word) if form != word)


def _longest(words: Sequence[str], lexicon: Mapping[str, tuple[str, int]]) -> tuple[int, tuple[str, int] | None]:
    """How many of the first words are a name, and what is meant; one and None where they are none."""
    for length in range(min(_LONGEST, len(words)), 0, -1):
        for form in _forms(" ".join(words[:length])):
            if form in lexicon:
                return length, lexicon[form]
    word = words[0]
    if len(word) >= FEWEST_LETTERS and word not in _AMOUNTS and word not in _WANTS | _JOINS | _FILLERS:
        near = process.extractOne(word, lexicon.keys(), scorer=fuzz.ratio, score_cutoff=CLOSE_ENOUGH)
        if near:
            return 1, lexicon[near[0]]
    return 1, None


def _lexicon(attributes: Mapping[str, Attribute]) -> dict[str, tuple[str, int]]:
    """Normal form of a word or name -> the attribute that is meant, and 1 for more or -1 for less of it."""
    named = {_normal(name): name for name in attributes}
    lexicon: dict[str, tuple[str, int]] = {}
    for sense in SENSES:
        meant = next((named[_normal(name)] for name in sense.attributes if _normal(name) in named), None)
        if meant:
            for words, way in ((sense.more, 1), (sense.less, -1)):
                for word in filter(None, words.split(",")):
                    lexicon.setdefault(word, (meant, way))
    for attribute in attributes.values():
        if not attribute.yes_no:
            low, high = map(_normal, attribute.poles)
            lexicon |= {low: (attribute.name, -1), high: (attribute.name, 1)}
    for normal, name in named.items():
        for form in _forms(normal):
            if form == normal or form not in lexicon:
                lexicon[form] = name, 1
    return lexicon


def _normal(text: str) -> str:
    """Small letters without accents and signs: "Sci-Fi" is sci fi, "Children's" childrens."""
    flat = unicodedata.normalize("NFKD", text.casefold().replace("'", "").replace("’", ""))
    return " ".join(re.sub(r"[^\w]+|_", " ", "".join(c for c in flat if not unicodedata.combining(c))).split())


def _forms(word: str) -> Iterator[str]:
    """A word and what it may be a plural or a comparative of: funniest, funny; bigger, big; comedies, comedy."""
    yield word
    for ending, instead in (("iest", "y"), ("ier", "y"), ("ies", "y"), ("est", ""), ("est", "e"), ("er", ""), ("er", "e"),
                            ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            base = word[: -len(ending)] + instead
            yield base
            if not instead and base[-1] == base[-2]:
                yield base[:-1]
