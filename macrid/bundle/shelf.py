"""The bundles that there are, as a shelf: what each is, at a glance; renamed, deleted, packed into a zip and unpacked from
one, compared. What ships with the app is never changed.

Whose a bundle is, where a browser has made it, and whether it is shared, stands in `.owners.json` in the folder of people's
own bundles.
"""

import json
import os
import re
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from macrid import locks
from macrid.beside import beside, discard
from macrid.errors import InputError
from macrid.files import app_folder, read_json, replacing, write_json

from . import places
from .folder import FILES, load, place_new
from .optional_files import OPTIONAL

SHIPPED = ("shop", "shop-dot", "skewed-shop", "skewed-shop-dot")  # in the app's own folder
OWNERS = ".owners.json"
UNPACKED_MOST = 4 << 30  # bytes that a zip may hold
QUOTA = 50 << 30  # bytes of people's own bundles, unless MACRID_QUOTA_GB says otherwise
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Entry:
    """A bundle as its bundle.json tells of it; `fault` if that cannot be read. bytes: of its folder, and its twin's."""

    name: str
    path: Path
    shipped: bool
    bytes: int
    made: float  # seconds since 1970
    meta: dict[str, Any] = field(default_factory=dict)
    fault: str = ""

    @property
    def twin(self) -> str | None:
        return self.meta.get("twin")


def entries() -> list[Entry]:
    """All bundles but the twins of others, those that ship first, then the latest."""
    names = places.names()
    found = [entry(name) for name in names if not (name.endswith("-dot") and name[:-4] in names)]
    return sorted(found, key=lambda one: (not one.shipped, -one.made, one.name))


def entry(name: str) -> Entry:
    """The bundle of a name that there is."""
    path = places.path_of(name)
    record, fault = path / "bundle.json", ""
    meta = read_json(record)
    if meta is None or not isinstance(meta.get("data"), dict) or not isinstance(meta.get("metrics"), dict):
        meta, fault = {}, "bundle.json is damaged"
    size = sum(map(_bytes_in, _folders(path, meta.get("twin"))))
    weights = path / "weights.safetensors"  # which no renaming writes again
    made = (weights if weights.is_file() else record).stat().st_mtime
    return Entry(name, path, is_shipped(path), size, made, meta, fault)


def _folders(path: Path, twin: object) -> list[Path]:
    """The folder of a bundle, and that of its twin, which is called `twin`, if it stands beside it."""
    dot = path.with_name(f"{path.name}-dot")
    return [path, dot] if twin == dot.name and dot.is_dir() else [path]


def _bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())


def is_shipped(path: Path) -> bool:
    """Whether a bundle came with the app, or is a link to what lies elsewhere."""
    return path.is_symlink() or (path.name in SHIPPED and path.resolve().parent == (app_folder() / "models").resolve())


# Changing ----------------------------------------------------------------------------------------------------------------


def rename(name: str, new: str) -> None:
    """Call a bundle something else; its twin goes with it. The new name has been checked. InputError for what ships, and for
    a name that somebody has taken meanwhile."""
    old = _own(name)
    moved = {folder.name: new + folder.name.removeprefix(name) for folder in _folders(old, entry(name).twin)}
    for before, after in reversed(moved.items()):  # the twin first, so that a bundle never names one that is not there
        path = old.with_name(after)
        place_new(old.with_name(before), path)
        meta = json.loads((path / "bundle.json").read_text(encoding="utf-8"))
        write_json(path / "bundle.json", meta | {"name": after, "twin": moved.get(meta.get("twin"), meta.get("twin"))})
    with _owners(old.parent) as owners:
        if name in owners:
            owners[new] = owners.pop(name)


def delete(name: str) -> None:
    """Remove a bundle and its twin. InputError for what ships."""
    old = _own(name)
    for path in _folders(old, entry(name).twin):
        if path.is_dir() and not is_shipped(path):
            discard(path)
    with _owners(old.parent) as owners:
        owners.pop(name, None)


def _own(name: str) -> Path:
    """The folder of a bundle that may be changed."""
    path = places.path_of(name)
    if name not in places.names():
        raise InputError(f"there is no bundle called {name}; somebody may have renamed or deleted it")
    if is_shipped(path):
        raise InputError(f"{name} came with the app and stays as it is; copy it under another name")
    return path


def owner_of(name: str) -> str:
    """Who has made a bundle; "" where nobody knows."""
    return _owned(read_json(places.own_folder() / OWNERS) or {}, name)[0]


def visible(names: Iterable[str], who: str) -> set[str]:
    """Those of some bundles that somebody may see where people see their own and shared ones: what nobody is known to have
    made is shared, and a twin is seen with its bundle."""
    owners = read_json(places.own_folder() / OWNERS) or {}

    def seen(name: str) -> bool:
        owner, shared = _owned(owners, name if name in owners else name.removesuffix("-dot"))
        return shared or owner in ("", who)

    return {name for name in names if seen(name)}


def give(name: str, owner: str) -> None:
    """Note who makes a bundle."""
    folder = places.own_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with _owners(folder) as owners:
        owners[name] = owner


def share(name: str, shared: bool) -> None:
    """Let everybody see a bundle that somebody has made, or its owner alone."""
    with _owners(places.own_folder()) as owners:
        owners[name] = {"owner": _owned(owners, name)[0], "shared": shared}


def is_shared(name: str) -> bool:
    """Whether everybody may see a bundle."""
    owner, shared = _owned(read_json(places.own_folder() / OWNERS) or {}, name)
    return shared or not owner


def _owned(owners: Mapping[str, Any], name: str) -> tuple[str, bool]:
    """Whose a bundle is, and whether it is shared. The file says a text, the owner, or an object with both."""
    said = owners.get(name, "")
    return (str(said.get("owner", "")), said.get("shared") is True) if isinstance(said, dict) else (str(said), False)


@contextmanager
def _owners(folder: Path) -> Iterator[dict[str, Any]]:
    """The owners by name, to be changed within a block; nobody else changes them meanwhile."""
    with locks.waiting(folder / f"{OWNERS}.lock"):
        owners = read_json(folder / OWNERS) or {}
        yield owners
        write_json(folder / OWNERS, owners)


def check_room(folder: Path) -> None:
    """InputError if people's own bundles take more room than they may."""
    given = os.environ.get("MACRID_QUOTA_GB", "")
    most = float(given) * 1e9 if re.fullmatch(r"\d+(\.\d+)?", given) else QUOTA
    taken = sum(_bytes_in(path.parent) for path in folder.glob("*/bundle.json") if not is_shipped(path.parent))
    if taken > most:
        raise InputError(f"the bundles here take {taken / 1e9:.1f} GB of the {most / 1e9:.1f} GB that they may; delete some")


# As a zip ----------------------------------------------------------------------------------------------------------------


def pack(bundle: Path, to: Path) -> None:
    """Write a bundle, of this path or name, and its twin, to the zip `to`, in folders of their names. InputError if there is
    none."""
    path = places.resolved(bundle).absolute()
    if not (path / "bundle.json").is_file():
        raise InputError(f"there is no bundle at {bundle}; by name there are "
                         f"{', '.join(sorted(places.names())[:9]) or 'none'}")
    with replacing(to) as new, zipfile.ZipFile(new, "w", zipfile.ZIP_STORED) as file:  # nothing in it would shrink
        for folder in _folders(path, (read_json(path / "bundle.json") or {}).get("twin")):
            for part in (*FILES, *OPTIONAL):
                if (folder / part).is_file():
                    file.write(folder / part, f"{folder.name}/{part}")


def unpack(source: Path, folder: Path, name: str) -> None:
    """Put the bundle in the zip `source`, and its twin, into `folder` under `name`, which has been checked. It is trusted no
    more than any bundle: only the files of a bundle are taken, no more than UNPACKED_MOST bytes, and it must load. Raises
    InputError."""
    check_room(folder)
    with beside(folder / name, folder=True) as new:
        with _opened(source) as file:
            main, twin = _parts(source, file)
            for of, parts in ((name, main), (f"{name}-dot", twin)):
                _extract(source, parts, file, new / of)
        _rename_inside(new / name, name, bool(twin))
        if twin:
            _rename_inside(new / f"{name}-dot", f"{name}-dot", False)
        for of in (f"{name}-dot", name) if twin else (name,):
            load(new / of)
        for of in (f"{name}-dot", name) if twin else (name,):
            place_new(new / of, folder / of)


def _opened(source: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise InputError(f"{source.name}: is no zip that can be read ({error}); give what `macrid export` or the page "
                         "has written") from None


def _parts(source: Path, file: zipfile.ZipFile) -> tuple[dict[str, zipfile.ZipInfo], dict[str, zipfile.ZipInfo]]:
    """The files of the bundle and of its twin, by their names."""
    folders: dict[str, dict[str, zipfile.ZipInfo]] = {}
    infos = [info for info in file.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
    if sum(info.file_size for info in infos) > UNPACKED_MOST:
        raise InputError(f"{source.name}: would be more than {UNPACKED_MOST / 1e9:.0f} GB unpacked; unpack it yourself")
    for info in infos:
        where = PurePosixPath(info.filename)
        strange = stat.S_ISLNK(info.external_attr >> 16) or info.flag_bits & 1 or len(where.parts) > 2
        if strange or where.name not in (*FILES, *OPTIONAL) or ".." in where.parts:
            raise InputError(f"{source.name}: holds {info.filename[:80]!r}, which is no file of a bundle; take it out")
        if where.name in folders.setdefault(str(where.parent), {}):
            raise InputError(f"{source.name}: holds {info.filename[:80]!r} twice; pack it again")
        folders[str(where.parent)][where.name] = info
    names = sorted(folders, key=len)
    if not names or len(names) > 2 or (len(names) == 2 and names[1] != f"{names[0]}-dot"):
        raise InputError(f"{source.name}: holds the folders {', '.join(names)[:200] or 'none'}; a zip has one bundle, and "
                         "beside it perhaps its twin, called NAME-dot")
    return folders[names[0]], folders[names[1]] if len(names) == 2 else {}


def _extract(source: Path, parts: dict[str, zipfile.ZipInfo], file: zipfile.ZipFile, folder: Path) -> None:
    """Write files out of a zip, none larger than it says."""
    for name, info in parts.items():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with (folder / name).open("wb") as out:
                for block in _blocks(file, info):
                    out.write(block)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
            raise InputError(f"{source.name}: {name} cannot be unpacked ({error}); pack it again") from None


def _blocks(file: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    size = 0
    with file.open(info) as stream:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > info.file_size:
                raise zipfile.BadZipFile("it is larger than it says")
            yield block


def _rename_inside(folder: Path, name: str, twin: bool) -> None:
    """Write the name that a bundle has now into it, and whether its twin stands beside it."""
    meta = read_json(folder / "bundle.json")
    if meta is not None:  # else `load` says what is wrong
        write_json(folder / "bundle.json", meta | {"name": name, "twin": f"{name}-dot" if twin else None})
