"""The folders that a training writes to: whether they are free, and whose a stopped training is."""

import json
import shutil
from pathlib import Path

from macrid import bundle, locks
from macrid.beside import sweep
from macrid.errors import InputError
from macrid.files import write_json
from macrid.training import checkpoint

LOCK, RUN = "lock", "run.json"  # in such a folder: held by the process that trains, and what it was asked for


def partial_of(out: Path) -> Path:
    """The folder in which a training that is to become `out` keeps its checkpoints."""
    return out.with_name(out.name + ".partial")


def twin_of(out: Path) -> Path:
    """Where the dot-product twin of the bundle `out` goes."""
    return out.with_name(out.name + "-dot")


def check_free(out: Path, overwrite: bool) -> None:
    """InputError unless a bundle may be written to `out`: nothing stands there, or a bundle and `overwrite` is given."""
    if out.name in ("", ".."):
        raise InputError(f"--out is {out}; give the name of a new folder, such as models/mine")
    if out.exists() and not overwrite:
        raise InputError(f"{out} exists already; choose another --out, or add --overwrite to replace it")
    strange = [p.name for p in out.iterdir() if p.name not in (*bundle.FILES, *bundle.OPTIONAL)] if out.is_dir() else []
    if strange or out.is_file():
        raise InputError(f"{out} is not a bundle" + (f", it holds {strange[0]}" if strange else "")
                         + ", and is not replaced; choose another --out")


def check_places(out: Path, *, overwrite: bool, resume: bool, twin: bool) -> None:
    """InputError where a bundle, or its twin, may not be written, as `prepare` says."""
    base = out.parent / (out.name.removesuffix("-dot") or out.name)
    if base != out and (base / "bundle.json").is_file():
        raise InputError(f"{out} would be taken for the twin of {base}; choose another --out")
    if not (resume and is_done(out)):
        check_free(out, overwrite)
    if twin and not (resume and is_done(out, "twin")):
        check_free(twin_of(out), overwrite)


def prepare(out: Path, run: dict, *, overwrite: bool, resume: bool, twin: bool) -> locks.Held:
    """Make sure that `out` may be written and that a checkpoint found there belongs to this `run` (its JSON description).
    As long as what this gives is kept, nobody else may train to `out`.

    Raises InputError when there is a bundle already (without `overwrite`) or something else (even with it), a stopped
    training (without `resume` or `overwrite`), or one with other arguments; with both, such a one is begun again. A bundle
    that the stopped training itself has written is no hindrance.
    """
    check_places(out, overwrite=overwrite, resume=resume, twin=twin)
    return claim(partial_of(out), run, overwrite=overwrite, resume=resume)


def is_done(out: Path, part: str = "main") -> bool:
    """Whether what is kept in `partial_of(out)` was killed only after its bundle had been written, to `out`, or the `part`
    "twin" of it to `twin_of(out)`: no two trainings take the same times."""
    if out.name in ("", ".."):  # none that could be: `check_free` says so
        return False
    kept, history = checkpoint.load(partial_of(out) / part), (out if part == "main" else twin_of(out)) / "history.json"
    try:
        return kept is not None and json.loads(history.read_text(encoding="utf-8")) == kept[1]["history"]
    except (OSError, ValueError):
        return False


def is_running(out: Path) -> bool:
    """Whether some process trains to `out` now."""
    return locks.is_held(partial_of(out) / LOCK)


def claim(partial: Path, run: dict, *, overwrite: bool, resume: bool,
          what: str = "a training that was stopped") -> locks.Held:
    """Make the folder `partial` that of this `run`, or find it so, as long as what this gives is kept. InputError as
    `prepare` says, or where a process that runs has claimed it. what: it keeps."""
    if partial.is_file():
        raise InputError(f"{partial} is a file where a folder is to be kept; choose another --out")
    try:
        partial.mkdir(parents=True, exist_ok=True)
        descriptor = locks.take(partial / LOCK)
    except OSError as error:
        raise InputError(f"cannot write to {partial.parent} ({error.strerror}); choose another --out") from error
    if descriptor is None:
        raise InputError(f"{partial} is being written by another process; wait until it is done, or choose another --out")
    sweep(partial.parent)
    held, record = locks.Held(descriptor), partial / RUN
    kept = [path for path in partial.iterdir() if path.name != LOCK and not path.name.startswith(".")]
    why = _why_not_resume(record, run) if resume else f"holds {what}; add --resume to go on"
    if kept and why is None:
        return held
    if kept and not overwrite:
        held.release()
        raise InputError(f"{partial} {why}, or --overwrite to begin again")
    for path in kept:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    write_json(record, run)
    return held


def _why_not_resume(record: Path, run: dict) -> str | None:
    """What keeps the training recorded in `record` from being continued as `run`; None if nothing does."""
    try:
        before = dict(json.loads(record.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        return f"has a missing or damaged run.json ({type(error).__name__}); delete it"
    other = [key for key in run if before.get(key) != run[key]]
    return f"was begun with another {', '.join(other)}; give the same arguments with --resume" if other else None
