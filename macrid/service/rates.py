"""How many requests a second somebody may send."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

MOST_KNOWN = 10_000  # that are remembered; whoever asked longest ago is forgotten first
BURST = 2.0  # seconds' worth of requests that may come at once


class Rates:
    """A bucket for each who asks: it holds `BURST * rate` tokens, `rate` of them flow in every second, a request takes one.
    rate 0: no limit."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self._clock = rate, clock
        self._known: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # tokens, and when that was

    def wait(self, who: Hashable, tokens: float = 1) -> float:
        """Take so many tokens if they are there and give 0, or else give the seconds until they are."""
        if not self.rate:
            return 0.0
        now, most = self._clock(), max(1.0, BURST * self.rate)
        held, at = self._known.pop(who, (most, now))
        held = min(most, held + self.rate * (now - at))
        enough = held >= min(tokens, most)
        self._known[who] = (held - tokens if enough else held), now  # a large batch may leave a debt
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return 0.0 if enough else (min(tokens, most) - held) / self.rate
