"""Where bundles are: those that people made, and those that ship with the app."""

import os
from pathlib import Path

from macrid.files import app_folder

MODELS = "MACRID_MODELS"  # names the one folder of bundles to look into


def folders() -> list[Path]:
    """The folders of bundles: the one that MACRID_MODELS names, or else ./models, where people's own go, and what ships."""
    named = os.environ.get(MODELS)
    if named:
        return [Path(named)]
    own, shipped = Path("models"), app_folder() / "models"
    return [own] if own.resolve() == shipped.resolve() else [own, shipped]


def own_folder() -> Path:
    """The folder that new bundles go to."""
    return folders()[0]


def jobs_folder() -> Path:
    """Where the app keeps its jobs (see `macrid.jobs`)."""
    return (own_folder() / ".jobs").absolute()


def names() -> set[str]:
    """The names of all bundles, dot-product twins among them."""
    return {path.parent.name for folder in folders() for path in folder.glob("*/bundle.json")
            if path.parent.suffix not in (".new", ".old")}


def path_of(name: str) -> Path:
    """The folder of the bundle `name`, people's own before one that ships; where it would be made if there is none."""
    found = (folder / name for folder in folders() if (folder / name / "bundle.json").is_file())
    return next(found, own_folder() / name)


def stamp(path: Path) -> tuple[int, int]:
    """What changes when the bundle at `path` is replaced: number and time of its record; zeros where there is none."""
    try:
        found = (path / "bundle.json").stat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns


def resolved(path: str | Path) -> Path:
    """The folder that somebody means: a path, or the bare name of a bundle, such as shop, where no such folder is."""
    path = Path(path)
    known = path_of(path.name)
    bare = path.name == str(path) and not path.exists()
    return known if bare and known.exists() else path
