"""An item's words: what a table says of it (title, year, genres), tidied."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any


def given(value: Any) -> bool:
    """Whether a table's cell holds something: not None, not NaN or NA, not blank, not empty."""
    if isinstance(value, str):
        return value.strip() != ""
    if value is None or hasattr(value, "__len__"):
        return value is not None and len(value) > 0
    try:
        return bool(value == value)
    except (TypeError, ValueError):  # pandas.NA has no truth value
        return False


def year_of(value: Any) -> int | None:
    """A year from a number or its text (1995, 1995.0, "1995"); None for what isn't one from 1 to 9999."""
    try:
        year = int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None
    return year if 1 <= year <= 9999 else None


_ARTICLES = r"The|An?|Les?|La|L'|Las|Los|El|Il|Lo|Gli|Das|Der|Die|Den|Det|Une?|O|Os|As"


@lru_cache(maxsize=1 << 14)
def tidy_title(title: str) -> tuple[str, int | None]:
    """The title as people write it and its year: "Usual Suspects, The (1995)" gives ("The Usual Suspects", 1995).

    Other names in brackets after the title are left out; a title that holds nothing printable becomes "Untitled".
    """
    text, year = " ".join(title[:400].split()), None
    if found := re.fullmatch(r"(.+?)\s*\((\d{4})(?:[-–]\d{0,4})?\)", text):
        text, year = found[1], year_of(found[2])
    if found := re.fullmatch(r"(.{2,}?)(?:\s+\([^()]*\))+", text):
        text = found[1]
    if found := re.fullmatch(rf"(.+), ({_ARTICLES})", text):
        text = f"{found[2]}{'' if found[2].endswith(chr(39)) else ' '}{found[1]}"
    text = "".join(letter for letter in text if printable(letter)).strip()
    return text or "Untitled", year


def printable(letter: str) -> bool:
    """Whether XML allows the letter and it doesn't turn the direction of the text."""
    code = ord(letter)
    turns = 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069
    return not turns and code not in (0xFFFE, 0xFFFF) and unicodedata.category(letter) not in ("Cc", "Cs")


def split_genres(genres: Any) -> tuple[str, ...]:
    """Genres as a tuple, from "Crime|Drama", a list, or nothing; "(no genres listed)" counts as nothing."""
    if not given(genres):
        return ()
    names = genres.split("|") if isinstance(genres, str) else [str(name) for name in genres]
    return tuple(name.strip() for name in names if name.strip() and not name.startswith("("))
