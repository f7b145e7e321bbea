"""What somebody has put on shelves so far of a bundle; the page "Name the intentions" shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from macrid.bundle.recommender import Recommender
from macrid.errors import InputError
from macrid.jobs import Job
from macrid.labelling.shelves import Shelves
from macrid.pipeline import rehold


@dataclass
class Saving:
    """A copy that is being made: its name, the folder that it goes to, and the process."""

    name: str
    out: Path
    job: Job


@dataclass
class Shelving:
    """The shelves of one bundle, and which items would go to which."""

    shelves: Shelves
    seq: int = 0  # of the last event taken
    fault: str | None = None  # why the last change could not be made
    saving: Saving | None = None
    seen: tuple[Shelves, np.ndarray] | None = None  # of which shelves the groups (M,) are

    def take(self, event: dict[str, Any], bundle: Recommender) -> None:
        """Take what happened on the shelves (see `widgets.shelves`); what is wrong with it is kept as `fault`."""
        self.seq = event["seq"]
        made: dict[str, Callable[[], Shelves]] = {
            "move": lambda: self.shelves.moved(str(event["item"]), int(event["to"])),
            "rename": lambda: self.shelves.renamed(int(event["shelf"]), str(event["name"])),
            "split": lambda: self.shelves.split(int(event["shelf"]), bundle),
            "merge": lambda: self.shelves.merged(int(event["shelf"]), int(event["into"])),
        }
        self.change(made[event["what"]])

    def change(self, make: Callable[[], Shelves]) -> None:
        """Replace the shelves by `make()`; why that cannot be done is kept as `fault`."""
        try:
            self.shelves, self.fault = make(), None
        except InputError as error:
            self.fault = str(error)

    def groups(self, bundle: Recommender) -> np.ndarray:
        """The shelf of each item (M,): those of the bundle as long as nothing has changed, else what follows from them."""
        if not self.shelves.past and len(self.shelves.shelves) == bundle.settings.kfac:
            return bundle.factor
        if self.seen is None or self.seen[0] is not self.shelves:
            intentions = self.shelves.intentions()
            self.seen = self.shelves, rehold.regroup(bundle, intentions, len(intentions.names)).group
        return self.seen[1]
