"""An item's words: what a table says of it (title, year, genres), tidied; for items tables and for pictures."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sized
from functools import lru_cache
from typing import SupportsFloat

# A title's last word that belongs in front, as MovieLens writes it ("Matrix, The"), in the languages that it has.
_ARTICLES = "The|An?|Les?|La|L'|Las|Los?|El|Il|I|Gli|Das|Der|Die|Den|Det|De|En|Une?|Una|Ein|Eine|O|Os|As"
_ARTICLE_LAST = re.compile(rf"(^|\((?:a\.k\.a\. )?)([^()]+), ({_ARTICLES})(?=\s*(?:\(|\)|$))")
_YEAR_LAST = re.compile(r"(.+?)\s*\((\d{4})(?:[-–]\d{0,4})?\)\s*", re.DOTALL)


def given(value: object) -> bool:
    """Whether a table's cell holds something: not None, not NaN or NA, not blank, not empty."""
    if isinstance(value, str):
        return value.strip() != ""
    if value is None:
        return False
    if isinstance(value, Sized):
        return len(value) > 0
    try:
        return bool(value == value)
    except (TypeError, ValueError):  # pandas.NA has no truth value
        return False


def year_of(value: object) -> int | None:
    """A year from a number or its text (1995, 1995.0, "1995"); None for what isn't one from 1 to 9999."""
    if not isinstance(value, str | SupportsFloat):
        return None
    try:
        year = int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None
    return year if 1 <= year <= 9999 else None


def split_year(title: str) -> tuple[str, int | None]:
    """A title and the year in brackets at its end: "Matrix, The (1999)" gives ("Matrix, The", 1999); None without one."""
    match = _YEAR_LAST.fullmatch(title)
    return (match[1], year_of(match[2])) if match else (title, None)


def article_first(title: str) -> str:
    """A title, and its other names in brackets, with the article in front: "Avventura, L' (Adventure, The)" gives
    "L'Avventura (The Adventure)"."""
    return _ARTICLE_LAST.sub(lambda m: f"{m[1]}{m[3]}{'' if m[3].endswith(chr(39)) else ' '}{m[2]}", title)


@lru_cache(maxsize=1 << 14)
def tidy_title(title: str) -> tuple[str, int | None]:
    """The title for a picture, and its year: "Usual Suspects, The (1995)" gives ("The Usual Suspects", 1995).

    Other names in brackets after the title are left out; a title that holds nothing printable becomes "Untitled".
    """
    text, year = split_year(" ".join(title[:400].split()))
    if match := re.fullmatch(r"(.{2,}?)(?:\s+\([^()]*\))+", text):
        text = match[1]
    text = "".join(letter for letter in article_first(text) if printable(letter)).strip()
    return text or "Untitled", year


def printable(letter: str) -> bool:
    """Whether XML allows the letter and it doesn't turn the direction of the text."""
    code = ord(letter)
    turns = 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069
    return not turns and code not in (0xFFFE, 0xFFFF) and unicodedata.category(letter) not in ("Cc", "Cs")


def split_genres(genres: object) -> tuple[str, ...]:
    """Genres as a tuple, from "Crime|Drama", a list, or nothing; "(no genres listed)" counts as nothing."""
    if not given(genres) or not isinstance(genres, Iterable):
        return ()
    names = genres.split("|") if isinstance(genres, str) else [str(name) for name in genres]
    return tuple(name.strip() for name in names if name.strip() and not name.startswith("("))
