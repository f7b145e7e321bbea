"""An item's words: what a table says of it (title, year, genres), tidied, and the title set in lines for a cover."""

from __future__ import annotations

import unicodedata

from macrid.data.titles import given, printable, split_genres, tidy_title, year_of

__all__ = ["fit_title", "given", "printable", "split_genres", "tidy_title", "year_of"]


# ---- reading an item -------------------------------------------------------------------------------------------------


# ---- setting the title -----------------------------------------------------------------------------------------------

_ROOM = 164.0  # width of a line of text within the 200 of the cover
_SIZES = ((31, 2), (27, 2), (24, 3), (21, 3), (18.5, 4), (16.5, 4))  # letter size, lines it may take
_WIDTHS = {
    letter: width / 1000
    for width, letters in {
        278: " ,./I\\ijl'|",
        333: '!()-:;[]`ft"r{}',
        500: "Jcksvxyz*?",
        556: "$0123456789_aeL",
        611: "FTZbdghnopqu#+<>=~^",
        680: "ABCDEHKNPRSUVXY&",
        790: "GOQw",
        900: "MWm%@",
    }.items()
    for letter in letters
}


def _width(text: str) -> float:
    """Width of a text in bold letters of size 1, estimated from typical sans-serif widths."""
    total = 0.0
    for letter in text:
        if letter in _WIDTHS:
            total += _WIDTHS[letter]
        elif unicodedata.east_asian_width(letter) in "WF":
            total += 1.05
        elif unicodedata.category(letter) not in ("Mn", "Me", "Cf"):
            total += _WIDTHS.get(unicodedata.normalize("NFD", letter)[0], 0.68) + 0.02
    return total


def _pieces(text: str) -> list[str]:
    """What a line can't break: words with the space before them, and single wide (Chinese, Japanese) characters."""
    pieces, last = [], ""
    for letter in text:
        wide = unicodedata.east_asian_width(letter) == "W" and unicodedata.category(letter) == "Lo"
        if not pieces or letter == " " or (wide and last != " "):
            pieces.append(letter)
        else:
            pieces[-1] += letter
        last = letter
    return pieces


def _broken(piece: str, room: float) -> list[str]:
    """A piece too long for a line, cut into parts that fit; a letter keeps its accents."""
    parts = [""]
    for letter in piece:
        joined = unicodedata.category(letter) in ("Mn", "Me", "Mc", "Cf") or parts[-1].endswith("\u200d")
        if parts[-1] and not joined and _width(parts[-1] + letter) > room:
            parts.append("")
        parts[-1] += letter
    return parts


def _wrapped(pieces: list[str], room: float) -> list[str]:
    lines: list[str] = []
    for piece in pieces:
        if lines and _width(lines[-1] + piece) <= room:
            lines[-1] += piece
        else:
            lines.append(piece.lstrip())
    return lines


def fit_title(title: str) -> tuple[float, list[str]]:
    """Letter size and lines for a title: as large as fits, lines of even length, an ellipsis where none fits.

    The size lies in [16.5, 31] on a cover 200 wide; there are one to four lines.
    """
    pieces = _pieces(title[:240])
    for size, most in _SIZES:
        room = _ROOM / size
        lines = _wrapped(pieces, room)
        if len(lines) <= most and all(_width(line) <= room for line in lines):
            break
    else:
        lines = _wrapped([part for piece in pieces for part in _broken(piece, room)], room)
        if len(lines) > most or len(title) > 240:
            lines = lines[:most]
            while lines[-1] and _width(lines[-1] + "…") > room:
                lines[-1] = lines[-1][:-1]
            lines[-1] = lines[-1].rstrip(" ,.:;-\u200d") + "…"
        return size, lines
    while len(lines) > 1:  # narrow the column until one more line would be needed
        room *= 0.96
        even = _wrapped(pieces, room)
        if len(even) > len(lines) or any(_width(line) > room for line in even):
            break
        lines = even
    return size, lines
