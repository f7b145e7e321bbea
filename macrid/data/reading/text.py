"""How the bytes of a text file become records: its encoding, its separator, and whether its quotation marks are quotes.

`settle` looks at the whole file once, as a fault may stand anywhere; `stream` then gives UTF-8 that a CSV reader can cut,
and `records` the same cut in Python, with the line of each record, for small tables and for messages.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import IO, cast

import numpy as np

from macrid.errors import InputError

from .tree import Tree

BLOCK = 1 << 23
_LONGEST_LINE = 1 << 26
_UNIT = "\x1f"  # stands between fields where the file's own separator cannot
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
         (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Cut:
    """How a text file is cut into records and fields."""

    delimiter: str = ","  # one letter, or "::", or " " for any run of blanks
    quotes: str = "csv"  # csv: as Excel and pandas write them; escaped: with backslashes, as Spark does; letters; none
    encoding: str = "utf-8"
    returns: bool = False  # lines end with a lone carriage return
    skip: int = 0  # lines before the first record

    @property
    def separator(self) -> str:
        """What separates the fields in what `stream` gives."""
        return _UNIT if self.quotes == "letters" or len(self.delimiter) > 1 or self.delimiter == " " else self.delimiter

    @property
    def quoted(self) -> bool:
        """Whether quotation marks still enclose fields in what `stream` gives."""
        return self.quotes in ("csv", "escaped")


def encoding_of(head: bytes) -> str | None:
    """The encoding of a text by its first bytes, utf-8 where nothing else is told; None for what is no text."""
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    if b"\0" not in head:
        return "utf-8"
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if half and min(even, odd) == 0 and max(even, odd) > 0.3 * half:
        return "utf-16-be" if even else "utf-16-le"
    return None


def decoded(head: bytes, encoding: str) -> str:
    """The start of a text for a look at it, whatever its faults."""
    text = head.decode(encoding, "replace")
    if encoding == "utf-8" and "\ufffd" in text[:-1]:
        text = head.decode("cp1252", "replace")
    return text.removeprefix("\ufeff")


# A look at the whole file --------------------------------------------------------------------------------------------------


def settle(tree: Tree, name: str, cut: Cut, width: int) -> tuple[Cut, list[str]]:
    """The cut of a file of `width` fields a record, its encoding and its quotes decided by all of it, and what to say of
    it."""
    notes = []
    encoding, note = _encoding(tree, name, cut)
    cut = replace(cut, encoding=encoding)
    notes += [note] if note else []
    if cut.quotes == "none" or len(cut.delimiter) > 1 or cut.delimiter == " ":
        return cut, notes
    first = _check_quotes(tree, name, replace(cut, quotes="csv"), width)
    if first.wrong is None and not first.swallows:
        return replace(cut, quotes="csv" if first.any else "none"), notes
    if first.backslashes and _check_quotes(tree, name, replace(cut, quotes="escaped"), width).wrong is None:
        return replace(cut, quotes="escaped"), notes
    row = first.wrong or first.swallows
    notes.append(f"{tree.shown(name)}, row {row}: a quotation mark opens that nothing closes, so such marks are read as "
                 "letters")
    return replace(cut, quotes="letters"), notes


def _encoding(tree: Tree, name: str, cut: Cut) -> tuple[str, str]:
    """utf-8 if all of the file is, else the Latin letters of Windows, which is to be said; what stood there if not utf-8."""
    if cut.encoding != "utf-8":
        return cut.encoding, ""
    bad, good, line, row, shown, windows = 0, 0, 1, 0, "", True
    for block in _chunks(tree, name, replace(cut, encoding="bytes", skip=0)):
        if not block.isascii():
            text = block.decode("utf-8", "surrogateescape")
            wrong = sum(1 for letter in text if "\udc80" <= letter <= "\udcff")
            good += sum(1 for letter in text if letter > "\x7f") - wrong
            if wrong and not row:
                at = next(k for k, letter in enumerate(text) if "\udc80" <= letter <= "\udcff")
                row = line + text.count("\n", 0, at)
                shown = block.split(b"\n")[row - line].decode("latin-1")[:60].strip()
            bad += wrong
            windows = windows and not any(byte in block for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"))
        line += block.count(b"\n")
    if not bad:
        return "utf-8", ""
    if good > bad:
        raise InputError(f"{tree.shown(name)}, row {row}: is not UTF-8 text, though other rows are; save the file as UTF-8")
    return ("cp1252" if windows else "latin-1",
            f"{tree.shown(name)}: is not UTF-8 text, so it is read as Latin-1 (row {row}: {shown})")


@dataclass(frozen=True)
class _Quotes:
    """What the quotation marks of a file turned out to be."""

    any: bool
    wrong: int | None  # the row of the first mark that neither opens nor closes a field
    swallows: int | None  # the row of the first field of several lines, if each of those lines could be a record of its own
    backslashes: bool  # before one of them


def _check_quotes(tree: Tree, name: str, cut: Cut, width: int) -> _Quotes:
    """Whether quotation marks enclose fields as in CSV: one opens after a separator, the next closes before one, two within
    stand for one."""
    ends = np.frombuffer(f"\r\n{cut.delimiter}".encode(), np.uint8)
    count, line, before, adjacent = 0, 1 + cut.skip, 10, False
    spans, even, backslashes = None, True, False
    for block in _chunks(tree, name, cut):
        data = np.frombuffer(block, np.uint8)
        marks = np.flatnonzero(data == 34)
        lines = np.flatnonzero(data == 10)
        if len(marks):
            left = np.where(marks > 0, data[marks - 1], before)
            right = np.append(data, 10)[marks + 1]
            opening = (count + np.arange(len(marks))) % 2 == 0
            twice = np.diff(marks, prepend=-1 if adjacent else -9) == 1  # directly after another
            doubled = np.append(twice[1:], False)
            fine = np.where(opening, np.isin(left, ends) | twice, np.isin(right, ends) | doubled)
            backslashes = backslashes or bool((left == 92).any())
            if not fine.all():
                row = line + int(np.searchsorted(lines, marks[np.argmin(fine)]))
                return _Quotes(True, row, None, backslashes)
            inside = (np.searchsorted(marks, lines) + count) % 2 == 1
            if spans is None and inside.any():
                spans = line + int(np.argmax(inside))
        elif count % 2 and spans is None:
            spans = line
        even = even and _even(data, lines, ord(cut.delimiter), width)
        count, line, before = count + len(marks), line + len(lines), int(data[-1])
        adjacent = bool(len(marks)) and marks[-1] == len(data) - 1
    if count % 2:
        return _Quotes(True, spans or line, None, backslashes)
    return _Quotes(count > 0, None, spans if even else None, backslashes)


def _even(data: np.ndarray, lines: np.ndarray, delimiter: int, width: int) -> bool:
    """Whether each line of a block, blank ones aside, has width - 1 separators."""
    per_line = np.diff(np.searchsorted(np.flatnonzero(data == delimiter), lines), prepend=0)
    blank = np.diff(lines, prepend=-1) <= 1 + (data[np.maximum(lines - 1, 0)] == 13)
    return bool(((per_line == width - 1) | blank).all())


# Streaming -----------------------------------------------------------------------------------------------------------------


def stream(tree: Tree, name: str, cut: Cut) -> IO[bytes]:
    """The records of a file in UTF-8 without a byte order mark, fields separated by `cut.separator`, lines by a line
    feed."""
    rewrite = _rewriting(cut)
    blocks = _chunks(tree, name, cut)
    return cast(IO[bytes], io.BufferedReader(_Piped(map(rewrite, blocks) if rewrite else blocks), BLOCK))


def _rewriting(cut: Cut) -> Callable[[bytes], bytes] | None:
    """What makes the separators of a block readable to a CSV reader, if they are not."""
    delimiter, unit = cut.delimiter.encode(), _UNIT.encode()
    if cut.delimiter == " ":
        return lambda block: re.sub(rb"[ \t]+", unit, re.sub(rb"(?m)^[ \t]+|[ \t\r]+$", b"", block))
    if len(delimiter) > 1:
        return lambda block: block.replace(delimiter, unit)
    if cut.quotes == "letters":
        return lambda block: _lenient(block, delimiter, unit)
    return None


def _lenient(block: bytes, delimiter: bytes, unit: bytes) -> bytes:
    """The lines of a block with `unit` between the fields. Marks around a whole field enclose it, any other is a letter."""
    if b'"' not in block:
        return block.replace(delimiter, unit)
    sign = re.escape(delimiter)
    field = re.compile(rb'"((?:[^"]|"")*)"(?=' + sign + rb"|\r?$)|[^" + sign + rb"\r]*")
    out = []
    for line in block.split(b"\n"):
        if b'"' not in line:
            out.append(line.replace(delimiter, unit))
            continue
        fields, at = [], 0
        while at <= len(line):
            found = field.match(line, at)
            if found is None:
                break
            fields.append(found[0] if found[1] is None else found[1].replace(b'""', b'"'))
            at = found.end() + 1
        out.append(unit.join(fields))
    return b"\n".join(out)


def _chunks(tree: Tree, name: str, cut: Cut) -> Iterator[bytes]:
    """A file in blocks of whole lines, as UTF-8 (encoding "bytes": as it is), after the lines to skip."""
    decoder = None if cut.encoding in ("utf-8", "bytes") else codecs.getincrementaldecoder(cut.encoding)()
    rest, skip, first = b"", cut.skip, True
    with tree.open(name) as source:
        while True:
            chunk = source.read(BLOCK)
            last = not chunk
            if decoder:
                chunk = decoder.decode(chunk, last).encode()
            if first:
                chunk, first = chunk.removeprefix(codecs.BOM_UTF8), False
            if cut.returns:
                chunk = chunk.replace(b"\r", b"\n")
            rest += chunk
            at = len(rest) if last else rest.rfind(b"\n") + 1
            block, rest = rest[:at], rest[at:]
            if len(rest) > _LONGEST_LINE:
                raise InputError(f"{tree.shown(name)}: has a line of more than {_LONGEST_LINE >> 20} MB; "
                                 "check that it is text with one record on each line")
            while skip and block:
                _, feed, block = block.partition(b"\n")
                skip -= bool(feed)
            if cut.quotes == "escaped":
                block = re.sub(rb'(\\+)"', _unescaped, block)
            if block:
                yield block
            if last:
                return


def _unescaped(found: re.Match[bytes]) -> bytes:
    """Backslashes before a quotation mark as Spark means them: each two are one, an odd one makes the mark a letter."""
    half, odd = divmod(len(found[1]), 2)
    return b"\\" * half + (b'""' if odd else b'"')


class _Piped(io.RawIOBase):
    """Blocks of bytes as a stream."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        n = min(len(buffer), len(self._rest))
        buffer[:n] = self._rest[:n]
        self._rest = self._rest[n:]
        return n

    def close(self) -> None:
        if not self.closed and hasattr(self._blocks, "close"):
            self._blocks.close()
        super().close()


def records(tree: Tree, name: str, cut: Cut) -> Iterator[tuple[int, list[str]]]:
    """The records of a file, blank lines left out, each with the line that it starts on."""
    with stream(tree, name, cut) as source, io.TextIOWrapper(source, "utf-8", "replace", newline="") as text:
        if not cut.quoted:
            for line, content in enumerate(text, cut.skip + 1):
                if content.strip("\r\n"):
                    yield line, content.rstrip("\r\n").split(cut.separator)
            return
        reader = csv.reader(text, delimiter=cut.separator)
        line = 1
        for fields in reader:
            if fields:
                yield line + cut.skip, fields
            line = reader.line_num + 1
