"""A training that is being prepared: the files that a browser has sent, what was found in them, and what is chosen of it."""

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from macrid.bundle import places, shelf
from macrid.data import shop
from macrid.files import read_json, write_json
from macrid.jobs import Job, Request
from macrid.pipeline import realign, run_folder

from . import background, owner, uploads
from .state import Train

KEPT = 7 * 86_400  # seconds that files stay which nobody has trained on
DATA, LABELS = "data", "labels"


@dataclass(frozen=True)
class Columns:
    """What is said of the columns, and from where values count: the options of the command; None: as it is recognised."""

    user: str | None = None
    item: str | None = None
    rating: str | None = None
    time: str | None = None
    events: tuple[str, ...] = ()
    min_rating: float | None = None
    min_clicks: int | None = None

    def arguments(self) -> list[str]:
        given = {f"--{name.replace('_', '-')}": value for name, value in asdict(self).items() if name != "events"}
        words = [word for option, value in given.items() if value is not None for word in (f"{option}={value}",)]
        return words + ([f"--events={','.join(self.events)}"] if self.events else [])


@dataclass
class Found:
    """What `macrid look` has said of the files: see its help. Empty as long as it has not."""

    preview: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)
    takes: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    busy: bool = False


class Preparation:
    """The files of a browser, in a folder of its own; they stay when the page is closed."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or places.jobs_folder() / "drafts" / owner.key()

    @property
    def data(self) -> Path:
        return self.folder / DATA

    @property
    def labels(self) -> Path | None:
        """The file of labels, if there is one."""
        return next(iter(_files(self.folder / LABELS)), None)

    def files(self) -> list[tuple[str, Path]]:
        """The files with what they are: data or labels."""
        return [(kind, path) for kind in (DATA, LABELS) for path in _files(self.folder / kind)]

    def names(self) -> list[str]:
        """The files by what they are and their names, as `Train.files` remembers them."""
        return [f"{kind}/{path.name}" for kind, path in self.files()]

    def move(self, path: Path, kind: str) -> None:
        """Make a file data, or the labels; there is one file of labels."""
        wanted = self.folder / kind
        wanted.mkdir(parents=True, exist_ok=True)
        if kind == LABELS and self.labels is not None:
            self.move(self.labels, DATA)
        with contextlib.suppress(FileNotFoundError):  # somebody has removed it in another window
            os.replace(path, wanted / path.name)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def example(self) -> None:
        """Put a small simulated shop here, as files that somebody might have."""
        shop.write_csv(shop.simulate(n_items=300, n_people=1500).data, self.data)

    def name(self) -> str:
        """What the data are called: as the file, or the larger of several."""
        paths = _files(self.data)
        stem = max(paths, key=lambda path: path.stat().st_size).name.split(".")[0] if paths else ""
        name = realign.plain_name(stem)
        return f"my-{name}" if name in realign.RESERVED_NAMES else name

    # Looking ---------------------------------------------------------------------------------------------------------

    def look(self, columns: Columns, settings: Mapping[str, object], again: bool = False) -> Found:
        """What is known of the files with these columns; a job is asked to look, if none has. again: whether it is to be
        measured anew for other settings."""
        key = self._key(columns)
        kept = self.folder / "looks" / f"{key}.json"
        known = read_json(kept)
        if known is not None and not again:
            return Found(**known)
        kept.unlink(missing_ok=True)
        for job in background.queue().jobs("look"):
            if job.request.owner == owner.key():
                if job.request.about.get("key") == key and not again:
                    return self._from(job, kept)
                _end(job)
        out = self.folder / "looks" / f"{key}-{time.time_ns()}"
        arguments = ("look", f"--data={self.data}", "--json", *columns.arguments(), *as_set(settings), *self._told())
        background.submit(Request("look", "Look at files", arguments, out, lane="short", about={"key": key}))
        return Found(busy=True)

    def _told(self) -> list[str]:
        return [f"--labels={self.labels}"] if self.labels else []

    def _from(self, job: Job, kept: Path) -> Found:
        """What a look has said so far; it is kept, and its job forgotten, once that is all."""
        found, running = Found(busy=job.running), job.running
        for line in _lines(job.printed):
            for name in ("preview", "counts", "takes"):
                if name in line:
                    setattr(found, name, line[name])
        if running:
            return found
        if job.code != 0:
            said = job.last_line().removeprefix("error: ")
            found.error = said.replace(f"{self.data}{os.sep}", "").replace(str(self.data), "these files") or "it was ended"
        write_json(kept, asdict(found))
        _end(job)
        return found

    def _key(self, columns: Columns) -> str:
        known = [[kind, path.name, path.stat().st_size, path.stat().st_mtime_ns] for kind, path in self.files()]
        return hashlib.sha256(json.dumps([known, columns.arguments()]).encode()).hexdigest()[:16]

    # Training --------------------------------------------------------------------------------------------------------

    def train(self, name: str, columns: Columns, settings: Mapping[str, object], more: list[str]) -> Job:
        """Ask for a training, which takes the files along; the bundle will be called `name`. more: further arguments. Raises
        InputError if it may not be asked for, or if the name is taken."""
        out = places.own_folder().absolute() / name
        called, told, brings = self.name(), [], {f"{DATA}/{self.name()}": self.data}
        if self.labels:
            told, brings[f"{LABELS}/{self.labels.name}"] = ["--labels", f"{{job}}/{LABELS}/{self.labels.name}"], self.labels
        arguments = ("train", "--data", f"{{job}}/{DATA}/{called}", *told, *columns.arguments(), *as_set(settings), *more,
                     f"--out={out}", "--resume", "--progress", "{job}/progress")
        about = {"name": name, "data": called, "columns": asdict(columns), "settings": dict(settings), "more": more}
        request = Request("train", name, arguments, out, keeps=(run_folder.partial_of(out),), about=about)
        job = background.submit(request, brings)
        shelf.give(name, owner.key())
        return job

    def take_from(self, job: Job) -> None:
        """Begin again with the files of a training."""
        self.clear()
        for kind, folder in ((DATA, job.folder / DATA / job.request.about["data"]), (LABELS, job.folder / LABELS)):
            for path in _files(folder):
                (self.folder / kind).mkdir(parents=True, exist_ok=True)
                _linked(path, self.folder / kind / path.name)


def begin_again(job: Job) -> None:
    """Prepare a training with the files of another, and with what was said of their columns."""
    mine, state, told = Preparation(), Train(), job.request.about.get("columns", {})
    mine.take_from(job)
    state.forget()
    state.told = told | {"events": tuple(told.get("events", ()))}
    state.files, state.job = mine.names(), ""


def as_set(settings: Mapping[str, object]) -> list[str]:
    """Settings as arguments of a command."""
    return [f"--set={key}={json.dumps(value)}" for key, value in settings.items()]


def sweep() -> None:
    """Remove what nobody has come back for: files that were sent, zips on their way, looks and bundles taken in."""
    for folder in (*(places.jobs_folder() / "drafts").glob("*"), *(places.jobs_folder() / "zips").glob("*")):
        with contextlib.suppress(OSError):
            inner = folder.iterdir() if folder.is_dir() else ()
            if time.time() - max(path.stat().st_mtime for path in (folder, *inner)) > KEPT:
                shutil.rmtree(folder) if folder.is_dir() else folder.unlink()
    for job in (*background.queue().jobs("look"), *background.queue().jobs("import")):
        if not job.running and time.time() - job.status.get("since", 0.0) > KEPT:
            background.discard(job)


def token(folder: Path, known: str) -> str:
    """A token for files that go to a folder: the one that is known, if it is."""
    return known if uploads.is_known(known) else uploads.token(folder)


def _end(job: Job) -> None:
    """Stop a look and forget it, now or, if it does not end at once, when it is come by again."""
    background.queue().stop(job)
    if not job.running:
        background.discard(job)


def _linked(source: Path, target: Path) -> None:
    """The same file at another place, without a copy where that can be."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _lines(path: Path) -> list[dict[str, Any]]:
    """The lines of JSON that are whole."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return []
    return [json.loads(line) for line in text.split("\n")[:-1]]
