"""Getting public sets, MovieLens and Last.fm: from their publisher, or from a copy the person already has.

Each set lands in a folder of its own, `TO/NAME/`, with `fetched.json` saying where it came from and the SHA-256 of
every file. A set is put together in a hidden folder beside and renamed when it is whole, so an interruption leaves
nothing half written.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from macrid.beside import beside, swap
from macrid.errors import InputError
from macrid.files import write_json

from . import interactions

NAMES = ("ml-100k", "ml-1m", "ml-20m", "ml-25m", "ml-32m", "ml-latest-small", "lastfm-2k")

Progress = Callable[[int, int], None]  # (bytes so far, bytes in all or 0 if unknown)

_GROUPLENS = "https://files.grouplens.org/datasets/"
# Of GroupLens' zips. SHA-256 as in TensorFlow Datasets' url_checksums/movielens.txt, each seen again in independent
# projects. ml-32m: the MD5 that GroupLens publishes as ml-32m.zip.md5 (no SHA-256 of it is published), as several
# projects quote it. lastfm-2k (HetRec 2011): as five independent projects quote it.
_CHECKSUMS = {
    "ml-100k": "sha256:50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
    "ml-1m": "sha256:a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
    "ml-20m": "sha256:96f243c338a8665f6bcc89c53edf6ee39162a846940de6b7c8c48aeada765ff3",
    "ml-25m": "sha256:8b21cfb7eb1706b4ec0aac894368d90acf26ebdfb6aced3ebd4ad5bd1eb9c6aa",
    "ml-32m": "md5:d472be332d4daa821edc399621853b57",
    "ml-latest-small": "sha256:696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
    "lastfm-2k": "sha256:6738f48195667ff03caaab4d32ca9a3133d8cc026b7c3cdaf6ce1010e913c59c",
}
# RecBole ships ml-100k as an example; nothing else of the package is used.
_WHEEL = "recbole==1.2.1"
_WHEEL_SHA256 = "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"
_WHEEL_FOLDER = "recbole/dataset_example/ml-100k/"
_RECEIPT = "fetched.json"
_TIMEOUT = 15  # seconds without an answer


class _Unreachable(Exception):
    """A place that gives no answer, as opposed to one that gives the wrong one."""


def fetch(
    name: str,
    to: str | Path | None = None,
    source: str | Path | None = None,
    progress: Progress | None = None,
) -> Path:
    """Get a public data set and return the folder or zip that `macrid.data.interactions.read` reads.

    `name` is one of NAMES. `to` is the folder to keep sets in (default: MACRID_DATA in the environment, else the
    user's cache). What is there already, complete and unchanged, is returned at once. `source` is a zip or folder of
    the set that the person already has: it is read to see that it can be, and copied in, replacing what was there.
    `progress` is called with (bytes so far, bytes in all, 0 if unknown) during a download from GroupLens.

    Raises InputError: unknown name, no network, a download that is not what its publisher describes, a `source` that
    cannot be read, a folder that cannot be written.
    """
    home = _home(name, to)
    target = home / name
    if source is None:
        kept = _intact(target, thorough=True)
        if kept is not None:
            return kept
    else:
        source = Path(source).expanduser()
        if source.is_file() and not zipfile.is_zipfile(source):
            raise InputError(f"{source}: is not a zip; give the data set's zip or its folder as --source")
        interactions.read(source)  # says what is wrong with it, if anything
    with ExitStack() as until_done:
        with _writing(home):
            work = until_done.enter_context(beside(target, folder=True))
        if source is not None:
            with _writing(home):
                origin = _copy(source, work, name)
        else:
            origin = _obtain(name, work, progress)
        with _writing(home):
            _write_receipt(work, name, origin)
            swap(work, target)
    fetched = _intact(target, thorough=False)
    if fetched is None:  # another process replaced it meanwhile
        raise InputError(f"{target}: was changed while it was fetched; fetch it again")
    return fetched


def available(name: str, to: str | Path | None = None) -> Path | None:
    """Where a set that was fetched before lies, or None. Looks at names and sizes only, so it is quick."""
    return _intact(_home(name, to) / name, thorough=False)


def _home(name: str, to: str | Path | None) -> Path:
    if name not in NAMES:
        near = difflib.get_close_matches(str(name), NAMES, n=2, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        raise InputError(f"{name!r} is no data set that can be fetched; {hint}known: {', '.join(NAMES)}")
    if to is None:
        to = os.environ.get("MACRID_DATA") or _cache()
    return Path(to).expanduser().absolute()


def _cache() -> Path:
    import pooch

    return Path(pooch.os_cache("macrid"))


@contextmanager
def _writing(home: Path) -> Iterator[None]:
    """Turn a failure to write into an InputError that names the folder and the remedy."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"{home}: cannot be written ({reason}); choose another folder with --to or MACRID_DATA"
        ) from None


def _hash(path: Path, algorithm: str = "sha256") -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def _write_receipt(folder: Path, name: str, origin: str) -> None:
    files = {
        p.relative_to(folder).as_posix(): {"size": p.stat().st_size, "sha256": _hash(p)}
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }
    lone = f"{name}.zip"
    receipt = {"name": name, "origin": origin, "read": lone if list(files) == [lone] else ".", "files": files}
    write_json(folder / _RECEIPT, receipt)


def _intact(folder: Path, thorough: bool) -> Path | None:
    """What to read in a fetched folder if every file is there with its size (and content, if thorough), else None."""
    try:
        receipt = json.loads((folder / _RECEIPT).read_text(encoding="utf-8"))
        for file, facts in receipt["files"].items():
            path = folder / file
            if path.stat().st_size != facts["size"] or (thorough and _hash(path) != facts["sha256"]):
                return None
        return folder / receipt["read"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _copy(source: Path, work: Path, name: str) -> str:
    if source.is_dir():
        shutil.copytree(source, work, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", "*.partial", _RECEIPT))
    else:
        shutil.copyfile(source, work / f"{name}.zip")
    return f"copied from {source.name}"


def _address(name: str) -> str:
    """Where GroupLens has a set."""
    return _GROUPLENS + ("hetrec2011/hetrec2011-lastfm-2k.zip" if name == "lastfm-2k" else f"movielens/{name}.zip")


def _obtain(name: str, work: Path, progress: Progress | None) -> str:
    remedy = f"check the connection, or get the set by other means and give it: fetch {name} --source FILE"
    index = ""
    if name == "ml-100k":
        try:
            _from_wheel(work)
            return f"{_WHEEL} ({_WHEEL_FOLDER})"
        except _Unreachable as error:
            index = f"no package index ({error}) and "
    try:
        _from_grouplens(name, work, progress)
    except _Unreachable as error:
        raise InputError(f"{name}: {index}no answer from GroupLens ({error}); {remedy}") from None
    return _address(name)


def _from_wheel(work: Path) -> None:
    """ml-100k in atomic files out of RecBole's wheel, by way of the pip of this Python."""
    with tempfile.TemporaryDirectory(prefix=".wheel-", dir=work) as folder:
        options = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet"]
        command = [sys.executable, "-m", "pip", "download", *options, "--retries", "1", "--timeout", str(_TIMEOUT)]
        try:
            done = subprocess.run(
                [*command, _WHEEL, "-d", folder],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=120,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _Unreachable(_first_line(error)) from None
        wheels = sorted(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            raise _Unreachable("pip could not download the wheel" if said else "pip did not run")
        if _hash(wheels[0]) != _WHEEL_SHA256:
            raise InputError(
                f"{wheels[0].name}: its checksum is {_hash(wheels[0])[:12]}..., not {_WHEEL_SHA256[:12]}...; the index "
                "gave another file; get ml-100k by other means and give it: fetch ml-100k --source FILE"
            )
        with zipfile.ZipFile(wheels[0]) as wheel, _writing(work.parent):
            for suffix in ("inter", "item", "user"):
                (work / f"ml-100k.{suffix}").write_bytes(wheel.read(f"{_WHEEL_FOLDER}ml-100k.{suffix}"))


def _from_grouplens(name: str, work: Path, progress: Progress | None) -> None:
    import logging

    import pooch
    import requests

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        download = pooch.HTTPDownloader(progressbar=_Bar(progress) if progress else False, timeout=_TIMEOUT)
        pooch.retrieve(_address(name), _CHECKSUMS[name], f"{name}.zip", work, downloader=download)
    except requests.exceptions.RequestException as error:
        raise _Unreachable(_first_line(error)) from None
    except OSError as error:
        with _writing(work.parent):
            raise error
    except ValueError as error:
        if "hash" not in str(error):
            raise
        raise InputError(
            f"{name}.zip: what came from GroupLens does not match its published checksum {_CHECKSUMS[name][:23]}..., so"
            f" it is damaged or was changed; try again, or give a file you trust: fetch {name} --source FILE"
        ) from None
    finally:
        logger.setLevel(level)


def _first_line(error: BaseException) -> str:
    """Short words for a network error, whose own text is a chain of objects."""
    import requests

    kinds = {
        requests.exceptions.SSLError: "the secure connection failed",
        requests.exceptions.ProxyError: "the proxy refused",
        requests.exceptions.ConnectionError: "no connection",
        requests.exceptions.Timeout: f"nothing for {_TIMEOUT} seconds",
        subprocess.TimeoutExpired: "it took too long",
    }
    for kind, words in kinds.items():
        if isinstance(error, kind):
            return words
    return (str(error).strip() or type(error).__name__).splitlines()[0][:120]


class _Bar:
    """What pooch calls a progress bar, passing the figures on to a callback."""

    def __init__(self, progress: Progress) -> None:
        self.progress, self.done, self.total = progress, 0, 0

    def update(self, n: int) -> None:
        self.done += n  # pooch counts whole chunks, so the last one overshoots
        self.progress(min(self.done, self.total) if self.total else self.done, self.total)

    def reset(self) -> None:  # pooch resets at the end and reports the whole once more
        self.done = 0

    def close(self) -> None:
        pass
