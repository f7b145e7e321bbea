"""Files that are there whole or not at all, JSON whose shape is checked; where the app's files are, of which version."""

import errno
import importlib.metadata
import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .beside import beside

Shape = Mapping[str, "type | tuple[type, ...] | Shape"]  # of a JSON object: the type of each key's value, or its own shape


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside `path` to write, which is renamed to it once it is whole and removed if it fails; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with beside(path) as new:
        yield new
        os.replace(new, path)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file by way of `replacing`."""
    with replacing(path) as new:
        new.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """`write_bytes` of a text in UTF-8."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: object) -> None:
    """`write_bytes` of a JSON value, a key a line; ValueError for NaN and infinite numbers."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a small file of ours; None if there is none, or if it is damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def write_tensors(path: Path, tensors: Mapping[str, Any], metadata: dict[str, str] | None = None) -> None:
    """Write tensors of PyTorch as safetensors, whole or not at all; OSError where the disk takes no more, as for every other
    file."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        with beside(path, folder=True) as room:  # safetensors writes beside its file, too, and lets nobody else read it
            whole = room / path.name
            whole.touch()
            mode = whole.stat().st_mode
            save_file(dict(tensors), whole, metadata)
            whole.chmod(mode)
            os.replace(whole, path)
    except SafetensorError as error:
        full = "No space" in str(error) or "os error 28" in str(error)
        raise OSError(errno.ENOSPC if full else errno.EIO, str(error), str(path)) from error


def problem(value: object, wanted: Shape, at: str = "") -> str | None:
    """Why a JSON value is not an object with the keys of `wanted`, each of the type, or again object, that it says; None if
    it is. True and False are no numbers. at: the place of `value`, such as "models[2].", for the message."""
    if not isinstance(value, dict):
        return f"{at.rstrip('.') or 'it'} is {value!r:.40} where a JSON object belongs"
    for key, kind in wanted.items():
        if key not in value:
            return f"{at}{key} is missing"
        inner = value[key]
        if isinstance(kind, Mapping):
            if wrong := problem(inner, kind, f"{at}{key}."):
                return wrong
        elif not isinstance(inner, kind) or (isinstance(inner, bool) and kind is not bool):
            return f"{at}{key} is {inner!r:.40}, which it cannot be"
    return None


def app_folder() -> Path:
    """The folder of app.py, pages/, assets/ and the bundles that ship: in a checkout beside the library, in an installed
    package inside it."""
    package = Path(__file__).resolve().parent
    inside = package / "_app"
    return inside if inside.is_dir() else package.parent


def version() -> str:
    """The version of macrid, as pyproject.toml has it: of this checkout, or of the installed package."""
    project = app_folder() / "pyproject.toml"
    if project.is_file():
        return tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]
    return importlib.metadata.version("macrid")
