"""What a crash leaves for whoever can mend it: a file that a person can send, without anything of what they gave.

A report says which versions ran, which command with which options, what kind of fault it was and where in the code. The
words of the fault are left out, for they may quote a title or an id, and so are values of arguments, but for those of --set.
"""

import hashlib
import json
import logging
import os
import platform
import re
import sys
import sysconfig
import tempfile
import traceback
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from macrid import files

FOLDER = "MACRID_REPORTS"
MOST = 50  # reports that are kept; the same crash makes the same one
LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn", "pandas", "pyarrow", "safetensors", "streamlit", "fastapi",
             "uvicorn")
_HOMES = (Path(__file__).resolve().parents[1], Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("stdlib")))


def folder() -> Path:
    """Where reports lie: MACRID_REPORTS, or the place for a person's own files of this kind, or, where that cannot be
    written to, beside temporary files."""
    named = os.environ.get(FOLDER)
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "macrid" / "reports"
    for path in (Path(named),) if named else (state, Path(tempfile.gettempdir()) / f"macrid-reports-{os.getuid()}"):
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            if os.access(path, os.W_OK):
                return path
        except OSError:
            continue
    raise OSError("no folder takes reports")


def write(error: BaseException, command: Sequence[str]) -> Path | None:
    """Write a report of an error and give its place; None where none can be written. command: its arguments."""
    text = _text(error, command)
    try:
        path = folder() / f"macrid-crash-{hashlib.sha256(text.encode()).hexdigest()[:10]}.txt"
        files.write_text(path, text)
        for old in sorted(path.parent.glob("macrid-crash-*.txt"), key=lambda one: one.stat().st_mtime_ns)[:-MOST]:
            old.unlink(missing_ok=True)
    except OSError:
        return None
    return path


def line(error: BaseException, command: Sequence[str]) -> str:
    """Write a report, and say in a line that there is one."""
    path, where = write(error, command), _places(error)
    told = "no report can be kept"
    if path:
        told = f"{path} tells what is needed to mend it, and nothing of yours: please send it"
    return f"a fault of macrid: {type(error).__name__} at {where[-1] if where else '?'}; {told}"


def _text(error: BaseException, command: Sequence[str]) -> str:
    versions = [f"macrid {files.version()}", f"Python {platform.python_version()}",
                f"{platform.system()} {platform.machine()}"]
    for name in LIBRARIES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    lines = ["A crash of macrid. The words of the fault and values of arguments are left out: they might tell of data.", "",
             f"command: macrid {' '.join(_spoken(command))}", f"versions: {', '.join(versions)}"]
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        lines += ["", f"{type(one).__module__}.{type(one).__name__}", *(f"  {place}" for place in _places(one))]
        one = one.__cause__ or one.__context__
    return "\n".join(lines) + "\n"


def _places(error: BaseException) -> list[str]:
    """The way to a fault, the innermost place last: file, line, function."""
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]


def _short(filename: str) -> str:
    """A file of the program or of a library, without where it is installed; of others only that it is one."""
    for home in _HOMES:
        if Path(filename).is_relative_to(home):
            return Path(filename).relative_to(home).as_posix()
    return filename if filename.startswith("<") else "a file of yours"


def _spoken(command: Sequence[str]) -> list[str]:
    """A command without values: its name, its options, and what they set of a model."""
    spoken, before = [], ""
    for number, word in enumerate(command):
        name, is_set = word.partition("=")[0], before == "--set" and re.fullmatch(r"[a-z_]+=[\w.,+\[\]-]{1,40}", word)
        is_name = number == 0 and re.fullmatch(r"[a-z-]{1,20}", word)
        spoken.append(word if is_set or is_name else name if re.fullmatch(r"--?[a-z-]{1,24}", name) else "...")
        before = word
    return spoken


class OneLine(logging.Formatter):
    """A line an event, as text or (kind json) as a JSON object; of a fault its report."""

    def __init__(self, kind: str, command: Sequence[str] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self.kind, self.command = kind, command or sys.argv[1:]

    def format(self, record: logging.LogRecord) -> str:
        said = " ".join(record.getMessage().split())
        if record.exc_info and record.exc_info[1]:
            said += f": {line(record.exc_info[1], self.command)}"
        if self.kind != "json":
            return f"{self.formatTime(record)} {record.levelname} {said}"
        told = getattr(record, "told", {})
        return json.dumps({"at": self.formatTime(record), "level": record.levelname} | (told or {"event": said}))
