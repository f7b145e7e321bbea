"""What a process of many people may take: files, of which each connection is one, and memory, which its threads share."""

import contextlib
import ctypes
import logging
import resource
import sys

log = logging.getLogger(__name__)
FEW = 1024
M_ARENA_MAX = -8  # of glibc's malloc.h


def more_files() -> int:
    """Let this process open as many files as the system allows it, 65,536 at most; gives how many that is. Each connection
    takes one, and some systems begin with 256."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # macOS may allow less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if 0 <= allowed < FEW:
        log.warning("this system lets a program open %d files, and each person takes some: raise it, as by ulimit -n 4096",
                    allowed)
    return allowed


def one_arena() -> bool:
    """Have all threads take memory from one arena, to be called before they start; whether that could be said (to glibc).

    By itself glibc gives threads arenas of their own, eight times as many as there are cores. What one thread frees others
    can't take then, and where people with large arrays come and go the memory grows for hours (benchmarks/RESULTS.md, "The
    service"). Python's lock lets threads ask for memory one at a time anyway.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    return mallopt is not None and mallopt(M_ARENA_MAX, 1) == 1
