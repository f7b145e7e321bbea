"""What reading a data set into memory takes, told from the starts of its files."""

from __future__ import annotations

import pyarrow.parquet

from ..reading.table import Table
from ..reading.tree import seekable
from ..source import Source

BYTES_A_ROW = 150.0  # at the highest: see benchmarks/RESULTS.md, "Reading"
PACKED = 4.0  # times that text is longer than what is packed of it
USUAL_LINE = 25.0  # bytes, where the first rows are not known


def in_memory(source: Source) -> float:
    """The bytes that reading takes, roughly."""
    return BYTES_A_ROW * sum(map(_rows, source.fit.tables))


def _rows(table: Table) -> float:
    """How many rows a table has: of Parquet exactly, of text by how long its first ones are."""
    tree, look = table.tree, table.look
    if look.kind == "parquet":
        with tree.open(table.name) as file:
            return float(pyarrow.parquet.ParquetFile(seekable(file)).metadata.num_rows)
    line = [len(row) + sum(len(str(field)) for field in row) for row in look.head]
    unpacked = tree.size(table.name) * (PACKED if tree.is_packed(table.name) else 1.0)
    return unpacked / (sum(line) / len(line) if line else USUAL_LINE)
