"""A table in one file: its columns by number, batch after batch, and the line of any of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import pyarrow as pa
import pyarrow.csv

from macrid.errors import InputError

from . import shapes, typed
from .look import TYPED, Look
from .text import records, settle, stream
from .tree import Tree, one_line, readable

_BLOCK = 1 << 22


@dataclass(frozen=True)
class Table:
    """One file of rows. Columns are numbered as in `look.columns`."""

    tree: Tree
    name: str
    look: Look
    constant: dict[str, str] = field(default_factory=dict)  # of the folder, `key=value`, that Spark put the file into
    notes: tuple[str, ...] = ()  # what has to be said of how it was read

    @property
    def where(self) -> str:
        return self.tree.shown(self.name)

    @property
    def columns(self) -> list[str]:
        return [*self.look.columns, *self.constant]

    def settled(self) -> Table:
        """This table with its encoding and quotes decided by the whole file."""
        if self.look.kind in (*TYPED, "empty", "binary"):
            return self
        with readable(self.where):
            cut, notes = settle(self.tree, self.name, self.look.cut, len(self.look.columns))
        return replace(self, look=replace(self.look, cut=cut), notes=(*self.notes, *notes))

    def batches(self, columns: Sequence[int], codes: Sequence[int] = ()) -> Iterator[list[pa.Array]]:
        """Some columns, batch after batch; those of text that are also in `codes` dictionary-encoded."""
        inner = [k for k in columns if k < len(self.look.columns)]
        for arrays in self._batches(inner, codes):
            of = dict(zip(inner, arrays, strict=True))
            values = list(self.constant.values())
            n = len(arrays[0]) if arrays else 0
            yield [of[k] if k in of else pa.array([values[k - len(self.look.columns)]] * n, pa.string()) for k in columns]

    def _batches(self, columns: Sequence[int], codes: Sequence[int]) -> Iterator[list[pa.Array]]:
        if self.look.kind in TYPED:
            return typed.batches(self.tree, self.name, self.look, columns)
        if self.look.kind in shapes.READERS:
            return shapes.batches(self.tree, self.name, self.look, columns)
        return self._text(columns, codes)

    def _text(self, columns: Sequence[int], codes: Sequence[int]) -> Iterator[list[pa.Array]]:
        """The fast reader; where it fails, the row is looked for with the slow one."""
        cut, code = self.look.cut, pa.dictionary(pa.int32(), pa.string())
        names = [str(k) for k in range(len(self.look.columns))]
        with readable(self.where), stream(self.tree, self.name, cut) as source:
            try:
                reader = pa.csv.open_csv(
                    pa.PythonFile(source, mode="r"),
                    pa.csv.ReadOptions(column_names=names, block_size=_BLOCK),
                    pa.csv.ParseOptions(delimiter=cut.separator, quote_char='"' if cut.quoted else False,
                                        newlines_in_values=cut.quoted),
                    pa.csv.ConvertOptions(include_columns=[names[k] for k in columns],
                                          column_types={names[k]: code if k in codes else pa.string() for k in columns}),
                )
                for batch in reader:
                    yield batch.columns
            except pa.ArrowInvalid as error:
                if "Empty CSV" not in str(error):
                    raise self._explained(error) from None

    def _explained(self, error: Exception) -> InputError:
        """An error that names the row at which the fast reader failed (it reads in blocks and cannot say)."""
        for line, fields in records(self.tree, self.name, self.look.cut):
            if len(fields) != len(self.look.columns):
                return InputError(f"{self.where}, row {line}: has {len(fields)} fields, not {len(self.look.columns)}; "
                                  "mend or drop the row")
        return InputError(f"{self.where}: cannot be read ({one_line(error)}); check its quotes and separators")

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """The rows of a text file, each with its line, all as wide as the header."""
        for line, fields in records(self.tree, self.name, self.look.cut):
            if len(fields) != len(self.look.columns):
                raise InputError(f"{self.where}, row {line}: has {len(fields)} fields, not {len(self.look.columns)}; "
                                 "mend or drop the row")
            yield line, fields

    def row(self, index: int) -> int:
        """The line of the file that record `index` starts on; where there are no lines, its number from 1."""
        if self.look.kind in TYPED or self.look.kind in shapes.READERS:
            return index + (2 if self.look.kind == "excel" else 1)
        cut = self.look.cut
        return next(islice(records(self.tree, self.name, cut), index, None), (index + 1 + cut.skip, []))[0]
