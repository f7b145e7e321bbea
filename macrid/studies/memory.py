"""How much memory this process uses, from the system: in bytes, resident."""

import resource
import sys
from pathlib import Path

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_SYSTEM, _LIMIT = Path("/proc/meminfo"), Path("/sys/fs/cgroup/memory.max")


def now() -> int:
    """What the process holds now; where the system does not say (macOS), the most it has held so far."""
    return _status("VmRSS") or _most_so_far()


def peak() -> int:
    """The most that the process has held since it began, or since `reset_peak` where the system can forget (Linux)."""
    return _status("VmHWM") or _most_so_far()


def reset_peak() -> None:
    """Let `peak` count from now on, where the system can."""
    try:
        _RESET.write_text("5")  # see clear_refs in proc(5)
    except OSError:
        return


def available() -> int | None:
    """What the process may still take: what the system has free, no more than a container's limit leaves; None where the
    system does not say."""
    free = _status("MemAvailable", _SYSTEM)
    try:
        left = int(_LIMIT.read_text(encoding="ascii")) - now()
    except (OSError, ValueError):  # no container, or one without a limit: "max"
        return free
    return left if free is None else min(free, left)


def _status(key: str, file: Path = _STATUS) -> int | None:
    try:
        lines = file.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(key + ":")), None)


def _most_so_far() -> int:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
