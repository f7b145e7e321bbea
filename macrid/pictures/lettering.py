"""A title set in lines for a cover 200 wide."""

from __future__ import annotations

import unicodedata

__all__ = ["fit_title"]

_LONGEST = 240  # letters that are read
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
    """What stays on one line: words with the space before them, and single wide (Chinese, Japanese) characters."""
    pieces: list[str] = []
    last = ""
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
    """Letter size and lines for a title: as large as fits, lines of even length, an ellipsis where even the smallest is
    too large. The size lies in [16.5, 31]; there are one to four lines."""
    pieces = _pieces(title[:_LONGEST])
    for size, most in _SIZES:
        room = _ROOM / size
        lines = _wrapped(pieces, room)
        if len(lines) <= most and _fit(lines, room):
            return size, _evened(pieces, lines, room)
    lines = _wrapped([part for piece in pieces for part in _broken(piece, room)], room)
    return size, _cut(lines[:most], room) if len(lines) > most or len(title) > _LONGEST else lines


def _fit(lines: list[str], room: float) -> bool:
    return all(_width(line) <= room for line in lines)


def _evened(pieces: list[str], lines: list[str], room: float) -> list[str]:
    """The lines with the column made narrower until one more line would be needed."""
    while len(lines) > 1:
        room *= 0.96
        even = _wrapped(pieces, room)
        if len(even) > len(lines) or not _fit(even, room):
            break
        lines = even
    return lines


def _cut(lines: list[str], room: float) -> list[str]:
    """The lines with an ellipsis at the end of the last."""
    last = lines[-1]
    while last and _width(last + "…") > room:
        last = last[:-1]
    return [*lines[:-1], last.rstrip(" ,.:;-\u200d") + "…"]
