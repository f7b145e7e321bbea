"""The bundles that are served. One that was replaced on the disk is loaded beside the one that answers, checked, and then
exchanged for it; where that fails, the old one goes on answering."""

import logging
import threading

from macrid import bundle as bundles
from macrid.bundle import places
from macrid.bundle.recommender import Recommender
from macrid.errors import InputError

from . import answers
from .counts import shared
from .problems import unknown_bundle

log = logging.getLogger(__name__)


class Shelf:
    """Bundles by the names of their folders. Several threads may ask."""

    def __init__(self, folders: tuple[str, ...]) -> None:
        self._open: dict[str, Recommender] = {}
        self._stamps: dict[str, tuple[int, int]] = {}  # of what was loaded last, or tried in vain
        self._tally = shared(2)  # swaps and failures: of several workers, only the process that forks them looks
        self._looking = threading.Lock()
        for folder in folders:
            stamp, opened = places.stamp(places.resolved(folder)), checked(bundles.load(folder))
            if opened.path.name in self._open:
                raise InputError(f"two bundles are called {opened.path.name!r}; rename the folder of one of them")
            self._open[opened.path.name], self._stamps[opened.path.name] = opened, stamp

    @property
    def names(self) -> list[str]:
        return list(self._open)

    def get(self, name: str) -> Recommender:
        """The bundle of that name; Problem (404) names those that there are."""
        found = self._open.get(name)
        if found is None:
            raise unknown_bundle(name, self.names)
        return found

    @property
    def swaps(self) -> int:
        """How many bundles were exchanged."""
        return int(self._tally[0])

    @property
    def failures(self) -> int:
        """How many could not be."""
        return int(self._tally[1])

    def look(self) -> bool:
        """Exchange what was replaced on the disk since the last look; gives whether anything was."""
        before = self.swaps
        with self._looking:
            for name, opened in list(self._open.items()):
                stamp = places.stamp(opened.path)
                if stamp not in ((0, 0), self._stamps[name]):  # one that is gone goes on answering
                    self._stamps[name] = stamp
                    self._exchange(name, opened)
        return self.swaps > before

    def _exchange(self, name: str, opened: Recommender) -> None:
        try:
            self._open[name] = checked(bundles.load(opened.path))
            self._tally[0] += 1
            log.info("%s was exchanged for the one that replaced it", name)
        except (InputError, OSError) as error:
            self._tally[1] += 1
            log.error("%s was replaced by one that cannot be served (%s); the one before goes on answering", name, error)

    def ready(self) -> None:
        """Return if every bundle answers."""
        for opened in self._open.values():
            opened.person([0]).steer(n=1)


def checked(bundle: Recommender) -> Recommender:
    """The bundle, once it has answered: what it computes once is computed then."""
    answers.factors(bundle, None)
    for factor in range(bundle.settings.kfac):
        answers.dials(bundle, factor, None)
    answers.wishes(bundle, None)
    bundle.search("a", 1)
    bundle.similar(0, 1)
    bundle.person([0]).steer(n=1)
    return bundle
