"""Counters for Prometheus, in memory that workers share: each counts in a place of its own, any tells the sum."""

import mmap
import os

import numpy as np

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds
STATUS = (2, 3, 4, 5)  # hundreds
_SECONDS, _BUCKET = len(STATUS), len(STATUS) + 1  # columns after those of the status
PLACES = 256  # a process takes one by its number: those that are forked one after the other do not meet


def shared(*shape: int) -> np.ndarray:
    """Zeros, float64, that this process shares with those that it forks."""
    return np.frombuffer(mmap.mmap(-1, 8 * int(np.prod(shape))), np.float64).reshape(shape)


class Counts:
    """Requests of some routes: how many ended how, and how long they took."""

    def __init__(self, routes: list[str]) -> None:
        self.routes = [*routes, "other"]
        self._row = {route: row for row, route in enumerate(self.routes)}
        self._all = shared(PLACES, len(self.routes), _BUCKET + len(BUCKETS) + 1)

    def add(self, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        row = self._all[os.getpid() % PLACES, self._row.get(route, len(self.routes) - 1)]
        row[STATUS.index(min(max(status // 100, STATUS[0]), STATUS[-1]))] += 1
        row[_SECONDS] += seconds
        row[_BUCKET + int(np.searchsorted(BUCKETS, seconds))] += 1

    def text(self, gauges: dict[str, tuple[str, float]]) -> str:
        """All counts in Prometheus's text format, and some gauges, {name: (help, value)}."""
        counts = self._all.sum(axis=0)
        lines = ["# HELP macrid_requests_total Requests by route and status.", "# TYPE macrid_requests_total counter"]
        told = [(route, row) for route, row in zip(self.routes, counts, strict=True) if row.any()]
        for route, row in told:
            lines += [f'macrid_requests_total{{route="{route}",status="{hundreds}xx"}} {row[at]:.0f}'
                      for at, hundreds in enumerate(STATUS) if row[at]]
        lines += ["# HELP macrid_request_seconds How long answers took.", "# TYPE macrid_request_seconds histogram"]
        for route, row in told:
            up_to = np.cumsum(row[_BUCKET:])
            lines += [f'macrid_request_seconds_bucket{{route="{route}",le="{end}"}} {count:.0f}'
                      for end, count in zip([*BUCKETS, "+Inf"], up_to, strict=True)]
            lines += [f'macrid_request_seconds_sum{{route="{route}"}} {row[_SECONDS]:.6f}',
                      f'macrid_request_seconds_count{{route="{route}"}} {up_to[-1]:.0f}']
        for name, (meaning, value) in gauges.items():
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} gauge", f"{name} {value:g}"]
        return "\n".join(lines) + "\n"
