"""How many files a process may open: each connection is one."""

import contextlib
import logging
import resource

log = logging.getLogger(__name__)
FEW = 1024


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
