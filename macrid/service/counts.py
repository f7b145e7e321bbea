"""Counters for Prometheus. Workers count each in a file of their own, so that any of them can tell the sum."""

import os
from pathlib import Path

import numpy as np

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds
STATUS = (2, 3, 4, 5)  # hundreds
_SECONDS, _BUCKET = len(STATUS), len(STATUS) + 1  # columns after those of the status


class Counts:
    """Requests of some routes: how many ended how, and how long they took. folder: where several workers count together."""

    def __init__(self, routes: list[str], folder: str | None = None) -> None:
        self.routes = [*routes, "other"]
        self._row = {route: row for row, route in enumerate(self.routes)}
        self._shape = len(self.routes), _BUCKET + len(BUCKETS) + 1
        self._folder = Path(folder) if folder else None
        path = self._folder / f"{os.getpid()}.counts" if self._folder else None
        self._own = np.memmap(path, np.float64, "w+", shape=self._shape) if path else np.zeros(self._shape)

    def add(self, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        row = self._own[self._row.get(route, len(self.routes) - 1)]
        row[STATUS.index(min(max(status // 100, STATUS[0]), STATUS[-1]))] += 1
        row[_SECONDS] += seconds
        row[_BUCKET + int(np.searchsorted(BUCKETS, seconds))] += 1

    def _all(self) -> np.ndarray:
        if self._folder is None:
            return self._own
        files = [path for path in self._folder.glob("*.counts") if path.stat().st_size == self._own.nbytes]
        return np.sum([np.fromfile(path, np.float64).reshape(self._shape) for path in files], axis=0)

    def text(self, gauges: dict[str, tuple[str, float]]) -> str:
        """All counts in Prometheus's text format, and some gauges, {name: (help, value)}."""
        counts, lines = self._all(), ["# HELP macrid_requests_total Requests by route and status.",
                                      "# TYPE macrid_requests_total counter"]
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
