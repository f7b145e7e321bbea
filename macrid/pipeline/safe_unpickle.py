"""Reading PyTorch's checkpoint files without running anything that is in them.

Such a file is a zip of a pickle and of the tensors' raw numbers. A pickle is a program that may name any function and have
it called. Here it may name nothing but what is listed below, and gets no real function or class for it: tensors become
numpy arrays, made by code of ours that checks their bounds; objects of RecBole, numpy scalars and the like become `Inert`,
which keeps what it is given and does nothing. Any other name ends the reading.
"""

import io
import math
import pickle
import pickletools
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from macrid.errors import InputError

_STORAGES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4",
             "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1", "BoolStorage": "?"}
_INERT = {("torch", "device"), ("torch", "Size"), ("numpy", "dtype"), ("numpy.core.multiarray", "scalar"),
          ("numpy._core.multiarray", "scalar"), ("yaml.loader", "FullLoader"), ("builtins", "set"),
          ("builtins", "frozenset")}


class Inert:
    """What stands for an object or class that is not to be made: `arguments` and `state` are what it was given."""

    def __init__(self, *arguments: object, **_: object) -> None:
        self.arguments = arguments
        self.state: object = {}

    def __call__(self, *arguments: object, **_: object) -> "Inert":
        return Inert(*arguments)

    def __setstate__(self, state: object) -> None:
        self.state = state

    def __hash__(self) -> int:
        return id(self)


def read(path: Path) -> dict[str, Any]:
    """What a checkpoint file holds: plain values, numpy arrays for tensors, `Inert` for other objects.

    Raises InputError, one line that names the file, if it is no such file, is damaged, or names anything that it may not.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")]
            if len(names) != 1:
                raise InputError(f"{path} is not a checkpoint that PyTorch wrote: it holds no data.pkl; give the .pth file")
            folder = names[0].removesuffix("data.pkl")
            _check_sizes(path, archive)
            if folder + "byteorder" in archive.namelist() and archive.read(folder + "byteorder") != b"little":
                raise InputError(f"{path} was written on a big-endian machine, which is not read; save it again elsewhere")
            content = _Reader(archive, folder, path).load()
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}; give the .pth file that RecBole saved") from error
    except zipfile.BadZipFile as error:
        raise InputError(f"{path} is not a checkpoint of today's PyTorch (a zip), or it is cut off; give the .pth file that "
                         "RecBole saved") from error
    except (OSError, LookupError, TypeError, ValueError, AttributeError, EOFError, RuntimeError, OverflowError, MemoryError,
            zlib.error, pickle.UnpicklingError) as error:
        raise InputError(f"{path} is damaged ({type(error).__name__}: {error}); get it again") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} holds {type(content).__name__}, not the values that RecBole saves; give another file")
    return content


def number(value: object) -> float | None:
    """A float as it is, or saved as a scalar of numpy; None for anything else."""
    if isinstance(value, float):
        return value
    kind, raw = value.arguments if isinstance(value, Inert) and len(value.arguments) == 2 else (None, None)
    named = kind.arguments[:1] if isinstance(kind, Inert) else ()
    return float(np.frombuffer(raw, "<f8")[0]) if named == ("f8",) and isinstance(raw, bytes) and len(raw) == 8 else None


def _check_sizes(path: Path, archive: zipfile.ZipFile) -> None:
    """InputError where the parts of a file would be larger than it is: PyTorch packs nothing, and writes each once."""
    parts, size = archive.infolist(), path.stat().st_size
    if any(part.compress_type != zipfile.ZIP_STORED for part in parts):
        raise InputError(f"{path} is packed, which no checkpoint of PyTorch is; give the .pth file that RecBole saved")
    claimed = sum(max(part.file_size, part.compress_size) for part in parts)
    if claimed > size:
        raise InputError(f"{path} claims to hold {claimed:,} bytes, and has {size:,}; get it again")


def _checked(pickled: bytes) -> bytes:
    """A pickle none of whose operations asks for more memory than it has bytes; ValueError for any other."""
    for operation, argument, at in pickletools.genops(pickled):  # which ends where there are fewer bytes than are promised
        if "PUT" in operation.name and (not isinstance(argument, int) or argument > len(pickled)):
            raise ValueError(f"a memory of {argument} places at byte {at}")
    return pickled


class _Reader(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile, folder: str, path: Path) -> None:
        super().__init__(io.BytesIO(_checked(archive.read(folder + "data.pkl"))))
        self.archive, self.folder, self.path = archive, folder, path
        self.storages: dict[str, bytes] = {}  # each is read once, however often it is asked for

    def find_class(self, module: str, name: str) -> object:
        """Every name that the pickle asks for comes here. What it gets is made anew each time: it may set attributes."""
        if (module, name) == ("collections", "OrderedDict"):
            return type(name, (dict,), {})
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda *arguments: _tensor(*arguments)
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        if (module, name) in _INERT or module.split(".")[0] == "recbole":
            return type(name.rpartition(".")[2], (Inert,), {})
        raise InputError(f"{self.path} asks for {module}.{name}, which a checkpoint of RecBole has no need of: refused, and "
                         "nothing of it was run. Don't trust this file")

    def persistent_load(self, identity: tuple) -> np.ndarray:
        """The raw numbers of a tensor (n,)."""
        kind, dtype, key, _, count = identity
        if kind != "storage" or dtype not in _STORAGES.values() or not isinstance(key, str):
            raise ValueError(f"a storage of kind {kind!r}")
        if key not in self.storages:
            self.storages[key] = self.archive.read(f"{self.folder}data/{key}")
        return np.frombuffer(self.storages[key], dtype)[:count]


def _tensor(numbers: np.ndarray, offset: int, size: tuple, stride: tuple, *_: object) -> np.ndarray:
    """A tensor from its numbers (n,), which it shares; refused where it would reach beyond them, or hold one twice."""
    whole = (offset, *size, *stride)
    if len(size) != len(stride) or not all(type(v) is int and v >= 0 for v in whole) or not isinstance(numbers, np.ndarray):
        raise ValueError(f"a tensor of size {size} and stride {stride}")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if math.prod(size) and (last >= len(numbers) or math.prod(size) > len(numbers)):
        raise ValueError(f"a tensor of size {size} and stride {stride} beyond its {len(numbers)} numbers")
    step = numbers.itemsize
    return np.lib.stride_tricks.as_strided(numbers[offset:], size, tuple(step * s for s in stride), writeable=False)
