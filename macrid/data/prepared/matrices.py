"""CSR matrices that grow by blocks of rows, in memory or in files; those in files are mapped, so that what is not in use
takes no memory of the process, and processes share what is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
from scipy.sparse import csr_matrix

from macrid.errors import InputError

BLOCK = 1 << 22  # entries that are worked on at once
MOST = 2**31 - 1  # entries: beyond, the places of rows take other numbers, and scipy would copy the file's
ARRAYS: dict[str, np.dtype] = {"indptr": np.dtype(np.int64), "indices": np.dtype(np.int32), "values": np.dtype(np.float32)}


def blocks(matrix: csr_matrix, size: int = BLOCK) -> Iterator[tuple[slice, csr_matrix]]:
    """The rows of a matrix, so many at a time that they have about `size` entries, and at least one row."""
    rows, indptr, start = matrix.shape[0], matrix.indptr, 0
    while start < rows:
        stop = max(start + 1, int(np.searchsorted(indptr, indptr[start] + size, side="right")) - 1)
        yield slice(start, stop), matrix if stop - start == rows else matrix[start:stop]
        start = stop


class Growing:
    """A matrix of so many columns that grows by rows. at: a folder and the beginning of the names of the files that its
    arrays go to; None: they are kept in memory. As a context, the files are whole when it ends without an error."""

    def __init__(self, columns: int, at: Path | None = None) -> None:
        self.columns, self._at = columns, at
        self._parts: list[csr_matrix] = []
        self._files: dict[str, IO[bytes]] = {}
        self._rows = self.entries = 0
        if at:
            for name, kind in ARRAYS.items():
                self._files[name] = _file(at, name).open("wb")
                _header(self._files[name], kind, 0)
            self._files["indptr"].write(np.zeros(1, ARRAYS["indptr"]).tobytes())

    def add(self, rows: csr_matrix) -> None:
        """Add some rows, their entries sorted, each once."""
        if not self._files:
            self._parts.append(rows)
            return
        if self.entries + rows.nnz > MOST:
            raise InputError(f"more than {MOST:,} clicks are not handled in one piece; take some of the people")
        for name, array in (("indptr", rows.indptr[1:] + np.int64(self.entries)), ("indices", rows.indices),
                            ("values", rows.data)):
            self._files[name].write(np.ascontiguousarray(array, ARRAYS[name]).data)
        self._rows, self.entries = self._rows + rows.shape[0], self.entries + rows.nnz

    def matrix(self) -> csr_matrix:
        """The matrix, float32 where it is in files, which are then whole."""
        if self._at:
            self.close()
            return mapped(self._at, (self._rows, self.columns))
        if len(self._parts) == 1:
            out = self._parts[0]
        else:
            begin = np.cumsum([0, *(part.nnz for part in self._parts)])
            indptr = [np.zeros(1, np.int64), *(part.indptr[1:] + np.int64(first)
                                               for part, first in zip(self._parts, begin, strict=False))]
            out = csr_matrix((np.concatenate([part.data for part in self._parts]),
                              np.concatenate([part.indices for part in self._parts]), np.concatenate(indptr)),
                             (sum(part.shape[0] for part in self._parts), self.columns))
        out.has_canonical_format = True
        return out

    def close(self) -> None:
        """Write what the files begin with, and close them."""
        for name, file in self._files.items():
            file.seek(0)
            _header(file, ARRAYS[name], self._rows + 1 if name == "indptr" else self.entries)
            file.close()
        self._files.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


@dataclass(frozen=True)
class Store:
    """Where matrices are put as they are made: in a folder, in memory if there is none."""

    folder: Path | None = None

    def growing(self, name: str, columns: int) -> Growing:
        return Growing(columns, self.folder / name if self.folder else None)


MEMORY = Store()


def mapped(at: Path, shape: tuple[int, int]) -> csr_matrix:
    """The matrix of a shape whose files' names begin with `at`, its entries mapped, read-only. Raises InputError where they
    are damaged, or not those of such a matrix."""
    arrays = {name: _opened(_file(at, name), kind) for name, kind in ARRAYS.items()}
    indptr, indices = np.array(arrays["indptr"]), arrays["indices"]
    fine = (len(indptr) == shape[0] + 1 and indptr[0] == 0 and indptr[-1] == len(indices) == len(arrays["values"])
            and bool((np.diff(indptr) >= 0).all()))
    for start in range(0, len(indices) if fine else 0, BLOCK):
        block = indices[start : start + BLOCK]
        fine = fine and int(block.min()) >= 0 and int(block.max()) < shape[1]
    if not fine:
        raise InputError(f"{at}.*.npy are damaged, or not of {shape[0]:,} x {shape[1]:,}; delete {at.parent} and prepare it "
                         "again")
    matrix = csr_matrix((arrays["values"], indices, indptr), shape)  # copies the places of the rows alone
    matrix.has_canonical_format = True
    return matrix


def stands(at: Path) -> bool:
    """Whether there are files whose names begin with `at`."""
    return _file(at, "indptr").exists()


def remove(at: Path) -> None:
    """Remove the files whose names begin with `at`; who has mapped them keeps them."""
    for name in ARRAYS:
        _file(at, name).unlink(missing_ok=True)


def _file(at: Path, name: str) -> Path:
    return at.with_name(f"{at.name}.{name}.npy")


def _header(file: IO[bytes], kind: np.dtype, length: int) -> None:
    """What a .npy file of one dimension begins with; numpy leaves room there for a longer number."""
    np.lib.format.write_array_header_1_0(file, {"descr": kind.str, "fortran_order": False, "shape": (length,)})


def _opened(path: Path, kind: np.dtype) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} cannot be read ({error}); delete {path.parent} and prepare it again") from error
    if array.dtype != kind or array.ndim != 1:
        raise InputError(f"{path} holds {array.dtype} where {kind} belongs; delete {path.parent} and prepare it again")
    return array
